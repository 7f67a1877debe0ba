//! Jumps within the text.

use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};
use solana_sbpf::{
    ebpf::{self, Insn},
    vm::ContextObject,
};

use super::compiler::{Compiler, REGISTERS};
use crate::{CompileError, blocks::jump_target};

impl<C: ContextObject> Compiler<'_, C> {
    /// Emits a jump of either class, conditional or not.
    pub(crate) fn emit_jump(&mut self, insn: &Insn) -> Result<(), CompileError> {
        let target = jump_target(insn).and_then(|target| usize::try_from(target).ok());
        let target = self.block(target.ok_or(CompileError::MalformedText)?);
        if insn.opc == ebpf::JA {
            dynasm!(self.ops ; .arch x64 ; jmp =>target);
            return Ok(());
        }
        let is_narrow = insn.opc & 0x07 == ebpf::BPF_JMP32;
        if is_narrow && !self.version.enable_jmp32() {
            return Err(CompileError::MalformedText);
        }
        let condition = insn.opc & 0xf0;
        self.emit_comparison(insn, is_narrow, condition == ebpf::BPF_JSET);
        match condition {
            ebpf::BPF_JEQ => dynasm!(self.ops ; .arch x64 ; je =>target),
            ebpf::BPF_JNE | ebpf::BPF_JSET => dynasm!(self.ops ; .arch x64 ; jne =>target),
            ebpf::BPF_JGT => dynasm!(self.ops ; .arch x64 ; ja =>target),
            ebpf::BPF_JGE => dynasm!(self.ops ; .arch x64 ; jae =>target),
            ebpf::BPF_JLT => dynasm!(self.ops ; .arch x64 ; jb =>target),
            ebpf::BPF_JLE => dynasm!(self.ops ; .arch x64 ; jbe =>target),
            ebpf::BPF_JSGT => dynasm!(self.ops ; .arch x64 ; jg =>target),
            ebpf::BPF_JSGE => dynasm!(self.ops ; .arch x64 ; jge =>target),
            ebpf::BPF_JSLT => dynasm!(self.ops ; .arch x64 ; jl =>target),
            ebpf::BPF_JSLE => dynasm!(self.ops ; .arch x64 ; jle =>target),
            _ => return Err(CompileError::MalformedText),
        }
        Ok(())
    }

    /// Sets the flags by the operands' difference, or by their common bits.
    fn emit_comparison(&mut self, insn: &Insn, is_narrow: bool, is_bit_test: bool) {
        let (dst, src) = (REGISTERS[usize::from(insn.dst)], insn.src);
        let is_register = insn.opc & ebpf::BPF_X != 0;
        let immediate = insn.imm as i32;
        if is_register {
            let src = REGISTERS[usize::from(src)];
            match (is_bit_test, is_narrow) {
                (false, false) => dynasm!(self.ops ; .arch x64 ; cmp Rq(dst), Rq(src)),
                (false, true) => dynasm!(self.ops ; .arch x64 ; cmp Rd(dst), Rd(src)),
                (true, false) => dynasm!(self.ops ; .arch x64 ; test Rq(dst), Rq(src)),
                (true, true) => dynasm!(self.ops ; .arch x64 ; test Rd(dst), Rd(src)),
            }
        } else {
            match (is_bit_test, is_narrow) {
                (false, false) => dynasm!(self.ops ; .arch x64 ; cmp Rq(dst), immediate),
                (false, true) => dynasm!(self.ops ; .arch x64 ; cmp Rd(dst), immediate),
                (true, false) => dynasm!(self.ops ; .arch x64 ; test Rq(dst), immediate),
                (true, true) => dynasm!(self.ops ; .arch x64 ; test Rd(dst), immediate),
            }
        }
    }
}
