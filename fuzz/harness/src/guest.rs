//! Assembles guest programs, for any sBPF version, from a few operations.

use heddle_vm::solana_sbpf::ebpf;

use crate::elf_writer::{Program, Word};

/// Opcodes of loads from memory by size (1, 2, 4, 8 bytes), before and since v2's classes (v2 alone has them).
const LOADS: [[u8; 4]; 2] = [
    [ebpf::LD_B_REG, ebpf::LD_H_REG, ebpf::LD_W_REG, ebpf::LD_DW_REG],
    [ebpf::LD_1B_REG, ebpf::LD_2B_REG, ebpf::LD_4B_REG, ebpf::LD_8B_REG],
];
/// Opcodes of stores of a register.
const STORES: [[u8; 4]; 2] = [
    [ebpf::ST_B_REG, ebpf::ST_H_REG, ebpf::ST_W_REG, ebpf::ST_DW_REG],
    [ebpf::ST_1B_REG, ebpf::ST_2B_REG, ebpf::ST_4B_REG, ebpf::ST_8B_REG],
];

/// Encodes one instruction; registers are cut to four bits.
pub(crate) fn encode(opcode: u8, dst: u8, src: u8, offset: i16, immediate: i32) -> Word {
    let ([o0, o1], [i0, i1, i2, i3]) = (offset.to_le_bytes(), immediate.to_le_bytes());
    [opcode, dst & 15 | src << 4, o0, o1, i0, i1, i2, i3]
}

/// A program being written.
pub(crate) struct Assembler {
    program: Program,
}

impl Assembler {
    pub(crate) fn new(version: u8) -> Self {
        Self { program: Program { version, ..Program::default() } }
    }

    fn classes(&self) -> usize {
        usize::from(self.program.version == 2)
    }

    pub(crate) fn version(&self) -> u8 {
        self.program.version
    }

    /// Number of instructions so far, wide ones counted twice.
    pub(crate) fn len(&self) -> usize {
        self.program.text.len()
    }

    pub(crate) fn raw(&mut self, word: Word) {
        self.program.text.push(word);
    }

    pub(crate) fn put(&mut self, opcode: u8, dst: u8, src: u8, offset: i16, immediate: i32) {
        self.raw(encode(opcode, dst, src, offset, immediate));
    }

    /// Two instructions that set a register, in every version.
    pub(crate) fn constant(&mut self, register: u8, value: u64) {
        let (low, high) = (value as u32 as i32, (value >> 32) as u32 as i32);
        if self.program.version == 2 {
            self.put(ebpf::MOV32_IMM, register, 0, 0, low);
            self.put(ebpf::HOR64_IMM, register, 0, 0, high);
        } else {
            self.put(ebpf::LD_DW_IMM, register, 0, 0, low);
            self.put(0, 0, 0, 0, high);
        }
    }

    /// `dst = *(src + offset)`, of `1 << size` bytes.
    pub(crate) fn load(&mut self, size: usize, dst: u8, src: u8, offset: i16) {
        self.put(LOADS[self.classes()][size % 4], dst, src, offset, 0);
    }

    /// `*(dst + offset) = src`, of `1 << size` bytes.
    pub(crate) fn store(&mut self, size: usize, dst: u8, src: u8, offset: i16) {
        self.put(STORES[self.classes()][size % 4], dst, src, offset, 0);
    }

    pub(crate) fn copy(&mut self, dst: u8, src: u8) {
        self.put(ebpf::MOV64_REG, dst, src, 0, 0);
    }

    pub(crate) fn syscall(&mut self, name: &[u8]) {
        self.program.syscalls.push((self.len(), name.to_vec()));
        self.put(ebpf::CALL_IMM, 0, 0, 0, 0);
    }

    pub(crate) fn exit(&mut self) {
        self.put(ebpf::EXIT, 0, 0, 0, 0);
    }

    /// Calls `name` with constants as arguments, and logs what it returned.
    pub(crate) fn call_and_log(&mut self, name: &[u8], arguments: [u64; 5]) {
        for (register, argument) in (1..).zip(arguments) {
            self.constant(register, argument);
        }
        self.syscall(name);
        self.copy(1, 0);
        self.syscall(b"sol_log_64_");
    }

    /// Stores constants: (address, value).
    pub(crate) fn poke(&mut self, size: usize, address: u64, value: u64) {
        self.constant(1, address);
        self.constant(2, value);
        self.store(size, 1, 2, 0);
    }

    /// Ends with a return value and gives the program.
    pub(crate) fn finish_returning(mut self, value: u64) -> Program {
        self.constant(0, value);
        self.exit();
        self.program
    }

    pub(crate) fn finish(self) -> Program {
        self.program
    }
}
