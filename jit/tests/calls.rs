//! Calls of functions, through registers and of the system, and how they end.

mod common;

use heddle_jit::FramePointer;
use solana_sbpf::{
    ebpf::{self, MM_BYTECODE_START},
    program::SBPFVersion,
};

use common::{ENTRYPOINT, Layout, Subject, check, instructions::encode, key_of};

const VERSIONS: [SBPFVersion; 4] = [SBPFVersion::V0, SBPFVersion::V1, SBPFVersion::V3, SBPFVersion::V4];

fn check_all(source: &str, expected: &str) {
    for version in VERSIONS {
        check(Layout::new(version), source, expected);
    }
}

#[test]
fn a_callee_shares_the_low_registers_and_none_of_the_others() {
    let source = "
        mov64 r1, 1
        mov64 r5, 5
        mov64 r6, 600
        mov64 r7, 7000
        mov64 r8, 80000
        mov64 r9, 900000
        call function_callee
        add64 r0, r1
        add64 r0, r5
        add64 r0, r6
        add64 r0, r7
        add64 r0, r8
        add64 r0, r9
        exit
    function_callee:
        mov64 r1, 10
        mov64 r5, 50
        mov64 r6, 0
        mov64 r7, 0
        mov64 r8, 0
        mov64 r9, 0
        mov64 r0, 0
        exit";
    check_all(source, "Ok(987660)");
}

#[test]
fn system_calls_keep_the_registers_at_any_depth() {
    let source = "
        mov64 r6, 3
        call function_descend
        exit
    function_descend:
        mov64 r1, 1
        mov64 r2, 2
        mov64 r3, 3
        mov64 r4, 4
        mov64 r5, 5
        syscall log
        syscall log
        sub64 r6, 1
        jeq r6, 0, done
        call function_descend
        mov64 r7, r0
        syscall log
        mov64 r0, r7
    done:
        add64 r0, r1
        add64 r0, r2
        add64 r0, r3
        add64 r0, r4
        add64 r0, r5
        exit";
    // 1 << 7 ^ 5, and three times 15.
    for version in VERSIONS {
        check(Layout::new(version).with_frames(5), source, "Ok(178)");
    }
}

#[test]
fn system_calls_that_fail_leave_the_units_right() {
    check_all("mov64 r1, 7\nsyscall fail\nexit", "failed as asked: 7");
    // In the middle of what is a block otherwise, after other calls, inside of a callee.
    let source = "
        mov64 r1, 9
        syscall spend
        mov64 r2, 2
        call function_callee
        exit
    function_callee:
        mov64 r1, 4
        syscall spend
        mov64 r1, 5
        syscall fail
        exit";
    check_all(source, "failed as asked: 5");
    check_all("mov64 r1, 30\nmov64 r6, 0\nsyscall drain\nmov64 r0, 3\nexit", "ExceededMaxInstructions");
    let forever = "again:\nmov64 r1, 29\nsyscall spend\nja again";
    check_all(forever, "too few units");
}

#[test]
fn system_calls_read_and_write_what_the_program_does() {
    let source = "
        lddw r1, 0x300000010
        mov64 r2, 0
        stxdw [r1+0], r2
        stxdw [r1+8], r2
        mov64 r2, 3
        mov64 r3, 9
        syscall write
        mov64 r2, 16
        syscall load
        mov64 r6, r0
        ldxb r0, [r1+8]
        add64 r0, r6
        exit";
    check_all(source, "Ok(30)");
    check_all(
        "lddw r1, 0x400000000\nsub64 r1, 2\nmov64 r2, 5\nsyscall load\nexit",
        "SyscallError(AccessViolation(Load, 17179869182, 1",
    );
}

#[test]
fn as_many_calls_one_after_the_other_as_units_allow() {
    let direct =
        "mov64 r6, 9\nagain:\ncall function_a\nsub64 r6, 1\njne r6, 0, again\nexit\nfunction_a:\nadd64 r0, 2\nexit";
    check_all(direct, "Ok(18)");
    check_all(&direct.replace("call function_a", "lddw r7, 0x100000038\ncallx r7"), "Ok(18)");
}

#[test]
fn the_depth_of_calls_has_a_limit() {
    let direct = "entrypoint:\ncall entrypoint\nexit";
    // Of version 0 and 1 the entrypoint has another key.
    check(Layout::new(SBPFVersion::V3), direct, "CallDepthExceeded");
    check_all(
        "call function_again\nexit\nfunction_again:\nmov64 r0, 0\ncall function_again\nexit",
        "CallDepthExceeded",
    );
    let through_register = "lddw r6, 0x100000000\ncallx r6\nexit";
    check_all(through_register, "CallDepthExceeded");
    // Too deep comes before outside.
    let outside = "mov64 r6, 1\ncallx r6\nexit";
    check_all(outside, "CallOutsideTextSegment");
    for version in VERSIONS {
        check(Layout::new(version).with_frames(1), outside, "CallDepthExceeded");
        check(Layout::new(version).with_frames(1), "call function_a\nfunction_a:\nexit", "CallDepthExceeded");
    }
}

