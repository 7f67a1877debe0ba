//! What is written: a block as one batch, its taking back as one, a genesis state as several.

use std::{collections::BTreeMap, ops::Range};

use heddle_types::{Account, BlockHeader, Genesis, Pubkey, TransactionView};
use rocksdb::WriteBatch;

use super::{
    columns::{
        AFTER_LAST_KEY, Column, FIRST_KEY, FORMAT_KEY, GENESIS_KEY, LEDGER_KEY, MARK_KEY, TIP_KEY, address_key,
        is_entry_from, slot_key,
    },
    database::Database,
    recover::corrupt,
};
use crate::{
    BlockBatch, BlockHistory, LATTICE_BYTES, Ledger, StoreError, Tip,
    batch::{self, Change},
    codec,
    index::BlockIndex,
};

/// A genesis state is written in batches of about this size (plus one account).
const GENESIS_BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Stored bytes of an account without data, with its key and what a batch adds.
const ACCOUNT_OVERHEAD_BYTES: usize = 96;

/// The chain before a block.
pub(super) struct Parent<'a> {
    pub(super) tip: &'a Tip,
    pub(super) ledger: &'a Ledger,
    /// Statuses of slots below are not in the database.
    pub(super) statuses_dropped_to: u64,
}

/// The one batch of a block.
pub(super) struct BlockWrite {
    pub(super) batch: WriteBatch,
    /// What is kept after it.
    pub(super) ledger: Ledger,
    /// As in [`Parent`], after it.
    pub(super) statuses_dropped_to: u64,
}

/// The one batch of a block that follows `parent`.
pub(super) fn block(database: &Database, block: &BlockBatch, parent: &Parent<'_>) -> Result<BlockWrite, StoreError> {
    let slot = block.header.slot;
    let changes = batch::changes(block)?;
    let transactions = batch::encode_transactions(slot, &block.transactions)?;
    let digests = codec::encode_changes(&batch::digests(&changes));
    let index = BlockIndex::of(slot, &block.transactions, &parent.ledger.options)?;
    let ledger = parent.ledger.after(slot, block.statuses_from_slot);
    let data_bytes: usize = changes.iter().filter_map(|change| change.after.map(|account| account.data.len())).sum();
    let capacity_bytes = data_bytes
        + changes.len() * ACCOUNT_OVERHEAD_BYTES
        + transactions.len()
        + digests.len()
        + block.statuses.len() * 64;
    let mut out = WriteBatch::with_capacity_bytes(capacity_bytes + 8 * 1024);

    put_accounts(database, changes.iter().map(|change| (change.key, change.after)), &mut out);
    out.put_cf(database.handle(Column::Transactions), slot_key(slot), transactions);
    out.put_cf(database.handle(Column::Changes), slot_key(slot), digests);
    if ledger.options.details && block.transactions.iter().any(|one| one.receipt.details.is_some()) {
        let details = codec::encode_details(block.transactions.iter().map(|one| one.receipt.details.as_deref()));
        out.put_cf(database.handle(Column::Details), slot_key(slot), details);
    }
    if ledger.history_from.is_some() {
        out.put_cf(database.handle(Column::History), slot_key(slot), history(database, block, &changes, parent)?);
    }
    put_index(database, slot, &index, &mut out);
    let statuses_dropped_to = put_statuses(database, block, parent, &ledger, &mut out)?;
    drop_old_blocks(database, parent.ledger, &ledger, &mut out);
    put_tip(database, &block.header, &block.lattice, &ledger, &mut out);
    Ok(BlockWrite { batch: out, ledger, statuses_dropped_to })
}

fn put_accounts<'a>(
    database: &Database,
    accounts: impl Iterator<Item = (&'a Pubkey, Option<&'a Account>)>,
    out: &mut WriteBatch,
) {
    let handle = database.handle(Column::Accounts);
    let mut record = Vec::new();
    for (key, account) in accounts {
        match account {
            Some(account) => {
                record.clear();
                codec::encode_account(account, &mut record);
                out.put_cf(handle, key, &record);
            }
            None => out.delete_cf(handle, key),
        }
    }
}

