//! Durable blocks: the store trait, the durable store on RocksDB, and one in memory.
//!
//! ```
//! use heddle_storage::{BlockBatch, MemoryStore, Store};
//! use heddle_types::{Account, BlockHeader, Genesis, Hash, Pubkey};
//!
//! let lattice = Box::new([0; heddle_storage::LATTICE_BYTES]);
//! let state_hash = Hash::new_from_array(*blake3::hash(&lattice[..]).as_bytes());
//! let genesis = BlockHeader { state_hash, ..BlockHeader::default() };
//!
//! let store = MemoryStore::new(); // or RocksStore::open(path)?
//! store.initialize(&Genesis { header: genesis, accounts: vec![] }, &lattice)?;
//!
//! let key = Pubkey::new_from_array([7; 32]);
//! store.commit(&BlockBatch {
//!     header: BlockHeader { slot: 1, height: 1, parent_hash: genesis.block_hash, state_hash, ..BlockHeader::default() },
//!     lattice,
//!     accounts: vec![(key, Some(Account::with_lamports(5)))],
//!     before: None,
//!     statuses: vec![],
//!     transactions: vec![],
//!     statuses_from_slot: 0,
//! })?;
//! assert_eq!(store.accounts(&[key])?, [Some(Account::with_lamports(5))]);
//! # Ok::<(), heddle_storage::StoreError>(())
//! ```
#![doc = include_str!("../README.md")]

#[cfg(feature = "rocksdb")]
mod accounts_sum;
mod batch;
pub mod codec;
mod durability;
mod error;
mod fault;
mod index;
mod ledger;
mod memory;
mod past;
mod pressure;
#[cfg(feature = "rocksdb")]
mod rocks;
mod store;
mod volatile;

pub use durability::{Durability, ParseDurabilityError};
pub use error::{Malformed, SourceError, StoreError};
pub use fault::{Fault, FaultStore};
pub use ledger::{BlockHistory, Ledger, LedgerOptions};
pub use memory::MemoryStore;
pub use past::PastStore;
pub use pressure::{LEVEL_COUNT, StorePressure};
#[cfg(feature = "rocksdb")]
pub use rocks::{
    ARCHIVE_VERSION, CheckReport, ColumnSize, Damage, Finding, Findings, Flaw, LEVEL_MAX, Manifest, Overview, Progress,
    RocksOptions, RocksStore, SNAPSHOT_EXTENSION, Snapshot, SnapshotError, SnapshotOptions,
};
pub use store::{BlockBatch, LATTICE_BYTES, Store, Tip};
pub use volatile::VolatileStore;
