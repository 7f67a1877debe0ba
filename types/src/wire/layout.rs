//! Where the fields of a parsed transaction are, and the rules that both wire formats share.

use super::{
    config::ConfigLayout,
    cursor::Cursor,
    error::{self, WireError, WireErrorReason, WireField},
};
use crate::limits::INSTRUCTION_COUNT_MAX;

/// Which wire format a transaction uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionVersion {
    /// The first format: no version byte.
    Legacy,
    /// Adds address table lookups.
    V0,
    /// SIMD-0385: up to 4096 bytes, resource limits in the message, no lookups.
    V1,
}

/// How many of the static keys sign, and which may be written.
///
/// The keys come in four groups: writable signers (the fee payer first), readonly signers, writable others, readonly
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageHeader {
    /// Keys that sign: the first ones.
    pub required_signatures: u8,
    /// How many of the signers, counted from their end, are readonly.
    pub readonly_signed: u8,
    /// How many of the other static keys, counted from their end, are readonly.
    pub readonly_unsigned: u8,
}

/// Where everything is: offsets in bytes from the start of the transaction.
///
/// Built by the parsers only, and kept beside the bytes they read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) version: TransactionVersion,
    pub(super) header: MessageHeader,
    pub(super) static_key_count: u8,
    /// As many signatures as the header requires.
    pub(super) signatures_offset: u16,
    pub(super) message_offset: u16,
    pub(super) message_end: u16,
    pub(super) static_keys_offset: u16,
    pub(super) blockhash_offset: u16,
    pub(super) instructions: InstructionsLayout,
    pub(super) lookups: LookupsLayout,
    /// v1 only.
    pub(super) config: Option<ConfigLayout>,
}

/// Where the instructions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InstructionsLayout {
    pub(super) count: u8,
    /// The first instruction; in v1 its header.
    pub(super) offset: u16,
    /// v1: the accounts and data of the first instruction. Else as `offset`.
    pub(super) payloads_offset: u16,
}

/// Where the address table lookups are, and what they add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LookupsLayout {
    pub(super) count: u8,
    pub(super) offset: u16,
    pub(super) writable_key_count: u16,
    pub(super) readonly_key_count: u16,
}

impl Layout {
    /// Static and looked-up keys, at most 256.
    pub(super) fn total_key_count(&self) -> u16 {
        u16::from(self.static_key_count) + self.lookups.writable_key_count + self.lookups.readonly_key_count
    }
}

/// Refuses transactions above their format's limit before anything else is read.
pub(super) fn check_size(bytes: &[u8], size_bytes_max: usize) -> Result<(), WireError> {
    if bytes.len() <= size_bytes_max {
        return Ok(());
    }
    let reason = WireErrorReason::TooLarge { size: bytes.len() as u64, max: size_bytes_max as u32 };
    Err(error::refuse(WireField::Transaction, size_bytes_max, reason))
}

/// Reads the three header bytes: somebody signs, and the fee payer is writable.
#[inline(always)]
pub(super) fn read_header(cursor: &mut Cursor<'_>) -> Result<MessageHeader, WireError> {
    let offset = cursor.offset();
    let required_signatures = cursor.take_u8(WireField::RequiredSignatures)?;
    let readonly_signed = cursor.take_u8(WireField::ReadonlySigned)?;
    let readonly_unsigned = cursor.take_u8(WireField::ReadonlyUnsigned)?;
    if required_signatures == 0 {
        return Err(error::refuse(WireField::RequiredSignatures, offset, WireErrorReason::Zero));
    }
    if readonly_signed >= required_signatures {
        let reason = WireErrorReason::ReadonlyFeePayer { readonly: readonly_signed, required: required_signatures };
        return Err(error::refuse(WireField::ReadonlySigned, offset + 1, reason));
    }
    Ok(MessageHeader { required_signatures, readonly_signed, readonly_unsigned })
}

/// Refuses a header that describes more keys than there are, by which its groups would overlap.
#[inline(always)]
pub(super) fn check_key_count(header: MessageHeader, count: u16, offset: usize) -> Result<(), WireError> {
    let described = u16::from(header.required_signatures) + u16::from(header.readonly_unsigned);
    if described <= count {
        return Ok(());
    }
    Err(error::refuse(WireField::StaticKeyCount, offset, WireErrorReason::TooFewKeys { described, count }))
}

/// SIMD-0160.
#[inline(always)]
pub(super) fn check_instruction_count(count: u16, offset: usize) -> Result<(), WireError> {
    check_count(count, INSTRUCTION_COUNT_MAX, WireField::InstructionCount, offset)
}

/// Refuses a count beyond `max`.
#[inline(always)]
pub(super) fn check_count(count: u16, max: usize, field: WireField, offset: usize) -> Result<(), WireError> {
    if usize::from(count) <= max {
        return Ok(());
    }
    Err(error::refuse(field, offset, WireErrorReason::TooMany { count: u32::from(count), max: max as u32 }))
}

/// A program is a static key and not the fee payer.
#[inline(always)]
pub(super) fn check_program_index(index: u8, static_key_count: u8, offset: usize) -> Result<(), WireError> {
    if index != 0 && index < static_key_count {
        return Ok(());
    }
    let reason = match index {
        0 => WireErrorReason::FeePayerInvoked,
        _ => WireErrorReason::IndexOutOfRange { index, count: u16::from(static_key_count) },
    };
    Err(error::refuse(WireField::ProgramIndex, offset, reason))
}

/// Refuses the first of `indices` that names none of `key_count` keys; they begin at `offset`.
#[inline]
pub(super) fn check_account_indices(indices: &[u8], key_count: u16, offset: usize) -> Result<(), WireError> {
    let Some(position) = indices.iter().position(|&index| u16::from(index) >= key_count) else { return Ok(()) };
    let reason = WireErrorReason::IndexOutOfRange { index: indices[position], count: key_count };
    Err(error::refuse(WireField::AccountIndices, offset + position, reason))
}
