//! Indices of the accounts that waiting transactions lock. An account has one as long as any of them waits.
//!
//! They are not those of the account table, which gives an account's index to another one once nobody uses it.

use std::collections::HashMap;

use ahash::RandomState;
use heddle_types::{AccountIndex, AccountLock, Pubkey};

/// See the [module](self).
#[derive(Default)]
pub(crate) struct WaitingAccounts {
    /// Looked up by attackers' keys: a keyed hash.
    indices: HashMap<Pubkey, u32, RandomState>,
    entries: Vec<Entry>,
    free: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Entry {
    key: Pubkey,
    /// Locks that hold it.
    count: u32,
}

impl WaitingAccounts {
    /// The lock set of these accounts: (key, whether it is writable). It holds them until it is let go.
    pub(crate) fn hold(&mut self, accounts: impl Iterator<Item = (Pubkey, bool)>) -> Box<[AccountLock]> {
        let lock = |(key, is_writable)| {
            let index = self.hold_one(key);
            if is_writable { AccountLock::writable(index) } else { AccountLock::readonly(index) }
        };
        accounts.map(lock).collect()
    }

    fn hold_one(&mut self, key: Pubkey) -> u32 {
        let Self { indices, entries, free } = self;
        let index = *indices.entry(key).or_insert_with(|| {
            let entry = Entry { key, count: 0 };
            match free.pop() {
                Some(index) => {
                    entries[index as usize] = entry;
                    index
                }
                None => {
                    entries.push(entry);
                    entries.len() as u32 - 1
                }
            }
        });
        entries[index as usize].count += 1;
        index
    }

    /// Lets the accounts of a lock set go.
    pub(crate) fn let_go(&mut self, locks: &[AccountLock]) {
        for lock in locks {
            let entry = &mut self.entries[lock.account.0 as usize];
            entry.count -= 1;
            if entry.count == 0 {
                self.indices.remove(&entry.key);
                self.free.push(lock.account.0);
            }
        }
    }

    /// The account that a lock set which is held has under `index`.
    pub(crate) fn key(&self, index: AccountIndex) -> Pubkey {
        self.entries[index.0 as usize].key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_index_while_anybody_holds_it() {
        let [a, b, c] = [1, 2, 3].map(|byte| Pubkey::new_from_array([byte; 32]));
        let mut accounts = WaitingAccounts::default();
        let first = accounts.hold([(a, true), (b, false)].into_iter());
        let second = accounts.hold([(b, true)].into_iter());
        assert_eq!(&first[..], [AccountLock::writable(0), AccountLock::readonly(1)]);
        assert_eq!(&second[..], [AccountLock::writable(1)]);
        assert_eq!(accounts.key(AccountIndex(1)), b);
        accounts.let_go(&first);
        let third = accounts.hold([(c, true), (b, true)].into_iter());
        assert_eq!(&third[..], [AccountLock::writable(0), AccountLock::writable(1)], "the index of a is used again");
        accounts.let_go(&second);
        accounts.let_go(&third);
        assert!(accounts.indices.is_empty());
        assert_eq!(accounts.free.len(), 2);
    }
}
