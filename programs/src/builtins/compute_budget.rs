//! The compute-budget program: does nothing. Its instructions take effect before execution
//! ([`crate::compute_budget_limits`]).

use heddle_vm::InvokeContext;
use solana_instruction_error::InstructionError;

/// Cost of any instruction.
const COMPUTE_UNITS: u64 = 150;

pub(crate) fn process(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(COMPUTE_UNITS)
}
