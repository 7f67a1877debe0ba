//! Blocks of the ledger.

use heddle_storage::StoreError;
use heddle_types::{BlockHeader, Pubkey, SanitizedTransaction, StoredTransaction};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    live::{LiveChain, View},
    rpc::{Context, ContextConfig, Params, RpcError},
    show::{
        block::{self, BlockShape, ShownBlock, TransactionDetails},
        transaction::TransactionEncoding,
    },
};

/// Slots that `getBlocks` may span (Solana's `MAX_GET_CONFIRMED_BLOCKS_RANGE`).
const RANGE_MAX: u64 = 500_000;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BlockConfig {
    #[serde(flatten)]
    context: ContextConfig,
    encoding: Option<TransactionEncoding>,
    transaction_details: Option<TransactionDetails>,
    rewards: Option<bool>,
    max_supported_transaction_version: Option<u8>,
}

impl BlockConfig {
    fn shape(&self) -> BlockShape {
        BlockShape {
            encoding: self.encoding.unwrap_or_default(),
            details: self.transaction_details.unwrap_or_default(),
            rewards: self.rewards.unwrap_or(true),
            version_max: self.max_supported_transaction_version,
        }
    }
}

pub(super) fn block(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let slot: u64 = params.required(0)?;
    // Old clients give the encoding alone.
    let config = match params.optional::<Value>(1)? {
        Some(Value::String(_)) => BlockConfig { encoding: params.optional(1)?, ..BlockConfig::default() },
        _ => params.config(1)?,
    };
    let (chain, view) = context.durable_view(&config.context)?;
    let header = kept_header(&chain, &view, slot)?;
    show_block(&chain, &view, &header, &config.shape())
}

/// A block as `shape` says.
///
/// # Errors
/// The store; -32015.
pub fn show_block(chain: &LiveChain, view: &View, header: &BlockHeader, shape: &BlockShape) -> Result<Value, RpcError> {
    show_some(chain, view, header, shape, |_, _| true)
}

/// As [`show_block`], with only those transactions that name `key`.
///
/// # Errors
/// As [`show_block`].
pub fn show_block_naming(
    chain: &LiveChain,
    view: &View,
    header: &BlockHeader,
    shape: &BlockShape,
    key: &Pubkey,
) -> Result<Value, RpcError> {
    show_some(chain, view, header, shape, |sanitized, stored| {
        sanitized.static_keys().contains(key) || stored.loaded_addresses.contains(key)
    })
}

fn show_some(
    chain: &LiveChain,
    view: &View,
    header: &BlockHeader,
    shape: &BlockShape,
    is_meant: impl Fn(&SanitizedTransaction, &StoredTransaction) -> bool,
) -> Result<Value, RpcError> {
    let needs_transactions = shape.details != TransactionDetails::None;
    let stored = if needs_transactions { chain.transactions_with_details(header.slot)? } else { [].into() };
    let mut transactions = Vec::with_capacity(stored.len());
    for one in &stored[..] {
        let sanitized = SanitizedTransaction::parse(&one.wire).map_err(RpcError::internal)?;
        if is_meant(&sanitized, one) {
            transactions.push((sanitized, one));
        }
    }
    let parent = chain.store().header(header.parent_slot)?.unwrap_or_default();
    let shown = ShownBlock { header, previous_blockhash: parent.blockhash.to_string(), transactions: &transactions };
    block::block(&shown, shape, &|mint: &Pubkey| decimals(view, mint))
}

/// Decimals of a mint as it is now; they never change while it lives.
pub(super) fn decimals(view: &View, mint: &Pubkey) -> Option<u8> {
    super::accounts::mint_facts(view, mint).ok()?.map(|facts| facts.decimals)
}

/// The header of a block that can be shown.
fn kept_header(chain: &LiveChain, view: &View, slot: u64) -> Result<BlockHeader, RpcError> {
    if slot > view.slot() {
        return Err(RpcError::block_not_available(slot));
    }
    let first = first_kept(chain)?;
    if slot != 0 && slot < first {
        return Err(RpcError::block_cleaned_up(slot, first));
    }
    chain.store().header(slot)?.ok_or_else(|| RpcError::slot_skipped(slot))
}

/// The first block whose transactions are kept.
fn first_kept(chain: &LiveChain) -> Result<u64, StoreError> {
    let from = chain.store().ledger()?.blocks_from;
    if from == 0 {
        return Ok(0);
    }
    // The ledger says from which slot on; there may be none at that slot itself.
    Ok(chain.store().next_header(from - 1)?.map_or(from, |header| header.slot))
}

pub(super) fn first_available_block(context: &Context, _: &Params) -> Result<Value, RpcError> {
    Ok(json!(first_kept(&context.live.chain())?))
}

pub(super) fn minimum_ledger_slot(context: &Context, _: &Params) -> Result<Value, RpcError> {
    Ok(json!(first_kept(&context.live.chain())?))
}

pub(super) fn block_time(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let slot: u64 = params.required(0)?;
    let (chain, view) = context.view(&ContextConfig::default())?;
    if slot > view.slot() {
        return Err(RpcError::block_not_available(slot));
    }
    let header = chain.store().header(slot)?.ok_or_else(|| RpcError::slot_skipped(slot))?;
    Ok(json!(header.unix_timestamp))
}

pub(super) fn blocks(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let first: u64 = params.required(0)?;
    // The end may be left out and the configuration come second.
    let second = params.optional::<Value>(1)?;
    let last_given = second.as_ref().and_then(Value::as_u64);
    let config: ContextConfig =
        if second.as_ref().is_some_and(Value::is_object) { params.config(1)? } else { params.config(2)? };
    if second.as_ref().is_some_and(|second| !second.is_object() && !second.is_u64()) {
        return Err(RpcError::invalid_params("Invalid params: the end slot is no number of a slot."));
    }
    let (chain, view) = context.durable_view(&config)?;
    let last = last_given.unwrap_or_else(|| view.slot().min(first.saturating_add(RANGE_MAX))).min(view.slot());
    if last < first {
        return Ok(json!([]));
    }
    if last - first > RANGE_MAX {
        return Err(RpcError::invalid_params(format!("Slot range too large; max {RANGE_MAX}")));
    }
    Ok(json!(slots_of_blocks(&chain, first.max(first_kept(&chain)?), last, usize::MAX)?))
}

pub(super) fn blocks_with_limit(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let (first, limit): (u64, u64) = (params.required(0)?, params.required(1)?);
    if limit > RANGE_MAX {
        return Err(RpcError::invalid_params(format!("Limit too large; max {RANGE_MAX}")));
    }
    let (chain, view) = context.durable_view(&params.config(2)?)?;
    Ok(json!(slots_of_blocks(&chain, first.max(first_kept(&chain)?), view.slot(), limit as usize)?))
}

/// Slots from `first` to `last` that have a block, at most `count_max`.
pub(super) fn slots_of_blocks(
    chain: &LiveChain,
    first: u64,
    last: u64,
    count_max: usize,
) -> Result<Vec<u64>, StoreError> {
    let mut slots = Vec::new();
    let mut next = match chain.store().header(first)? {
        Some(header) => Some(header),
        None => chain.store().next_header(first)?,
    };
    while let Some(header) = next.filter(|header| header.slot <= last) {
        if slots.len() == count_max {
            break;
        }
        slots.push(header.slot);
        next = chain.store().next_header(header.slot)?;
    }
    Ok(slots)
}
