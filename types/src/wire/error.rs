//! Why bytes are no transaction: which field, at which byte, and what is wrong with it.

use thiserror::Error;

use super::VERSION_BIT;

/// A refused transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field} at byte {offset}: {reason}")]
pub struct WireError {
    /// The field that breaks a rule.
    pub field: WireField,
    /// Where the field, or the offending element of it, begins: bytes from the start of the transaction.
    pub offset: usize,
    /// The rule and the values that break it.
    pub reason: WireErrorReason,
}

/// A field of the wire formats. Displays in lowercase words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum WireField {
    /// The transaction as a whole.
    #[error("transaction")]
    Transaction,
    /// Version byte of the transaction (v1) or of the message (v0).
    #[error("version")]
    Version,
    /// Number of signatures (legacy, v0).
    #[error("signature count")]
    SignatureCount,
    /// The signatures.
    #[error("signatures")]
    Signatures,
    /// First byte of the message header.
    #[error("required signatures")]
    RequiredSignatures,
    /// Second byte of the message header.
    #[error("readonly signed")]
    ReadonlySigned,
    /// Third byte of the message header.
    #[error("readonly unsigned")]
    ReadonlyUnsigned,
    /// Which config values follow (v1).
    #[error("config mask")]
    ConfigMask,
    /// The config values (v1).
    #[error("config values")]
    ConfigValues,
    /// The config value that asks for a heap size (v1).
    #[error("heap size")]
    HeapSize,
    /// Number of static keys.
    #[error("static key count")]
    StaticKeyCount,
    /// The static keys.
    #[error("static keys")]
    StaticKeys,
    /// The recent blockhash (or durable nonce).
    #[error("recent blockhash")]
    RecentBlockhash,
    /// Number of top-level instructions.
    #[error("instruction count")]
    InstructionCount,
    /// The fixed-size part of all instructions (v1).
    #[error("instruction headers")]
    InstructionHeaders,
    /// Index of an instruction's program.
    #[error("program index")]
    ProgramIndex,
    /// Number of an instruction's accounts.
    #[error("instruction account count")]
    AccountCount,
    /// An instruction's accounts.
    #[error("instruction account indices")]
    AccountIndices,
    /// Length of an instruction's data (legacy, v0).
    #[error("instruction data size")]
    DataSize,
    /// An instruction's data.
    #[error("instruction data")]
    Data,
    /// Number of lookups (v0).
    #[error("lookup count")]
    LookupCount,
    /// Key of a lookup's table (v0).
    #[error("lookup table")]
    LookupTable,
    /// Number of keys a lookup loads writable (v0).
    #[error("lookup writable count")]
    LookupWritableCount,
    /// Which keys a lookup loads writable (v0).
    #[error("lookup writable indices")]
    LookupWritableIndices,
    /// Number of keys a lookup loads readonly (v0).
    #[error("lookup readonly count")]
    LookupReadonlyCount,
    /// Which keys a lookup loads readonly (v0).
    #[error("lookup readonly indices")]
    LookupReadonlyIndices,
}

/// The rule a field breaks, with the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WireErrorReason {
    /// The bytes end within the field.
    #[error("needs {needed} bytes, {available} are left")]
    Truncated {
        /// Bytes the field takes.
        needed: u32,
        /// Bytes left from where it begins.
        available: u32,
    },
    /// Bytes follow the last field.
    #[error("{count} bytes after the last field")]
    TrailingBytes {
        /// How many.
        count: u32,
    },
    /// Longer than its version may be.
    #[error("{size} bytes, at most {max} allowed")]
    TooLarge {
        /// Size in bytes.
        size: u64,
        /// Limit in bytes.
        max: u32,
    },
    /// A version that is unknown, or known but not allowed in this place.
    #[error("version {version} is not supported here")]
    UnknownVersion {
        /// The version without the version bit.
        version: u8,
    },
    /// A compact-u16 in more bytes than its value needs.
    #[error("compact-u16 is not minimal")]
    NotMinimal,
    /// A compact-u16 beyond 65535.
    #[error("compact-u16 overflows 16 bits")]
    Overflow,
    /// Must not be zero.
    #[error("must be at least 1")]
    Zero,
    /// A count beyond its limit.
    #[error("{count}, at most {max} allowed")]
    TooMany {
        /// The count.
        count: u32,
        /// Its limit.
        max: u32,
    },
    /// Static and looked-up keys beyond what a byte can index.
    #[error("brings the keys to {count}, at most {max} allowed")]
    TooManyKeys {
        /// Keys with those of this lookup.
        count: u16,
        /// Limit of keys.
        max: u16,
    },
    /// Signature count and header disagree.
    #[error("{count} signatures, the header requires {required}")]
    SignatureCountMismatch {
        /// Signatures present.
        count: u16,
        /// Signatures required.
        required: u8,
    },
    /// All signers are readonly, but the fee payer must be writable.
    #[error("{readonly} of {required} signers are readonly, the fee payer must be writable")]
    ReadonlyFeePayer {
        /// Readonly signers.
        readonly: u8,
        /// All signers.
        required: u8,
    },
    /// The header describes more keys than there are.
    #[error("header describes {described} keys, there are {count}")]
    TooFewKeys {
        /// Signers plus readonly unsigned keys.
        described: u16,
        /// Static keys.
        count: u16,
    },
    /// The same static key twice.
    #[error("static key {index} repeats key {first}")]
    DuplicateKey {
        /// Index of the first occurrence.
        first: u8,
        /// Index of the repetition.
        index: u8,
    },
    /// The fee payer as a program.
    #[error("the fee payer cannot be invoked")]
    FeePayerInvoked,
    /// An index beyond the keys it may name.
    #[error("index {index} is out of range for {count} keys")]
    IndexOutOfRange {
        /// The index.
        index: u8,
        /// Keys it may name: all for an account, the static ones for a program.
        count: u16,
    },
    /// A lookup that loads nothing.
    #[error("lookup loads no key")]
    EmptyLookup,
    /// Config bits without a meaning.
    #[error("mask {mask:#x} has unknown bits")]
    UnknownConfigBits {
        /// The whole mask.
        mask: u32,
    },
    /// The two bits of the priority fee differ.
    #[error("mask {mask:#x} has one of the two priority fee bits")]
    HalfPriorityFee {
        /// The whole mask.
        mask: u32,
    },
    /// A heap size that is no multiple of 1024 within its bounds.
    #[error("{size} bytes is no multiple of 1024 from {min} to {max}")]
    InvalidHeapSize {
        /// Size asked for, in bytes.
        size: u32,
        /// Smallest size allowed, in bytes.
        min: u32,
        /// Largest size allowed, in bytes.
        max: u32,
    },
}

/// Errors are rare: kept out of line so that the parser's hot path stays small.
#[cold]
#[inline(never)]
pub(super) fn refuse(field: WireField, offset: usize, reason: WireErrorReason) -> WireError {
    WireError { field, offset, reason }
}

/// The bytes end within a field.
#[cold]
#[inline(never)]
pub(super) fn truncated(field: WireField, offset: usize, needed: usize, available: usize) -> WireError {
    // Both fit: a field needs at most 65535 × 64 bytes, and `available` is less.
    refuse(field, offset, WireErrorReason::Truncated { needed: needed as u32, available: available as u32 })
}

/// A version byte whose version has no place at `offset`.
#[cold]
#[inline(never)]
pub(super) fn unknown_version(byte: u8, offset: usize) -> WireError {
    refuse(WireField::Version, offset, WireErrorReason::UnknownVersion { version: byte & !VERSION_BIT })
}
