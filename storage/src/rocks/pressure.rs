//! What RocksDB says of its own load, of all columns together.

use rocksdb::properties::{
    ACTUAL_DELAYED_WRITE_RATE, CUR_SIZE_ALL_MEM_TABLES, ESTIMATE_PENDING_COMPACTION_BYTES, IS_WRITE_STOPPED,
    NUM_RUNNING_COMPACTIONS, NUM_RUNNING_FLUSHES, PropName, TOTAL_SST_FILES_SIZE, num_files_at_level,
};

use super::{columns::Column, database::Database};
use crate::{LEVEL_COUNT, StoreError, StorePressure};

/// Reads what is kept by column and adds it up, and what is of the database as a whole. Reads no file.
pub(super) fn measure(database: &Database) -> Result<StorePressure, StoreError> {
    let sum = |name: &PropName| -> Result<u64, StoreError> {
        Column::ALL.into_iter().map(|column| database.property(column, name)).sum()
    };
    // Every column says the same of these.
    let of_all = |name: &PropName| database.property(Column::Meta, name);
    let mut level_table_counts = [0; LEVEL_COUNT];
    for (level, count) in level_table_counts.iter_mut().enumerate() {
        *count = sum(&num_files_at_level(level))?;
    }
    Ok(StorePressure {
        memtable_bytes: sum(CUR_SIZE_ALL_MEM_TABLES)?,
        table_bytes: sum(TOTAL_SST_FILES_SIZE)?,
        is_write_stopped: of_all(IS_WRITE_STOPPED)? > 0,
        delayed_write_bytes_per_second: of_all(ACTUAL_DELAYED_WRITE_RATE)?,
        compaction_pending_bytes: sum(ESTIMATE_PENDING_COMPACTION_BYTES)?,
        running_compaction_count: of_all(NUM_RUNNING_COMPACTIONS)?,
        running_flush_count: of_all(NUM_RUNNING_FLUSHES)?,
        level_table_counts,
    })
}
