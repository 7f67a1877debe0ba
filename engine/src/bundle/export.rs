//! Makes a bundle: executes the blocks over a store that notes what it is asked for. Everything the engine asks of a store
//! is what executing the blocks needs.

use std::{collections::BTreeMap, sync::Arc};

use heddle_storage::{Store, StoreError, Tip};
use heddle_types::{Account, BlockHeader, Pubkey, StatusEntry, StatusKey, StoredTransaction, limits};
use parking_lot::Mutex;

use super::{Bundle, BundleBlock};
use crate::{
    Difference, Engine, EngineError, ExecutedBlock, ReplayError, ReplayOptions,
    overrides::is_override,
    replay::{Recorded, Span, accounts_after, block_of, engine_at, state_at, step},
    start_store::{ReadAccounts, StartStore},
};

/// Which blocks to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportOptions {
    /// From the first block at or after this slot.
    pub from_slot: u64,
    /// Up to the last block at or before this slot.
    pub to_slot: u64,
    /// Workers that execute transactions.
    pub workers: usize,
}

/// A bundle, and whether its blocks executed as they are on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The blocks that were asked for, or those up to the one that differs; `None` if there is no such block.
    pub bundle: Option<Bundle>,
    /// The first difference. The block is in the bundle, unless its accounts are not kept, or it is before the first that
    /// was asked for.
    pub difference: Option<Difference>,
}

/// Accounts that were asked for, as they are before the first block.
type Asked = Arc<Mutex<BTreeMap<Pubkey, Option<Account>>>>;

/// Makes a bundle of the blocks in some slots. `progress` is called after each block with its header and the number of the
/// last one.
///
/// # Errors
/// [`ReplayError`]: [`ReplayError::NotKept`] names the slots that can be exported, [`ReplayError::OverrideInBundle`] a block
/// that cannot.
pub fn export(
    store: &Arc<dyn Store>,
    options: &ExportOptions,
    progress: &mut dyn FnMut(&BlockHeader, u64),
) -> Result<Exported, ReplayError> {
    let span = Span::of(&**store, Some(options.from_slot), Some(options.to_slot))?;
    let mut slot = span.parent().slot;
    while let Some(header) = next_of(store, slot, &span)? {
        slot = header.slot;
        if is_override(&header) {
            return Err(ReplayError::OverrideInBundle { slot });
        }
    }
    let before = match StateBefore::of(store, &span, options.workers, progress)? {
        Ok(before) => before,
        Err(difference) => return Ok(Exported { bundle: None, difference: Some(difference) }),
    };
    let (parent, recent_headers, statuses) = (before.tip, before.recent_headers, before.statuses);
    let asked = Asked::default();
    let start = Arc::new(StartStore {
        tip: parent.clone(),
        recent_headers: recent_headers.clone(),
        statuses: statuses.clone(),
        accounts: noting(before.accounts, asked.clone()),
    });
    let engine = engine_at(start.clone(), &ReplayOptions { workers: options.workers, ..ReplayOptions::default() })?;
    let (mut blocks, mut difference) = (Vec::new(), None);
    let mut slot = parent.header.slot;
    while let Some(header) = next_of(store, slot, &span)?.filter(|_| difference.is_none()) {
        let block;
        (block, difference) = export_block(store, &engine, &start, &header)?;
        blocks.extend(block);
        slot = header.slot;
        progress(&header, span.last.height);
    }
    drop(engine);
    let accounts = std::mem::take(&mut *asked.lock()).into_iter().collect();
    let bundle = Bundle { parent, recent_headers, statuses, accounts, blocks };
    Ok(Exported { bundle: (!bundle.blocks.is_empty()).then_some(bundle), difference })
}

fn next_of(store: &Arc<dyn Store>, slot: u64, span: &Span) -> Result<Option<BlockHeader>, StoreError> {
    Ok(store.next_header(slot)?.filter(|header| header.slot <= span.last.slot))
}

/// Executes one block. What is on record of it, in full, unless that cannot be had; and the difference, if there is one.
fn export_block(
    store: &Arc<dyn Store>,
    engine: &Engine,
    start: &StartStore,
    header: &BlockHeader,
) -> Result<(Option<BundleBlock>, Option<Difference>), ReplayError> {
    let transactions = store.transactions(header.slot)?;
    let changes = store.changes(header.slot)?;
    let read = |keys: &[Pubkey]| accounts_after(store, header.slot, keys);
    let recorded = Recorded { header, transactions: &transactions, changes: &changes, accounts: &read };
    let executed = engine.execute_block(block_of(header, &transactions)?)?;
    let difference = recorded.difference(engine, &executed)?;
    let changes = if difference.is_none() {
        let changes = changes_of(&executed);
        engine.accept_block(executed);
        changes
    } else {
        let keys: Vec<Pubkey> = changes.iter().map(|digest| digest.key).collect();
        let Some(accounts) = read(&keys)? else { return Ok((None, difference)) };
        // Some of them may be none that executing the block asks for.
        start.accounts(&keys)?;
        keys.into_iter().zip(accounts).collect()
    };
    Ok((Some(BundleBlock { header: *header, transactions, changes }), difference))
}

