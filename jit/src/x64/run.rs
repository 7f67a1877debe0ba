//! The unsafe island on the side of the host: entering generated code.

use std::marker::PhantomData;

use dynasmrt::{AssemblyOffset, ExecutableBuffer};
use solana_sbpf::{
    ebpf::{FRAME_PTR_REG, INSN_SIZE, MM_REGION_SIZE, MM_STACK_START},
    elf::Executable,
    error::{EbpfError, ProgramResult},
    memory_region::MemoryMapping,
    vm::{ContextObject, EbpfVm},
};

use super::state::{HEAP, INPUT, RunState, STACK, fault};
use crate::{FramePointer, WRITTEN_CHUNK_BYTES, Written, blocks::Blocks};

/// Where a call through a register lands.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// Of the instruction, behind the charge of its block.
    pub(crate) code_offset: u32,
    /// Instructions to the end of its block.
    pub(crate) charge: u32,
}

/// Machine code and what it needs to run.
pub(crate) struct Code<C: ContextObject> {
    pub(crate) buffer: ExecutableBuffer,
    pub(crate) enter: AssemblyOffset,
    pub(crate) targets: Box<[Target]>,
    pub(crate) blocks: Blocks,
    pub(crate) frame_pointer: FramePointer,
    pub(crate) slot_bytes: usize,
    /// Of the text that was compiled.
    pub(crate) text: std::ops::Range<usize>,
    pub(crate) context: PhantomData<fn(C)>,
}

impl<C: ContextObject> Code<C> {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    pub(crate) fn run(
        &self,
        vm: &mut EbpfVm<'_, C>,
        executable: &Executable<C>,
        written: &mut Written<'_>,
    ) -> (u64, ProgramResult) {
        let (text_address, text) = executable.get_text_bytes();
        assert!(addresses(text) == self.text, "the program is another than was compiled");
        let config = executable.get_config();
        let frame_bytes = config.stack_frame_size as u64;
        if self.frame_pointer == FramePointer::Standard && !executable.get_sbpf_version().manual_stack_frame_bump() {
            assert!(
                vm.registers[FRAME_PTR_REG] == MM_STACK_START + frame_bytes,
                "the frame pointer is not the standard"
            );
        }
        let initial = vm.context().get_remaining();
        vm.previous_instruction_meter = initial;
        vm.due_insn_count = 0;
        vm.program_result = ProgramResult::Ok(0);
        let mut mapping = vm.context().active_mapping_ptr();
        let mut state = RunState {
            frame_top: 0,
            pc: 0,
            fault: fault::NONE,
            remaining: initial,
            address: 0,
            call_target: 0,
            depth: 0,
            is_stack_stored: 0,
            // Of a stack at zero, until it is known where it is.
            stack_used_end: written.stack_bytes as u64,
            stack_mapped_end: 0,
            stack_host: 0,
            input_written: written.input.as_mut_ptr().expose_provenance() as u64,
            heap_written: written.heap.as_mut_ptr().expose_provenance() as u64,
            text_address,
            text_bytes: text.len() as u64,
            targets: self.targets.as_ptr().expose_provenance() as u64,
            code: self.buffer.as_ptr().expose_provenance() as u64,
            host_stack: 0,
            registers: vm.registers[..=FRAME_PTR_REG].try_into().expect("eleven registers"),
            saved: [0; 7],
            adjust: Default::default(),
            limits: Default::default(),
            input_store_limits: Default::default(),
            stack_limits: Default::default(),
            frame_bytes,
            input_marks: written.input.len(),
            heap_marks: written.heap.len(),
            error: None,
            mapping: mapping.as_ptr(),
            vm: std::ptr::from_mut(vm).cast(),
            executable: std::ptr::from_ref(executable).cast(),
        };
        // SAFETY: the context's mapping outlives the run, and nobody else uses it now.
        let mapped = unsafe { mapping.as_mut() };
        state.take_over_all(mapped);
        assert_marks_suffice(&state, mapped);
        if !executable.get_sbpf_version().manual_stack_frame_bump() {
            assert_frames_are_mapped(&state, executable, written.stack_bytes);
        }
        state.frame_top = state.stack_host + frame_bytes;
        let entry = std::ptr::from_ref(&self.buffer[self.enter.0]);
        // SAFETY: `enter` is where the compiler put the prologue of this signature. What the code reaches: the state; the
        // marks, whose number was checked; through limits and adjustments of `refresh` the mapped regions, alive as the
        // mapping demands of its maker; the targets of this program. It keeps the host's callee-saved registers.
        let enter: unsafe extern "sysv64" fn(*mut RunState) = unsafe { std::mem::transmute(entry) };
        // SAFETY: as above.
        unsafe { enter(&raw mut state) };
        // The last frame of a stack may be a part of one.
        let stack_used_end = state.stack_used_end.min(state.stack_mapped_end);
        let used_bytes = (stack_used_end - state.stack_host) as usize;
        // Of the first frame alone it is known which slots there are.
        let is_slots_alone = used_bytes == written.stack_bytes && state.is_stack_stored == 0;
        written.stack_untouched = if is_slots_alone { used_bytes.saturating_sub(self.slot_bytes) } else { 0 };
        written.stack_bytes = used_bytes;
        self.finish(vm, state, initial)
    }

