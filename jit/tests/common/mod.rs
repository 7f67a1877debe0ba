//! Runs a program interpreted and compiled, each on a memory of its own that begins alike, and compares all that can be
//! told of the two runs. Knows nothing of how programs are made up.

#![allow(dead_code, reason = "each test file uses a part")]

pub mod instructions;
pub mod memory;
pub mod system_calls;

use std::{error::Error, fmt::Write, ptr::NonNull, sync::Arc};

use heddle_jit::{CompiledProgram, FramePointer, Written};
use solana_sbpf::{
    assembler,
    ebpf::{FRAME_PTR_REG, MM_INPUT_START, hash_symbol_name},
    elf::Executable,
    error::ProgramResult,
    memory_region::MemoryMapping,
    program::{BuiltinProgram, FunctionRegistry, SBPFVersion},
    verifier::RequisiteVerifier,
    vm::{CallFrame, Config, ContextObject, EbpfVm, ExecutionMode},
};

use memory::{Input, Memory};

/// Name of the function that a program begins in.
pub const ENTRYPOINT: &str = "entrypoint";
/// Bytes of a frame of the stack.
pub const FRAME_BYTES: usize = 4096;

/// What a program runs in.
#[derive(Clone, Debug)]
pub struct Layout {
    pub version: SBPFVersion,
    pub call_depth_max: usize,
    pub heap_bytes: usize,
    pub input_bytes: usize,
    pub input: Input,
    /// Bytes of the stack that are mapped.
    pub stack_bytes: usize,
    /// Whether the mapping finds regions by the upper half of an address.
    pub is_aligned: bool,
}

impl Layout {
    /// A small memory: a run is to take a microsecond or two.
    pub fn new(version: SBPFVersion) -> Self {
        Self {
            version,
            call_depth_max: 4,
            stack_bytes: 4 * FRAME_BYTES,
            heap_bytes: 1_000,
            input_bytes: 1_500,
            input: Input::Whole,
            is_aligned: true,
        }
    }

    /// As many frames, all of them mapped.
    pub fn with_frames(self, call_depth_max: usize) -> Self {
        Self { call_depth_max, stack_bytes: call_depth_max * FRAME_BYTES, ..self }
    }

    pub fn config(&self) -> Config {
        Config {
            max_call_depth: self.call_depth_max,
            aligned_memory_mapping: self.is_aligned,
            enabled_sbpf_versions: self.version..=self.version,
            ..Config::default()
        }
    }

    fn loader(&self) -> Arc<BuiltinProgram<Context>> {
        let mut loader = BuiltinProgram::new_loader(self.config());
        system_calls::register(&mut loader);
        Arc::new(loader)
    }

    /// Whether there is room between the frames of the stack.
    pub fn has_stack_gaps(&self) -> bool {
        self.version.stack_frame_gaps()
    }
}

/// The units of a run, its memory mapping, and what its system calls did.
pub struct Context {
    remaining: u64,
    mapping: MemoryMapping,
    log: Vec<[u64; 5]>,
    /// Guest addresses of bytes that system calls wrote.
    host_writes: Vec<u64>,
}

impl ContextObject for Context {
    fn consume(&mut self, amount: u64) {
        self.remaining = self.remaining.saturating_sub(amount);
    }

    fn get_remaining(&self) -> u64 {
        self.remaining
    }

    fn active_mapping_ptr(&mut self) -> NonNull<MemoryMapping> {
        NonNull::from_mut(&mut self.mapping)
    }
}

/// A program to run both ways.
pub struct Subject {
    layout: Layout,
    executable: Executable<Context>,
    compiled: CompiledProgram<Context>,
    frame_pointer: FramePointer,
    /// What every run begins with.
    memory: Memory,
    /// r0 to r10 at the beginning; r10 only counts for an arbitrary frame pointer.
    pub registers: [u64; 11],
}

