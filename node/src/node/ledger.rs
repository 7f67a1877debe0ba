//! The ledger directory of a node: its keys, and the database of its chain.
//!
//! ```text
//!  DIR/validator-keypair.json   who makes the blocks
//!  DIR/faucet-keypair.json      who pays for airdrops
//!  DIR/chain-N/                 the database; a reset begins the next N and removes the others
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Instant,
};

use ed25519_dalek::SigningKey;
use heddle_engine::{BlockLimits, Builder, Engine};
use heddle_server::live::{OpenEngine, OpenError};
use heddle_storage::{LedgerOptions, MemoryStore, RocksOptions, RocksStore, Store};
use heddle_types::{FeatureSet, Pubkey};

use super::{NodeArguments, first_state::FirstState};
use crate::{failure::Failure, keypair};

const DATABASE_PREFIX: &str = "chain-";

/// Opens the chain of a node, and begins it anew.
pub(super) struct Ledger {
    /// `None`: in memory.
    path: Option<PathBuf>,
    identity: SigningKey,
    faucet: SigningKey,
    first_state: FirstState,
    rocks: RocksOptions,
    engine: EngineSettings,
}

/// What an engine is built with beside its store and first state.
struct EngineSettings {
    collector: Pubkey,
    workers: usize,
    cache_bytes: usize,
    features: Option<FeatureSet>,
    compute_unit_limit: Option<u32>,
    account_lock_limit: Option<usize>,
    block_limits: BlockLimits,
}

impl Ledger {
    /// Prepares the directory and reads all that the arguments name; the chain is not opened yet.
    pub(super) fn open(arguments: &NodeArguments) -> Result<Self, Failure> {
        let path = (!arguments.memory).then(|| arguments.ledger.clone());
        if let Some(path) = &path {
            fs::create_dir_all(path).map_err(|source| Failure::Write { path: path.clone(), source })?;
        }
        let key = |name: &str| match &path {
            Some(path) => keypair::read_or_make(&path.join(name)),
            None => Ok(SigningKey::from_bytes(&rand::random())),
        };
        let (identity, faucet) = (key("validator-keypair.json")?, key("faucet-keypair.json")?);
        if arguments.reset {
            remove_databases(path.as_deref(), None)?;
        }
        let has_chain = path.as_deref().is_some_and(|path| newest_database(path).is_some());
        if has_chain && arguments.describes_first_state() {
            eprintln!(
                "heddle: warning: the chain is there already; accounts, programs, mint, faucet and epochs are those it began with (--reset begins anew)"
            );
        }
        let first_state = FirstState::of(arguments, &keypair::address(&identity), &keypair::address(&faucet))?;
        let engine = EngineSettings::of(arguments, keypair::address(&identity));
        Ok(Self { path, identity, faucet, first_state, rocks: rocks_options(arguments)?, engine })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(super) fn identity(&self) -> &SigningKey {
        &self.identity
    }

    pub(super) fn faucet(&self) -> &SigningKey {
        &self.faucet
    }

    pub(super) fn mint(&self) -> Option<Pubkey> {
        self.first_state.mint()
    }

    fn build(&self, store: Arc<dyn Store>) -> Result<Engine, OpenError> {
        let is_new = store.tip()?.is_none();
        let builder = self.engine.builder().shared_store(store);
        let builder = if is_new { self.first_state.clone().add_to(builder) } else { builder };
        Ok(builder.build()?)
    }

    fn build_at(&self, path: &Path) -> Result<Engine, OpenError> {
        self.build(Arc::new(RocksStore::open_with(path, self.rocks)?))
    }
}

impl OpenEngine for Ledger {
    fn open(&self) -> Result<Engine, OpenError> {
        match &self.path {
            None => self.build(Arc::new(MemoryStore::with_ledger(ledger_in_memory(&self.rocks)))),
            Some(path) => {
                let (number, newest) = newest_database(path).unwrap_or((0, database_path(path, 0)));
                tracing::debug!(number, "opening the database");
                self.build_at(&newest)
            }
        }
    }

