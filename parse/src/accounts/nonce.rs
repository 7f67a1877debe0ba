//! Nonce accounts (crate `solana-nonce` 3.4): both versions are shown alike, an uninitialised one is no nonce account.

use serde_json::{Value, json};

use super::state;
use crate::reader::Reader;

const VERSION_MAX: u32 = 1;

pub(super) fn parse(data: &[u8]) -> Option<Value> {
    let mut reader = Reader::new(data);
    if reader.u32()? > VERSION_MAX || reader.u32()? != 1 {
        return None;
    }
    let authority = reader.key()?;
    let blockhash = reader.hash()?;
    let lamports_per_signature = reader.u64()?;
    let info = json!({
        "authority": authority.to_string(),
        "blockhash": blockhash,
        "feeCalculator": { "lamportsPerSignature": lamports_per_signature.to_string() },
    });
    Some(state("initialized", info))
}
