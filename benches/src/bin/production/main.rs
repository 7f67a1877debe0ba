//! Reports what block production takes and what it costs: effort per transaction, fees lost against the serial greedy
//! choice, and how fast the blocks could be executed.

mod measure;
mod plot;
mod workload;

use clap::Parser;
use heddle_scheduler::PackLimits;
use measure::{Outcome, Policy, WORKERS};
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};
use workload::Workload;

/// Packs synthetic streams of transactions into blocks and compares fees and makespan with the serial greedy choice.
#[derive(Parser)]
struct Arguments {
    /// Blocks per workload and policy.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    blocks: u32,
    /// Transactions that arrive before each block; a full block holds about a thousand of them.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    arrivals: u32,
    /// Seed of the streams.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Writes fees and makespan as SVG.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// The block's limits alone, and chains that 8 or 16 workers can do beside the rest of the block.
fn policies() -> [Policy; 3] {
    let limits = PackLimits::default();
    let for_workers = |workers| limits.for_workers(workers, limits.cost / workers);
    [
        Policy { name: "mainnet limits", limits },
        Policy { name: "chains for 8 workers", limits: for_workers(8) },
        Policy { name: "chains for 16 workers", limits: for_workers(16) },
    ]
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut outcomes = Vec::new();
    for workload in Workload::ALL {
        let count = arguments.blocks as usize * arguments.arrivals as usize;
        let arrivals = workload::arrivals(workload, arguments.seed, count);
        for policy in policies() {
            eprintln!("{}: {}", workload.name(), policy.name);
            outcomes.push(measure::run(workload.name(), policy, &arrivals, arguments.blocks as usize));
        }
    }
    if let Some(invalid) = outcomes.iter().find(|outcome| !outcome.is_valid()) {
        eprintln!("INVALID: {} under {} packed nothing", invalid.workload, invalid.policy);
        return ExitCode::FAILURE;
    }
    if let Some(path) = &arguments.plot
        && let Err(error) = std::fs::write(path, plot::draw(&outcomes))
    {
        eprintln!("cannot write {}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    if arguments.json {
        println!("{}", json!({ "results": outcomes.iter().map(Outcome::to_json).collect::<Vec<_>>() }));
    } else {
        print_table(&outcomes);
    }
    ExitCode::SUCCESS
}

fn print_table(outcomes: &[Outcome]) {
    let makespans = WORKERS.map(|workers| format!("{:>9}", format!("P={workers}"))).concat();
    println!(
        "{:<13} {:<22} {:>9} {:>8} {:>9} {:>7} {:>8} {:>9} {:>11} {makespans}",
        "workload", "policy", "insert ns", "pack ns", "look-ups", "fill", "parked", "fee ratio", "(unbounded)"
    );
    for outcome in outcomes {
        let ratios: String =
            (0..WORKERS.len()).map(|position| format!("{:>9.3}", outcome.makespan_ratio(position))).collect();
        println!(
            "{:<13} {:<22} {:>9.0} {:>8.0} {:>9.3} {:>6.1}% {:>8.1} {:>9.4} {:>11.4} {ratios}",
            outcome.workload,
            outcome.policy,
            outcome.insert_ns(),
            outcome.pack_ns(),
            outcome.look_ups(),
            100.0 * outcome.fill(),
            outcome.parked_per_block(),
            outcome.fee_ratio(),
            outcome.fee_ratio_unbounded(),
        );
    }
    println!(
        "CPU time per transaction: insert per arrival, pack per transaction taken, as look-ups · parked: per block\n\
         fee ratio: fees ÷ serial greedy from the same pool; unbounded: ÷ greedy with an unbounded pool, whole run\n\
         P: makespan (lower bound max(critical path, cost ÷ P)) ÷ that of the greedy block"
    );
}
