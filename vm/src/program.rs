//! A program that can run, and the ways to run it.

use heddle_jit::{CompiledProgram, FramePointer, Written};
use solana_sbpf::{
    elf::Executable,
    error::{EbpfError, ProgramResult},
    verifier::RequisiteVerifier,
    vm::{CallFrame, EbpfVm, ExecutionMode as SbpfMode},
};

use crate::{ExecutionMode, InvokeContext, budget::costs, memory::Tracking};

/// A verified program with its machine code.
pub struct Program {
    executable: Executable<InvokeContext>,
    /// Absent where `heddle-jit` does not support the program; it then has code by `solana-sbpf`, where there is any.
    compiled: Option<CompiledProgram<InvokeContext>>,
}

impl Program {
    /// Verifies and compiles `executable`.
    ///
    /// # Errors
    /// What the verifier or the compiler of `solana-sbpf` says.
    pub(crate) fn new(executable: Executable<InvokeContext>, frame_pointer: FramePointer) -> Result<Self, EbpfError> {
        executable.verify::<RequisiteVerifier>()?;
        let compiled = CompiledProgram::compile(&executable, frame_pointer).ok();
        #[cfg(target_arch = "x86_64")]
        if compiled.is_none() {
            executable.jit_compile()?;
        }
        Ok(Self { executable, compiled })
    }

    /// What was loaded.
    pub fn executable(&self) -> &Executable<InvokeContext> {
        &self.executable
    }

    /// The machine code by `heddle-jit`, if there is any.
    pub fn machine_code(&self) -> Option<&[u8]> {
        self.compiled.as_ref().map(CompiledProgram::machine_code)
    }

    /// Runs on `vm`, made for the open frame of its context; returns units consumed and the result.
    pub(crate) fn run(
        &self,
        vm: &mut EbpfVm<'_, InvokeContext>,
        mode: ExecutionMode,
        call_frames: &mut Vec<CallFrame>,
    ) -> (u64, ProgramResult) {
        if let Some(compiled) = self.compiled.as_ref().filter(|_| mode == ExecutionMode::Jit) {
            return self.run_compiled(compiled, vm);
        }
        let mut mode = match mode {
            ExecutionMode::Jit => SbpfMode::PreferJit,
            ExecutionMode::Interpreter => SbpfMode::Interpreted,
        };
        call_frames.resize_with(costs::CALL_DEPTH_MAX, CallFrame::default);
        let outcome = vm.execute_program(&self.executable, &mut mode, call_frames);
        vm.context().current_frame_memory().input.note_all_written();
        outcome
    }

    fn run_compiled(
        &self,
        compiled: &CompiledProgram<InvokeContext>,
        vm: &mut EbpfVm<'_, InvokeContext>,
    ) -> (u64, ProgramResult) {
        let memory = vm.context().current_frame_memory();
        let (mut input, mut heap) = (memory.input.take_marks(), memory.heap.take_marks());
        let mut written =
            Written { input: &mut input, heap: &mut heap, stack_bytes: memory.stack_written.end, stack_untouched: 0 };
        let outcome = compiled.run(vm, &self.executable, &mut written);
        let stack = written.stack_untouched..written.stack_bytes;
        let memory = vm.context().current_frame_memory();
        memory.input.put_marks(input);
        memory.heap.put_marks(heap);
        memory.note_stack_written(stack);
        outcome
    }

    /// What tells, in `mode`, what the program wrote.
    pub(crate) fn tracking(&self, mode: ExecutionMode) -> Tracking {
        let is_compiled = mode == ExecutionMode::Jit && self.compiled.is_some();
        if is_compiled { Tracking::Marks } else { Tracking::OnDemand }
    }
}
