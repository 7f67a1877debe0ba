//! Errors of syscalls and CPI that are not instruction errors: they end the program as "failed to complete", and their
//! text appears in the log. The wording is Solana's, because clients match on it.

use solana_pubkey::{Pubkey, PubkeyError};

/// What a syscall can refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyscallError {
    /// A guest string is not UTF-8.
    #[error("{0}: {1:?}")]
    InvalidString(std::str::Utf8Error, Vec<u8>),
    /// `abort` was called.
    #[error("SBF program panicked")]
    Abort,
    /// `sol_panic_` was called.
    #[error("SBF program Panicked in {0} at {1}:{2}")]
    Panic(String, u64, u64),
    /// An address could not be derived.
    #[error("Could not create program address with signer seeds: {0}")]
    BadSeeds(PubkeyError),
    /// A pointer is not aligned for its type.
    #[error("Unaligned pointer")]
    UnalignedPointer,
    /// More slices than one hash takes.
    #[error("Hashing too many sequences")]
    TooManySlices,
    /// A length does not fit.
    #[error("InvalidLength")]
    InvalidLength,
    /// Return data over its limit.
    #[error("Return data too large ({0} > {1})")]
    ReturnDataTooLarge(u64, u64),
    /// Source and destination overlap where they must not.
    #[error("Overlapping copy")]
    CopyOverlapping,
    /// An attribute (curve id, operation) is unknown.
    #[error("InvalidAttribute")]
    InvalidAttribute,
    /// Poseidon parameters other than those of BN254.
    #[error("Invalid parameters.")]
    InvalidPoseidonParameters,
    /// A byte order that Poseidon does not know.
    #[error("Invalid endianness.")]
    InvalidPoseidonEndianness,
    /// Arithmetic left the range.
    #[error("Arithmetic overflow")]
    ArithmeticOverflow,
    /// A pointer lies where it may not.
    #[error("Invalid pointer")]
    InvalidPointer,
}

/// What a cross-program invocation can refuse before the callee runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CpiError {
    /// A pointer inside an account info does not point where the runtime put the field.
    #[error("Invalid pointer")]
    InvalidPointer,
    /// More signers than a CPI takes.
    #[error("Too many signers")]
    TooManySigners,
    /// Signer seeds that give no address.
    #[error("Could not create program address with signer seeds: {0}")]
    BadSeeds(PubkeyError),
    /// A length does not fit.
    #[error("InvalidLength")]
    InvalidLength,
    /// Too many accounts.
    #[error("Invoked an instruction with too many accounts ({count} > {max})")]
    TooManyAccounts {
        /// Given.
        count: u64,
        /// Allowed.
        max: u64,
    },
    /// Too much data.
    #[error("Invoked an instruction with data that is too large ({size} > {max})")]
    DataTooLarge {
        /// Given, in bytes.
        size: u64,
        /// Allowed, in bytes.
        max: u64,
    },
    /// Too many account infos.
    #[error("Invoked an instruction with too many account info's ({count} > {max})")]
    TooManyAccountInfos {
        /// Given.
        count: u64,
        /// Allowed.
        max: u64,
    },
    /// The callee cannot be invoked from a program.
    #[error("Program {0} not supported by inner instructions")]
    ProgramNotSupported(Pubkey),
}
