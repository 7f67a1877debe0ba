//! Builds an engine: validated once, no setters afterwards.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use heddle_scheduler::Pool;
use heddle_storage::{MemoryStore, Store, Tip};
use heddle_types::{Account, BlockHeader, FeatureSet, Genesis, Hash, Pubkey, ids, ids::sysvar, limits};
use heddle_vm::{
    BlockEnvironment, Clock, EpochSchedule, EpochStakes, InvokeContext, NoPrograms, ProgramCache, Rent, Runtime,
    SysvarCache,
};
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};

use crate::{
    BlockLimits, BuildError, Engine,
    account_table::AccountTable,
    chain::{BlockhashCount, Chain, stored_epoch_schedule},
    engine::{Limits, Shared},
    execute,
    executor::Executor,
    plan::lock_count_max,
    planner::Planner,
    state_hash::{Lattice, block_hash},
    status_cache::BlockClaims,
    term_cache::TermCache,
};

/// A monotonic clock for stage times; the engine itself has none.
pub type StageClock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Memory for terms of the state hash: about what the caches of two cores hold. A term that has left them costs nearly
/// as much to read and write as to compute (docs/performance.md).
const HASH_CACHE_BYTES: usize = 2 << 20;

/// Memory for accounts: some five million small ones.
const CACHE_BYTES: usize = 1 << 30;

/// Configuration of an [`Engine`]. Every setting has a default.
pub struct Builder {
    store: Arc<dyn Store>,
    workers: usize,
    workers_max: usize,
    runtime: Option<Arc<Runtime>>,
    features: Option<FeatureSet>,
    accounts: Vec<(Pubkey, Account)>,
    genesis_timestamp: i64,
    genesis_blockhash: Option<Hash>,
    epoch_schedule: Option<EpochSchedule>,
    collector: Pubkey,
    record_details: bool,
    hashes_state: bool,
    hash_cache_bytes: usize,
    cache_bytes: usize,
    block_limits: BlockLimits,
    compute_unit_limit: Option<u32>,
    account_lock_limit: Option<usize>,
    epoch_stakes: EpochStakes,
    blockhash_count: BlockhashCount,
    clock: Option<StageClock>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            workers: 1,
            workers_max: 1,
            runtime: None,
            features: None,
            accounts: Vec::new(),
            genesis_timestamp: 0,
            genesis_blockhash: None,
            epoch_schedule: None,
            collector: default_collector(),
            record_details: false,
            hashes_state: true,
            hash_cache_bytes: HASH_CACHE_BYTES,
            cache_bytes: CACHE_BYTES,
            block_limits: BlockLimits::default(),
            compute_unit_limit: None,
            account_lock_limit: None,
            epoch_stakes: EpochStakes::default(),
            blockhash_count: BlockhashCount::FromHeaders,
            clock: None,
        }
    }
}

/// Who gets the fees unless the caller says otherwise: an address nobody has the key of.
fn default_collector() -> Pubkey {
    Pubkey::new_from_array(Sha256::digest(b"heddle collector").into())
}

impl Builder {
    /// Where blocks become durable (default: memory). If it holds a chain, the engine goes on from its tip.
    pub fn store(self, store: impl Store) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// As [`Self::store`], for a store that the caller keeps a handle of.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Workers that execute transactions (default 1). The result does not depend on it.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Workers that [`Engine::execute_block_with`] may ask for, if more than [`Self::workers`].
    pub fn workers_max(mut self, workers: usize) -> Self {
        self.workers_max = workers;
        self
    }

