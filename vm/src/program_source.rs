//! Where a running transaction finds the program behind an executable account.

use std::sync::Arc;

use heddle_types::{Account, Pubkey};

use crate::ProgramEntry;

/// Resolves program accounts; the engine implements it over its account table and the program cache.
pub trait ProgramSource: Send + Sync {
    /// The program at `key`, whose account is `account` and is owned by one of the BPF loaders; `None` if nobody deployed
    /// one there.
    fn program(&self, key: &Pubkey, account: &Account) -> Option<Arc<ProgramEntry>>;

    /// Whether [`Self::program`] answers the same for the rest of the block: then a machine need not ask again.
    fn is_settled(&self, key: &Pubkey, account: &Account) -> bool {
        let _ = (key, account);
        false
    }

    /// Whether the account at `key`, which this transaction has written, belonged to a BPF loader when it began.
    fn was_program(&self, key: &Pubkey) -> bool;
}

/// A source without programs: for transactions of builtins only.
pub struct NoPrograms;

impl ProgramSource for NoPrograms {
    fn program(&self, _key: &Pubkey, _account: &Account) -> Option<Arc<ProgramEntry>> {
        None
    }

    fn was_program(&self, _key: &Pubkey) -> bool {
        false
    }
}
