//! Loader v3, the upgradeable loader, as a program.
//!
//! DEVIATION: not done yet. Programs it owns run (the VM's part), but each management instruction (buffers, deploy,
//! upgrade, authority, close, extend) is refused with `UnsupportedProgramId` after its price is paid, and logs nothing.

use heddle_vm::InvokeContext;
use solana_instruction_error::InstructionError;

/// Cost of any instruction.
const COMPUTE_UNITS: u64 = 2_370;
/// Tag of the last instruction there is (checked change of authority), in crate `solana-loader-v3-interface` 7.0.
const TAG_MAX: u32 = 7;

pub(crate) fn process(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(COMPUTE_UNITS)?;
    match context.instruction_data().first_chunk() {
        Some(tag) if u32::from_le_bytes(*tag) <= TAG_MAX => Err(InstructionError::UnsupportedProgramId),
        _ => Err(InstructionError::InvalidInstructionData),
    }
}
