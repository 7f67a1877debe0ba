//! Runs that end in the middle of a block: for want of units, or by a fault before that.

mod common;

use heddle_jit::FramePointer;
use solana_sbpf::{ebpf::MM_HEAP_START, program::SBPFVersion};

use common::{Layout, Subject, check};

const VERSIONS: [SBPFVersion; 4] = [SBPFVersion::V0, SBPFVersion::V1, SBPFVersion::V3, SBPFVersion::V4];

/// A block that could not be paid in full was left to the interpreter, whose stores were not noted: the next program found
/// them in its heap.
#[test]
fn what_a_block_stores_that_is_not_paid_is_noted() {
    let source = "
        stxdw [r6+250], r6
        stb [r7+0], 1
        stxw [r8+0], r6
        stxh [r10-8], r6
        exit";
    for version in VERSIONS {
        let mut subject = Subject::assembled(Layout::new(version), FramePointer::Standard, source);
        subject.registers[6] = MM_HEAP_START;
        subject.registers[7] = subject.registers[1];
        // The second frame, which does not count as used at first.
        let frames = if version == SBPFVersion::V0 { 2 } else { 1 };
        subject.registers[8] = solana_sbpf::ebpf::MM_STACK_START + frames * common::FRAME_BYTES as u64;
        let outcome = subject.run_at_limits(8).unwrap_or_else(|differences| panic!("{version:?}: {differences}"));
        assert_eq!(outcome.kind(), "Ok", "{version:?}: {outcome:?}");
    }
}

#[test]
fn faults_before_and_after_the_last_unit() {
    for fault in ["ldxdw r0, [r2+0]", "stxdw [r2+0], r0", "div64 r0, r2", "mod32 r0, r2"] {
        for before in 0..4 {
            let padding = "add64 r0, 1\n";
            let source = format!("mov64 r2, 0\n{}{fault}\n{}exit", padding.repeat(before), padding.repeat(3));
            let expected = if fault.contains('[') { "AccessViolation" } else { "DivideByZero" };
            // Of version 3 the text is at address 0.
            for version in [SBPFVersion::V0, SBPFVersion::V1] {
                check(Layout::new(version), &source, expected);
            }
        }
    }
}

#[test]
fn loops_end_at_any_limit() {
    let source = "
        mov64 r0, 0
        mov64 r6, 5
    again:
        add64 r0, r6
        stxdw [r1+0], r0
        sub64 r6, 1
        jne r6, 0, again
        exit";
    for version in VERSIONS {
        check(Layout::new(version), source, "Ok(15)");
        check(Layout::new(version), "mov64 r0, 1\nforever:\nadd64 r0, 2\nja forever", "ExceededMaxInstructions");
    }
}

#[test]
fn any_number_of_units_is_a_limit() {
    let subject = Subject::assembled(Layout::new(SBPFVersion::V3), FramePointer::Standard, "mov64 r0, 1\nexit");
    for limit in [i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX - 1, u64::MAX, 1 << 32, (1 << 32) + 1] {
        let outcome = subject.run(limit).expect("both ways agree");
        assert_eq!((outcome.consumed, outcome.remaining), (2, limit - 2));
    }
}
