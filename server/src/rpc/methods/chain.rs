//! Where the chain is: slots, heights, blockhashes, fees and rent.

use heddle_engine::VerifiedTransaction;
use heddle_types::{SanitizedTransaction, limits};
use serde_json::{Value, json};

use super::{API_VERSION, with_context};
use crate::{
    rpc::{Context, ContextConfig, Params, RpcError, parse_hash},
    show::from_base64,
};

pub(super) fn health(context: &Context, _: &Params) -> Result<Value, RpcError> {
    match context.live.halted() {
        None => Ok(json!("ok")),
        Some(cause) => Err(RpcError::unhealthy(cause)),
    }
}

pub(super) fn version(_: &Context, _: &Params) -> Result<Value, RpcError> {
    // Tools compare `solana-core` with versions that they know, so it says whose rules we follow.
    Ok(json!({ "solana-core": API_VERSION, "feature-set": 0, "heddle": env!("CARGO_PKG_VERSION") }))
}

pub(super) fn genesis_hash(context: &Context, _: &Params) -> Result<Value, RpcError> {
    let genesis = context.live.chain().store().header(0)?;
    Ok(json!(genesis.unwrap_or_default().block_hash.to_string()))
}

pub(super) fn slot(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let (_, view) = context.view(&params.config(0)?)?;
    Ok(json!(view.slot()))
}

pub(super) fn block_height(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let (_, view) = context.view(&params.config(0)?)?;
    Ok(json!(view.blockhash_count()))
}

pub(super) fn transaction_count(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let (_, view) = context.view(&params.config(0)?)?;
    Ok(json!(view.transaction_count()))
}

pub(super) fn epoch_info(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let (chain, view) = context.view(&params.config(0)?)?;
    let schedule = chain.engine().epoch_schedule();
    let slot = view.slot();
    let epoch = schedule.epoch(slot);
    Ok(json!({
        "absoluteSlot": slot,
        "blockHeight": view.blockhash_count(),
        "epoch": epoch,
        "slotIndex": slot - crate::live::first_slot(&schedule, epoch),
        "slotsInEpoch": crate::live::slots_in_epoch(&schedule, epoch),
        "transactionCount": view.transaction_count(),
    }))
}

pub(super) fn epoch_schedule(context: &Context, _: &Params) -> Result<Value, RpcError> {
    let schedule = context.live.chain().engine().epoch_schedule();
    Ok(json!({
        "slotsPerEpoch": schedule.slots_per_epoch,
        "leaderScheduleSlotOffset": schedule.leader_schedule_slot_offset,
        "warmup": schedule.warmup,
        "firstNormalEpoch": schedule.first_normal_epoch,
        "firstNormalSlot": schedule.first_normal_slot,
    }))
}

pub(super) fn latest_blockhash(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let (_, view) = context.view(&params.config(0)?)?;
    let value = json!({
        "blockhash": view.header().blockhash.to_string(),
        "lastValidBlockHeight": view.blockhash_count() + limits::BLOCKHASH_AGE_BLOCKS_MAX,
    });
    Ok(with_context(view.slot(), value))
}

pub(super) fn is_blockhash_valid(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let blockhash = parse_hash(&params.required::<String>(0)?)?;
    let (chain, view) = context.view(&params.config(1)?)?;
    Ok(with_context(view.slot(), json!(chain.engine().blockhash_age(&blockhash).is_some())))
}

pub(super) fn minimum_balance(_: &Context, params: &Params) -> Result<Value, RpcError> {
    let size_bytes: u64 = params.required(0)?;
    let bytes = size_bytes.saturating_add(limits::RENT_ACCOUNT_OVERHEAD_BYTES);
    Ok(json!(bytes.saturating_mul(limits::RENT_LAMPORTS_PER_BYTE)))
}

pub(super) fn fee_for_message(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let text: String = params.required(0)?;
    let config: ContextConfig = params.config(1)?;
    let message = from_base64(&text).ok_or_else(|| RpcError::invalid_params("invalid base64 encoding"))?;
    let transaction = unsigned(&message)?;
    let (chain, view) = context.view(&config)?;
    let is_recent = chain.engine().blockhash_age(transaction.recent_blockhash()).is_some();
    let fee = VerifiedTransaction::without_verification(transaction).fee_lamports();
    // A nonce in the place of the blockhash is asked for, too; the fee does not depend on it.
    let value = if is_recent { fee.ok() } else { None };
    Ok(with_context(view.slot(), json!(value)))
}

/// The message as a transaction whose signatures are all zero.
fn unsigned(message: &[u8]) -> Result<SanitizedTransaction, RpcError> {
    const VERSION_MARK: u8 = 0x80;
    let first = message.first().copied().unwrap_or_default();
    let version = (first & VERSION_MARK != 0).then_some(first & !VERSION_MARK);
    let signatures = usize::from(if version.is_some() { message.get(1).copied().unwrap_or_default() } else { first });
    let zeros = vec![0; signatures * 64];
    let bytes = match version {
        // v1 has its signatures at the end, and their number in its message.
        Some(1) => [message, &zeros].concat(),
        _ if signatures < 128 => [&[signatures as u8], &zeros[..], message].concat(),
        _ => return Err(RpcError::invalid_params("invalid transaction: too many signatures")),
    };
    SanitizedTransaction::from_bytes(bytes.into())
        .map_err(|error| RpcError::invalid_params(format!("failed to deserialize message: {error}")))
}
