//! The frozen graph of a block known up front: immutable edges that all workers share.
//!
//! The edges are those of [`ConflictGraph`], which builds them. What changes while a block runs, the number of
//! predecessors left, is apart in [`crate::countdown`], so one schedule can be run any number of times.

use crate::graph::{ConflictGraph, GroupIndex, Successor, TransactionIndex};
use heddle_types::AccountLock;

const LEVEL_BITS: u32 = 6;
/// How finely dispatch tells urgency apart: the bits of a mask.
pub(crate) const LEVELS: usize = 1 << LEVEL_BITS;
/// How finely starts are put in order.
const START_BITS: u32 = 10;

/// Who waits for whom in one block, and who can start at once.
///
/// ```
/// use heddle_scheduler::{Pool, Schedule};
/// use heddle_types::AccountLock;
///
/// let schedule = Schedule::build([&[AccountLock::writable(0)][..], &[AccountLock::readonly(0)]]);
/// let mut executed = [0_u32; 2];
/// let stats = Pool::new(2)?.run(&schedule, &mut executed, |count, _transaction| *count += 1)?;
/// assert_eq!(executed.iter().sum::<u32>(), 2);
/// assert_eq!(stats.executed_count(), 2);
/// # Ok::<(), heddle_scheduler::PoolError>(())
/// ```
#[derive(Default)]
pub struct Schedule {
    graph: ConflictGraph,
    /// Transactions without predecessors, in the order in which they should start.
    starts: Vec<TransactionIndex>,
    /// Weight of the heaviest path from each transaction to the end; empty until `prioritise`.
    remaining_weights: Vec<u64>,
    /// What more workers than one could save at most: the weight off the heaviest path, and all weight.
    savable_weight: u64,
    total_weight: u64,
    /// A remaining weight without so many low bits is a level.
    level_shift: u32,
    /// Bit *l*: some transaction has level *l*.
    level_mask: u64,
    /// For sorting `starts`.
    unsorted: Vec<TransactionIndex>,
}

impl Schedule {
    /// An empty schedule.
    pub fn new() -> Self {
        Self::default()
    }

