//! Config accounts: what validators say about themselves, as JSON inside.

use serde_json::{Value, json};

use super::state;
use crate::{programs::VALIDATOR_INFO, reader::Reader};

pub(super) fn parse(data: &[u8]) -> Option<Value> {
    let mut reader = Reader::new(data);
    let count = reader.compact_u16()?;
    let mut keys = Vec::new();
    for _ in 0..count {
        keys.push((reader.key()?, reader.bool()?));
    }
    if keys.first()?.0 != VALIDATOR_INFO {
        return None;
    }
    let config_data: Value = serde_json::from_str(reader.text_u64()?).ok()?;
    let keys = keys
        .iter()
        .map(|(key, is_signer)| json!({ "pubkey": key.to_string(), "signer": is_signer }))
        .collect::<Vec<_>>();
    Some(state("validatorInfo", json!({ "keys": keys, "configData": config_data })))
}
