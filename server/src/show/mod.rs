//! What the engine holds, as the JSON of Solana's nodes. Pure: reads nothing that it is not given.

pub mod account;
pub mod block;
pub mod transaction;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Bytes as base58.
pub fn base58(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}

/// Bytes as base64.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64; `None` if it is none.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
