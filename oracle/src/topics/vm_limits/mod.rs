//! The virtual machine itself: memory, stack, heap, arithmetic, input, logs, units; and programs that do not verify.

use super::calls::{self, with_all_units};
use crate::{
    case::{Case, Expect, SOL, address, instruction},
    environment::Environment,
    machine::{Argument, Step, exit, script},
    program::{Version, assemble, loaded_by_v2},
};
use solana_instruction::{AccountMeta, Instruction};

mod accounts;
mod arithmetic;
mod execution;
mod input;
mod memory;
mod verification;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = memory::cases(environment);
    cases.extend(arithmetic::cases(environment));
    cases.extend(execution::cases(environment));
    cases.extend(accounts::cases(environment));
    cases.extend(input::cases(environment));
    cases
}

/// The cases of topic `verification`.
pub fn verification_cases(environment: &Environment) -> Vec<Case> {
    verification::cases(environment)
}

/// The two versions that run, and their names.
const VERSIONS: [(Version, &str); 2] = [(Version::V0, "v0"), (Version::V3, "v3")];

/// A case with a program of its own, called `program`.
fn with_program(environment: &Environment, name: &str, elf: Vec<u8>) -> Case {
    Case::bare(environment, name).lamports("payer", SOL).account(address("program"), loaded_by_v2(elf))
}

/// The same, assembled.
fn assembled(environment: &Environment, name: &str, version: Version, text: &str) -> Case {
    with_program(environment, name, assemble(version, text))
}

/// An instruction of `program`.
fn run(metas: Vec<AccountMeta>, data: impl Into<Vec<u8>>) -> Instruction {
    instruction(address("program"), metas, data)
}

/// Adds a transaction of the machine's that does `steps` without accounts.
fn steps(case: Case, expect: Expect, steps: &[Step]) -> Case {
    let all = [steps, &[exit(Argument::Value(0))]].concat();
    case.legacy(expect, &["payer"], &with_all_units(calls::run(script(&all, &[]))))
}