fn changes_of(executed: &ExecutedBlock) -> Vec<(Pubkey, Option<Account>)> {
    let after = |account: &Account| account.exists().then(|| account.clone());
    executed.changes().iter().map(|change| (change.key, after(&change.after))).collect()
}

/// Reads accounts, and notes them.
fn noting(read: ReadAccounts, asked: Asked) -> ReadAccounts {
    Box::new(move |keys| {
        let accounts = read(keys)?;
        let mut asked = asked.lock();
        for (key, account) in keys.iter().zip(&accounts) {
            asked.entry(*key).or_insert_with(|| account.clone());
        }
        Ok(accounts)
    })
}

/// The state before the first block.
struct StateBefore {
    tip: Tip,
    recent_headers: Vec<BlockHeader>,
    statuses: Vec<StatusEntry>,
    accounts: ReadAccounts,
}

impl StateBefore {
    /// The state that the store leads to, or one that is executed from there; or the difference that was met.
    fn of(
        store: &Arc<dyn Store>,
        span: &Span,
        workers: usize,
        progress: &mut dyn FnMut(&BlockHeader, u64),
    ) -> Result<Result<Self, Difference>, ReplayError> {
        let state = match state_at(store, span.start.slot)? {
            Ok(state) => state,
            Err(difference) => return Ok(Err(difference)),
        };
        let recent_headers = headers_up_to(&**store, span.parent())?;
        if span.start.slot == span.parent().slot {
            let tip = state.tip()?.ok_or(ReplayError::Empty)?;
            let statuses = state.statuses()?;
            let accounts: ReadAccounts = Box::new(move |keys| state.accounts(keys));
            return Ok(Ok(Self { tip, recent_headers, statuses, accounts }));
        }
        let engine = engine_at(state, &ReplayOptions { workers, ..ReplayOptions::default() })?;
        let mut slot = span.start.slot;
        while let Some(header) = store.next_header(slot)?.filter(|header| !span.holds(header)) {
            if let Some(difference) = step(store, &engine, &header)? {
                return Ok(Err(difference));
            }
            slot = header.slot;
            progress(&header, span.last.height);
        }
        let statuses = statuses_of(&**store, &recent_headers)?;
        let tip = Tip { header: engine.tip(), lattice: engine.lattice().to_bytes() };
        let accounts: ReadAccounts = Box::new(move |keys| keys.iter().map(|key| account_of(&engine, key)).collect());
        Ok(Ok(Self { tip, recent_headers, statuses, accounts }))
    }
}

fn account_of(engine: &Engine, key: &Pubkey) -> Result<Option<Account>, StoreError> {
    engine.account(key).map_err(|error| match error {
        EngineError::Store(error) => error,
        other => unreachable!("reading an account fails only with its store: {other}"),
    })
}

/// The headers that the queue of recent blockhashes needs, oldest first, ending with `newest`: all of each blockhash.
fn headers_up_to(store: &dyn Store, newest: &BlockHeader) -> Result<Vec<BlockHeader>, StoreError> {
    let (mut headers, mut blockhashes) = (vec![*newest], 1);
    while let Some(oldest) = headers.last().filter(|oldest| oldest.height > 0)
        && let Some(parent) = store.header(oldest.parent_slot)?
    {
        blockhashes += usize::from(parent.blockhash != oldest.blockhash);
        if blockhashes > limits::BLOCKHASH_QUEUE_LENGTH {
            break;
        }
        headers.push(parent);
    }
    headers.reverse();
    Ok(headers)
}

/// Statuses of the transactions in the blocks with these headers, which are all kept: as many blockhashes as the status
/// cache looks back.
fn statuses_of(store: &dyn Store, headers: &[BlockHeader]) -> Result<Vec<StatusEntry>, ReplayError> {
    const _: () = assert!(limits::STATUS_CACHE_BLOCKS <= limits::BLOCKHASH_QUEUE_LENGTH as u64);
    let mut statuses = Vec::new();
    for header in headers.iter().filter(|header| header.height > 0) {
        let transactions: Vec<StoredTransaction> = store.transactions(header.slot)?;
        for transaction in block_of(header, &transactions)?.transactions {
            let blockhash = *transaction.transaction().recent_blockhash();
            let key = StatusKey { blockhash, message_hash: *transaction.message_hash() };
            statuses.push(StatusEntry { key, slot: header.slot });
        }
    }
    Ok(statuses)
}
