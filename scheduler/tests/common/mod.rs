//! What the tests share: reproducible lock sets. Not every test file uses everything.
#![allow(dead_code)]

use heddle_types::AccountLock;

/// SplitMix64: the tests' only source of variety; a failure names the seed.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A lock set of at most `locks_max` of `accounts` accounts, each writable with `writable_percent`.
    pub fn lock_set(&mut self, accounts: u64, locks_max: u64, writable_percent: u64) -> Vec<AccountLock> {
        let mut locks = Vec::<AccountLock>::new();
        for _ in 0..self.below(locks_max + 1) {
            let account = self.below(accounts) as u32;
            if locks.iter().all(|lock| lock.account.0 != account) {
                let is_writable = self.below(100) < writable_percent;
                locks.push(if is_writable { AccountLock::writable(account) } else { AccountLock::readonly(account) });
            }
        }
        locks
    }
}

/// Borrows a block's lock sets as the schedule wants them.
pub fn lock_sets(block: &[Vec<AccountLock>]) -> impl Iterator<Item = &[AccountLock]> {
    block.iter().map(Vec::as_slice)
}
