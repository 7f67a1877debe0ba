//! The vote program (crate `solana-vote-interface` 6.1, `instruction.rs` and `state/`).

use base64::{Engine, prelude::BASE64_STANDARD};
use heddle_types::Pubkey;
use serde_json::{Value, json};

use super::Call;
use crate::reader::Reader;

const BLS_KEY_SIZE_BYTES: usize = 48;
const BLS_PROOF_SIZE_BYTES: usize = 96;
const VOTE: [&str; 4] = ["voteAccount", "slotHashesSysvar", "clockSysvar", "voteAuthority"];
const UPDATE: [&str; 2] = ["voteAccount", "voteAuthority"];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    let data = &mut Reader::new(data);
    let kind = data.u32()?;
    match kind {
        0 => initialize(accounts, data),
        1 => authorize(accounts, data),
        2 => Some(Call::new("vote", accounts, &VOTE)?.with("vote", vote(data)?)),
        3 => {
            let call = Call::new("withdraw", accounts, &["voteAccount", "destination", "withdrawAuthority"])?;
            Some(call.with("lamports", data.u64()?))
        }
        4 => {
            let roles = ["voteAccount", "newValidatorIdentity", "withdrawAuthority"];
            Call::new("updateValidatorIdentity", accounts, &roles)
        }
        5 => {
            let call = Call::new("updateCommission", accounts, &["voteAccount", "withdrawAuthority"])?;
            Some(call.with("commission", data.u8()?))
        }
        6 => {
            let call = Call::new("voteSwitch", accounts, &VOTE)?.with("vote", vote(data)?);
            Some(call.with("hash", data.hash()?))
        }
        7 => {
            let roles = ["voteAccount", "clockSysvar", "authority", "newAuthority"];
            Some(Call::new("authorizeChecked", accounts, &roles)?.with("authorityType", authority(data)?))
        }
        8 | 9 | 12..=15 => update(kind, accounts, data),
        10 => authorize_with_seed(accounts, data),
        11 => authorize_checked_with_seed(accounts, data),
        16 => initialize_v2(accounts, data),
        17 => {
            let roles = ["voteAccount", "newCollector", "withdrawAuthority"];
            Some(Call::new("updateCommissionCollector", accounts, &roles)?.with("commissionKind", commission(data)?))
        }
        18 => {
            let call = Call::new("updateCommissionBps", accounts, &["voteAccount", "withdrawAuthority"])?;
            Some(call.with("commissionBps", data.u16()?).with("commissionKind", commission(data)?))
        }
        19 => {
            let call = Call::new("depositDelegatorRewards", accounts, &["voteAccount", "source"])?;
            Some(call.with("deposit", data.u64()?))
        }
        _ => None,
    }
}

fn initialize<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let _node = data.key()?;
    let call = Call::new("initialize", accounts, &["voteAccount", "rentSysvar", "clockSysvar", "node"])?;
    let call = call.with_key("authorizedVoter", data.key()?).with_key("authorizedWithdrawer", data.key()?);
    Some(call.with("commission", data.u8()?))
}

fn initialize_v2<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["voteAccount", "node", "inflationRewardsCollector", "blockRevenueCollector"];
    let _node = data.key()?;
    let call = Call::new("initializeV2", accounts, &roles)?.with_key("authorizedVoter", data.key()?);
    let key = BASE64_STANDARD.encode(data.bytes(BLS_KEY_SIZE_BYTES)?);
    let proof = BASE64_STANDARD.encode(data.bytes(BLS_PROOF_SIZE_BYTES)?);
    let call = call.with("authorizedVoterBlsPubkey", key).with("authorizedVoterBlsProofOfPossession", proof);
    let call = call.with_key("authorizedWithdrawer", data.key()?);
    Some(call.with("inflationRewardsCommissionBps", data.u16()?).with("blockRevenueCommissionBps", data.u16()?))
}

