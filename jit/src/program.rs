//! A compiled program, and the way into it.

use solana_sbpf::{elf::Executable, error::ProgramResult, vm::ContextObject, vm::EbpfVm};

#[cfg(target_arch = "x86_64")]
use crate::x64;

/// Why a program is not compiled here.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The program's version, or a setting of its loader.
    #[error("not compiled: {0}")]
    Unsupported(&'static str),
    /// A jump that leaves the text: the program was not verified.
    #[error("not compiled: the text was not verified")]
    MalformedText,
    /// No executable memory.
    #[error("no executable memory: {0}")]
    Memory(std::io::Error),
    /// The assembler refused what it was given.
    #[error("assembling failed: {0}")]
    Assembly(String),
}

/// What is known of the frame pointer (r10) when the program begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramePointer {
    /// It is what [`EbpfVm::new`] sets.
    Standard,
    /// Anything: every access of the stack is checked.
    Arbitrary,
}

/// What a program has written, or may have.
pub struct Written<'a> {
    /// A mark for each [`WRITTEN_CHUNK_BYTES`](crate::WRITTEN_CHUNK_BYTES) of the input region, which becomes
    /// [`WRITTEN_BY_PROGRAM`](crate::WRITTEN_BY_PROGRAM) where a store begins.
    pub input: &'a mut [u8],
    /// As `input`, for the heap.
    pub heap: &'a mut [u8],
    /// Bytes from the start of the stack; whole frames. At first the frame that the program begins in, or all of a stack
    /// that programs use from its end.
    pub stack_bytes: usize,
    /// Of those, the first that were not written after all.
    pub stack_untouched: usize,
}

/// Machine code of one program.
pub struct CompiledProgram<C: ContextObject> {
    #[cfg(target_arch = "x86_64")]
    code: x64::Code<C>,
    #[cfg(not(target_arch = "x86_64"))]
    never: (std::convert::Infallible, std::marker::PhantomData<fn(C)>),
}

impl<C: ContextObject> CompiledProgram<C> {
    /// Compiles `executable`, which must be verified.
    ///
    /// # Errors
    /// A program, configuration or processor that is not supported; no executable memory.
    pub fn compile(executable: &Executable<C>, frame_pointer: FramePointer) -> Result<Self, CompileError> {
        #[cfg(target_arch = "x86_64")]
        return Ok(Self { code: x64::compile(executable, frame_pointer)? });
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = (executable, frame_pointer);
            Err(CompileError::Unsupported("this processor"))
        }
    }

    /// Runs the program on `vm`, whose registers 1 to 10 the caller has set; returns instructions and units consumed and
    /// the result, as [`EbpfVm::execute_program`] does.
    ///
    /// What system calls write is not noted in `written`. They must not map less, or elsewhere, than when the run began.
    ///
    /// # Panics
    /// If `executable` is not what was compiled, `written` has too few marks for what is mapped, the frame pointer is not as
    /// promised, or, in versions with fixed frames, the stack is not mapped as the program's version has it: writable, and
    /// with all frames.
    pub fn run(
        &self,
        vm: &mut EbpfVm<'_, C>,
        executable: &Executable<C>,
        written: &mut Written<'_>,
    ) -> (u64, ProgramResult) {
        #[cfg(target_arch = "x86_64")]
        return self.code.run(vm, executable, written);
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = (vm, executable, written);
            match self.never.0 {}
        }
    }

    /// The machine code, to be looked at.
    pub fn machine_code(&self) -> &[u8] {
        #[cfg(target_arch = "x86_64")]
        return self.code.bytes();
        #[cfg(not(target_arch = "x86_64"))]
        match self.never.0 {}
    }
}
