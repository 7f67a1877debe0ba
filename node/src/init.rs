//! `heddle init`: a database with a first state from files and arguments.
//!
//! Everything is read and checked before the database is touched: what is refused leaves nothing behind.

use std::{path::Path, sync::Arc};

use heddle_engine::Engine;
use heddle_genesis::{GenesisAccounts, GenesisFile};
use heddle_storage::{RocksStore, Store};
use heddle_types::{BlockHeader, Pubkey};
use serde::Serialize;

use crate::{arguments::InitArguments, failure::Failure, genesis_arguments::address};

/// The JSON of `heddle init --json`.
#[derive(Serialize)]
struct Report {
    slot: u64,
    accounts: u64,
    lamports: u64,
    timestamp: i64,
    /// Imported programs and lookup tables of later slots, which now say slot 0.
    moved: u64,
    state_hash: String,
    block_hash: String,
    blockhash: String,
}

pub(crate) fn run(arguments: &InitArguments) -> Result<(), Failure> {
    let mut accounts = GenesisAccounts::default();
    let file = gather(arguments, &mut accounts)?;
    for (program, data) in accounts.programs_without_data() {
        eprintln!("heddle: note: program {program} cannot run, because its account {data} is not given");
    }
    let timestamp = arguments.timestamp.or(file.timestamp).or(accounts.clock_timestamp()).unwrap_or(0);
    let moved = accounts.moved_count();
    let store: Arc<dyn Store> = Arc::new(open_empty(&arguments.db)?);
    let header = initialize(&store, accounts, &file, timestamp)?;
    let (account_count, lamports) = count(&*store)?;
    let report = Report {
        slot: header.slot,
        accounts: account_count,
        lamports,
        timestamp: header.unix_timestamp,
        moved,
        state_hash: header.state_hash.to_string(),
        block_hash: header.block_hash.to_string(),
        blockhash: header.blockhash.to_string(),
    };
    report.print(arguments.json)
}

/// Adds all that the arguments name; returns what the genesis file says besides.
fn gather(arguments: &InitArguments, accounts: &mut GenesisAccounts) -> Result<GenesisFile, Failure> {
    for pair in arguments.fund.chunks_exact(2) {
        let lamports = pair[1].parse().map_err(|_| Failure::Usage(format!("--fund: {:?} is no balance", pair[1])))?;
        accounts.fund(address("--fund", &pair[0])?, lamports, "--fund")?;
    }
    arguments.accounts.add_to(accounts)?;
    match &arguments.genesis {
        Some(path) => Ok(GenesisFile::read(path, accounts)?),
        None => Ok(GenesisFile::default()),
    }
}

/// A database without a chain.
fn open_empty(path: &Path) -> Result<RocksStore, Failure> {
    let store = RocksStore::open(path).map_err(Failure::Open)?;
    match store.tip().map_err(Failure::Read)? {
        None => Ok(store),
        Some(tip) => Err(Failure::HoldsChain { path: path.to_owned(), tip_slot: tip.header.slot }),
    }
}

/// Writes the genesis state; returns its header.
fn initialize(
    store: &Arc<dyn Store>,
    accounts: GenesisAccounts,
    file: &GenesisFile,
    timestamp: i64,
) -> Result<BlockHeader, Failure> {
    let mut builder = Engine::builder().shared_store(store.clone()).genesis_timestamp(timestamp);
    if let Some(blockhash) = file.blockhash {
        builder = builder.genesis_blockhash(blockhash);
    }
    if let Some(collector) = file.collector {
        builder = builder.collector(collector);
    }
    Ok(builder.accounts(accounts.into_accounts()).build()?.tip())
}

/// Accounts and lamports in the database, what the engine added included.
fn count(store: &dyn Store) -> Result<(u64, u64), Failure> {
    let (mut count, mut lamports) = (0u64, 0u64);
    let mut visit = |_: &Pubkey, account: heddle_types::Account| {
        count += 1;
        lamports = lamports.saturating_add(account.lamports);
    };
    store.for_each_account(&mut visit).map_err(Failure::Read)?;
    Ok((count, lamports))
}

impl Report {
    fn print(&self, as_json: bool) -> Result<(), Failure> {
        if as_json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(());
        }
        println!("slot       {}", self.slot);
        println!("accounts   {}", self.accounts);
        println!("lamports   {}", self.lamports);
        println!("state hash {}", self.state_hash);
        println!("block hash {}", self.block_hash);
        println!("blockhash  {}", self.blockhash);
        if self.moved > 0 {
            println!("{} imported programs and lookup tables count as of slot 0", self.moved);
        }
        Ok(())
    }
}
