//! Every arithmetic, shift, jump and byte-order instruction on edge values; division by zero.

use super::{VERSIONS, assembled, run};
use crate::{
    case::{Case, Expect},
    environment::Environment,
    program::Version,
    topics::calls::with_all_units,
};
use Expect::{Anything, Failure};
use std::fmt::Write;

const OPERATIONS: [&str; 11] = ["add", "sub", "mul", "div", "mod", "or", "and", "xor", "lsh", "rsh", "arsh"];

const JUMPS: [&str; 11] = ["jeq", "jne", "jgt", "jge", "jlt", "jle", "jsgt", "jsge", "jslt", "jsle", "jset"];

/// Pairs of operands.
const OPERANDS: [(u64, u64); 12] = [
    (0, 1),
    (1, 1),
    (7, 3),
    (u64::MAX, 1),
    (u64::MAX, u64::MAX),
    (1 << 63, u64::MAX),
    (0x8000_0000, 31),
    (0xffff_ffff, 32),
    (0x1_0000_0001, 33),
    (0x0123_4567_89ab_cdef, 63),
    (0xfedc_ba98_7654_3210, 64),
    (0x8000_0000_8000_0000, 0x1_0000_0005),
];

pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (version, label) in VERSIONS {
        cases.push(on_operands(environment, &format!("{label}_arithmetic_64"), version, &registers("64")));
        cases.push(on_operands(environment, &format!("{label}_arithmetic_32"), version, &registers("32")));
        cases.push(on_operands(environment, &format!("{label}_arithmetic_immediate"), version, &immediates()));
        cases.push(on_operands(environment, &format!("{label}_jumps"), version, &jumps()));
        cases.push(on_operands(environment, &format!("{label}_byte_order"), version, &byte_orders()));
        for operation in ["div64", "mod64", "div32", "mod32"] {
            let text = format!(
                ".globl entrypoint\nentrypoint:\n ldxdw r3, [r2+0]\n mov64 r4, 5\n {operation} r4, r3\n mov64 r0, 0\n exit\n"
            );
            let case = assembled(environment, &format!("{label}_{operation}_by_zero"), version, &text);
            let by = |divisor: u64| with_all_units(run(vec![], divisor.to_le_bytes()));
            let case = case.fails(&["payer"], &by(0)).ok(&["payer"], &by(1));
            cases.push(case.legacy(
                if operation.ends_with("32") { Failure } else { Anything },
                &["payer"],
                &by(1 << 32),
            ));
        }
    }
    cases
}

/// The program `text` on each pair of operands.
fn on_operands(environment: &Environment, name: &str, version: Version, text: &str) -> Case {
    let mut case = assembled(environment, name, version, text);
    for (left, right) in OPERANDS {
        let data = [left.to_le_bytes(), right.to_le_bytes()].concat();
        case = case.legacy(Anything, &["payer"], &with_all_units(run(vec![], data)));
    }
    case
}

/// Loads the operands to r7 and r8, and leaves r9 the first result.
fn head() -> String {
    String::from(".globl entrypoint\nentrypoint:\n ldxdw r7, [r2+0]\n ldxdw r8, [r2+8]\n")
}

/// Logs five of the results that `body` makes in r1 to r5.
fn log(text: &mut String) {
    text.push_str(" call sol_log_64_\n");
}

fn tail(mut text: String) -> String {
    text.push_str(" mov64 r0, 0\n exit\n");
    text
}

fn registers(width: &str) -> String {
    let mut text = head();
    for group in OPERATIONS.chunks(5) {
        text.push_str(" mov64 r1, 0\n mov64 r2, 0\n mov64 r3, 0\n mov64 r4, 0\n mov64 r5, 0\n");
        for (index, operation) in group.iter().enumerate() {
            let register = index + 1;
            let _ = writeln!(text, " mov64 r{register}, r7\n {operation}{width} r{register}, r8");
        }
        log(&mut text);
    }
    let _ = writeln!(
        text,
        " mov64 r1, r7\n neg64 r1\n mov64 r2, r7\n neg32 r2\n mov32 r3, r7\n mov32 r4, -1\n mov64 r5, -1"
    );
    log(&mut text);
    tail(text)
}

fn immediates() -> String {
    let mut text = head();
    for width in ["64", "32"] {
        for group in OPERATIONS.chunks(5) {
            text.push_str(" mov64 r1, 0\n mov64 r2, 0\n mov64 r3, 0\n mov64 r4, 0\n mov64 r5, 0\n");
            for (index, operation) in group.iter().enumerate() {
                let register = index + 1;
                let shifts = operation.ends_with("sh");
                let _ = writeln!(
                    text,
                    " mov64 r{register}, r7\n {operation}{width} r{register}, {}",
                    if shifts { 13 } else { -7 }
                );
            }
            log(&mut text);
        }
    }
    tail(text)
}

/// One bit per jump that is taken.
fn jumps() -> String {
    let mut text = head();
    text.push_str(" mov64 r1, 0\n mov64 r2, 0\n mov64 r3, 0\n mov64 r4, 0\n mov64 r5, 0\n");
    for (index, jump) in JUMPS.iter().enumerate() {
        let bit = 1u32 << index;
        let _ = writeln!(
            text,
            " {jump} r7, r8, taken_{index}\n ja next_{index}\ntaken_{index}:\n or64 r1, {bit}\nnext_{index}:"
        );
        let _ = writeln!(
            text,
            " {jump} r7, -1, imm_taken_{index}\n ja imm_next_{index}\nimm_taken_{index}:\n or64 r2, {bit}\nimm_next_{index}:"
        );
    }
    log(&mut text);
    tail(text)
}

fn byte_orders() -> String {
    let mut text = head();
    for order in ["be", "le"] {
        text.push_str(" mov64 r4, 0\n mov64 r5, 0\n");
        for (index, width) in ["16", "32", "64"].iter().enumerate() {
            let _ = writeln!(text, " mov64 r{0}, r7\n {order}{width} r{0}", index + 1);
        }
        log(&mut text);
    }
    tail(text)
}
