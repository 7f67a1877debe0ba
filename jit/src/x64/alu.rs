//! Arithmetic, of 32 and of 64 bits.
//!
//! The narrow forms of addition, subtraction and multiplication sign-extend their result, the others zero-extend it, as
//! versions 0, 1, 3 and 4 have it.

use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};
use solana_sbpf::{
    ebpf::{self, Insn},
    vm::ContextObject,
};

use super::{
    compiler::{Compiler, REGISTERS, field},
    memory::Detour,
    state::fault,
};
use crate::CompileError;

impl<C: ContextObject> Compiler<'_, C> {
    /// Emits an instruction of the arithmetic classes.
    pub(crate) fn emit_arithmetic(&mut self, insn: &Insn) -> Result<(), CompileError> {
        if insn.opc & 0x07 == ebpf::BPF_ALU64_STORE { self.emit_wide(insn) } else { self.emit_narrow(insn) }
    }

    fn emit_wide(&mut self, insn: &Insn) -> Result<(), CompileError> {
        let dst = REGISTERS[usize::from(insn.dst)];
        let src = REGISTERS.get(usize::from(insn.src)).copied().unwrap_or(0);
        let immediate = insn.imm as i32;
        let count = (insn.imm & 63) as i8;
        match insn.opc {
            ebpf::ADD64_IMM => dynasm!(self.ops ; .arch x64 ; add Rq(dst), immediate),
            ebpf::ADD64_REG => dynasm!(self.ops ; .arch x64 ; add Rq(dst), Rq(src)),
            ebpf::SUB64_IMM => dynasm!(self.ops ; .arch x64 ; sub Rq(dst), immediate),
            ebpf::SUB64_REG => dynasm!(self.ops ; .arch x64 ; sub Rq(dst), Rq(src)),
            ebpf::MUL64_IMM => dynasm!(self.ops ; .arch x64 ; imul Rq(dst), Rq(dst), immediate),
            ebpf::MUL64_REG => dynasm!(self.ops ; .arch x64 ; imul Rq(dst), Rq(src)),
            ebpf::OR64_IMM => dynasm!(self.ops ; .arch x64 ; or Rq(dst), immediate),
            ebpf::OR64_REG => dynasm!(self.ops ; .arch x64 ; or Rq(dst), Rq(src)),
            ebpf::AND64_IMM => dynasm!(self.ops ; .arch x64 ; and Rq(dst), immediate),
            ebpf::AND64_REG => dynasm!(self.ops ; .arch x64 ; and Rq(dst), Rq(src)),
            ebpf::XOR64_IMM => dynasm!(self.ops ; .arch x64 ; xor Rq(dst), immediate),
            ebpf::XOR64_REG => dynasm!(self.ops ; .arch x64 ; xor Rq(dst), Rq(src)),
            ebpf::MOV64_IMM if immediate == 0 => dynasm!(self.ops ; .arch x64 ; xor Rd(dst), Rd(dst)),
            ebpf::MOV64_IMM => dynasm!(self.ops ; .arch x64 ; mov Rq(dst), immediate),
            ebpf::MOV64_REG => dynasm!(self.ops ; .arch x64 ; mov Rq(dst), Rq(src)),
            ebpf::NEG64 => dynasm!(self.ops ; .arch x64 ; neg Rq(dst)),
            ebpf::LSH64_IMM => dynasm!(self.ops ; .arch x64 ; shl Rq(dst), count),
            ebpf::RSH64_IMM => dynasm!(self.ops ; .arch x64 ; shr Rq(dst), count),
            ebpf::ARSH64_IMM => dynasm!(self.ops ; .arch x64 ; sar Rq(dst), count),
            ebpf::LSH64_REG | ebpf::RSH64_REG | ebpf::ARSH64_REG => self.emit_shift(insn.opc & 0xf0, true, dst, src),
            ebpf::DIV64_IMM | ebpf::DIV64_REG | ebpf::MOD64_IMM | ebpf::MOD64_REG => self.emit_division(insn, true),
            _ => return Err(CompileError::MalformedText),
        }
        Ok(())
    }

    fn emit_narrow(&mut self, insn: &Insn) -> Result<(), CompileError> {
        let dst = REGISTERS[usize::from(insn.dst)];
        let src = REGISTERS.get(usize::from(insn.src)).copied().unwrap_or(0);
        let immediate = insn.imm as i32;
        match insn.opc {
            ebpf::ADD32_IMM => dynasm!(self.ops ; .arch x64 ; add Rd(dst), immediate ; movsxd Rq(dst), Rd(dst)),
            ebpf::ADD32_REG => dynasm!(self.ops ; .arch x64 ; add Rd(dst), Rd(src) ; movsxd Rq(dst), Rd(dst)),
            ebpf::SUB32_IMM => dynasm!(self.ops ; .arch x64 ; sub Rd(dst), immediate ; movsxd Rq(dst), Rd(dst)),
            ebpf::SUB32_REG => dynasm!(self.ops ; .arch x64 ; sub Rd(dst), Rd(src) ; movsxd Rq(dst), Rd(dst)),
            ebpf::MUL32_IMM => {
                dynasm!(self.ops ; .arch x64 ; imul Rd(dst), Rd(dst), immediate ; movsxd Rq(dst), Rd(dst));
            }
            ebpf::MUL32_REG => dynasm!(self.ops ; .arch x64 ; imul Rd(dst), Rd(src) ; movsxd Rq(dst), Rd(dst)),
            ebpf::OR32_IMM => dynasm!(self.ops ; .arch x64 ; or Rd(dst), immediate),
            ebpf::OR32_REG => dynasm!(self.ops ; .arch x64 ; or Rd(dst), Rd(src)),
            ebpf::AND32_IMM => dynasm!(self.ops ; .arch x64 ; and Rd(dst), immediate),
            ebpf::AND32_REG => dynasm!(self.ops ; .arch x64 ; and Rd(dst), Rd(src)),
            ebpf::XOR32_IMM => dynasm!(self.ops ; .arch x64 ; xor Rd(dst), immediate),
            ebpf::XOR32_REG => dynasm!(self.ops ; .arch x64 ; xor Rd(dst), Rd(src)),
            ebpf::MOV32_IMM => dynasm!(self.ops ; .arch x64 ; mov Rd(dst), immediate),
            ebpf::MOV32_REG => dynasm!(self.ops ; .arch x64 ; mov Rd(dst), Rd(src)),
            ebpf::NEG32 => dynasm!(self.ops ; .arch x64 ; neg Rd(dst)),
            ebpf::LSH32_IMM | ebpf::RSH32_IMM | ebpf::ARSH32_IMM => self.emit_narrow_shift(insn, dst),
            ebpf::LSH32_REG | ebpf::RSH32_REG | ebpf::ARSH32_REG => self.emit_shift(insn.opc & 0xf0, false, dst, src),
            ebpf::DIV32_IMM | ebpf::DIV32_REG | ebpf::MOD32_IMM | ebpf::MOD32_REG => self.emit_division(insn, false),
            ebpf::LE => self.emit_truncation(insn.imm, dst)?,
            ebpf::BE => self.emit_byte_swap(insn.imm, dst)?,
            _ => return Err(CompileError::MalformedText),
        }
        Ok(())
    }

    fn emit_narrow_shift(&mut self, insn: &Insn, dst: u8) {
        let count = (insn.imm & 31) as i8;
        // A move of its own, so that the upper half is zero whatever the count.
        dynasm!(self.ops ; .arch x64 ; mov Rd(dst), Rd(dst));
        match insn.opc {
            ebpf::LSH32_IMM => dynasm!(self.ops ; .arch x64 ; shl Rd(dst), count),
            ebpf::RSH32_IMM => dynasm!(self.ops ; .arch x64 ; shr Rd(dst), count),
            _ => dynasm!(self.ops ; .arch x64 ; sar Rd(dst), count),
        }
    }

    /// Shifts by a register, which the processor wants in cl; it takes the count modulo the width, as the guest does.
    fn emit_shift(&mut self, operation: u8, is_wide: bool, dst: u8, src: u8) {
        if is_wide {
            dynasm!(self.ops ; .arch x64 ; mov r9, Rq(dst));
        } else {
            dynasm!(self.ops ; .arch x64 ; mov r9d, Rd(dst));
        }
        dynasm!(self.ops ; .arch x64 ; mov r10, rcx ; mov rcx, Rq(src));
        match (operation, is_wide) {
            (ebpf::BPF_LSH, true) => dynasm!(self.ops ; .arch x64 ; shl r9, cl),
            (ebpf::BPF_LSH, false) => dynasm!(self.ops ; .arch x64 ; shl r9d, cl),
            (ebpf::BPF_RSH, true) => dynasm!(self.ops ; .arch x64 ; shr r9, cl),
            (ebpf::BPF_RSH, false) => dynasm!(self.ops ; .arch x64 ; shr r9d, cl),
            (_, true) => dynasm!(self.ops ; .arch x64 ; sar r9, cl),
            (_, false) => dynasm!(self.ops ; .arch x64 ; sar r9d, cl),
        }
        dynasm!(self.ops ; .arch x64 ; mov rcx, r10 ; mov Rq(dst), r9);
    }

    /// Division and remainder, unsigned; the processor wants them in rax and rdx.
    fn emit_division(&mut self, insn: &Insn, is_wide: bool) {
        let dst = REGISTERS[usize::from(insn.dst)];
        let (save_rax, save_rdx) = (field!(saved), field!(saved) + 8);
        if insn.opc & ebpf::BPF_X == 0 {
            // The verifier refuses zero.
            dynasm!(self.ops ; .arch x64 ; mov r10, insn.imm as i32);
        } else {
            let src = REGISTERS[usize::from(insn.src)];
            let by_zero = self.ops.new_dynamic_label();
            dynasm!(self.ops ; .arch x64 ; mov r10, Rq(src));
            if is_wide {
                dynasm!(self.ops ; .arch x64 ; test r10, r10);
            } else {
                dynasm!(self.ops ; .arch x64 ; test r10d, r10d);
            }
            dynasm!(self.ops ; .arch x64 ; jz =>by_zero);
            self.detours.push(Detour::Fault { label: by_zero, pc: insn.ptr, fault: fault::DIVISION });
        }
        dynasm!(self.ops
            ; .arch x64
            ; mov r9, Rq(dst)
            ; mov [rbp + save_rax], rax
            ; mov [rbp + save_rdx], rdx
            ; xor edx, edx
        );
        if is_wide {
            dynasm!(self.ops ; .arch x64 ; mov rax, r9 ; div r10);
        } else {
            dynasm!(self.ops ; .arch x64 ; mov eax, r9d ; div r10d);
        }
        if insn.opc & 0xf0 == ebpf::BPF_MOD {
            dynasm!(self.ops ; .arch x64 ; mov r9, rdx);
        } else {
            dynasm!(self.ops ; .arch x64 ; mov r9, rax);
        }
        dynasm!(self.ops
            ; .arch x64
            ; mov rax, [rbp + save_rax]
            ; mov rdx, [rbp + save_rdx]
            ; mov Rq(dst), r9
        );
    }

    /// To little-endian: this processor's order, so only the width changes.
    fn emit_truncation(&mut self, bits: i64, dst: u8) -> Result<(), CompileError> {
        match bits {
            16 => dynasm!(self.ops ; .arch x64 ; movzx Rd(dst), Rw(dst)),
            32 => dynasm!(self.ops ; .arch x64 ; mov Rd(dst), Rd(dst)),
            64 => {}
            _ => return Err(CompileError::MalformedText),
        }
        Ok(())
    }

    fn emit_byte_swap(&mut self, bits: i64, dst: u8) -> Result<(), CompileError> {
        match bits {
            16 => dynasm!(self.ops ; .arch x64 ; rol Rw(dst), 8 ; movzx Rd(dst), Rw(dst)),
            32 => dynasm!(self.ops ; .arch x64 ; bswap Rd(dst)),
            64 => dynasm!(self.ops ; .arch x64 ; bswap Rq(dst)),
            _ => return Err(CompileError::MalformedText),
        }
        Ok(())
    }
}
