//! Lock sets of blocks for the conflict graph: so many accounts per transaction, and how they conflict.

use std::fmt;

use heddle_types::AccountLock;

use crate::random::{Random, Zipf};

/// Accounts that transactions under [`Conflict::Zipf`] choose from.
const ZIPF_ACCOUNT_COUNT: u32 = 10_000;

/// What the transactions of a block have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Nothing: every account is written by one transaction.
    None,
    /// The last account of each is one that all read, as a program is; the others are written by one transaction.
    ReadByAll,
    /// All accounts are written and drawn by Zipf's law (exponent 1, of 10,000 accounts).
    Zipf,
    /// The last account of each is one that all write: a chain.
    WrittenByAll,
}

impl Conflict {
    /// From none to all.
    pub const ALL: [Self; 4] = [Self::None, Self::ReadByAll, Self::Zipf, Self::WrittenByAll];
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no conflict",
            Self::ReadByAll => "one read by all",
            Self::Zipf => "zipf",
            Self::WrittenByAll => "one written by all",
        })
    }
}

/// The lock sets of `transactions` transactions of `accounts` accounts each. Accounts that are alone are scattered over
/// a million, as keys are over an account table.
pub fn lock_sets(conflict: Conflict, accounts: u32, transactions: u32) -> Vec<Vec<AccountLock>> {
    if conflict == Conflict::Zipf {
        return zipf_sets(accounts, transactions);
    }
    let shared = match conflict {
        Conflict::ReadByAll => Some(AccountLock::readonly(0)),
        Conflict::WrittenByAll => Some(AccountLock::writable(0)),
        Conflict::None | Conflict::Zipf => None,
    };
    let own_count = accounts - u32::from(shared.is_some());
    (0..transactions)
        .map(|transaction| {
            let own = (0..own_count).map(|n| scattered(transaction * own_count + n)).map(AccountLock::writable);
            own.chain(shared).collect()
        })
        .collect()
}

/// A permutation of `0..1_000_003` (a prime), from 1 on.
fn scattered(number: u32) -> u32 {
    const PRIME: u64 = 1_000_003;
    1 + (u64::from(number) * 7_919 % PRIME) as u32
}

fn zipf_sets(accounts: u32, transactions: u32) -> Vec<Vec<AccountLock>> {
    let (zipf, mut random) = (Zipf::new(ZIPF_ACCOUNT_COUNT), Random::new(accounts.into()));
    let mut draw_set = || {
        let mut locks: Vec<AccountLock> = Vec::with_capacity(accounts as usize);
        while locks.len() < accounts as usize {
            let lock = AccountLock::writable(scattered(zipf.draw(&mut random)));
            if !locks.contains(&lock) {
                locks.push(lock);
            }
        }
        locks
    };
    (0..transactions).map(|_| draw_set()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Accounts that more than one transaction locks, and the most transactions that lock one.
    fn shared(conflict: Conflict) -> (usize, usize) {
        let sets = lock_sets(conflict, 3, 1_000);
        assert!(sets.iter().all(|set| set.len() == 3));
        let mut counts: HashMap<_, usize> = HashMap::new();
        sets.iter().flatten().for_each(|lock| *counts.entry(lock.account).or_default() += 1);
        (counts.values().filter(|&&count| count > 1).count(), counts.values().copied().max().unwrap())
    }

    #[test]
    fn conflicts_are_what_they_say() {
        assert_eq!(shared(Conflict::None), (0, 1));
        assert_eq!(shared(Conflict::ReadByAll), (1, 1_000));
        assert_eq!(shared(Conflict::WrittenByAll), (1, 1_000));
        let (accounts, most) = shared(Conflict::Zipf);
        assert!(accounts > 100 && (200..600).contains(&most), "{accounts} {most}");
    }
}
