//! `heddle bundle run`: executes a bundle's blocks, compares, and measures.

use std::{sync::Arc, time::Duration};

use heddle_engine::{
    Parallelism, StageTimes,
    bundle::{Bundle, BundleRun},
};
use serde::Serialize;

use super::{read, transaction_count};
use crate::{
    arguments::BundleRunArguments,
    difference::{self, AccountReport},
    failure::Failure,
    process, progress,
};

/// The JSON of `heddle bundle run --json`.
#[derive(Serialize)]
struct Report {
    blocks: usize,
    verified: usize,
    transactions: u64,
    /// A number, or `"serial"`.
    workers: serde_json::Value,
    repeat: u32,
    /// Shortest and median time of a run, and what that is in transactions per second.
    seconds_min: f64,
    seconds_median: f64,
    tps_max: f64,
    tps_median: f64,
    per_block: Vec<BlockReport>,
    peak_rss_bytes: u64,
    state_hash: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<AccountReport>,
    accounts_more: usize,
}

/// One block over all runs.
#[derive(Serialize)]
struct BlockReport {
    slot: u64,
    transactions: usize,
    seconds_min: f64,
    seconds_median: f64,
    tps_median: f64,
}

pub(crate) fn run(arguments: &BundleRunArguments) -> Result<(), Failure> {
    let (bundle, _) = read(&arguments.file)?;
    let bundle = Arc::new(bundle);
    let parallelism = arguments.workers.unwrap_or_else(|| Parallelism::Workers(process::core_count()));
    let bar = progress::bar(arguments.repeat.into(), "runs", "run", !arguments.json && arguments.repeat > 1);
    let mut runs: Vec<BundleRun> = Vec::new();
    for _ in 0..arguments.repeat {
        let run = bundle.run(parallelism, Some(process::stage_clock()))?;
        let differs = run.difference.is_some();
        runs.push(run);
        bar.inc(1);
        if differs {
            break;
        }
    }
    bar.finish_and_clear();
    let report = Report::of(&bundle, &runs, parallelism);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    difference::fail_if_any(runs.last().and_then(|run| run.difference.as_ref()))
}

impl Report {
    fn of(bundle: &Bundle, runs: &[BundleRun], parallelism: Parallelism) -> Self {
        let last = runs.last();
        let difference = last.and_then(|run| run.difference.as_ref());
        let verified = last.map_or(0, |run| run.blocks.len());
        let (shortest, median) = spread(runs.iter().map(|run| run.blocks.iter().map(|one| spent(one.times)).sum()));
        let transactions = last.map_or(0, |run| run.blocks.iter().map(|block| block.transactions as u64).sum());
        Self {
            blocks: bundle.blocks().len(),
            verified,
            transactions: transaction_count(bundle),
            workers: match parallelism {
                Parallelism::Serial => "serial".into(),
                Parallelism::Workers(workers) => workers.into(),
            },
            repeat: runs.len() as u32,
            seconds_min: shortest.as_secs_f64(),
            seconds_median: median.as_secs_f64(),
            tps_max: per_second(transactions, shortest),
            tps_median: per_second(transactions, median),
            per_block: (0..verified).map(|index| BlockReport::of(runs, index)).collect(),
            peak_rss_bytes: process::peak_rss_bytes(),
            state_hash: last.map(|run| run.state_hash).unwrap_or_default().to_string(),
            ok: difference.is_none(),
            difference: difference.map(ToString::to_string),
            accounts: AccountReport::all(difference),
            accounts_more: difference.map_or(0, |found| found.accounts_more),
        }
    }
}

impl BlockReport {
    /// The block at `index` of every run that came so far.
    fn of(runs: &[BundleRun], index: usize) -> Self {
        let blocks = || runs.iter().filter_map(|run| run.blocks.get(index));
        let (shortest, median) = spread(blocks().map(|block| spent(block.times)));
        let (slot, transactions) = blocks().next().map(|block| (block.slot, block.transactions)).unwrap_or_default();
        Self {
            slot,
            transactions,
            seconds_min: shortest.as_secs_f64(),
            seconds_median: median.as_secs_f64(),
            tps_median: per_second(transactions as u64, median),
        }
    }
}

/// What executing a block took, from its transactions to its hash.
fn spent(times: StageTimes) -> Duration {
    times.schedule + times.execute + times.collect + times.hash
}

/// Shortest and median.
fn spread(times: impl Iterator<Item = Duration>) -> (Duration, Duration) {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    (times.first().copied().unwrap_or_default(), median)
}

fn per_second(count: u64, time: Duration) -> f64 {
    let seconds = time.as_secs_f64();
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

fn print(report: &Report) {
    for block in &report.per_block {
        println!(
            "slot {:<10} {:>7} transactions {:>10.3} ms {:>11.0} tx/s",
            block.slot,
            block.transactions,
            block.seconds_median * 1e3,
            block.tps_median
        );
    }
    let how = report.workers.as_u64().map_or("in block order".into(), |workers| format!("with {workers} workers"));
    println!("{} of {} blocks executed {how} and equal", report.verified, report.blocks);
    println!(
        "{} runs: shortest {:.3} ms ({:.0} tx/s), median {:.3} ms ({:.0} tx/s) · peak memory {} MiB",
        report.repeat,
        report.seconds_min * 1e3,
        report.tps_max,
        report.seconds_median * 1e3,
        report.tps_median,
        report.peak_rss_bytes >> 20
    );
    println!("state hash {}", report.state_hash);
}
