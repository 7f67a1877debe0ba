//! The counters of one run of a [`Schedule`]: how many predecessors each transaction still waits for.
//!
//! ```text
//!   completed tx ──▶ successor: remaining −= 1 ── 0 ──▶ released, to exactly one worker
//!             └────▶ group:     remaining −= 1 ── 0 ──▶ its writer: remaining −= 1 ── 0 ──▶ released
//! ```
//!
//! # Ordering
//! Every decrement is `AcqRel`. The decrements of one counter form a release sequence, so the worker that takes it to
//! zero has acquired what all the others released before theirs: it sees the writes of every predecessor. A group's
//! last member carries on to the writer's counter in the same thread, so the chain holds through groups. The released
//! transaction then runs on that worker, or moves through a deque, whose push releases and whose steal acquires.
//! Exactly one decrement observes 1, so a transaction is released once. `shuttle` explores the interleavings in
//! [`crate::worker`]'s tests.

use crate::graph::{Successor, TransactionIndex};
use crate::schedule::Schedule;
use crate::sync::{AtomicU32, Ordering};

/// Counters by transaction and by reader group; kept between runs for their memory.
#[derive(Default)]
pub(crate) struct Countdown {
    transactions: Vec<AtomicU32>,
    groups: Vec<AtomicU32>,
}

impl Countdown {
    /// Sets the counters to those of a run that has not begun. O(transactions + groups).
    pub(crate) fn reset(&mut self, schedule: &Schedule) {
        self.transactions.clear();
        self.transactions.extend(schedule.predecessor_counts().map(AtomicU32::new));
        self.groups.clear();
        self.groups.extend(schedule.group_counts().map(AtomicU32::new));
    }

    /// Counts `tx` off for its successors and passes those it releases to `release`, in block order per account.
    #[inline]
    pub(crate) fn complete(
        &self,
        schedule: &Schedule,
        tx: TransactionIndex,
        mut release: impl FnMut(TransactionIndex),
    ) {
        for successor in schedule.edges(tx) {
            let waiting = match successor {
                Successor::Transaction(waiting) => Some(waiting),
                // A group that nobody closes releases nobody: its counter, shared by all workers, is left alone.
                Successor::Readers(group) => {
                    schedule.group_writer(group).filter(|_| count_down(&self.groups[group.0 as usize]))
                }
            };
            if let Some(waiting) = waiting
                && count_down(&self.transactions[waiting.0 as usize])
            {
                release(waiting);
            }
        }
    }
}

/// True for the one caller that takes the counter to zero.
#[inline]
fn count_down(counter: &AtomicU32) -> bool {
    let before = counter.fetch_sub(1, Ordering::AcqRel);
    debug_assert!(before > 0, "a predecessor was counted twice");
    before == 1
}
