//! What many accounts cost: nanoseconds per transfer and bytes per account, with few and with many of them in the engine.
//!
//! Exit codes: 0 success, 2 bad arguments, 1 anything else. Results go to stdout, progress and errors to stderr.

mod memory;
mod population;
mod report;

use std::{error::Error, process::ExitCode};

use clap::Parser;
use heddle_benches::progress;

use crate::{
    memory::AccountMemory,
    population::{BLOCK_TRANSFERS, Population},
    report::{Measured, Report},
};

/// Blocks that one population executes before the other has its turn; the first of them warms its caches.
const TURN_BLOCKS: u64 = 10;
/// A token account's data.
const TOKEN_ACCOUNT_BYTES: usize = 165;

/// Measure the cost of a transfer with few and with many accounts in the engine, and the memory of an account.
///
/// One worker, signatures taken on trust, transfers between uniformly random pairs of all accounts. The engines take turns
/// in one process. Ten million accounts take about 3 GB and two minutes.
#[derive(Debug, Parser)]
#[command(name = "accounts")]
struct Arguments {
    /// Accounts in each engine; the first is what the others are compared with
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [10_000, 10_000_000],
          value_parser = clap::value_parser!(u64).range(2..=u64::from(u32::MAX) / 2))]
    accounts: Vec<u64>,
    /// Transfers to measure in each engine
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    transfers: u64,
    /// Token accounts (165 bytes of data) to fill another engine with, for their memory; 0: none
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u64).range(..=u64::from(u32::MAX) / 2))]
    token_accounts: u64,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("accounts: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut memory = Vec::new();
    if arguments.token_accounts > 0 {
        // Dropped before anything is timed.
        memory.push(fill(arguments.token_accounts, TOKEN_ACCOUNT_BYTES)?.1);
    }
    let mut populations = Vec::new();
    for &account_count in &arguments.accounts {
        let (population, filled) = fill(account_count, 0)?;
        populations.push(population);
        memory.push(filled);
    }
    let turns = arguments.transfers.div_ceil(BLOCK_TRANSFERS * TURN_BLOCKS);
    let bar = progress::bar(turns * populations.len() as u64, "turns of 20,000 transfers");
    let mut samples = vec![Vec::new(); populations.len()];
    for _ in 0..turns {
        for (population, samples) in populations.iter_mut().zip(&mut samples) {
            population.run_block()?;
            for _ in 0..TURN_BLOCKS {
                samples.push(population.run_block()?);
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let measured =
        arguments.accounts.iter().zip(samples).map(|(accounts, samples)| Measured::new(*accounts, &samples)).collect();
    let report = Report::new(measured, memory);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// An engine that holds `account_count` accounts, and the memory that they took.
fn fill(account_count: u64, data_bytes: usize) -> Result<(Population, AccountMemory), Box<dyn Error>> {
    let mut population = Population::new(account_count, data_bytes)?;
    let before = memory::resident_bytes()?;
    population.fill()?;
    let resident_bytes = memory::resident_bytes()?.saturating_sub(before);
    Ok((population, AccountMemory { account_count, data_bytes, resident_bytes }))
}
