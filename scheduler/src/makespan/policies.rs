//! Where simulated workers get transactions from: the product's dispatch, and two with one ideal queue.

use super::event_loop::Tasks;
use crate::countdown::Countdown;
use crate::dispatch::{self, Completed, Dispatch, OwnTasks, Victim};
use crate::graph::{ConflictGraph, TransactionIndex};
use crate::schedule::Schedule;
use crate::sync::AtomicU64;
use heddle_types::AccountLock;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The product's: its own deques, counters and decisions, one virtual worker at a time.
pub(super) struct WorkStealing<'a> {
    schedule: &'a Schedule,
    countdown: Countdown,
    tasks: Vec<OwnTasks>,
    victims: Vec<Victim>,
    offered: AtomicU64,
}

impl<'a> WorkStealing<'a> {
    pub(super) fn new(schedule: &'a Schedule, workers: usize) -> Self {
        let mut countdown = Countdown::default();
        countdown.reset(schedule);
        let mut tasks = (0..workers).map(|_| OwnTasks::new()).collect::<Vec<_>>();
        let victims = tasks.iter().map(OwnTasks::victim).collect();
        let offered = AtomicU64::new(dispatch::deal(schedule, workers, &mut tasks));
        Self { schedule, countdown, tasks, victims, offered }
    }
}

impl Tasks for WorkStealing<'_> {
    fn first(&mut self, worker: usize) -> Option<TransactionIndex> {
        self.tasks[worker].pop()
    }

    fn complete(&mut self, worker: usize, tx: TransactionIndex) -> Completed {
        let Self { schedule, countdown, victims, offered, tasks } = self;
        Dispatch { schedule, countdown, victims, offered }.complete(worker, &mut tasks[worker], tx)
    }

    fn steal(&mut self, worker: usize) -> Option<TransactionIndex> {
        let Self { schedule, countdown, victims, offered, tasks } = self;
        let stolen = Dispatch { schedule, countdown, victims, offered }.steal(worker, &mut tasks[worker]);
        stolen.map(|(tx, _)| tx)
    }

    fn has_task(&self) -> bool {
        let Self { schedule, countdown, victims, offered, .. } = self;
        Dispatch { schedule, countdown, victims, offered }.has_task()
    }
}

/// One queue, first in first out.
pub(super) struct Fifo {
    graph: ConflictGraph,
}

impl Fifo {
    pub(super) fn new(lock_sets: &[Vec<AccountLock>]) -> Self {
        let mut graph = ConflictGraph::new();
        for locks in lock_sets {
            graph.insert(locks);
        }
        Self { graph }
    }
}

impl Tasks for Fifo {
    fn first(&mut self, _worker: usize) -> Option<TransactionIndex> {
        self.graph.pop_ready()
    }

    fn complete(&mut self, _worker: usize, tx: TransactionIndex) -> Completed {
        self.graph.complete(tx);
        let next = self.graph.pop_ready();
        Completed { next, has_spare: self.has_task(), ..Completed::default() }
    }

    fn steal(&mut self, _worker: usize) -> Option<TransactionIndex> {
        self.graph.pop_ready()
    }

    fn has_task(&self) -> bool {
        self.graph.ready_count() > 0
    }
}

/// One queue, the heaviest remaining path first, in block order among equals.
pub(super) struct CriticalPathFirst<'a> {
    schedule: &'a Schedule,
    countdown: Countdown,
    ready: BinaryHeap<(u64, Reverse<u32>)>,
}

impl<'a> CriticalPathFirst<'a> {
    /// Of a prioritised schedule.
    pub(super) fn new(schedule: &'a Schedule) -> Self {
        let mut countdown = Countdown::default();
        countdown.reset(schedule);
        let ready = schedule.starts().iter().map(|tx| (schedule.remaining_weight(*tx), Reverse(tx.0))).collect();
        Self { schedule, countdown, ready }
    }

    fn pop(&mut self) -> Option<TransactionIndex> {
        self.ready.pop().map(|(_, Reverse(index))| TransactionIndex(index))
    }
}

impl Tasks for CriticalPathFirst<'_> {
    fn first(&mut self, _worker: usize) -> Option<TransactionIndex> {
        self.pop()
    }

    fn complete(&mut self, _worker: usize, tx: TransactionIndex) -> Completed {
        let Self { schedule, countdown, ready } = self;
        countdown.complete(schedule, tx, |released| {
            ready.push((schedule.remaining_weight(released), Reverse(released.0)));
        });
        let next = self.pop();
        Completed { next, has_spare: self.has_task(), ..Completed::default() }
    }

    fn steal(&mut self, _worker: usize) -> Option<TransactionIndex> {
        self.pop()
    }

    fn has_task(&self) -> bool {
        !self.ready.is_empty()
    }
}
