//! Accounts of loader v3: programs, their data, and buffers (crate `solana-loader-v3-interface` 7.0, `state.rs`).

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{bare_state, state, text};
use crate::reader::Reader;

pub(super) fn parse(data: &[u8]) -> Option<Value> {
    let mut reader = Reader::new(data);
    match reader.u32()? {
        0 => Some(bare_state("uninitialized")),
        1 => {
            let authority = reader.option(Reader::key)?;
            Some(state("buffer", json!({ "authority": text(authority), "data": rest(reader) })))
        }
        2 => Some(state("program", json!({ "programData": reader.key()?.to_string() }))),
        3 => {
            let slot = reader.u64()?;
            let authority = reader.option(Reader::key)?;
            let info = json!({ "slot": slot, "authority": text(authority), "data": rest(reader) });
            Some(state("programData", info))
        }
        _ => None,
    }
}

/// The program's bytes: where there is no authority they begin in its place.
fn rest(reader: Reader<'_>) -> Value {
    json!([BASE64_STANDARD.encode(reader.rest()), "base64"])
}
