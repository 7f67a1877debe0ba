//! The decisions of dispatch: who begins with what, what runs next on a worker, from whom to steal.
//!
//! Written without threads or clock, so that the worker loop ([`crate::worker`]) and the simulation
//! ([`crate::makespan`]) run the same code.
//!
//! A prioritised schedule gives every transaction a *level*, by the weight of the path from it to the end. A worker has
//! a deque per level and takes from the highest; within one it takes what was pushed last, whose accounts are in this
//! core's cache. Before it runs anything it looks at one shared word, the levels on offer, and takes a more urgent
//! transaction from another worker if there is one:
//!
//! ```text
//!   complete ─▶ released ─▶ heaviest ──┐  more urgent: in own deques?  on offer?       run
//!                  └─ others ─▶ own    ├──────────── no ───────────────── no ────────▶ it, here, at once
//!                     deques, offered  └──── yes: it is put back, and the more urgent one runs
//! ```
//!
//! So a chain on one hot account never leaves its worker while nothing is more urgent, and a long path never waits for
//! the worker that released it. Without priorities all is one level and the word is never consulted in vain.
//!
//! The word of offers is a hint. It may name a level that is empty, which costs a look at each worker, or, in a race,
//! miss one that is not: nothing is lost by that, since a worker without tasks looks at all deques before it sleeps.

use crate::countdown::Countdown;
use crate::graph::TransactionIndex;
use crate::schedule::{LEVELS, Schedule};
use crate::sync::{AtomicU64, Deque, Ordering, Steal, Stealer};

/// One worker's ready transactions, by level.
pub(crate) struct OwnTasks {
    levels: Vec<Deque<TransactionIndex>>,
    /// Bit *l*: level *l* may hold something; what thieves took is not known here.
    held: u64,
}

/// The thieves' side of one worker's tasks.
pub(crate) struct Victim(Vec<Stealer<TransactionIndex>>);

/// What the completion of a transaction leads to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Completed {
    /// Runs next on the same worker.
    pub(crate) next: Option<TransactionIndex>,
    /// Whether something went to the worker's deques, where it can be stolen.
    pub(crate) has_spare: bool,
    /// Whether others' deques were looked at.
    pub(crate) has_looked: bool,
    /// Whether `next` came from another worker.
    pub(crate) is_stolen: bool,
}

/// What the workers of a run share.
pub(crate) struct Dispatch<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) countdown: &'a Countdown,
    pub(crate) victims: &'a [Victim],
    /// Bit *l*: some worker may hold a transaction of level *l*.
    pub(crate) offered: &'a AtomicU64,
}

impl OwnTasks {
    pub(crate) fn new() -> Self {
        Self { levels: (0..LEVELS).map(|_| Deque::new_lifo()).collect(), held: 0 }
    }

    pub(crate) fn victim(&self) -> Victim {
        Victim(self.levels.iter().map(Deque::stealer).collect())
    }

    #[inline]
    pub(crate) fn push(&mut self, level: usize, tx: TransactionIndex) {
        self.levels[level].push(tx);
        self.held |= 1 << level;
    }

    /// The most urgent transaction.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<TransactionIndex> {
        self.pop_among(u64::MAX)
    }

    /// The most urgent transaction of the levels in `mask`.
    #[inline]
    fn pop_among(&mut self, mask: u64) -> Option<TransactionIndex> {
        while let Some(level) = highest(self.held & mask) {
            if let Some(tx) = self.levels[level].pop() {
                return Some(tx);
            }
            self.held &= !(1 << level);
        }
        None
    }

    /// Forgets all tasks.
    pub(crate) fn clear(&mut self) {
        while self.pop().is_some() {}
    }
}

/// Gives out the transactions that can start at once. In block order each worker gets one stretch of the block; when
/// prioritised they are dealt one by one, so that the heaviest paths all start first. The owner takes what was pushed
/// last, hence backwards. Returns the levels that were given out.
pub(crate) fn deal<'a>(schedule: &Schedule, workers: usize, tasks: impl IntoIterator<Item = &'a mut OwnTasks>) -> u64 {
    let starts = schedule.starts();
    let stretch = starts.len().div_ceil(workers).max(1);
    let mut offered = 0;
    for (worker, own) in tasks.into_iter().take(workers).enumerate() {
        let mut give = |tx: TransactionIndex| {
            let level = schedule.level(tx);
            own.push(level, tx);
            offered |= 1 << level;
        };
        if schedule.is_prioritised() {
            let rounds = starts.len().saturating_sub(worker).div_ceil(workers);
            (0..rounds).rev().for_each(|round| give(starts[worker + round * workers]));
        } else {
            let end = ((worker + 1) * stretch).min(starts.len());
            starts[(worker * stretch).min(end)..end].iter().rev().for_each(|tx| give(*tx));
        }
    }
    offered
}

