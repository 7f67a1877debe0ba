//! The unsafe island on the side of generated code: what it calls.
//!
//! Every function gets the [`RunState`] that the run gave to the code, while the code waits. Nothing else refers to the
//! state then, nor to the machine and the mapping that it points to.

use solana_sbpf::{
    ebpf::{self, MM_REGION_SIZE},
    elf::Executable,
    error::{ProgramResult, StableResult},
    interpreter::Interpreter,
    memory_region::AccessType,
    program::BuiltinFunction,
    vm::{CallFrame, ContextObject, EbpfVm},
};

use super::state::{HEAP, INPUT, RunState, STACK, fault, marks_of};
use crate::WRITTEN_BY_PROGRAM;

/// Translates `size_bytes` at the state's address for reading; 0 if that is refused.
///
/// # Safety
/// `state` is the state of the run that calls.
pub(crate) unsafe extern "sysv64" fn translate_load(state: *mut RunState, size_bytes: u64) -> u64 {
    // SAFETY: as promised by the caller.
    unsafe { translate(state, AccessType::Load, size_bytes) }
}

/// As [`translate_load`], for writing.
///
/// # Safety
/// As for [`translate_load`].
pub(crate) unsafe extern "sysv64" fn translate_store(state: *mut RunState, size_bytes: u64) -> u64 {
    // SAFETY: as promised by the caller.
    unsafe { translate(state, AccessType::Store, size_bytes) }
}

/// # Safety
/// As for [`translate_load`].
unsafe fn translate(state: *mut RunState, access: AccessType, size_bytes: u64) -> u64 {
    // SAFETY: the code waits, so this is the only reference to its state; `run` keeps mapping and marks alive.
    let (state, mapping) = unsafe { (&mut *state, &mut *(*state).mapping) };
    match mapping.map_with_access_violation_handler(access, state.address, size_bytes) {
        StableResult::Ok(buffer) => {
            let pointer = buffer.ptr().cast::<u8>().expose_provenance() as u64;
            // SAFETY: as for the state.
            unsafe { note_access(state, access, pointer, size_bytes) };
            state.refresh(mapping);
            pointer
        }
        StableResult::Err(error) => {
            state.error = Some(error);
            state.fault = fault::MEMORY;
            0
        }
    }
}

/// Notes an access that the mapping has allowed: what it writes is written, and the stack that it reaches counts as used.
///
/// # Safety
/// As for [`translate_load`].
unsafe fn note_access(state: &mut RunState, access: AccessType, pointer: u64, size_bytes: u64) {
    let region = (state.address / MM_REGION_SIZE) as usize;
    if region == STACK {
        let used_bytes = (pointer + size_bytes - state.stack_host).next_multiple_of(state.frame_bytes);
        state.stack_used_end = state.stack_used_end.max(state.stack_host + used_bytes);
        state.is_stack_stored |= u32::from(access == AccessType::Store);
        return;
    }
    let (marks, count) = match region {
        HEAP => (state.heap_written, state.heap_marks),
        INPUT => (state.input_written, state.input_marks),
        _ => return,
    };
    if access == AccessType::Store {
        // SAFETY: `run` was given these marks for as long as it lasts.
        let marks =
            unsafe { std::slice::from_raw_parts_mut(std::ptr::with_exposed_provenance_mut(marks as usize), count) };
        marks[marks_of(state.address % MM_REGION_SIZE, size_bytes)].fill(WRITTEN_BY_PROGRAM);
    }
}

/// Notes a store that the interpreter has made.
///
/// # Safety
/// As for [`translate_load`]; the interpreter is between two instructions.
unsafe fn note_interpreted_store(state: &mut RunState, address: u64, size_bytes: u64) {
    // SAFETY: `run` keeps the mapping alive, and nobody else uses it between two instructions.
    let mapping = unsafe { &*state.mapping };
    if let StableResult::Ok(buffer) = mapping.map(AccessType::Store, address, size_bytes) {
        let pointer = buffer.ptr().cast::<u8>().expose_provenance() as u64;
        state.address = address;
        // SAFETY: as promised by the caller.
        unsafe { note_access(state, AccessType::Store, pointer, size_bytes) };
    }
}

