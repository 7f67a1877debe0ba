//! The pool: persistent threads that run one [`Schedule`] after the other, the caller being worker 0.
//!
//! Threads come from a rayon pool of our own, for its persistent threads and its safe scoped borrows; rayon's own
//! queues see one job per helper and run, never a transaction. Helpers need not all have started for a run to
//! proceed: what lies in the deque of one that has not can be stolen.

use crate::countdown::Countdown;
use crate::dispatch::{self, Dispatch, Victim};
use crate::graph::TransactionIndex;
use crate::idle::{Idle, WORKERS_MAX};
use crate::schedule::Schedule;
use crate::serial;
use crate::sync::AtomicU64;
use crate::worker::{Clock, Run, Seat, WorkerStats};
use crossbeam::utils::CachePadded;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Why a pool could not be made or a run did not end well.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// A pool has between 1 and [`WORKERS_MAX`] workers.
    #[error("a pool of {workers} workers: it must have between 1 and {WORKERS_MAX}")]
    WorkerCount {
        /// How many were asked for.
        workers: usize,
    },
    /// A run needs a state for at least one worker and at most for each of the pool.
    #[error("states for {states} workers given to a pool of {workers}")]
    StateCount {
        /// How many states were given.
        states: usize,
        /// The size of the pool.
        workers: usize,
    },
    /// The operating system refused a thread.
    #[error("cannot start the worker threads")]
    Spawn(#[source] rayon::ThreadPoolBuildError),
    /// A transaction's execution panicked; the run was aborted and other transactions may not have run.
    #[error("the worker of transaction {} panicked: {message}", transaction.0)]
    WorkerPanicked {
        /// The transaction in execution; the earliest in block order if there were several.
        transaction: TransactionIndex,
        /// The panic's text.
        message: String,
    },
}

/// What the workers did in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunStats {
    /// By worker; worker 0 is the caller.
    pub workers: Vec<WorkerStats>,
}

impl RunStats {
    /// Transactions executed by all workers. O(workers).
    pub fn executed_count(&self) -> u64 {
        self.workers.iter().map(|worker| worker.executed_count).sum()
    }
}

/// Workers that run schedules.
pub struct Pool {
    /// None if the caller is the only worker.
    helpers: Option<ThreadPool>,
    seats: Vec<Seat>,
    victims: Vec<Victim>,
    idle: Idle,
    countdown: Countdown,
}

impl Pool {
    /// A pool of `workers` workers: the caller of [`Self::run`] and `workers − 1` threads.
    ///
    /// # Errors
    /// [`PoolError::WorkerCount`] beyond the bounds, [`PoolError::Spawn`] if threads cannot be started.
    pub fn new(workers: usize) -> Result<Self, PoolError> {
        if !(1..=WORKERS_MAX).contains(&workers) {
            return Err(PoolError::WorkerCount { workers });
        }
        let builder =
            || ThreadPoolBuilder::new().num_threads(workers - 1).thread_name(|index| format!("worker-{}", index + 1));
        let helpers = (workers > 1).then(|| builder().build().map_err(PoolError::Spawn)).transpose()?;
        let seats = (0..workers).map(|_| Seat::new()).collect::<Vec<_>>();
        let victims = seats.iter().map(|seat| seat.tasks.victim()).collect();
        let idle = Idle::new(seats.iter().map(|seat| seat.parker.unparker().clone()).collect());
        Ok(Self { helpers, seats, victims, idle, countdown: Countdown::default() })
    }

    /// Workers, the caller included.
    pub fn workers(&self) -> usize {
        self.seats.len()
    }

    /// Executes every transaction of the schedule once, each after all its predecessors, whose writes it sees.
    ///
    /// As many workers take part as there are `states`; each call of `execute` gets the state of the worker it runs
    /// on. With one state everything runs on the calling thread, in block order.
    ///
    /// # Errors
    /// [`PoolError::StateCount`] if `states` is empty or longer than the pool; [`PoolError::WorkerPanicked`] if
    /// `execute` panicked: the other workers have then stopped after the transaction they were at.
    pub fn run<W: Send>(
        &mut self,
        schedule: &Schedule,
        states: &mut [W],
        execute: impl Fn(&mut W, TransactionIndex) + Sync,
    ) -> Result<RunStats, PoolError> {
        self.run_timed(schedule, states, execute, None)
    }

    /// [`Self::run`] with a clock for [`WorkerStats::busy_ns`].
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_timed<W: Send>(
        &mut self,
        schedule: &Schedule,
        states: &mut [W],
        execute: impl Fn(&mut W, TransactionIndex) + Sync,
        clock: Option<Clock<'_>>,
    ) -> Result<RunStats, PoolError> {
        let Some((first, others)) = states.split_first_mut() else {
            return Err(PoolError::StateCount { states: 0, workers: self.workers() });
        };
        if others.len() >= self.workers() {
            return Err(PoolError::StateCount { states: others.len() + 1, workers: self.workers() });
        }
        let helpers = match &self.helpers {
            Some(helpers) if !others.is_empty() && schedule.len() > 1 => helpers,
            _ => return serial::run(schedule.len(), |tx| execute(first, tx), clock),
        };
        let active = others.len() + 1;
        let tasks = self.seats.iter_mut().map(|seat| &mut seat.tasks);
        let offered = CachePadded::new(AtomicU64::new(dispatch::deal(schedule, active, tasks)));
        self.countdown.reset(schedule);
        let victims = &self.victims[..active];
        let dispatch = Dispatch { schedule, countdown: &self.countdown, victims, offered: &offered };
        let run = Run::new(dispatch, &self.idle, clock);
        let (own_seat, seats) = self.seats[..active].split_first_mut().expect("a pool has a worker");
        helpers.in_place_scope(|scope| {
            for (index, (seat, state)) in seats.iter_mut().zip(others).enumerate() {
                let (run, execute) = (&run, &execute);
                scope.spawn(move |_| run.work(index + 1, seat, |tx| execute(state, tx)));
            }
            run.work(0, own_seat, |tx| execute(first, tx));
        });
        let outcome = run.finish();
        if outcome.is_err() {
            self.discard_tasks();
        }
        outcome.map(|()| RunStats { workers: self.seats[..active].iter().map(|seat| seat.stats).collect() })
    }

    /// Empties the deques after an aborted run.
    fn discard_tasks(&mut self) {
        for seat in &mut self.seats {
            seat.tasks.clear();
        }
    }
}
