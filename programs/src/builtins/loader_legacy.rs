//! Loaders v1 and v2 as programs. Programs they own still run (that is the VM's part), but managing them has been
//! switched off: every instruction to the loaders themselves fails.

use heddle_vm::{InvokeContext, log_line};
use solana_instruction_error::InstructionError;

/// Cost of an instruction to loader v1.
const V1_COMPUTE_UNITS: u64 = 1_140;
/// Cost of an instruction to loader v2.
const V2_COMPUTE_UNITS: u64 = 570;

pub(crate) fn process_v1(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(V1_COMPUTE_UNITS)?;
    log_line!(context, "Deprecated loader is no longer supported");
    Err(InstructionError::UnsupportedProgramId)
}

pub(crate) fn process_v2(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(V2_COMPUTE_UNITS)?;
    log_line!(context, "BPF loader management instructions are no longer supported");
    Err(InstructionError::UnsupportedProgramId)
}