impl Dispatch<'_> {
    /// Completes `tx`, which `worker` has executed, and decides what it runs next.
    #[inline]
    pub(crate) fn complete(&self, worker: usize, own: &mut OwnTasks, tx: TransactionIndex) -> Completed {
        let Self { schedule, countdown, .. } = self;
        let mut next = None;
        let mut pushed = 0;
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
            let level = schedule.level(spare);
            own.push(level, spare);
            pushed |= 1 << level;
        });
        let mut completed = Completed { next: next.or_else(|| own.pop()), ..Completed::default() };
        if schedule.is_prioritised() {
            pushed |= self.prefer_urgent(worker, own, &mut completed);
        }
        if pushed != 0 {
            self.offer(pushed);
            completed.has_spare = true;
        }
        completed
    }

    /// Exchanges the transaction that would run next for a more urgent one, if there is one; returns the level of the
    /// one put back, as a bit.
    #[inline]
    fn prefer_urgent(&self, worker: usize, own: &mut OwnTasks, completed: &mut Completed) -> u64 {
        let Some(next) = completed.next else { return 0 };
        let level = self.schedule.level(next);
        let above = above(level);
        let mut better = own.pop_among(above);
        let on_offer = self.offered.load(Ordering::Relaxed) & better.map_or(above, |tx| above_tx(self.schedule, tx));
        if on_offer != 0 {
            completed.has_looked = true;
            if let Some(stolen) = self.steal_one(worker, on_offer) {
                if let Some(own_best) = better {
                    own.push(self.schedule.level(own_best), own_best);
                }
                completed.is_stolen = true;
                better = Some(stolen);
            }
        }
        if better.is_none() {
            return 0;
        }
        completed.next = better;
        own.push(level, next);
        1 << level
    }

    /// Takes one transaction of a level in `levels` from another worker, the highest first. A level in which there is
    /// nothing is no longer on offer.
    fn steal_one(&self, thief: usize, mut levels: u64) -> Option<TransactionIndex> {
        while let Some(level) = highest(levels) {
            let bit = 1 << level;
            levels &= !bit;
            // Before the look: who pushes meanwhile offers anew.
            self.offered.fetch_and(!bit, Ordering::SeqCst);
            for victim in self.others(thief) {
                match victim.0[level].steal() {
                    Steal::Success(tx) => {
                        self.offer(bit);
                        return Some(tx);
                    }
                    // A lost race: there is, or was, something.
                    Steal::Retry => self.offer(bit),
                    Steal::Empty => {}
                }
            }
        }
        None
    }

    /// For a worker that has nothing: about half of what another holds at the highest level, one to run and the others
    /// for its own deques. Looks first where something is on offer, then everywhere. A lost race counts as nothing
    /// found. Tells how many were taken.
    pub(crate) fn steal(&self, thief: usize, own: &mut OwnTasks) -> Option<(TransactionIndex, usize)> {
        let hinted = self.offered.load(Ordering::Relaxed);
        let all = self.schedule.level_mask();
        self.steal_half(thief, own, hinted & all).or_else(|| self.steal_half(thief, own, all & !hinted))
    }

    fn steal_half(&self, thief: usize, own: &mut OwnTasks, mut levels: u64) -> Option<(TransactionIndex, usize)> {
        while let Some(level) = highest(levels) {
            levels &= !(1 << level);
            let deque = &own.levels[level];
            for victim in self.others(thief) {
                if let Steal::Success(tx) = victim.0[level].steal_batch_and_pop(deque) {
                    own.held |= 1 << level;
                    return Some((tx, 1 + own.levels[level].len()));
                }
            }
        }
        None
    }

    /// Whether some deque holds a task that can be stolen. O(workers · levels).
    pub(crate) fn has_task(&self) -> bool {
        let mut levels = self.schedule.level_mask();
        while let Some(level) = highest(levels) {
            levels &= !(1 << level);
            if self.victims.iter().any(|victim| !victim.0[level].is_empty()) {
                return true;
            }
        }
        false
    }

    /// Beginning with the neighbour.
    fn others(&self, thief: usize) -> impl Iterator<Item = &Victim> {
        let (before, after) = self.victims.split_at(thief);
        after.iter().skip(1).chain(before)
    }

    /// Most often all is on offer already, and the word, shared by all workers, is only read.
    #[inline]
    fn offer(&self, levels: u64) {
        if self.offered.load(Ordering::Relaxed) & levels != levels {
            self.offered.fetch_or(levels, Ordering::SeqCst);
        }
    }
}

/// The levels above `level`.
#[inline]
fn above(level: usize) -> u64 {
    (u64::MAX << level) << 1
}

#[inline]
fn above_tx(schedule: &Schedule, tx: TransactionIndex) -> u64 {
    above(schedule.level(tx))
}

/// The highest level in a set of them.
#[inline]
fn highest(levels: u64) -> Option<usize> {
    (levels != 0).then(|| 63 - levels.leading_zeros() as usize)
}
