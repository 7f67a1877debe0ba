//! The last minute, second by second. Knows no clock: it is told which second it is.

use std::collections::VecDeque;

use ahash::RandomState;
use hashbrown::HashMap;
use heddle_types::Pubkey;

use super::{
    analysis::BlockWaits,
    sums::{ACCOUNTS_MAX, SHOWN_MAX, Shares, Waiter, Waits},
};

/// Seconds that are remembered.
pub(super) const SECONDS: u64 = 60;

type AccountWaits = HashMap<Pubkey, Waits, RandomState>;

/// See the [module](self).
#[derive(Default)]
pub(super) struct Window {
    /// Oldest first.
    seconds: VecDeque<Second>,
}

struct Second {
    second: u64,
    blocks: u64,
    transactions: u64,
    waves: u64,
    accounts: AccountWaits,
}

/// What the last minute was like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Blocks that were measured; those without transactions are not.
    pub blocks: u64,
    /// Their transactions.
    pub transactions: u64,
    /// The longest chain of any of them, in transactions.
    pub waves: u64,
    /// By the time that was waited for them, most first.
    pub accounts: Vec<HotAccount>,
}

/// An account that transactions waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotAccount {
    /// Which.
    pub address: Pubkey,
    /// Transactions that lock it, of blocks in which somebody waited for it.
    pub locked: u64,
    /// Those of them that write it.
    pub written: u64,
    /// Those that it held up.
    pub waited: u64,
    /// For how long, in nanoseconds.
    pub waited_ns: u64,
    /// Other accounts that those it held up write, with how many do; most first.
    pub behind: Vec<(Pubkey, u64)>,
    /// Programs that those it held up call, with how many do; most first.
    pub programs: Vec<(Pubkey, u64)>,
    /// Those it held up, newest first.
    pub waiting: Vec<Waiter>,
}

impl Window {
    /// Adds a block that was executed in `second`, which is not before that of the block before.
    pub(super) fn add(&mut self, second: u64, block: BlockWaits) {
        while self.seconds.front().is_some_and(|oldest| !is_recent(oldest, second)) {
            self.seconds.pop_front();
        }
        if self.seconds.back().is_none_or(|newest| newest.second < second) {
            let accounts = AccountWaits::default();
            self.seconds.push_back(Second { second, blocks: 0, transactions: 0, waves: 0, accounts });
        }
        if let Some(newest) = self.seconds.back_mut() {
            newest.add(block);
        }
    }

    /// The minute that ends with `second`, with the hottest `top` accounts.
    pub(super) fn report(&self, second: u64, top: usize) -> Report {
        let seconds = || self.seconds.iter().filter(|each| is_recent(each, second));
        let mut times: HashMap<Pubkey, Waits, RandomState> = HashMap::default();
        for (address, waits) in seconds().flat_map(|each| &each.accounts) {
            let sum = times.entry(*address).or_default();
            sum.waited += waits.waited;
            sum.waited_ns = sum.waited_ns.saturating_add(waits.waited_ns);
        }
        let mut hottest: Vec<(Pubkey, Waits)> = times.into_iter().collect();
        hottest.sort_unstable_by_key(|(address, waits)| waits.rank(address));
        hottest.truncate(top);
        let account = |(address, _): (Pubkey, Waits)| {
            let parts: Vec<&Waits> = seconds().filter_map(|each| each.accounts.get(&address)).collect();
            HotAccount::of(address, &parts)
        };
        Report {
            blocks: seconds().map(|each| each.blocks).sum(),
            transactions: seconds().map(|each| each.transactions).sum(),
            waves: seconds().map(|each| each.waves).max().unwrap_or_default(),
            accounts: hottest.into_iter().map(account).collect(),
        }
    }

    /// Forgets everything: blocks were taken back.
    pub(super) fn clear(&mut self) {
        self.seconds.clear();
    }
}

fn is_recent(each: &Second, second: u64) -> bool {
    each.second.saturating_add(SECONDS) > second
}

