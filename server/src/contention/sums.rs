//! What is known of one account that transactions waited for, and how such sums add up.

use std::cmp::Reverse;

use heddle_types::Pubkey;

use crate::live::SignatureBytes;

/// Accounts that one block keeps, and one second: more than anybody may ask for, because an account may be hot all minute and
/// be among the hottest of few seconds.
pub(super) const ACCOUNTS_MAX: usize = 128;
/// Entries of a list that are shown.
pub(super) const SHOWN_MAX: usize = 10;
/// Entries of a list that are kept.
const ENTRIES_KEPT: usize = 16;
/// Entries of a list that are collected before the fewest are given up.
const ENTRIES_MAX: usize = 4 * ENTRIES_KEPT;

/// A transaction that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// Which.
    pub signature: SignatureBytes,
    /// In which block.
    pub slot: u64,
    /// What it waited for.
    pub blocked_by: SignatureBytes,
}

/// Sums of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Waits {
    pub(super) locked: u64,
    pub(super) written: u64,
    pub(super) waited: u64,
    pub(super) waited_ns: u64,
    pub(super) behind: Shares,
    pub(super) programs: Shares,
    /// Newest first, at most [`SHOWN_MAX`].
    pub(super) waiting: Vec<Waiter>,
}

impl Waits {
    /// Adds the figures of a later time.
    pub(super) fn add_later(&mut self, later: &Self) {
        self.locked += later.locked;
        self.written += later.written;
        self.waited += later.waited;
        self.waited_ns = self.waited_ns.saturating_add(later.waited_ns);
        self.behind.add_all(&later.behind);
        self.programs.add_all(&later.programs);
        self.waiting.splice(0..0, later.waiting.iter().copied());
        self.waiting.truncate(SHOWN_MAX);
    }

    /// Sorts by this: the hottest first, of equal ones by address.
    pub(super) fn rank(&self, address: &Pubkey) -> (Reverse<u64>, Reverse<u64>, Pubkey) {
        (Reverse(self.waited_ns), Reverse(self.waited), *address)
    }
}

/// How many transactions of each of some accounts; the most frequent, if there are many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares(Vec<(Pubkey, u64)>);

impl Shares {
    /// Of entries of different keys.
    pub(super) fn new(mut entries: Vec<(Pubkey, u64)>) -> Self {
        keep_most(&mut entries, ENTRIES_KEPT);
        entries.shrink_to_fit();
        Self(entries)
    }

    fn add_all(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
        if self.0.len() > ENTRIES_MAX {
            sum_up(&mut self.0);
            keep_most(&mut self.0, ENTRIES_KEPT);
        }
    }

    /// The sums of several, most first, at most [`SHOWN_MAX`].
    pub(super) fn most<'a>(all: impl Iterator<Item = &'a Self>) -> Vec<(Pubkey, u64)> {
        let mut entries: Vec<(Pubkey, u64)> = all.flat_map(|shares| &shares.0).copied().collect();
        sum_up(&mut entries);
        keep_most(&mut entries, SHOWN_MAX);
        entries
    }
}

/// Makes one entry of those with the same key.
fn sum_up(entries: &mut Vec<(Pubkey, u64)>) {
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries.dedup_by(|(key, count), (kept, sum)| {
        let is_same = key == kept;
        *sum += if is_same { *count } else { 0 };
        is_same
    });
}

/// Most first, of equal ones by key.
fn keep_most(entries: &mut Vec<(Pubkey, u64)>, count_max: usize) {
    entries.sort_unstable_by_key(|(key, count)| (Reverse(*count), *key));
    entries.truncate(count_max);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Pubkey {
        Pubkey::new_from_array([n; 32])
    }

    #[test]
    fn shares_add_up_and_the_fewest_go() {
        let mut sum = Shares::default();
        for n in 0..100 {
            sum.add_all(&Shares::new(vec![(key(200), 2), (key(n), 1), (key(201), 3)]));
            assert!(sum.0.len() <= ENTRIES_MAX);
        }
        let most = Shares::most([&sum, &Shares::new(vec![(key(7), 1000)])].into_iter());
        assert_eq!((most[0].0, most[1], most[2]), (key(7), (key(201), 300), (key(200), 200)));
        assert_eq!(most.len(), SHOWN_MAX);
    }
}
