//! Executes Solana-style transactions and blocks in parallel, bit for bit equal to serial execution.
//!
//! ```
//! use heddle_engine::{Engine, VerifiedTransaction};
//! # use heddle_engine::doc::{alice, transfer};
//! # use heddle_types::Pubkey;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bob = Pubkey::new_from_array([2; 32]);
//! let engine = Engine::builder().fund(alice(), 10_000_000_000).workers(2).build()?;
//! let wire_bytes = transfer(bob, 1_000_000_000, engine.latest_blockhash()); // signed by alice, from any Solana client
//! let receipt = engine.execute(&wire_bytes)?;
//! assert_eq!(receipt.status, Ok(()));
//! assert_eq!(engine.account(&bob)?.unwrap().lamports, 1_000_000_000);
//! # Ok(())
//! # }
//! ```
//!
//! Whole blocks go through [`Engine::execute_block`], which writes nothing, and [`Engine::commit_block`], which makes
//! the block durable; in between, an embedder may drop it. A failing transaction is data (its [`Receipt`]), never an
//! error; errors mean that the host failed.
#![doc = include_str!("../README.md")]

mod account_diff;
mod account_set;
mod account_table;
mod block;
mod block_limits;
mod blockhash_queue;
mod builder;
pub mod bundle;
mod chain;
mod contention;
mod cost;
mod details;
mod direct;
#[doc(hidden)]
pub mod doc;
mod engine;
mod error;
mod execute;
mod executor;
mod fees;
mod full_scan;
mod ingress;
mod inherited_sysvars;
mod instructions_sysvar;
mod key_index;
mod lookup;
mod overrides;
mod plan;
mod planner;
mod producer;
mod programs;
mod readonly_cache;
mod replay;
mod simulate;
mod slot;
mod start_store;
mod state_hash;
mod static_facts;
mod status_cache;
mod term_cache;
mod token_balances;
mod waiting_accounts;

pub use account_diff::{AccountDifference, DataDifference, DataRange};
pub use account_table::AccountChange;
pub use block::{Block, ExecutedBlock, StageTimes};
pub use block_limits::{BlockLimit, BlockLimits};
pub use builder::{Builder, StageClock};
pub use contention::{Contention, HotAccount};
pub use cost::Cost;
pub use engine::{CommittedBlock, Engine, Parallelism};
pub use error::{BuildError, EngineError, ExecuteError, IngressError};
pub use execute::Outcome;
pub use full_scan::{RecordedAccount, ScanProblem, ScanProgress, ScanReport, full_scan};
pub use heddle_scheduler::{GreedyChoice, PackLimit, PackLimits, PackReport, Packed, PoolBounds, WORKERS_MAX};
pub use heddle_types::Receipt;
pub use heddle_vm::EpochSchedule;
pub use ingress::{Verification, VerifiedTransaction, verify_batch, verify_batch_serially, verify_signatures};
pub use overrides::{OVERRIDE_COLLECTOR, OverrideError};
pub use producer::{BlockProducer, Produced, ProducerConfig, SubmitError};
pub use replay::{Difference, ReplayError, ReplayOptions, ReplayReport, replay};
pub use simulate::Simulation;
pub use state_hash::{Lattice, block_hash, chain_blockhash};
