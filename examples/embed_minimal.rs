//! A first transfer: an engine in memory, one signed transaction, one receipt.
//!
//! Any client's wire bytes will do; here the message is written out by hand to need no other crate.

use ed25519_dalek::{Signer, SigningKey};
use heddle_engine::Engine;
use heddle_types::{Hash, Pubkey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (alice, bob) = (SigningKey::from_bytes(&[1; 32]), Pubkey::new_from_array([2; 32]));

    let engine = Engine::builder().fund(address(&alice), 10_000_000_000).build()?;
    let receipt = engine.execute(&transfer(&alice, bob, 1_000_000_000, engine.latest_blockhash()))?;
    assert_eq!(receipt.status, Ok(()));
    assert_eq!(engine.account(&bob)?.map(|account| account.lamports), Some(1_000_000_000));
    println!("transferred; fee {} lamports, {} compute units", receipt.fee_lamports, receipt.compute_units);

    Ok(())
}

fn address(key: &SigningKey) -> Pubkey {
    Pubkey::new_from_array(key.verifying_key().to_bytes())
}

/// A signed legacy transaction with one system transfer.
fn transfer(from: &SigningKey, to: Pubkey, lamports: u64, blockhash: Hash) -> Vec<u8> {
    // Header: one signature, no read-only signers, one read-only key (the system program); then three keys.
    let mut message = vec![1, 0, 1, 3];
    message.extend_from_slice(address(from).as_ref());
    message.extend_from_slice(to.as_ref());
    message.extend_from_slice(Pubkey::default().as_ref());
    message.extend_from_slice(blockhash.as_ref());
    // One instruction: program 2, accounts 0 and 1, twelve bytes: tag 2 (transfer) and the amount.
    message.extend_from_slice(&[1, 2, 2, 0, 1, 12, 2, 0, 0, 0]);
    message.extend_from_slice(&lamports.to_le_bytes());
    let mut wire_bytes = vec![1];
    wire_bytes.extend_from_slice(&from.sign(&message).to_bytes());
    wire_bytes.extend_from_slice(&message);
    wire_bytes
}
