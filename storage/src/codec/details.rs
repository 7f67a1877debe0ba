//! Details of a block's receipts: logs, return data, inner instructions, itemised compute units, balances of lamports and
//! tokens.
//!
//! Two layouts are read and the second is written. The first has no token balances; those that it leaves out are read as
//! none.

use heddle_types::{InnerInstruction, ReceiptDetails, ReturnData, TokenBalance};

use super::{DecodeError, LAYOUT_VERSION, cursor::Cursor};

/// First byte of details with token balances.
const LAYOUT_WITH_TOKENS: u8 = 2;

/// An inner instruction without accounts and data.
const INNER_BYTES_MIN: usize = 1 + 1 + 1 + 4 + 4 + 8;
/// A token balance.
const TOKEN_BALANCE_BYTES: usize = 1 + 32 + 32 + 32 + 8;

/// The stored form of the details of a block's receipts, in block order; O(their bytes).
///
/// # Panics
/// If a list has 2^32 entries or more; it would not fit into memory.
pub fn encode_details<'a>(details: impl ExactSizeIterator<Item = Option<&'a ReceiptDetails>>) -> Vec<u8> {
    let mut out = vec![LAYOUT_WITH_TOKENS];
    push_count(details.len(), &mut out);
    for one in details {
        out.push(one.is_some().into());
        if let Some(one) = one {
            push(one, &mut out);
            push_tokens(&one.pre_token_balances, &mut out);
            push_tokens(&one.post_token_balances, &mut out);
        }
    }
    out
}

/// Reads the details of a block's receipts; O(their bytes).
///
/// # Errors
/// If the bytes are not what [`encode_details`] writes or wrote before there were token balances.
pub fn decode_details(bytes: &[u8]) -> Result<Vec<Option<Box<ReceiptDetails>>>, DecodeError> {
    let has_tokens = bytes.first() != Some(&LAYOUT_VERSION);
    let mut cursor = Cursor::of_layout(bytes, if has_tokens { LAYOUT_WITH_TOKENS } else { LAYOUT_VERSION })?;
    let details = list(&mut cursor, "receipt count", 1, |cursor| {
        if !cursor.flag("details mark")? {
            return Ok(None);
        }
        let mut details = Box::new(take(cursor)?);
        if has_tokens {
            details.pre_token_balances = list(cursor, "token balance count", TOKEN_BALANCE_BYTES, take_token)?;
            details.post_token_balances = list(cursor, "token balance count", TOKEN_BALANCE_BYTES, take_token)?;
        }
        Ok(Some(details))
    })?;
    cursor.finish()?;
    Ok(details)
}

/// What both layouts have.
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

fn push_tokens(balances: &[TokenBalance], out: &mut Vec<u8>) {
    push_count(balances.len(), out);
    for TokenBalance { account_index, mint, owner, program, amount } in balances {
        out.push(*account_index);
        [mint, owner, program].iter().for_each(|key| out.extend_from_slice(key.as_ref()));
        out.extend_from_slice(&amount.to_le_bytes());
    }
}

/// What both layouts have.
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
        pre_token_balances: Vec::new(),
        post_token_balances: Vec::new(),
    })
}