    fn finish(&self, vm: &mut EbpfVm<'_, C>, mut state: RunState, initial: u64) -> (u64, ProgramResult) {
        let pc = state.pc as usize;
        let (unpaid, result) = match state.fault {
            fault::NONE => (0, Some(ProgramResult::Ok(state.registers[0]))),
            fault::MEMORY => {
                let error = state.error.take().expect("a refused access has its error");
                (self.blocks.unpaid_after(pc), Some(ProgramResult::Err(error)))
            }
            fault::DIVISION => (self.blocks.unpaid_after(pc), Some(ProgramResult::Err(EbpfError::DivideByZero))),
            fault::CALL_DEPTH => (0, Some(ProgramResult::Err(EbpfError::CallDepthExceeded))),
            fault::CALL_OUTSIDE => (0, Some(ProgramResult::Err(EbpfError::CallOutsideTextSegment))),
            fault::UNSUPPORTED => (0, Some(ProgramResult::Err(EbpfError::UnsupportedInstruction))),
            fault::OVERRUN => (0, Some(ProgramResult::Err(EbpfError::ExecutionOverrun))),
            fault::SYSTEM_CALL | fault::INTERPRETED => (0, None),
            other => unreachable!("fault {other}"),
        };
        if let Some(result) = result {
            vm.program_result = result;
        }
        vm.call_depth = state.depth;
        vm.registers[11] = u64::from(state.pc);
        if state.fault != fault::INTERPRETED {
            vm.due_insn_count = vm.previous_instruction_meter - state.remaining - u64::from(unpaid);
        }
        let due = vm.due_insn_count;
        let context = vm.context();
        context.consume(due);
        let consumed = initial.saturating_sub(context.get_remaining());
        (consumed, std::mem::replace(&mut vm.program_result, ProgramResult::Ok(0)))
    }
}

/// Whatever can be stored to in heap and input needs a mark.
fn assert_marks_suffice(state: &RunState, mapping: &MemoryMapping) {
    for region in mapping.get_regions() {
        let start = region.vm_addr_range().start;
        let marks = match (start / MM_REGION_SIZE) as usize {
            HEAP => state.heap_marks,
            INPUT => state.input_marks,
            _ => continue,
        };
        let size_bytes = (start % MM_REGION_SIZE) as usize + region.len();
        assert!(marks * WRITTEN_CHUNK_BYTES >= size_bytes, "marks are missing for {size_bytes} bytes");
    }
}

/// The slots of a frame are accessed without a question to the mapping: it must have all frames, for writing, and with
/// gaps between them exactly if the program's version has them.
fn assert_frames_are_mapped<C: ContextObject>(state: &RunState, executable: &Executable<C>, stack_bytes: usize) {
    let config = executable.get_config();
    let has_gaps = executable.get_sbpf_version().stack_frame_gaps() && config.enable_stack_frame_gaps;
    let mapped_bytes = (state.stack_mapped_end - state.stack_host) as usize;
    assert!(mapped_bytes >= config.stack_size(), "the stack has {mapped_bytes} bytes");
    let is_whole = stack_bytes >= config.stack_frame_size && stack_bytes.is_multiple_of(config.stack_frame_size);
    assert!(is_whole, "{stack_bytes} bytes of the stack are no frames");
    // One of the limits holds, by what is mapped; none does if it cannot be written.
    let limit = if has_gaps { state.stack_limits[0] } else { state.limits[0][STACK] };
    assert!(limit != 0, "the stack is mapped in another way than the program's version has it");
}

/// Where `text` lies in host memory.
pub(crate) fn addresses(text: &[u8]) -> std::ops::Range<usize> {
    let start = text.as_ptr().addr();
    debug_assert!(text.len().is_multiple_of(INSN_SIZE));
    start..start + text.len()
}
