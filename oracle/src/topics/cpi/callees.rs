//! What may not be called: precompiles, loaders, things that are no programs.

use super::{BOOK, Invocation, PAYER, STORE, Stage};
use crate::{
    case::{Case, Expect, account, address, instruction, r, w},
    environment::{Environment, MACHINE, MACHINE_LOADER_V3},
    machine::{
        Argument::{Here, Value},
        HEAP, Image, copy, exit, script,
    },
    program,
    topics::calls::with_all_units,
};
use Expect::{Anything, Failure, Success};
use solana_address::Address;
use solana_instruction::AccountMeta;
use solana_sdk_ids::{
    bpf_loader, bpf_loader_deprecated, bpf_loader_upgradeable, compute_budget, ed25519_program, loader_v4,
    native_loader, secp256k1_program, secp256r1_program, sysvar, vote, zk_elgamal_proof_program,
    zk_token_proof_program,
};

pub fn cases(environment: &Environment) -> Vec<Case> {
    let stage = Stage::new(environment);
    let mut cases = refused(&stage);
    cases.extend(upgradeable(&stage));
    cases.extend(not_programs(environment, &stage));
    cases
}

/// The stage with one more account, called with `data`.
fn calling(stage: &Stage, name: &str, expect: Expect, program: Address, metas: &[AccountMeta], data: Vec<u8>) -> Case {
    let mut all = Stage::metas();
    all.truncate(BOOK);
    all.push(r(program));
    let mut image = Image::new(HEAP);
    let infos = [PAYER, STORE];
    let placed = Invocation::new(program, metas, data, &infos).place(&mut image, &stage.layout);
    let steps = [copy(HEAP, Here(0), image.bytes.len()), placed.call(false).logged(), exit(Value(0))];
    let run = instruction(address(MACHINE), all, script(&steps, &image.bytes));
    stage.case(name, &[]).legacy(expect, &["payer"], &with_all_units(run))
}

fn refused(stage: &Stage) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, program, data) in [
        ("ed25519", ed25519_program::ID, vec![0; 2]),
        ("secp256k1", secp256k1_program::ID, vec![0]),
        ("secp256r1", secp256r1_program::ID, vec![0; 2]),
        ("native_loader", native_loader::ID, vec![]),
        ("loader_v1", bpf_loader_deprecated::ID, vec![0; 4]),
        ("loader_v2", bpf_loader::ID, vec![0; 4]),
        ("loader_v4", loader_v4::ID, vec![0; 4]),
        ("zk_token_proof", zk_token_proof_program::ID, vec![0]),
    ] {
        cases.push(calling(stage, &format!("callee_{name}"), Failure, program, &[], data));
    }
    for (name, program, data) in [
        ("compute_budget", compute_budget::ID, vec![]),
        ("compute_budget_limit", compute_budget::ID, vec![2, 0, 0, 0, 0]),
        ("vote", vote::ID, vec![0; 4]),
        ("zk_elgamal_proof", zk_elgamal_proof_program::ID, vec![0]),
    ] {
        cases.push(calling(stage, &format!("callee_{name}"), Anything, program, &[], data));
    }
    cases
}

/// Each kind of instruction of loader v3; three and the checked one pass the gate, and fail for want of accounts.
fn upgradeable(stage: &Stage) -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in 0u32..12 {
        let data = [kind.to_le_bytes().as_slice(), &[0; 9]].concat();
        let name = format!("callee_loader_v3_kind_{kind}");
        cases.push(calling(stage, &name, Failure, bpf_loader_upgradeable::ID, &[], data));
    }
    for data in [vec![], vec![3], vec![3, 0, 0], vec![5, 0, 0, 0], vec![5, 0, 0, 0, 1, 2]] {
        let name = format!("callee_loader_v3_of_{}_bytes", data.len());
        let metas = [Stage::meta(STORE, true, false), Stage::meta(PAYER, true, false)];
        cases.push(calling(stage, &name, Failure, bpf_loader_upgradeable::ID, &metas, data));
    }
    cases
}

fn not_programs(environment: &Environment, stage: &Stage) -> Vec<Case> {
    let mut cases = vec![
        calling(stage, "callee_payer", Failure, address("payer"), &[], vec![]),
        calling(stage, "callee_store", Failure, address("store"), &[], vec![]),
        calling(stage, "callee_nothing", Failure, address("nobody"), &[], vec![]),
        calling(stage, "callee_sysvar", Failure, sysvar::clock::ID, &[], vec![]),
        calling(stage, "callee_self_by_account", Success, address(MACHINE), &[], vec![]),
        calling(stage, "callee_of_loader_v3", Success, address(MACHINE_LOADER_V3), &[], vec![]),
    ];
    let [(programdata, _), _] = program::loaded_by_v3(&address(MACHINE_LOADER_V3), &[]);
    cases.push(calling(stage, "callee_programdata", Failure, programdata, &[], vec![]));
    let elf = crate::machine::elf(program::Version::V0);
    let mut not_executable = program::loaded_by_v2(elf.clone());
    not_executable.executable = false;
    let broken = program::loaded_by_v2(elf[..elf.len() / 2].to_vec());
    let foreign = account(1_000_000_000, elf, address("library"));
    for (name, account) in [("not_executable", not_executable), ("broken", broken), ("of_no_loader", foreign)] {
        let callee = address(&format!("program {name}"));
        let case = calling(stage, &format!("callee_{name}"), Anything, callee, &[], vec![]);
        cases.push(case.account(callee, account.clone()));
        let case = Case::new(environment, format!("top_level_{name}")).account(callee, account);
        let run = instruction(callee, vec![w(address("payer"))], vec![]);
        cases.push(case.legacy(Anything, &["payer"], &[run]));
    }
    cases
}
