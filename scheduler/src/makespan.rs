//! How long a block would take on P workers: a discrete-event simulation of dispatch in virtual time.
//!
//! The schedule, the counters and every decision (`dispatch`) are the product's own; virtual are the workers,
//! the clock and the costs. So what is found here for 64 cores holds for the code that runs, not for a description of
//! it. Other dispatchers are simulated beside it for comparison ([`Policy`]), and for a few transactions the optimum is
//! found by search ([`optimum`]).
//!
//! ```text
//!                own deque or a released one                     nothing there
//!   EXECUTING ───────────────────────────▶ EXECUTING   SEARCHING ────────────▶ IDLE ──after spin──▶ ASLEEP
//!       │  nothing left    ┌──────────┐        ▲           ▲                    │   a task is pushed   │
//!       └─────────────────▶│SEARCHING │────────┘           └────────────────────┴──────────────────────┘
//!                          └──────────┘ steals                                      (+ wake, if asleep)
//! ```
//!
//! A makespan is compared with [`bound`], which no dispatcher can beat. What is not simulated: caches, memory
//! bandwidth, the start of helper threads, and contention on the counters.

mod event_loop;
mod greedy;
mod optimum;
mod policies;
mod random;

pub use event_loop::{Outcome, Overheads};
pub use greedy::Greedy;
pub use optimum::{OPTIMUM_TRANSACTIONS_MAX, optimum};
pub use random::SplitMix64;

use crate::graph::TransactionIndex;
use crate::schedule::Schedule;
use heddle_types::AccountLock;
use policies::{CriticalPathFirst, Fifo, WorkStealing};

/// Transactions with their locks and times.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// In block order; accounts within one set are unique.
    pub lock_sets: Vec<Vec<AccountLock>>,
    /// Execution time of each transaction in nanoseconds.
    pub costs_ns: Vec<u64>,
    /// What the dispatcher believes each costs, in any unit.
    pub weights: Vec<u64>,
}

/// Who decides what runs where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The product's, starting in block order.
    BlockOrder,
    /// The product's after [`Schedule::prioritise`] with the block's weights.
    Prioritised,
    /// One queue for all workers, first in first out, without cost of its own: the order of
    /// [`crate::ConflictGraph::pop_ready`].
    Fifo,
    /// One queue for all workers, the heaviest remaining path by true cost first, without cost of its own. No real
    /// dispatcher has it; it tells what one could reach.
    CriticalPathFirst,
    /// A scheduler thread that locks accounts to threads and sends batches, after Agave's greedy scheduler.
    Greedy(Greedy),
}

/// The least time that `block` takes on `workers` workers: max(critical path, ⌈work ÷ workers⌉), in nanoseconds.
///
/// # Panics
/// If `workers` is 0.
pub fn bound(block: &Block, workers: usize) -> u64 {
    let schedule = block.schedule();
    let work = block.costs_ns.iter().sum::<u64>();
    schedule.critical_path(|tx| block.cost_ns(tx)).max(work.div_ceil(workers as u64))
}

/// Runs `block` on `workers` virtual workers. `seed` decides what is undetermined in reality too: who of several
/// workers that act in the same nanosecond comes first. O(workers · transactions) at worst.
///
/// # Panics
/// If `workers` is 0, or the block's lists differ in length.
pub fn simulate(block: &Block, workers: usize, policy: Policy, overheads: Overheads, seed: u64) -> Outcome {
    assert!(workers > 0, "nobody to work");
    assert_eq!(block.lock_sets.len(), block.costs_ns.len(), "a cost per transaction");
    assert_eq!(block.lock_sets.len(), block.weights.len(), "a weight per transaction");
    let mut schedule = block.schedule();
    let run = |tasks: &mut dyn event_loop::Tasks| event_loop::run(tasks, &block.costs_ns, workers, overheads, seed);
    match policy {
        Policy::BlockOrder => run(&mut WorkStealing::new(&schedule, workers)),
        Policy::Prioritised => {
            schedule.prioritise(|tx| block.weights[tx.0 as usize]);
            run(&mut WorkStealing::new(&schedule, workers))
        }
        Policy::Fifo => run(&mut Fifo::new(&block.lock_sets)),
        Policy::CriticalPathFirst => {
            schedule.prioritise(|tx| block.cost_ns(tx));
            run(&mut CriticalPathFirst::new(&schedule))
        }
        Policy::Greedy(greedy) => greedy.run(block, workers, overheads),
    }
}

impl Block {
    /// The product's schedule of the block.
    pub fn schedule(&self) -> Schedule {
        Schedule::build(self.lock_sets.iter().map(Vec::as_slice))
    }

    fn cost_ns(&self, tx: TransactionIndex) -> u64 {
        self.costs_ns[tx.0 as usize]
    }
}
