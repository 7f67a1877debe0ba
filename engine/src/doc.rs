//! A key and a transfer for the examples in the documentation. Not part of the API.

use ed25519_dalek::{Signer, SigningKey};
use heddle_types::{Hash, Pubkey};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

/// The address of the examples' key.
pub fn alice() -> Pubkey {
    Pubkey::new_from_array(key().verifying_key().to_bytes())
}

/// A signed legacy transaction: alice sends `lamports` to `recipient`.
pub fn transfer(recipient: Pubkey, lamports: u64, blockhash: Hash) -> Vec<u8> {
    let mut message = vec![1, 0, 1, 3];
    message.extend_from_slice(alice().as_ref());
    message.extend_from_slice(recipient.as_ref());
    message.extend_from_slice(&[0; 32]); // the system program
    message.extend_from_slice(blockhash.as_ref());
    message.extend_from_slice(&[1, 2, 2, 0, 1, 12, 2, 0, 0, 0]);
    message.extend_from_slice(&lamports.to_le_bytes());
    let mut wire = vec![1];
    wire.extend_from_slice(&key().sign(&message).to_bytes());
    wire.extend_from_slice(&message);
    wire
}
