//! Supply, the richest accounts, inflation and stake: of a chain where nobody votes and nothing is minted.

use heddle_types::Pubkey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::with_context;
use crate::rpc::{Context, ContextConfig, Params, RpcError};

/// Accounts in an answer about the largest (Solana's `NUM_LARGEST_ACCOUNTS`).
const LARGEST_COUNT: usize = 20;
const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

pub(super) fn inflation_governor(context: &Context, params: &Params) -> Result<Value, RpcError> {
    context.view(&params.config(0)?)?;
    Ok(json!({ "initial": 0.0, "terminal": 0.0, "taper": 0.0, "foundation": 0.0, "foundationTerm": 0.0 }))
}

pub(super) fn inflation_rate(context: &Context, _: &Params) -> Result<Value, RpcError> {
    let chain = context.live.chain();
    let epoch = chain.engine().epoch_schedule().epoch(chain.slot(Default::default()));
    Ok(json!({ "total": 0.0, "validator": 0.0, "foundation": 0.0, "epoch": epoch }))
}

pub(super) fn inflation_reward(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let addresses = params.addresses(0, 100)?;
    context.view(&params.config(1)?)?;
    Ok(json!(vec![Value::Null; addresses.len()]))
}

pub(super) fn stake_minimum_delegation(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let (_, view) = context.view(&params.config(0)?)?;
    // The stake program's own minimum (crate `solana-stake-interface` 2, with the gate that raised it active).
    Ok(with_context(view.slot(), json!(LAMPORTS_PER_SOL)))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SupplyConfig {
    #[serde(flatten)]
    context: ContextConfig,
}

pub(super) fn supply(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let config: SupplyConfig = params.config(0)?;
    let (chain, view) = context.view(&config.context)?;
    let (_, total) = chain.largest(0)?;
    let value = json!({
        "total": total,
        "circulating": total,
        "nonCirculating": 0,
        "nonCirculatingAccounts": [],
    });
    Ok(with_context(view.slot(), value))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LargestConfig {
    #[serde(flatten)]
    context: ContextConfig,
    filter: Option<Circulation>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Circulation {
    Circulating,
    NonCirculating,
}

pub(super) fn largest_accounts(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let config: LargestConfig = params.config(0)?;
    let (chain, view) = context.view(&config.context)?;
    // Everything circulates here.
    let largest: Vec<(Pubkey, u64)> = match config.filter {
        Some(Circulation::NonCirculating) => Vec::new(),
        _ => chain.largest(LARGEST_COUNT)?.0,
    };
    let shown = largest.iter().map(|(key, lamports)| json!({ "address": key.to_string(), "lamports": lamports }));
    Ok(with_context(view.slot(), shown.collect()))
}
