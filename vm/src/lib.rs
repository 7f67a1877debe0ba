//! Runs the instructions of one transaction: sBPF programs and builtins, with metering, syscalls and CPI.
//!
//! [`InvokeContext`] is the machine of one worker: it owns the working copies of a transaction's accounts, the compute
//! meter, the log and the pooled VM memory, and is reused from transaction to transaction without allocating. It knows
//! nothing of blocks, schedules or storage; what a program may see of the block is an input ([`BlockEnvironment`]).
//!
//! Only this crate names `solana-sbpf`, and only its `memory` module holds `unsafe` code.
#![doc = include_str!("../README.md")]

mod assemble;
mod borrowed_account;
mod budget;
mod builtin;
mod cpi;
mod environment;
mod error;
mod execute;
mod held;
mod invoke_context;
mod logs;
#[allow(unsafe_code)]
mod memory;
mod nonce;
mod program;
mod program_cache;
mod program_source;
mod runtime;
mod serialize;
mod slot_hashes;
pub mod syscalls;
mod sysvars;
mod text_program;
mod tracked_region;
mod transaction_context;

pub use assemble::assemble;
pub use borrowed_account::BorrowedAccount;
pub use budget::{ComputeBudget, costs};
pub use builtin::{Builtin, Precompile, Syscall};
pub use cpi::{AccountMeta, Instruction};
pub use environment::{BlockEnvironment, EpochStakes};
pub use error::{CpiError, SyscallError};
pub use execute::{ExecutionMode, VmError};
pub use invoke_context::InvokeContext;
pub use logs::LogCollector;
pub use memory::GuestSlice;
pub use nonce::{DurableNonce, NonceData, NonceState, NonceVersion};
pub use program::Program;
pub use program_cache::{Deployable, ProgramCache, ProgramEntry, is_old_version};
pub use program_source::{NoPrograms, ProgramSource};
pub use runtime::{Runtime, RuntimeBuilder};
pub use slot_hashes::SlotHashes;
pub use solana_sbpf;
pub use sysvars::{Clock, EpochSchedule, Rent, SysvarCache, slot_hashes_to_bytes};
pub use text_program::{InputMapping, TextOutcome, TextProgram};
pub use transaction_context::{InstructionAccount, TransactionContext, TransactionInstruction};
