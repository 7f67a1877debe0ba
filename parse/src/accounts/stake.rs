//! Stake accounts (crate `solana-stake-interface` 4.4, `state.rs`).

use serde_json::{Value, json};

use super::{bare_state, state};
use crate::reader::Reader;

pub(super) fn parse(data: &[u8]) -> Option<Value> {
    let mut reader = Reader::new(data);
    match reader.u32()? {
        0 => Some(bare_state("uninitialized")),
        1 => Some(state("initialized", json!({ "meta": meta(&mut reader)?, "stake": null }))),
        2 => {
            let meta = meta(&mut reader)?;
            let stake = stake(&mut reader)?;
            let _flags = reader.u8()?;
            Some(state("delegated", json!({ "meta": meta, "stake": stake })))
        }
        3 => Some(bare_state("rewardsPool")),
        _ => None,
    }
}

fn meta(reader: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "rentExemptReserve": reader.u64()?.to_string(),
        "authorized": { "staker": reader.key()?.to_string(), "withdrawer": reader.key()?.to_string() },
        "lockup": {
            "unixTimestamp": reader.i64()?,
            "epoch": reader.u64()?,
            "custodian": reader.key()?.to_string(),
        },
    }))
}

fn stake(reader: &mut Reader<'_>) -> Option<Value> {
    let delegation = json!({
        "voter": reader.key()?.to_string(),
        "stake": reader.u64()?.to_string(),
        "activationEpoch": reader.u64()?.to_string(),
        "deactivationEpoch": reader.u64()?.to_string(),
    });
    // Once the rate of warmup and cooldown.
    let _reserved = reader.u64()?;
    Some(json!({ "delegation": delegation, "creditsObserved": reader.u64()? }))
}
