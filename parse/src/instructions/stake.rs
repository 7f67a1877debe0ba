//! The stake program (crate `solana-stake-interface` 4.4, `instruction.rs`).

use heddle_types::Pubkey;
use serde_json::{Map, Value, json};

use super::Call;
use crate::reader::Reader;

const MOVE: [&str; 3] = ["source", "destination", "stakeAuthority"];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    let data = &mut Reader::new(data);
    match data.u32()? {
        0 => initialize(accounts, data),
        1 => authorize(accounts, data),
        2 => delegate(accounts),
        3 => {
            let call = Call::new("split", accounts, &["stakeAccount", "newSplitAccount", "stakeAuthority"])?;
            Some(call.with("lamports", data.u64()?))
        }
        4 => withdraw(accounts, data),
        5 => Call::new("deactivate", accounts, &["stakeAccount", "clockSysvar", "stakeAuthority"]),
        6 => {
            let lockup = lockup(data.option(Reader::i64)?, data.option(Reader::u64)?, data.option(Reader::key)?);
            Some(Call::new("setLockup", accounts, &["stakeAccount", "custodian"])?.with("lockup", lockup))
        }
        7 => merge(accounts),
        8 => authorize_with_seed(accounts, data),
        9 => Call::new("initializeChecked", accounts, &["stakeAccount", "rentSysvar", "staker", "withdrawer"]),
        10 => authorize_checked(accounts, data),
        11 => authorize_checked_with_seed(accounts, data),
        12 => {
            let lockup = lockup(data.option(Reader::i64)?, data.option(Reader::u64)?, accounts.get(2).copied());
            Some(Call::new("setLockupChecked", accounts, &["stakeAccount", "custodian"])?.with("lockup", lockup))
        }
        13 => Call::new("getMinimumDelegation", accounts, &[]),
        14 => Call::new("deactivateDelinquent", accounts, &["stakeAccount", "voteAccount", "referenceVoteAccount"]),
        15 => redelegate(accounts),
        16 => Some(Call::new("moveStake", accounts, &MOVE)?.with("lamports", data.u64()?)),
        17 => Some(Call::new("moveLamports", accounts, &MOVE)?.with("lamports", data.u64()?)),
        _ => None,
    }
}

fn initialize<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let authorized = json!({ "staker": data.key()?.to_string(), "withdrawer": data.key()?.to_string() });
    let lockup = lockup(Some(data.i64()?), Some(data.u64()?), Some(data.key()?));
    let call = Call::new("initialize", accounts, &["stakeAccount", "rentSysvar"])?;
    Some(call.with("authorized", authorized).with("lockup", lockup))
}

fn authorize<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("authorize", accounts, &["stakeAccount", "clockSysvar", "authority"])?;
    let call = call.with_key("newAuthority", data.key()?).with("authorityType", authority(data)?);
    Some(call.with_account_if_any("custodian", 3))
}

fn delegate(accounts: &[Pubkey]) -> Option<Call<'_>> {
    let roles =
        ["stakeAccount", "voteAccount", "clockSysvar", "stakeHistorySysvar", "stakeConfigAccount", "stakeAuthority"];
    Call::new("delegate", accounts, &roles)
}

fn withdraw<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["stakeAccount", "destination", "clockSysvar", "stakeHistorySysvar", "withdrawAuthority"];
    let call = Call::new("withdraw", accounts, &roles)?.with("lamports", data.u64()?);
    Some(call.with_account_if_any("custodian", 5))
}

fn merge(accounts: &[Pubkey]) -> Option<Call<'_>> {
    let roles = ["destination", "source", "clockSysvar", "stakeHistorySysvar", "stakeAuthority"];
    Call::new("merge", accounts, &roles)
}

fn authorize_with_seed<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("authorizeWithSeed", accounts, &["stakeAccount", "authorityBase"])?;
    let call = call.with_key("newAuthorized", data.key()?);
    let call = with_seed(call, data)?;
    Some(call.with_account_if_any("clockSysvar", 2).with_account_if_any("custodian", 3))
}

fn authorize_checked<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["stakeAccount", "clockSysvar", "authority", "newAuthority"];
    let call = Call::new("authorizeChecked", accounts, &roles)?.with("authorityType", authority(data)?);
    Some(call.with_account_if_any("custodian", 4))
}

fn authorize_checked_with_seed<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["stakeAccount", "authorityBase", "clockSysvar", "newAuthorized"];
    let call = with_seed(Call::new("authorizeCheckedWithSeed", accounts, &roles)?, data)?;
    Some(call.with_account_if_any("custodian", 4))
}

fn redelegate(accounts: &[Pubkey]) -> Option<Call<'_>> {
    let roles = ["stakeAccount", "newStakeAccount", "voteAccount", "stakeConfigAccount", "stakeAuthority"];
    Call::new("redelegate", accounts, &roles)
}

fn with_seed<'a>(call: Call<'a>, data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = call.with("authorityType", authority(data)?);
    Some(call.with("authoritySeed", data.text_u64()?).with_key("authorityOwner", data.key()?))
}

fn authority(data: &mut Reader<'_>) -> Option<&'static str> {
    match data.u32()? {
        0 => Some("Staker"),
        1 => Some("Withdrawer"),
        _ => None,
    }
}

/// Only what is given is shown.
fn lockup(unix_timestamp: Option<i64>, epoch: Option<u64>, custodian: Option<Pubkey>) -> Map<String, Value> {
    let fields = [
        ("unixTimestamp", unix_timestamp.map(Value::from)),
        ("epoch", epoch.map(Value::from)),
        ("custodian", custodian.map(|key| Value::from(key.to_string()))),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
