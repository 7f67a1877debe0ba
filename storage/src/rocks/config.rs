//! How a database is opened: what the caller may choose.

use super::options;
use crate::{Durability, LedgerOptions};

/// Settings of a [`super::RocksStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RocksOptions {
    /// When blocks are synced (default: each).
    pub durability: Durability,
    /// What is kept of the past. `None`: as the database has it, or the default if it is new. A part that is no longer
    /// asked for is removed.
    pub ledger: Option<LedgerOptions>,
    /// Memory in bytes for what was read from tables, their indexes and filters (default 256 MiB). Beside it, up to 256
    /// MiB hold what was written and is not in tables yet.
    pub cache_bytes: usize,
}

impl Default for RocksOptions {
    fn default() -> Self {
        Self { durability: Durability::default(), ledger: None, cache_bytes: options::CACHE_BYTES }
    }
}
