//! Parses v1 transactions (SIMD-0385; `solana-message` 4.4, `src/versions/v1`).

use super::{
    HASH_SIZE_BYTES, KEY_SIZE_BYTES, SIGNATURE_SIZE_BYTES, config,
    cursor::Cursor,
    error::{WireError, WireField},
    instructions::InstructionView,
    layout::{self, InstructionsLayout, Layout, LookupsLayout, MessageHeader, TransactionVersion},
    static_keys,
};
use crate::limits::{
    TRANSACTION_V1_ACCOUNT_COUNT_MAX, TRANSACTION_V1_SIGNATURE_COUNT_MAX, TRANSACTION_V1_SIZE_BYTES_MAX,
};

/// The fixed-size part of an instruction: program index, account count, data size (u16 LE).
pub(super) const INSTRUCTION_HEADER_SIZE_BYTES: usize = 4;

/// Parses a transaction whose first byte is [`super::V1_PREFIX`].
pub(super) fn parse(bytes: &[u8]) -> Result<Layout, WireError> {
    layout::check_size(bytes, TRANSACTION_V1_SIZE_BYTES_MAX)?;
    let mut cursor = Cursor::new(bytes, 0);
    cursor.take_u8(WireField::Version)?;
    let header = read_header(&mut cursor)?;
    let mask_offset = cursor.offset();
    let config_mask = u32::from_le_bytes(*cursor.take_array(WireField::ConfigMask)?);
    config::check_mask(config_mask, mask_offset)?;
    let blockhash_offset = cursor.offset_u16();
    cursor.take_array::<HASH_SIZE_BYTES>(WireField::RecentBlockhash)?;

    let (instruction_count, static_key_count) = read_counts(&mut cursor, header)?;
    let static_keys_offset = cursor.offset_u16();
    let keys = cursor.take(usize::from(static_key_count) * KEY_SIZE_BYTES, WireField::StaticKeys)?;
    static_keys::check_unique(bytemuck::cast_slice(keys), usize::from(static_keys_offset))?;
    let config = config::scan(&mut cursor, config_mask)?;

    let instructions = scan_instructions(&mut cursor, instruction_count, static_key_count)?;
    let signatures_offset = cursor.offset_u16();
    cursor.take(usize::from(header.required_signatures) * SIGNATURE_SIZE_BYTES, WireField::Signatures)?;
    cursor.finish()?;
    Ok(Layout {
        version: TransactionVersion::V1,
        header,
        static_key_count,
        signatures_offset,
        message_offset: 0,
        message_end: signatures_offset,
        static_keys_offset,
        blockhash_offset,
        instructions,
        lookups: LookupsLayout::default(),
        config: Some(config),
    })
}

fn read_header(cursor: &mut Cursor<'_>) -> Result<MessageHeader, WireError> {
    let offset = cursor.offset();
    let header = layout::read_header(cursor)?;
    let count = u16::from(header.required_signatures);
    layout::check_count(count, TRANSACTION_V1_SIGNATURE_COUNT_MAX, WireField::RequiredSignatures, offset)?;
    Ok(header)
}

/// Number of instructions, number of keys.
fn read_counts(cursor: &mut Cursor<'_>, header: MessageHeader) -> Result<(u8, u8), WireError> {
    let offset = cursor.offset();
    let instruction_count = cursor.take_u8(WireField::InstructionCount)?;
    layout::check_instruction_count(u16::from(instruction_count), offset)?;
    let offset = cursor.offset();
    let key_count = cursor.take_u8(WireField::StaticKeyCount)?;
    layout::check_count(u16::from(key_count), TRANSACTION_V1_ACCOUNT_COUNT_MAX, WireField::StaticKeyCount, offset)?;
    layout::check_key_count(header, u16::from(key_count), offset)?;
    Ok((instruction_count, key_count))
}

fn scan_instructions(cursor: &mut Cursor<'_>, count: u8, key_count: u8) -> Result<InstructionsLayout, WireError> {
    let headers_offset = cursor.offset();
    let headers = cursor.take(usize::from(count) * INSTRUCTION_HEADER_SIZE_BYTES, WireField::InstructionHeaders)?;
    let payloads_offset = cursor.offset_u16();
    for (index, instruction_header) in headers.as_chunks().0.iter().enumerate() {
        let program_offset = headers_offset + index * INSTRUCTION_HEADER_SIZE_BYTES;
        layout::check_program_index(instruction_header[0], key_count, program_offset)?;
        let accounts_offset = cursor.offset();
        let instruction = read_instruction(instruction_header, cursor)?;
        layout::check_account_indices(instruction.account_indices, u16::from(key_count), accounts_offset)?;
    }
    Ok(InstructionsLayout { count, offset: headers_offset as u16, payloads_offset })
}

/// Reads the payload that `header` announces off `payloads`. The account count is a byte, so SIMD-0406 holds.
#[inline]
pub(super) fn read_instruction<'a>(
    header: &[u8; INSTRUCTION_HEADER_SIZE_BYTES],
    payloads: &mut Cursor<'a>,
) -> Result<InstructionView<'a>, WireError> {
    let [program_index, account_count, size_low, size_high] = *header;
    let account_indices = payloads.take(usize::from(account_count), WireField::AccountIndices)?;
    let data_size_bytes = u16::from_le_bytes([size_low, size_high]);
    let data = payloads.take(usize::from(data_size_bytes), WireField::Data)?;
    Ok(InstructionView { program_index, account_indices, data })
}
