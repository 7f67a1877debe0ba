//! Parses legacy and v0 transactions.

use super::{
    HASH_SIZE_BYTES, KEY_SIZE_BYTES, SIGNATURE_SIZE_BYTES, VERSION_BIT,
    cursor::Cursor,
    error::{self, WireError, WireErrorReason, WireField},
    instructions::InstructionView,
    layout::{self, InstructionsLayout, Layout, LookupsLayout, MessageHeader, TransactionVersion},
    lookups::LookupView,
    static_keys,
};
use crate::limits::{INSTRUCTION_ACCOUNT_COUNT_MAX, TRANSACTION_ACCOUNT_COUNT_MAX, TRANSACTION_SIZE_BYTES_MAX};

/// Parses a transaction whose first byte carries no version.
pub(super) fn parse(bytes: &[u8]) -> Result<Layout, WireError> {
    layout::check_size(bytes, TRANSACTION_SIZE_BYTES_MAX)?;
    let mut cursor = Cursor::new(bytes, 0);
    let signature_count = cursor.take_compact_u16(WireField::SignatureCount)?;
    let signatures_offset = cursor.offset_u16();
    cursor.take(usize::from(signature_count) * SIGNATURE_SIZE_BYTES, WireField::Signatures)?;

    let message_offset = cursor.offset_u16();
    let version = read_version(&mut cursor)?;
    let header = layout::read_header(&mut cursor)?;
    check_signature_count(signature_count, header)?;

    let static_key_count = read_static_key_count(&mut cursor, header)?;
    let static_keys_offset = cursor.offset_u16();
    let keys = cursor.take(usize::from(static_key_count) * KEY_SIZE_BYTES, WireField::StaticKeys)?;
    static_keys::check_unique(bytemuck::cast_slice(keys), usize::from(static_keys_offset))?;
    // 1232 bytes hold no more than 38 keys.
    let static_key_count = static_key_count as u8;
    let blockhash_offset = cursor.offset_u16();
    cursor.take_array::<HASH_SIZE_BYTES>(WireField::RecentBlockhash)?;

    let (instructions, account_index_max) = scan_instructions(&mut cursor, static_key_count)?;
    let lookups = match version {
        TransactionVersion::V0 => scan_lookups(&mut cursor, static_key_count)?,
        _ => LookupsLayout::default(),
    };
    cursor.finish()?;

    let layout = Layout {
        version,
        header,
        static_key_count,
        signatures_offset,
        message_offset,
        message_end: cursor.offset_u16(),
        static_keys_offset,
        blockhash_offset,
        instructions,
        lookups,
        config: None,
    };
    if account_index_max.is_some_and(|index| u16::from(index) >= layout.total_key_count()) {
        check_account_indices(bytes, &layout)?;
    }
    Ok(layout)
}

/// A legacy message has no version byte: its first byte is the header's, whose high bit is never set.
#[inline(always)]
fn read_version(cursor: &mut Cursor<'_>) -> Result<TransactionVersion, WireError> {
    let mut ahead = *cursor;
    let first = ahead.take_u8(WireField::RequiredSignatures)?;
    match first {
        _ if first & VERSION_BIT == 0 => Ok(TransactionVersion::Legacy),
        VERSION_BIT => {
            *cursor = ahead;
            Ok(TransactionVersion::V0)
        }
        _ => Err(error::unknown_version(first, cursor.offset())),
    }
}

#[inline(always)]
fn check_signature_count(count: u16, header: MessageHeader) -> Result<(), WireError> {
    if count == u16::from(header.required_signatures) {
        return Ok(());
    }
    let reason = WireErrorReason::SignatureCountMismatch { count, required: header.required_signatures };
    Err(error::refuse(WireField::SignatureCount, 0, reason))
}

#[inline(always)]
fn read_static_key_count(cursor: &mut Cursor<'_>, header: MessageHeader) -> Result<u16, WireError> {
    let offset = cursor.offset();
    let count = cursor.take_compact_u16(WireField::StaticKeyCount)?;
    layout::check_key_count(header, count, offset)?;
    Ok(count)
}

