//! One block: who held up whom, and for how long. A pure function of the block's locks and units.

use std::cmp::Reverse;

use ahash::RandomState;
use hashbrown::HashMap;
use heddle_types::{AccountLock, Pubkey};

use super::{
    locks::BlockLocks,
    sums::{ACCOUNTS_MAX, SHOWN_MAX, Shares, Waiter, Waits},
};

/// What became of one block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BlockWaits {
    pub(super) transactions: u64,
    /// The longest chain, in transactions.
    pub(super) waves: u64,
    /// The hottest accounts, each once, in no particular order; at most [`ACCOUNTS_MAX`].
    pub(super) accounts: Vec<(Pubkey, Waits)>,
}

/// When a transaction ends, and which it is.
#[derive(Clone, Copy)]
struct End {
    at_ns: u64,
    transaction: u32,
}

/// An account at some point of the block.
#[derive(Clone, Default)]
struct Trace {
    locked: u64,
    written: u64,
    waited: u64,
    waited_ns: u64,
    /// The last writer, and how deep its chain is.
    writer: Option<End>,
    writer_depth: u64,
    /// The reader since that ends last, and the deepest chain of a reader since.
    reader: Option<End>,
    reader_depth: u64,
}

/// What held a transaction up.
#[derive(Clone, Copy)]
struct Hold {
    account: u32,
    blocked_by: u32,
    waited_ns: u64,
}

/// See the [module](super). O(locks).
pub(super) fn measure(block: &BlockLocks) -> BlockWaits {
    let mut traces = vec![Trace::default(); block.account_count()];
    let mut holds: Vec<Option<Hold>> = Vec::with_capacity(block.transaction_count());
    let unit_count: u128 = (0..block.transaction_count()).map(|one| u128::from(units(block, one))).sum();
    let mut waves = 0;
    for transaction in 0..block.transaction_count() {
        let locks = block.locks(transaction);
        let (start_ns, depth, hold) = start(&traces, locks);
        let share = block.work.as_nanos() * u128::from(units(block, transaction)) / unit_count;
        let at_ns = start_ns.saturating_add(u64::try_from(share).unwrap_or(u64::MAX));
        if let Some(hold) = hold {
            let trace = &mut traces[hold.account as usize];
            trace.waited += 1;
            trace.waited_ns = trace.waited_ns.saturating_add(hold.waited_ns);
        }
        let end = End { at_ns, transaction: transaction as u32 };
        locks.iter().for_each(|lock| traces[lock.account.0 as usize].record(*lock, end, depth));
        holds.push(hold);
        waves = waves.max(depth);
    }
    let accounts = collect(block, &traces, &holds);
    BlockWaits { transactions: holds.len() as u64, waves, accounts }
}

fn units(block: &BlockLocks, transaction: usize) -> u64 {
    block.compute_units(transaction).max(1)
}

impl Trace {
    /// Whom a transaction follows through this account, and how deep that is.
    fn predecessor(&self, is_written: bool) -> Option<(End, u64)> {
        match self.reader {
            // Readers waited for the writer themselves.
            Some(reader) if is_written => Some((reader, self.reader_depth)),
            _ => self.writer.map(|writer| (writer, self.writer_depth)),
        }
    }

    fn record(&mut self, lock: AccountLock, end: End, depth: u64) {
        self.locked += 1;
        if lock.is_writable() {
            self.written += 1;
            (self.writer, self.writer_depth) = (Some(end), depth);
            (self.reader, self.reader_depth) = (None, 0);
        } else {
            self.reader_depth = self.reader_depth.max(depth);
            if self.reader.is_none_or(|reader| end.at_ns > reader.at_ns) {
                self.reader = Some(end);
            }
        }
    }
}