/// Calls an address through each register.
fn check_call_register(address: u64, expected: &str) {
    for version in VERSIONS {
        for register in 0..10u8 {
            let words = [
                // 0: whoever comes here twice is done.
                encode(ebpf::JEQ64_IMM, 5, 0, 1, 77),
                encode(ebpf::JA, 0, 0, 2, 0),
                encode(ebpf::MOV64_IMM, 0, 0, 0, 1),
                encode(ebpf::EXIT, 0, 0, 0, 0),
                // 4
                encode(ebpf::LD_DW_IMM, 5, 0, 0, 77),
                encode(0, 0, 0, 0, 0),
                encode(ebpf::LD_DW_IMM, register, 0, 0, address as i32),
                encode(0, 0, 0, 0, (address >> 32) as i32),
                // 8
                encode(ebpf::MOV64_IMM, if register == 0 { 1 } else { 0 }, 0, 0, 100),
                encode(ebpf::CALL_REG, register, 0, 0, register.into()),
                encode(ebpf::EXIT, 0, 0, 0, 0),
                // 11: the middle of a block.
                encode(ebpf::MOV64_IMM, 0, 0, 0, 2),
                encode(ebpf::ADD64_IMM, 0, 0, 0, 3),
                encode(ebpf::ADD64_IMM, 0, 0, 0, 4),
                encode(ebpf::EXIT, 0, 0, 0, 0),
            ];
            let subject = Subject::new(Layout::new(version), FramePointer::Standard, &words.concat(), &[]);
            let outcome = subject.expect("it verifies").run_at_limits(40);
            let outcome = outcome.unwrap_or_else(|differences| panic!("r{register} {address:#x}: {differences}"));
            assert!(outcome.result.contains(expected), "r{register} {address:#x}: {outcome:?}");
        }
    }
}

#[test]
fn calls_through_registers_land_where_they_should() {
    let at = |instruction: u64| MM_BYTECODE_START + 8 * instruction;
    check_call_register(at(11), "Ok(9)");
    check_call_register(at(13) + 7, "Ok(");
    check_call_register(at(14), "Ok(");
    check_call_register(at(2), "Ok(1)");
    // The second half of a wide instruction.
    check_call_register(at(5), "UnsupportedInstruction");
    check_call_register(at(7) + 1, "UnsupportedInstruction");
    for outside in [at(15), at(0) - 1, at(0) - 8, 0, 8, u64::MAX, at(15) + MM_BYTECODE_START, 1 << 63] {
        check_call_register(outside, "CallOutsideTextSegment");
    }
}

#[test]
fn calls_of_what_there_is_not() {
    for version in VERSIONS {
        for src in 0..11 {
            for immediate in [0, 1, -1, -2, 2, 100, i32::MAX, i32::MIN] {
                let words = [
                    encode(ebpf::MOV64_IMM, 0, 0, 0, 1),
                    encode(ebpf::CALL_IMM, 0, src, 0, immediate),
                    encode(ebpf::EXIT, 0, 0, 0, 0),
                    encode(ebpf::EXIT, 0, 0, 0, 0),
                ];
                let subject = Subject::new(Layout::new(version), FramePointer::Standard, &words.concat(), &[]);
                let outcome = subject.expect("it verifies").run_at_limits(20);
                outcome.unwrap_or_else(|differences| panic!("{version:?} {src} {immediate}: {differences}"));
            }
        }
    }
}

#[test]
fn functions_outside_the_text_and_within_wide_instructions() {
    let words = [
        encode(ebpf::MOV64_IMM, 0, 0, 0, 1),
        encode(ebpf::CALL_IMM, 0, 1, 0, 1),
        encode(ebpf::EXIT, 0, 0, 0, 0),
        encode(ebpf::LD_DW_IMM, 0, 0, 0, 7),
        encode(0, 0, 0, 0, 7),
        encode(ebpf::EXIT, 0, 0, 0, 0),
    ];
    for (version, target) in VERSIONS.into_iter().flat_map(|version| (0..9).map(move |target| (version, target))) {
        let mut words = words;
        let by_distance = version.static_syscalls();
        let immediate = if by_distance { target as i32 - 2 } else { 1_234 };
        words[1][4..].copy_from_slice(&immediate.to_le_bytes());
        for entry in 0..=6 {
            let functions = [(1_234, target), (key_of(ENTRYPOINT), entry)];
            let subject = Subject::new(Layout::new(version), FramePointer::Standard, &words.concat(), &functions);
            let outcome = subject.expect("it verifies").run_at_limits(20);
            outcome.unwrap_or_else(|differences| panic!("{version:?} {target} from {entry}: {differences}"));
        }
    }
}

#[test]
fn programs_that_run_off_their_end() {
    check_all("mov64 r0, 1", "ExecutionOverrun");
    check_all("lddw r0, 0x100000001", "ExecutionOverrun");
    check_all("mov64 r0, 1\njeq r0, 2, -2\nsyscall log", "ExecutionOverrun");
    check_all("call function_a\nexit\nfunction_a:\nmov64 r0, 1", "ExecutionOverrun");
}
