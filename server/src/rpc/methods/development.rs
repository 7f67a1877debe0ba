//! What a developer may do to a chain of his own: write accounts, move time, go back, begin again, look closely.
//!
//! Names begin with `heddle_`. All but the profile change the chain and are only served where the node allows it.

use heddle_engine::{Outcome, VerifiedTransaction};
use heddle_types::{Account, BlockHeader, limits};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{submit::WireEncoding, with_context};
use crate::{
    live::{CommandError, Travel},
    rpc::{Context, Params, RpcError, parse_address, transaction_error},
    show::{base58, from_base64},
};

/// Refuses where the chain is not a developer's.
fn check_allowed(context: &Context) -> Result<(), RpcError> {
    if context.allows_development {
        return Ok(());
    }
    Err(RpcError::invalid_request("methods that change the chain are off on this node (--no-development)"))
}

fn done(result: Result<BlockHeader, CommandError>) -> Result<Value, RpcError> {
    let header = result.map_err(|error| match error {
        CommandError::Backwards { .. } => RpcError::invalid_params(error.to_string()),
        CommandError::Engine(error) => RpcError::invalid_request(error.to_string()),
        CommandError::Open(_) | CommandError::Stopping => RpcError::internal(error),
    })?;
    Ok(json!({
        "slot": header.slot,
        "unixTimestamp": header.unix_timestamp,
        "blockhash": header.blockhash.to_string(),
        "stateHash": header.state_hash.to_string(),
    }))
}

/// What is to change of an account; what is not named stays.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct AccountChange {
    lamports: Option<u64>,
    owner: Option<String>,
    executable: Option<bool>,
    /// Text in base64, or `[text, encoding]` as answers have it.
    data: Option<Value>,
    /// Whether the account is to be removed.
    remove: bool,
}

pub(super) fn set_account(context: &Context, params: &Params) -> Result<Value, RpcError> {
    check_allowed(context)?;
    let key = params.address(0)?;
    let change: AccountChange = params.required(1)?;
    if change.remove {
        return done(context.live.set_accounts(vec![(key, None)]));
    }
    let before = context.live.chain().view(crate::live::Commitment::Processed).account(&key)?;
    let mut account = before.unwrap_or_default();
    if let Some(owner) = &change.owner {
        account.owner = parse_address(owner)?;
    }
    if let Some(data) = &change.data {
        account.data = bytes(data)?.into();
    }
    account.executable = change.executable.unwrap_or(account.executable);
    account.lamports = change.lamports.unwrap_or(account.lamports);
    check(&account)?;
    done(context.live.set_accounts(vec![(key, Some(account))]))
}

/// Refuses what no transaction could leave behind.
fn check(account: &Account) -> Result<(), RpcError> {
    if account.lamports == 0 {
        return Err(RpcError::invalid_params(
            "an account without lamports does not exist: give lamports, or \"remove\": true",
        ));
    }
    if account.data.len() > limits::ACCOUNT_DATA_BYTES_MAX {
        let message = format!("{} bytes of data; {} are allowed", account.data.len(), limits::ACCOUNT_DATA_BYTES_MAX);
        return Err(RpcError::invalid_params(message));
    }
    Ok(())
}

