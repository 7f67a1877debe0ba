//! The accounts that any chain begins with: native programs and the shipped sBPF programs.
//!
//! It knows nothing of sysvars, features and people's accounts; the engine adds those.

use heddle_types::{Account, Pubkey};
use solana_sdk_ids::{
    bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable, compute_budget, ed25519_program, native_loader,
    secp256k1_program, secp256r1_program, system_program, vote, zk_elgamal_proof_program,
};

use crate::elf;

/// Native programs and what their accounts hold: a builtin's name (crate `solana-builtins` 4.2.2), nothing for a
/// precompile.
const NATIVE: [(Pubkey, &str); 10] = [
    (system_program::ID, "solana_system_program"),
    (vote::ID, "solana_vote_program"),
    (bpf_loader_deprecated::ID, "solana_bpf_loader_program"),
    (bpf_loader::ID, "solana_bpf_loader_program"),
    (bpf_loader_upgradeable::ID, "solana_bpf_loader_upgradeable_program"),
    (compute_budget::ID, "compute_budget_program"),
    (zk_elgamal_proof_program::ID, "zk_elgamal_proof_program"),
    (ed25519_program::ID, ""),
    (secp256k1_program::ID, ""),
    (secp256r1_program::ID, ""),
];

/// Native and shipped programs as accounts, in ascending order of key.
pub fn genesis_accounts() -> Vec<(Pubkey, Account)> {
    let native = NATIVE.map(|(key, name)| (key, native_account(name)));
    let mut accounts = elf::accounts();
    accounts.extend(native);
    accounts.sort_unstable_by_key(|(key, _)| *key);
    accounts
}

/// One lamport keeps it there; nobody can write it, so no rent check ever sees it.
fn native_account(name: &str) -> Account {
    Account { executable: true, ..Account::new(1, name.as_bytes(), native_loader::ID) }
}

#[cfg(test)]
mod tests {
    use heddle_types::limits;

    use super::*;

    #[test]
    fn sorted_unique_and_exempt() {
        let accounts = genesis_accounts();
        assert!(accounts.is_sorted_by(|(a, _), (b, _)| a < b));
        for (key, account) in &accounts {
            let is_native = account.owner == native_loader::ID;
            let balance = if is_native { 1 } else { limits::rent_exempt_minimum(account.data.len()) };
            assert_eq!(account.lamports, balance, "{key}");
        }
        // Two loader-v2 memos and the associated token account are one account each, the rest are two.
        assert_eq!(accounts.len(), NATIVE.len() + 3 + 2 * 7);
    }
}
