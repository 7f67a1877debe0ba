//! Sysvars that a fixture gives as accounts.

use heddle_types::{Account, Pubkey, ids::sysvar};
use heddle_vm::SysvarCache;

/// What the account data of one sysvar must have.
#[derive(Clone, Copy)]
enum Shape {
    /// At least so many bytes.
    Struct(usize),
    /// A count, and so many entries of this size in bytes.
    List(usize),
}

/// Every sysvar that a cache holds (`solana-program-runtime` 4.2, `sysvar_cache.rs`).
const CACHED: [(Pubkey, Shape); 8] = [
    (sysvar::clock::ID, Shape::Struct(40)),
    (sysvar::epoch_schedule::ID, Shape::Struct(33)),
    (sysvar::epoch_rewards::ID, Shape::Struct(81)),
    (sysvar::rent::ID, Shape::Struct(17)),
    (sysvar::last_restart_slot::ID, Shape::Struct(8)),
    (sysvar::slot_hashes::ID, Shape::List(40)),
    (sysvar::stake_history::ID, Shape::List(32)),
    (sysvar::recent_blockhashes::ID, Shape::List(40)),
];

impl Shape {
    fn fits(self, data: &[u8]) -> bool {
        match self {
            Self::Struct(size_bytes) => data.len() >= size_bytes,
            Self::List(entry_bytes) => data
                .split_first_chunk()
                .is_some_and(|(count, entries)| (entries.len() / entry_bytes) as u64 >= u64::from_le_bytes(*count)),
        }
    }
}

/// Takes over every sysvar that an account holds, whoever owns it; of two with one address the first counts. Data that
/// does not decode is none.
pub(crate) fn fill(cache: &mut SysvarCache, accounts: &[(Pubkey, Account)], counts: impl Fn(&Account) -> bool) {
    for (key, shape) in CACHED {
        let account = accounts.iter().find(|(candidate, _)| *candidate == key).map(|(_, account)| account);
        if let Some(account) = account.filter(|account| counts(account) && shape.fits(&account.data)) {
            cache.set_account_data(key, &account.data);
        }
    }
}

#[cfg(test)]
mod tests {
    use heddle_types::ids::system_program;

    use super::*;

    #[test]
    fn only_what_decodes_counts() {
        let account = |key, data: &[u8]| (key, Account::new(1, data, system_program::ID));
        let mut cache = SysvarCache::empty();
        let lists = [1u64.to_le_bytes().to_vec(), vec![0; 40]].concat();
        let accounts = [
            account(sysvar::clock::ID, &[1; 39]),
            account(sysvar::slot_hashes::ID, &lists),
            account(sysvar::stake_history::ID, &lists[..39]),
            account(sysvar::rent::ID, &[0; 17]),
            account(sysvar::rent::ID, &[1; 17]),
            account(sysvar::instructions::ID, &[0; 100]),
        ];
        fill(&mut cache, &accounts, |_| true);
        let held: Vec<&Pubkey> = cache.entries().iter().map(|(key, _)| key).collect();
        assert_eq!(held, [&sysvar::rent::ID, &sysvar::slot_hashes::ID]);
        assert_eq!(cache.rent.lamports_per_byte, 0);
        fill(&mut cache, &accounts, |_| false);
        assert_eq!(cache.entries().len(), 2);
    }
}