/// When a transaction with these locks starts, in which wave, and what holds it up.
fn start(traces: &[Trace], locks: &[AccountLock]) -> (u64, u64, Option<Hold>) {
    let mut last: Option<(u32, End)> = None;
    // The end of the last predecessor through an account that does not tie with `last`.
    let mut otherwise_ns = 0;
    let mut depth = 0;
    for lock in locks {
        let account = lock.account.0;
        let Some((end, chain)) = traces[account as usize].predecessor(lock.is_writable()) else { continue };
        depth = depth.max(chain);
        match last {
            Some((_, latest)) if end.at_ns < latest.at_ns => otherwise_ns = otherwise_ns.max(end.at_ns),
            Some((_, latest)) if end.at_ns == latest.at_ns => {}
            _ => {
                otherwise_ns = last.map_or(0, |(_, latest)| latest.at_ns);
                last = Some((account, end));
            }
        }
    }
    let start_ns = last.map_or(0, |(_, end)| end.at_ns);
    let hold =
        last.map(|(account, end)| Hold { account, blocked_by: end.transaction, waited_ns: end.at_ns - otherwise_ns });
    (start_ns, depth + 1, hold)
}

/// The hottest accounts with all that waits for them.
fn collect(block: &BlockLocks, traces: &[Trace], holds: &[Option<Hold>]) -> Vec<(Pubkey, Waits)> {
    let mut hot: Vec<u32> = (0..traces.len() as u32).filter(|&account| traces[account as usize].waited > 0).collect();
    if hot.len() > ACCOUNTS_MAX {
        hot.select_nth_unstable_by_key(ACCOUNTS_MAX, |&account| {
            let trace = &traces[account as usize];
            (Reverse(trace.waited_ns), Reverse(trace.waited), account)
        });
        hot.truncate(ACCOUNTS_MAX);
    }
    let mut waits: HashMap<u32, Waits, RandomState> = hot
        .into_iter()
        .map(|account| {
            let Trace { locked, written, waited, waited_ns, .. } = traces[account as usize];
            (account, Waits { locked, written, waited, waited_ns, ..Waits::default() })
        })
        .collect();
    let mut behind = Tally::default();
    let mut programs = Tally::default();
    // From the end: the newest come first.
    for (transaction, hold) in holds.iter().enumerate().rev() {
        let Some(hold) = hold else { continue };
        let Some(of_account) = waits.get_mut(&hold.account) else { continue };
        if of_account.waiting.len() < SHOWN_MAX {
            of_account.waiting.push(Waiter {
                signature: block.signature(transaction),
                slot: block.slot,
                blocked_by: block.signature(hold.blocked_by as usize),
            });
        }
        let written = block.locks(transaction).iter().filter(|lock| lock.is_writable()).map(|lock| lock.account.0);
        behind.count(hold.account, written.filter(|account| *account != hold.account));
        programs.count(hold.account, block.programs(transaction).iter().copied());
    }
    behind.share_out(block, &mut waits, |waits| &mut waits.behind);
    programs.share_out(block, &mut waits, |waits| &mut waits.programs);
    waits.into_iter().map(|(account, waits)| (block.key(account), waits)).collect()
}

/// Transactions by (account that held them up, another account).
#[derive(Default)]
struct Tally(HashMap<(u32, u32), u64, RandomState>);

impl Tally {
    fn count(&mut self, account: u32, others: impl Iterator<Item = u32>) {
        others.for_each(|other| *self.0.entry((account, other)).or_default() += 1);
    }

    fn share_out(
        self,
        block: &BlockLocks,
        waits: &mut HashMap<u32, Waits, RandomState>,
        list: fn(&mut Waits) -> &mut Shares,
    ) {
        let mut entries: HashMap<u32, Vec<(Pubkey, u64)>, RandomState> = HashMap::default();
        for ((account, other), count) in self.0 {
            entries.entry(account).or_default().push((block.key(other), count));
        }
        for (account, entries) in entries {
            if let Some(waits) = waits.get_mut(&account) {
                *list(waits) = Shares::new(entries);
            }
        }
    }
}

#[cfg(test)]
mod tests;
