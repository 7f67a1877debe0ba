//! How RocksDB is set up: every number here has a name and a reason.
//!
//! Measured figures are from `examples/commit_cost.rs`; see the crate's README.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::available_parallelism,
};

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, CompactionDecision, DBCompressionType, DBRecoveryMode, LogLevel,
    Options,
};

use super::columns::{Column, is_entry_from};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Uncompressed blocks, indexes and filters of all columns together, unless the caller says otherwise.
pub(super) const CACHE_BYTES: usize = 256 * MIB;
/// Buffers of all columns together: beyond it the largest is written out, whatever its own bound.
const WRITE_BUFFERS_BYTES: usize = 256 * MIB;
/// The write-ahead log is replayed on opening (twice, see `recover`), so its size bounds the time that takes.
const WAL_BYTES_MAX: u64 = 256 * MIB as u64;
/// Accounts are rewritten often: a large buffer absorbs repeated writes of hot accounts before they reach a file. But a key
/// is put into twice as large a buffer a tenth slower: the search misses the caches.
const ACCOUNTS_WRITE_BUFFER_BYTES: usize = 32 * MIB;
/// Lists per block: a few MiB each, written once.
const BLOCKS_WRITE_BUFFER_BYTES: usize = 32 * MIB;
/// Headers, marks and statuses.
const SMALL_WRITE_BUFFER_BYTES: usize = 8 * MIB;
/// One buffer that takes writes and up to three that are being written out: commits wait only beyond that.
const WRITE_BUFFER_COUNT_MAX: i32 = 4;
/// Small blocks: a point lookup reads and decompresses a whole block for one account of ~200 bytes.
const ACCOUNTS_BLOCK_BYTES: usize = 4 * KIB;
/// Lists are read whole.
const LISTS_BLOCK_BYTES: usize = 32 * KIB;
/// 1% of lookups of absent accounts reach a data block.
const BLOOM_BITS_PER_KEY: f64 = 10.0;
/// File handles; well below the usual limit of 1024 per process.
const OPEN_FILE_COUNT_MAX: i32 = 512;
/// Started anew for each column family when a database is opened; RocksDB's 16 cost more than the files.
const FILE_OPENING_THREADS: i32 = 2;
/// Flushes and compactions at once, at most: execution needs the other cores.
const BACKGROUND_JOB_COUNT_MAX: usize = 4;
/// Written-out bytes reach the disk continuously instead of in one burst that would delay the log's fsync.
const BYTES_PER_SYNC: u64 = MIB as u64;
/// RocksDB's own diagnostic files (`LOG`, `LOG.old.*`).
const LOG_FILE_COUNT_MAX: usize = 4;
const LOG_FILE_BYTES_MAX: usize = 4 * MIB;

/// Options of the database as a whole; `create`: also makes what is missing of it.
pub(super) fn database(create: bool) -> Options {
    let mut options = Options::default();
    options.create_if_missing(create);
    options.create_missing_column_families(create);

    // A record that was cut off by a crash ends the log. `recover` finds out whether anything acknowledged is gone.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_paranoid_checks(true);
    options.set_track_and_verify_wals_in_manifest(true);

    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_db_write_buffer_size(WRITE_BUFFERS_BYTES);
    options.set_max_open_files(OPEN_FILE_COUNT_MAX);
    options.set_max_file_opening_threads(FILE_OPENING_THREADS);
    let cores = available_parallelism().map_or(2, NonZero::get);
    options.set_max_background_jobs(cores.clamp(2, BACKGROUND_JOB_COUNT_MAX) as i32);
    options.set_bytes_per_sync(BYTES_PER_SYNC);

    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(LOG_FILE_COUNT_MAX);
    options.set_max_log_file_size(LOG_FILE_BYTES_MAX);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

/// The given columns with their options, around one block cache. Compaction drops index entries of blocks before the
/// slot in `blocks_from`.
pub(super) fn columns(
    columns: &[Column],
    cache_bytes: usize,
    blocks_from: &Arc<AtomicU64>,
) -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(cache_bytes);
    let options = |column| {
        let mut options = column_options(column, &cache);
        if matches!(column, Column::Signatures | Column::Addresses) {
            drop_old_entries(column, blocks_from.clone(), &mut options);
        }
        options
    };
    columns.iter().map(|&column| ColumnFamilyDescriptor::new(column.name(), options(column))).collect()
}

/// Removing entries one by one would double the writes; readers know which are too old.
fn drop_old_entries(column: Column, blocks_from: Arc<AtomicU64>, options: &mut Options) {
    options.set_compaction_filter(column.name(), move |_level, key, value| {
        let is_kept = is_entry_from(column, key, value, blocks_from.load(Ordering::Relaxed));
        if is_kept { CompactionDecision::Keep } else { CompactionDecision::Remove }
    });
}

fn column_options(column: Column, cache: &Cache) -> Options {
    let mut options = hinted_options();
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    // Indexes and filters are part of the bound, and those of the newest files stay.
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_max_write_buffer_number(WRITE_BUFFER_COUNT_MAX);
    match column {
        Column::Accounts | Column::GenesisAccounts => {
            table.set_block_size(ACCOUNTS_BLOCK_BYTES);
            table.set_bloom_filter(BLOOM_BITS_PER_KEY, false);
            table.set_whole_key_filtering(true);
            options.set_write_buffer_size(ACCOUNTS_WRITE_BUFFER_BYTES);
        }
        Column::Signatures => {
            table.set_bloom_filter(BLOOM_BITS_PER_KEY, false);
            table.set_whole_key_filtering(true);
            options.set_write_buffer_size(BLOCKS_WRITE_BUFFER_BYTES);
        }
        Column::Addresses => options.set_write_buffer_size(BLOCKS_WRITE_BUFFER_BYTES),
        Column::Transactions | Column::Changes | Column::Details | Column::History => {
            table.set_block_size(LISTS_BLOCK_BYTES);
            options.set_write_buffer_size(BLOCKS_WRITE_BUFFER_BYTES);
        }
        Column::Meta | Column::Statuses | Column::Headers => {
            options.set_write_buffer_size(SMALL_WRITE_BUFFER_BYTES);
        }
    }
    options.set_block_based_table_factory(&table);
    options
}

/// Default options, but for this: a block's keys come in ascending order, and each is looked for from where the one before
/// it was put, instead of from the top of a buffer of some hundred thousand. The empty prefix makes it one hint for all.
///
/// Everything else is set afterwards: options made from a text do not keep alive what others refer to.
fn hinted_options() -> Options {
    const HINT: &str = "memtable_insert_with_hint_prefix_extractor=rocksdb.FixedPrefix.0";
    // Without it everything is as it is, only slower.
    Options::default().get_options_from_string(HINT).unwrap_or_default()
}