/// All that can be told of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The result with all its fields, as text: errors of system calls do not compare.
    pub result: String,
    pub consumed: u64,
    pub remaining: u64,
    log: Vec<[u64; 5]>,
}

impl Outcome {
    /// Of the result: its kind, without what is in it.
    pub fn kind(&self) -> &str {
        let text = self.result.strip_prefix("Err(").unwrap_or(&self.result);
        text.split(['(', ')']).next().unwrap_or(text)
    }
}

impl Subject {
    /// Verifies and compiles instructions; `None` if they do not verify. `functions` are keys and instructions of what
    /// `call` finds by a key; the one of the key of [`ENTRYPOINT`] is where the program begins.
    ///
    /// # Panics
    /// If what verifies does not compile.
    pub fn new(layout: Layout, frame_pointer: FramePointer, text: &[u8], functions: &[(u32, usize)]) -> Option<Self> {
        let executable = verified(&layout, text, functions)?;
        Some(Self::compiled(layout, frame_pointer, executable))
    }

    /// As [`Self::new`], of text as `solana-sbpf`'s assembler takes it.
    ///
    /// # Panics
    /// If it does not assemble, verify and compile.
    pub fn assembled(layout: Layout, frame_pointer: FramePointer, source: &str) -> Self {
        let executable = assembler::assemble(source, layout.loader()).expect("text that assembles");
        executable.verify::<RequisiteVerifier>().expect("text that verifies");
        Self::compiled(layout, frame_pointer, executable)
    }

    fn compiled(layout: Layout, frame_pointer: FramePointer, executable: Executable<Context>) -> Self {
        let compiled = CompiledProgram::compile(&executable, frame_pointer).expect("what verifies compiles");
        let mut registers = [0; 11];
        registers[1] = MM_INPUT_START;
        let memory = Memory::new(&layout);
        Self { layout, executable, compiled, frame_pointer, memory, registers }
    }

    /// Runs both ways with `limit` units.
    ///
    /// # Errors
    /// How the runs differ, or what the compiled one did not note.
    pub fn run(&self, limit: u64) -> Result<Outcome, String> {
        let (mut interpreted_memory, mut compiled_memory) = (self.memory.clone(), self.memory.clone());
        let (expected, _) = self.run_interpreted(&mut interpreted_memory, limit);
        let (actual, host_writes, written) = self.run_compiled(&mut compiled_memory, limit);
        let mut differences = String::new();
        if actual != expected {
            let _ = write!(differences, "compiled {actual:?}, interpreted {expected:?}; ");
        }
        differences += &compiled_memory.differences(&interpreted_memory);
        differences += &compiled_memory.unnoted(&self.memory, &self.layout, &host_writes, &written);
        if differences.is_empty() { Ok(expected) } else { Err(format!("with {limit} units: {differences}")) }
    }

