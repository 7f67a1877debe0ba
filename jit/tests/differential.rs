//! Made-up programs do the same compiled and interpreted, whatever their limit of instructions.
//!
//! `HEDDLE_JIT_CASES` asks for another number of programs than the usual, `HEDDLE_JIT_SEED` for others,
//! `HEDDLE_JIT_SHOW` for each to be printed before it runs: what made-up machine code does is not always a panic.

#[path = "common/mod.rs"]
mod common;
#[path = "common/generator.rs"]
mod generator;

use std::{cell::RefCell, collections::BTreeMap};

use heddle_jit::FramePointer;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use solana_sbpf::program::SBPFVersion;

use common::Subject;
use generator::{Sketch, sketch};

/// Programs per test, unless asked otherwise.
const CASES: u32 = 1_000;
/// What stands for a program that does not verify.
const REFUSED: &str = "refused";
/// How programs must have ended, or the generator is too weak.
const ENDS: [&str; 9] = [
    "Ok",
    "AccessViolation",
    "CallDepthExceeded",
    "CallOutsideTextSegment",
    "DivideByZero",
    "ExceededMaxInstructions",
    "ExecutionOverrun",
    "SyscallError",
    "UnsupportedInstruction",
];
/// Every limit of instructions up to here is tried.
const LIMIT_MAX: u64 = 40;

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// How the program ends if it has enough units.
fn check_sketch(sketch: &Sketch, frame_pointer: FramePointer) -> Result<String, String> {
    let text = sketch.text();
    let Some(mut subject) = Subject::new(sketch.layout.clone(), frame_pointer, &text.bytes, &text.functions) else {
        return Ok(REFUSED.into());
    };
    subject.registers = sketch.registers;
    subject.run_at_limits(LIMIT_MAX).map(|outcome| outcome.kind().into())
}

/// Runs made-up programs of `version`.
fn check_programs(version: SBPFVersion, frame_pointer: FramePointer) {
    let cases = number_from_environment("HEDDLE_JIT_CASES").map_or(CASES, |cases| cases as u32);
    let seed = number_from_environment("HEDDLE_JIT_SEED").unwrap_or(0);
    let is_shown = std::env::var_os("HEDDLE_JIT_SHOW").is_some();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seed = [seed, version as u64, frame_pointer as u64, 0].map(u64::to_le_bytes).concat();
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let ends = RefCell::new(BTreeMap::<String, u32>::new());
    let outcome = runner.run(&sketch(version), |sketch| {
        if is_shown {
            eprintln!("{sketch:?}");
        }
        let end = check_sketch(&sketch, frame_pointer).map_err(TestCaseError::fail)?;
        *ends.borrow_mut().entry(end).or_default() += 1;
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let ends = ends.into_inner();
    eprintln!("{version:?}, {frame_pointer:?}: {ends:?}");
    let refused = ends.get(REFUSED).copied().unwrap_or(0);
    assert!(refused * 10 <= cases, "{refused} of {cases} programs do not verify");
    if cases >= CASES {
        for end in ENDS {
            assert!(ends.contains_key(end), "no program of {cases} ends with {end}");
        }
    }
}

#[test]
fn version_0() {
    check_programs(SBPFVersion::V0, FramePointer::Standard);
}

#[test]
fn version_0_with_any_frame_pointer() {
    check_programs(SBPFVersion::V0, FramePointer::Arbitrary);
}

#[test]
fn version_1() {
    check_programs(SBPFVersion::V1, FramePointer::Standard);
}

#[test]
fn version_1_with_any_frame_pointer() {
    check_programs(SBPFVersion::V1, FramePointer::Arbitrary);
}

#[test]
fn version_3() {
    check_programs(SBPFVersion::V3, FramePointer::Standard);
}

#[test]
fn version_3_with_any_frame_pointer() {
    check_programs(SBPFVersion::V3, FramePointer::Arbitrary);
}

#[test]
fn version_4() {
    check_programs(SBPFVersion::V4, FramePointer::Standard);
}
