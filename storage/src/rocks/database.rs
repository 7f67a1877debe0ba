//! RocksDB with our columns, keys and errors: typed reads and one write call.
//!
//! Knows the columns, not what a chain is: no order of blocks, no poisoning.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use heddle_types::{Account, BlockHeader, Pubkey};
use rocksdb::{
    ColumnFamily, DB, Direction, FlushOptions, IteratorMode, ReadOptions, WriteBatch, WriteOptions,
    checkpoint::Checkpoint, properties::PropName,
};

use super::{
    columns::{Column, FIRST_KEY, LEDGER_KEY, MARK_KEY, TIP_KEY, slot_key},
    errors::{from_rocks, from_rocks_open},
    options,
};
use crate::{
    Ledger, StoreError, Tip,
    codec::{self, DecodeError},
};

/// Bytes fetched ahead when a whole column is read.
const SCAN_READAHEAD_BYTES: usize = 2 * 1024 * 1024;

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Changes nothing on disk.
    Read,
    /// For writing; everything must be there.
    Write,
    /// For writing; what is missing is made.
    Create,
}

/// An open RocksDB database.
pub(super) struct Database {
    path: PathBuf,
    db: DB,
    /// Compaction drops index entries of earlier blocks.
    blocks_from: Arc<AtomicU64>,
}

impl Database {
    pub(super) fn open(
        path: &Path,
        access: Access,
        columns: &[Column],
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        let blocks_from = Arc::default();
        let descriptors = options::columns(columns, cache_bytes, &blocks_from);
        let options = options::database(access == Access::Create);
        let opened = match access {
            // The log of a crashed writer is replayed in memory.
            Access::Read => DB::open_cf_descriptors_read_only(&options, path, descriptors, false),
            Access::Write | Access::Create => DB::open_cf_descriptors(&options, path, descriptors),
        };
        let db = opened.map_err(|error| from_rocks_open(path, error))?;
        Ok(Self { path: path.to_owned(), db, blocks_from })
    }

    /// Names of the column families at `path`.
    pub(super) fn column_names(path: &Path) -> Result<Vec<String>, StoreError> {
        DB::list_cf(&options::database(false), path).map_err(|error| from_rocks_open(path, error))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Handle for use in a [`WriteBatch`].
    ///
    /// # Panics
    /// If the database was opened without the column: a defect of this crate.
    pub(super) fn handle(&self, column: Column) -> &ColumnFamily {
        self.db.cf_handle(column.name()).expect("opened with this column")
    }

    /// Reads and decodes one record.
    pub(super) fn get<T>(&self, column: Column, key: &[u8], decode: Decode<T>) -> Result<Option<T>, StoreError> {
        let value = self.db.get_pinned_cf(self.handle(column), key);
        let value = value.map_err(|error| from_rocks(&self.path, "read from", error))?;
        value.map(|value| decode(&value)).transpose().map_err(|error| self.corrupt(column, key, &error))
    }

    /// Reads accounts in the order of `keys`, all as of one moment; O(n log n).
    ///
    /// Keys are sorted first: neighbours share index, filter and data blocks.
    pub(super) fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        if let [key] = keys {
            return Ok(vec![self.get(Column::Accounts, key.as_ref(), codec::decode_account)?]);
        }
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.sort_unstable_by_key(|&index| &keys[index as usize]);
        let handle = self.handle(Column::Accounts);
        let sorted_keys = order.iter().map(|&index| keys[index as usize].as_array());
        let values = self.db.batched_multi_get_cf(handle, sorted_keys, true);
        let mut accounts = vec![None; keys.len()];
        for (value, &index) in values.into_iter().zip(&order) {
            let key = &keys[index as usize];
            let value = value.map_err(|error| from_rocks(&self.path, "read from", error))?;
            let account = value.map(|value| codec::decode_account(&value)).transpose();
            accounts[index as usize] = account.map_err(|error| self.corrupt(Column::Accounts, key.as_ref(), &error))?;
        }
        Ok(accounts)
    }

    /// Calls `visit` with the records from `from` on, in ascending order of key, until it says no more.
    pub(super) fn scan(&self, column: Column, from: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        let mut options = ReadOptions::default();
        options.set_readahead_size(SCAN_READAHEAD_BYTES);
        options.fill_cache(false);
        let mut rows = self.db.raw_iterator_cf_opt(self.handle(column), options);
        rows.seek(from);
        while let Some((key, value)) = rows.item() {
            match visit(key, value) {
                Ok(true) => rows.next(),
                Ok(false) => return Ok(()),
                Err(error) => return Err(self.corrupt(column, key, &error)),
            }
        }
        rows.status().map_err(|error| from_rocks(&self.path, "read from", error))
    }

    /// First key of the column at or after `from`.
    pub(super) fn first_key(&self, column: Column, from: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut found = None;
        self.scan(column, from, &mut |key, _| {
            found = Some(key.to_owned());
            Ok(false)
        })?;
        Ok(found)
    }

    /// First header at or after `slot`.
    pub(super) fn header_from(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        let mut found = None;
        self.scan(Column::Headers, &slot_key(slot), &mut |_, value| {
            found = Some(codec::decode_header(value)?);
            Ok(false)
        })?;
        Ok(found)
    }

