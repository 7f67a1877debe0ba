//! The command line, as clap sees it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use heddle_engine::{Parallelism, WORKERS_MAX};
use heddle_loadgen::Workload;
use heddle_types::Pubkey;

use crate::{genesis_arguments::GenesisArguments, node::NodeArguments, store_arguments::StoreArguments};

/// Runs of a bundle that are kept for the statistics.
const REPEAT_MAX: i64 = 100_000;

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
    /// Execute stored blocks again and compare everything that was recorded of them
    Verify(VerifyArguments),
    /// Blocks and all that executing them needs, in one file
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Make a database with a first state: accounts, balances and programs from files
    Init(InitArguments),
    /// Look at the accounts of a database, or write them to files
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// Whole databases in one file: make, restore, verify, list
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Look into a database
    #[command(subcommand)]
    Db(DbCommand),
    /// Run a node that Solana's clients can use: JSON-RPC, WebSocket, blocks of its own
    Node(Box<NodeArguments>),
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
    #[command(flatten)]
    pub(crate) store: StoreArguments,
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
    /// Only the block at slot N
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "to"])]
    pub(crate) slot: Option<u64>,
    /// From the first block at or after slot A (default: the earliest that can be executed)
    #[arg(long, value_name = "A")]
    pub(crate) from: Option<u64>,
    /// Up to the last block at or before slot B (default: the newest)
    #[arg(long, value_name = "B")]
    pub(crate) to: Option<u64>,
    /// The compute units that the engine which made the blocks gave every transaction, if it did
    #[arg(long, value_name = "N")]
    pub(crate) compute_unit_limit: Option<u32>,
    /// The account locks that it let a transaction have, if they were not the protocol's
    #[arg(long, value_name = "N")]
    pub(crate) account_lock_limit: Option<u16>,
    /// Also check every account against the state hash, and every header against its parent
    #[arg(long)]
    pub(crate) full_scan: bool,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `heddle bundle` does.
#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Write blocks of a database to a bundle
    Export(BundleExportArguments),
    /// Execute a bundle's blocks and compare with what it says of them
    Run(BundleRunArguments),
    /// Say what is in a bundle, without executing it
    Show(BundleShowArguments),
}

/// Arguments of `heddle bundle export`.
#[derive(Debug, Args)]
pub(crate) struct BundleExportArguments {
    /// Database directory
    #[arg(long, value_name = "PATH")]
    pub(crate) db: PathBuf,
    /// The blocks in slots A to B, both included; slots without a block are skipped
    #[arg(long, value_name = "A..B", value_parser = parse_slots)]
    pub(crate) slots: Slots,
    /// Workers that execute transactions (default: one per core)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=WORKERS_MAX as i64))]
    pub(crate) workers: Option<u16>,
    /// File to write
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `heddle bundle run`.
#[derive(Debug, Args)]
pub(crate) struct BundleRunArguments {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Workers that execute transactions, or `serial`: in block order without the conflict graph (default: one per core)
    #[arg(long, value_name = "N|serial", value_parser = parse_parallelism)]
    pub(crate) workers: Option<Parallelism>,
    /// Run the blocks N times, each time from the start
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=REPEAT_MAX))]
    pub(crate) repeat: u32,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `heddle bundle show`.
#[derive(Debug, Args)]
pub(crate) struct BundleShowArguments {
    /// The bundle
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}

/// Slots from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// Arguments of `heddle init`. Pairs and triples come as flat lists.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Database directory; made if it does not exist, and must not hold a chain
    #[arg(long, value_name = "PATH")]
    pub(crate) db: PathBuf,
    /// Genesis file (genesis/README.md describes it)
    #[arg(long, value_name = "FILE")]
    pub(crate) genesis: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) accounts: GenesisArguments,
    /// System account with a balance
    #[arg(long, num_args = 2, value_names = ["ADDR", "LAMPORTS"])]
    pub(crate) fund: Vec<String>,
    /// Time of genesis in Unix seconds (default: what the genesis file says, then an imported clock, then 0)
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) timestamp: Option<i64>,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `heddle accounts` does.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// Print accounts
    Show(ShowArguments),
    /// Write accounts to files, one ADDR.json each, that `heddle init --account-dir` reads
    Export(ExportArguments),
}

/// Arguments of `heddle accounts show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Database directory
    #[arg(long, value_name = "PATH")]
    pub(crate) db: PathBuf,
    /// Accounts to print
    #[arg(required = true, value_name = "ADDR", value_parser = parse_address)]
    pub(crate) addresses: Vec<Pubkey>,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `heddle accounts export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// Database directory
    #[arg(long, value_name = "PATH")]
    pub(crate) db: PathBuf,
    /// Accounts to write
    #[arg(required_unless_present = "all", value_name = "ADDR", value_parser = parse_address)]
    pub(crate) addresses: Vec<Pubkey>,
    /// Write every account; DIR must be empty
    #[arg(long, conflicts_with = "addresses")]
    pub(crate) all: bool,
    /// With --all, only accounts that PROGRAM owns
    #[arg(long, value_name = "PROGRAM", conflicts_with = "addresses", value_parser = parse_address)]
    pub(crate) owner: Option<Pubkey>,
    /// Directory for the files; made if it does not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Print one JSON object instead of a report
    #[arg(long)]
    pub(crate) json: bool,
}

/// `A..B`, or one slot.
fn parse_slots(text: &str) -> Result<Slots, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let slot = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no slot"));
    let slots = Slots { from: slot(from)?, to: slot(to)? };
    if slots.from <= slots.to { Ok(slots) } else { Err(format!("slot {to} is before slot {from}")) }
}

/// A number of workers, or `serial`.
fn parse_parallelism(text: &str) -> Result<Parallelism, String> {
    if text == "serial" {
        return Ok(Parallelism::Serial);
    }
    let workers = text.parse().ok().filter(|workers| (1..=WORKERS_MAX).contains(workers));
    workers.map(Parallelism::Workers).ok_or_else(|| format!("neither `serial` nor a number from 1 to {WORKERS_MAX}"))
}

/// An address in base58.
pub(crate) fn parse_address(text: &str) -> Result<Pubkey, String> {
    text.parse().map_err(|_| format!("{text:?} is no address in base58"))
}
