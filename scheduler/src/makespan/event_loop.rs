//! Virtual workers in virtual time. Knows nothing of graphs: what a worker gets comes from [`Tasks`].

use super::random::SplitMix64;
use crate::dispatch::Completed;
use crate::graph::TransactionIndex;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What dispatch costs, in nanoseconds. The default is that it costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overheads {
    /// On the worker, per transaction: taking it, counting off its successors.
    pub dispatch_ns: u64,
    /// A round over the other workers, whether it finds something or not.
    pub steal_ns: u64,
    /// How long a worker that finds nothing looks on before it sleeps.
    pub spin_ns: u64,
    /// From the wake-up of a sleeper to its first look.
    pub wake_ns: u64,
    /// On the scheduler thread, per transaction looked at; only where there is such a thread.
    pub scheduler_ns: u64,
    /// A message between the scheduler thread and a worker, one way.
    pub hop_ns: u64,
}

/// What a simulated run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Until the last transaction was executed and completed, in nanoseconds.
    pub makespan_ns: u64,
    /// Times a worker got a transaction from another.
    pub steal_count: u64,
    /// Times a sleeper was woken.
    pub wake_count: u64,
}

/// Where workers get transactions from.
pub(super) trait Tasks {
    /// What `worker` begins with, none if it has to search.
    fn first(&mut self, worker: usize) -> Option<TransactionIndex>;
    /// `worker` has executed `tx`: what it runs next, and whether it left something for others.
    fn complete(&mut self, worker: usize, tx: TransactionIndex) -> Completed;
    /// A search by `worker`, who has nothing.
    fn steal(&mut self, worker: usize) -> Option<TransactionIndex>;
    /// Whether a search could find something.
    fn has_task(&self) -> bool;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Finish(TransactionIndex),
    Search,
}

#[derive(Clone, Copy)]
enum State {
    Executing,
    Searching,
    Idle { since_ns: u64 },
}

struct EventLoop<'a> {
    costs_ns: &'a [u64],
    overheads: Overheads,
    /// By time, then at random, then by worker.
    events: BinaryHeap<Reverse<(u64, u64, usize, Step)>>,
    states: Vec<State>,
    searching_count: usize,
    random: SplitMix64,
    outcome: Outcome,
}

/// Runs until nothing is left; every transaction must then have been executed.
pub(super) fn run(tasks: &mut dyn Tasks, costs_ns: &[u64], workers: usize, overheads: Overheads, seed: u64) -> Outcome {
    let mut run = EventLoop {
        costs_ns,
        overheads,
        events: BinaryHeap::new(),
        states: vec![State::Idle { since_ns: 0 }; workers],
        searching_count: 0,
        random: SplitMix64::new(seed),
        outcome: Outcome::default(),
    };
    for worker in 0..workers {
        match tasks.first(worker) {
            Some(tx) => run.execute(0, worker, tx),
            None => run.search(0, worker),
        }
    }
    let mut executed_count = 0;
    while let Some(Reverse((now_ns, _, worker, step))) = run.events.pop() {
        match step {
            Step::Finish(tx) => {
                executed_count += 1;
                run.outcome.makespan_ns = now_ns;
                run.finish(tasks, now_ns, worker, tx);
            }
            Step::Search => run.look(tasks, now_ns, worker),
        }
    }
    assert_eq!(executed_count, costs_ns.len(), "transactions that never ran");
    run.outcome
}

impl EventLoop<'_> {
    fn finish(&mut self, tasks: &mut dyn Tasks, now_ns: u64, worker: usize, tx: TransactionIndex) {
        let completed = tasks.complete(worker, tx);
        self.outcome.steal_count += u64::from(completed.is_stolen);
        match completed.next {
            Some(next) => {
                let look_ns = if completed.has_looked { self.overheads.steal_ns } else { 0 };
                self.execute(now_ns + look_ns, worker, next);
            }
            None => self.search(now_ns + self.overheads.steal_ns, worker),
        }
        if completed.has_spare {
            self.notify(now_ns);
        }
    }

    fn look(&mut self, tasks: &mut dyn Tasks, now_ns: u64, worker: usize) {
        self.searching_count -= 1;
        let Some(tx) = tasks.steal(worker) else {
            self.states[worker] = State::Idle { since_ns: now_ns };
            return;
        };
        self.outcome.steal_count += 1;
        self.execute(now_ns, worker, tx);
        if tasks.has_task() {
            self.notify(now_ns);
        }
    }

    fn execute(&mut self, now_ns: u64, worker: usize, tx: TransactionIndex) {
        self.states[worker] = State::Executing;
        self.at(now_ns + self.costs_ns[tx.0 as usize] + self.overheads.dispatch_ns, worker, Step::Finish(tx));
    }

    /// The worker looks at `then_ns`.
    fn search(&mut self, then_ns: u64, worker: usize) {
        self.states[worker] = State::Searching;
        self.searching_count += 1;
        self.at(then_ns, worker, Step::Search);
    }

    /// Something was pushed: those who spin see it; if nobody looks, one sleeper is woken.
    fn notify(&mut self, now_ns: u64) {
        let mut sleeper = None;
        for worker in 0..self.states.len() {
            let State::Idle { since_ns } = self.states[worker] else { continue };
            if now_ns - since_ns <= self.overheads.spin_ns {
                self.search(now_ns + self.overheads.steal_ns, worker);
            } else {
                sleeper = sleeper.or(Some(worker));
            }
        }
        if let Some(worker) = sleeper
            && self.searching_count == 0
        {
            self.outcome.wake_count += 1;
            self.search(now_ns + self.overheads.wake_ns + self.overheads.steal_ns, worker);
        }
    }

    fn at(&mut self, time_ns: u64, worker: usize, step: Step) {
        self.events.push(Reverse((time_ns, self.random.next_u64(), worker, step)));
    }
}
