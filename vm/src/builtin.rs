//! What native code must implement to be called like a program.

use std::marker::PhantomData;

use solana_instruction_error::InstructionError;
use solana_sbpf::program::BuiltinFunctionDefinition;

use crate::{InvokeContext, VmError};

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

    /// Compute units of a transfer, if this is the system program with its usual rules: a transfer of lamports from an
    /// account of this program without data, which signs, changes two balances, logs nothing, and costs that much. An
    /// engine may then do it itself.
    fn plain_transfer_units(&self) -> Option<u64> {
        None
    }
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

/// A function that sBPF programs can call. Register it with [`crate::RuntimeBuilder::syscall`].
///
/// Guest addresses among the arguments are read through the context ([`InvokeContext::guest`] and its kin), which checks
/// them. A syscall consumes its price before it does anything.
pub trait Syscall: 'static {
    /// The symbol that programs import.
    const NAME: &'static str;

    /// What the call returns in `r0`; `arguments` are `r1` to `r5`.
    ///
    /// # Errors
    /// Whatever ends the calling program.
    fn call(context: &mut InvokeContext, arguments: [u64; 5]) -> Result<u64, VmError>;
}

/// A [`Syscall`] as `solana-sbpf` wants it.
pub(crate) struct Adapter<S>(PhantomData<S>);

impl<S: Syscall> BuiltinFunctionDefinition<InvokeContext> for Adapter<S> {
    type Error = VmError;

    fn rust(context: &mut InvokeContext, a: u64, b: u64, c: u64, d: u64, e: u64) -> Result<u64, VmError> {
        S::call(context, [a, b, c, d, e])
    }
}
