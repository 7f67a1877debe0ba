//! Who pays for airdrops: a key, and transfers signed with it.

use std::sync::atomic::{AtomicU32, Ordering};

use ed25519_dalek::{Signer, SigningKey};
use heddle_types::{Hash, Pubkey, ids};

/// Compute-unit limits of airdrops go through this range, so that two of the same amount to the same account under one
/// blockhash are two transactions.
const UNIT_LIMIT_MIN: u32 = 1_000;
const UNIT_LIMIT_STEPS: u32 = 1_000_000;

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

    /// A signed transfer of `lamports`; each is another transaction.
    pub fn transfer(&self, to: &Pubkey, lamports: u64, blockhash: &Hash) -> Vec<u8> {
        let step = self.made.fetch_add(1, Ordering::Relaxed) % UNIT_LIMIT_STEPS;
        let message = message(&self.address(), to, lamports, UNIT_LIMIT_MIN + step, blockhash);
        let mut wire = vec![1];
        wire.extend_from_slice(&self.key.sign(&message).to_bytes());
        wire.extend_from_slice(&message);
        wire
    }
}

/// A legacy message: limit, then transfer. One to itself has one account fewer.
fn message(from: &Pubkey, to: &Pubkey, lamports: u64, unit_limit: u32, blockhash: &Hash) -> Vec<u8> {
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
    bytes.push(2);
    bytes.extend_from_slice(&[index(&ids::compute_budget::ID), 0, 5, 2]);
    bytes.extend_from_slice(&unit_limit.to_le_bytes());
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
        assert_ne!(make(&bob), make(&bob));
        for to in [faucet.address(), ids::system_program::ID, ids::compute_budget::ID] {
            make(&to);
        }
    }
}
