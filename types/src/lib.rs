//! What a transaction *is*: pure data, wire parsing and limits.
//!
//! Nothing here executes, schedules or stores. Every other crate of Heddle builds on these types, and each type can
//! only be built by the step that proves its invariant (parse, don't validate):
//! bytes → [`SanitizedTransaction`] → locks ([`AccountLock`]) → execution in `heddle-engine`.
#![doc = include_str!("../README.md")]

mod account;
pub mod block;
pub mod features;
pub mod limits;
mod lock_set;
mod receipt;
mod status;
pub mod wire;

pub use account::{Account, AccountData};
pub use block::{AccountDigest, BlockHeader, Genesis, StatusEntry, StoredTransaction, TransactionPlace};
pub use features::{FeatureSet, Gates, UnsupportedFeature};
pub use lock_set::{Access, AccountIndex, AccountLock};
pub use receipt::{InnerInstruction, Receipt, ReceiptDetails, ReturnData, TokenBalance};
pub use solana_hash::Hash;
pub use solana_instruction_error::InstructionError;
pub use solana_pubkey::Pubkey;
pub use solana_sdk_ids as ids;
pub use solana_transaction_error::TransactionError;
pub use status::StatusKey;
pub use wire::{
    InstructionView, LookupView, MessageHeader, SanitizedTransaction, TransactionConfig, TransactionVersion,
    TransactionView, WireError,
};
