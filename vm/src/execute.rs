//! One run of an sBPF program: serialise, map memory, run, read the accounts back.

use std::sync::Arc;

use heddle_types::Pubkey;
use solana_instruction_error::InstructionError;
use solana_sbpf::{
    ebpf::{MM_HEAP_START, MM_INPUT_START},
    error::{EbpfError, ProgramResult},
    program::BuiltinProgram,
    vm::{CallFrame, EbpfVm},
};
use solana_sdk_ids::bpf_loader_deprecated;

use crate::{
    CpiError, InvokeContext, Program, ProgramEntry, SyscallError,
    budget::costs,
    log_line,
    memory::{FrameMemory, STACK_BYTES},
    serialize::{self, SerializedAccount},
};

/// How sBPF programs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExecutionMode {
    /// Compiled where the platform can (x86-64), else interpreted.
    #[default]
    Jit,
    /// Interpreted: the reference.
    Interpreter,
}

/// Everything that can end a program, before it becomes an instruction error.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// An instruction error, from a builtin or a syscall.
    #[error(transparent)]
    Instruction(#[from] InstructionError),
    /// A syscall refused its arguments.
    #[error(transparent)]
    Syscall(#[from] SyscallError),
    /// A CPI refused its arguments.
    #[error(transparent)]
    Cpi(#[from] CpiError),
    /// The guest did what the VM forbids.
    #[error(transparent)]
    Ebpf(EbpfError),
    /// The VM could not be set up.
    #[error(transparent)]
    Setup(EbpfError),
}

impl VmError {
    /// What the instruction's result is: only instruction errors keep their identity.
    pub(crate) fn into_instruction_error(self) -> InstructionError {
        match self {
            Self::Instruction(error) => error,
            Self::Setup(_) => InstructionError::ProgramEnvironmentSetupFailure,
            Self::Syscall(_) | Self::Cpi(_) | Self::Ebpf(_) => InstructionError::ProgramFailedToComplete,
        }
    }

    /// Unwraps what came through `solana-sbpf` back to our own error.
    fn from_ebpf(error: EbpfError) -> Self {
        match error {
            EbpfError::SyscallError(inner) => match inner.downcast::<VmError>() {
                Ok(own) => *own,
                Err(inner) => Self::Ebpf(EbpfError::SyscallError(inner)),
            },
            other => Self::Ebpf(other),
        }
    }
}

/// One running program: its memory and where its accounts lie in it.
pub(crate) struct Frame {
    pub(crate) memory: FrameMemory,
    pub(crate) accounts: Vec<SerializedAccount>,
    /// Instructions of the transaction's trace when the accounts were serialised.
    pub(crate) trace_length: usize,
    pub(crate) is_loader_deprecated: bool,
    /// Bytes of the heap handed out by the `sol_alloc_free_` syscall.
    pub(crate) allocated_bytes: u64,
    call_frames: Vec<CallFrame>,
    /// The loader of the last program, so that not every run counts a reference that all workers share.
    loader: Option<Arc<BuiltinProgram<InvokeContext>>>,
}

impl Frame {
    pub(crate) fn new() -> Self {
        Self {
            memory: FrameMemory::new(),
            accounts: Vec::new(),
            trace_length: 0,
            is_loader_deprecated: false,
            allocated_bytes: 0,
            call_frames: Vec::new(),
            loader: None,
        }
    }
}

impl InvokeContext {
    /// Runs the sBPF program at `program_index` as the current instruction.
    pub(crate) fn execute_program(&mut self, program_index: usize) -> Result<(), VmError> {
        let key = self.transaction.keys()[program_index];
        let account = self.transaction.account_at(program_index);
        let is_loader_deprecated = account.owner == bpf_loader_deprecated::ID;
        if self.transaction.is_touched(program_index) && !self.programs().was_program(&key) {
            return self.refuse_program("Program is not cached");
        }
        if self.is_program_changed(&key) {
            return self.refuse_program("Program is not deployed");
        }
        let owner = account.owner;
        let (entry, is_settled) = self.find_program(&key, program_index);
        let Some(ProgramEntry::Executable(program)) = entry.as_deref() else {
            return self.refuse_program("Program is not deployed");
        };
        let serial = self.reserve_frame();
        self.frame_mut().is_loader_deprecated = is_loader_deprecated;
        let result = self.run_in_frame(program, serial);
        self.close_frame();
        if let Some(entry) = entry.filter(|_| is_settled) {
            self.held_programs.put(key, (owner, entry));
        }
        result
    }

    /// The program at `program_index`, and whether it stays as it is for the rest of the block.
    fn find_program(&mut self, key: &Pubkey, program_index: usize) -> (Option<Arc<ProgramEntry>>, bool) {
        let held = self.held_programs.take(key);
        let account = self.transaction.account_at(program_index);
        if let Some((owner, entry)) = held
            && owner == account.owner
        {
            return (Some(entry), true);
        }
        let programs = self.programs();
        (programs.program(key, account), programs.is_settled(key, account))
    }

    fn refuse_program(&mut self, reason: &str) -> Result<(), VmError> {
        log_line!(self, "{reason}");
        Err(InstructionError::UnsupportedProgramId.into())
    }

    fn run_in_frame(&mut self, program: &Program, serial: u64) -> Result<(), VmError> {
        let heap_size_bytes = self.budget().heap_size_bytes;
        let tracking = program.tracking(self.runtime().execution_mode());
        let (frame, transaction, _) = self.frame_and_transaction();
        let data_address = serialize::serialize(frame, transaction)?;
        frame.allocated_bytes = 0;
        // Solana's log line counts the heap as available, not as consumed.
        let units_before = self.remaining_units();
        let opened = self
            .consume(costs::heap(heap_size_bytes))
            .map_err(VmError::from)
            .and_then(|()| self.frame_mut().memory.open(program.executable(), heap_size_bytes, serial, tracking));
        if let Err(error) = opened {
            log_line!(self, "Failed to create SBF VM: {}", error);
            return Err(InstructionError::ProgramEnvironmentSetupFailure.into());
        }
        self.run_vm(program, data_address, units_before)?;
        let (frame, transaction, block) = self.frame_and_transaction();
        serialize::deserialize(frame, transaction, block)?;
        Ok(())
    }

    fn run_vm(&mut self, program: &Program, data_address: u64, units_before: u64) -> Result<(), VmError> {
        let mode = self.runtime().execution_mode();
        let executable = program.executable();
        let mut call_frames = std::mem::take(&mut self.frame_mut().call_frames);
        let held = self.frame_mut().loader.take().filter(|held| Arc::ptr_eq(held, executable.get_loader()));
        let loader = held.unwrap_or_else(|| Arc::clone(executable.get_loader()));
        let mut vm = EbpfVm::new(loader, executable.get_sbpf_version(), self, STACK_BYTES);
        vm.registers[1] = MM_INPUT_START;
        vm.registers[2] = data_address;
        let (units, result) = program.run(&mut vm, mode, &mut call_frames);
        let loader = vm.loader;
        let frame = self.frame_mut();
        frame.call_frames = call_frames;
        frame.loader = Some(loader);
        self.log_run(units, units_before);
        match result {
            ProgramResult::Ok(0) => Ok(()),
            ProgramResult::Ok(status) => Err(InstructionError::from(status).into()),
            ProgramResult::Err(error) => {
                // What a faulting program has really consumed is not defined, so it consumes everything (SIMD-0182).
                let is_depleting = self.gates().deplete_cu_meter_on_vm_failure;
                if is_depleting && !matches!(error, EbpfError::SyscallError(_)) {
                    self.consume_all_units();
                }
                Err(VmError::from_ebpf(self.name_region(error)))
            }
        }
    }

    fn log_run(&mut self, units: u64, units_before: u64) {
        if !self.is_logging() {
            return;
        }
        let Ok(program) = self.program_key().copied() else { return };
        self.log(format_args!("Program {program} consumed {units} of {units_before} compute units"));
        let (_, data) = self.transaction.return_data();
        if !data.is_empty() {
            use base64::Engine;
            let data = base64::prelude::BASE64_STANDARD.encode(data);
            self.log(format_args!("Program return: {program} {data}"));
        }
    }

    /// `sol_alloc_free_`: a bump allocator over the heap; never frees.
    pub(crate) fn allocate_heap(&mut self, size_bytes: u64, alignment: u64) -> Option<u64> {
        let heap_bytes = u64::from(self.budget().heap_size_bytes);
        let frame = self.frame_mut();
        let start = frame.allocated_bytes.next_multiple_of(alignment);
        let end = start.checked_add(size_bytes)?;
        if end > heap_bytes {
            return None;
        }
        frame.allocated_bytes = end;
        Some(MM_HEAP_START + start)
    }
}

#[cfg(test)]
mod tests {
    use solana_instruction_error::InstructionError;

    use crate::syscalls::test_guest::{Guest, gates_with};

    #[test]
    fn a_fault_takes_all_units_once_its_gate_is_on() {
        let keeping = gates_with(|gates| gates.deplete_cu_meter_on_vm_failure = false);
        let fault = || Guest::new("mov64 r1, 5\nlsh64 r1, 32\nldxdw r0, [r1+0]\nexit", Vec::new()).unit_limit(10_000);
        for (guest, is_depleted) in [(fault(), true), (fault().gates(keeping), false)] {
            let outcome = guest.run();
            assert_eq!(outcome.result, Err(InstructionError::ProgramFailedToComplete));
            assert_eq!(outcome.units == 10_000, is_depleted, "{}", outcome.units);
        }
        // What a syscall refuses is no fault of the VM.
        let refused = Guest::new("syscall abort\nexit", Vec::new()).unit_limit(10_000).run();
        assert_eq!((refused.result, refused.units), (Err(InstructionError::ProgramFailedToComplete), 1));
    }
}
