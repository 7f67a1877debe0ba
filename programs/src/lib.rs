//! What can be called: native programs, signature precompiles, and the real sBPF programs of mainnet.
//!
//! Each is registered here by its address, and nothing outside this crate knows them apart: the machine
//! ([`heddle_vm::InvokeContext`]) finds them in the [`heddle_vm::Runtime`] that [`runtime`] builds. Beside them are the
//! pure tables a transaction is checked with before it runs: [`compute_budget_limits()`] and [`is_reserved`].
#![doc = include_str!("../README.md")]

mod builtins;
mod compute_budget_limits;
mod elf;
mod genesis;
mod precompiles;
mod reserved_keys;

use std::sync::Arc;

pub use builtins::loader_v3::state::{LoaderV3State, programdata_address};
pub use builtins::system::allocated_bytes;
pub use compute_budget_limits::{
    ComputeBudgetLimits, LOADED_DATA_BYTES_MAX, compute_budget_limits, compute_budget_limits_v1,
};
pub use elf::{ShippedProgram, ids, shipped_programs};
pub use genesis::genesis_accounts;
use heddle_types::Gates;
use heddle_vm::{Runtime, RuntimeBuilder};
pub use reserved_keys::{RESERVED_KEYS, is_reserved};
use solana_sdk_ids::{
    bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable, compute_budget, ed25519_program, secp256k1_program,
    secp256r1_program, system_program, vote, zk_elgamal_proof_program,
};

use crate::{
    builtins::{loader_legacy, loader_v3, system, zk_elgamal_proof},
    precompiles::{ed25519::Ed25519, secp256k1::Secp256k1, secp256r1::Secp256r1},
};

/// A runtime with every builtin and precompile of mainnet that is done so far.
pub fn runtime() -> Arc<Runtime> {
    runtime_builder().build()
}

/// As [`runtime`], for those who register programs or syscalls of their own.
pub fn runtime_builder() -> RuntimeBuilder {
    runtime_builder_with(Gates::mainnet())
}

/// As [`runtime_builder`], under other feature gates than mainnet's ([`heddle_types::FeatureSet::gates`]).
pub fn runtime_builder_with(gates: Gates) -> RuntimeBuilder {
    Runtime::builder(gates)
        .builtin(system_program::ID, system::SystemProgram)
        .builtin(vote::ID, builtins::vote::process)
        .builtin(compute_budget::ID, builtins::compute_budget::process)
        .builtin(bpf_loader_deprecated::ID, loader_legacy::process_v1)
        .builtin(bpf_loader::ID, loader_legacy::process_v2)
        .builtin(bpf_loader_upgradeable::ID, loader_v3::process)
        .builtin(zk_elgamal_proof_program::ID, zk_elgamal_proof::process)
        .precompile(ed25519_program::ID, Ed25519)
        .precompile(secp256k1_program::ID, Secp256k1)
        .precompile(secp256r1_program::ID, Secp256r1)
}
