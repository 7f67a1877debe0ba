//! Details of a block's receipts: logs, return data, inner instructions, itemised compute units, balances.

use heddle_types::{InnerInstruction, ReceiptDetails, ReturnData};

use super::{DecodeError, LAYOUT_VERSION, cursor::Cursor};

/// An inner instruction without accounts and data.
const INNER_BYTES_MIN: usize = 1 + 1 + 1 + 4 + 4 + 8;

/// The stored form of the details of a block's receipts, in block order; O(their bytes).
///
/// # Panics
/// If a list has 2^32 entries or more; it would not fit into memory.
pub fn encode_details<'a>(details: impl ExactSizeIterator<Item = Option<&'a ReceiptDetails>>) -> Vec<u8> {
    let mut out = vec![LAYOUT_VERSION];
    push_count(details.len(), &mut out);
    for one in details {
        out.push(one.is_some().into());
        if let Some(one) = one {
            push(one, &mut out);
        }
    }
    out
}

/// Reads the details of a block's receipts; O(their bytes).
///
/// # Errors
/// If the bytes are not what [`encode_details`] writes.
pub fn decode_details(bytes: &[u8]) -> Result<Vec<Option<Box<ReceiptDetails>>>, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let details = list(&mut cursor, "receipt count", 1, |cursor| {
        Ok(if cursor.flag("details mark")? { Some(Box::new(take(cursor)?)) } else { None })
    })?;
    cursor.finish()?;
    Ok(details)
}

fn push(details: &ReceiptDetails, out: &mut Vec<u8>) {
    push_count(details.logs.len(), out);
    details.logs.iter().for_each(|line| push_bytes(line.as_bytes(), out));
    out.push(details.return_data.is_some().into());
    if let Some(ReturnData { program, data }) = &details.return_data {
        out.extend_from_slice(program.as_ref());
        push_bytes(data, out);
    }
    push_count(details.inner_instructions.len(), out);
    for inner in &details.inner_instructions {
        out.extend_from_slice(&[inner.top_level_index, inner.stack_height, inner.program_index]);
        push_bytes(&inner.account_indices, out);
        push_bytes(&inner.data, out);
        out.extend_from_slice(&inner.compute_units.to_le_bytes());
    }
    for numbers in [&details.instruction_compute_units, &details.pre_balances, &details.post_balances] {
        push_count(numbers.len(), out);
        numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    }
}

fn take(cursor: &mut Cursor<'_>) -> Result<ReceiptDetails, DecodeError> {
    let logs = list(cursor, "log line count", 4, take_text)?;
    let return_data = if cursor.flag("return data mark")? {
        Some(ReturnData { program: cursor.pubkey()?, data: take_bytes(cursor)? })
    } else {
        None
    };
    let inner_instructions = list(cursor, "inner instruction count", INNER_BYTES_MIN, |cursor| {
        Ok(InnerInstruction {
            top_level_index: cursor.u8()?,
            stack_height: cursor.u8()?,
            program_index: cursor.u8()?,
            account_indices: take_bytes(cursor)?,
            data: take_bytes(cursor)?,
            compute_units: cursor.u64()?,
        })
    })?;
    let mut numbers = || list(cursor, "number count", 8, Cursor::u64);
    Ok(ReceiptDetails {
        logs,
        return_data,
        inner_instructions,
        instruction_compute_units: numbers()?,
        pre_balances: numbers()?,
        post_balances: numbers()?,
    })
}

fn push_count(count: usize, out: &mut Vec<u8>) {
    let count = u32::try_from(count).expect("fewer than 2^32 entries");
    out.extend_from_slice(&count.to_le_bytes());
}

fn push_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    push_count(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn take_bytes(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, DecodeError> {
    let size_bytes = cursor.count("length", 1)?;
    Ok(cursor.take(size_bytes)?.to_vec())
}

fn take_text(cursor: &mut Cursor<'_>) -> Result<String, DecodeError> {
    let bytes = take_bytes(cursor)?;
    String::from_utf8(bytes).map_err(|error| {
        let first_wrong = error.utf8_error().valid_up_to();
        DecodeError::Value { field: "log text", value: error.as_bytes()[first_wrong].into() }
    })
}

fn list<'a, T>(
    cursor: &mut Cursor<'a>,
    field: &'static str,
    item_bytes_min: usize,
    mut take: impl FnMut(&mut Cursor<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = cursor.count(field, item_bytes_min)?;
    (0..count).map(|_| take(cursor)).collect()
}

#[cfg(test)]
mod tests {
    use heddle_types::Pubkey;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    prop_compose! {
        fn any_inner()(
            top_level_index: u8, stack_height: u8, program_index: u8, account_indices in vec(any::<u8>(), 0..4),
            data in vec(any::<u8>(), 0..9), compute_units: u64,
        ) -> InnerInstruction {
            InnerInstruction { top_level_index, stack_height, program_index, account_indices, data, compute_units }
        }
    }

    prop_compose! {
        fn any_details()(
            logs in vec(".{0,9}", 0..4),
            return_data in proptest::option::of((any::<[u8; 32]>(), vec(any::<u8>(), 0..9))),
            inner_instructions in vec(any_inner(), 0..3),
            numbers in proptest::array::uniform3(vec(any::<u64>(), 0..4)),
        ) -> ReceiptDetails {
            let [instruction_compute_units, pre_balances, post_balances] = numbers;
            let return_data =
                return_data.map(|(program, data)| ReturnData { program: Pubkey::new_from_array(program), data });
            ReceiptDetails {
                logs, return_data, inner_instructions, instruction_compute_units, pre_balances, post_balances,
            }
        }
    }

    fn encode(details: &[Option<Box<ReceiptDetails>>]) -> Vec<u8> {
        encode_details(details.iter().map(Option::as_deref))
    }

    proptest! {
        #[test]
        fn round_trip(details in vec(proptest::option::of(any_details().prop_map(Box::new)), 0..4)) {
            prop_assert_eq!(decode_details(&encode(&details)), Ok(details));
        }

        #[test]
        fn damaged_records_decode_or_are_refused(
            details in vec(proptest::option::of(any_details().prop_map(Box::new)), 1..4), at: proptest::sample::Index,
            value: u8, cut: proptest::sample::Index,
        ) {
            let mut bytes = encode(&details);
            prop_assert!(decode_details(&bytes[..cut.index(bytes.len())]).is_err());
            let index = at.index(bytes.len());
            bytes[index] = value;
            if let Ok(details) = decode_details(&bytes) {
                prop_assert_eq!(encode(&details), bytes);
            }
        }
    }
}