    fn begin_anew(&self) -> Result<Engine, OpenError> {
        let Some(path) = self.path.clone() else { return self.open() };
        let number = newest_database(&path).map_or(0, |(number, _)| number + 1);
        let engine = self.build_at(&database_path(&path, number))?;
        // Requests that are under way may still read the old one; on Unix its files stay until they are done.
        thread::spawn(move || {
            if let Err(error) = remove_databases(Some(&path), Some(number)) {
                tracing::warn!(%error, "the old chain is still on the disk");
            }
        });
        Ok(engine)
    }

    fn is_durable(&self) -> bool {
        self.path.is_some()
    }
}

impl EngineSettings {
    fn of(arguments: &NodeArguments, collector: Pubkey) -> Self {
        let cores = || thread::available_parallelism().map_or(1, Into::into);
        let deactivated = &arguments.chain.deactivate_feature;
        let features = (!deactivated.is_empty())
            .then(|| deactivated.iter().fold(FeatureSet::mainnet(), |features, gate| features.deactivate(gate)));
        Self {
            collector,
            workers: arguments.workers.map_or_else(cores, Into::into),
            // A quarter is the database's.
            cache_bytes: arguments.cache_bytes.0 / 4 * 3,
            features,
            compute_unit_limit: arguments.chain.compute_unit_limit,
            account_lock_limit: arguments.chain.transaction_account_lock_limit.map(Into::into),
            block_limits: arguments.block_limits(),
        }
    }

    fn builder(&self) -> Builder {
        let began = Instant::now();
        let mut builder = Engine::builder()
            .workers(self.workers)
            .cache_bytes(self.cache_bytes)
            .collector(self.collector)
            .record_details(true)
            .block_limits(self.block_limits)
            .stage_clock(Arc::new(move || began.elapsed()));
        if let Some(features) = &self.features {
            builder = builder.features(features.clone());
        }
        if let Some(units) = self.compute_unit_limit {
            builder = builder.compute_unit_limit(units);
        }
        if let Some(locks) = self.account_lock_limit {
            builder = builder.account_lock_limit(locks);
        }
        builder
    }
}

fn rocks_options(arguments: &NodeArguments) -> Result<RocksOptions, Failure> {
    let durability = arguments.durability.join(" ").parse();
    Ok(RocksOptions {
        durability: durability.map_err(|error| Failure::Usage(format!("--durability: {error}")))?,
        ledger: Some(LedgerOptions {
            keep_slots: Some(arguments.limit_ledger_size),
            history_slots: arguments.history_slots,
            ..LedgerOptions::EVERYTHING
        }),
        cache_bytes: arguments.cache_bytes.0 / 4,
    })
}

fn ledger_in_memory(options: &RocksOptions) -> LedgerOptions {
    options.ledger.unwrap_or_default()
}

fn database_path(path: &Path, number: u64) -> PathBuf {
    path.join(format!("{DATABASE_PREFIX}{number}"))
}

/// The databases in the directory, by number.
fn databases(path: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let number = |name: &str| name.strip_prefix(DATABASE_PREFIX)?.parse().ok();
    let found = entries.filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())));
    let mut found: Vec<(u64, PathBuf)> = found.collect();
    found.sort_unstable();
    found
}

/// The database of the present chain.
fn newest_database(path: &Path) -> Option<(u64, PathBuf)> {
    databases(path).pop()
}

/// Removes the databases in the directory, but for that of one number.
fn remove_databases(path: Option<&Path>, kept: Option<u64>) -> Result<(), Failure> {
    for (_, database) in path.into_iter().flat_map(databases).filter(|(number, _)| Some(*number) != kept) {
        fs::remove_dir_all(&database).map_err(|source| Failure::Remove { path: database, source })?;
    }
    Ok(())
}
