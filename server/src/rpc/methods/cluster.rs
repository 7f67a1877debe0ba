//! What a cluster of one node says of itself: it leads every slot, nobody votes.

use heddle_types::Pubkey;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{API_VERSION, with_context};
use crate::rpc::{Context, ContextConfig, Params, RpcError};

/// Leaders that may be asked for at once (Solana's `MAX_GET_SLOT_LEADERS`).
const SLOT_LEADERS_MAX: u64 = 5000;

pub(super) fn identity(context: &Context, _: &Params) -> Result<Value, RpcError> {
    Ok(json!({ "identity": context.facts.identity.to_string() }))
}

pub(super) fn cluster_nodes(context: &Context, _: &Params) -> Result<Value, RpcError> {
    Ok(json!([{
        "pubkey": context.facts.identity.to_string(),
        "gossip": null,
        "tvu": null,
        "tpu": null,
        "tpuQuic": null,
        "tpuForwards": null,
        "tpuForwardsQuic": null,
        "tpuVote": null,
        "serveRepair": null,
        "rpc": context.facts.rpc_address,
        "pubsub": context.facts.websocket_address,
        "version": API_VERSION,
        "featureSet": null,
        "shredVersion": null,
        "clientId": "Heddle",
    }]))
}

pub(super) fn slot_leader(context: &Context, params: &Params) -> Result<Value, RpcError> {
    context.view(&params.config(0)?)?;
    Ok(json!(context.facts.identity.to_string()))
}

pub(super) fn slot_leaders(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let (_start, count): (u64, u64) = (params.required(0)?, params.required(1)?);
    if count > SLOT_LEADERS_MAX {
        return Err(RpcError::invalid_params(format!("Invalid limit; max {SLOT_LEADERS_MAX}")));
    }
    Ok(json!(vec![context.facts.identity.to_string(); count as usize]))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IdentityConfig {
    identity: Option<String>,
}

pub(super) fn leader_schedule(context: &Context, params: &Params) -> Result<Value, RpcError> {
    // The slot may be left out and the configuration come first.
    let slot: Option<u64> = params.optional::<Value>(0)?.and_then(|first| first.as_u64());
    let config: IdentityConfig = params.config(if slot.is_some() { 1 } else { usize::from(first_is_null(params)) })?;
    let chain = context.live.chain();
    let schedule = chain.engine().epoch_schedule();
    let now = chain.slot(Default::default());
    let epoch = schedule.epoch(slot.unwrap_or(now));
    if epoch > schedule.epoch(now) + 1 {
        return Ok(Value::Null);
    }
    let identity = context.facts.identity.to_string();
    let mut leaders = Map::new();
    if config.identity.is_none_or(|wanted| wanted == identity) {
        let slots: Vec<u64> = (0..crate::live::slots_in_epoch(&schedule, epoch)).collect();
        leaders.insert(identity, json!(slots));
    }
    Ok(Value::Object(leaders))
}

fn first_is_null(params: &Params) -> bool {
    params.optional::<Value>(0).is_ok_and(|first| first.is_none())
}

pub(super) fn vote_accounts(_: &Context, _: &Params) -> Result<Value, RpcError> {
    Ok(json!({ "current": [], "delinquent": [] }))
}

pub(super) fn highest_snapshot_slot(_: &Context, _: &Params) -> Result<Value, RpcError> {
    // Snapshots are made and fetched by `heddle snapshot`, not served.
    Err(RpcError::no_snapshot())
}

pub(super) fn block_commitment(_: &Context, params: &Params) -> Result<Value, RpcError> {
    let _slot: u64 = params.required(0)?;
    Ok(json!({ "commitment": null, "totalStake": 0 }))
}

pub(super) fn max_slot(context: &Context, _: &Params) -> Result<Value, RpcError> {
    Ok(json!(context.live.chain().slot(crate::live::Commitment::Processed)))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProductionConfig {
    #[serde(flatten)]
    context: ContextConfig,
    identity: Option<String>,
    range: Option<ProductionRange>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProductionRange {
    first_slot: u64,
    last_slot: Option<u64>,
}

/// Slots of a range that may be counted at once.
const PRODUCTION_SLOTS_MAX: u64 = 500_000;

pub(super) fn block_production(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let config: ProductionConfig = params.config(0)?;
    let (chain, view) = context.view(&config.context)?;
    let schedule = chain.engine().epoch_schedule();
    let epoch_first = crate::live::first_slot(&schedule, schedule.epoch(view.slot()));
    let first = config.range.map_or(epoch_first, |range| range.first_slot);
    let last = config.range.and_then(|range| range.last_slot).unwrap_or(view.slot());
    if last < first {
        return Err(RpcError::invalid_params(format!("lastSlot, {last}, cannot be less than firstSlot, {first}")));
    }
    if last > view.slot() {
        let message = format!("lastSlot, {last}, is too large; max {}", view.slot());
        return Err(RpcError::invalid_params(message));
    }
    let slots = last - first + 1;
    if slots > PRODUCTION_SLOTS_MAX {
        return Err(RpcError::invalid_params(format!("Slot range too large; max {PRODUCTION_SLOTS_MAX}")));
    }
    let blocks = super::blocks::slots_of_blocks(&chain, first, last, usize::MAX)?.len();
    let identity = context.facts.identity.to_string();
    let wanted = config.identity.map(|identity| crate::rpc::parse_address(&identity)).transpose()?;
    let mut by_identity = Map::new();
    if wanted.is_none_or(|wanted: Pubkey| wanted == context.facts.identity) {
        by_identity.insert(identity, json!([slots, blocks]));
    }
    let value = json!({ "byIdentity": by_identity, "range": { "firstSlot": first, "lastSlot": last } });
    Ok(with_context(view.slot(), value))
}
