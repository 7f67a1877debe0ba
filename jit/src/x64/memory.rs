//! Loads and stores.
//!
//! In line are: slots of the running frame, without a check; loads from regions that are one piece, against the table of
//! limits; stores to the input region. The rest takes a detour to a routine per size.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm};
use solana_sbpf::{
    ebpf::{self, FRAME_PTR_REG, Insn},
    vm::ContextObject,
};

use super::{
    compiler::{Compiler, REGISTERS, field},
    state::{INPUT, REGION_COUNT},
};
use crate::{CompileError, FramePointer, WRITTEN_BY_PROGRAM, WRITTEN_CHUNK_SHIFT};

/// Code out of line, emitted behind the text.
pub(crate) enum Detour {
    /// A block that cannot be paid in full.
    TooLittle { label: DynamicLabel, pc: usize, charge: i32 },
    /// An access that is not decided in line: asks `routine`, which leaves the host address in r9.
    Access { label: DynamicLabel, back: DynamicLabel, pc: usize, routine: DynamicLabel },
    /// The end of the program.
    Fault { label: DynamicLabel, pc: usize, fault: u32 },
}

/// What a store stores.
#[derive(Clone, Copy)]
enum Operand {
    Register(u8),
    Immediate(i32),
}

/// Offset of the limits for accesses of `1 << class` bytes.
pub(crate) fn limits_of(class: usize) -> i32 {
    field!(limits) + (class * REGION_COUNT * 8) as i32
}

