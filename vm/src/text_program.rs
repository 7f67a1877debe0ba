//! Bare sBPF instructions: no ELF, no accounts, no syscalls, only registers and an input region. Conformance suites of
//! single instructions run on the machine that programs run on, through this.

use std::sync::Arc;

use heddle_jit::FramePointer;
use solana_sbpf::{
    elf::Executable,
    error::{EbpfError, StableResult},
    program::{BuiltinProgram, FunctionRegistry, SBPFVersion},
    vm::{Config, EbpfVm},
};

use crate::{InvokeContext, Program, memory::STACK_BYTES, runtime};

/// Instructions that verify.
pub struct TextProgram {
    program: Program,
}

/// How the input region is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputMapping {
    /// As one region, as for every program.
    Whole,
    /// As several that touch; an access across two of them is a violation.
    Split,
}

/// What came of a run.
#[derive(Debug)]
pub struct TextOutcome {
    /// r0 at the end, or why the VM stopped.
    pub result: Result<u64, EbpfError>,
    /// Compute units consumed.
    pub units: u64,
    /// The input region afterwards.
    pub input: Vec<u8>,
}

impl TextProgram {
    /// Verifies and compiles `text` as a program of `version`.
    ///
    /// # Errors
    /// What the loader or the verifier refuses.
    pub fn new(text: &[u8], version: SBPFVersion, mapping: InputMapping) -> Result<Self, EbpfError> {
        let config = Config {
            aligned_memory_mapping: mapping == InputMapping::Whole,
            enabled_sbpf_versions: version..=version,
            ..runtime::execution_config()
        };
        let loader = Arc::new(BuiltinProgram::new_loader(config));
        let executable = Executable::from_text_bytes(text, loader, version, FunctionRegistry::default())?;
        // A run may set any register, the frame pointer too.
        Ok(Self { program: Program::new(executable, FramePointer::Arbitrary)? })
    }
}

impl InvokeContext {
    /// Runs `program` with these registers (r0 to r10) and this input region, within the budget that
    /// [`InvokeContext::begin`] set. `input_ends` are the ends of the parts of a split input region, in bytes from its
    /// start; none for a whole one.
    ///
    /// # Errors
    /// What keeps the memory from being mapped.
    pub fn run_text(
        &mut self,
        program: &TextProgram,
        registers: &[u64; 11],
        input: &[u8],
        input_ends: &[usize],
    ) -> Result<TextOutcome, EbpfError> {
        let serial = self.reserve_frame();
        let memory = self.current_frame_memory();
        memory.input.begin(input.len());
        memory.input.put(0, input);
        memory.input.note_put(0..input.len());
        memory.input_ends = input_ends.to_vec();
        let heap_size_bytes = self.budget().heap_size_bytes;
        let tracking = program.program.tracking(self.runtime().execution_mode());
        let opened = self.current_frame_memory().open(program.program.executable(), heap_size_bytes, serial, tracking);
        let outcome = match opened {
            Ok(()) => Ok(self.run_mapped_text(program, registers)),
            Err(crate::VmError::Setup(error) | crate::VmError::Ebpf(error)) => Err(error),
            Err(other) => unreachable!("mapping memory fails in the VM alone: {other}"),
        };
        self.current_frame_memory().input_ends.clear();
        self.close_frame();
        outcome
    }

    fn run_mapped_text(&mut self, program: &TextProgram, registers: &[u64; 11]) -> TextOutcome {
        let executable = program.program.executable();
        let mode = self.runtime().execution_mode();
        let loader = Arc::clone(executable.get_loader());
        let mut vm = EbpfVm::new(loader, executable.get_sbpf_version(), self, STACK_BYTES);
        vm.registers[..registers.len()].copy_from_slice(registers);
        let (units, result) = program.program.run(&mut vm, mode, &mut Vec::new());
        drop(vm);
        let result = match result {
            StableResult::Ok(value) => Ok(value),
            StableResult::Err(error) => Err(error),
        };
        TextOutcome { result, units, input: self.current_frame_memory().input.bytes().to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlockEnvironment, ComputeBudget, ExecutionMode, NoPrograms, Runtime};

    fn machine(mode: ExecutionMode) -> InvokeContext {
        let runtime = Runtime::builder(heddle_types::Gates::mainnet()).execution_mode(mode).build();
        let block = BlockEnvironment::new(Default::default(), Default::default());
        InvokeContext::new(runtime, Arc::new(block), Arc::new(NoPrograms))
    }

    /// `ldxh r0, [r1+0]; exit`.
    const LOAD: [u8; 16] = [0x69, 0x10, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];

    fn load(address: u64, mapping: InputMapping, ends: &[usize]) -> Vec<Option<u64>> {
        let program = TextProgram::new(&LOAD, SBPFVersion::V0, mapping).expect("two valid instructions");
        let mut registers = [0; 11];
        registers[1] = address;
        let run = |mode| {
            let mut machine = machine(mode);
            machine.begin(ComputeBudget { compute_unit_limit: 100, ..ComputeBudget::default() }, false);
            let outcome = machine.run_text(&program, &registers, &[1, 2, 3, 4], ends).expect("it maps");
            assert_eq!(outcome.input, [1, 2, 3, 4]);
            outcome.result.ok()
        };
        vec![run(ExecutionMode::Jit), run(ExecutionMode::Interpreter)]
    }

    #[test]
    fn reads_its_input() {
        assert_eq!(load(0x4_0000_0001, InputMapping::Whole, &[]), [Some(0x302); 2]);
        assert_eq!(load(0x4_0000_0003, InputMapping::Whole, &[]), [None; 2]);
    }

    #[test]
    fn does_not_read_across_parts() {
        assert_eq!(load(0x4_0000_0002, InputMapping::Split, &[2, 4]), [Some(0x403); 2]);
        assert_eq!(load(0x4_0000_0001, InputMapping::Split, &[2, 4]), [None; 2]);
        assert_eq!(load(0x4_0000_0002, InputMapping::Split, &[2]), [None; 2], "beyond the last part");
    }

    #[test]
    fn refuses_what_does_not_verify() {
        let unknown = [0xff, 0, 0, 0, 0, 0, 0, 0];
        assert!(TextProgram::new(&unknown, SBPFVersion::V0, InputMapping::Whole).is_err());
    }
}
