//! One worker of a run: takes ready transactions, executes them, releases what waited for them.
//!
//! ```text
//!   take ─▶ execute ─▶ complete ─▶ next: released by it, or the most urgent at hand (see [`crate::dispatch`])
//!    ▲ empty   ▲                         │
//!    │         └─────────────────────────┤
//!    └─ search: steal ◀──── nothing ─────┘
//!         └─ nothing: spin a bounded while, then sleep (see [`crate::idle`])
//! ```
//!
//! A chain of transactions on one hot account thus never leaves its worker while nothing is more urgent: no queue, no
//! atomic but the counter, no thread hop per link.
//!
//! Invariants: a transaction is in at most one deque; a worker never searches while its own deques hold a task; the
//! run ends when the published counts add up to the schedule's length, or at the first panic.

use crate::dispatch::{Dispatch, OwnTasks};
use crate::graph::TransactionIndex;
use crate::idle::Idle;
use crate::pool::PoolError;
use crate::sync::{AtomicBool, AtomicUsize, Backoff, Mutex, Ordering, Parker};
use crossbeam::utils::CachePadded;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Tells the time in nanoseconds since some fixed point; only statistics ever see it.
pub type Clock<'a> = &'a (dyn Fn() -> u64 + Sync);

/// What one worker did in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerStats {
    /// Transactions executed to the end.
    pub executed_count: u64,
    /// Transactions taken from other workers' deques.
    pub stolen_count: u64,
    /// Times the worker went to sleep for want of work.
    pub park_count: u64,
    /// Time from taking work to running out of it, in nanoseconds; 0 without a clock.
    pub busy_ns: u64,
}

/// What belongs to one worker and outlives the run.
pub(crate) struct Seat {
    pub(crate) tasks: OwnTasks,
    pub(crate) parker: Parker,
    pub(crate) stats: WorkerStats,
}

impl Seat {
    pub(crate) fn new() -> Self {
        Self { tasks: OwnTasks::new(), parker: Parker::new(), stats: WorkerStats::default() }
    }
}

/// What the workers of one run share.
pub(crate) struct Run<'a> {
    dispatch: Dispatch<'a>,
    idle: &'a Idle,
    clock: Option<Clock<'a>>,
    /// Set once: everything is executed, or a worker has panicked. Read per transaction, hence alone in its line.
    stopped: CachePadded<AtomicBool>,
    /// Sum of what the workers have published.
    executed: CachePadded<AtomicUsize>,
    panic: Mutex<Option<(TransactionIndex, String)>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(dispatch: Dispatch<'a>, idle: &'a Idle, clock: Option<Clock<'a>>) -> Self {
        Self {
            dispatch,
            idle,
            clock,
            stopped: CachePadded::new(AtomicBool::new(false)),
            executed: CachePadded::new(AtomicUsize::new(0)),
            panic: Mutex::new(None),
        }
    }

    /// Serves as worker `index` until the run ends. A panic of `execute` ends it for all.
    pub(crate) fn work(&self, index: usize, seat: &mut Seat, execute: impl FnMut(TransactionIndex)) {
        seat.stats = WorkerStats::default();
        let mut worker = Worker { run: self, index, seat, current: TransactionIndex(0), published: 0 };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| worker.serve(execute))) {
            self.abort(worker.current, payload.as_ref());
        }
    }

    /// # Errors
    /// [`PoolError::WorkerPanicked`] if a worker did.
    pub(crate) fn finish(self) -> Result<(), PoolError> {
        let panic = self.panic.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((transaction, message)) = panic {
            return Err(PoolError::WorkerPanicked { transaction, message });
        }
        let executed = self.executed.into_inner().into_inner();
        assert_eq!(executed, self.dispatch.schedule.len(), "the run ended early");
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.idle.wake_all();
    }

    fn abort(&self, transaction: TransactionIndex, payload: &(dyn Any + Send)) {
        let mut panic = self.panic.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Of several panics the earliest in block order is told.
        if panic.as_ref().is_none_or(|(earlier, _)| transaction < *earlier) {
            *panic = Some((transaction, panic_message(payload)));
        }
        drop(panic);
        self.stop();
    }
}

/// The text of a panic.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a payload that is not text").to_owned()
}

struct Worker<'a, 'run> {
    run: &'run Run<'run>,
    index: usize,
    seat: &'a mut Seat,
    /// The transaction in execution, for the report of a panic.
    current: TransactionIndex,
    /// How much of the executed count is in the run's sum.
    published: u64,
}

impl Worker<'_, '_> {
    fn serve(&mut self, mut execute: impl FnMut(TransactionIndex)) {
        let mut task = self.seat.tasks.pop();
        loop {
            let began = self.now_ns();
            while let Some(tx) = task {
                if self.run.is_stopped() {
                    return;
                }
                self.current = tx;
                execute(tx);
                self.seat.stats.executed_count += 1;
                task = self.complete(tx);
            }
            self.seat.stats.busy_ns += self.now_ns().saturating_sub(began);
            self.publish();
            task = self.search();
            if task.is_none() {
                return;
            }
        }
    }

    /// Completes `tx` and returns what to run next.
    #[inline]
    fn complete(&mut self, tx: TransactionIndex) -> Option<TransactionIndex> {
        let completed = self.run.dispatch.complete(self.index, &mut self.seat.tasks, tx);
        self.seat.stats.stolen_count += u64::from(completed.is_stolen);
        if completed.has_spare {
            self.run.idle.notify();
        }
        completed.next
    }

    /// Adds what was executed since the last time to the run's sum; who completes the sum ends the run. Only done
    /// when out of work, so that no shared counter is on a transaction's path.
    fn publish(&mut self) {
        let executed = (self.seat.stats.executed_count - self.published) as usize;
        self.published = self.seat.stats.executed_count;
        let before = self.run.executed.fetch_add(executed, Ordering::AcqRel);
        if executed > 0 && before + executed == self.run.dispatch.schedule.len() {
            self.run.stop();
        }
    }

    /// Waits for a task; none when the run has ended.
    fn search(&mut self) -> Option<TransactionIndex> {
        let idle = self.run.idle;
        idle.start_search();
        let backoff = Backoff::new();
        loop {
            if self.run.is_stopped() {
                idle.end_search();
                return None;
            }
            if let Some(tx) = self.steal() {
                if idle.end_search() && self.run.dispatch.has_task() {
                    idle.notify();
                }
                return Some(tx);
            }
            if backoff.is_completed() {
                self.sleep();
                backoff.reset();
            } else {
                backoff.snooze();
            }
        }
    }

    fn sleep(&mut self) {
        let idle = self.run.idle;
        idle.announce_sleep(self.index);
        if !self.run.dispatch.has_task() && !self.run.is_stopped() {
            self.seat.stats.park_count += 1;
            self.seat.parker.park();
        }
        idle.retract_sleep(self.index);
    }

    /// A lost race counts as nothing found: the caller looks again before it sleeps.
    fn steal(&mut self) -> Option<TransactionIndex> {
        let (tx, count) = self.run.dispatch.steal(self.index, &mut self.seat.tasks)?;
        self.seat.stats.stolen_count += count as u64;
        Some(tx)
    }

    fn now_ns(&self) -> u64 {
        self.run.clock.map_or(0, |now_ns| now_ns())
    }
}
