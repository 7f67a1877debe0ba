//! How the node has been doing.

use serde_json::{Value, json};

use crate::{
    live::{BlockFacts, ClockMode, Commitment, Latency, SecondFacts, Stage, TransactionFacts},
    rpc::{Context, Params, RpcError},
    show::base58,
};

/// Samples that may be asked for (Solana's `PERFORMANCE_SAMPLES_LIMIT`).
const SAMPLES_MAX: usize = 720;
/// Seconds of one sample.
const SAMPLE_SECONDS: usize = 60;
/// Accounts that prices may be asked for (Solana's `MAX_TX_ACCOUNT_LOCKS`).
const PRICED_ACCOUNTS_MAX: usize = 128;

pub(super) fn recent_samples(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let limit = params.optional(0)?.unwrap_or(SAMPLES_MAX);
    if limit > SAMPLES_MAX {
        return Err(RpcError::invalid_params(format!("Invalid limit; max {SAMPLES_MAX}")));
    }
    let slot = context.live.chain().slot(Commitment::Processed);
    let history = context.live.stats().recent().history;
    // Newest first. The last second is not over.
    let seconds = &history[..history.len().saturating_sub(1)];
    let samples = seconds.rchunks(SAMPLE_SECONDS).take(limit).scan(slot, |slot, sample| {
        let blocks: u64 = sample.iter().map(|second| second.blocks).sum();
        let transactions: u64 = sample.iter().map(|second| second.processed).sum();
        let shown = json!({
            "slot": *slot,
            "numTransactions": transactions,
            "numNonVoteTransactions": transactions,
            "numSlots": blocks,
            "samplePeriodSecs": sample.len(),
        });
        *slot = slot.saturating_sub(blocks);
        Some(shown)
    });
    Ok(samples.collect())
}

pub(super) fn prioritization_fees(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let accounts = match params.optional::<Value>(0)? {
        Some(_) => params.addresses(0, PRICED_ACCOUNTS_MAX)?,
        None => Vec::new(),
    };
    let prices = context.prices.recent(&accounts).into_iter();
    Ok(prices.map(|(slot, price)| json!({ "slot": slot, "prioritizationFee": price })).collect())
}

pub(super) fn stats(context: &Context, _: &Params) -> Result<Value, RpcError> {
    let live = &context.live;
    let (chain, stats, clock) = (live.chain(), live.stats(), live.clock());
    let processed = chain.view(Commitment::Processed);
    let recent = stats.recent();
    let latency = |which| stats.latency(which).map(|summary| json!({ "p50": summary.p50_us, "p99": summary.p99_us }));
    let stages =
        Stage::ALL.iter().map(|(stage, name)| ((*name).to_owned(), json!(stats.stage(*stage).as_micros() as u64)));
    let genesis = chain.store().header(0)?.unwrap_or_default();
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "genesisHash": genesis.block_hash.to_string(),
        "identity": context.facts.identity.to_string(),
        "uptimeSeconds": context.facts.started.elapsed().as_secs(),
        "halted": live.halted(),
        "slot": { "processed": processed.slot(), "confirmed": chain.slot(Commitment::Confirmed) },
        "blockHeight": processed.blockhash_count(),
        "unixTimestamp": processed.header().unix_timestamp,
        "clock": {
            "mode": match clock.mode { ClockMode::Slots => "slots", ClockMode::Transaction => "transaction" },
            "slotTimeMs": clock.slot_time.as_millis() as u64,
            "paused": clock.is_paused,
            "offsetSeconds": clock.offset_seconds,
        },
        "durable": live.is_durable(),
        "faucet": context.faucet.is_some(),
        "workers": recent.workers.len(),
        "transactions": {
            "received": stats.received(),
            "refused": stats.refused(),
            "processed": stats.processed(),
            "succeeded": stats.processed() - stats.failed().min(stats.processed()),
            "failed": stats.failed(),
            "dropped": stats.dropped(),
        },
        "mempool": {
            "waiting": stats.waiting(),
            "capacity": live.options().bounds.waiting_max,
            "intake": live.intake_len(),
        },
        "latencyMicros": {
            "queued": latency(Latency::Queued),
            "executed": latency(Latency::Executed),
            "committed": latency(Latency::Committed),
        },
        "stagesMicros": stages.collect::<serde_json::Map<_, _>>(),
        "workerMicros": recent.workers.iter().map(|(busy, idle)| {
            json!({ "busy": busy.as_micros() as u64, "idle": idle.as_micros() as u64 })
        }).collect::<Value>(),
        "programs": { "cached": chain.engine().cached_program_count() },
        "accounts": {
            "cached": chain.engine().cached_account_count(),
            "cachedBytes": chain.engine().cached_bytes(),
        },
        "store": context.store_facts(),
        "connections": context.connections.to_json(),
        "history": recent.history.iter().map(second).collect::<Value>(),
        "blocks": recent.blocks.iter().map(block).collect::<Value>(),
        "recent": recent.transactions.iter().map(transaction).collect::<Value>(),
    }))
}

fn second(facts: &SecondFacts) -> Value {
    json!({
        "second": facts.second,
        "processed": facts.processed,
        "failed": facts.failed,
        "computeUnits": facts.compute_units,
        "blocks": facts.blocks,
    })
}

fn block(facts: &BlockFacts) -> Value {
    json!({
        "slot": facts.slot,
        "time": facts.unix_timestamp,
        "transactions": facts.transactions,
        "failed": facts.failed,
        "computeUnits": facts.compute_units,
        "executeMicros": facts.execute_us,
        "committed": facts.is_committed,
    })
}

fn transaction(facts: &TransactionFacts) -> Value {
    json!({
        "signature": base58(&facts.signature),
        "slot": facts.slot,
        "ok": facts.error.is_none(),
        "error": facts.error,
        "fee": facts.fee_lamports,
        "computeUnits": facts.compute_units,
        "programs": facts.programs.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
