//! Everything that can go wrong in a store, told so that an operator can act on it.
//!
//! Messages carry the path, the slot or the key. The database library does not show in these types: its errors are
//! boxed sources, so that another library can take its place.

use std::{error::Error, path::PathBuf};

use heddle_types::Hash;
use thiserror::Error;

use crate::codec::EncodeError;

/// An error of the medium, whoever reported it (the operating system or the database library).
pub type SourceError = Box<dyn Error + Send + Sync + 'static>;

/// Why a store refused or failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// [`crate::Store::initialize`] on a store that holds a chain.
    #[error("the store already holds a chain, its tip is at slot {tip_slot}")]
    AlreadyInitialized {
        /// Slot of the newest block.
        tip_slot: u64,
    },
    /// A commit before [`crate::Store::initialize`].
    #[error("the store holds no chain yet: initialise it with a genesis state first")]
    NotInitialized,
    /// A block whose parent is not the tip. Nothing was written.
    #[error(
        "block at slot {got_slot} (height {got_height}, parent {got_parent_hash} at slot {got_parent_slot}) does not \
         follow the tip {expected_parent_hash} at slot {expected_parent_slot} (next height {expected_height})"
    )]
    NotNext {
        /// Slot of the tip.
        expected_parent_slot: u64,
        /// Block hash of the tip.
        expected_parent_hash: Hash,
        /// Height of the tip plus one.
        expected_height: u64,
        /// Slot of the refused block; it must be larger than its parent's.
        got_slot: u64,
        /// Parent slot that the refused block names.
        got_parent_slot: u64,
        /// Parent hash that the refused block names.
        got_parent_hash: Hash,
        /// Height that the refused block names.
        got_height: u64,
    },
    /// A batch or genesis that contradicts itself. Nothing was written.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An earlier commit failed with an unknown outcome. Reads go on; commits need the store opened again.
    #[error("the store takes no commits until it is opened again, because one failed: {cause}")]
    Poisoned {
        /// The error of the failed commit.
        cause: String,
    },
    /// A write to a store that was opened for reading only.
    #[error("{} is open for reading only", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// A write to a view of an earlier state.
    #[error("this is a view of the state after slot {slot}, for reading only")]
    Past {
        /// Whose state.
        slot: u64,
    },
    /// The state after this slot cannot be had: there is no block, or what leads back to it is not kept.
    #[error("the state after slot {slot} cannot be had: no block is there, or its history is no longer kept")]
    NotKept {
        /// What was asked for.
        slot: u64,
    },
    /// An account that the bundle does not hold, so that nobody can say whether it exists.
    #[error("account {key} is not in the bundle")]
    NotInBundle {
        /// The account.
        key: heddle_types::Pubkey,
    },
    /// A database of another format version.
    #[error("{} has format version {found}, this program reads version {supported}", path.display())]
    Version {
        /// The database.
        path: PathBuf,
        /// Version in its format record.
        found: u32,
        /// The only version this program reads ([`crate::codec::FORMAT_VERSION`]).
        supported: u32,
    },
    /// The path holds something, or nothing, but no database of ours. Nothing was created or changed.
    #[error("{} is no heddle database: {found}", path.display())]
    NotADatabase {
        /// The path as given.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// Stored bytes that are not what was written. Restore a copy, or replay from genesis.
    #[error("{} is corrupt: {what}: {detail}", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// Which record or file.
        what: &'static str,
        /// The key and what is wrong.
        detail: String,
    },
    /// Blocks that were acknowledged as durable are gone, see `docs/storage-format.md`. Nothing was changed.
    #[error(
        "{} lost blocks: slot {acknowledged_slot} was acknowledged as durable, but {}",
        path.display(),
        found_slot.map_or("the database holds no chain".to_owned(), |slot| format!("its newest block is at slot {slot}"))
    )]
    Lost {
        /// The database.
        path: PathBuf,
        /// Newest slot for which a commit is known to have returned success.
        acknowledged_slot: u64,
        /// Slot of the newest block that is still there; `None` if there is no chain.
        found_slot: Option<u64>,
    },
    /// Another store, in this process or another, has the database open for writing.
    #[error("{} is in use by another process or another part of this one", path.display())]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// No space left on the device, or over quota.
    #[error("disk full: cannot {operation} {}", path.display())]
    DiskFull {
        /// The database.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What the medium said.
        source: SourceError,
    },
    /// Any other failure of the medium.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// The database.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What the medium said.
        source: SourceError,
    },
    /// A failure that a test asked for ([`crate::FaultStore`]).
    #[error("injected fault in commit {commit_index}")]
    Injected {
        /// Which commit of the wrapper, counted from 0.
        commit_index: u64,
    },
}

/// Why a batch or a genesis state cannot be stored: a defect of whoever built it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The genesis accounts are not in strictly ascending order of key.
    #[error("genesis accounts are not in ascending order of key at {key}")]
    GenesisOrder {
        /// First key that is not larger than the one before it.
        key: heddle_types::Pubkey,
    },
    /// A genesis account that does not exist, because its balance is zero.
    #[error("genesis account {key} has no lamports")]
    GenesisAccountEmpty {
        /// The account.
        key: heddle_types::Pubkey,
    },
    /// A genesis header that is not at slot 0 and height 0 without transactions.
    #[error("genesis header at slot {slot}, height {height} with {transaction_count} transactions; all must be zero")]
    GenesisHeader {
        /// Its slot.
        slot: u64,
        /// Its height.
        height: u64,
        /// Its transactions.
        transaction_count: u64,
    },
    /// A batch whose states before the block are not one for each account that it writes.
    #[error("the block at slot {slot} writes {count} accounts and brings {before_count} states before it")]
    BeforeCount {
        /// The block.
        slot: u64,
        /// Accounts written.
        count: usize,
        /// States before.
        before_count: usize,
    },
    /// A transaction to be indexed that does not parse.
    #[error("transaction {transaction_index} of the block at slot {slot} does not parse: {source}")]
    Wire {
        /// The block.
        slot: u64,
        /// Position in the block.
        transaction_index: usize,
        /// Why.
        source: heddle_types::WireError,
    },
    /// An account that occurs twice in a batch.
    #[error("account {key} occurs twice in the block at slot {slot}")]
    AccountTwice {
        /// The block.
        slot: u64,
        /// The account.
        key: heddle_types::Pubkey,
    },
    /// Account data over [`heddle_types::limits::ACCOUNT_DATA_BYTES_MAX`].
    #[error("account {key} holds {size_bytes} bytes of data")]
    AccountTooLarge {
        /// The account.
        key: heddle_types::Pubkey,
        /// Length of its data.
        size_bytes: usize,
    },
    /// The header's transaction count is not the number of transactions.
    #[error("header at slot {slot} counts {header_count} transactions, the block has {count}")]
    TransactionCount {
        /// The block.
        slot: u64,
        /// What the header says.
        header_count: u64,
        /// What the batch holds.
        count: usize,
    },
    /// The header's state hash is not the BLAKE3 of the lattice.
    #[error("state hash {state_hash} of the header at slot {slot} is not the hash of the accounts lattice")]
    StateHash {
        /// The block.
        slot: u64,
        /// What the header says.
        state_hash: Hash,
    },
    /// A transaction or receipt without a stored form.
    #[error("transaction {transaction_index} of the block at slot {slot}")]
    Transaction {
        /// The block.
        slot: u64,
        /// Position in the block.
        transaction_index: usize,
        /// What has no stored form.
        source: EncodeError,
    },
}
