//! Vote accounts: versions 1.14.11, 3 and 4, all shown as version 4 (crate `solana-vote-interface` 6.1,
//! `state/vote_state_deserialize.rs`; what older versions lack is as SIMD-0185 says).

use std::collections::BTreeMap;

use heddle_types::Pubkey;
use serde_json::{Value, json};

use super::state;
use crate::reader::Reader;

const BLS_KEY_SIZE_BYTES: usize = 48;
/// 32 former voters with the epochs of their terms, an index, and whether there are any.
const PRIOR_VOTERS_SIZE_BYTES: usize = 32 * (32 + 8 + 8) + 8 + 1;
const BASIS_POINTS_MAX: u16 = 10_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Votes without latency.
    V1,
    V3,
    V4,
}

/// Who gets which share of what.
struct Rewards {
    inflation_bps: u16,
    inflation_collector: Pubkey,
    block_collector: Pubkey,
    block_bps: u16,
    pending: u64,
    bls_key: Option<[u8; BLS_KEY_SIZE_BYTES]>,
}

pub(super) fn parse(key: &Pubkey, data: &[u8]) -> Option<Value> {
    let reader = &mut Reader::new(data);
    let version = match reader.u32()? {
        1 => Version::V1,
        2 => Version::V3,
        3 => Version::V4,
        _ => return None,
    };
    let node = reader.key()?;
    let withdrawer = reader.key()?;
    let rewards = if version == Version::V4 { rewards(reader)? } else { old_rewards(reader, key, node)? };
    let votes = reader.list(|reader| vote(reader, version))?;
    let root_slot = reader.option(Reader::u64)?;
    // Of voters of one epoch the last counts, and they are shown by epoch.
    let voters = reader.list(|reader| Some((reader.u64()?, reader.key()?)))?.into_iter().collect::<BTreeMap<_, _>>();
    if version != Version::V4 {
        reader.bytes(PRIOR_VOTERS_SIZE_BYTES)?;
    }
    let epoch_credits = reader.list(epoch_credits)?;
    let last_timestamp = json!({ "slot": reader.u64()?, "timestamp": reader.i64()? });
    let info = json!({
        "nodePubkey": node.to_string(),
        "authorizedWithdrawer": withdrawer.to_string(),
        "commission": rewards.inflation_bps.div_ceil(100).min(u16::from(u8::MAX)),
        "votes": votes,
        "rootSlot": root_slot,
        "authorizedVoters": voters
            .iter()
            .map(|(epoch, voter)| json!({ "epoch": epoch, "authorizedVoter": voter.to_string() }))
            .collect::<Vec<_>>(),
        // Version 4 keeps none.
        "priorVoters": [],
        "epochCredits": epoch_credits,
        "lastTimestamp": last_timestamp,
        "inflationRewardsCommissionBps": rewards.inflation_bps,
        "inflationRewardsCollector": rewards.inflation_collector.to_string(),
        "blockRevenueCollector": rewards.block_collector.to_string(),
        "blockRevenueCommissionBps": rewards.block_bps,
        "pendingDelegatorRewards": rewards.pending.to_string(),
        "blsPubkeyCompressed": rewards.bls_key.map(|bytes| bs58::encode(bytes).into_string()),
    });
    Some(state("vote", info))
}

fn rewards(reader: &mut Reader<'_>) -> Option<Rewards> {
    Some(Rewards {
        inflation_collector: reader.key()?,
        block_collector: reader.key()?,
        inflation_bps: reader.u16()?,
        block_bps: reader.u16()?,
        pending: reader.u64()?,
        bls_key: reader.option(Reader::array)?,
    })
}

fn old_rewards(reader: &mut Reader<'_>, key: &Pubkey, node: Pubkey) -> Option<Rewards> {
    let commission_percent = reader.u8()?;
    Some(Rewards {
        inflation_bps: u16::from(commission_percent) * 100,
        inflation_collector: *key,
        block_collector: node,
        block_bps: BASIS_POINTS_MAX,
        pending: 0,
        bls_key: None,
    })
}

fn vote(reader: &mut Reader<'_>, version: Version) -> Option<Value> {
    let latency = if version == Version::V1 { 0 } else { reader.u8()? };
    Some(json!({ "latency": latency, "slot": reader.u64()?, "confirmationCount": reader.u32()? }))
}

fn epoch_credits(reader: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "epoch": reader.u64()?,
        "credits": reader.u64()?.to_string(),
        "previousCredits": reader.u64()?.to_string(),
    }))
}
