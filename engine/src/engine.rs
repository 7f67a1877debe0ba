//! The engine: a thin façade over plan, schedule, workers, hashes and store.
//!
//! One lock guards the chain, another the workers; neither is on the path of a transaction. Execution and commit are
//! apart, so block N can be made durable by one thread while block N+1 executes on the others.

use std::sync::{Arc, OnceLock};

use heddle_scheduler::{Pool, RunStats, TransactionIndex};
use heddle_storage::{Store, StoreError};
use heddle_types::{Account, BlockHeader, Hash, Pubkey, ids};
use heddle_vm::{BlockEnvironment, EpochStakes, ProgramCache, Runtime};
use parking_lot::{Mutex, RwLock};
use rayon::prelude::*;

use crate::{
    BlockLimits, EngineError, VerifiedTransaction,
    account_table::{AccountChange, AccountTable, FirstWrite},
    block::{Block, ExecutedBlock, StageTimes},
    block_limits,
    builder::{Builder, StageClock},
    chain::{Chain, Undo, restore_statuses},
    cost::Cost,
    execute::{BlockContext, Outcome, Worker},
    fees,
    planner::{Planner, check_order},
    programs::BlockPrograms,
    state_hash::{Lattice, block_hash, chain_blockhash},
    status_cache::{BlockClaims, StatusCache},
    term_cache::TermCache,
};

/// Time between two slots, for callers that do not bring their own timestamps.
const SLOT_MILLISECONDS: u64 = 400;

/// Executes blocks of transactions in parallel, equal to serial execution in block order, and makes them durable.
///
/// Cheap to clone; clones share everything. See the [crate documentation](crate) for an example.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// What all clones of an engine share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) table: Arc<AccountTable>,
    pub(crate) programs: Arc<ProgramCache>,
    pub(crate) chain: RwLock<Chain>,
    pub(crate) executor: Mutex<Executor>,
    pub(crate) collector: Pubkey,
    pub(crate) record_details: bool,
    pub(crate) hashes_state: bool,
    pub(crate) block_limits: BlockLimits,
    pub(crate) epoch_stakes: Arc<EpochStakes>,
    pub(crate) clock: Option<StageClock>,
}

/// What executes blocks: one at a time.
pub(crate) struct Executor {
    pub(crate) pool: Pool,
    pub(crate) planner: Planner,
    pub(crate) statuses: StatusCache,
    pub(crate) claims: BlockClaims,
    pub(crate) terms: TermCache,
    /// One per thread of the pool.
    pub(crate) workers: Vec<Worker>,
    /// How many of them execute blocks unless the caller says otherwise.
    pub(crate) default_workers: usize,
}

/// How a block is executed. The result is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parallelism {
    /// In block order on one thread, without the conflict graph: the reference.
    Serial,
    /// On this many workers of the pool, through the conflict graph.
    Workers(usize),
}

impl Engine {
    /// Starts building an engine: store, workers, genesis.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Header of the newest executed block (genesis at first).
    pub fn tip(&self) -> BlockHeader {
        self.shared.chain.read().tip.header
    }

    /// The newest blockhash: what a transaction signed now should name.
    pub fn latest_blockhash(&self) -> Hash {
        self.shared.chain.read().tip.blockhashes.last()
    }

    /// The account as of the newest executed block; `None` if it does not exist. Waits for a block that is being executed
    /// to end: nobody sees a state between two transactions.
    ///
    /// # Errors
    /// [`EngineError::Store`] if it has to be read from the store and that fails.
    pub fn account(&self, key: &Pubkey) -> Result<Option<Account>, EngineError> {
        let _no_block_runs = self.shared.executor.lock();
        self.shared.table.shrink();
        let index = self.shared.table.intern(key);
        self.shared.table.load(&[index], &*self.shared.store)?;
        Ok(self.shared.table.slot(index).peek().filter(Account::exists))
    }

    /// The store below.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Accounts in memory.
    pub fn cached_account_count(&self) -> u64 {
        self.shared.table.len().into()
    }

