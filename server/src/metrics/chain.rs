//! What the chain, its engine and its clients have to tell.

use std::time::Duration;

use heddle_types::Pubkey;

use super::sample::{Labels, Metric};
use crate::{
    limits::Counted,
    live::{Commitment, Latency, LiveChain, Stage, Stats},
    rpc::Context,
};

/// Accounts whose waits are told.
const ACCOUNTS_TOP: usize = 20;

/// All of them.
pub(super) fn read(context: &Context) -> Vec<Metric> {
    let chain = context.live.chain();
    let mut metrics = blocks(context, &chain);
    metrics.extend(transactions(context));
    metrics.extend(times(context.live.stats()));
    metrics.extend(contention(context));
    metrics.extend(caches(&chain));
    metrics.extend(clients(context));
    metrics
}

fn label(name: &'static str, value: impl ToString) -> Labels {
    vec![(name, value.to_string())]
}

fn blocks(context: &Context, chain: &LiveChain) -> Vec<Metric> {
    let processed = chain.view(Commitment::Processed);
    let slots = [(Commitment::Processed, "processed"), (Commitment::Confirmed, "confirmed")];
    let slots = slots.map(|(commitment, name)| (label("commitment", name), chain.slot(commitment) as f64));
    vec![
        Metric::counter("blocks", "Blocks made since the start, empty ones included", context.live.stats().blocks()),
        Metric::gauges("slot", "Newest slot, executed (processed) and durable (confirmed)", slots),
        Metric::gauge("block_height", "Blockhashes of the chain since genesis", processed.blockhash_count()),
        Metric::gauge("halted", "1 if no more blocks are made", u64::from(context.live.halted().is_some())),
    ]
}

fn transactions(context: &Context) -> Vec<Metric> {
    let stats = context.live.stats();
    let failed = stats.failed();
    let outcomes = [
        ("succeeded", stats.processed().saturating_sub(failed)),
        ("failed", failed),
        ("dropped", stats.dropped()),
        ("refused", stats.refused()),
    ];
    let outcomes = outcomes.map(|(outcome, count)| (label("outcome", outcome), count as f64));
    vec![
        Metric::counter("transactions_received", "Transactions that came since the start", stats.received()),
        Metric::counters("transactions", "What became of transactions since the start", outcomes),
        Metric::gauge("pool_transactions", "Transactions that wait for a block", stats.waiting()),
        Metric::gauge(
            "pool_transactions_max",
            "Transactions that may wait for a block",
            context.live.options().bounds.waiting_max as u64,
        ),
        Metric::gauge("intake_transactions", "Transactions on their way to the pool", context.live.intake_len() as u64),
    ]
}

fn times(stats: &Stats) -> Vec<Metric> {
    let stages = Stage::ALL.map(|(stage, name)| (label("stage", name), stats.stage(stage).as_secs_f64()));
    let latencies = [(Latency::Queued, "queued"), (Latency::Executed, "executed"), (Latency::Committed, "committed")];
    let latencies = latencies.into_iter().flat_map(|(latency, name)| {
        let summary = stats.latency(latency);
        let quantiles = summary.map(|summary| [("0.5", summary.p50_us), ("0.99", summary.p99_us)]);
        quantiles.into_iter().flatten().map(move |(quantile, micros)| {
            let mut labels = label("step", name);
            labels.push(("quantile", quantile.to_owned()));
            (labels, Duration::from_micros(micros).as_secs_f64())
        })
    });
    let workers = stats.recent().workers.into_iter().enumerate().flat_map(|(worker, (busy, idle))| {
        [("busy", busy), ("idle", idle)].map(|(state, time)| {
            let mut labels = label("worker", worker);
            labels.push(("state", state.to_owned()));
            (labels, time.as_secs_f64())
        })
    });
    vec![
        Metric::counters("stage_seconds", "Time spent in each stage of blocks since the start", stages),
        Metric::gauges("latency_seconds", "Latency of the last 60 seconds' transactions, by step", latencies),
        Metric::counters("worker_seconds", "Time of workers while blocks were executed", workers),
    ]
}

fn contention(context: &Context) -> Vec<Metric> {
    let report = context.contention.report(ACCOUNTS_TOP);
    let account = |address: &Pubkey| label("account", address);
    let waits = report.accounts.iter();
    let waits = waits.map(|hot| (account(&hot.address), Duration::from_nanos(hot.waited_ns).as_secs_f64()));
    vec![
        Metric::gauges(
            "account_wait_seconds",
            "Time that transactions of the last 60 seconds waited for an account, for the accounts with most",
            waits,
        ),
        Metric::gauge(
            "longest_chain_transactions",
            "Longest chain of conflicts in a block of the last 60 seconds",
            report.waves,
        ),
        Metric::counter(
            "contention_missed_blocks",
            "Blocks whose conflicts were not measured, for want of time",
            context.contention.missed_blocks(),
        ),
    ]
}

fn caches(chain: &LiveChain) -> Vec<Metric> {
    let engine = chain.engine();
    vec![
        Metric::gauge("programs_cached", "Compiled programs in memory", engine.cached_program_count() as u64),
        Metric::counter(
            "program_loads",
            "Programs loaded and compiled by the present chain",
            engine.loaded_program_count(),
        ),
        Metric::gauge("accounts_cached", "Accounts in memory", engine.cached_account_count()),
        Metric::gauge("accounts_cached_bytes", "Memory that accounts take", engine.cached_bytes() as u64),
    ]
}

fn clients(context: &Context) -> Vec<Metric> {
    let kinds = [(Counted::Http, "http"), (Counted::WebSocket, "websocket")];
    let counts = kinds.map(|(kind, name)| (label("kind", name), context.connections.count(kind) as f64));
    vec![
        Metric::gauges("connections", "HTTP requests being carried out, and WebSocket connections", counts),
        Metric::gauge("subscriptions", "Subscriptions", context.connections.count(Counted::Subscription) as u64),
    ]
}
