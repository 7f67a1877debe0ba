//! Arguments of every command that writes a database: how it is kept.

use clap::{Args, ValueEnum};
use heddle_storage::{Durability, LedgerOptions, RocksOptions};

use crate::{byte_size::ByteSize, failure::Failure};

/// How a database is kept; nothing of it changes a result.
#[derive(Debug, Args)]
pub(crate) struct StoreArguments {
    /// When blocks are synced to the disk: block (each), interval MS (all of the last MS milliseconds together), none
    /// (when the command ends)
    #[arg(long, default_value = "block", value_name = "WHEN", num_args = 1..=2, conflicts_with = "memory")]
    durability: Vec<String>,
    /// Memory for accounts and tables of the database, for example 512MiB or 4GiB
    #[arg(long, default_value = "1GiB", value_name = "SIZE")]
    pub(crate) cache_bytes: ByteSize,
    /// Keep transactions and results of about the newest N slots only (default: of all)
    #[arg(long, value_name = "N", conflicts_with = "memory")]
    pub(crate) ledger_keep_slots: Option<u64>,
    /// Keep what takes back about the newest N slots (default: 512)
    #[arg(long, value_name = "N", conflicts_with = "memory")]
    pub(crate) history_slots: Option<u64>,
    /// Index transactions: by signature, by address, by both, or not at all (default)
    #[arg(long, value_name = "BY", conflicts_with = "memory")]
    pub(crate) index: Option<LedgerIndex>,
}

/// What transactions can be found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LedgerIndex {
    None,
    Signature,
    Address,
    Both,
}

impl StoreArguments {
    /// A quarter is the database's, for tables; the rest the engine's, for accounts.
    pub(crate) fn engine_cache_bytes(&self) -> usize {
        self.cache_bytes.0 - self.cache_bytes.0 / 4
    }

    /// When blocks are synced.
    pub(crate) fn durability(&self) -> Result<Durability, Failure> {
        self.durability.join(" ").parse().map_err(|error| Failure::Usage(format!("--durability: {error}")))
    }

    pub(crate) fn rocks_options(&self) -> Result<RocksOptions, Failure> {
        let Self { ledger_keep_slots, history_slots, index, .. } = *self;
        let default = LedgerOptions::default();
        let ledger = LedgerOptions {
            keep_slots: ledger_keep_slots,
            history_slots: history_slots.unwrap_or(default.history_slots),
            signatures: matches!(index, Some(LedgerIndex::Signature | LedgerIndex::Both)),
            addresses: matches!(index, Some(LedgerIndex::Address | LedgerIndex::Both)),
            ..default
        };
        // A database that is there keeps what it kept, unless something else is asked for.
        let is_asked = ledger_keep_slots.is_some() || history_slots.is_some() || index.is_some();
        Ok(RocksOptions {
            durability: self.durability()?,
            ledger: is_asked.then_some(ledger),
            cache_bytes: self.cache_bytes.0 / 4,
        })
    }
}
