//! Every syscall of mainnet through the call machine: what it gives, each error, its exact cost; and those that are off.

use super::calls::{self, Call, case, unit_limits};
use crate::{
    case::{Case, Expect, address, instruction},
    environment::{Environment, MACHINE_LOADER_V1, MACHINE_LOADER_V3, MACHINE_SBPF_V3},
    program::{Version, assemble, loaded_by_v2},
};

use std::collections::BTreeSet;

/// Edges that share a case, so that a file holds their accounts once.
const EDGES_PER_CASE: usize = 10;

/// Syscalls that mainnet has not.
const OFF: [&str; 5] =
    ["sol_blake3", "sol_sha512", "sol_big_mod_exp", "sol_remaining_compute_units", "sol_get_fees_sysvar"];

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let catalogue = calls::catalogue();
    let mut cases: Vec<Case> = catalogue.iter().map(|call| success(environment, call)).collect();
    cases.extend(catalogue.iter().map(|call| unit_limits(environment, call)));
    cases.extend(edges(environment));
    cases.extend(other_machines(environment, &catalogue));
    cases.extend(off(environment));
    cases
}

fn success(environment: &Environment, call: &Call) -> Case {
    calls::play(case(environment, call.name.clone()), call.expect, calls::run(call.script()))
}

/// Edges in groups of one syscall; a group is named after its first.
fn edges(environment: &Environment) -> Vec<Case> {
    let edges = calls::edges();
    let mut cases = Vec::new();
    for calls in edges.chunk_by(|a, b| a.syscall == b.syscall) {
        for group in calls.chunks(EDGES_PER_CASE) {
            let mut case = case(environment, format!("{}_and_so_on", group[0].name));
            // The same transaction twice would be refused.
            let mut seen = BTreeSet::new();
            for call in group.iter().filter(|call| seen.insert(call.script())) {
                case = calls::play(case, call.expect, calls::run(call.script()));
            }
            cases.push(case);
        }
    }
    cases
}

/// The same calls as sBPF v3 and under the other loaders; loader v1 does not check alignment.
fn other_machines(environment: &Environment, catalogue: &[Call]) -> Vec<Case> {
    let mut cases = Vec::new();
    for machine in [MACHINE_SBPF_V3, MACHINE_LOADER_V1, MACHINE_LOADER_V3] {
        for calls in catalogue.chunks(EDGES_PER_CASE) {
            let mut case = case(environment, format!("{machine}: {}_and_so_on", calls[0].name));
            for call in calls {
                let run = instruction(address(machine), vec![], call.script());
                case = calls::play(case, Expect::Anything, run);
            }
            cases.push(case);
        }
    }
    cases
}

/// Programs that import what does not exist.
fn off(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for syscall in OFF {
        for (version, label) in [(Version::V0, "v0"), (Version::V3, "v3")] {
            let text = format!(
                ".globl entrypoint\nentrypoint:\n mov64 r0, 0\n jeq r1, 0, never\n exit\nnever:\n call {syscall}\n exit\n"
            );
            let program = format!("imports {syscall}");
            let run = instruction(address(&program), vec![], vec![]);
            cases.push(
                case(environment, format!("off_{syscall}_{label}"))
                    .account(address(&program), loaded_by_v2(assemble(version, &text)))
                    .legacy(Expect::Anything, &["payer"], &[run]),
            );
        }
    }
    cases
}
