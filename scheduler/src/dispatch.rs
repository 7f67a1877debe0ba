//! The decisions of dispatch: who begins with what, which of the released runs next, from whom to steal.
//!
//! Written without threads or clock, so that the worker loop ([`crate::worker`]) and the simulation
//! ([`crate::makespan`]) run the same code.

use crate::countdown::Countdown;
use crate::graph::TransactionIndex;
use crate::schedule::Schedule;
use crate::sync::{Deque, Steal, Stealer};

/// What the completion of a transaction leads to.
pub(crate) struct Released {
    /// Runs next on the same worker.
    pub(crate) next: Option<TransactionIndex>,
    /// Whether others went to the worker's deque, where they can be stolen.
    pub(crate) has_spare: bool,
}

/// Gives out the transactions that can start at once. In block order each worker gets one stretch of the block; when
/// prioritised they are dealt one by one, so that the heaviest paths all start first. The owner takes what was pushed
/// last, hence backwards.
pub(crate) fn deal<'a>(schedule: &Schedule, workers: usize, deque: impl Fn(usize) -> &'a Deque<TransactionIndex>) {
    let starts = schedule.starts();
    let stretch = starts.len().div_ceil(workers).max(1);
    for (position, tx) in starts.iter().enumerate().rev() {
        let worker = if schedule.is_prioritised() { position % workers } else { position / stretch };
        deque(worker).push(*tx);
    }
}

/// Completes `tx`: of the transactions that releases, the heaviest runs next, the others go to `deque`.
#[inline]
pub(crate) fn release(
    schedule: &Schedule,
    countdown: &Countdown,
    tx: TransactionIndex,
    deque: &Deque<TransactionIndex>,
) -> Released {
    let mut next = None;
    let mut has_spare = false;
    countdown.complete(schedule, tx, |released| {
        let Some(kept) = next else {
            next = Some(released);
            return;
        };
        let mut spare = released;
        if schedule.remaining_weight(released) > schedule.remaining_weight(kept) {
            next = Some(released);
            spare = kept;
        }
        deque.push(spare);
        has_spare = true;
    });
    Released { next, has_spare }
}

/// One round over the other workers' deques, beginning with the neighbour's. A lost race counts as nothing found.
pub(crate) fn steal(
    stealers: &[Stealer<TransactionIndex>],
    thief: usize,
    deque: &Deque<TransactionIndex>,
) -> Option<TransactionIndex> {
    let (before, after) = stealers.split_at(thief);
    after.iter().skip(1).chain(before).find_map(|victim| match victim.steal_batch_and_pop(deque) {
        Steal::Success(tx) => Some(tx),
        _ => None,
    })
}
