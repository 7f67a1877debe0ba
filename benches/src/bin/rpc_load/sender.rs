//! One connection that signs and sends transfers, each another transaction.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use heddle_types::{Hash, Pubkey, ids};
use serde_json::{Value, json};

use crate::client::{Client, Failure};

/// Lamports of each account: enough for a week.
const FUNDS: u64 = 1_000_000_000_000_000;
/// How often a sender asks for a new blockhash, in requests.
const REQUESTS_PER_BLOCKHASH: u64 = 20;

/// What all senders count.
#[derive(Default)]
pub struct Counters {
    pub accepted: AtomicU64,
    pub refused: AtomicU64,
}

pub struct Sender {
    pub client: Client,
    pub keys: Arc<Vec<SigningKey>>,
    pub counters: Arc<Counters>,
    pub is_over: Arc<AtomicBool>,
    pub number: usize,
    pub batch: usize,
    pub preflight: bool,
}

/// Keys from numbers.
pub fn keys(count: usize) -> Vec<SigningKey> {
    let seed = |number: usize| {
        let mut seed = [0x5a; 32];
        seed[..8].copy_from_slice(&(number as u64).to_le_bytes());
        seed
    };
    (0..count).map(|number| SigningKey::from_bytes(&seed(number))).collect()
}

/// Gives every account what it needs.
pub fn fund(client: &mut Client, keys: &[SigningKey]) -> Result<(), Failure> {
    for key in keys {
        let address = Pubkey::new_from_array(key.verifying_key().to_bytes()).to_string();
        client.call("heddle_setAccount", &json!([address, { "lamports": FUNDS }]))?;
    }
    Ok(())
}

impl Sender {
    pub fn run(mut self) -> Result<(), Failure> {
        let mut blockhash = Hash::default();
        // Lamports tell transfers of the same pair apart; senders have ranges of their own.
        let mut lamports = self.number as u64 * 1_000_000_000 + 1;
        for request in 0u64.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            if request.is_multiple_of(REQUESTS_PER_BLOCKHASH) {
                let latest = self.client.call("getLatestBlockhash", &json!([{ "commitment": "processed" }]))?;
                let text = latest["value"]["blockhash"].as_str().unwrap_or_default();
                blockhash = text.parse().map_err(|_| Failure::Answer(latest.to_string()))?;
            }
            let body: Vec<Value> = (0..self.batch)
                .map(|_| {
                    lamports += 1;
                    let from = &self.keys[lamports as usize % self.keys.len()];
                    let to = &self.keys[(lamports as usize * 7 + 1) % self.keys.len()];
                    let wire = transfer(from, to, lamports, &blockhash);
                    let config = json!({ "encoding": "base64", "skipPreflight": !self.preflight });
                    json!({ "jsonrpc": "2.0", "id": 1, "method": "sendTransaction", "params": [STANDARD.encode(wire), config] })
                })
                .collect();
            let answers: Value = serde_json::from_slice(&self.client.post(Value::Array(body).to_string().as_bytes())?)?;
            let answers = answers.as_array().ok_or_else(|| Failure::Answer(answers.to_string()))?;
            let accepted = answers.iter().filter(|answer| answer.get("result").is_some()).count() as u64;
            self.counters.accepted.fetch_add(accepted, Ordering::Relaxed);
            self.counters.refused.fetch_add(answers.len() as u64 - accepted, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A signed transfer.
fn transfer(from: &SigningKey, to: &SigningKey, lamports: u64, blockhash: &Hash) -> Vec<u8> {
    let mut message = vec![1, 0, 1, 3];
    message.extend_from_slice(from.verifying_key().as_bytes());
    let to_key = to.verifying_key();
    message.extend_from_slice(to_key.as_bytes());
    message.extend_from_slice(ids::system_program::ID.as_ref());
    message.extend_from_slice(blockhash.as_ref());
    message.extend_from_slice(&[1, 2, 2, 0, 1, 12, 2, 0, 0, 0]);
    message.extend_from_slice(&lamports.to_le_bytes());
    let mut wire = vec![1];
    wire.extend_from_slice(&from.sign(&message).to_bytes());
    wire.extend_from_slice(&message);
    wire
}