    /// Memory in bytes that accounts take, data included ([`Builder::cache_bytes`]).
    pub fn cached_bytes(&self) -> usize {
        self.shared.table.size_bytes()
    }

    /// Slot of the newest block that no crash and no power failure can take away. A block is *processed* when
    /// [`Self::execute_block`] returns; its clients may be told that it is *committed* once its slot is not above this.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub fn durable_slot(&self) -> Result<u64, EngineError> {
        Ok(self.shared.store.durable_slot()?.unwrap_or_default())
    }

    /// Reads the accounts that `transactions` name from the store, so that a block of them need not wait for that. Blocks
    /// go on meanwhile. O(accounts that are not in memory).
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub fn prefetch(&self, transactions: &[VerifiedTransaction]) -> Result<(), EngineError> {
        let named = transactions.iter().map(|one| one.transaction());
        let keys: Vec<Pubkey> = named.clone().flat_map(|one| one.static_keys()).copied().collect();
        self.shared.table.prefetch(&keys, &*self.shared.store)?;
        let tables: Vec<Pubkey> = named.flat_map(|one| one.lookups()).map(|lookup| *lookup.table).collect();
        Ok(self.shared.table.prefetch(&tables, &*self.shared.store)?)
    }

    /// Takes back every block after `slot`, durably: the engine is then as it was after the block there (0: genesis).
    ///
    /// # Errors
    /// [`EngineError::BlocksOpen`] while executed blocks are neither committed nor dropped; [`EngineError::Store`] with
    /// [`heddle_storage::StoreError::NotKept`] if the store cannot go back so far: nothing was changed. After any other
    /// error the engine is poisoned.
    pub fn revert_to(&self, slot: u64) -> Result<(), EngineError> {
        let shared = &*self.shared;
        let mut executor = shared.executor.lock();
        let mut chain = shared.chain.write();
        chain.check_poison()?;
        if let Some(&slot) = chain.open_slots.front() {
            return Err(EngineError::BlocksOpen { slot });
        }
        match shared.store.revert(slot) {
            Err(error @ (StoreError::NotKept { .. } | StoreError::ReadOnly { .. } | StoreError::Past { .. })) => {
                return Err(error.into());
            }
            result => result.and_then(|()| executor.reopen(shared, &mut chain)).map_err(|error| {
                chain.poison = Some(format!("going back to slot {slot} failed: {error}"));
                error
            })?,
        }
        Ok(())
    }

    /// Workers that execute transactions.
    pub fn workers(&self) -> usize {
        self.shared.executor.lock().default_workers
    }

    /// A block of `transactions` that follows the newest executed one: next slot, 400 ms later, the blockhash of
    /// [`chain_blockhash`], the engine's collector.
    pub fn next_block(&self, transactions: Vec<VerifiedTransaction>) -> Block {
        let chain = self.shared.chain.read();
        let parent = &chain.tip.header;
        let slot = parent.slot + 1;
        // From slot numbers, not from the parent's timestamp: rounding must not add up.
        let elapsed = |slot: u64| (slot * SLOT_MILLISECONDS / 1000) as i64;
        Block {
            slot,
            unix_timestamp: parent.unix_timestamp + elapsed(slot) - elapsed(parent.slot),
            blockhash: chain_blockhash(&parent.blockhash, slot),
            collector: self.shared.collector,
            transactions,
        }
    }

    /// Executes a block on all workers. Nothing is written to the store; the next block may be executed at once.
    ///
    /// # Errors
    /// [`EngineError::SlotNotAfterTip`], [`EngineError::OverBlockLimit`], [`EngineError::Poisoned`], or a failing host. The
    /// engine is then as before.
    pub fn execute_block(&self, block: Block) -> Result<ExecutedBlock, EngineError> {
        let mut executor = self.shared.executor.lock();
        let workers = executor.default_workers;
        executor.execute(&self.shared, block, Parallelism::Workers(workers))
    }

    /// As [`Self::execute_block`], but on as many workers as `parallelism` says: for proofs that it makes no difference.
    ///
    /// # Errors
    /// As [`Self::execute_block`]; [`EngineError::Pool`] for more workers than the engine's pool has.
    pub fn execute_block_with(&self, block: Block, parallelism: Parallelism) -> Result<ExecutedBlock, EngineError> {
        self.shared.executor.lock().execute(&self.shared, block, parallelism)
    }

    /// Makes an executed block durable (with the next sync, if the store was told to sync later: [`Self::durable_slot`]).
    ///
    /// # Errors
    /// [`EngineError::CommitOutOfOrder`] unless its parent is committed; [`EngineError::Store`] if the store fails, and
    /// from then on [`EngineError::Poisoned`].
    pub fn commit_block(&self, mut block: ExecutedBlock) -> Result<CommittedBlock, EngineError> {
        let slot = block.header.slot;
        {
            let chain = self.shared.chain.read();
            chain.check_poison()?;
            match chain.open_slots.front() {
                Some(&expected) if expected == slot => {}
                Some(&expected) => return Err(EngineError::CommitOutOfOrder { expected, got: slot }),
                None => return Err(EngineError::Poisoned { cause: "an executed block was lost".into() }),
            }
        }
        let result = self.shared.store.commit(&block.take_batch(self.shared.store.is_volatile()));
        let mut chain = self.shared.chain.write();
        // Whatever the outcome, the block is no longer one that can simply be taken back.
        block.undo = None;
        if let Err(error) = result {
            chain.poison = Some(format!("committing slot {slot} failed: {error}"));
            return Err(error.into());
        }
        chain.open_slots.pop_front();
        drop(chain);
        self.shared.table.set_committed(block.serial);
        Ok(CommittedBlock { header: block.header, outcomes: std::mem::take(&mut block.outcomes) })
    }
}

