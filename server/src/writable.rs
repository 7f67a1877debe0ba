//! Which accounts a transaction may write: what it declares, as the engine demotes it.
//!
//! Reserved keys are never written; called programs only beside the upgradeable loader (crate `solana-message` 4.4,
//! `is_maybe_writable`).

use heddle_types::{Pubkey, SanitizedTransaction, ids};

/// Every key of a transaction, lookup tables resolved into `loaded`, and whether it may write it.
pub(crate) fn keys<'a>(
    transaction: &'a SanitizedTransaction,
    loaded: &'a [Pubkey],
) -> impl Iterator<Item = (&'a Pubkey, bool)> {
    let all = || transaction.static_keys().iter().chain(loaded);
    let mut is_invoked = [false; 256];
    if !all().any(|key| *key == ids::bpf_loader_upgradeable::ID) {
        transaction.instructions().for_each(|instruction| is_invoked[usize::from(instruction.program_index)] = true);
    }
    all().enumerate().map(move |(index, key)| {
        let is_demoted =
            is_invoked.get(index).is_some_and(|is_invoked| *is_invoked) || heddle_programs::is_reserved(key);
        (key, transaction.is_writable_declared(index) && !is_demoted)
    })
}
