//! What a database of many accounts costs: filling it, committing to it, reading from it, executing over it with a cache
//! that holds a part.
//!
//! Exit codes: 0 success, 2 bad arguments, 1 anything else. Results go to stdout, progress and errors to stderr.

mod chain;
mod execute;
mod process;
mod report;

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::Parser;
use heddle_benches::progress;
use heddle_storage::{Durability, LedgerOptions, RocksOptions, RocksStore, Store};

use crate::{
    chain::{Filler, reads, rewrites},
    execute::{Execution, hit_rates},
    report::Report,
};

/// Measure a database of so many accounts (system accounts without data, 42 bytes each and their key).
///
/// One after another: fills a database by blocks of new accounts; commits blocks that rewrite random accounts, synced;
/// reads random accounts; executes transfers between random accounts with a bounded cache, reading ahead and committing
/// beside. Twenty million accounts take about 2 GB of disk.
#[derive(Debug, Parser)]
#[command(name = "large_database")]
struct Arguments {
    /// Accounts in the database
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100_000..))]
    accounts: u64,
    /// Directory for the database, on the disk that is to be measured; it must not be there and is removed at the end
    #[arg(long, value_name = "DIR")]
    db: PathBuf,
    /// Leave the database there
    #[arg(long)]
    keep: bool,
    /// The engine's cache of accounts
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    cache_bytes: usize,
    /// Blocks of 2,000 transfers to execute
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..))]
    blocks: u64,
    /// Sync each block (block), every so many milliseconds, or not at all (none)
    #[arg(long, value_name = "WHEN", default_value = "block")]
    durability: Durability,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("large_database: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if arguments.db.exists() {
        return Err(format!("{} is there already", arguments.db.display()).into());
    }
    let fill = fill(arguments)?;
    let store = RocksStore::open_with(&arguments.db, options(arguments))?;
    let rewrite = rewrites(&store, arguments.accounts)?;
    let reads = reads(&store, arguments.accounts)?;
    drop(store);
    let hit_rates = hit_rates(arguments)?;
    let execution = Execution::measure(arguments)?;
    let report = Report {
        accounts: arguments.accounts,
        cache_bytes: arguments.cache_bytes,
        durability: arguments.durability.to_string(),
        database_bytes: process::directory_bytes(&arguments.db)?,
        fill,
        rewrite,
        reads,
        hit_rates,
        execution,
    };
    if !arguments.keep {
        std::fs::remove_dir_all(&arguments.db)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// As a node would keep it that prunes: blocks and history for a while, no indexes.
fn options(arguments: &Arguments) -> RocksOptions {
    let ledger = LedgerOptions { keep_slots: Some(512), ..LedgerOptions::default() };
    RocksOptions { durability: arguments.durability, ledger: Some(ledger), ..RocksOptions::default() }
}

/// A new database with the engine's genesis, and blocks of new accounts upon it.
fn fill(arguments: &Arguments) -> Result<chain::Commits, Box<dyn Error>> {
    let ledger = LedgerOptions { keep_slots: Some(0), history_slots: 0, ..LedgerOptions::default() };
    let store = RocksStore::open_with(
        &arguments.db,
        RocksOptions { durability: Durability::None, ledger: Some(ledger), ..RocksOptions::default() },
    )?;
    drop(heddle_engine::Engine::builder().store(store).build()?);
    let store = RocksStore::open_with(
        &arguments.db,
        RocksOptions { durability: Durability::None, ledger: Some(ledger), ..RocksOptions::default() },
    )?;
    let bar = progress::bar(arguments.accounts, "accounts written");
    let mut filler = Filler::new(&store)?;
    let commits = filler.fill(arguments.accounts, |done| bar.set_position(done))?;
    store.sync()?;
    bar.finish_and_clear();
    Ok(commits)
}
