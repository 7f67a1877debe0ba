//! Calls: of functions of the program, through registers, and of the system.

use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};
use solana_sbpf::{ebpf::Insn, vm::ContextObject};

use super::{
    compiler::{Compiler, REGISTERS, field},
    memory::Detour,
    state::fault,
};
use crate::{CompileError, blocks::static_call_target};

impl<C: ContextObject> Compiler<'_, C> {
    /// Emits `call imm`.
    pub(crate) fn emit_call(&mut self, insn: &Insn) -> Result<(), CompileError> {
        let (_, text) = self.executable.get_text_bytes();
        let count = text.len() / solana_sbpf::ebpf::INSN_SIZE;
        let has_static_calls = self.version.static_syscalls();
        let system = (!has_static_calls || insn.src == 0)
            .then(|| self.executable.get_loader().get_function_registry().lookup_by_key(insn.imm as u32))
            .flatten();
        let function = if has_static_calls {
            static_call_target(insn, self.version, count).map(|target| target as usize)
        } else {
            self.executable.get_function_registry().lookup_by_key(insn.imm as u32).map(|(_, target)| target)
        };
        match (system, function) {
            (Some(_), Some(_)) => return Err(CompileError::Unsupported("a function named as a system call")),
            (Some((_, (function, _))), None) => {
                let call_system = self.routines.call_system;
                dynasm!(self.ops
                    ; .arch x64
                    ; mov r9, QWORD function as usize as i64
                    ; mov DWORD [rbp + field!(pc)], insn.ptr as i32
                    ; call =>call_system
                );
            }
            (None, Some(target)) if target < count => self.emit_call_function(target),
            (None, Some(_)) => {
                self.emit_open_frame();
                self.emit_fault(insn, fault::CALL_OUTSIDE);
            }
            (None, None) => self.emit_fault(insn, fault::UNSUPPORTED),
        }
        Ok(())
    }

    /// Emits `callx`.
    pub(crate) fn emit_call_register(&mut self, insn: &Insn) -> Result<(), CompileError> {
        let register = if self.version.callx_uses_src_reg() {
            usize::from(insn.src)
        } else if self.version.callx_uses_dst_reg() {
            usize::from(insn.dst)
        } else {
            insn.imm as usize
        };
        let target = *REGISTERS.get(register).ok_or(CompileError::MalformedText)?;
        let call_register = self.routines.call_register;
        dynasm!(self.ops ; .arch x64 ; mov [rbp + field!(call_target)], Rq(target));
        self.emit_open_frame();
        dynasm!(self.ops ; .arch x64 ; call =>call_register);
        self.emit_close_frame();
        Ok(())
    }

    fn emit_call_function(&mut self, target: usize) {
        let target = self.block(target);
        self.emit_open_frame();
        dynasm!(self.ops ; .arch x64 ; call =>target);
        self.emit_close_frame();
    }

    /// Saves what a function may change and moves on to the next frame.
    fn emit_open_frame(&mut self) {
        let open_frame = self.routines.open_frame;
        dynasm!(self.ops
            ; .arch x64
            ; push rbx
            ; push r12
            ; push r13
            ; push r14
            ; push r15
            ; call =>open_frame
        );
    }

    fn emit_close_frame(&mut self) {
        dynasm!(self.ops
            ; .arch x64
            ; pop r15
            ; pop r14
            ; pop r13
            ; pop r12
            ; pop rbx
            ; dec QWORD [rbp + field!(depth)]
        );
        if !self.version.manual_stack_frame_bump() {
            let frame_bytes = self.executable.get_config().stack_frame_size as i32;
            dynasm!(self.ops ; .arch x64 ; sub QWORD [rbp + field!(frame_top)], frame_bytes);
        }
    }

    fn emit_fault(&mut self, insn: &Insn, fault: u32) {
        let label = self.ops.new_dynamic_label();
        dynasm!(self.ops ; .arch x64 ; jmp =>label);
        self.detours.push(Detour::Fault { label, pc: insn.ptr, fault });
    }
}