fn authorize<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("authorize", accounts, &["voteAccount", "clockSysvar", "authority"])?;
    Some(call.with_key("newAuthority", data.key()?).with("authorityType", authority(data)?))
}

fn authorize_with_seed<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("authorizeWithSeed", accounts, &["voteAccount", "clockSysvar", "authorityBaseKey"])?;
    Some(with_seed(call, data)?.with_key("newAuthority", data.key()?))
}

fn authorize_checked_with_seed<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["voteAccount", "clockSysvar", "authorityBaseKey", "newAuthority"];
    with_seed(Call::new("authorizeCheckedWithSeed", accounts, &roles)?, data)
}

fn with_seed<'a>(call: Call<'a>, data: &mut Reader<'_>) -> Option<Call<'a>> {
    let authority = authority(data)?;
    let call = call.with_key("authorityOwner", data.key()?).with("authoritySeed", data.text_u64()?);
    Some(call.with("authorityType", authority))
}

/// Whole towers: plain, compact, and compact with a block's identity, each also with the proof of a switch.
fn update<'a>(kind: u32, accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let (name, field, tower) = match kind {
        8 => ("updatevotestate", "voteStateUpdate", tower(data)?),
        9 => ("updatevotestateswitch", "voteStateUpdate", tower(data)?),
        12 => ("compactupdatevotestate", "voteStateUpdate", compact_tower(data)?),
        13 => ("compactupdatevotestateswitch", "voteStateUpdate", compact_tower(data)?),
        14 => ("towersync", "towerSync", tower_sync(data)?),
        _ => ("towersyncswitch", "towerSync", tower_sync(data)?),
    };
    let call = Call::new(name, accounts, &UPDATE)?.with(field, tower);
    Some(if matches!(kind, 9 | 13 | 15) { call.with("hash", data.hash()?) } else { call })
}

fn vote(data: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "slots": data.list(Reader::u64)?,
        "hash": data.hash()?,
        "timestamp": data.option(Reader::i64)?,
    }))
}

fn tower(data: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "lockouts": data.list(|data| Some(lockout(data.u64()?, data.u32()?)))?,
        "root": data.option(Reader::u64)?,
        "hash": data.hash()?,
        "timestamp": data.option(Reader::i64)?,
    }))
}

/// Slots are told by their distance from the one before, the first from the root; the last slot there can be is no root.
fn compact_tower(data: &mut Reader<'_>) -> Option<Value> {
    let root = Some(data.u64()?).filter(|root| *root != u64::MAX);
    let mut slot = root.unwrap_or_default();
    let mut lockouts = Vec::new();
    for _ in 0..data.compact_u16()? {
        slot = slot.checked_add(data.varint_u64()?)?;
        lockouts.push(lockout(slot, u32::from(data.u8()?)));
    }
    Some(json!({
        "lockouts": lockouts,
        "root": root,
        "hash": data.hash()?,
        "timestamp": data.option(Reader::i64)?,
    }))
}

fn tower_sync(data: &mut Reader<'_>) -> Option<Value> {
    let mut tower = compact_tower(data)?;
    tower["blockId"] = data.hash()?.into();
    Some(tower)
}

/// The names are those of the source's fields, unlike all others.
fn lockout(slot: u64, confirmation_count: u32) -> Value {
    json!({ "slot": slot, "confirmation_count": confirmation_count })
}

fn authority(data: &mut Reader<'_>) -> Option<Value> {
    match data.u32()? {
        0 => Some("Voter".into()),
        1 => Some("Withdrawer".into()),
        2 => Some(json!({
            "VoterWithBLS": {
                "bls_pubkey": data.bytes(BLS_KEY_SIZE_BYTES)?,
                "bls_proof_of_possession": data.bytes(BLS_PROOF_SIZE_BYTES)?,
            },
        })),
        _ => None,
    }
}

fn commission(data: &mut Reader<'_>) -> Option<&'static str> {
    match data.u32()? {
        0 => Some("InflationRewards"),
        1 => Some("BlockRevenue"),
        _ => None,
    }
}