/// Reads all instructions; returns the largest account index as well: how many keys there are is known only after the
/// lookups, which follow.
#[inline(always)]
fn scan_instructions(
    cursor: &mut Cursor<'_>,
    static_key_count: u8,
) -> Result<(InstructionsLayout, Option<u8>), WireError> {
    let count_offset = cursor.offset();
    let count = cursor.take_compact_u16(WireField::InstructionCount)?;
    layout::check_instruction_count(count, count_offset)?;
    let offset = cursor.offset_u16();
    let mut account_index_max = None;
    for _ in 0..count {
        let instruction_offset = cursor.offset();
        let instruction = read_instruction(cursor)?;
        layout::check_program_index(instruction.program_index, static_key_count, instruction_offset)?;
        account_index_max = account_index_max.max(instruction.account_indices.iter().copied().max());
    }
    Ok((InstructionsLayout { count: count as u8, offset, payloads_offset: offset }, account_index_max))
}

/// Reads one instruction.
#[inline(always)]
pub(super) fn read_instruction<'a>(cursor: &mut Cursor<'a>) -> Result<InstructionView<'a>, WireError> {
    let program_index = cursor.take_u8(WireField::ProgramIndex)?;
    let count_offset = cursor.offset();
    let account_count = cursor.take_compact_u16(WireField::AccountCount)?;
    layout::check_count(account_count, INSTRUCTION_ACCOUNT_COUNT_MAX, WireField::AccountCount, count_offset)?;
    let account_indices = cursor.take(usize::from(account_count), WireField::AccountIndices)?;
    let data = cursor.take_counted(WireField::DataSize, WireField::Data)?;
    Ok(InstructionView { program_index, account_indices, data })
}

fn scan_lookups(cursor: &mut Cursor<'_>, static_key_count: u8) -> Result<LookupsLayout, WireError> {
    let count = cursor.take_compact_u16(WireField::LookupCount)?;
    let offset = cursor.offset_u16();
    let mut lookups = LookupsLayout { count: 0, offset, writable_key_count: 0, readonly_key_count: 0 };
    for _ in 0..count {
        let lookup_offset = cursor.offset();
        let lookup = read_lookup(cursor)?;
        // None of the sums overflows: each index and each lookup is at least one of 1232 bytes.
        lookups.count += 1;
        lookups.writable_key_count += lookup.writable_indices.len() as u16;
        lookups.readonly_key_count += lookup.readonly_indices.len() as u16;
        let key_count = u16::from(static_key_count) + lookups.writable_key_count + lookups.readonly_key_count;
        check_lookup(lookup, key_count, lookup_offset)?;
    }
    Ok(lookups)
}

/// A lookup loads something, and the keys up to and with it can be indexed by a byte.
#[inline(always)]
fn check_lookup(lookup: LookupView<'_>, key_count: u16, offset: usize) -> Result<(), WireError> {
    const KEY_COUNT_MAX: u16 = TRANSACTION_ACCOUNT_COUNT_MAX as u16;
    let reason = if lookup.writable_indices.is_empty() && lookup.readonly_indices.is_empty() {
        WireErrorReason::EmptyLookup
    } else if key_count > KEY_COUNT_MAX {
        WireErrorReason::TooManyKeys { count: key_count, max: KEY_COUNT_MAX }
    } else {
        return Ok(());
    };
    Err(error::refuse(WireField::LookupTable, offset, reason))
}

/// Reads one lookup.
#[inline(always)]
pub(super) fn read_lookup<'a>(cursor: &mut Cursor<'a>) -> Result<LookupView<'a>, WireError> {
    let table = cursor.take_array::<KEY_SIZE_BYTES>(WireField::LookupTable)?;
    let writable_indices = cursor.take_counted(WireField::LookupWritableCount, WireField::LookupWritableIndices)?;
    let readonly_indices = cursor.take_counted(WireField::LookupReadonlyCount, WireField::LookupReadonlyIndices)?;
    Ok(LookupView { table: bytemuck::cast_ref(table), writable_indices, readonly_indices })
}

/// Reads the instructions again for the first account index that is out of range.
#[cold]
#[inline(never)]
fn check_account_indices(bytes: &[u8], layout: &Layout) -> Result<(), WireError> {
    let start = usize::from(layout.instructions.offset);
    let mut cursor = Cursor::new(&bytes[start..], start);
    for _ in 0..layout.instructions.count {
        cursor.take_u8(WireField::ProgramIndex)?;
        let count = cursor.take_compact_u16(WireField::AccountCount)?;
        let offset = cursor.offset();
        let indices = cursor.take(usize::from(count), WireField::AccountIndices)?;
        layout::check_account_indices(indices, layout.total_key_count(), offset)?;
        cursor.take_counted(WireField::DataSize, WireField::Data)?;
    }
    Ok(())
}
