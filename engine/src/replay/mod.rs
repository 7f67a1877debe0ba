//! Replay: executes stored blocks again and compares everything that was recorded of them.
//!
//! It starts from the earliest state that leads to the blocks that are asked for: genesis, or what the store's history
//! leads back to. Nothing is written.

mod compare;
mod span;

use std::sync::Arc;

use heddle_storage::{PastStore, Store, StoreError};
use heddle_types::{Account, AccountDigest, BlockHeader, Hash, Pubkey, SanitizedTransaction, StoredTransaction};

pub use self::compare::Difference;
pub(crate) use self::{compare::Recorded, span::Span};
use crate::{
    Block, BlockLimits, BuildError, Engine, EngineError, VerifiedTransaction,
    overrides::{Overrides, is_override},
    start_store::StartStore,
    state_hash::Lattice,
};

/// Which blocks to execute again, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Workers that execute transactions.
    pub workers: usize,
    /// From the first block at or after this slot; `None`: from the earliest that can be executed.
    pub from_slot: Option<u64>,
    /// Up to the last block at or before this slot; `None`: to the newest.
    pub to_slot: Option<u64>,
    /// That of the engine that made the blocks ([`crate::Builder::compute_unit_limit`]).
    pub compute_unit_limit: Option<u32>,
    /// That of the engine that made the blocks ([`crate::Builder::account_lock_limit`]).
    pub account_lock_limit: Option<usize>,
}

impl Default for ReplayOptions {
    /// Everything that can be executed, on one worker.
    fn default() -> Self {
        Self { workers: 1, from_slot: None, to_slot: None, compute_unit_limit: None, account_lock_limit: None }
    }
}

/// Outcome of a replay that could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayReport {
    /// Blocks that were asked for, genesis not counted.
    pub blocks: u64,
    /// Those of them that were executed again and agreed.
    pub verified: u64,
    /// Those of the latter that overrode accounts ([`Engine::override_accounts`]): what they wrote was taken as given, and
    /// hashed again.
    pub overrides: u64,
    /// Slot of the state that execution started from: 0 is genesis.
    pub start_slot: u64,
    /// Blocks up to that state, genesis not counted: they were not executed.
    pub start_height: u64,
    /// State hash after the last block that agreed.
    pub state_hash: Hash,
    /// Where it stopped, if it did.
    pub difference: Option<Difference>,
}

/// Why a replay could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The replaying engine could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The replaying engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store holds no chain.
    #[error("the store holds no chain")]
    Empty,
    /// No block that is asked for is there.
    #[error("there is no block in slots {from_slot} to {to_slot}; the newest is at slot {tip_slot}")]
    NoBlock {
        /// First slot that was asked for.
        from_slot: u64,
        /// Last slot that was asked for.
        to_slot: u64,
        /// Slot of the newest block.
        tip_slot: u64,
    },
    /// The block is pruned, or no state leads to it.
    #[error("the block at slot {slot} cannot be executed: {}", kept(.executable_from, .tip_slot))]
    NotKept {
        /// Slot of the first block that is asked for.
        slot: u64,
        /// Slot of the first block that can be executed; `None` if none can.
        executable_from: Option<u64>,
        /// Slot of the newest block.
        tip_slot: u64,
    },
    /// The block overrode accounts, and what it made of them cannot be had.
    #[error("the block at slot {slot} overrode accounts, and the history that leads back to what it wrote is not kept")]
    OverrideNotKept {
        /// Slot of the block.
        slot: u64,
    },
    /// A bundle cannot hold the block, which nothing in a bundle could check.
    #[error("the block at slot {slot} overrode accounts: no bundle holds such a block")]
    OverrideInBundle {
        /// Slot of the block.
        slot: u64,
    },
    /// A stored transaction does not parse.
    #[error("transaction {index} of the block at slot {slot} does not parse: {error}")]
    Transaction {
        /// Slot of the block.
        slot: u64,
        /// Position in the block.
        index: usize,
        /// Why.
        error: heddle_types::WireError,
    },
}

/// What can be executed instead.
fn kept(executable_from: &Option<u64>, tip_slot: &u64) -> String {
    match executable_from {
        Some(from) => {
            format!("blocks, and what leads back to the states before them, are kept for slots {from} to {tip_slot}")
        }
        None => format!("no block up to slot {tip_slot} is kept together with what leads back to the state before it"),
    }
}

/// Executes blocks of `store` again and compares; stops at the first difference.
///
/// `progress` is called after each block with its header and the number of the last one. Signatures are not verified
/// again; the wire bytes are part of what the hashes cover.
///
/// # Errors
/// [`ReplayError`]; a difference is not an error but part of the report.
pub fn replay(
    store: &Arc<dyn Store>,
    options: &ReplayOptions,
    progress: &mut dyn FnMut(&BlockHeader, u64),
) -> Result<ReplayReport, ReplayError> {
    let span = Span::of(&**store, options.from_slot, options.to_slot)?;
    let mut report = ReplayReport {
        blocks: span.blocks(),
        verified: 0,
        overrides: 0,
        start_slot: span.start.slot,
        start_height: span.start.height,
        state_hash: span.start.state_hash,
        difference: None,
    };
    let engine = match state_at(store, span.start.slot)? {
        Ok(state) => engine_at(state, options)?,
        Err(difference) => return Ok(ReplayReport { difference: Some(difference), ..report }),
    };
    let mut slot = span.start.slot;
    while let Some(header) = store.next_header(slot)?.filter(|header| header.slot <= span.last.slot) {
        slot = header.slot;
        if let Some(found) = step(store, &engine, &header)? {
            report.difference = Some(found);
            return Ok(report);
        }
        // Blocks may be executed only to get to the first that is asked for.
        report.verified += u64::from(span.holds(&header));
        report.overrides += u64::from(span.holds(&header) && is_override(&header));
        report.state_hash = header.state_hash;
        progress(&header, span.last.height);
    }
    if report.verified != report.blocks {
        report.difference = Some(Difference::new(slot, "blocks", &report.blocks, &report.verified));
    }
    Ok(report)
}

