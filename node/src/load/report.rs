//! The report of a run: one JSON object for scripts, a page for people.

use heddle_engine::{Contention, Engine};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{pipeline::Totals, proof::Proof, snapshots::MadeSnapshot, source::Source};
use crate::{arguments::LoadArguments, failure::Failure, process};

/// Seconds of work in each stage; stages overlap, so they add up to more than the run.
#[derive(Serialize)]
struct Stages {
    verify: f64,
    schedule: f64,
    execute: f64,
    hash: f64,
    commit: f64,
}

#[derive(Serialize)]
struct HotAccount {
    account: String,
    locked: u32,
    written: u32,
    waited: u32,
}

#[derive(Serialize)]
struct ProvedBlock {
    slot: u64,
    transactions: usize,
    /// By `serial` and worker count.
    block_hashes: Map<String, Value>,
    execute_seconds: Map<String, Value>,
    identical: bool,
}

/// Everything `heddle load` says at the end. Field names are a contract with scripts.
#[derive(Serialize)]
pub(crate) struct Report {
    transactions: u64,
    succeeded: u64,
    failed: u64,
    rejected: u64,
    blocks: u64,
    workers: usize,
    seconds: f64,
    tps: f64,
    state_hash: String,
    block_hash: String,
    stages: Stages,
    peak_rss_bytes: u64,
    slot: u64,
    workload: String,
    accounts: u64,
    block_size: u32,
    seed: u64,
    zipf: f64,
    compute_units: u64,
    signatures_verified: bool,
    store: &'static str,
    /// When blocks were synced; nothing for a store in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<String>,
    /// Share of the commits' time in which everything else went on, 0 to 1.
    commit_hidden: f64,
    cached_accounts: u64,
    cached_bytes: usize,
    signing_seconds: f64,
    signing_cpu_seconds: f64,
    hottest: Vec<HotAccount>,
    longest_chain: Option<usize>,
    proofs: Vec<ProvedBlock>,
    /// Made during the run.
    pub(crate) snapshots: Vec<MadeSnapshot>,
}

impl Report {
    pub(crate) fn new(
        arguments: &LoadArguments,
        source: &Source,
        engine: &Engine,
        workers: usize,
        totals: &Totals,
        proofs: Vec<Proof>,
        contention: Option<Contention>,
    ) -> Self {
        let seconds = totals.elapsed.as_secs_f64();
        let tip = engine.tip();
        let config = source.config();
        let (signing_seconds, signing_cpu_seconds) = source.signing_seconds();
        Self {
            transactions: totals.transactions(),
            succeeded: totals.succeeded,
            failed: totals.failed,
            rejected: totals.rejected,
            blocks: totals.blocks,
            workers,
            seconds,
            tps: if seconds > 0.0 { totals.transactions() as f64 / seconds } else { 0.0 },
            state_hash: tip.state_hash.to_string(),
            block_hash: tip.block_hash.to_string(),
            stages: Stages {
                verify: totals.verify.as_secs_f64(),
                schedule: totals.schedule.as_secs_f64(),
                execute: totals.execute.as_secs_f64(),
                hash: totals.hash.as_secs_f64(),
                commit: totals.commit.as_secs_f64(),
            },
            peak_rss_bytes: process::peak_rss_bytes(),
            slot: tip.slot,
            workload: config.workload.to_string(),
            accounts: config.accounts,
            block_size: config.block_size,
            seed: config.seed,
            zipf: config.zipf,
            compute_units: totals.compute_units,
            signatures_verified: !arguments.no_sigverify,
            store: if arguments.memory { "memory" } else { "rocksdb" },
            durability: arguments.store.durability().ok().filter(|_| !arguments.memory).map(|when| when.to_string()),
            commit_hidden: hidden(totals),
            cached_accounts: engine.cached_account_count(),
            cached_bytes: engine.cached_bytes(),
            signing_seconds,
            signing_cpu_seconds,
            longest_chain: contention.as_ref().map(|contention| contention.wave_count),
            hottest: contention.map(hot_accounts).unwrap_or_default(),
            proofs: proofs.into_iter().map(proved_block).collect(),
            snapshots: Vec::new(),
        }
    }

