//! Loader programs and the compute-budget program as instructions.

mod common;

use common::{Instruction, World, budget};
use heddle_types::{InstructionError, Pubkey};
use solana_sdk_ids::{
    bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable, compute_budget, loader_v4, zk_token_proof_program,
};

fn run(program: Pubkey, compute_units: u32) -> common::Outcome {
    World::new().run_all(&[Instruction { program, accounts: vec![], data: vec![1, 0, 0, 0] }], budget(compute_units))
}

#[test]
fn compute_budget_does_nothing_for_150_units() {
    let outcome = run(compute_budget::ID, 150);
    assert_eq!((outcome.result, outcome.compute_units), (Ok(()), 150));
    assert_eq!(run(compute_budget::ID, 149).error(), Some(InstructionError::ComputationalBudgetExceeded));
}

#[test]
fn loaders_refuse_management() {
    for (loader, units, line) in [
        (bpf_loader_deprecated::ID, 1_140, "Deprecated loader is no longer supported"),
        (bpf_loader::ID, 570, "BPF loader management instructions are no longer supported"),
    ] {
        let outcome = run(loader, 10_000);
        assert_eq!(outcome.error(), Some(InstructionError::UnsupportedProgramId), "{loader}");
        assert_eq!(outcome.messages(), vec![line], "{loader}");
        assert_eq!(outcome.compute_units, units, "{loader}");
        let error = run(loader, units as u32 - 1).error();
        assert_eq!(error, Some(InstructionError::ComputationalBudgetExceeded), "{loader}");
    }
}

#[test]
fn loader_v3_refuses_what_no_loader_would_read() {
    for data in [vec![], vec![1, 0, 0], vec![8, 0, 0, 0]] {
        let instruction = Instruction { program: bpf_loader_upgradeable::ID, accounts: vec![], data };
        assert_eq!(World::new().run(&instruction).error(), Some(InstructionError::InvalidInstructionData));
    }
}

#[test]
fn loader_v4_and_zk_token_proof_are_not_there() {
    for program in [loader_v4::ID, zk_token_proof_program::ID] {
        let mut world = World::new();
        assert!(!world.accounts.contains_key(&program), "{program}");
        assert!(heddle_programs::genesis_accounts().iter().all(|(key, _)| *key != program), "{program}");
        // Not even an account that looks native makes it one.
        let native = world.accounts[&compute_budget::ID].clone();
        world = world.with(program, native);
        let outcome = world.run(&Instruction { program, accounts: vec![], data: vec![1, 0, 0, 0] });
        assert_eq!(outcome.error(), Some(InstructionError::UnsupportedProgramId), "{program}");
    }
}
