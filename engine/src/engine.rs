//! The engine: a thin façade over plan, schedule, workers, hashes and store.
//!
//! One lock guards the chain, another the workers; neither is on the path of a transaction. Execution and commit are
//! apart, so block N can be made durable by one thread while block N+1 executes on the others.

use std::sync::Arc;

use heddle_storage::{Store, StoreError};
use heddle_types::{Account, BlockHeader, FeatureSet, Hash, Pubkey};
use heddle_vm::{EpochSchedule, EpochStakes, ProgramCache, Runtime};
use parking_lot::{Mutex, RwLock};

use crate::{
    BlockLimits, EngineError, VerifiedTransaction,
    account_table::{AccountChange, AccountTable},
    block::{Block, ExecutedBlock},
    builder::{Builder, StageClock},
    chain::{Chain, Undo, count_blockhashes_after},
    execute::Outcome,
    executor::Executor,
    overrides::{forget_programs, is_override},
    state_hash::{Lattice, chain_blockhash},
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
    pub(crate) limits: Limits,
    pub(crate) epoch_stakes: Arc<EpochStakes>,
    pub(crate) clock: Option<StageClock>,
}

/// What bounds blocks and their transactions, beside what they ask for themselves.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) block: BlockLimits,
    /// In place of what a transaction asks for.
    pub(crate) compute_units: Option<u32>,
    /// Accounts that one transaction may lock.
    pub(crate) account_locks: usize,
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

    /// Header of genesis.
    ///
    /// # Errors
    /// [`EngineError::Store`]; with [`StoreError::NotInitialized`] if the store does not hold it.
    pub fn genesis_header(&self) -> Result<BlockHeader, EngineError> {
        Ok(self.shared.store.header(0)?.ok_or(StoreError::NotInitialized)?)
    }

    /// Who gets the fees of blocks made by [`Self::next_block`].
    pub fn collector(&self) -> Pubkey {
        self.shared.collector
    }

    /// The feature gates that are active. O(gates).
    pub fn features(&self) -> FeatureSet {
        self.shared.runtime.gates().features()
    }

    /// The newest blockhash: what a transaction signed now should name.
    pub fn latest_blockhash(&self) -> Hash {
        self.shared.chain.read().tip.blockhashes.last()
    }

    /// How many blockhashes the chain has had since genesis, whose own does not count: what clients of a chain whose blocks
    /// may repeat their parent's blockhash call its height.
    pub fn blockhash_count(&self) -> u64 {
        self.shared.chain.read().tip.blockhashes.count()
    }

    /// Whether a transaction of the next block may name this blockhash.
    pub fn is_blockhash_valid(&self, blockhash: &Hash) -> bool {
        self.blockhash_age(blockhash).is_some()
    }

    /// How many blockhashes are newer than this one, up to [`heddle_types::limits::BLOCKHASH_AGE_BLOCKS_MAX`]; `None` if it
    /// is too old or unknown.
    pub fn blockhash_age(&self, blockhash: &Hash) -> Option<u64> {
        let chain = self.shared.chain.read();
        chain.tip.blockhashes.recent().position(|recent| recent == blockhash).map(|age| age as u64)
    }

    /// How the chain's slots group into epochs.
    pub fn epoch_schedule(&self) -> EpochSchedule {
        self.shared.chain.read().epoch_schedule
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
        let taken_back = count_blockhashes_after(&*shared.store, slot)?;
        let blockhash_count = chain.tip.blockhashes.count().saturating_sub(taken_back);
        match shared.store.revert(slot) {
            Err(error @ (StoreError::NotKept { .. } | StoreError::ReadOnly { .. } | StoreError::Past { .. })) => {
                return Err(error.into());
            }
            result => {
                let result = result.and_then(|()| executor.reopen(shared, &mut chain, blockhash_count));
                result.map_err(|error| {
                    chain.poison = Some(format!("going back to slot {slot} failed: {error}"));
                    error
                })?;
            }
        }
        Ok(())
    }

    /// Compiled programs in memory.
    pub fn cached_program_count(&self) -> usize {
        self.shared.programs.entry_count()
    }

    /// Programs that were loaded and compiled since the engine was built, again ones included.
    pub fn loaded_program_count(&self) -> u64 {
        self.shared.programs.miss_count()
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
        chain.committed_blockhash_count = block.blockhash_count;
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
        let mut chain = self.shared.chain.write();
        chain.open_slots.retain(|slot| *slot != block.header.slot);
        chain.committed_blockhash_count = block.blockhash_count;
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
    pub(crate) fn now(&self) -> std::time::Duration {
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
        if is_override(&chain.tip.header) {
            forget_programs(self, changes);
        }
        chain.tip = undo.tip;
    }
}
