//! What is not compiled, and what a run refuses of its caller.

mod common;

use heddle_jit::{CompileError, CompiledProgram, FramePointer};
use solana_sbpf::{ebpf, program::SBPFVersion};

use common::{FRAME_BYTES, Layout, Subject, instructions::encode, key_of, verified};

fn exit() -> [u8; 8] {
    encode(ebpf::EXIT, 0, 0, 0, 0)
}

#[test]
fn version_2_is_refused() {
    let executable = verified(&Layout::new(SBPFVersion::V2), &exit(), &[]).expect("it verifies");
    let refusal = CompiledProgram::compile(&executable, FramePointer::Standard).err();
    assert!(matches!(refusal, Some(CompileError::Unsupported(_))), "{refusal:?}");
}

/// The interpreter makes the system call, then the call of the function.
#[test]
fn a_call_of_both_a_system_call_and_a_function_is_refused() {
    let text = [encode(ebpf::CALL_IMM, 0, 0, 0, key_of("log") as i32), exit()].concat();
    let executable = verified(&Layout::new(SBPFVersion::V0), &text, &[(key_of("log"), 1)]).expect("it verifies");
    let refusal = CompiledProgram::compile(&executable, FramePointer::Standard).err();
    assert!(matches!(refusal, Some(CompileError::Unsupported(_))), "{refusal:?}");
}

/// Slots of a frame are accessed without a question to the mapping, so that one without all frames would be left.
#[test]
#[should_panic(expected = "the stack has")]
fn a_stack_without_all_frames_is_refused() {
    let layout = Layout { stack_bytes: 3 * FRAME_BYTES, ..Layout::new(SBPFVersion::V3) };
    let subject = Subject::new(layout, FramePointer::Standard, &exit(), &[]).expect("it verifies");
    let _ = subject.run(100);
}

#[test]
fn a_stack_that_the_program_moves_on_may_have_any_size() {
    let layout = Layout { stack_bytes: 100, ..Layout::new(SBPFVersion::V1) };
    let text = [
        encode(ebpf::ST_DW_IMM, 10, 0, -8, 5),
        encode(ebpf::LD_DW_REG, 0, 10, -8, 0),
        encode(ebpf::ADD64_IMM, 10, 0, 0, 64),
        encode(ebpf::ST_DW_IMM, 10, 0, -8, 5),
        exit(),
    ];
    let subject = Subject::new(layout, FramePointer::Standard, &text.concat(), &[]).expect("it verifies");
    let outcome = subject.run_at_limits(8).expect("both ways agree");
    assert!(outcome.result.contains("AccessViolation(Store, 8589934748, 8"), "{outcome:?}");
}
