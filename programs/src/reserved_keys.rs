//! Addresses that no transaction can write: sysvars and builtins. A writable lock on one is demoted to a read.
//!
//! Source: crate `agave-reserved-account-keys` 4.2.2, where every key is active. It knows nothing of the other demotion
//! (invoked programs), which depends on the transaction.

use heddle_types::Pubkey;
use solana_sdk_ids::{
    address_lookup_table, bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable, compute_budget, config,
    ed25519_program, feature, loader_v4, native_loader, secp256k1_program, secp256r1_program, stake, system_program,
    sysvar, vote, zk_elgamal_proof_program, zk_token_proof_program,
};

/// Every reserved key, in ascending order of bytes.
pub static RESERVED_KEYS: [Pubkey; 31] = [
    system_program::ID,
    address_lookup_table::ID,
    bpf_loader_deprecated::ID,
    bpf_loader::ID,
    bpf_loader_upgradeable::ID,
    compute_budget::ID,
    config::ID,
    ed25519_program::ID,
    feature::ID,
    secp256k1_program::ID,
    loader_v4::ID,
    native_loader::ID,
    secp256r1_program::ID,
    stake::ID,
    stake::config::ID,
    sysvar::ID,
    sysvar::instructions::ID,
    sysvar::clock::ID,
    sysvar::epoch_rewards::ID,
    sysvar::epoch_schedule::ID,
    sysvar::fees::ID,
    sysvar::last_restart_slot::ID,
    sysvar::recent_blockhashes::ID,
    sysvar::rent::ID,
    sysvar::rewards::ID,
    sysvar::slot_hashes::ID,
    sysvar::slot_history::ID,
    sysvar::stake_history::ID,
    vote::ID,
    zk_elgamal_proof_program::ID,
    zk_token_proof_program::ID,
];

/// No reserved key starts with a larger byte: 247 of 256 ordinary keys are told apart by this alone.
const FIRST_BYTE_MAX: u8 = RESERVED_KEYS_LAST.as_array()[0];
const RESERVED_KEYS_LAST: Pubkey = zk_token_proof_program::ID;

/// Whether no transaction may write `key`. O(log n), and one comparison for nearly all keys.
#[inline]
pub fn is_reserved(key: &Pubkey) -> bool {
    key.as_array()[0] <= FIRST_BYTE_MAX && RESERVED_KEYS.binary_search(key).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found() {
        assert!(RESERVED_KEYS.is_sorted_by(|a, b| a < b));
        assert_eq!(RESERVED_KEYS.last(), Some(&RESERVED_KEYS_LAST));
        assert!(RESERVED_KEYS.iter().all(is_reserved));
    }

    #[test]
    fn neighbours_are_not_reserved() {
        for key in &RESERVED_KEYS {
            let mut bytes = key.to_bytes();
            bytes[31] ^= 1;
            let neighbour = Pubkey::new_from_array(bytes);
            assert_eq!(is_reserved(&neighbour), RESERVED_KEYS.contains(&neighbour), "{neighbour}");
        }
        assert!(!is_reserved(&Pubkey::new_from_array([255; 32])));
        assert!(!is_reserved(&solana_sdk_ids::incinerator::ID));
    }
}