    /// The last `count` headers, oldest first.
    pub(super) fn last_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        let mut headers = Vec::new();
        let from_end = IteratorMode::From(&[0xff; 9], Direction::Reverse);
        for row in self.db.iterator_cf(self.handle(Column::Headers), from_end).take(count) {
            let (key, value) = row.map_err(|error| from_rocks(&self.path, "read from", error))?;
            if &*key == MARK_KEY {
                break;
            }
            headers.push(codec::decode_header(&value).map_err(|error| self.corrupt(Column::Headers, &key, &error))?);
        }
        headers.reverse();
        Ok(headers)
    }

    pub(super) fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.get(Column::Meta, TIP_KEY, codec::decode_tip)
    }

    pub(super) fn ledger(&self) -> Result<Option<Ledger>, StoreError> {
        self.get(Column::Meta, LEDGER_KEY, codec::decode_ledger)
    }

    /// Calls `visit` with the records before `until`, in descending order of key, until it says no more.
    pub(super) fn scan_back(&self, column: Column, until: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        let mut rows = self.db.raw_iterator_cf_opt(self.handle(column), ReadOptions::default());
        rows.seek_for_prev(until);
        while let Some((key, value)) = rows.item() {
            match visit(key, value) {
                Ok(true) => rows.prev(),
                Ok(false) => return Ok(()),
                Err(error) => return Err(self.corrupt(column, key, &error)),
            }
        }
        rows.status().map_err(|error| from_rocks(&self.path, "read from", error))
    }

    /// Whether the column holds any record but its mark.
    pub(super) fn is_empty(&self, column: Column) -> Result<bool, StoreError> {
        Ok(self.first_key(column, FIRST_KEY)?.is_none())
    }

    /// Applies the batch as a whole; returns once it is durable.
    pub(super) fn write(&self, batch: WriteBatch) -> Result<(), StoreError> {
        self.write_with(batch, true)
    }

    /// Applies the batch as a whole; it is durable on return, or with the next [`Self::sync`].
    pub(super) fn write_with(&self, batch: WriteBatch, is_synced: bool) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(is_synced);
        self.db.write_opt(batch, &options).map_err(|error| from_rocks(&self.path, "write to", error))
    }

    /// Applies the batch as a whole; it is durable after the next [`Self::flush`], and gone after a crash before it.
    pub(super) fn write_unlogged(&self, batch: WriteBatch) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.disable_wal(true);
        self.db.write_opt(batch, &options).map_err(|error| from_rocks(&self.path, "write to", error))
    }

    /// Writes all that is only in memory into tables.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let handles: Vec<_> = Column::ALL.into_iter().map(|column| self.handle(column)).collect();
        let flushed = self.db.flush_cfs_opt(&handles, &FlushOptions::default());
        flushed.map_err(|error| from_rocks(&self.path, "flush", error))
    }

    /// A number that RocksDB keeps of a column, or of the whole database; 0 if it is not a number.
    pub(super) fn property(&self, column: Column, name: &PropName) -> Result<u64, StoreError> {
        let value = self.db.property_value_cf(self.handle(column), name);
        let value = value.map_err(|error| from_rocks(&self.path, "ask", error))?;
        Ok(value.and_then(|text| text.trim().parse().ok()).unwrap_or_default())
    }

    /// About how many rows the column has, and how many bytes they take on disk and in memory.
    pub(super) fn size_of(&self, column: Column) -> (u64, u64) {
        let property = |name: &str| self.db.property_int_value_cf(self.handle(column), name).ok().flatten();
        let rows = property("rocksdb.estimate-num-keys").unwrap_or_default();
        let bytes = ["rocksdb.total-sst-files-size", "rocksdb.size-all-mem-tables"];
        (rows, bytes.into_iter().filter_map(property).sum())
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush_wal(true).map_err(|error| from_rocks(&self.path, "sync", error))
    }

    /// From now on compaction drops index entries of blocks before `slot`.
    pub(super) fn forget_entries_before(&self, slot: u64) {
        self.blocks_from.store(slot, Ordering::Relaxed);
    }

    /// Gives back the space of files that hold only slots before `until`, which were removed.
    ///
    /// A file may go that says of another, which stays, that its records are removed: they are then back. So readers look
    /// at the slot too, and the next removal is of them again.
    pub(super) fn drop_files(&self, column: Column, until: u64) -> Result<(), StoreError> {
        let Some(last) = until.checked_sub(1) else { return Ok(()) };
        let dropped = self.db.delete_file_in_range_cf(self.handle(column), slot_key(0), slot_key(last));
        dropped.map_err(|error| from_rocks(&self.path, "remove files of", error))
    }

    /// Makes a copy at `path`, which must not be there, out of links to the same tables. It holds every block committed
    /// before, none in part.
    pub(super) fn checkpoint(&self, path: &Path) -> Result<(), StoreError> {
        /// The write-ahead log is copied, however long it is; writing its blocks out to tables would hold up commits.
        const LOG_BYTES_BEFORE_FLUSH: u64 = u64::MAX;
        let made = Checkpoint::new(&self.db)
            .and_then(|checkpoint| checkpoint.create_checkpoint_with_log_size(path, LOG_BYTES_BEFORE_FLUSH));
        made.map_err(|error| from_rocks(path, "make a checkpoint in", error))
    }

    /// Rewrites a column so that nothing of removed records is left on disk; O(size of the column).
    pub(super) fn compact(&self, column: Column) {
        self.db.compact_range_cf(self.handle(column), None::<&[u8]>, None::<&[u8]>);
    }

    pub(super) fn corrupt(&self, column: Column, key: &[u8], error: &DecodeError) -> StoreError {
        let detail = format!("{}: {error}", column.display_key(key));
        StoreError::Corrupt { path: self.path.clone(), what: column.name(), detail }
    }
}

/// A decoder of [`codec`].
pub(super) type Decode<T> = fn(&[u8]) -> Result<T, DecodeError>;
/// Takes key and value; whether to go on.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<bool, DecodeError>;
