//! Every condition, narrow and wide, of registers and numbers, with values at which something changes.

mod common;

use heddle_jit::FramePointer;
use solana_sbpf::{ebpf, program::SBPFVersion};

use common::{
    Layout, Subject,
    instructions::{CONDITIONS, EDGES, encode},
};

/// Tells by its result whether the jump is taken.
fn subject(version: SBPFVersion, opcode: u8, [dst, src]: [u8; 2], immediate: i32) -> Option<Subject> {
    let words = [
        encode(opcode, dst, src, 2, immediate),
        encode(ebpf::MOV64_IMM, 0, 0, 0, 1),
        encode(ebpf::EXIT, 0, 0, 0, 0),
        encode(ebpf::MOV64_IMM, 0, 0, 0, 2),
        encode(ebpf::EXIT, 0, 0, 0, 0),
    ];
    let layout = Layout { heap_bytes: 0, input_bytes: 0, ..Layout::new(version).with_frames(1) };
    Subject::new(layout, FramePointer::Standard, &words.concat(), &[])
}

fn check(version: SBPFVersion, class: u8) {
    let mut taken = 0;
    let mut run = |subject: &Subject| {
        let outcome = subject.run(100).unwrap_or_else(|differences| panic!("{:x?}: {differences}", subject.registers));
        taken += i32::from(outcome.result == "Ok(2)");
    };
    for condition in CONDITIONS {
        for [dst, src] in [[1, 2], [0, 9], [4, 3], [8, 8], [7, 10]] {
            let mut subject =
                subject(version, class | condition | ebpf::BPF_X, [dst, src], 0).expect("a jump that verifies");
            for (left, right) in EDGES.into_iter().flat_map(|left| EDGES.map(|right| (left, right))) {
                subject.registers[usize::from(src)] = right;
                subject.registers[usize::from(dst)] = left;
                run(&subject);
            }
        }
        for immediate in [0, 1, 31, 0x80, i32::MAX, i32::MIN, -1, -128] {
            let mut subject = subject(version, class | condition, [5, 0], immediate).expect("a jump that verifies");
            for left in EDGES {
                subject.registers[5] = left;
                run(&subject);
            }
        }
    }
    assert!(taken > 1_000, "{taken} jumps were taken");
}

#[test]
fn wide() {
    check(SBPFVersion::V0, ebpf::BPF_JMP64);
}

#[test]
fn narrow() {
    check(SBPFVersion::V3, ebpf::BPF_JMP32);
    assert!(subject(SBPFVersion::V0, ebpf::JEQ32_IMM, [1, 0], 0).is_none(), "they came with version 3");
}
