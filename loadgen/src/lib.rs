//! Seeded workloads of really signed transactions: the load that `heddle load` pushes through the engine.
//!
//! Everything is a pure function of the [`WorkloadConfig`] and the blockhashes the caller gives: transaction number
//! `n` of a seed has the same bytes whichever thread signs it, on whichever machine. Nothing here executes.
//!
//! ```
//! use std::sync::Arc;
//! use heddle_loadgen::{BlockRange, Generator, TransactionStream, Workload, WorkloadConfig};
//! use heddle_types::Hash;
//!
//! let config = WorkloadConfig { workload: Workload::Transfer, accounts: 100, block_size: 50, ..Default::default() };
//! let generator = Arc::new(Generator::new(config, 2, &|_accounts_done| {})?);
//! assert_eq!(generator.genesis_accounts().len(), 100);
//!
//! let range = BlockRange::new(generator.config(), 0, 120)?;
//! let blockhash_for = |block: u64| Hash::new_from_array([block as u8; 32]);
//! let stream = TransactionStream::spawn(&generator, range, 2, blockhash_for);
//! let sizes: Vec<_> = stream.map(|block| block.len()).collect();
//! assert_eq!(sizes, [50, 50, 20]);
//! # Ok::<(), heddle_loadgen::ConfigError>(())
//! ```
#![doc = include_str!("../README.md")]

mod block;
mod config;
mod encode;
mod generator;
mod genesis;
mod keys;
mod prepared;
mod sampler;
mod signer;
mod stream;
pub mod token_layout;
mod workload;
mod workloads;

pub use block::SignedBlock;
pub use config::{
    ACCOUNT_COUNT_MAX, ACCOUNT_COUNT_MIN, BLOCK_SIZE_MAX, BlockRange, ConfigError, TOTAL_SUPPLY_MAX, WorkloadConfig,
    ZIPF_EXPONENT_MAX,
};
pub use generator::Generator;
pub use keys::{mint_key, secret_key, token_account_key};
pub use prepared::{PREPARED_VERSION, PreparedError, PreparedHeader, PreparedReader, PreparedWriter};
pub use stream::{SIGNING_THREADS_MAX, TRANSACTIONS_AHEAD_MAX, TransactionStream};
pub use workload::{UnknownWorkload, Workload};

#[cfg(test)]
mod tests;