/// The state after the block at `slot`, or the difference between it and its hash.
pub(crate) fn state_at(store: &Arc<dyn Store>, slot: u64) -> Result<Result<Arc<dyn Store>, Difference>, ReplayError> {
    let state: Arc<dyn Store> = if slot == 0 {
        let genesis = store.genesis()?.ok_or(ReplayError::Empty)?;
        let lattice = Lattice::default().plus_all(&genesis.accounts);
        Arc::new(StartStore::from_genesis(genesis, lattice.to_bytes()))
    } else {
        Arc::new(PastStore::at(store.clone(), slot)?)
    };
    let tip = state.tip()?.ok_or(ReplayError::Empty)?;
    let state_hash = Lattice::from_bytes(&tip.lattice).state_hash();
    if state_hash == tip.header.state_hash {
        return Ok(Ok(state));
    }
    Ok(Err(Difference::new(slot, "state_hash", &tip.header.state_hash, &state_hash)))
}

/// An engine that goes on from `state`. Whatever limits the blocks were made under, they are kept now.
pub(crate) fn engine_at(state: Arc<dyn Store>, options: &ReplayOptions) -> Result<Engine, BuildError> {
    let mut builder = Engine::builder().shared_store(state).block_limits(BlockLimits::UNLIMITED);
    if let Some(compute_units) = options.compute_unit_limit {
        builder = builder.compute_unit_limit(compute_units);
    }
    if let Some(accounts) = options.account_lock_limit {
        builder = builder.account_lock_limit(accounts);
    }
    builder.workers(options.workers).without_blockhash_count().build()
}

/// Executes one block and compares; if it agrees, the engine goes on from it.
pub(crate) fn step(
    store: &Arc<dyn Store>,
    engine: &Engine,
    header: &BlockHeader,
) -> Result<Option<Difference>, ReplayError> {
    let transactions = store.transactions(header.slot)?;
    let changes = store.changes(header.slot)?;
    let accounts = |keys: &[Pubkey]| accounts_after(store, header.slot, keys);
    let recorded = Recorded { header, transactions: &transactions, changes: &changes, accounts: &accounts };
    let block = block_of(header, &transactions)?;
    let executed = if is_override(header) {
        if !transactions.is_empty() {
            return Ok(Some(Difference::new(header.slot, "transactions", &transactions.len(), &0)));
        }
        engine.override_accounts(block, overrides_of(store, engine, header.slot, &changes)?)?
    } else {
        engine.execute_block(block)?
    };
    let found = recorded.difference(engine, &executed)?;
    if found.is_none() {
        engine.accept_block(executed);
    }
    Ok(found)
}

/// What the override at `slot` wrote, by its record. The rest of its changes the engine makes itself.
fn overrides_of(
    store: &Arc<dyn Store>,
    engine: &Engine,
    slot: u64,
    changes: &[AccountDigest],
) -> Result<Overrides, ReplayError> {
    let keys: Vec<Pubkey> = changes.iter().map(|digest| digest.key).filter(|key| engine.may_override(key)).collect();
    let accounts = accounts_after(store, slot, &keys)?.ok_or(ReplayError::OverrideNotKept { slot })?;
    Ok(keys.into_iter().zip(accounts).collect())
}

/// Accounts as the store has them after the block at `slot`; `None` if it does not keep them.
pub(crate) fn accounts_after(
    store: &Arc<dyn Store>,
    slot: u64,
    keys: &[Pubkey],
) -> Result<Option<Vec<Option<Account>>>, StoreError> {
    match PastStore::at(store.clone(), slot) {
        Ok(past) => Ok(Some(past.accounts(keys)?)),
        Err(StoreError::NotKept { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The inputs of a block that is on record.
pub(crate) fn block_of(header: &BlockHeader, stored: &[StoredTransaction]) -> Result<Block, ReplayError> {
    let transactions = stored
        .iter()
        .enumerate()
        .map(|(index, one)| {
            let parsed = SanitizedTransaction::parse(&one.wire);
            let parsed = parsed.map_err(|error| ReplayError::Transaction { slot: header.slot, index, error })?;
            Ok(VerifiedTransaction::without_verification(parsed))
        })
        .collect::<Result<_, ReplayError>>()?;
    Ok(Block {
        slot: header.slot,
        unix_timestamp: header.unix_timestamp,
        blockhash: header.blockhash,
        collector: header.collector,
        transactions,
    })
}
