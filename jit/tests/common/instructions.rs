//! Instructions: their parts, and how they are encoded.

use solana_sbpf::ebpf;

/// Operations of both classes of arithmetic, but for the byte swaps.
pub const ALU_OPERATIONS: [u8; 13] = [
    ebpf::BPF_ADD,
    ebpf::BPF_SUB,
    ebpf::BPF_MUL,
    ebpf::BPF_DIV,
    ebpf::BPF_OR,
    ebpf::BPF_AND,
    ebpf::BPF_LSH,
    ebpf::BPF_RSH,
    ebpf::BPF_NEG,
    ebpf::BPF_MOD,
    ebpf::BPF_XOR,
    ebpf::BPF_MOV,
    ebpf::BPF_ARSH,
];
/// Conditions of jumps.
pub const CONDITIONS: [u8; 11] = [
    ebpf::BPF_JEQ,
    ebpf::BPF_JGT,
    ebpf::BPF_JGE,
    ebpf::BPF_JSET,
    ebpf::BPF_JNE,
    ebpf::BPF_JSGT,
    ebpf::BPF_JSGE,
    ebpf::BPF_JLT,
    ebpf::BPF_JLE,
    ebpf::BPF_JSLT,
    ebpf::BPF_JSLE,
];
/// Sizes of accesses: 1, 2, 4 and 8 bytes.
pub const SIZES: [u8; 4] = [ebpf::BPF_B, ebpf::BPF_H, ebpf::BPF_W, ebpf::BPF_DW];
/// Values at which operations change their behaviour.
pub const EDGES: [u64; 20] = [
    0,
    1,
    2,
    7,
    31,
    32,
    33,
    63,
    64,
    65,
    0xff80,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 32,
    (1 << 32) | 1,
    0x0123_4567_89ab_cdef,
    i64::MAX as u64,
    i64::MIN as u64,
    u64::MAX,
];
/// Encodes one instruction.
pub fn encode(opcode: u8, dst: u8, src: u8, offset: i16, immediate: i32) -> [u8; 8] {
    let mut word = [opcode, dst | src << 4, 0, 0, 0, 0, 0, 0];
    word[2..4].copy_from_slice(&offset.to_le_bytes());
    word[4..].copy_from_slice(&immediate.to_le_bytes());
    word
}
