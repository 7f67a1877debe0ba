//! Runs fixtures of other implementations of Solana's runtime on this one, and says in what they differ.
//!
//! ```text
//!  folder ─▶ suite ─▶ a format per kind of file ─▶ machine (one instruction) ─▶ compare ─▶ report
//!                     mollusk, firedancer           vm, programs
//!                     vm, elf, wire, oracle_cases   of the product, unchanged
//! ```
//!
//! A fixture is input: whatever its bytes are, it ends as passed, failed or skipped, never as a panic. The second thing
//! here is [`docs`], which writes `docs/conformance.md`: each rule, and what proves it.
#![doc = include_str!("../README.md")]

pub mod compare;
pub mod docs;
pub mod elf;
pub mod errors;
pub mod features;
pub mod firedancer;
pub mod instr_text;
pub mod machine;
pub mod mollusk;
pub mod oracle_cases;
mod programs;
pub mod report;
pub mod schema;
pub mod suite;
mod sysvar_accounts;
pub mod vm;
pub mod wire;
mod wire_structure;
pub mod xxh64;