/// Address and size of what the instruction at `registers[11]` stores; `None` if it stores nothing.
fn store_at(text: &[u8], registers: &[u64; 12]) -> Option<(u64, u64)> {
    let pc = registers[11] as usize;
    if !ebpf::is_pc_in_program(text, pc) {
        return None;
    }
    let insn = ebpf::get_insn_unchecked(text, pc);
    if !matches!(insn.opc & 0x07, ebpf::BPF_ST | ebpf::BPF_STX) {
        return None;
    }
    let size_bytes = match insn.opc & 0x18 {
        ebpf::BPF_B => 1,
        ebpf::BPF_H => 2,
        ebpf::BPF_W => 4,
        _ => 8,
    };
    Some((registers[usize::from(insn.dst)].wrapping_add_signed(i64::from(insn.off)), size_bytes))
}

/// Calls the system call at `function` with the state's registers 1 to 5; returns its result.
///
/// # Safety
/// `state` is the state of the run that calls, of a machine with context `C`, and `function` a system call for it.
pub(crate) unsafe extern "sysv64" fn call_system<C: ContextObject>(state: *mut RunState, function: *const ()) -> u64 {
    // SAFETY: as promised; the code waits, and `run` lends the machine to nothing else.
    let (state, vm) = unsafe { (&mut *state, &mut *(*state).vm.cast::<EbpfVm<'_, C>>()) };
    vm.registers[..6].copy_from_slice(&state.registers[..6]);
    vm.call_depth = state.depth;
    // System calls consume the difference to the last known value themselves.
    vm.due_insn_count = state.remaining;
    // SAFETY: as promised; a function pointer came here as an address.
    vm.invoke_function(unsafe { std::mem::transmute::<*const (), BuiltinFunction<C>>(function) });
    vm.due_insn_count = 0;
    state.remaining = vm.previous_instruction_meter;
    match vm.program_result {
        ProgramResult::Ok(value) => value,
        ProgramResult::Err(_) => {
            state.fault = fault::SYSTEM_CALL;
            0
        }
    }
}

/// Goes on in the interpreter, which ends the run: the instructions left do not suffice for the block at the state's `pc`.
///
/// # Safety
/// As for [`call_system`]; the state's executable is the program that runs.
pub(crate) unsafe extern "sysv64" fn interpret<C: ContextObject>(state: *mut RunState) {
    // SAFETY: as promised.
    let (state, vm, executable) = unsafe {
        (&mut *state, &mut *(*state).vm.cast::<EbpfVm<'_, C>>(), &*(*state).executable.cast::<Executable<C>>())
    };
    let mut registers = [0; 12];
    registers[..11].copy_from_slice(&state.registers);
    registers[11] = u64::from(state.pc);
    vm.call_depth = state.depth;
    vm.due_insn_count = vm.previous_instruction_meter - state.remaining;
    // A call or return would be the last instruction of the block, which is not reached: no frame is ever looked at.
    let mut frames = vec![CallFrame::default(); executable.get_config().max_call_depth];
    let mut interpreter = Interpreter::new(vm, executable, registers, &mut frames);
    let (_, text) = executable.get_text_bytes();
    loop {
        let store = store_at(text, &interpreter.reg);
        if !interpreter.step() {
            break;
        }
        if let Some((address, size_bytes)) = store {
            // SAFETY: as promised.
            unsafe { note_interpreted_store(state, address, size_bytes) };
        }
    }
    state.remaining = vm.previous_instruction_meter.saturating_sub(vm.due_insn_count);
    state.fault = fault::INTERPRETED;
}
