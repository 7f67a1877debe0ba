//! What native code must implement to be called like a program.

use solana_instruction_error::InstructionError;

use crate::InvokeContext;

/// A program that runs natively. Register it with [`crate::RuntimeBuilder::builtin`].
///
/// A builtin reads its instruction from the context, changes accounts through [`InvokeContext::account`] and must
/// consume at least one compute unit, or the instruction fails.
pub trait Builtin: Send + Sync {
    /// Processes the current instruction.
    ///
    /// # Errors
    /// Any instruction error; it fails the transaction, whose account changes are then dropped.
    fn process(&self, context: &mut InvokeContext) -> Result<(), InstructionError>;
}

impl<F> Builtin for F
where
    F: Fn(&mut InvokeContext) -> Result<(), InstructionError> + Send + Sync,
{
    fn process(&self, context: &mut InvokeContext) -> Result<(), InstructionError> {
        self(context)
    }
}

/// A program that only looks at instruction data, as the signature checkers do. It costs no compute units, writes no
/// log line and cannot be invoked by CPI.
pub trait Precompile: Send + Sync {
    /// Checks `data`; `instruction_data` holds the data of every instruction of the transaction.
    ///
    /// # Errors
    /// The instruction error that fails the transaction.
    fn verify(&self, data: &[u8], instruction_data: &[&[u8]]) -> Result<(), InstructionError>;
}
