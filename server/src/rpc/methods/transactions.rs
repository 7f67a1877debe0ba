//! Transactions of the ledger, by signature and by address.

use heddle_types::{Pubkey, SanitizedTransaction, TransactionPlace};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{blocks::decimals, with_context};
use crate::{
    live::{Commitment, LiveChain},
    rpc::{Context, ContextConfig, Params, RpcError, parse_signature, transaction_error, transaction_status},
    show::{
        base58,
        transaction::{self, Shown, TransactionEncoding},
    },
};

/// Signatures that may be asked for at once (Solana's `MAX_GET_SIGNATURE_STATUSES_QUERY_ITEMS`).
const STATUSES_MAX: usize = 256;
/// Signatures in one answer (Solana's `MAX_GET_CONFIRMED_SIGNATURES_FOR_ADDRESS2_LIMIT`).
const SIGNATURES_MAX: usize = 1000;

pub(super) fn signature_statuses(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let texts: Vec<String> = params.required(0)?;
    if texts.len() > STATUSES_MAX {
        return Err(RpcError::invalid_params(format!("Too many inputs provided; max {STATUSES_MAX}")));
    }
    let signatures: Vec<[u8; 64]> = texts.iter().map(|text| parse_signature(text)).collect::<Result<_, _>>()?;
    let chain = context.live.chain();
    let slot = chain.slot(Commitment::Processed);
    let statuses = signatures.iter().map(|signature| {
        let Some(found) = chain.signature_status(signature)? else { return Ok(Value::Null) };
        let is_durable = found.commitment > Commitment::Processed;
        Ok(json!({
            "slot": found.slot,
            // Votes on top of it; null once it is rooted, which durable blocks are.
            "confirmations": if is_durable { Value::Null } else { json!(0) },
            "status": transaction_status(&found.status),
            "err": found.status.as_ref().err().map(transaction_error),
            "confirmationStatus": if is_durable { "finalized" } else { "processed" },
        }))
    });
    Ok(with_context(slot, Value::Array(statuses.collect::<Result<_, RpcError>>()?)))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TransactionConfig {
    #[serde(flatten)]
    context: ContextConfig,
    encoding: Option<TransactionEncoding>,
    max_supported_transaction_version: Option<u8>,
}

pub(super) fn transaction(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let signature = params.signature(0)?;
    // Old clients give the encoding alone.
    let config = match params.optional::<Value>(1)? {
        Some(Value::String(_)) => TransactionConfig { encoding: params.optional(1)?, ..TransactionConfig::default() },
        _ => params.config(1)?,
    };
    let (chain, view) = context.durable_view(&config.context)?;
    check_indexed(chain.store().ledger()?.signatures_from)?;
    let place = chain.store().place_of(&signature)?.filter(|place| place.slot <= view.slot());
    let Some(place) = place else { return Ok(Value::Null) };
    let Some(stored) = chain.stored_transaction(place)? else { return Ok(Value::Null) };
    let sanitized = SanitizedTransaction::parse(&stored.wire).map_err(RpcError::internal)?;
    let shown = Shown { transaction: &sanitized, loaded_addresses: &stored.loaded_addresses, receipt: &stored.receipt };
    let version = transaction::check_version(&sanitized, config.max_supported_transaction_version)?;
    let encoding = config.encoding.unwrap_or_default();
    let header = chain.store().header(place.slot)?;
    let mut object = json!({
        "slot": place.slot,
        "transaction": transaction::transaction(shown, encoding),
        "meta": transaction::meta(shown, encoding, &|mint: &Pubkey| decimals(&view, mint)),
    });
    if let Some(version) = version {
        object["version"] = version;
    }
    object["blockTime"] = json!(header.map(|header| header.unix_timestamp));
    Ok(object)
}

/// Refuses what can only be found by an index that is not kept.
fn check_indexed(from: Option<u64>) -> Result<(), RpcError> {
    if from.is_some() { Ok(()) } else { Err(RpcError::history_not_available()) }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SignaturesConfig {
    #[serde(flatten)]
    context: ContextConfig,
    before: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
}

pub(super) fn signatures_for_address(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let address = params.address(0)?;
    let config: SignaturesConfig = params.config(1)?;
    let limit = config.limit.unwrap_or(SIGNATURES_MAX);
    if limit == 0 || limit > SIGNATURES_MAX {
        return Err(RpcError::invalid_params(format!("Invalid limit; max {SIGNATURES_MAX}")));
    }
    let (chain, view) = context.durable_view(&config.context)?;
    check_indexed(chain.store().ledger()?.addresses_from)?;
    let place_of = |text: &Option<String>| -> Result<Option<TransactionPlace>, RpcError> {
        let Some(text) = text else { return Ok(None) };
        Ok(chain.store().place_of(&parse_signature(text)?)?)
    };
    let (before, until) = (place_of(&config.before)?, place_of(&config.until)?);
    if config.before.is_some() && before.is_none() {
        // Nothing is older than what is not known.
        return Ok(json!([]));
    }
    let newest = TransactionPlace { slot: view.slot().saturating_add(1), position: 0 };
    let places = chain.store().places_naming(&address, Some(before.unwrap_or(newest).min(newest)), limit)?;
    let places = places.into_iter().take_while(|place| until.is_none_or(|until| *place > until));
    let shown = places.filter_map(|place| signature_facts(&chain, place).transpose());
    Ok(Value::Array(shown.collect::<Result<_, _>>()?))
}

fn signature_facts(chain: &LiveChain, place: TransactionPlace) -> Result<Option<Value>, RpcError> {
    let Some(stored) = chain.stored_transaction(place)? else { return Ok(None) };
    let sanitized = SanitizedTransaction::parse(&stored.wire).map_err(RpcError::internal)?;
    let header = chain.store().header(place.slot)?;
    Ok(Some(json!({
        "signature": base58(&sanitized.signatures()[0]),
        "slot": place.slot,
        "err": stored.receipt.status.as_ref().err().map(transaction_error),
        "memo": memo(&sanitized),
        "blockTime": header.map(|header| header.unix_timestamp),
        "confirmationStatus": "finalized",
    })))
}

/// Memos of a transaction, each with its length, as Solana's nodes join them.
fn memo(transaction: &SanitizedTransaction) -> Option<String> {
    let memos = transaction.instructions().filter_map(|instruction| {
        let program = transaction.static_keys().get(usize::from(instruction.program_index))?;
        heddle_parse::is_memo_program(program).then(|| heddle_parse::memo_line(instruction.data))
    });
    let joined = memos.collect::<Vec<_>>().join("; ");
    (!joined.is_empty()).then_some(joined)
}
