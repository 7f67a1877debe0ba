//! Sysvars, each at its address (crate `solana-account-decoder` 4.3.2, `parse_sysvar.rs`).

use heddle_types::{Pubkey, ids::sysvar};
use serde_json::{Value, json};

use super::state;
use crate::reader::Reader;

/// How many slots the slot history shows, one character each.
const SLOT_HISTORY_BITS: usize = 1024 * 1024;

pub(super) fn parse(key: &Pubkey, data: &[u8]) -> Option<Value> {
    let reader = &mut Reader::new(data);
    match *key {
        sysvar::clock::ID => Some(state("clock", clock(reader)?)),
        sysvar::epoch_schedule::ID => Some(state("epochSchedule", epoch_schedule(reader)?)),
        sysvar::fees::ID => Some(state("fees", json!({ "feeCalculator": fee_calculator(reader)? }))),
        sysvar::recent_blockhashes::ID => Some(state("recentBlockhashes", reader.list(recent_blockhash)?.into())),
        sysvar::rent::ID => Some(state("rent", rent(reader)?)),
        sysvar::rewards::ID => Some(state("rewards", rewards(reader)?)),
        sysvar::slot_hashes::ID => Some(state("slotHashes", reader.list(slot_hash)?.into())),
        sysvar::slot_history::ID => Some(state("slotHistory", slot_history(reader)?)),
        sysvar::stake_history::ID => Some(state("stakeHistory", reader.list(stake_history_entry)?.into())),
        sysvar::last_restart_slot::ID => Some(state("lastRestartSlot", json!({ "lastRestartSlot": reader.u64()? }))),
        sysvar::epoch_rewards::ID => Some(state("epochRewards", epoch_rewards(reader)?)),
        _ => None,
    }
}

fn clock(reader: &mut Reader<'_>) -> Option<Value> {
    let slot = reader.u64()?;
    let epoch_start_timestamp = reader.i64()?;
    Some(json!({
        "slot": slot,
        "epoch": reader.u64()?,
        "epochStartTimestamp": epoch_start_timestamp,
        "leaderScheduleEpoch": reader.u64()?,
        "unixTimestamp": reader.i64()?,
    }))
}

fn epoch_schedule(reader: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "slotsPerEpoch": reader.u64()?,
        "leaderScheduleSlotOffset": reader.u64()?,
        "warmup": reader.bool()?,
        "firstNormalEpoch": reader.u64()?,
        "firstNormalSlot": reader.u64()?,
    }))
}

fn fee_calculator(reader: &mut Reader<'_>) -> Option<Value> {
    Some(json!({ "lamportsPerSignature": reader.u64()?.to_string() }))
}

fn recent_blockhash(reader: &mut Reader<'_>) -> Option<Value> {
    Some(json!({ "blockhash": reader.hash()?, "feeCalculator": fee_calculator(reader)? }))
}

fn rent(reader: &mut Reader<'_>) -> Option<Value> {
    let lamports_per_byte = reader.u64()?;
    // The threshold and what was burnt once: not shown, but there.
    reader.bytes(9)?;
    Some(json!({ "lamportsPerByte": lamports_per_byte.to_string() }))
}

fn rewards(reader: &mut Reader<'_>) -> Option<Value> {
    let validator_point_value = reader.f64()?;
    let _unused = reader.f64()?;
    Some(json!({ "validatorPointValue": validator_point_value }))
}

fn slot_hash(reader: &mut Reader<'_>) -> Option<Value> {
    Some(json!({ "slot": reader.u64()?, "hash": reader.hash()? }))
}

/// Bits behind an option and a count of words, then how many of them count.
fn slot_history(reader: &mut Reader<'_>) -> Option<Value> {
    let words = reader.option(|reader| reader.list(Reader::u64))?.unwrap_or_default();
    let bit_count = usize::try_from(reader.u64()?).ok()?;
    let next_slot = reader.u64()?;
    // Agave panics where the history is shorter than the protocol's.
    if bit_count < SLOT_HISTORY_BITS || bit_count.div_ceil(64) > words.len() {
        return None;
    }
    let bits = words.iter().flat_map(|word| (0..64).map(move |bit| if word >> bit & 1 == 1 { '1' } else { '0' }));
    Some(json!({ "nextSlot": next_slot, "bits": bits.take(SLOT_HISTORY_BITS).collect::<String>() }))
}

fn stake_history_entry(reader: &mut Reader<'_>) -> Option<Value> {
    let epoch = reader.u64()?;
    let stake_history = json!({
        "effective": reader.u64()?,
        "activating": reader.u64()?,
        "deactivating": reader.u64()?,
    });
    Some(json!({ "epoch": epoch, "stakeHistory": stake_history }))
}

fn epoch_rewards(reader: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "distributionStartingBlockHeight": reader.u64()?,
        "numPartitions": reader.u64()?,
        "parentBlockhash": reader.hash()?,
        "totalPoints": reader.u128()?.to_string(),
        "totalRewards": reader.u64()?.to_string(),
        "distributedRewards": reader.u64()?.to_string(),
        "active": reader.bool()?,
    }))
}