impl Second {
    fn add(&mut self, block: BlockWaits) {
        self.blocks += 1;
        self.transactions += block.transactions;
        self.waves = self.waves.max(block.waves);
        for (address, waits) in block.accounts {
            self.accounts.entry(address).or_default().add_later(&waits);
        }
        // Not each time: a second may have a thousand blocks.
        if self.accounts.len() > 2 * ACCOUNTS_MAX {
            let mut accounts: Vec<(Pubkey, Waits)> = self.accounts.drain().collect();
            accounts.select_nth_unstable_by_key(ACCOUNTS_MAX, |(address, waits)| waits.rank(address));
            accounts.truncate(ACCOUNTS_MAX);
            self.accounts.extend(accounts);
        }
    }
}

impl HotAccount {
    /// `parts`: oldest first.
    fn of(address: Pubkey, parts: &[&Waits]) -> Self {
        let sum = |figure: fn(&Waits) -> u64| parts.iter().map(|part| figure(part)).fold(0, u64::saturating_add);
        Self {
            address,
            locked: sum(|part| part.locked),
            written: sum(|part| part.written),
            waited: sum(|part| part.waited),
            waited_ns: sum(|part| part.waited_ns),
            behind: Shares::most(parts.iter().map(|part| &part.behind)),
            programs: Shares::most(parts.iter().map(|part| &part.programs)),
            waiting: parts.iter().rev().flat_map(|part| &part.waiting).take(SHOWN_MAX).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u32) -> Pubkey {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        Pubkey::new_from_array(bytes)
    }

    fn block(slot: u64, accounts: &[(u32, u64)]) -> BlockWaits {
        let waits = |&(n, waited_ns): &(u32, u64)| {
            let waiting = vec![Waiter { signature: [n as u8; 64], slot, blocked_by: [0; 64] }];
            let behind = Shares::new(vec![(key(1000 + n), 1), (key(999), 1)]);
            (key(n), Waits { locked: 3, written: 2, waited: 1, waited_ns, behind, waiting, ..Waits::default() })
        };
        BlockWaits { transactions: 5, waves: slot, accounts: accounts.iter().map(waits).collect() }
    }

    #[test]
    fn a_minute_adds_up_and_what_is_older_goes() {
        let mut window = Window::default();
        window.add(10, block(1, &[(1, 700), (2, 50)]));
        window.add(10, block(2, &[(2, 50)]));
        window.add(69, block(3, &[(2, 700)]));
        let report = window.report(69, 20);
        assert_eq!((report.blocks, report.transactions, report.waves), (3, 15, 3));
        let [first, second] = &report.accounts[..] else { panic!("{report:?}") };
        assert_eq!((first.address, first.locked, first.written, first.waited, first.waited_ns), (key(2), 9, 6, 3, 800));
        assert_eq!(first.behind, [(key(999), 3), (key(1002), 3)]);
        assert_eq!(first.waiting.iter().map(|waiter| waiter.slot).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!((second.address, second.waited_ns), (key(1), 700));
        assert_eq!(window.report(69, 1).accounts.len(), 1);
        // The tenth second is over sixty seconds later, whether or not a block came since.
        let report = window.report(70, 20);
        assert_eq!((report.blocks, report.accounts.len(), report.accounts[0].waited_ns), (1, 1, 700));
        assert_eq!(window.report(129, 20), Report::default());
        window.add(200, block(4, &[]));
        assert_eq!(window.seconds.len(), 1);
        window.clear();
        assert_eq!(window.report(200, 20), Report::default());
    }

    #[test]
    fn a_second_keeps_the_hottest() {
        let mut window = Window::default();
        for n in 0..2000 {
            window.add(1, block(1, &[(n, u64::from(n)), (5000, 1)]));
            assert!(window.seconds[0].accounts.len() <= 2 * ACCOUNTS_MAX);
        }
        let report = window.report(1, 100);
        // First what a little was waited for in every block, then those that much was waited for once.
        let expected: Vec<Pubkey> = [5000].into_iter().chain((1901..2000).rev()).map(key).collect();
        assert_eq!(report.accounts.iter().map(|account| account.address).collect::<Vec<_>>(), expected);
    }
}
