//! From the text to machine code: one pass over the instructions, then what is out of line.

use std::marker::PhantomData;

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm, x64::Assembler};
use solana_sbpf::{
    ebpf::{self, Insn},
    elf::Executable,
    program::SBPFVersion,
    vm::{Config, ContextObject},
};

use super::{
    memory::Detour,
    routines::{self, Routines},
    run::{Code, Target, addresses},
    state::fault,
};
use crate::{
    CompileError, FramePointer,
    blocks::{Blocks, instructions, width},
};

/// Host register of each guest register.
pub(crate) const REGISTERS: [u8; 11] = [0, 7, 6, 2, 1, 8, 3, 12, 13, 14, 15];

/// Offset of a field of [`RunState`] from rbp.
macro_rules! field {
    ($($path:tt)+) => {
        std::mem::offset_of!($crate::x64::state::RunState, $($path)+) as i32
    };
}
pub(crate) use field;

/// A program on its way to machine code.
pub(crate) struct Compiler<'a, C: ContextObject> {
    pub(crate) ops: Assembler,
    pub(crate) executable: &'a Executable<C>,
    pub(crate) version: SBPFVersion,
    pub(crate) blocks: Blocks,
    /// Where the block that begins at an instruction is charged.
    labels: Vec<DynamicLabel>,
    pub(crate) routines: Routines,
    pub(crate) detours: Vec<Detour>,
    pub(crate) frame_pointer: FramePointer,
    /// The farthest from the frame pointer that a slot is stored to without a check.
    pub(crate) slot_bytes: usize,
}

/// Compiles the verified program `executable`.
pub(crate) fn compile<C: ContextObject>(
    executable: &Executable<C>,
    frame_pointer: FramePointer,
) -> Result<Code<C>, CompileError> {
    check_support(executable.get_sbpf_version(), executable.get_config())?;
    let (_, text) = executable.get_text_bytes();
    let count = text.len() / ebpf::INSN_SIZE;
    let mut ops = Assembler::new().map_err(CompileError::Memory)?;
    let labels = (0..=count).map(|_| ops.new_dynamic_label()).collect();
    let routines = Routines::new(&mut ops);
    let mut compiler = Compiler {
        ops,
        executable,
        version: executable.get_sbpf_version(),
        blocks: Blocks::new(executable)?,
        labels,
        routines,
        detours: Vec::new(),
        frame_pointer,
        slot_bytes: 0,
    };
    let enter = compiler.ops.offset();
    compiler.emit_entry(executable.get_entrypoint_instruction_offset());
    let targets = compiler.emit_text(text)?;
    compiler.emit_detours();
    routines::emit(&mut compiler);
    let Compiler { mut ops, blocks, slot_bytes, .. } = compiler;
    ops.commit().map_err(|error| CompileError::Assembly(error.to_string()))?;
    let buffer = ops.finalize().map_err(|_| CompileError::Assembly("the code is in use".into()))?;
    Ok(Code {
        buffer,
        enter,
        targets: targets.into_boxed_slice(),
        blocks,
        frame_pointer,
        slot_bytes,
        text: addresses(text),
        context: PhantomData,
    })
}

fn check_support(version: SBPFVersion, config: &Config) -> Result<(), CompileError> {
    if version.enable_pqr() || version.move_memory_instruction_classes() {
        return Err(CompileError::Unsupported("sBPF version 2"));
    }
    if version >= SBPFVersion::Reserved {
        return Err(CompileError::Unsupported("an sBPF version to come"));
    }
    if !config.enable_instruction_meter || !config.enable_address_translation {
        return Err(CompileError::Unsupported("programs without metering or address translation"));
    }
    if version.stack_frame_gaps() && config.enable_stack_frame_gaps && config.stack_frame_size != 4096 {
        return Err(CompileError::Unsupported("frames of another size than 4 KiB"));
    }
    Ok(())
}

impl<C: ContextObject> Compiler<'_, C> {
    /// Where the block at `pc` begins.
    pub(crate) fn block(&self, pc: usize) -> DynamicLabel {
        self.labels[pc]
    }

    /// Whether there is room between the frames of the stack.
    pub(crate) fn has_stack_gaps(&self) -> bool {
        self.version.stack_frame_gaps() && self.executable.get_config().enable_stack_frame_gaps
    }

    fn emit_text(&mut self, text: &[u8]) -> Result<Vec<Target>, CompileError> {
        let count = text.len() / ebpf::INSN_SIZE;
        let mut targets = vec![Target { code_offset: 0, charge: 1 }; count];
        for insn in instructions(text) {
            self.begin_block(insn.ptr);
            for (slot, target) in targets.iter_mut().enumerate().skip(insn.ptr).take(width(&insn)) {
                // The second slot of a double-word load is no instruction.
                let is_instruction = slot == insn.ptr;
                *target = Target {
                    code_offset: if is_instruction { self.code_offset()? } else { u32::MAX },
                    charge: if is_instruction { self.blocks.charge_at(slot) } else { 1 },
                };
            }
            self.emit_instruction(&insn)?;
        }
        self.begin_block(count);
        let overrun = self.routines.faults[fault::OVERRUN as usize];
        dynasm!(self.ops ; .arch x64 ; jmp =>overrun);
        let no_instruction = self.code_offset()?;
        let unsupported = self.routines.faults[fault::UNSUPPORTED as usize];
        dynasm!(self.ops ; .arch x64 ; jmp =>unsupported);
        for (pc, target) in targets.iter_mut().enumerate().filter(|(_, target)| target.code_offset == u32::MAX) {
            target.code_offset = no_instruction;
            if self.blocks.begins_at(pc) {
                // A call into the middle of a double-word load.
                self.begin_block(pc);
                dynasm!(self.ops ; .arch x64 ; jmp =>unsupported);
            }
        }
        Ok(targets)
    }

    fn code_offset(&self) -> Result<u32, CompileError> {
        u32::try_from(self.ops.offset().0).map_err(|_| CompileError::Unsupported("so much code"))
    }

    /// Charges for the block that begins at `pc`, if one does.
    fn begin_block(&mut self, pc: usize) {
        if !self.blocks.begins_at(pc) {
            return;
        }
        let (label, charge) = (self.labels[pc], self.blocks.charge_at(pc) as i32);
        let too_little = self.ops.new_dynamic_label();
        dynasm!(self.ops
            ; .arch x64
            ; =>label
            ; sub r11, charge
            ; jb =>too_little
        );
        self.detours.push(Detour::TooLittle { label: too_little, pc, charge });
    }

    fn emit_instruction(&mut self, insn: &Insn) -> Result<(), CompileError> {
        match insn.opc & 0x07 {
            ebpf::BPF_LD => {
                let dst = REGISTERS[usize::from(insn.dst)];
                dynasm!(self.ops ; .arch x64 ; mov Rq(dst), QWORD insn.imm);
                Ok(())
            }
            ebpf::BPF_LDX | ebpf::BPF_ST | ebpf::BPF_STX => self.emit_memory_access(insn),
            ebpf::BPF_ALU32_LOAD | ebpf::BPF_ALU64_STORE => self.emit_arithmetic(insn),
            _ => match insn.opc {
                ebpf::CALL_IMM => self.emit_call(insn),
                ebpf::CALL_REG => self.emit_call_register(insn),
                ebpf::EXIT => {
                    dynasm!(self.ops ; .arch x64 ; ret);
                    Ok(())
                }
                _ => self.emit_jump(insn),
            },
        }
    }
}
