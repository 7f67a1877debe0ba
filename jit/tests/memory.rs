//! Loads and stores where something begins or ends.

mod common;

use heddle_jit::FramePointer;
use solana_sbpf::{
    ebpf::{self, MM_HEAP_START, MM_INPUT_START, MM_REGION_SIZE, MM_STACK_START},
    program::SBPFVersion,
};

use common::{
    FRAME_BYTES, Layout, Subject, check,
    instructions::{SIZES, encode},
    memory::Input,
};

const VERSIONS: [SBPFVersion; 4] = [SBPFVersion::V0, SBPFVersion::V1, SBPFVersion::V3, SBPFVersion::V4];

/// Addresses around everything that begins or ends in `layout`.
fn edges(layout: &Layout) -> Vec<u64> {
    let frame = FRAME_BYTES as u64;
    let stack_bytes = layout.call_depth_max as u64 * frame;
    let stack = [0, 1, 2, 3].map(|frames| MM_STACK_START + frames * frame);
    let stack_ends = [stack_bytes, 2 * stack_bytes, 2 * stack_bytes - frame].map(|end| MM_STACK_START + end);
    let third = layout.input_bytes as u64 / 3;
    let input = [256, third, 2 * third, 3 * third, layout.input_bytes as u64].map(|offset| MM_INPUT_START + offset);
    let heap = [256, layout.heap_bytes as u64].map(|offset| MM_HEAP_START + offset);
    let regions = (0..7).map(|region| region * MM_REGION_SIZE);
    let others = [24, MM_REGION_SIZE + 24, 1 << 63, (1 << 63) + MM_INPUT_START, u64::MAX - 8];
    let anchors = regions.chain(stack).chain(stack_ends).chain(input).chain(heap).chain(others);
    anchors.flat_map(|anchor| (-9i64..10).map(move |miss| anchor.wrapping_add_signed(miss))).collect()
}

fn check_access(layout: &Layout, access: [u8; 8]) {
    let words = [
        access,
        encode(ebpf::MOV64_REG, 0, 1, 0, 0),
        encode(ebpf::ADD64_REG, 0, 2, 0, 0),
        encode(ebpf::EXIT, 0, 0, 0, 0),
    ];
    let text = words.concat();
    for frame_pointer in [FramePointer::Standard, FramePointer::Arbitrary] {
        let mut subject = Subject::new(layout.clone(), frame_pointer, &text, &[]).expect("it verifies");
        for address in edges(layout) {
            // The base of the access, by its kind.
            subject.registers[3] = address.wrapping_sub(i16::from_le_bytes([access[2], access[3]]) as u64);
            subject.registers[2] = 0xfedc_ba98_7654_3210;
            subject.registers[10] = MM_STACK_START + FRAME_BYTES as u64;
            for limit in [1, 4] {
                let outcome = subject.run(limit);
                outcome
                    .unwrap_or_else(|differences| panic!("{access:02x?} of {address:#x}, {layout:?}: {differences}"));
            }
        }
    }
}

#[test]
fn accesses_at_edges() {
    for version in VERSIONS {
        let whole = Layout::new(version);
        let mut layouts = vec![whole.clone(), Layout { input: Input::ReadOnly, ..whole.clone() }];
        if version < SBPFVersion::V4 {
            layouts.push(Layout { is_aligned: false, ..whole.clone() });
            layouts.push(Layout { is_aligned: false, input: Input::Split, ..whole });
        }
        for (layout, size) in layouts.iter().flat_map(|layout| SIZES.map(|size| (layout, size))) {
            let mode = ebpf::BPF_MEM | size;
            for offset in [0, 100, -3] {
                check_access(layout, encode(ebpf::BPF_LDX | mode, 1, 3, offset, 0));
                check_access(layout, encode(ebpf::BPF_STX | mode, 3, 2, offset, 0));
                check_access(layout, encode(ebpf::BPF_ST | mode, 3, 0, offset, -0x1234_5678));
            }
        }
    }
}

