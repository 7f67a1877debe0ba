//! Loads and stores at the ends of each region, the stack's frames, the heap's sizes.

use super::{VERSIONS, assembled, run, steps};
use crate::{
    case::{Case, Expect, address, instruction},
    environment::{Environment, MACHINE_SBPF_V3},
    machine::{Argument::Value, HEAP, INPUT, STACK, TEXT, exit, load, script, store},
    topics::{
        calls::{self, UNITS_MAX, with_all_units},
        fees::{heap, limit},
    },
};
use Expect::Anything;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = accesses(environment);
    cases.extend(frames(environment));
    cases.push(heaps(environment));
    cases
}

/// Named addresses around which accesses of each size are tried.
fn borders() -> Vec<(&'static str, u64)> {
    // No accounts and two steps: 16 bytes, the script, the program's address.
    let input_end = INPUT + 16 + 2 * 48 + 32;
    vec![
        ("null", 0),
        ("text", TEXT),
        ("behind_text", TEXT + 0x13d8),
        ("far_in_text", TEXT + 0x1_0000),
        ("stack", STACK),
        ("frame_end", STACK + 0x1000),
        ("second_frame", STACK + 0x2000),
        ("last_frame", STACK + 63 * 0x2000),
        ("last_frame_end", STACK + 63 * 0x2000 + 0x1000),
        ("stack_end", STACK + 0x4_0000),
        ("heap", HEAP),
        ("heap_end", HEAP + 0x8000),
        ("input", INPUT),
        ("input_end", input_end),
        ("behind_all", 0x5_0000_0000),
        ("wrap", 0),
    ]
}

fn accesses(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (machine, label) in [(crate::environment::MACHINE, "v0"), (MACHINE_SBPF_V3, "v3")] {
        for (border, at) in borders() {
            let mut case = calls::case(environment, format!("{label}_access_{border}"));
            for log_size in [0, 1, 3u8] {
                for offset in [-(1i64 << log_size), 1 - (1i64 << log_size), 0] {
                    let address_ = Value(at.wrapping_add_signed(offset));
                    for step in [load(log_size, address_).logged(), store(log_size, address_, Value(0))] {
                        let data = script(&[step, exit(Value(0))], &[]);
                        let run = instruction(address(machine), vec![], data);
                        case = case.legacy(Anything, &["payer"], &with_all_units(run));
                    }
                }
            }
            // The same transaction twice would be refused.
            let mut seen = std::collections::BTreeSet::new();
            case.transactions.retain(|(transaction, _)| seen.insert(transaction.signatures[0]));
            cases.push(case);
        }
    }
    cases
}

/// Recursion to a depth, and what a frame may touch.
fn frames(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (version, label) in VERSIONS {
        let text = ".globl entrypoint\nentrypoint:\n ldxdw r6, [r2+0]\n call nest\n mov64 r0, 0\n exit\nnest:\n \
                    jeq r6, 0, done\n sub64 r6, 1\n call nest\ndone:\n exit\n";
        let mut case = assembled(environment, &format!("{label}_call_depth"), version, text);
        for depth in [0u64, 1, 61, 62, 63, 64, 65, 1_000] {
            case = case.legacy(Anything, &["payer"], &with_all_units(run(vec![], depth.to_le_bytes())));
        }
        cases.push(case);
        let text = ".globl entrypoint\nentrypoint:\n ldxdw r6, [r2+0]\n mov64 r7, r10\n mov64 r1, r10\n \
                    stdw [r10-8], 7\n call inner\n mov64 r0, 0\n exit\ninner:\n mov64 r2, r10\n mov64 r3, r10\n \
                    add64 r3, r6\n ldxdw r4, [r3+0]\n mov64 r5, r7\n call sol_log_64_\n stxdw [r3+0], r4\n exit\n";
        let mut case = assembled(environment, &format!("{label}_frame_offsets"), version, text);
        for offset in
            [-8i64, -4_096, -4_097, -4_104, -8_192, -8_200, -12_288, -12_296, -12_289, 0, -1, 1, 8, 4_088, 4_096, 8_184]
        {
            case = case.legacy(Anything, &["payer"], &with_all_units(run(vec![], offset.to_le_bytes())));
        }
        cases.push(case);
    }
    cases
}

/// Each size of heap, its last byte and the one behind.
fn heaps(environment: &Environment) -> Case {
    let mut case = calls::case(environment, "heap_sizes");
    for kib in [32u64, 33, 63, 64, 65, 128, 255, 256] {
        for behind in [0, 1] {
            let step = load(0, Value(HEAP + kib * 1024 - 1 + behind)).logged();
            let run = calls::run(script(&[step, exit(Value(0))], &[]));
            let instructions = [limit(UNITS_MAX), heap(kib as u32 * 1024), run];
            let expect = if behind == 0 { Expect::Success } else { Expect::Failure };
            case = case.legacy(expect, &["payer"], &instructions);
        }
    }
    steps(case, Expect::Success, &[load(3, Value(HEAP + 0x7ff8)).logged()])
}
