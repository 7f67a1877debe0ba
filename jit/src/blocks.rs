//! Where basic blocks begin, and how many instructions each of them is charged for.
//!
//! A block is charged as a whole when it is entered. What follows an instruction in its block has then been paid too
//! early: a fault gives it back ([`Blocks::unpaid_after`]).

use solana_sbpf::{
    ebpf::{self, Insn},
    elf::Executable,
    program::SBPFVersion,
    vm::ContextObject,
};

use crate::CompileError;

/// The instructions of a program, cut into blocks.
pub(crate) struct Blocks {
    leaders: Vec<bool>,
    /// Instructions from this one to the end of its block.
    rest: Vec<u32>,
}

impl Blocks {
    /// Cuts the text of `executable`.
    pub(crate) fn new<C: ContextObject>(executable: &Executable<C>) -> Result<Self, CompileError> {
        let (_, text) = executable.get_text_bytes();
        let version = executable.get_sbpf_version();
        let count = text.len() / ebpf::INSN_SIZE;
        let mut leaders = vec![false; count + 1];
        let mut lead = |pc: i64| -> Result<(), CompileError> {
            let index = usize::try_from(pc).map_err(|_| CompileError::MalformedText)?;
            *leaders.get_mut(index).ok_or(CompileError::MalformedText)? = true;
            Ok(())
        };
        lead(0)?;
        // One past the end: where a program that runs off its text arrives.
        lead(count as i64)?;
        lead(executable.get_entrypoint_instruction_offset() as i64)?;
        for (_, (_, function)) in executable.get_function_registry().iter() {
            if function < count {
                lead(function as i64)?;
            }
        }
        for insn in instructions(text) {
            let next = insn.ptr as i64 + width(&insn) as i64;
            if next > count as i64 {
                // Half of a double-word load.
                return Err(CompileError::MalformedText);
            }
            if let Some(target) = jump_target(&insn) {
                lead(target)?;
            }
            if let Some(target) = static_call_target(&insn, version, count) {
                lead(target)?;
            }
            if ends_block(&insn) {
                lead(next)?;
            }
        }
        let mut rest = vec![1; count + 1];
        for insn in instructions(text).collect::<Vec<_>>().into_iter().rev() {
            let next = insn.ptr + width(&insn);
            if !leaders[next] {
                rest[insn.ptr] = rest[next] + 1;
            }
        }
        Ok(Self { leaders, rest })
    }

    /// Whether a block begins at `pc`.
    pub(crate) fn begins_at(&self, pc: usize) -> bool {
        self.leaders[pc]
    }

    /// Instructions from `pc` to the end of its block, itself included.
    pub(crate) fn charge_at(&self, pc: usize) -> u32 {
        self.rest[pc]
    }

    /// Instructions after `pc` in its block, which are charged with it.
    pub(crate) fn unpaid_after(&self, pc: usize) -> u32 {
        self.rest[pc] - 1
    }
}

/// The instructions of `text` in order; a double-word load counts as one.
pub(crate) fn instructions(text: &[u8]) -> impl Iterator<Item = Insn> {
    let mut pc = 0;
    std::iter::from_fn(move || {
        if !ebpf::is_pc_in_program(text, pc) {
            return None;
        }
        let mut insn = ebpf::get_insn_unchecked(text, pc);
        if insn.opc == ebpf::LD_DW_IMM && ebpf::is_pc_in_program(text, pc + 1) {
            ebpf::augment_lddw_unchecked(text, &mut insn);
        }
        pc += width(&insn);
        Some(insn)
    })
}

/// Slots that an instruction takes.
pub(crate) fn width(insn: &Insn) -> usize {
    if insn.opc == ebpf::LD_DW_IMM { 2 } else { 1 }
}

/// Where a jump goes to; `None` for what does not jump.
pub(crate) fn jump_target(insn: &Insn) -> Option<i64> {
    let class = insn.opc & 0x07;
    let is_jump = (class == ebpf::BPF_JMP64 || class == ebpf::BPF_JMP32)
        && !matches!(insn.opc, ebpf::CALL_IMM | ebpf::CALL_REG | ebpf::EXIT);
    is_jump.then(|| insn.ptr as i64 + 1 + i64::from(insn.off))
}

/// Where a call of a program with static calls goes to; `None` if it calls no function of the program.
pub(crate) fn static_call_target(insn: &Insn, version: SBPFVersion, count: usize) -> Option<i64> {
    if insn.opc != ebpf::CALL_IMM || !version.static_syscalls() || insn.src != 1 {
        return None;
    }
    let target = (insn.ptr as i64 + 1).saturating_add(insn.imm);
    (0..count as i64).contains(&target).then_some(target)
}

fn ends_block(insn: &Insn) -> bool {
    jump_target(insn).is_some() || matches!(insn.opc, ebpf::CALL_IMM | ebpf::CALL_REG | ebpf::EXIT)
}
