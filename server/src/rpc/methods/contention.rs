//! What waits for what.

use heddle_types::Pubkey;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    contention::HotAccount,
    rpc::{Context, Params, RpcError},
    show::base58,
};

/// Accounts that are told unless the client says otherwise.
const TOP: usize = 20;
/// Accounts that may be asked for.
const TOP_MAX: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContentionConfig {
    top: Option<usize>,
}

pub(super) fn contention(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let config: ContentionConfig = params.config(0)?;
    let top = config.top.unwrap_or(TOP);
    if !(1..=TOP_MAX).contains(&top) {
        return Err(RpcError::invalid_params(format!("Invalid top: {top}; it must be 1 to {TOP_MAX}")));
    }
    let report = context.contention.report(top);
    Ok(json!({
        "blocks": report.blocks,
        "missedBlocks": context.contention.missed_blocks(),
        "transactions": report.transactions,
        "waves": report.waves,
        "accounts": report.accounts.iter().map(account).collect::<Value>(),
    }))
}

fn account(hot: &HotAccount) -> Value {
    let counted = |entries: &[(Pubkey, u64)]| {
        let entries = entries.iter();
        entries.map(|(key, count)| json!({ "address": key.to_string(), "transactions": count })).collect::<Value>()
    };
    let waiting = hot.waiting.iter().map(|waiter| {
        json!({
            "signature": base58(&waiter.signature),
            "slot": waiter.slot,
            "blockedBy": base58(&waiter.blocked_by),
        })
    });
    json!({
        "address": hot.address.to_string(),
        "locked": hot.locked,
        "written": hot.written,
        "waited": hot.waited,
        "waitedMicros": hot.waited_ns / 1000,
        "behind": counted(&hot.behind),
        "programs": counted(&hot.programs),
        "waiting": waiting.collect::<Value>(),
    })
}
