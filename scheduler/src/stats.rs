//! What a block's conflicts look like: waves, critical path, who blocked whom. Computed on request from lock sets
//! alone, by another recurrence than the graph's edges, so each checks the other.
//!
//! Knows nothing of runs: these are properties of the block, the same for any number of workers.

use crate::graph::TransactionIndex;
use heddle_types::{AccountIndex, AccountLock};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The conflicts of one account within a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountHeat {
    /// Which account.
    pub account: AccountIndex,
    /// Transactions that lock it.
    pub locked_count: u32,
    /// Those of them that lock it writable.
    pub written_count: u32,
    /// Those that had to wait for an earlier one because of it.
    pub waited_count: u32,
}

/// One transaction of the critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// Which transaction.
    pub transaction: TransactionIndex,
    /// The account on which it waited for the step before; none for the first.
    pub account: Option<AccountIndex>,
}

/// The conflict structure of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockStats {
    wave_widths: Vec<u32>,
    critical_path: Vec<PathStep>,
    critical_path_weight: u64,
    total_weight: u64,
    /// By transactions that waited, most first.
    accounts: Vec<AccountHeat>,
}

/// The heaviest path that ends in a transaction.
#[derive(Clone, Copy)]
struct PathEnd {
    weight: u64,
    transaction: TransactionIndex,
}

/// What is known of an account at some point of the block.
#[derive(Default)]
struct Trace {
    locked_count: u32,
    written_count: u32,
    waited_count: u32,
    /// Waves up to and with the last writer.
    writer_depth: u32,
    /// The deepest of the readers since.
    reader_depth: u32,
    writer: Option<PathEnd>,
    /// The heaviest of the readers since.
    reader: Option<PathEnd>,
}

/// How a transaction came to its place: the predecessor it waited for longest, and where.
type Blocker = Option<(TransactionIndex, AccountIndex)>;

impl BlockStats {
    /// Measures a block given its lock sets in block order; `weight` is a transaction's cost in any unit, such as its
    /// compute units. O(locks · log accounts).
    pub fn measure<'a>(
        lock_sets: impl IntoIterator<Item = &'a [AccountLock]>,
        weight: impl Fn(TransactionIndex) -> u64,
    ) -> Self {
        let mut stats = Self::default();
        let mut traces = BTreeMap::<AccountIndex, Trace>::new();
        let mut blockers = Vec::<Blocker>::new();
        let mut last: Option<PathEnd> = None;
        for (index, locks) in lock_sets.into_iter().enumerate() {
            let transaction = TransactionIndex(index as u32);
            let own_weight = weight(transaction);
            let (depth, before, blocker) = wait_for_all(&traces, locks);
            let end = PathEnd { weight: before.saturating_add(own_weight), transaction };
            for lock in locks {
                traces.entry(lock.account).or_default().record(*lock, depth, end);
            }
            stats.count_in_wave(depth);
            stats.total_weight = stats.total_weight.saturating_add(own_weight);
            blockers.push(blocker);
            // Of equal paths the first: the outcome must not depend on anything but the block.
            if last.is_none_or(|last| end.weight > last.weight) {
                last = Some(end);
            }
        }
        stats.critical_path_weight = last.map_or(0, |last| last.weight);
        stats.critical_path = walk_back(&blockers, last);
        stats.accounts = rank(traces);
        stats
    }

    /// Transactions in the block. O(waves).
    pub fn transaction_count(&self) -> usize {
        self.wave_widths.iter().map(|width| *width as usize).sum()
    }

    /// Transactions by wave; a wave is the depth in the conflict graph.
    pub fn wave_widths(&self) -> &[u32] {
        &self.wave_widths
    }

    /// The longest chain of conflicts, in transactions: that many steps remain for any number of workers.
    pub fn wave_count(&self) -> usize {
        self.wave_widths.len()
    }

    /// The heaviest chain of conflicts, in the unit of `weight`.
    pub fn critical_path_weight(&self) -> u64 {
        self.critical_path_weight
    }

    /// The transactions of the heaviest chain, in order, each with the account that chained it to the one before.
    pub fn critical_path(&self) -> &[PathStep] {
        &self.critical_path
    }

    /// The sum of all weights.
    pub fn total_weight(&self) -> u64 {
        self.total_weight
    }

    /// The time by which any greedy schedule is done: `total / workers + (1 − 1/workers) · critical path`, in the
    /// unit of `weight`, rounded up (Graham's bound).
    pub fn makespan_bound(&self, workers: u64) -> u64 {
        let workers = workers.max(1);
        let numerator = u128::from(self.total_weight) + u128::from(workers - 1) * u128::from(self.critical_path_weight);
        u64::try_from(numerator.div_ceil(u128::from(workers))).unwrap_or(u64::MAX)
    }

    /// The accounts on which most transactions waited, at most `count`; of equal ones the lowest index first.
    pub fn hottest(&self, count: usize) -> &[AccountHeat] {
        &self.accounts[..count.min(self.accounts.len())]
    }

    fn count_in_wave(&mut self, depth: u32) {
        let wave = depth as usize - 1;
        if wave >= self.wave_widths.len() {
            self.wave_widths.resize(wave + 1, 0);
        }
        self.wave_widths[wave] += 1;
    }
}

