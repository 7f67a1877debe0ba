//! Runs the cases of [`crate::instr_text`] on the product's VM.
//!
//! The verifier sees the instruction and `exit`, as the cases mean it. A run shows r0 alone, so a case that runs is run
//! once for each register, with a move to r0 before the exit; the units of that move are beyond what a case can see.

use std::{cell::RefCell, path::Path, sync::Arc};

use heddle_types::Gates;
use heddle_vm::{
    BlockEnvironment, ComputeBudget, ExecutionMode, InputMapping, InvokeContext, NoPrograms, Runtime, TextProgram,
    solana_sbpf::program::SBPFVersion,
};

use crate::{
    compare::Mode,
    instr_text::{self, Status, TextCase, TextInput},
    report::{CaseReport, Mismatch, Verdict},
    suite::{Format, SuiteFile},
};

/// Compute units of a case: enough for any instruction that ends, as in Firedancer's runner.
const UNIT_LIMIT: u32 = 100;
const EXIT: [u8; 8] = [0x95, 0, 0, 0, 0, 0, 0, 0];
const LDDW: u8 = 0x18;
/// `mov64 r0, src`.
const MOVE_REGISTER: u8 = 0xbf;

/// Runs `.instr` files.
pub struct VmInstructions {
    mode: Mode,
    /// For files that lie in no folder named after a version.
    version: SBPFVersion,
}

impl VmInstructions {
    /// Runs cases in `mode`; those that no folder (`v0` to `v4`) gives a version as programs of sBPF `version`.
    pub fn new(mode: Mode, version: SBPFVersion) -> Self {
        Self { mode, version }
    }
}

/// The sBPF version of that number.
pub fn version_of(number: u8) -> Option<SBPFVersion> {
    match number {
        0 => Some(SBPFVersion::V0),
        1 => Some(SBPFVersion::V1),
        2 => Some(SBPFVersion::V2),
        3 => Some(SBPFVersion::V3),
        4 => Some(SBPFVersion::V4),
        _ => None,
    }
}

/// The version that the innermost folder of such a name gives.
fn version_of_folder(path: &Path) -> Option<SBPFVersion> {
    let folders = path.parent()?.components().rev();
    folders.filter_map(|folder| folder.as_os_str().to_str()?.strip_prefix('v')?.parse().ok()).find_map(version_of)
}

impl Format for VmInstructions {
    fn foreign(&self, file: &SuiteFile) -> Option<String> {
        (file.extension() != "instr").then(|| "no .instr file".into())
    }

    fn run(&self, file: &SuiteFile) -> Vec<CaseReport> {
        let text = match std::str::from_utf8(&file.bytes) {
            Ok(text) => text,
            Err(error) => return vec![file.case(Verdict::failed("decode", "text", error))],
        };
        let cases = match instr_text::parse(text) {
            Ok(cases) => cases,
            Err(error) => return vec![file.case(Verdict::failed("decode", "cases", error))],
        };
        let path = file.path.canonicalize().unwrap_or_else(|_| file.path.clone());
        let version = version_of_folder(&path).unwrap_or(self.version);
        let name = |case: &TextCase| format!("{}:{}", file.name, case.line);
        let report = |case: &TextCase| CaseReport { name: name(case), verdict: judge(case, version, self.mode) };
        cases.iter().map(report).collect()
    }
}

/// Runs one case in every way of `mode`.
pub fn judge(case: &TextCase, version: SBPFVersion, mode: Mode) -> Verdict {
    let mut found = Vec::new();
    for way in mode.ways() {
        let (status, registers) = run(&case.input, version, *way);
        let field =
            |name: &str| format!("{name} ({})", if *way == ExecutionMode::Jit { "compiled" } else { "interpreted" });
        if status != case.status {
            found.push(Mismatch::new(field("status"), format!("{:?}", case.status), format!("{status:?}")));
        } else if let Some(registers) = registers {
            let pairs = case.registers.iter().zip(registers).enumerate();
            let differing = pairs.filter(|(_, (expected, actual))| *expected != actual);
            found.extend(differing.map(|(index, (expected, actual))| {
                Mismatch::new(field(&format!("r{index}")), format!("{expected:#x}"), format!("{actual:#x}"))
            }));
        }
    }
    Verdict::of(found)
}

/// How the instruction ends, and r0 to r10 if it runs.
fn run(input: &TextInput, version: SBPFVersion, mode: ExecutionMode) -> (Status, Option<[u64; 11]>) {
    let mapping = if input.region_ends.is_empty() { InputMapping::Whole } else { InputMapping::Split };
    if TextProgram::new(&text_of(input, None), version, mapping).is_err() {
        return (Status::Refused, None);
    }
    let mut registers = [0; 11];
    for (index, register) in registers.iter_mut().enumerate() {
        let program = TextProgram::new(&text_of(input, Some(index as u8)), version, mapping);
        let Ok(program) = program else { return (Status::Refused, None) };
        match run_text(&program, input, mode) {
            Some(value) => *register = value,
            None => return (Status::Fault, None),
        }
    }
    (Status::Ok, Some(registers))
}

/// The instruction, a move of `shown` to r0, and the exit.
fn text_of(input: &TextInput, shown: Option<u8>) -> Vec<u8> {
    let mut text = instruction(input.op, input.dst, input.src, input.off, input.imm as u32).to_vec();
    if input.op == LDDW {
        text.extend(instruction(0, 0, 0, 0, (input.imm >> 32) as u32));
    }
    if let Some(register) = shown {
        text.extend(instruction(MOVE_REGISTER, 0, register, 0, 0));
    }
    text.extend(EXIT);
    text
}

fn instruction(op: u8, dst: u8, src: u8, off: u16, imm: u32) -> [u8; 8] {
    let [off_low, off_high] = off.to_le_bytes();
    let [a, b, c, d] = imm.to_le_bytes();
    [op, src << 4 | dst, off_low, off_high, a, b, c, d]
}

thread_local! {
    /// One machine per way and thread.
    static MACHINES: RefCell<Vec<(ExecutionMode, InvokeContext)>> = const { RefCell::new(Vec::new()) };
}

fn run_text(program: &TextProgram, input: &TextInput, mode: ExecutionMode) -> Option<u64> {
    MACHINES.with_borrow_mut(|machines| {
        if !machines.iter().any(|(known, _)| *known == mode) {
            machines.push((mode, machine(mode)));
        }
        let (_, machine) = machines.iter_mut().find(|(known, _)| *known == mode)?;
        machine.begin(ComputeBudget { compute_unit_limit: UNIT_LIMIT, ..ComputeBudget::default() }, false);
        let registers = input.registers.first_chunk()?;
        machine.run_text(program, registers, &input.input, &input.region_ends).ok()?.result.ok()
    })
}

fn machine(mode: ExecutionMode) -> InvokeContext {
    let runtime = Runtime::builder(Gates::mainnet()).execution_mode(mode).build();
    let block = BlockEnvironment::new(Default::default(), Default::default());
    InvokeContext::new(runtime, Arc::new(block), Arc::new(NoPrograms))
}
