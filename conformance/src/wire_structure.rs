//! The shape of a serialised transaction, without the rules it must obey: independent of the parser that is tested.
//! Legacy and v0: crate `solana-transaction` 4.1; v1: SIMD-0385.

use heddle_types::{SanitizedTransaction, wire::TransactionVersion};

/// Top bit of the first message byte (v0), or of the first byte of all (v1).
const VERSION_BIT: u8 = 0x80;

/// Whether `bytes` have the shape of a transaction, to the last byte.
pub(crate) fn is_transaction(bytes: &[u8]) -> bool {
    let mut cursor = Cursor(bytes);
    let shape = match bytes.first() {
        Some(first) if *first == VERSION_BIT | 1 => v1(&mut cursor),
        _ => legacy_v0(&mut cursor),
    };
    shape.is_some() && cursor.0.is_empty()
}

fn legacy_v0(cursor: &mut Cursor<'_>) -> Option<()> {
    let signature_count = cursor.count()?;
    cursor.take(signature_count * 64)?;
    let is_v0 = cursor.0.first()? & VERSION_BIT != 0;
    if is_v0 {
        cursor.take(1).filter(|version| *version == [VERSION_BIT])?;
    }
    cursor.take(3)?;
    let key_count = cursor.count()?;
    cursor.take(key_count * 32)?;
    cursor.take(32)?;
    for _ in 0..cursor.count()? {
        cursor.take(1)?;
        cursor.list()?;
        cursor.list()?;
    }
    if is_v0 {
        for _ in 0..cursor.count()? {
            cursor.take(32)?;
            cursor.list()?;
            cursor.list()?;
        }
    }
    Some(())
}

fn v1(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.take(1)?;
    let signature_count = usize::from(cursor.take(3)?[0]);
    let mask = u32::from_le_bytes(*cursor.take(4)?.first_chunk()?);
    cursor.take(32)?;
    let counts = cursor.take(2)?;
    let (instruction_count, key_count) = (usize::from(counts[0]), usize::from(counts[1]));
    cursor.take(key_count * 32)?;
    cursor.take(mask.count_ones() as usize * 4)?;
    let headers = cursor.take(instruction_count * 4)?;
    for header in headers.as_chunks::<4>().0 {
        cursor.take(usize::from(header[1]) + usize::from(u16::from_le_bytes([header[2], header[3]])))?;
    }
    cursor.take(signature_count * 64)?;
    Some(())
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, size_bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size_bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// A compact count: seven bits a byte, at most three bytes.
    fn count(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in [0, 7, 14] {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn list(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }
}

/// A parsed transaction, serialised anew from its fields.
pub(crate) fn encode(transaction: &SanitizedTransaction) -> Vec<u8> {
    match transaction.version() {
        TransactionVersion::V1 => encode_v1(transaction),
        TransactionVersion::V0 => encode_legacy_v0(transaction, true),
        TransactionVersion::Legacy => encode_legacy_v0(transaction, false),
    }
}

fn encode_legacy_v0(transaction: &SanitizedTransaction, is_v0: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_count(&mut bytes, transaction.signatures().len());
    bytes.extend(transaction.signatures().iter().flatten());
    bytes.extend(is_v0.then_some(VERSION_BIT));
    push_header(&mut bytes, transaction);
    push_count(&mut bytes, transaction.static_keys().len());
    transaction.static_keys().iter().for_each(|key| bytes.extend(key.as_array()));
    bytes.extend(transaction.recent_blockhash().as_ref());
    push_count(&mut bytes, transaction.instruction_count());
    for instruction in transaction.instructions() {
        bytes.push(instruction.program_index);
        push_list(&mut bytes, instruction.account_indices);
        push_list(&mut bytes, instruction.data);
    }
    if is_v0 {
        push_count(&mut bytes, transaction.lookup_count());
        for lookup in transaction.lookups() {
            bytes.extend(lookup.table.as_array());
            push_list(&mut bytes, lookup.writable_indices);
            push_list(&mut bytes, lookup.readonly_indices);
        }
    }
    bytes
}

fn encode_v1(transaction: &SanitizedTransaction) -> Vec<u8> {
    let config = transaction.config().unwrap_or_default();
    let mut bytes = vec![VERSION_BIT | 1];
    push_header(&mut bytes, transaction);
    let words = [config.compute_unit_limit, config.loaded_accounts_data_size_limit, config.heap_size];
    // The fee takes two words, and two bits of the mask.
    let fee_bits = if config.priority_fee_lamports.is_some() { 0b11 } else { 0 };
    let mask = words.iter().zip(2..).fold(fee_bits, |mask, (word, bit)| mask | u32::from(word.is_some()) << bit);
    bytes.extend(mask.to_le_bytes());
    bytes.extend(transaction.recent_blockhash().as_ref());
    bytes.extend([transaction.instruction_count() as u8, transaction.static_keys().len() as u8]);
    transaction.static_keys().iter().for_each(|key| bytes.extend(key.as_array()));
    bytes.extend(config.priority_fee_lamports.iter().flat_map(|fee| fee.to_le_bytes()));
    bytes.extend(words.iter().flatten().flat_map(|word| word.to_le_bytes()));
    for instruction in transaction.instructions() {
        let [low, high] = (instruction.data.len() as u16).to_le_bytes();
        bytes.extend([instruction.program_index, instruction.account_indices.len() as u8, low, high]);
    }
    for instruction in transaction.instructions() {
        bytes.extend(instruction.account_indices);
        bytes.extend(instruction.data);
    }
    bytes.extend(transaction.signatures().iter().flatten());
    bytes
}

fn push_header(bytes: &mut Vec<u8>, transaction: &SanitizedTransaction) {
    let header = transaction.header();
    bytes.extend([header.required_signatures, header.readonly_signed, header.readonly_unsigned]);
}

fn push_list(bytes: &mut Vec<u8>, list: &[u8]) {
    push_count(bytes, list.len());
    bytes.extend(list);
}

fn push_count(bytes: &mut Vec<u8>, mut count: usize) {
    while count >= 0x80 {
        bytes.push(count as u8 | 0x80);
        count >>= 7;
    }
    bytes.push(count as u8);
}
