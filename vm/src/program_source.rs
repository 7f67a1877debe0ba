//! Where a running transaction finds the program behind an executable account.

use std::sync::Arc;

use heddle_types::{Account, Pubkey};

use crate::ProgramEntry;

/// Resolves program accounts; the engine implements it over its account table and the program cache.
pub trait ProgramSource: Send + Sync {
    /// The program at `key`, whose account is `account` and is owned by one of the BPF loaders; `None` if there is
    /// nothing to execute there.
    fn program(&self, key: &Pubkey, account: &Account) -> Option<Arc<ProgramEntry>>;
}

/// A source without programs: for transactions of builtins only.
pub struct NoPrograms;

impl ProgramSource for NoPrograms {
    fn program(&self, _key: &Pubkey, _account: &Account) -> Option<Arc<ProgramEntry>> {
        None
    }
}