    /// Builtins, precompiles and syscalls (default: mainnet's, [`heddle_programs::runtime`]).
    pub fn runtime(mut self, runtime: Arc<Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Feature gates (default: mainnet's, [`FeatureSet::mainnet`]); not with [`Self::runtime`], which has its own.
    pub fn features(mut self, features: FeatureSet) -> Self {
        self.features = Some(features);
        self
    }

    /// Adds a genesis account.
    pub fn account(mut self, key: Pubkey, account: Account) -> Self {
        self.accounts.push((key, account));
        self
    }

    /// Adds genesis accounts.
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = (Pubkey, Account)>) -> Self {
        self.accounts.extend(accounts);
        self
    }

    /// Adds a system account with `lamports` to genesis.
    pub fn fund(self, key: Pubkey, lamports: u64) -> Self {
        self.account(key, Account::with_lamports(lamports))
    }

    /// The genesis block's timestamp in Unix seconds (default 0).
    pub fn genesis_timestamp(mut self, unix_timestamp: i64) -> Self {
        self.genesis_timestamp = unix_timestamp;
        self
    }

    /// The genesis blockhash (default: derived from the genesis accounts).
    pub fn genesis_blockhash(mut self, blockhash: Hash) -> Self {
        self.genesis_blockhash = Some(blockhash);
        self
    }

    /// How the chain's slots group into epochs (default: as mainnet's, without a warm-up). It is part of genesis: a chain
    /// that is there keeps its own and need not be told.
    pub fn epoch_schedule(mut self, schedule: EpochSchedule) -> Self {
        self.epoch_schedule = Some(schedule);
        self
    }

    /// Who gets the fees of blocks made by [`Engine::next_block`].
    pub fn collector(mut self, collector: Pubkey) -> Self {
        self.collector = collector;
        self
    }

    /// Whether receipts carry logs, return data, inner instructions, balances and token balances (default no: they cost
    /// time).
    pub fn record_details(mut self, record: bool) -> Self {
        self.record_details = record;
        self
    }

    /// Whether blocks get a state hash (default yes). It is most of what a transfer costs. Without it headers repeat
    /// the state hash of genesis, which proves nothing, so it takes a store that nobody reads back
    /// ([`heddle_storage::VolatileStore`]): for simulators and tests.
    pub fn state_hash(mut self, hash: bool) -> Self {
        self.hashes_state = hash;
        self
    }

    /// Memory in bytes for terms of the state hash of accounts that change often (default 2 MiB, some 950 accounts; 0
    /// for none). A change of an account whose term is kept costs one term instead of two. Taken as such accounts come;
    /// the hash does not depend on it. More helps only while it stays in the processor's caches: beyond them, reading
    /// and writing a term costs what computing it does.
    pub fn hash_cache_bytes(mut self, size_bytes: usize) -> Self {
        self.hash_cache_bytes = size_bytes;
        self
    }

    /// Memory in bytes for accounts that were read or written (default 1 GiB). Beyond it, those that were not wanted
    /// lately are given up, and read from the store when they are wanted again. More is taken only for what the open
    /// blocks use, and if the store forgets blocks ([`Store::is_volatile`]).
    pub fn cache_bytes(mut self, size_bytes: usize) -> Self {
        self.cache_bytes = size_bytes;
        self
    }

    /// How much one block may do (default: what mainnet allows).
    pub fn block_limits(mut self, limits: BlockLimits) -> Self {
        self.block_limits = limits;
        self
    }

    /// Compute units that every transaction may use, whatever it asks for: for test networks. As in Agave
    /// (`RuntimeConfig::compute_budget`), its fee is still by what it asks for, and what it costs a block by what it used.
    /// A [`crate::BlockProducer`] sets this much aside for it.
    ///
    /// It is an input of every block and is not stored: who executes the chain again must give the same
    /// ([`crate::ReplayOptions`]).
    ///
    /// DEVIATION: Agave replaces the rest of the compute budget too; here a transaction has the heap that it asks for.
    pub fn compute_unit_limit(mut self, compute_units: u32) -> Self {
        self.compute_unit_limit = Some(compute_units);
        self
    }

    /// Accounts that one transaction may lock, in place of what the protocol says
    /// ([`limits::ACCOUNT_LOCK_COUNT_MAX`]), up to [`limits::TRANSACTION_ACCOUNT_COUNT_MAX`]: for test networks. Not stored,
    /// as [`Self::compute_unit_limit`].
    pub fn account_lock_limit(mut self, accounts: usize) -> Self {
        self.account_lock_limit = Some(accounts);
        self
    }

    /// What `sol_get_epoch_stake` answers (default: nobody has any stake). It is an input of every block and is not
    /// stored: an engine that opens the chain again must be given the same.
    pub fn epoch_stakes(mut self, stakes: EpochStakes) -> Self {
        self.epoch_stakes = stakes;
        self
    }

    /// A clock for [`crate::StageTimes`]; without one they stay zero.
    pub fn stage_clock(mut self, clock: StageClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Does without [`Engine::blockhash_count`], and the look at every header that opening a chain takes for it.
    pub(crate) fn without_blockhash_count(mut self) -> Self {
        self.blockhash_count = BlockhashCount::Unknown;
        self
    }

    /// Opens the store, or initialises it with the genesis state if it is empty. Of a chain that is there, all headers are
    /// read, for [`Engine::blockhash_count`]: O(blocks).
    ///
    /// Genesis holds the given accounts, the shipped programs, builtins and sysvars. If the store holds a chain, the
    /// given accounts must be those it began with, or none, and a given epoch schedule its own. Of given sysvars, the chain
    /// carries on stake history, epoch rewards, last restart slot, the epoch schedule, slot hashes and, of the clock, when
    /// its epoch began; the rest it makes itself.
    ///
    /// # Errors
    /// [`BuildError`]: the store fails, holds another genesis, an account is given twice, a feature gate is asked for that
    /// no rule follows, the pool cannot start, more locks are asked for than a transaction has accounts.
    pub fn build(self) -> Result<Engine, BuildError> {
        let runtime = self.chosen_runtime()?;
        let limits = self.limits(&runtime)?;
        if !self.hashes_state && !self.store.is_volatile() {
            return Err(BuildError::StateHashNeeded);
        }
        let tip = match self.store.tip()? {
            Some(tip) => {
                self.check_genesis(&runtime)?;
                tip
            }
            None => self.initialize(&runtime)?,
        };
        let (chain, statuses) = Chain::open(&*self.store, tip, self.blockhash_count)?;
        // A store that forgets blocks cannot give back what they wrote.
        let cache_bytes = if self.store.is_volatile() { usize::MAX } else { self.cache_bytes };
        let table = Arc::new(AccountTable::new(cache_bytes));
        let collector = table.intern(&self.collector);
        table.load(&[collector], &*self.store)?;
        let environment = Arc::new(BlockEnvironment::new(Clock::default(), Hash::default()));
        let pool_size = self.workers.max(self.workers_max);
        let workers = execute::make_workers(pool_size, || {
            InvokeContext::new(runtime.clone(), environment.clone(), Arc::new(NoPrograms))
        });
        let executor = Executor {
            pool: Pool::new(pool_size)?,
            planner: Planner::default(),
            statuses,
            claims: BlockClaims::default(),
            terms: TermCache::new(self.hash_cache_bytes),
            workers,
            default_workers: self.workers,
        };
        Ok(Engine::from_shared(Shared {
            store: self.store,
            runtime,
            table,
            programs: Arc::new(ProgramCache::default()),
            chain: RwLock::new(chain),
            executor: Mutex::new(executor),
            collector: self.collector,
            record_details: self.record_details,
            hashes_state: self.hashes_state,
            limits,
            epoch_stakes: Arc::new(self.epoch_stakes),
            clock: self.clock,
        }))
    }

    fn chosen_runtime(&self) -> Result<Arc<Runtime>, BuildError> {
        match (&self.runtime, &self.features) {
            (Some(_), Some(_)) => Err(BuildError::FeaturesBesideRuntime),
            (Some(runtime), None) => Ok(runtime.clone()),
            (None, Some(features)) => Ok(heddle_programs::runtime_builder_with(features.gates()?).build()),
            (None, None) => Ok(heddle_programs::runtime()),
        }
    }

    fn limits(&self, runtime: &Runtime) -> Result<Limits, BuildError> {
        let max = limits::TRANSACTION_ACCOUNT_COUNT_MAX;
        if let Some(given) = self.account_lock_limit.filter(|&given| given > max) {
            return Err(BuildError::AccountLockLimit { given, max });
        }
        Ok(Limits {
            block: self.block_limits,
            compute_units: self.compute_unit_limit,
            account_locks: self.account_lock_limit.unwrap_or(lock_count_max(runtime.gates())),
        })
    }

    fn initialize(&self, runtime: &Runtime) -> Result<Tip, BuildError> {
        let (genesis, lattice) = self.genesis(runtime, self.epoch_schedule.unwrap_or_default())?;
        let lattice = lattice.to_bytes();
        self.store.initialize(&genesis, &lattice)?;
        Ok(Tip { header: genesis.header, lattice })
    }

    /// A caller that names genesis accounts, or an epoch schedule, must mean the chain that is there.
    fn check_genesis(&self, runtime: &Runtime) -> Result<(), BuildError> {
        let stored_schedule = stored_epoch_schedule(&*self.store)?;
        let schedule = self.epoch_schedule.unwrap_or(stored_schedule);
        if self.accounts.is_empty() && schedule == stored_schedule {
            return Ok(());
        }
        let given = self.genesis(runtime, schedule)?.0.header.state_hash;
        let stored = self.store.header(0)?.map_or_else(Hash::default, |header| header.state_hash);
        if given == stored { Ok(()) } else { Err(BuildError::OtherGenesis { stored, given }) }
    }

    /// The genesis state that this builder describes.
    fn genesis(&self, runtime: &Runtime, schedule: EpochSchedule) -> Result<(Genesis, Lattice), BuildError> {
        let is_given_twice = |key: &Pubkey| *key == sysvar::epoch_schedule::ID && self.epoch_schedule.is_some();
        let mut accounts: BTreeMap<Pubkey, Account> = BTreeMap::new();
        for (key, account) in base_accounts(runtime, self.genesis_timestamp, schedule) {
            accounts.insert(key, account);
        }
        let mut given = ahash::HashSet::default();
        for (key, account) in &self.accounts {
            if !given.insert(*key) || is_given_twice(key) {
                return Err(BuildError::DuplicateGenesisAccount(*key));
            }
            accounts.insert(*key, account.clone());
        }
        let lattice = Lattice::of(&accounts);
        let state_hash = lattice.state_hash();
        let blockhash =
            self.genesis_blockhash.unwrap_or_else(|| Hash::new_from_array(Sha256::digest(state_hash.as_ref()).into()));
        let header = BlockHeader {
            unix_timestamp: self.genesis_timestamp,
            blockhash,
            collector: self.collector,
            state_hash,
            block_hash: block_hash(&Hash::default(), 0, &blockhash, &lattice),
            ..BlockHeader::default()
        };
        Ok((Genesis { header, accounts: accounts.into_iter().collect() }, lattice))
    }
}

/// Shipped programs, native programs and sysvars.
fn base_accounts(runtime: &Runtime, unix_timestamp: i64, schedule: EpochSchedule) -> Vec<(Pubkey, Account)> {
    let mut accounts = heddle_programs::genesis_accounts();
    for key in runtime.native_programs() {
        if !accounts.iter().any(|(known, _)| known == key) {
            let account =
                Account { lamports: 1, owner: ids::native_loader::ID, executable: true, ..Account::default() };
            accounts.push((*key, account));
        }
    }
    let leader_schedule_epoch = schedule.leader_schedule_epoch(0);
    let clock =
        Clock { unix_timestamp, epoch_start_timestamp: unix_timestamp, leader_schedule_epoch, ..Clock::default() };
    let rent = Rent::default();
    for (key, data) in SysvarCache::new(clock, rent, schedule).entries() {
        accounts.push((*key, Account::new(rent.minimum_balance(data.len()), data, sysvar::ID)));
    }
    accounts
}