fn history(
    database: &Database,
    block: &BlockBatch,
    changes: &[Change<'_>],
    parent: &Parent<'_>,
) -> Result<Vec<u8>, StoreError> {
    let before = batch::before(block, changes, |keys| database.accounts(keys))?;
    Ok(codec::encode_history(parent.ledger.statuses_from, &parent.tip.lattice, &before))
}

fn put_index(database: &Database, slot: u64, index: &BlockIndex, out: &mut WriteBatch) {
    let handle = database.handle(Column::Signatures);
    for &(signature, position) in &index.signatures {
        out.put_cf(handle, signature, codec::encode_place(heddle_types::TransactionPlace { slot, position }));
    }
    let handle = database.handle(Column::Addresses);
    let mut record = Vec::new();
    for (address, positions) in index.by_address() {
        record.clear();
        codec::encode_positions(positions, &mut record);
        out.put_cf(handle, address_key(address, slot), &record);
    }
}

/// Adds the block's statuses and drops those that neither the newest block needs nor any that it can be taken back to.
/// Returns up to where they are dropped.
fn put_statuses(
    database: &Database,
    block: &BlockBatch,
    parent: &Parent<'_>,
    ledger: &Ledger,
    out: &mut WriteBatch,
) -> Result<u64, StoreError> {
    let handle = database.handle(Column::Statuses);
    let mut needed_from = ledger.statuses_from;
    if let Some(history_from) = ledger.history_from {
        // Looked up only when history goes.
        let is_same = parent.ledger.history_from == Some(history_from);
        let oldest = if is_same { parent.statuses_dropped_to } else { oldest_needed(database, history_from, parent)? };
        needed_from = needed_from.min(oldest);
    }
    let dropped = parent.statuses_dropped_to..needed_from;
    if !dropped.is_empty() {
        out.delete_range_cf(handle, slot_key(dropped.start), slot_key(dropped.end));
    }
    let slot = block.header.slot;
    if !block.statuses.is_empty() && slot >= needed_from {
        out.put_cf(handle, slot_key(slot), codec::encode_statuses(&block.statuses));
    }
    Ok(parent.statuses_dropped_to.max(needed_from))
}

/// The oldest slot whose statuses the block before the oldest history needed.
fn oldest_needed(database: &Database, history_from: u64, parent: &Parent<'_>) -> Result<u64, StoreError> {
    let mut needed = parent.ledger.statuses_from;
    database.scan(Column::History, &slot_key(history_from), &mut |_, value| {
        needed = codec::decode_history(value)?.statuses_from_slot;
        Ok(false)
    })?;
    Ok(needed)
}

/// Removes what `next` does not keep any more. Index entries go by compaction.
fn drop_old_blocks(database: &Database, now: &Ledger, next: &Ledger, out: &mut WriteBatch) {
    let mut drop_slots = |column, slots: Range<u64>| {
        if !slots.is_empty() {
            // From the very first: dropping files may have brought some back (`removed_records_stay_removed`).
            out.delete_range_cf(database.handle(column), slot_key(0), slot_key(slots.end));
        }
    };
    for column in Column::OF_BLOCKS {
        drop_slots(column, now.blocks_from..next.blocks_from);
    }
    if let (Some(from), Some(until)) = (now.history_from, next.history_from) {
        drop_slots(Column::History, from..until);
    }
}

/// The batch that takes back every block after the one with `header`, and what is kept then.
///
/// # Errors
/// [`StoreError::NotKept`] if a block's history is missing.
pub(super) fn revert(
    database: &Database,
    header: &BlockHeader,
    now: &Ledger,
) -> Result<(WriteBatch, Tip, Ledger), StoreError> {
    let Some(first) = header.slot.checked_add(1) else { return Err(StoreError::NotKept { slot: header.slot }) };
    let mut out = WriteBatch::default();
    let mut accounts: BTreeMap<Pubkey, Option<Account>> = BTreeMap::new();
    let mut earliest: Option<BlockHistory> = None;
    let mut next = database.header_from(first)?;
    while let Some(block) = next {
        let history = database.get(Column::History, &slot_key(block.slot), codec::decode_history)?;
        let mut history = history.ok_or(StoreError::NotKept { slot: header.slot })?;
        for (key, account) in std::mem::take(&mut history.accounts) {
            // The earliest block that wrote it knows what was before all.
            accounts.entry(key).or_insert(account);
        }
        earliest.get_or_insert(history);
        remove_entries(database, block.slot, now, &mut out)?;
        next = block.slot.checked_add(1).map_or(Ok(None), |slot| database.header_from(slot))?;
    }
    if first < now.blocks_from {
        remove_hidden_entries(database, first, now, &mut out)?;
    }
    let Some(BlockHistory { lattice, statuses_from_slot, .. }) = earliest else {
        return Err(corrupt(database.path(), "headers", format!("no block follows slot {}", header.slot)));
    };
    put_accounts(database, accounts.iter().map(|(key, account)| (key, account.as_ref())), &mut out);
    let by_slot = [Column::Statuses, Column::Headers, Column::History].into_iter().chain(Column::OF_BLOCKS);
    by_slot.for_each(|column| out.delete_range_cf(database.handle(column), &slot_key(first)[..], AFTER_LAST_KEY));
    let ledger = now.before(header.slot, statuses_from_slot);
    put_tip(database, header, &lattice, &ledger, &mut out);
    Ok((out, Tip { header: *header, lattice }, ledger))
}

/// Removes the index entries of the block at `slot`.
fn remove_entries(database: &Database, slot: u64, now: &Ledger, out: &mut WriteBatch) -> Result<(), StoreError> {
    if now.signatures_from.is_none() && now.addresses_from.is_none() {
        return Ok(());
    }
    let transactions = database.get(Column::Transactions, &slot_key(slot), codec::decode_transactions)?;
    for stored in transactions.unwrap_or_default() {
        let view = TransactionView::parse(&stored.wire);
        let view = view.map_err(|error| corrupt(database.path(), "transactions", format!("slot {slot}: {error}")))?;
        out.delete_cf(database.handle(Column::Signatures), view.signatures()[0]);
        for address in view.static_keys().iter().chain(&stored.loaded_addresses) {
            out.delete_cf(database.handle(Column::Addresses), address_key(address, slot));
        }
    }
    Ok(())
}

/// Removes index entries of slots from `first` on whose blocks are no longer kept: compaction may not have come by, and
/// these slots are about to count as kept again. O(index).
fn remove_hidden_entries(
    database: &Database,
    first: u64,
    now: &Ledger,
    out: &mut WriteBatch,
) -> Result<(), StoreError> {
    for column in [Column::Signatures, Column::Addresses] {
        database.scan(column, FIRST_KEY, &mut |key, value| {
            let is_from = |slot| is_entry_from(column, key, value, slot);
            if is_from(first) && !is_from(now.blocks_from) {
                out.delete_cf(database.handle(column), key);
            }
            Ok(true)
        })?;
    }
    Ok(())
}

/// The batch after which `next` is kept instead of `now`: parts that are not in `next` are removed.
pub(super) fn options(database: &Database, now: &Ledger, next: &Ledger) -> WriteBatch {
    let mut out = WriteBatch::default();
    let parts = [
        (Column::Details, now.details_from, next.details_from),
        (Column::History, now.history_from, next.history_from),
        (Column::Signatures, now.signatures_from, next.signatures_from),
        (Column::Addresses, now.addresses_from, next.addresses_from),
    ];
    for (column, _, _) in parts.into_iter().filter(|(_, now, next)| now.is_some() && next.is_none()) {
        out.delete_range_cf(database.handle(column), FIRST_KEY, AFTER_LAST_KEY);
    }
    out.put_cf(database.handle(Column::Meta), LEDGER_KEY, codec::encode_ledger(next));
    out
}

/// Writes a genesis state durably into a database without accounts. Until the last batch the database counts as never
/// initialised.
pub(super) fn genesis(
    database: &Database,
    genesis: &Genesis,
    lattice: &[u8; LATTICE_BYTES],
    ledger: &Ledger,
) -> Result<(), StoreError> {
    let mut out = WriteBatch::default();
    let mut record = Vec::new();
    for (key, account) in &genesis.accounts {
        record.clear();
        codec::encode_account(account, &mut record);
        out.put_cf(database.handle(Column::Accounts), key, &record);
        out.put_cf(database.handle(Column::GenesisAccounts), key, &record);
        if out.size_in_bytes() >= GENESIS_BATCH_BYTES {
            database.write(std::mem::take(&mut out))?;
        }
    }
    database.write(std::mem::take(&mut out))?;
    let count = genesis.accounts.len() as u64;
    out.put_cf(database.handle(Column::Meta), GENESIS_KEY, codec::encode_genesis_count(count));
    out.put_cf(database.handle(Column::Meta), FORMAT_KEY, codec::encode_format());
    put_tip(database, &genesis.header, lattice, ledger, &mut out);
    database.write(out)
}

/// Durably writes what makes a database of restored rows; until then it counts as never initialised.
pub(super) fn restored(database: &Database, tip: &Tip, ledger: &Ledger, genesis_count: u64) -> Result<(), StoreError> {
    let mut out = WriteBatch::default();
    out.put_cf(database.handle(Column::Meta), GENESIS_KEY, codec::encode_genesis_count(genesis_count));
    out.put_cf(database.handle(Column::Meta), FORMAT_KEY, codec::encode_format());
    put_tip(database, &tip.header, &tip.lattice, ledger, &mut out);
    database.write(out)
}

/// Header, tip, what is kept, and the mark of every column.
fn put_tip(
    database: &Database,
    header: &BlockHeader,
    lattice: &[u8; LATTICE_BYTES],
    ledger: &Ledger,
    out: &mut WriteBatch,
) {
    out.put_cf(database.handle(Column::Headers), slot_key(header.slot), codec::encode_header(header));
    let mark = codec::encode_mark(header.slot, &header.block_hash);
    for column in Column::MARKED {
        out.put_cf(database.handle(column), MARK_KEY, mark);
    }
    out.put_cf(database.handle(Column::Meta), TIP_KEY, codec::encode_tip(header, lattice));
    out.put_cf(database.handle(Column::Meta), LEDGER_KEY, codec::encode_ledger(ledger));
}

/// Removes what an interrupted [`genesis`] left behind.
pub(super) fn remove_leftovers(database: &Database) -> Result<(), StoreError> {
    for column in [Column::Accounts, Column::GenesisAccounts] {
        if !database.is_empty(column)? {
            let mut out = WriteBatch::default();
            out.delete_range_cf(database.handle(column), FIRST_KEY, AFTER_LAST_KEY);
            database.write(out)?;
            database.compact(column);
        }
    }
    Ok(())
}