#[test]
fn stores_of_every_register_and_of_negative_numbers() {
    // Bytes of r1 (rdi) and r2 (rsi) cannot be named without a prefix.
    for (size, src) in SIZES.into_iter().flat_map(|size| (0..11).map(move |src| (size, src))) {
        for (base, offset) in [(10, -24), (6, 3)] {
            let words = [
                encode(ebpf::BPF_STX | ebpf::BPF_MEM | size, base, src, offset, 0),
                encode(ebpf::BPF_LDX | ebpf::BPF_MEM | size, src % 10, base, offset, 0),
                encode(ebpf::BPF_ST | ebpf::BPF_MEM | size, base, 0, offset + 8, -2),
                encode(ebpf::LD_DW_REG, 0, base, offset + 8, 0),
                encode(ebpf::ADD64_REG, 0, src, 0, 0),
                encode(ebpf::EXIT, 0, 0, 0, 0),
            ];
            for (version, region) in [(SBPFVersion::V0, MM_HEAP_START), (SBPFVersion::V3, MM_INPUT_START)] {
                let layout = Layout::new(version);
                let subject = Subject::new(layout, FramePointer::Standard, &words.concat(), &[]);
                let mut subject = subject.expect("it verifies");
                subject.registers = std::array::from_fn(|register| 0xf1e2_d3c4_b5a6_9788 + register as u64);
                subject.registers[6] = region;
                subject.run_at_limits(8).unwrap_or_else(|differences| panic!("{words:02x?}: {differences}"));
            }
        }
    }
}

#[test]
fn slots_at_both_ends_of_the_frame() {
    let source = "
        stb [r10-4096], -1
        stxdw [r10-8], r1
        ldxb r2, [r10-4096]
        ldxdw r0, [r10-8]
        add64 r0, r2
        exit";
    check(Layout::new(SBPFVersion::V0), source, "Ok(17179869439)");
    check(Layout::new(SBPFVersion::V3), source, "Ok(17179869439)");
}

#[test]
fn slots_beyond_the_frame() {
    // A gap is above the first frame of version 0, the next frame above that of version 3.
    let above = "mov64 r0, 5\nstxb [r10+0], r0\nexit";
    check(Layout::new(SBPFVersion::V0), above, "StackAccessViolation(Store, 8589938688, 1, 1)");
    check(Layout::new(SBPFVersion::V3), above, "Ok(5)");
    let one_frame = Layout::new(SBPFVersion::V3).with_frames(1);
    check(one_frame, above, "StackAccessViolation(Store, 8589938688, 1, 1)");
    let below = "mov64 r0, 5\nldxb r0, [r10-4097]\nexit";
    for version in [SBPFVersion::V0, SBPFVersion::V3] {
        check(Layout::new(version), below, "AccessViolation(Load, 8589934591, 1");
    }
    // The host has no gaps: what begins in a frame ends in the next.
    let across = "mov64 r0, 5\nstdw [r10-4], -1\nldxw r0, [r10-4]\nexit";
    check(Layout::new(SBPFVersion::V0), across, "Ok(4294967295)");
}

#[test]
fn a_callee_finds_the_frame_of_its_caller_where_there_is_no_gap() {
    let source = "
        stdw [r10-8], 77
        call function_callee
        exit
    function_callee:
        stdw [r10-4096], 11
        ldxdw r0, [r10-4104]
        exit";
    check(Layout::new(SBPFVersion::V3), source, "Ok(77)");
    check(Layout::new(SBPFVersion::V0), source, "StackAccessViolation(Load, 8589942776, 8, 1)");
}

#[test]
fn frames_of_deep_calls_are_written_and_read() {
    // Every call stores its depth and sums what the callee stored in its own slot.
    let source = "
        mov64 r6, 6
    function_descend:
        mov64 r7, r6
        stxdw [r10-8], r6
        stxdw [r10-4096], r6
        jeq r6, 0, done
        sub64 r6, 1
        call function_descend
        ldxdw r1, [r10-4096]
        add64 r0, r1
        ldxdw r1, [r10-8]
        add64 r0, r1
        exit
    done:
        mov64 r0, 0
        exit";
    for version in [SBPFVersion::V0, SBPFVersion::V3] {
        check(Layout::new(version).with_frames(8), source, "Ok(42)");
    }
    let deep = source.replace("mov64 r6, 6", "mov64 r6, 63");
    for version in [SBPFVersion::V0, SBPFVersion::V3] {
        check(Layout::new(version).with_frames(64), &deep, "Ok(4032)");
        check(Layout::new(version).with_frames(63), &deep, "CallDepthExceeded");
    }
}

#[test]
fn frames_that_the_program_moves_itself() {
    let source = "
        add64 r10, -128
        stxdw [r10+0], r10
        mov64 r1, r10
        call function_callee
        sub64 r0, r1
        exit
    function_callee:
        add64 r10, -64
        stxdw [r10+0], r10
        add64 r10, 8192
        ldxdw r0, [r1+0]
        exit";
    check(Layout::new(SBPFVersion::V1), source, "Ok(0)");
}