impl Trace {
    /// Depth, heaviest path end to wait for; none if there is nothing to wait for.
    fn blocked_by(&self, lock: AccountLock) -> (u32, Option<PathEnd>) {
        if lock.is_writable() && self.reader_depth > 0 {
            // The readers waited for the writer themselves.
            (self.reader_depth, self.reader)
        } else {
            (self.writer_depth, self.writer)
        }
    }

    fn record(&mut self, lock: AccountLock, depth: u32, end: PathEnd) {
        self.locked_count += 1;
        self.waited_count += u32::from(self.blocked_by(lock).0 > 0);
        if lock.is_writable() {
            self.written_count += 1;
            self.writer_depth = depth;
            self.writer = Some(end);
            self.reader_depth = 0;
            self.reader = None;
        } else {
            self.reader_depth = self.reader_depth.max(depth);
            if self.reader.is_none_or(|reader| end.weight > reader.weight) {
                self.reader = Some(end);
            }
        }
    }
}

/// The wave of a transaction with these locks, the weight before it, and what it waits for longest.
fn wait_for_all(traces: &BTreeMap<AccountIndex, Trace>, locks: &[AccountLock]) -> (u32, u64, Blocker) {
    let (mut depth, mut before, mut blocker) = (0, 0, None);
    for lock in locks {
        let Some(trace) = traces.get(&lock.account) else { continue };
        let (waves, end) = trace.blocked_by(*lock);
        depth = depth.max(waves);
        if let Some(end) = end
            && (blocker.is_none() || end.weight > before)
        {
            before = end.weight;
            blocker = Some((end.transaction, lock.account));
        }
    }
    (depth + 1, before, blocker)
}

fn walk_back(blockers: &[Blocker], last: Option<PathEnd>) -> Vec<PathStep> {
    let mut path = Vec::new();
    let mut cursor = last.map(|end| end.transaction);
    while let Some(transaction) = cursor {
        let blocker = blockers[transaction.0 as usize];
        path.push(PathStep { transaction, account: blocker.map(|(_, account)| account) });
        cursor = blocker.map(|(earlier, _)| earlier);
    }
    path.reverse();
    path
}

fn rank(traces: BTreeMap<AccountIndex, Trace>) -> Vec<AccountHeat> {
    let heat = |(account, trace): (AccountIndex, Trace)| AccountHeat {
        account,
        locked_count: trace.locked_count,
        written_count: trace.written_count,
        waited_count: trace.waited_count,
    };
    let mut accounts = traces.into_iter().map(heat).collect::<Vec<_>>();
    accounts.sort_by_key(|heat| (Reverse(heat.waited_count), heat.account));
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn w(account: u32) -> AccountLock {
        AccountLock::writable(account)
    }

    fn r(account: u32) -> AccountLock {
        AccountLock::readonly(account)
    }

    #[test]
    fn the_critical_path_tells_who_waited_for_whom() {
        let block: &[&[AccountLock]] = &[&[w(0)], &[w(1)], &[r(0), w(1)], &[r(0)], &[w(0)]];
        let stats = BlockStats::measure(block.iter().copied(), |_| 1);
        assert_eq!(stats.wave_widths(), [2, 2, 1]);
        assert_eq!((stats.transaction_count(), stats.critical_path_weight(), stats.total_weight()), (5, 3, 5));
        let path = stats.critical_path().iter().map(|step| (step.transaction.0, step.account.map(|account| account.0)));
        assert_eq!(path.collect::<Vec<_>>(), [(0, None), (2, Some(0)), (4, Some(0))]);
        let hottest = AccountHeat { account: AccountIndex(0), locked_count: 4, written_count: 2, waited_count: 3 };
        assert_eq!(stats.hottest(1), [hottest]);
        assert_eq!(stats.hottest(9).len(), 2);
        assert_eq!((stats.makespan_bound(1), stats.makespan_bound(2)), (5, 4));
    }

    #[test]
    fn weights_move_the_critical_path() {
        let block: &[&[AccountLock]] = &[&[w(0)], &[w(1)], &[w(0)], &[w(1)]];
        let stats = BlockStats::measure(block.iter().copied(), |tx| if tx.0 == 3 { 10 } else { 1 });
        assert_eq!(stats.critical_path_weight(), 11);
        assert_eq!(stats.critical_path().last().map(|step| step.transaction.0), Some(3));
    }

    #[test]
    fn an_empty_block_has_no_path() {
        let stats = BlockStats::measure([], |_| 1);
        assert_eq!((stats.wave_count(), stats.critical_path().len(), stats.hottest(3).len()), (0, 0, 0));
        let stats = BlockStats::measure([&[][..]], |_| 0);
        assert_eq!((stats.wave_count(), stats.critical_path().len()), (1, 1));
    }
}
