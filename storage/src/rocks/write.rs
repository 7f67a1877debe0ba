//! What is written: a block as one batch, a genesis state as several.

use std::ops::Range;

use heddle_types::{BlockHeader, Genesis};
use rocksdb::WriteBatch;

use super::{
    columns::{AFTER_LAST_KEY, Column, FIRST_KEY, FORMAT_KEY, GENESIS_KEY, MARK_KEY, TIP_KEY, slot_key},
    database::Database,
};
use crate::{BlockBatch, LATTICE_BYTES, Malformed, StoreError, batch, codec};

/// A genesis state is written in batches of about this size (plus one account).
const GENESIS_BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Stored bytes of an account without data, with its key and what a batch adds.
const ACCOUNT_OVERHEAD_BYTES: usize = 96;

/// The one batch of a block. `statuses_dropped`: slots whose statuses go.
pub(super) fn block(
    database: &Database,
    block: &BlockBatch,
    statuses_dropped: Range<u64>,
) -> Result<WriteBatch, Malformed> {
    let slot = block.header.slot;
    let changes = batch::changes(block)?;
    let transactions = batch::encode_transactions(slot, &block.transactions)?;
    let digests = codec::encode_changes(&batch::digests(&changes));
    let data_bytes: usize = changes.iter().filter_map(|(_, account)| account.map(|account| account.data.len())).sum();
    let capacity_bytes = data_bytes
        + changes.len() * ACCOUNT_OVERHEAD_BYTES
        + transactions.len()
        + digests.len()
        + block.statuses.len() * 64;
    let mut out = WriteBatch::with_capacity_bytes(capacity_bytes + 8 * 1024);

    let accounts = database.handle(Column::Accounts);
    let mut record = Vec::new();
    for (key, account) in changes {
        match account {
            Some(account) => {
                record.clear();
                codec::encode_account(account, &mut record);
                out.put_cf(accounts, key, &record);
            }
            None => out.delete_cf(accounts, key),
        }
    }
    put_statuses(database, block, statuses_dropped, &mut out);
    out.put_cf(database.handle(Column::Transactions), slot_key(slot), transactions);
    out.put_cf(database.handle(Column::Changes), slot_key(slot), digests);
    put_tip(database, &block.header, &block.lattice, &mut out);
    Ok(out)
}

/// Writes a genesis state durably into a database without accounts. Until the last batch the database counts as never
/// initialised.
pub(super) fn genesis(database: &Database, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
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
    put_tip(database, &genesis.header, lattice, &mut out);
    database.write(out)
}

/// Header, tip and the mark of every column.
fn put_tip(database: &Database, header: &BlockHeader, lattice: &[u8; LATTICE_BYTES], out: &mut WriteBatch) {
    out.put_cf(database.handle(Column::Headers), slot_key(header.slot), codec::encode_header(header));
    let mark = codec::encode_mark(header.slot, &header.block_hash);
    for column in Column::MARKED {
        out.put_cf(database.handle(column), MARK_KEY, mark);
    }
    out.put_cf(database.handle(Column::Meta), TIP_KEY, codec::encode_tip(header, lattice));
}

fn put_statuses(database: &Database, block: &BlockBatch, dropped: Range<u64>, out: &mut WriteBatch) {
    let statuses = database.handle(Column::Statuses);
    if !dropped.is_empty() {
        out.delete_range_cf(statuses, slot_key(dropped.start), slot_key(dropped.end));
    }
    let slot = block.header.slot;
    if !block.statuses.is_empty() && slot >= block.statuses_from_slot {
        out.put_cf(statuses, slot_key(slot), codec::encode_statuses(&block.statuses));
    }
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