fn bytes(value: &Value) -> Result<Vec<u8>, RpcError> {
    let (text, encoding) = match value {
        Value::String(text) => (text.as_str(), "base64"),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(text), Value::String(encoding)] => (text.as_str(), encoding.as_str()),
            _ => return Err(RpcError::invalid_params("data is neither text nor [text, encoding]")),
        },
        _ => return Err(RpcError::invalid_params("data is neither text nor [text, encoding]")),
    };
    let invalid = || RpcError::invalid_params(format!("data is no {encoding}"));
    match encoding {
        "base64" => from_base64(text).ok_or_else(invalid),
        "base58" if text.len() <= 1024 => bs58::decode(text).into_vec().map_err(|_| invalid()),
        "base58" => Err(RpcError::invalid_params("data is too long for base58")),
        "base64+zstd" => {
            let compressed = from_base64(text).ok_or_else(invalid)?;
            zstd::bulk::decompress(&compressed, limits::ACCOUNT_DATA_BYTES_MAX).map_err(|_| invalid())
        }
        _ => Err(RpcError::invalid_params(format!("unknown encoding {encoding:?}"))),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct TravelConfig {
    absolute_slot: Option<u64>,
    absolute_epoch: Option<u64>,
    /// In Unix seconds.
    absolute_timestamp: Option<i64>,
}

pub(super) fn time_travel(context: &Context, params: &Params) -> Result<Value, RpcError> {
    check_allowed(context)?;
    let config: TravelConfig = params.required(0)?;
    let to = match (config.absolute_slot, config.absolute_epoch, config.absolute_timestamp) {
        (Some(slot), None, None) => Travel::Slot(slot),
        (None, Some(epoch), None) => Travel::Epoch(epoch),
        (None, None, Some(unix_timestamp)) => Travel::UnixTimestamp(unix_timestamp),
        _ => {
            let message = "give one of absoluteSlot, absoluteEpoch and absoluteTimestamp";
            return Err(RpcError::invalid_params(message));
        }
    };
    done(context.live.travel(to))
}

pub(super) fn pause_clock(context: &Context, _: &Params) -> Result<Value, RpcError> {
    check_allowed(context)?;
    done(context.live.set_paused(true))
}

pub(super) fn resume_clock(context: &Context, _: &Params) -> Result<Value, RpcError> {
    check_allowed(context)?;
    done(context.live.set_paused(false))
}

/// A point to go back to: the newest block, once it is durable.
pub(super) fn snapshot(context: &Context, _: &Params) -> Result<Value, RpcError> {
    check_allowed(context)?;
    done(context.live.settle())
}

pub(super) fn revert(context: &Context, params: &Params) -> Result<Value, RpcError> {
    check_allowed(context)?;
    // What `heddle_snapshot` answered, or its slot.
    let slot = match params.required::<Value>(0)? {
        Value::Object(snapshot) => snapshot.get("slot").and_then(Value::as_u64),
        value => value.as_u64(),
    };
    let slot = slot.ok_or_else(|| RpcError::invalid_params("the slot of a snapshot is needed"))?;
    done(context.live.revert_to(slot))
}

pub(super) fn reset(context: &Context, _: &Params) -> Result<Value, RpcError> {
    check_allowed(context)?;
    done(context.live.reset())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProfileConfig {
    encoding: Option<WireEncoding>,
}

/// Where a transaction's compute units go: each instruction, and each that it invoked.
pub(super) fn profile_transaction(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let text: String = params.required(0)?;
    let config: ProfileConfig = params.config(1)?;
    let transaction = VerifiedTransaction::without_verification(config.encoding.unwrap_or_default().decode(&text)?);
    let chain = context.live.chain();
    let simulation = chain.engine().simulate(&transaction).map_err(RpcError::internal)?;
    let slot = chain.slot(crate::live::Commitment::Processed);
    let receipt = match &simulation.outcome {
        Outcome::Rejected(error) => {
            let value = json!({ "err": transaction_error(error), "unitsConsumed": 0, "instructions": [], "logs": [] });
            return Ok(with_context(slot, value));
        }
        Outcome::Processed(receipt) => receipt,
    };
    let details = receipt.details.clone().unwrap_or_default();
    let key = |index: u8| simulation.accounts.get(usize::from(index)).map(|(key, _)| key.to_string());
    let instructions = transaction.transaction().instructions().enumerate().map(|(index, instruction)| {
        let inner = details.inner_instructions.iter().filter(|inner| usize::from(inner.top_level_index) == index);
        let inner = inner.map(|inner| {
            json!({
                "programId": key(inner.program_index),
                "stackHeight": inner.stack_height,
                "unitsConsumed": inner.compute_units,
                "data": base58(&inner.data),
            })
        });
        json!({
            "programId": key(instruction.program_index),
            "unitsConsumed": details.instruction_compute_units.get(index),
            "inner": inner.collect::<Value>(),
        })
    });
    let value = json!({
        "err": receipt.status.as_ref().err().map(transaction_error),
        "unitsConsumed": receipt.compute_units,
        "loadedAccountsDataSize": receipt.loaded_data_bytes,
        "fee": receipt.fee_lamports,
        "instructions": instructions.collect::<Value>(),
        "logs": details.logs,
    });
    Ok(with_context(slot, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_in_every_encoding() {
        assert_eq!(bytes(&json!("aGk=")).expect("base64"), b"hi");
        assert_eq!(bytes(&json!(["8wr", "base58"])).expect("base58"), b"hi");
        let compressed = crate::show::base64(&zstd::encode_all(&b"hi"[..], 0).expect("zstd"));
        assert_eq!(bytes(&json!([compressed, "base64+zstd"])).expect("zstd"), b"hi");
        assert!(bytes(&json!(5)).is_err() && bytes(&json!(["x", "hex"])).is_err());
        assert!(check(&Account::default()).is_err());
    }
}
