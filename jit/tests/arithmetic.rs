//! Every arithmetic instruction, on every pair of registers, with values at which something changes: some operations want
//! host registers of their own (shifts rcx, divisions rax and rdx), which must not show.

mod common;

use heddle_jit::FramePointer;
use solana_sbpf::{
    ebpf::{self, FRAME_PTR_REG},
    program::SBPFVersion,
};

use common::{
    Layout, Subject,
    instructions::{ALU_OPERATIONS, EDGES, encode},
};

/// Pairs of registers that get all pairs of values: what shifts and divisions need is r0 (rax), r3 (rdx) and r4 (rcx).
const CROWDED: [(u8, u8); 9] = [(0, 3), (3, 0), (0, 4), (4, 0), (3, 4), (4, 3), (4, 4), (0, 0), (3, 3)];
const CLASSES: [u8; 2] = [ebpf::BPF_ALU32_LOAD, ebpf::BPF_ALU64_STORE];

/// `instruction`, then all registers into the frame.
fn subject(instruction: [u8; 8]) -> Subject {
    let mut words = vec![instruction];
    for register in 0..10 {
        let offset = -8 * (i16::from(register) + 1);
        words.push(encode(ebpf::ST_DW_REG, FRAME_PTR_REG as u8, register, offset, 0));
    }
    words.push(encode(ebpf::EXIT, 0, 0, 0, 0));
    let layout = Layout { heap_bytes: 0, input_bytes: 0, ..Layout::new(SBPFVersion::V3).with_frames(1) };
    let mut subject = Subject::new(layout, FramePointer::Standard, &words.concat(), &[]).expect("it verifies");
    // A value per register that is nobody else's.
    subject.registers = std::array::from_fn(|register| 0x1111_0000_2222_0001 * (register as u64 + 1));
    subject
}

fn check(instruction: [u8; 8], subject: &mut Subject, registers: &[(u8, u64)]) {
    let before = subject.registers;
    for (register, value) in registers.iter().filter(|(register, _)| usize::from(*register) != FRAME_PTR_REG) {
        subject.registers[usize::from(*register)] = *value;
    }
    if let Err(differences) = subject.run(100) {
        panic!("{instruction:02x?} with {registers:x?}: {differences}");
    }
    subject.registers = before;
}

#[test]
fn operations_on_two_registers() {
    for opcode in CLASSES.iter().flat_map(|class| ALU_OPERATIONS.map(|operation| class | operation | ebpf::BPF_X)) {
        if opcode & 0xf0 == ebpf::BPF_NEG {
            continue;
        }
        for (dst, src) in (0..10).flat_map(|dst| (0..11).map(move |src| (dst, src))) {
            let instruction = encode(opcode, dst, src, 0, 0);
            let mut subject = subject(instruction);
            let is_crowded = CROWDED.contains(&(dst, src));
            for (index, left) in EDGES.into_iter().enumerate() {
                let rights = if is_crowded { EDGES.to_vec() } else { vec![EDGES[(7 * index + 3) % EDGES.len()]] };
                for right in rights {
                    check(instruction, &mut subject, &[(dst, left), (src, right)]);
                }
            }
        }
    }
}

#[test]
fn operations_on_a_register_and_a_number() {
    let immediates = [0, 1, 2, 7, 31, 32, 63, 0x80, 0x8000, i32::MAX, i32::MIN, -1, -128, -129];
    for opcode in CLASSES.iter().flat_map(|class| ALU_OPERATIONS.map(|operation| class | operation)) {
        let operation = opcode & 0xf0;
        let bits = if opcode & 0x07 == ebpf::BPF_ALU32_LOAD { 32 } else { 64 };
        let is_accepted = |immediate: &i32| match operation {
            ebpf::BPF_DIV | ebpf::BPF_MOD => *immediate != 0,
            ebpf::BPF_LSH | ebpf::BPF_RSH | ebpf::BPF_ARSH => (0..bits).contains(immediate),
            _ => true,
        };
        for immediate in immediates.into_iter().filter(is_accepted) {
            for dst in 0..10 {
                let instruction = encode(opcode, dst, 0, 0, immediate);
                let mut subject = subject(instruction);
                for value in EDGES {
                    check(instruction, &mut subject, &[(dst, value)]);
                }
            }
        }
    }
}

#[test]
fn byte_orders() {
    for (opcode, bits) in [ebpf::LE, ebpf::BE].into_iter().flat_map(|opcode| [16, 32, 64].map(|bits| (opcode, bits))) {
        for dst in 0..10 {
            let instruction = encode(opcode, dst, 0, 0, bits);
            let mut subject = subject(instruction);
            for value in EDGES {
                check(instruction, &mut subject, &[(dst, value)]);
            }
        }
    }
}

#[test]
fn wide_constants() {
    for (dst, value) in (0..10).flat_map(|dst| EDGES.map(|value| (dst, value))) {
        let instruction = encode(ebpf::LD_DW_IMM, dst, 0, 0, value as i32);
        let words = [instruction, encode(0, 0, 0, 0, (value >> 32) as i32), encode(ebpf::MOV64_REG, 0, dst, 0, 0)];
        let text = [words.concat(), encode(ebpf::EXIT, 0, 0, 0, 0).to_vec()].concat();
        let subject = Subject::new(Layout::new(SBPFVersion::V3), FramePointer::Standard, &text, &[]);
        let outcome = subject.expect("it verifies").run(100).expect("both ways agree");
        assert_eq!(outcome.result, format!("Ok({value})"));
    }
}
