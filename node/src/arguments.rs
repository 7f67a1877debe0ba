//! The command line, as clap sees it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use heddle_engine::WORKERS_MAX;
use heddle_loadgen::Workload;

use crate::{db::DbCommand, snapshot::SnapshotCommand};

/// A parallel transaction execution engine, SVM-style.
#[derive(Debug, Parser)]
#[command(name = "heddle", version, about, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make signed transactions and push them through verification, scheduling, execution and commit
    Load(LoadArguments),
    /// Execute every stored block again from genesis and compare every hash
    Verify(VerifyArguments),
    /// Whole databases in one file: make, restore, verify, list
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Look into a database
    #[command(subcommand)]
    Db(DbCommand),
}

/// Arguments of `heddle load`.
#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    /// Transactions to run (or, with --prepare, to write)
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) transactions: u64,
    /// Accounts that take part
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) accounts: u64,
    /// Transactions in a block
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub(crate) block_size: u32,
    /// Workers that execute transactions (default: one per core)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=WORKERS_MAX as i64))]
    pub(crate) workers: Option<u16>,
    /// Seed of every key and every choice
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// What the transactions do: transfer, token, mixed or hot
    #[arg(long, default_value = "transfer", value_name = "W")]
    pub(crate) workload: Workload,
    /// Skew of the choice of accounts; 0 is uniform
    #[arg(long, default_value_t = 0.0, value_name = "S")]
    pub(crate) zipf: f64,
    /// Database directory; made if it does not exist, continued if it does
    #[arg(long, value_name = "PATH", conflicts_with = "memory")]
    pub(crate) db: Option<PathBuf>,
    /// Keep everything in memory
    #[arg(long)]
    pub(crate) memory: bool,
    /// Make a snapshot of the database every N blocks, while blocks go on
    #[arg(
        long,
        value_name = "N",
        requires = "snapshots",
        conflicts_with_all = ["memory", "prepare"],
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) snapshot_every: Option<u64>,
    /// Where --snapshot-every puts them; made if it does not exist
    #[arg(long, value_name = "DIR", requires = "snapshot_every")]
    pub(crate) snapshots: Option<PathBuf>,
    /// Refuse blocks that do more than mainnet lets a block do
    #[arg(long)]
    pub(crate) block_limits: bool,
    /// Do not verify signatures (to measure the rest)
    #[arg(long)]
    pub(crate) no_sigverify: bool,
    /// Execute a sample of the blocks serially and with 1, 2 and 4 workers too, and compare the hashes
    #[arg(long)]
    pub(crate) prove: bool,
    /// Write the signed transactions to FILE instead of running them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["db", "memory", "prove", "from"])]
    pub(crate) prepare: Option<PathBuf>,
    /// Run the transactions of FILE, as written by --prepare
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["transactions", "accounts", "block_size", "seed", "workload", "zipf"]
    )]
    pub(crate) from: Option<PathBuf>,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `heddle verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Database directory
    #[arg(long, value_name = "PATH")]
    pub(crate) db: PathBuf,
    /// Workers that execute transactions (default: one per core)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=WORKERS_MAX as i64))]
    pub(crate) workers: Option<u16>,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}
