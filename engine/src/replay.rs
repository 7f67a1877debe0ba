//! Replay: executes every stored block again, from genesis, and compares everything that was recorded of it.

use std::{fmt, sync::Arc};

use heddle_storage::{Ledger, MemoryStore, PastStore, Store, StoreError};
use heddle_types::{AccountDigest, BlockHeader, Hash, Pubkey, Receipt, SanitizedTransaction, StoredTransaction};

use crate::{
    Block, BlockLimits, BuildError, Engine, EngineError, ExecutedBlock, Outcome, VerifiedTransaction,
    state_hash::Lattice,
};

/// The first place where a replay disagrees with the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Slot of the block.
    pub slot: u64,
    /// The account, if the difference is in one.
    pub account: Option<Pubkey>,
    /// Which field: `lamports`, `owner`, `data`, `state_hash`, `transaction 3: status`, …
    pub field: String,
    /// What the store says.
    pub stored: String,
    /// What the replay gave.
    pub replayed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", self.slot)?;
        if let Some(account) = &self.account {
            write!(f, ", account {account}")?;
        }
        write!(f, ", {}: stored {}, replayed {}", self.field, self.stored, self.replayed)
    }
}

/// Outcome of a replay that could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayReport {
    /// Slot of the state that the replay began with; 0 for genesis.
    pub from_slot: u64,
    /// Blocks in the store after that state.
    pub blocks: u64,
    /// Blocks that were executed again and agreed.
    pub verified: u64,
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
    /// Blocks are gone, and so is the state from which those that are left could be executed.
    #[error(
        "blocks are kept from slot {blocks_from} on, and no state from which they could be executed again{}",
        history_from.map_or(String::new(), |slot| format!(" before that of the block before slot {slot}"))
    )]
    NotKept {
        /// The first slot whose blocks are kept.
        blocks_from: u64,
        /// The first slot before whose block the state can be had.
        history_from: Option<u64>,
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

/// Executes every block of `store` again with `workers` workers and compares; stops at the first difference.
///
/// `progress` is called after each block with its header and the number of blocks to execute. Signatures are not verified
/// again; the wire bytes are part of what the hashes cover.
///
/// # Errors
/// [`ReplayError`], [`ReplayError::NotKept`] if the first blocks are gone; a difference is not an error but part of the report.
pub fn replay(
    store: &dyn Store,
    workers: usize,
    progress: &mut dyn FnMut(&BlockHeader, u64),
) -> Result<ReplayReport, ReplayError> {
    if let Some(not_kept) = missing_blocks(store)? {
        return Err(not_kept);
    }
    let genesis = store.genesis()?.ok_or(ReplayError::Empty)?;
    let tip = store.tip()?.ok_or(ReplayError::Empty)?.header;
    let lattice = Lattice::of(genesis.accounts.iter().map(|(key, account)| (key, account)));
    let mut report = report_from(&genesis.header, &tip);
    if lattice.state_hash() != genesis.header.state_hash {
        report.difference = Some(difference(0, "state_hash", &genesis.header.state_hash, &lattice.state_hash()));
        return Ok(report);
    }
    let state = MemoryStore::new();
    state.initialize(&genesis, &lattice.to_bytes())?;
    drop(genesis);
    replay_on(store, Arc::new(state), workers, report, progress)
}

/// As [`replay`], of a store that may have let go of its oldest blocks: begins with the earliest state from which every
/// later block is kept, which is that of genesis if no block is gone.
///
/// # Errors
/// [`ReplayError`]; [`ReplayError::NotKept`] if there is no such state.
pub fn replay_kept(
    store: &Arc<dyn Store>,
    workers: usize,
    progress: &mut dyn FnMut(&BlockHeader, u64),
) -> Result<ReplayReport, ReplayError> {
    let Some(not_kept) = missing_blocks(&**store)? else { return replay(&**store, workers, progress) };
    let tip = store.tip()?.ok_or(ReplayError::Empty)?.header;
    let Ledger { blocks_from, history_from, .. } = store.ledger()?;
    // Blocks before this slot are behind the state that is begun with.
    let Some(from) = history_from.map(|slot| slot.max(blocks_from)) else { return Err(not_kept) };
    let base = header_before(&**store, from, tip)?;
    let state = PastStore::at(store.clone(), base.slot)?;
    replay_on(&**store, Arc::new(state), workers, report_from(&base, &tip), progress)
}

/// Why the chain cannot be replayed from genesis: its first blocks are gone.
fn missing_blocks(store: &dyn Store) -> Result<Option<ReplayError>, StoreError> {
    let Ledger { blocks_from, history_from, .. } = store.ledger()?;
    let first = store.next_header(0)?;
    let is_gone = first.is_some_and(|first| first.slot < blocks_from);
    Ok(is_gone.then_some(ReplayError::NotKept { blocks_from, history_from }))
}

/// Header of the newest block before `slot`.
fn header_before(store: &dyn Store, slot: u64, tip: BlockHeader) -> Result<BlockHeader, StoreError> {
    let mut header = tip;
    while header.slot >= slot
        && let Some(parent) = store.header(header.parent_slot)?
    {
        header = parent;
    }
    Ok(header)
}

fn report_from(base: &BlockHeader, tip: &BlockHeader) -> ReplayReport {
    let blocks = tip.height.saturating_sub(base.height);
    ReplayReport { from_slot: base.slot, blocks, verified: 0, state_hash: base.state_hash, difference: None }
}

/// Executes the blocks of `store` after those of `state`.
fn replay_on(
    store: &dyn Store,
    state: Arc<dyn Store>,
    workers: usize,
    mut report: ReplayReport,
    progress: &mut dyn FnMut(&BlockHeader, u64),
) -> Result<ReplayReport, ReplayError> {
    // Whatever limits the blocks were made under, they are kept now.
    let builder = Engine::builder().shared_store(state).block_limits(BlockLimits::UNLIMITED);
    let engine = builder.workers(workers).build()?;
    let mut slot = report.from_slot;
    while let Some(header) = store.next_header(slot)? {
        slot = header.slot;
        let stored = store.transactions(slot)?;
        let executed = engine.execute_block(block_of(&header, &stored)?)?;
        if let Some(found) = compare(store, &header, &stored, &executed)? {
            report.difference = Some(found);
            return Ok(report);
        }
        engine.accept_block(executed);
        report.verified += 1;
        report.state_hash = header.state_hash;
        progress(&header, report.blocks);
    }
    if report.verified != report.blocks {
        report.difference = Some(difference(slot, "blocks", &report.blocks, &report.verified));
    }
    Ok(report)
}

fn block_of(header: &BlockHeader, stored: &[StoredTransaction]) -> Result<Block, ReplayError> {
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

fn difference(slot: u64, field: &str, stored: &impl fmt::Debug, replayed: &impl fmt::Debug) -> Difference {
    Difference {
        slot,
        account: None,
        field: field.into(),
        stored: format!("{stored:?}"),
        replayed: format!("{replayed:?}"),
    }
}

/// Accounts first, because they tell most; then receipts; then the header.
fn compare(
    store: &dyn Store,
    header: &BlockHeader,
    stored: &[StoredTransaction],
    executed: &ExecutedBlock,
) -> Result<Option<Difference>, StoreError> {
    let stored_changes = store.changes(header.slot)?;
    let found = compare_changes(header.slot, &stored_changes, executed)
        .or_else(|| compare_receipts(header.slot, stored, executed.outcomes()))
        .or_else(|| compare_headers(header, executed.header()));
    Ok(found)
}

fn compare_changes(slot: u64, stored: &[AccountDigest], executed: &ExecutedBlock) -> Option<Difference> {
    let replayed: Vec<AccountDigest> =
        executed.changes().iter().map(|change| AccountDigest::of(&change.key, Some(&change.after))).collect();
    for (a, b) in stored.iter().zip(&replayed) {
        let here = |field: &str, x: &dyn fmt::Debug, y: &dyn fmt::Debug| {
            let (stored, replayed) = (format!("{x:?}"), format!("{y:?}"));
            Some(Difference { slot, account: Some(a.key), field: field.into(), stored, replayed })
        };
        if a.key < b.key {
            return here("changed", &true, &false);
        } else if b.key < a.key {
            return Some(Difference { account: Some(b.key), ..difference(slot, "changed", &false, &true) });
        } else if a.lamports != b.lamports {
            return here("lamports", &a.lamports, &b.lamports);
        } else if a.owner != b.owner {
            return here("owner", &a.owner, &b.owner);
        } else if a.executable != b.executable {
            return here("executable", &a.executable, &b.executable);
        } else if a.data_size_bytes != b.data_size_bytes {
            return here("data length", &a.data_size_bytes, &b.data_size_bytes);
        } else if a.data_hash != b.data_hash {
            return here("data", &a.data_hash, &b.data_hash);
        }
    }
    let (longer, stored_has) =
        if stored.len() > replayed.len() { (stored, true) } else { (replayed.as_slice(), false) };
    let extra = longer.get(stored.len().min(replayed.len()))?;
    Some(Difference { account: Some(extra.key), ..difference(slot, "changed", &stored_has, &!stored_has) })
}

fn compare_receipts(slot: u64, stored: &[StoredTransaction], replayed: &[Outcome]) -> Option<Difference> {
    for (index, (stored, outcome)) in stored.iter().zip(replayed).enumerate() {
        let at = |field: &str| format!("transaction {index}: {field}");
        let a = &stored.receipt;
        let b = match outcome {
            Outcome::Processed(receipt) => receipt,
            Outcome::Rejected(error) => return Some(difference(slot, &at("processed"), &true, error)),
        };
        /// A field of a receipt, shown.
        type Show = fn(&Receipt) -> String;
        let pairs: [(&str, Show); 5] = [
            ("status", |receipt| format!("{:?}", receipt.status)),
            ("executed", |receipt| receipt.executed.to_string()),
            ("fee", |receipt| receipt.fee_lamports.to_string()),
            ("compute units", |receipt| receipt.compute_units.to_string()),
            ("loaded data bytes", |receipt| receipt.loaded_data_bytes.to_string()),
        ];
        for (field, show) in pairs {
            if show(a) != show(b) {
                let (stored, replayed) = (show(a), show(b));
                return Some(Difference { slot, account: None, field: at(field), stored, replayed });
            }
        }
    }
    None
}

fn compare_headers(stored: &BlockHeader, replayed: &BlockHeader) -> Option<Difference> {
    let slot = stored.slot;
    if stored.state_hash != replayed.state_hash {
        return Some(difference(slot, "state_hash", &stored.state_hash, &replayed.state_hash));
    }
    if stored.block_hash != replayed.block_hash {
        return Some(difference(slot, "block_hash", &stored.block_hash, &replayed.block_hash));
    }
    (stored != replayed).then(|| difference(slot, "header", stored, replayed))
}