    /// The schedule of a block, given its lock sets in block order. O(locks).
    ///
    /// # Panics
    /// As [`ConflictGraph::insert`].
    pub fn build<'a>(lock_sets: impl IntoIterator<Item = &'a [AccountLock]>) -> Self {
        let mut schedule = Self::new();
        schedule.rebuild(lock_sets);
        schedule
    }

    /// Like [`Self::build`], in the memory of the block before.
    ///
    /// # Panics
    /// As [`ConflictGraph::insert`].
    pub fn rebuild<'a>(&mut self, lock_sets: impl IntoIterator<Item = &'a [AccountLock]>) {
        self.graph.clear();
        self.remaining_weights.clear();
        (self.level_shift, self.level_mask) = (0, 1);
        for locks in lock_sets {
            self.graph.insert(locks);
        }
        self.starts.clear();
        self.starts.extend(self.graph.ready());
    }

    /// Runs the transactions on the heaviest remaining paths first; `weight` is a transaction's cost, in any unit.
    /// Affects the time a run takes, never its outcome. O(transactions + edges).
    pub fn prioritise(&mut self, weight: impl Fn(TransactionIndex) -> u64) {
        let mut weights = std::mem::take(&mut self.remaining_weights);
        weights.clear();
        weights.resize(self.len(), 0);
        let (mut heaviest, mut total) = (0, 0_u64);
        // Edges lead to higher indices only, so backwards every successor is known.
        for tx in (0..self.len() as u32).rev().map(TransactionIndex) {
            let after = self.successors(tx).map(|later| weights[later.0 as usize]).max().unwrap_or_default();
            let own = weight(tx);
            let path = after.saturating_add(own);
            total = total.saturating_add(own);
            weights[tx.0 as usize] = path;
            heaviest = heaviest.max(path);
        }
        (self.savable_weight, self.total_weight) = (total - heaviest, total);
        let bits = u64::BITS - heaviest.leading_zeros();
        self.level_shift = bits.saturating_sub(LEVEL_BITS);
        self.level_mask = weights.iter().fold(0, |mask, weight| mask | 1 << (weight >> self.level_shift));
        self.remaining_weights = weights;
        self.sort_starts(bits.saturating_sub(START_BITS));
    }

    /// Whether a second worker is not worth waking: nearly all weight is on one path, and others could save a twentieth at
    /// most. Only known after [`Self::prioritise`].
    pub fn is_nearly_a_chain(&self) -> bool {
        self.is_prioritised() && self.savable_weight <= self.total_weight / 20
    }

    /// Puts the starts in order, the heaviest first: as far as their weights without `shift` low bits tell them apart,
    /// and in block order among equals. By counting.
    fn sort_starts(&mut self, shift: u32) {
        const KEYS: usize = 1 << START_BITS;
        let key = |tx: &TransactionIndex| KEYS - 1 - (self.remaining_weights[tx.0 as usize] >> shift) as usize;
        let mut next_positions = [0_u32; KEYS];
        for tx in &self.starts {
            next_positions[key(tx)] += 1;
        }
        let mut position = 0;
        for next in &mut next_positions {
            position += std::mem::replace(next, position);
        }
        self.unsorted.clone_from(&self.starts);
        for tx in &self.unsorted {
            let next = &mut next_positions[key(tx)];
            self.starts[*next as usize] = *tx;
            *next += 1;
        }
    }

    /// Transactions in the block.
    pub fn len(&self) -> usize {
        self.graph.len()
    }

    /// Whether the block has no transaction.
    pub fn is_empty(&self) -> bool {
        self.graph.is_empty()
    }

    /// Transactions without predecessors, in the order in which they should start.
    pub fn starts(&self) -> &[TransactionIndex] {
        &self.starts
    }

    /// Transactions that wait for `tx` directly or through a reader group; one may occur more than once. O(1) each.
    pub fn successors(&self, tx: TransactionIndex) -> impl Iterator<Item = TransactionIndex> {
        self.graph.successors(tx).filter_map(|successor| match successor {
            Successor::Transaction(later) => Some(later),
            Successor::Readers(group) => self.graph.groups().writer(group),
        })
    }

    /// The heaviest path through the block if `weight` is a transaction's cost: no number of workers can beat it.
    /// O(edges).
    pub fn critical_path(&self, weight: impl Fn(TransactionIndex) -> u64) -> u64 {
        let mut before = vec![0_u64; self.len()];
        let mut heaviest = 0;
        for tx in (0..self.len() as u32).map(TransactionIndex) {
            let path = before[tx.0 as usize].saturating_add(weight(tx));
            heaviest = heaviest.max(path);
            for later in self.successors(tx) {
                before[later.0 as usize] = before[later.0 as usize].max(path);
            }
        }
        heaviest
    }

    pub(crate) fn is_prioritised(&self) -> bool {
        !self.remaining_weights.is_empty()
    }

    /// Weight of the heaviest path from `tx` to the end, 0 unless prioritised.
    pub(crate) fn remaining_weight(&self, tx: TransactionIndex) -> u64 {
        self.remaining_weights.get(tx.0 as usize).copied().unwrap_or_default()
    }

    /// How urgent `tx` is: the leading bits of its remaining weight, 0 unless prioritised.
    #[inline]
    pub(crate) fn level(&self, tx: TransactionIndex) -> usize {
        (self.remaining_weight(tx) >> self.level_shift) as usize
    }

    /// Bit *l*: some transaction has level *l*.
    pub(crate) fn level_mask(&self) -> u64 {
        self.level_mask
    }

    pub(crate) fn predecessor_counts(&self) -> impl Iterator<Item = u32> {
        (0..self.len() as u32).map(|index| self.graph.pending(TransactionIndex(index)))
    }

    pub(crate) fn group_counts(&self) -> impl Iterator<Item = u32> {
        let groups = self.graph.groups();
        (0..groups.len() as u32).map(|index| groups.count(GroupIndex(index)))
    }

    #[inline]
    pub(crate) fn edges(&self, tx: TransactionIndex) -> impl Iterator<Item = Successor> {
        self.graph.successors(tx)
    }

    /// The writer a group releases; none if nobody writes the account after these readers.
    #[inline]
    pub(crate) fn group_writer(&self, group: GroupIndex) -> Option<TransactionIndex> {
        self.graph.groups().writer(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_known_by_its_weights() {
        let (hot, own) = (AccountLock::writable(0), |n| AccountLock::writable(n));
        let chain: Vec<Vec<AccountLock>> = (1..=50).map(|n| vec![hot, own(n)]).collect();
        let mut schedule = Schedule::build(chain.iter().map(Vec::as_slice));
        assert!(!schedule.is_nearly_a_chain(), "not asked yet");
        schedule.prioritise(|_| 1);
        assert!(schedule.is_nearly_a_chain());
        // Two chains side by side.
        let two: Vec<[AccountLock; 1]> = (0..50).map(|n| [own(n % 2)]).collect();
        schedule.rebuild(two.iter().map(<[_; 1]>::as_slice));
        schedule.prioritise(|_| 1);
        assert!(!schedule.is_nearly_a_chain());
        // One of them weighs nothing to speak of.
        schedule.prioritise(|tx| if tx.0 % 2 == 0 { 1000 } else { 1 });
        assert!(schedule.is_nearly_a_chain());
    }
}
