//! The scenarios, one file per topic.

use crate::{case::Case, environment::Environment};

mod address_lookup_table;
mod ata;
mod calls;
mod config;
mod cpi;
mod feature_gate;
mod fees;
mod generated;
mod generated_programs;
pub mod loader_v3;
mod memo;
mod precompiles;
mod stake;
mod syscall_pointers;
mod syscalls;
pub mod system;
mod token;
mod token_2022;
mod vm_limits;
mod vote;
mod zk_elgamal_proof;

/// A named list of cases.
pub struct Topic {
    pub name: &'static str,
    pub cases: fn(&Environment) -> Vec<Case>,
}

/// Every topic, in the order in which they are recorded.
pub const TOPICS: &[Topic] = &[
    Topic { name: "system", cases: system::cases },
    Topic { name: "fees", cases: fees::cases },
    Topic { name: "token", cases: token::cases },
    Topic { name: "token_2022", cases: token_2022::cases },
    Topic { name: "ata", cases: ata::cases },
    Topic { name: "memo", cases: memo::cases },
    Topic { name: "precompiles", cases: precompiles::cases },
    Topic { name: "vote", cases: vote::cases },
    Topic { name: "generated", cases: generated::cases },
    Topic { name: "syscalls", cases: syscalls::cases },
    Topic { name: "syscall_pointers", cases: syscall_pointers::cases },
    Topic { name: "cpi", cases: cpi::cases },
    Topic { name: "cpi_infos", cases: cpi::info_cases },
    Topic { name: "vm_limits", cases: vm_limits::cases },
    Topic { name: "verification", cases: vm_limits::verification_cases },
    Topic { name: "generated_programs", cases: generated_programs::cases },
    Topic { name: "address_lookup_table", cases: address_lookup_table::cases },
    Topic { name: "config", cases: config::cases },
    Topic { name: "feature_gate", cases: feature_gate::cases },
    Topic { name: "stake", cases: stake::cases },
    Topic { name: "zk_elgamal_proof", cases: zk_elgamal_proof::cases },
    Topic { name: "loader_v3", cases: loader_v3::cases },
];

/// A random case from a number.
pub type Sequence = fn(&Environment, u64) -> Case;

/// Generators of random cases, with the topics whose few committed ones they made.
pub const SEQUENCES: &[(&str, Sequence)] = &[
    ("generated", generated::sequence),
    ("vote", vote::sequence),
    ("vote", vote::chaos),
    ("generated_programs", generated_programs::sequence),
];