impl<C: ContextObject> Compiler<'_, C> {
    /// Emits a load or a store.
    pub(crate) fn emit_memory_access(&mut self, insn: &Insn) -> Result<(), CompileError> {
        let class = match insn.opc & 0x18 {
            ebpf::BPF_B => 0,
            ebpf::BPF_H => 1,
            ebpf::BPF_W => 2,
            _ => 3,
        };
        if insn.opc & 0xe0 != ebpf::BPF_MEM {
            return Err(CompileError::MalformedText);
        }
        match insn.opc & 0x07 {
            ebpf::BPF_LDX => self.emit_load(insn, class),
            ebpf::BPF_ST => self.emit_store(insn, class, Operand::Immediate(insn.imm as i32)),
            _ => self.emit_store(insn, class, Operand::Register(REGISTERS[usize::from(insn.src)])),
        }
        Ok(())
    }

    /// Whether `base + offset` is in the running frame for certain.
    fn is_frame_slot(&self, base: u8, offset: i16, class: usize) -> bool {
        let frame_bytes = self.executable.get_config().stack_frame_size as i64;
        usize::from(base) == FRAME_PTR_REG
            && self.frame_pointer == FramePointer::Standard
            && !self.version.manual_stack_frame_bump()
            && i64::from(offset) >= -frame_bytes
            && i64::from(offset) + (1 << class) <= 0
    }

    fn emit_load(&mut self, insn: &Insn, class: usize) {
        let (dst, offset) = (REGISTERS[usize::from(insn.dst)], i32::from(insn.off));
        if self.is_frame_slot(insn.src, insn.off, class) {
            dynasm!(self.ops ; .arch x64 ; mov r9, [rbp + field!(frame_top)]);
            return self.emit_read(class, dst, offset);
        }
        let (detour, back) = (self.ops.new_dynamic_label(), self.ops.new_dynamic_label());
        let limits = limits_of(class);
        self.emit_address(insn.src, offset);
        dynasm!(self.ops
            ; .arch x64
            ; shr r10, 32
            ; cmp r10d, REGION_COUNT as i32 - 1
            ; ja =>detour
            ; cmp r9, [rbp + r10 * 8 + limits]
            ; jae =>detour
            ; add r9, [rbp + r10 * 8 + field!(adjust)]
            ; =>back
        );
        let routine = self.routines.loads[class];
        self.detours.push(Detour::Access { label: detour, back, pc: insn.ptr, routine });
        self.emit_read(class, dst, 0);
    }

    fn emit_store(&mut self, insn: &Insn, class: usize, value: Operand) {
        let offset = i32::from(insn.off);
        if self.is_frame_slot(insn.dst, insn.off, class) {
            self.slot_bytes = self.slot_bytes.max(offset.unsigned_abs() as usize);
            dynasm!(self.ops ; .arch x64 ; mov r9, [rbp + field!(frame_top)]);
            return self.emit_write(class, value, offset);
        }
        let (detour, back) = (self.ops.new_dynamic_label(), self.ops.new_dynamic_label());
        let limit = field!(input_store_limits) + 8 * class as i32;
        self.emit_address(insn.dst, offset);
        dynasm!(self.ops
            ; .arch x64
            ; shr r10, 32
            ; cmp r10d, INPUT as i32
            ; jne =>detour
            ; cmp r9, [rbp + limit]
            ; jae =>detour
            ; mov r10d, r9d
            ; add r9, [rbp + field!(adjust) + 8 * INPUT as i32]
            ; shr r10d, WRITTEN_CHUNK_SHIFT as i8
            ; add r10, [rbp + field!(input_written)]
            ; mov BYTE [r10], WRITTEN_BY_PROGRAM as i8
            ; =>back
        );
        let routine = self.routines.stores[class];
        self.detours.push(Detour::Access { label: detour, back, pc: insn.ptr, routine });
        self.emit_write(class, value, 0);
    }

    /// Leaves the guest address in r9 and r10.
    fn emit_address(&mut self, base: u8, offset: i32) {
        let base = REGISTERS[usize::from(base)];
        dynasm!(self.ops ; .arch x64 ; lea r9, [Rq(base) + offset] ; mov r10, r9);
    }

    fn emit_read(&mut self, class: usize, dst: u8, offset: i32) {
        match class {
            0 => dynasm!(self.ops ; .arch x64 ; movzx Rd(dst), BYTE [r9 + offset]),
            1 => dynasm!(self.ops ; .arch x64 ; movzx Rd(dst), WORD [r9 + offset]),
            2 => dynasm!(self.ops ; .arch x64 ; mov Rd(dst), [r9 + offset]),
            _ => dynasm!(self.ops ; .arch x64 ; mov Rq(dst), [r9 + offset]),
        }
    }

    fn emit_write(&mut self, class: usize, value: Operand, offset: i32) {
        match (class, value) {
            (0, Operand::Register(src)) => dynasm!(self.ops ; .arch x64 ; mov [r9 + offset], Rb(src)),
            (1, Operand::Register(src)) => dynasm!(self.ops ; .arch x64 ; mov [r9 + offset], Rw(src)),
            (2, Operand::Register(src)) => dynasm!(self.ops ; .arch x64 ; mov [r9 + offset], Rd(src)),
            (_, Operand::Register(src)) => dynasm!(self.ops ; .arch x64 ; mov [r9 + offset], Rq(src)),
            (0, Operand::Immediate(value)) => dynasm!(self.ops ; .arch x64 ; mov BYTE [r9 + offset], value as i8),
            (1, Operand::Immediate(value)) => dynasm!(self.ops ; .arch x64 ; mov WORD [r9 + offset], value as i16),
            (2, Operand::Immediate(value)) => dynasm!(self.ops ; .arch x64 ; mov DWORD [r9 + offset], value),
            (_, Operand::Immediate(value)) => dynasm!(self.ops ; .arch x64 ; mov QWORD [r9 + offset], value),
        }
    }

    /// Emits what was put out of line.
    pub(crate) fn emit_detours(&mut self) {
        for detour in std::mem::take(&mut self.detours) {
            match detour {
                Detour::TooLittle { label, pc, charge } => {
                    let interpret = self.routines.interpret;
                    dynasm!(self.ops
                        ; .arch x64
                        ; =>label
                        ; add r11, charge
                        ; mov DWORD [rbp + field!(pc)], pc as i32
                        ; jmp =>interpret
                    );
                }
                Detour::Access { label, back, pc, routine } => dynasm!(self.ops
                    ; .arch x64
                    ; =>label
                    ; mov DWORD [rbp + field!(pc)], pc as i32
                    ; call =>routine
                    ; jmp =>back
                ),
                Detour::Fault { label, pc, fault } => {
                    let leave = self.routines.faults[fault as usize];
                    dynasm!(self.ops
                        ; .arch x64
                        ; =>label
                        ; mov DWORD [rbp + field!(pc)], pc as i32
                        ; jmp =>leave
                    );
                }
            }
        }
    }
}