impl Engine {
    /// Keeps an executed block without writing it to the store: for replay, whose store is read-only and whose account
    /// table holds every change.
    pub(crate) fn accept_block(&self, mut block: ExecutedBlock) {
        block.undo = None;
        self.shared.chain.write().open_slots.retain(|slot| *slot != block.header.slot);
    }

    /// The accounts lattice after the newest executed block.
    pub(crate) fn lattice(&self) -> Lattice {
        self.shared.chain.read().tip.lattice.clone()
    }
}

/// A block that is durable.
#[derive(Clone, Debug)]
pub struct CommittedBlock {
    /// Its header.
    pub header: BlockHeader,
    /// One outcome per transaction that was given.
    pub outcomes: Vec<Outcome>,
}

impl Chain {
    pub(crate) fn check_poison(&self) -> Result<(), EngineError> {
        match &self.poison {
            Some(cause) => Err(EngineError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }
}

impl Shared {
    fn now(&self) -> std::time::Duration {
        self.clock.as_ref().map_or_else(Default::default, |clock| clock())
    }

    /// Takes back the newest executed block. Dropping one that has children poisons the engine: they are void.
    pub(crate) fn take_back(&self, undo: Undo, slot: u64, changes: &[AccountChange]) {
        let mut executor = self.executor.lock();
        let mut chain = self.chain.write();
        if chain.open_slots.back() != Some(&slot) {
            chain.poison.get_or_insert(format!("the block at slot {slot} was dropped while a later one was open"));
            return;
        }
        chain.open_slots.pop_back();
        for change in changes {
            self.table.revert(change);
        }
        executor.terms.forget(changes);
        executor.statuses.pop();
        // Another block may deploy other bytes in the same slot.
        self.programs.forget_from(slot);
        chain.tip = undo.tip;
    }
}

impl Executor {
    /// Begins again from what the store holds.
    fn reopen(&mut self, shared: &Shared, chain: &mut Chain) -> Result<(), StoreError> {
        let tip = shared.store.tip()?.ok_or(StoreError::NotInitialized)?;
        shared.table.clear();
        shared.programs.forget_from(tip.header.slot.saturating_add(1));
        self.statuses = restore_statuses(&*shared.store)?;
        *chain = Chain::open(&*shared.store, tip)?;
        Ok(())
    }

    fn execute(
        &mut self,
        shared: &Arc<Shared>,
        block: Block,
        parallelism: Parallelism,
    ) -> Result<ExecutedBlock, EngineError> {
        let began = shared.now();
        let environment = self.prepare(shared, &block, parallelism)?;
        let scheduled = shared.now();
        let environment = Arc::new(environment);
        let run = self.run(shared, &block, &environment, parallelism);
        let run = match run {
            Ok(run) => run,
            Err(error) => {
                self.take_back_open_writes(shared, &block);
                return Err(error);
            }
        };
        let executed = shared.now();
        let outcomes = self.take_outcomes(block.transactions.len());
        if let Err(error) = self.check_limits(shared, &block, &outcomes) {
            self.take_back_open_writes(shared, &block);
            return Err(error);
        }
        self.deposit_fees(shared, &block, &environment);
        self.burn_incinerated(shared);
        let changes = self.take_changes(shared);
        let collected = shared.now();
        let mut executed_block = self.finish(shared, block, outcomes, changes, run);
        executed_block.times = StageTimes {
            schedule: scheduled.saturating_sub(began),
            execute: executed.saturating_sub(scheduled),
            collect: collected.saturating_sub(executed),
            hash: shared.now().saturating_sub(collected),
        };
        Ok(executed_block)
    }

    /// Plans the block and claims its messages, side by side if there are workers to do so.
    fn prepare(
        &mut self,
        shared: &Shared,
        block: &Block,
        parallelism: Parallelism,
    ) -> Result<BlockEnvironment, EngineError> {
        // Before anything is claimed: claims are given back by slot, which must not be one of an earlier block.
        check_order(shared, block)?;
        let is_parallel = self.has_choice(parallelism);
        let Self { planner, statuses, claims, .. } = self;
        let messages = || block.transactions.iter().map(VerifiedTransaction::message_hash);
        let mut plan = || planner.prepare(shared, block);
        let mut claim = || statuses.claim(messages(), block.slot, claims);
        let environment = if is_parallel {
            // The plan stays on this thread, whose caches then hold what a worker here needs.
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| claim());
                plan()
            })
        } else {
            claim();
            plan()
        };
        if environment.is_err() {
            self.statuses.give_back_all(messages(), block.slot);
        } else {
            self.prioritise(block, parallelism);
        }
        environment
    }

    fn has_choice(&self, parallelism: Parallelism) -> bool {
        matches!(parallelism, Parallelism::Workers(count) if count.min(self.workers.len()) > 1)
    }

    /// Starts what the rest of the block waits for first; a transaction weighs what it may spend.
    fn prioritise(&mut self, block: &Block, parallelism: Parallelism) {
        if self.has_choice(parallelism) && self.planner.schedule.starts().len() < self.planner.schedule.len() {
            self.planner.schedule.prioritise(|transaction| {
                let facts = block.transactions[transaction.0 as usize].facts();
                facts.limits.as_ref().map_or(1, |limits| u64::from(limits.compute_unit_limit) + 1)
            });
        }
    }

    /// Runs every transaction; outcomes stay with the workers.
    fn run(
        &mut self,
        shared: &Arc<Shared>,
        block: &Block,
        environment: &Arc<BlockEnvironment>,
        parallelism: Parallelism,
    ) -> Result<RunStats, EngineError> {
        self.write_sysvars(shared, environment)?;
        let programs = Arc::new(BlockPrograms::new(
            shared.table.clone(),
            shared.programs.clone(),
            shared.runtime.clone(),
            self.planner.plan.programs.clone(),
            (self.planner.serial, block.slot),
        ));
        for worker in &mut self.workers {
            worker.begin_block(environment.clone(), programs.clone());
        }
        let context = BlockContext {
            transactions: &block.transactions,
            plan: &self.planner.plan,
            table: &shared.table,
            claims: &self.claims,
            environment,
            serial: self.planner.serial,
            record_details: shared.record_details,
        };
        let execute = |worker: &mut Worker, transaction: TransactionIndex| {
            worker.execute(&context, transaction.0 as usize);
        };
        let workers = &mut self.workers;
        let schedule = &self.planner.schedule;
        match parallelism {
            // Of a chain no two transactions run at once: block order is as good as any, and a worker that finds nothing to
            // do costs the one that works.
            Parallelism::Workers(count) if !schedule.is_nearly_a_chain() => {
                let count = count.min(workers.len());
                Ok(self.pool.run(schedule, &mut workers[..count], execute)?)
            }
            Parallelism::Workers(_) | Parallelism::Serial => {
                let first = &mut workers[0];
                let count = block.transactions.len();
                Ok(heddle_scheduler::serial::run(count, |transaction| execute(first, transaction), None)?)
            }
        }
    }

    /// Sysvar accounts change with the block, before its first transaction.
    fn write_sysvars(&mut self, shared: &Shared, environment: &BlockEnvironment) -> Result<(), EngineError> {
        let rent = &environment.sysvars.rent;
        for (id, data) in environment.sysvars.entries() {
            let index = shared.table.intern(id);
            shared.table.load(&[index], &*shared.store)?;
            let lamports = rent.minimum_balance(data.len());
            let is_current =
                shared.table.with(index, |account| account.lamports == lamports && *account.data == **data);
            if !is_current {
                let account = Account::new(lamports, data, ids::sysvar::ID);
                self.workers[0].first_writes.extend(shared.table.write(index, account, self.planner.serial));
            }
        }
        Ok(())
    }

    /// Collects what the workers did into an executed block and advances the chain.
    fn finish(
        &mut self,
        shared: &Arc<Shared>,
        block: Block,
        outcomes: Vec<Outcome>,
        changes: Vec<AccountChange>,
        run: RunStats,
    ) -> ExecutedBlock {
        let processed = || block.transactions.iter().zip(&outcomes).filter(|(_, outcome)| outcome.receipt().is_some());
        // Hashed without the chain lock: only holders of the executor's lock move the tip.
        let (parent, parent_lattice) = {
            let chain = shared.chain.read();
            (chain.tip.header, chain.tip.lattice.clone())
        };
        let lattice =
            if shared.hashes_state { parent_lattice.after(&changes, &mut self.terms) } else { parent_lattice };
        let signature_count = processed().map(|(one, _)| one.transaction().signatures().len() as u64).sum();
        let header = BlockHeader {
            slot: block.slot,
            parent_slot: parent.slot,
            height: parent.height + 1,
            unix_timestamp: block.unix_timestamp,
            blockhash: block.blockhash,
            collector: block.collector,
            parent_hash: parent.block_hash,
            transaction_count: processed().count() as u64,
            signature_count,
            state_hash: lattice.state_hash(),
            block_hash: block_hash(&parent.block_hash, signature_count, &block.blockhash, &lattice),
        };
        for (position, outcome) in outcomes.iter().enumerate() {
            if outcome.receipt().is_none() {
                let message = block.transactions[position].message_hash();
                self.statuses.give_back(message, self.claims.standing(position), &self.claims);
            }
        }
        let hashes = processed().map(|(transaction, _)| *transaction.message_hash()).collect();
        let statuses_from_slot = self.statuses.push(block.slot, hashes);
        let loaded_addresses = self.loaded_addresses(shared, &block, &outcomes);
        let mut chain = shared.chain.write();
        let undo = chain.advance(header, lattice.clone(), &block);
        ExecutedBlock {
            header,
            outcomes,
            changes,
            sorted_changes: OnceLock::new(),
            lattice,
            transactions: block.transactions,
            loaded_addresses,
            statuses_from_slot,
            times: StageTimes::default(),
            run,
            serial: self.planner.serial,
            undo: Some(undo),
            shared: shared.clone(),
        }
    }

    /// The keys that came through lookup tables: (position, keys) of each transaction in the block that uses some.
    fn loaded_addresses(&self, shared: &Shared, block: &Block, outcomes: &[Outcome]) -> Vec<(usize, Box<[Pubkey]>)> {
        let plan = &self.planner.plan;
        let given = block.transactions.iter().zip(outcomes).enumerate();
        given
            .filter(|(_, (one, outcome))| one.transaction().lookup_count() > 0 && outcome.receipt().is_some())
            .map(|(position, (one, _))| {
                let static_count = one.transaction().static_keys().len();
                let loaded = &plan.keys_of(plan.transaction(position))[static_count..];
                (position, loaded.iter().map(|&index| shared.table.slot(index).key()).collect())
            })
            .collect()
    }

    /// What the block changed; each worker's part is collected side by side.
    fn take_changes(&mut self, shared: &Shared) -> Vec<AccountChange> {
        let changes = |worker: &mut Worker| {
            let mut changes = Vec::with_capacity(worker.first_writes.len());
            changes.extend(worker.first_writes.drain(..).filter_map(|write| shared.table.close(write)));
            changes
        };
        let has_one_writer = self.workers.iter().filter(|worker| !worker.first_writes.is_empty()).count() <= 1;
        let mut parts: Vec<Vec<AccountChange>> = if has_one_writer {
            self.workers.iter_mut().map(changes).filter(|part| !part.is_empty()).collect()
        } else {
            self.workers.par_iter_mut().map(changes).collect()
        };
        let mut all = if parts.is_empty() { Vec::new() } else { parts.swap_remove(0) };
        parts.into_iter().for_each(|mut part| all.append(&mut part));
        all
    }

    /// Refuses a block that does more than a block may.
    fn check_limits(&mut self, shared: &Shared, block: &Block, outcomes: &[Outcome]) -> Result<(), EngineError> {
        let mut total = Cost::default();
        for worker in &mut self.workers {
            total.add(std::mem::take(&mut worker.cost));
        }
        let limits = &shared.block_limits;
        if !limits.may_be_exceeded(&total) {
            return Ok(());
        }
        let state = (&self.planner.plan, &*shared.table);
        let excess = block_limits::first_excess(limits, &block.transactions, outcomes, state, shared.runtime.gates());
        match excess {
            Some((position, limit)) => Err(EngineError::OverBlockLimit { slot: block.slot, position, limit }),
            None => Ok(()),
        }
    }

    fn take_outcomes(&mut self, count: usize) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; count];
        for worker in &mut self.workers {
            for (position, outcome) in worker.outcomes.drain(..) {
                outcomes[position as usize] = Some(outcome);
            }
        }
        outcomes.into_iter().map(|outcome| outcome.expect("the pool ran every transaction")).collect()
    }

    /// Fees go to the collector when the block ends, so no transaction sees them.
    fn deposit_fees(&mut self, shared: &Shared, block: &Block, environment: &BlockEnvironment) {
        let lamports: u64 = self.workers.iter_mut().map(|worker| std::mem::take(&mut worker.collected_lamports)).sum();
        let index = shared.table.intern(&block.collector);
        let mut account = shared.table.read(index);
        fees::deposit(&block.collector, &mut account, lamports, &environment.sysvars.rent);
        self.workers[0].first_writes.extend(shared.table.write(index, account, self.planner.serial));
    }

    /// What the block sent to the incinerator is gone when it ends (`Bank::run_incinerator`).
    fn burn_incinerated(&mut self, shared: &Shared) {
        let index = shared.table.intern(&ids::incinerator::ID);
        if shared.table.slot(index).is_written(self.planner.serial) {
            // It is among the changes already.
            shared.table.write(index, Account::default(), self.planner.serial);
        }
    }

    /// After a worker panicked: nothing of the block stays.
    fn take_back_open_writes(&mut self, shared: &Shared, block: &Block) {
        for worker in &mut self.workers {
            worker.first_writes.drain(..).for_each(|write: FirstWrite| shared.table.reset(write));
            worker.outcomes.clear();
            worker.machine_mut().abandon();
            worker.cost = Cost::default();
            worker.collected_lamports = 0;
        }
        let messages = block.transactions.iter().map(VerifiedTransaction::message_hash);
        self.statuses.give_back_all(messages, block.slot);
    }
}