fn take_token(cursor: &mut Cursor<'_>) -> Result<TokenBalance, DecodeError> {
    Ok(TokenBalance {
        account_index: cursor.u8()?,
        mint: cursor.pubkey()?,
        owner: cursor.pubkey()?,
        program: cursor.pubkey()?,
        amount: cursor.u64()?,
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
        fn any_token()(account_index: u8, keys: [[u8; 32]; 3], amount: u64) -> TokenBalance {
            let [mint, owner, program] = keys.map(Pubkey::new_from_array);
            TokenBalance { account_index, mint, owner, program, amount }
        }
    }

    prop_compose! {
        fn any_details()(
            logs in vec(".{0,9}", 0..4),
            return_data in proptest::option::of((any::<[u8; 32]>(), vec(any::<u8>(), 0..9))),
            inner_instructions in vec(any_inner(), 0..3),
            numbers in proptest::array::uniform3(vec(any::<u64>(), 0..4)),
            tokens in proptest::array::uniform2(vec(any_token(), 0..3)),
        ) -> ReceiptDetails {
            let [pre_token_balances, post_token_balances] = tokens;
            let [instruction_compute_units, pre_balances, post_balances] = numbers;
            let return_data =
                return_data.map(|(program, data)| ReturnData { program: Pubkey::new_from_array(program), data });
            ReceiptDetails {
                logs, return_data, inner_instructions, instruction_compute_units, pre_balances, post_balances,
                pre_token_balances, post_token_balances,
            }
        }
    }

    fn encode(details: &[Option<Box<ReceiptDetails>>]) -> Vec<u8> {
        encode_details(details.iter().map(Option::as_deref))
    }

    /// As it was done before there were token balances.
    fn encode_without_tokens(details: &[Option<Box<ReceiptDetails>>]) -> Vec<u8> {
        let mut out = vec![LAYOUT_VERSION];
        push_count(details.len(), &mut out);
        for one in details {
            out.push(one.is_some().into());
            one.iter().for_each(|one| push(one, &mut out));
        }
        out
    }

    fn encode_as(layout: u8, details: &[Option<Box<ReceiptDetails>>]) -> Vec<u8> {
        if layout == LAYOUT_VERSION { encode_without_tokens(details) } else { encode(details) }
    }

    fn without_tokens(mut details: ReceiptDetails) -> ReceiptDetails {
        details.pre_token_balances.clear();
        details.post_token_balances.clear();
        details
    }

    /// A record of the first layout, byte by byte: one receipt without details, and one with some of everything.
    const WITHOUT_TOKENS: &[u8] = b"\x01\x02\0\0\0\0\x01\
        \x01\0\0\0\x03\0\0\0log\
        \x01\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\
        \x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x02\0\0\0\x05\x06\
        \x01\0\0\0\x01\x02\x03\x02\0\0\0\x04\x05\x01\0\0\0\x08\x4c\0\0\0\0\0\0\0\
        \x01\0\0\0\x96\0\0\0\0\0\0\0\
        \x01\0\0\0\x0a\0\0\0\0\0\0\0\
        \x01\0\0\0\x09\0\0\0\0\0\0\0";

    fn details_without_tokens() -> ReceiptDetails {
        ReceiptDetails {
            logs: vec!["log".to_owned()],
            return_data: Some(ReturnData { program: Pubkey::new_from_array([7; 32]), data: vec![5, 6] }),
            inner_instructions: vec![InnerInstruction {
                top_level_index: 1,
                stack_height: 2,
                program_index: 3,
                account_indices: vec![4, 5],
                data: vec![8],
                compute_units: 76,
            }],
            instruction_compute_units: vec![150],
            pre_balances: vec![10],
            post_balances: vec![9],
            ..ReceiptDetails::default()
        }
    }

    #[test]
    fn records_from_before_token_balances_are_read() {
        let details = vec![None, Some(Box::new(details_without_tokens()))];
        assert_eq!(decode_details(WITHOUT_TOKENS), Ok(details.clone()));
        assert_eq!(encode_without_tokens(&details), WITHOUT_TOKENS);
        let mut bytes = encode(&details);
        assert_eq!(bytes[1..WITHOUT_TOKENS.len()], WITHOUT_TOKENS[1..]);
        assert_eq!(bytes[WITHOUT_TOKENS.len()..], [0; 8], "two empty lists");
        bytes[0] = LAYOUT_VERSION;
        assert_eq!(decode_details(&bytes), Err(DecodeError::Trailing { count_bytes: 8 }));
        for found in [0, 3, 255] {
            bytes[0] = found;
            assert_eq!(decode_details(&bytes), Err(DecodeError::Layout { found, expected: LAYOUT_WITH_TOKENS }));
        }
        assert!(decode_details(&[]).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(details in vec(proptest::option::of(any_details().prop_map(Box::new)), 0..4)) {
            prop_assert_eq!(decode_details(&encode(&details)), Ok(details));
        }

        #[test]
        fn round_trip_without_tokens(
            details in vec(proptest::option::of(any_details().prop_map(without_tokens).prop_map(Box::new)), 0..4),
        ) {
            prop_assert_eq!(decode_details(&encode_without_tokens(&details)), Ok(details));
        }

        #[test]
        fn damaged_records_decode_or_are_refused(
            details in vec(proptest::option::of(any_details().prop_map(Box::new)), 1..4), at: proptest::sample::Index,
            value: u8, cut: proptest::sample::Index, layout in LAYOUT_VERSION..=LAYOUT_WITH_TOKENS,
        ) {
            let mut bytes = encode_as(layout, &details);
            prop_assert!(decode_details(&bytes[..cut.index(bytes.len())]).is_err());
            let index = at.index(bytes.len());
            bytes[index] = value;
            if let Ok(details) = decode_details(&bytes) {
                prop_assert_eq!(encode_as(bytes[0], &details), bytes);
            }
        }
    }
}