    /// Runs both ways with each limit up to `limit_max`, and with some that suffice for more.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_at_limits(&self, limit_max: u64) -> Result<Outcome, String> {
        for limit in (0..=limit_max).chain([3 * limit_max, 10 * limit_max]) {
            self.run(limit)?;
        }
        self.run(1_000)
    }

    fn run_interpreted(&self, memory: &mut Memory, limit: u64) -> (Outcome, Vec<u64>) {
        self.run_with(memory, limit, |vm, executable| {
            let mut frames = vec![CallFrame::default(); self.layout.call_depth_max];
            vm.execute_program(executable, &mut ExecutionMode::Interpreted, &mut frames)
        })
    }

    fn run_compiled(&self, memory: &mut Memory, limit: u64) -> (Outcome, Vec<u64>, WrittenMarks) {
        let mut marks = WrittenMarks::new(&self.layout);
        let (outcome, host_writes) = self.run_with(memory, limit, |vm, executable| {
            let mut written = Written {
                input: &mut marks.input,
                heap: &mut marks.heap,
                stack_bytes: marks.stack_bytes,
                stack_untouched: 0,
            };
            let outcome = self.compiled.run(vm, executable, &mut written);
            (marks.stack_bytes, marks.stack_untouched) = (written.stack_bytes, written.stack_untouched);
            outcome
        });
        (outcome, host_writes, marks)
    }

    fn run_with(
        &self,
        memory: &mut Memory,
        limit: u64,
        run: impl FnOnce(&mut EbpfVm<'_, Context>, &Executable<Context>) -> (u64, ProgramResult),
    ) -> (Outcome, Vec<u64>) {
        let mapping = memory.map(&self.layout, &self.executable);
        let mut context = Context { remaining: limit, mapping, log: Vec::new(), host_writes: Vec::new() };
        let loader = Arc::clone(self.executable.get_loader());
        let mut vm = EbpfVm::new(loader, self.layout.version, &mut context, memory.stack_bytes());
        vm.registers[..FRAME_PTR_REG].copy_from_slice(&self.registers[..FRAME_PTR_REG]);
        if self.frame_pointer == FramePointer::Arbitrary {
            vm.registers[FRAME_PTR_REG] = self.registers[FRAME_PTR_REG];
        }
        let (consumed, result) = run(&mut vm, &self.executable);
        drop(vm);
        let outcome =
            Outcome { result: format!("{result:?}"), consumed, remaining: context.remaining, log: context.log };
        (outcome, context.host_writes)
    }
}

/// An executable of these instructions and functions, if they verify.
pub fn verified(layout: &Layout, text: &[u8], functions: &[(u32, usize)]) -> Option<Executable<Context>> {
    let mut registry = FunctionRegistry::default();
    for (key, target) in functions {
        let name = if *key == key_of(ENTRYPOINT) { ENTRYPOINT } else { "" };
        registry.register_function(*key, name, *target).ok()?;
    }
    let executable = Executable::from_text_bytes(text, layout.loader(), layout.version, registry).ok()?;
    executable.verify::<RequisiteVerifier>().ok()?;
    Some(executable)
}

/// What a compiled run noted, owned.
pub struct WrittenMarks {
    pub input: Vec<u8>,
    pub heap: Vec<u8>,
    pub stack_bytes: usize,
    pub stack_untouched: usize,
}

impl WrittenMarks {
    fn new(layout: &Layout) -> Self {
        let marks = |size_bytes: usize| vec![0; size_bytes.div_ceil(heddle_jit::WRITTEN_CHUNK_BYTES)];
        let frames = if layout.version.manual_stack_frame_bump() { layout.call_depth_max } else { 1 };
        Self {
            input: marks(layout.input_bytes),
            heap: marks(layout.heap_bytes),
            stack_bytes: frames * FRAME_BYTES,
            stack_untouched: 0,
        }
    }
}

/// Key by which `call` finds a system call.
pub fn key_of(name: &str) -> u32 {
    hash_symbol_name(name.as_bytes())
}

/// An error of a system call.
type SystemCallError = Box<dyn Error>;

/// Assembles `source`, runs it at all limits up to 40 and at some more, and checks the result with enough units.
///
/// # Panics
/// If the two ways differ, or the result is another.
pub fn check(layout: Layout, source: &str, expected: &str) {
    for frame_pointer in [FramePointer::Standard, FramePointer::Arbitrary] {
        let mut subject = Subject::assembled(layout.clone(), frame_pointer, source);
        let frames = if layout.version.manual_stack_frame_bump() { layout.call_depth_max } else { 1 };
        subject.registers[FRAME_PTR_REG] = solana_sbpf::ebpf::MM_STACK_START + (frames * FRAME_BYTES) as u64;
        let outcome = subject.run_at_limits(40).unwrap_or_else(|differences| panic!("{source}\n{differences}"));
        assert!(outcome.result.contains(expected), "{source}\n{outcome:?}, expected {expected}");
    }
}
