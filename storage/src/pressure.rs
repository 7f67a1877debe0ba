//! How a store on disk keeps up with what is written to it. Knows no database.

/// Levels that a store may sort its tables into.
pub const LEVEL_COUNT: usize = 7;

/// What tells whether writes will have to wait for the disk, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorePressure {
    /// Bytes in memory that are not in tables yet.
    pub memtable_bytes: u64,
    /// Bytes of tables on disk.
    pub table_bytes: u64,
    /// Whether writes wait until something is written out.
    pub is_write_stopped: bool,
    /// To how many bytes a second writes are slowed down; 0: they are not.
    pub delayed_write_bytes_per_second: u64,
    /// Bytes that have to be rewritten until the tables are in order again.
    pub compaction_pending_bytes: u64,
    /// Rewrites under way.
    pub running_compaction_count: u64,
    /// Buffers that are being written out.
    pub running_flush_count: u64,
    /// Tables of each level; those of level 0 overlap, so each lookup may have to ask all of them.
    pub level_table_counts: [u64; LEVEL_COUNT],
}