    pub(crate) fn has_difference(&self) -> bool {
        self.proofs.iter().any(|proof| !proof.identical)
    }

    pub(crate) fn print(&self, json: bool) -> Result<(), Failure> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
        } else {
            self.print_page();
        }
        Ok(())
    }

    fn print_page(&self) {
        self.print_proofs();
        println!(
            "{} {} transactions in {} blocks: {} succeeded, {} failed, {} rejected",
            grouped(self.transactions),
            self.workload,
            grouped(self.blocks),
            grouped(self.succeeded),
            grouped(self.failed),
            grouped(self.rejected)
        );
        println!(
            "{:.2} s with {} workers: {} transactions per second{}",
            self.seconds,
            self.workers,
            grouped(self.tps as u64),
            if self.signatures_verified { "" } else { " (signatures not verified)" }
        );
        let stages = &self.stages;
        println!(
            "  stages (overlapping)  verify {:.2} s · schedule {:.2} s · execute {:.2} s · hash {:.2} s · commit {:.2} s",
            stages.verify, stages.schedule, stages.execute, stages.hash, stages.commit
        );
        println!(
            "  signing ahead {:.2} s (not counted) · peak memory {} MiB · {} accounts in {} MiB of it",
            self.signing_seconds,
            self.peak_rss_bytes >> 20,
            grouped(self.cached_accounts),
            self.cached_bytes >> 20
        );
        let durability = self.durability.as_ref().map(|durability| format!(", durability {durability}"));
        println!(
            "  store {}{} · {:.0}% of the commits' time hidden",
            self.store,
            durability.unwrap_or_default(),
            100.0 * self.commit_hidden
        );
        for (rank, hot) in self.hottest.iter().enumerate() {
            let name = if rank == 0 { "hottest account" } else { "               " };
            println!(
                "  {name} {}: locked by {}, written by {}, {} waited (first proved block)",
                hot.account, hot.locked, hot.written, hot.waited
            );
        }
        for made in &self.snapshots {
            println!("  snapshot of slot {}: {} ({} bytes)", made.slot, made.file, grouped(made.size_bytes));
        }
        println!("slot       {}", self.slot);
        println!("state hash {}", self.state_hash);
        println!("block hash {}", self.block_hash);
    }

    fn print_proofs(&self) {
        for proof in &self.proofs {
            println!("slot {} executed again ({} transactions):", proof.slot, proof.transactions);
            for (name, hash) in &proof.block_hashes {
                let label = if name == "serial" {
                    "serial".into()
                } else {
                    format!("{name} worker{}", if name == "1" { "" } else { "s" })
                };
                let seconds = proof.execute_seconds.get(name).and_then(Value::as_f64).unwrap_or_default();
                let rate = if seconds > 0.0 { proof.transactions as f64 / seconds } else { 0.0 };
                println!(
                    "  {label:<10} {}  {:>10} tx/s executed",
                    hash.as_str().unwrap_or_default(),
                    grouped(rate as u64)
                );
            }
            println!("  {}", if proof.identical { "identical" } else { "DIFFERENT" });
        }
    }
}

fn hot_accounts(contention: Contention) -> Vec<HotAccount> {
    contention
        .hottest
        .into_iter()
        .map(|hot| HotAccount {
            account: hot.key.to_string(),
            locked: hot.locked_count,
            written: hot.written_count,
            waited: hot.waited_count,
        })
        .collect()
}

fn proved_block(proof: Proof) -> ProvedBlock {
    let block_hashes =
        proof.executions.iter().map(|one| (one.name.clone(), one.block_hash.to_string().into())).collect();
    let execute_seconds =
        proof.executions.iter().map(|one| (one.name.clone(), one.execute.as_secs_f64().into())).collect();
    ProvedBlock {
        slot: proof.slot,
        transactions: proof.transactions,
        block_hashes,
        execute_seconds,
        identical: proof.is_identical,
    }
}

fn hidden(totals: &Totals) -> f64 {
    let commit = totals.commit.as_secs_f64();
    if commit > 0.0 { 1.0 - totals.commit_waited.as_secs_f64() / commit } else { 1.0 }
}

/// 1234567 as "1,234,567".
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn groups_of_three() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), expected);
        }
    }
}
