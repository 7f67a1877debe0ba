//! How a program ends, what it costs, and what it logs.

use super::{VERSIONS, assembled, run, steps};
use crate::{
    case::{Case, Expect, address, instruction},
    environment::{Environment, MACHINE_B, MACHINE_LOADER_V1, MACHINE_LOADER_V3, MACHINE_SBPF_V3},
    machine::{Argument::Value, HEAP, Step, call, exit, load, script},
    topics::{
        calls::{self, with_all_units},
        fees::limit,
    },
};
use Expect::{Anything, Failure, Success};

pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = vec![codes(environment), custom_codes(environment)];
    cases.extend(units(environment));
    cases.extend(registers(environment));
    cases.extend(logs(environment));
    cases.extend(indirect_calls(environment));
    cases.push(faults(environment));
    cases
}

/// Each error that a program may return as a builtin one, and the numbers beside them.
fn codes(environment: &Environment) -> Case {
    let mut case = calls::case(environment, "builtin_error_codes");
    for code in 1..=64u64 {
        case = case.fails(&["payer"], &[calls::run(script(&[exit(Value(code << 32))], &[]))]);
    }
    case
}

fn custom_codes(environment: &Environment) -> Case {
    let mut case = calls::case(environment, "custom_error_codes");
    for code in
        [1u64, 2, 0x1770, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0001, 0x2_0000_0001, 1 << 63, u64::MAX]
    {
        case = case.fails(&["payer"], &[calls::run(script(&[exit(Value(code))], &[]))]);
    }
    case.ok(&["payer"], &[calls::run(script(&[exit(Value(0))], &[]))]).ok(&["payer"], &[calls::run(vec![])])
}

/// Loops and straight programs with just enough units, and too few.
fn units(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (version, label) in VERSIONS {
        let forever = assembled(
            environment,
            &format!("{label}_endless"),
            version,
            ".globl entrypoint\nentrypoint:\n mov64 r0, 0\nagain:\n ja again\n exit\n",
        )
        .fails(&["payer"], &[run(vec![], [])])
        .fails(&["payer"], &with_all_units(run(vec![], [])))
        .fails(&["payer"], &[limit(151), run(vec![], [])])
        .fails(&["payer"], &[limit(150), run(vec![], [])])
        .fails(&["payer"], &[limit(149), run(vec![], [])])
        .fails(&["payer"], &[limit(0), run(vec![], [])]);
        cases.push(forever);
        let text = ".globl entrypoint\nentrypoint:\n mov64 r0, 0\n mov64 r0, 0\n mov64 r0, 0\n exit\n";
        let mut four = assembled(environment, &format!("{label}_four_instructions"), version, text);
        for (units, expect) in
            [(156, Success), (155, Success), (154, Success), (153, Failure), (152, Failure), (151, Failure)]
        {
            four = four.legacy(expect, &["payer"], &[limit(units), run(vec![], [])]);
        }
        cases.push(four);
        let text = ".globl entrypoint\nentrypoint:\n ldxdw r1, [r2+0]\nagain:\n jeq r1, 0, done\n sub64 r1, 1\n ja again\ndone:\n mov64 r0, 0\n exit\n";
        let mut counted = assembled(environment, &format!("{label}_counted_loop"), version, text);
        for rounds in [0u64, 1, 100, 10_000, 466_000, 466_614, 466_615, 466_616, 466_700] {
            counted = counted.legacy(Anything, &["payer"], &with_all_units(run(vec![], rounds.to_le_bytes())));
        }
        cases.push(counted);
    }
    cases
}

/// What registers hold when a program starts.
fn registers(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (version, label) in VERSIONS {
        let text = ".globl entrypoint\nentrypoint:\n mov64 r7, r0\n call sol_log_64_\n mov64 r1, r7\n mov64 r2, r6\n \
                    mov64 r3, r8\n mov64 r4, r9\n mov64 r5, r10\n call sol_log_64_\n mov64 r0, 0\n exit\n";
        let case = assembled(environment, &format!("{label}_registers"), version, text)
            .ok(&["payer"], &[run(vec![], [])])
            .ok(&["payer"], &[run(vec![crate::case::w(address("payer"))], [1, 2, 3])]);
        cases.push(case);
    }
    cases
}

/// Logs around the limit of 10,000 bytes.
fn logs(environment: &Environment) -> Vec<Case> {
    let line = |length: u64| call("sol_log_", &[Value(HEAP), Value(length)]);
    let mut cases = Vec::new();
    let mut case = calls::case(environment, "log_limit");
    for last in [700u64, 800, 840, 850, 855, 860, 865, 870, 875, 880, 885, 890, 895, 900, 1_000] {
        let mut all: Vec<Step> = vec![line(989); 9];
        all.push(line(last));
        all.push(line(1));
        all.push(line(500));
        case = steps(case, Success, &all);
    }
    cases.push(case);
    let mut case = calls::case(environment, "log_limit_in_one");
    for length in [9_900u64, 9_985, 9_990, 10_000, 20_000] {
        case = steps(case, Success, &[line(length), line(10)]);
    }
    cases.push(case);
    let long = |expect, code| {
        let data = script(&[line(20_000), line(10), exit(Value(code))], &[]);
        let other = instruction(address(MACHINE_B), vec![], script(&[line(10), exit(Value(0))], &[]));
        calls::case(environment, format!("log_limit_and_code_{code}")).legacy(
            expect,
            &["payer"],
            &[limit(1_000_000), calls::run(data), other],
        )
    };
    cases.extend([long(Success, 0), long(Failure, 6)]);
    cases
}

/// `callx` to an address from the instruction data.
fn indirect_calls(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (version, label) in VERSIONS {
        let text = ".globl entrypoint\nentrypoint:\n ldxdw r3, [r2+0]\n lddw r4, target\n mov64 r5, r4\n add64 r4, r3\n \
                    mov64 r1, r5\n mov64 r2, 0\n call sol_log_64_\n callx r4\n mov64 r0, 0\n exit\ntarget:\n lddw r6, 7\n \
                    mov64 r0, 3\n exit\n";
        let mut case = assembled(environment, &format!("{label}_callx"), version, text);
        for offset in [0i64, 8, 16, 24, 32, -8, 1, 4, 1 << 20, -(1 << 20), 1 << 32, i64::MIN] {
            case = case.legacy(Anything, &["payer"], &with_all_units(run(vec![], offset.to_le_bytes())));
        }
        cases.push(case);
    }
    cases
}

/// A fault takes all units, an error code those used; the same on every machine.
fn faults(environment: &Environment) -> Case {
    let mut case = calls::case(environment, "units_of_faults");
    for machine in [crate::environment::MACHINE, MACHINE_SBPF_V3, MACHINE_LOADER_V1, MACHINE_LOADER_V3] {
        for step in
            [load(0, Value(1 << 40)), exit(Value(5)), call("abort", &[]), call("sol_log_", &[Value(5), Value(5)])]
        {
            let run = instruction(address(machine), vec![], script(&[step, exit(Value(0))], &[]));
            case = case.fails(&["payer"], &[limit(77_777), run]);
        }
    }
    case
}
