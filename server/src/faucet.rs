//! Who pays for airdrops: a key, and transfers signed with it.

use std::sync::atomic::{AtomicU32, Ordering};

use ed25519_dalek::{Signer, SigningKey};
use heddle_types::{Hash, Pubkey, ids};

/// What an airdrop may use; it uses 600.
const UNIT_LIMIT_MIN: u32 = 1_000;
const UNIT_LIMIT_STEPS: u32 = 1_000;
/// Loaded data is charged by pages of this size (crate `solana-compute-budget` 4.2): limits within the last page cost the same.
const PAGE_BYTES: u32 = 32 * 1024;
const LOADED_DATA_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// Makes airdrops.
pub struct Faucet {
    key: SigningKey,
    made: AtomicU32,
}

impl Faucet {
    /// A faucet whose account has this key.
    pub fn new(key: SigningKey) -> Self {
        Self { key, made: AtomicU32::new(rand::random()) }
    }

    /// Its account.
    pub fn address(&self) -> Pubkey {
        Pubkey::new_from_array(self.key.verifying_key().to_bytes())
    }

    /// A signed transfer of `lamports`. Each is another transaction, also to the same account under the same blockhash: its
    /// limits differ, by nothing that costs anything.
    pub fn transfer(&self, to: &Pubkey, lamports: u64, blockhash: &Hash) -> Vec<u8> {
        let step = self.made.fetch_add(1, Ordering::Relaxed);
        let limits = Limits {
            loaded_data_bytes: LOADED_DATA_BYTES_MAX - step % PAGE_BYTES,
            units: UNIT_LIMIT_MIN + step / PAGE_BYTES % UNIT_LIMIT_STEPS,
        };
        let message = message(&self.address(), to, lamports, limits, blockhash);
        let mut wire = vec![1];
        wire.extend_from_slice(&self.key.sign(&message).to_bytes());
        wire.extend_from_slice(&message);
        wire
    }
}

/// What a transfer asks for.
#[derive(Clone, Copy)]
struct Limits {
    loaded_data_bytes: u32,
    units: u32,
}

/// A legacy message: two limits, then the transfer. One to itself has one account fewer.
fn message(from: &Pubkey, to: &Pubkey, lamports: u64, limits: Limits, blockhash: &Hash) -> Vec<u8> {
    let mut keys = vec![*from];
    if to != from {
        keys.push(*to);
    }
    let to_index = keys.len() as u8 - 1;
    // A recipient may be one of the two programs; then the transfer is refused, as it should be.
    for program in [ids::compute_budget::ID, ids::system_program::ID] {
        if !keys.contains(&program) {
            keys.push(program);
        }
    }
    let index = |program: &Pubkey| keys.iter().position(|key| key == program).unwrap_or_default() as u8;
    let readonly_count = keys.iter().skip(1).filter(|key| *key != to).count() as u8;
    let mut bytes = vec![1, 0, readonly_count, keys.len() as u8];
    keys.iter().for_each(|key| bytes.extend_from_slice(key.as_ref()));
    bytes.extend_from_slice(blockhash.as_ref());
    bytes.push(3);
    // Tags of the compute-budget program: 2 units, 4 loaded data.
    for (tag, limit) in [(2, limits.units), (4, limits.loaded_data_bytes)] {
        bytes.extend_from_slice(&[index(&ids::compute_budget::ID), 0, 5, tag]);
        bytes.extend_from_slice(&limit.to_le_bytes());
    }
    bytes.extend_from_slice(&[index(&ids::system_program::ID), 2, 0, to_index, 12]);
    bytes.extend_from_slice(&2u32.to_le_bytes());
    bytes.extend_from_slice(&lamports.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use heddle_engine::VerifiedTransaction;

    use super::*;

    #[test]
    fn each_airdrop_is_a_valid_transaction_of_its_own() {
        let faucet = Faucet::new(SigningKey::from_bytes(&[7; 32]));
        let bob = Pubkey::new_from_array([9; 32]);
        let make = |to: &Pubkey| {
            VerifiedTransaction::new(&faucet.transfer(to, 5, &Hash::default()))
                .expect("valid")
                .message_hash()
                .to_owned()
        };
        let made: std::collections::HashSet<_> = (0..100).map(|_| make(&bob)).collect();
        assert_eq!(made.len(), 100);
        for to in [faucet.address(), ids::system_program::ID, ids::compute_budget::ID] {
            make(&to);
        }
    }
}
