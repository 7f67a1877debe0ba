//! The transactions of a block with their receipts, as one record per block.

use heddle_types::{Pubkey, Receipt, StoredTransaction, limits::TRANSACTION_V1_SIZE_BYTES_MAX};

use super::{
    DecodeError, EncodeError,
    cursor::Cursor,
    transaction_error::{RESULT_BYTES_MIN, push_result, take_result},
};

/// First byte of the record: the layout of format version 2, which has loaded addresses.
const TRANSACTIONS_LAYOUT: u8 = 2;
/// Keys that a transaction can name: its account indices are bytes.
const LOADED_ADDRESS_COUNT_MAX: usize = 256;
/// What a receipt takes beside its result.
const RECEIPT_FIXED_BYTES: usize = 1 + 8 + 8 + 4;
/// The shortest stored transaction.
const TRANSACTION_BYTES_MIN: usize = 2 + 2 + RESULT_BYTES_MIN + RECEIPT_FIXED_BYTES;

/// The stored form of a block's transactions; O(their bytes). `details` of receipts are left out.
///
/// # Errors
/// The index of a transaction that has no stored form, and why.
///
/// # Panics
/// If there are 2^32 transactions or more; they would not fit into memory.
pub fn encode_transactions(transactions: &[StoredTransaction]) -> Result<Vec<u8>, (usize, EncodeError)> {
    let content_bytes: usize = transactions.iter().map(|one| one.wire.len() + 32 * one.loaded_addresses.len()).sum();
    let mut out = Vec::with_capacity(5 + content_bytes + transactions.len() * (TRANSACTION_BYTES_MIN + 7));
    out.push(TRANSACTIONS_LAYOUT);
    let count = u32::try_from(transactions.len()).expect("a block has fewer than 2^32 transactions");
    out.extend_from_slice(&count.to_le_bytes());
    for (index, transaction) in transactions.iter().enumerate() {
        push_transaction(transaction, &mut out).map_err(|error| (index, error))?;
    }
    Ok(out)
}

/// Whether [`encode_transactions`] would refuse one of them; O(their number).
///
/// # Errors
/// As [`encode_transactions`].
pub fn check_transactions(transactions: &[StoredTransaction]) -> Result<(), (usize, EncodeError)> {
    let mut scratch = Vec::new();
    transactions.iter().enumerate().try_for_each(|(index, transaction)| {
        scratch.clear();
        let sizes = wire_size(transaction).and_then(|_| loaded_count(transaction)).map(|_| ());
        sizes.and_then(|()| push_result(&transaction.receipt.status, &mut scratch)).map_err(|error| (index, error))
    })
}

/// Reads the transactions of a block; O(their bytes).
///
/// # Errors
/// If the bytes are not what [`encode_transactions`] writes.
pub fn decode_transactions(bytes: &[u8]) -> Result<Vec<StoredTransaction>, DecodeError> {
    let mut cursor = Cursor::of_layout(bytes, TRANSACTIONS_LAYOUT)?;
    let count = cursor.count("transaction count", TRANSACTION_BYTES_MIN)?;
    let mut transactions = Vec::with_capacity(count);
    for _ in 0..count {
        transactions.push(take_transaction(&mut cursor)?);
    }
    cursor.finish()?;
    Ok(transactions)
}

fn push_transaction(transaction: &StoredTransaction, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.extend_from_slice(&wire_size(transaction)?.to_le_bytes());
    out.extend_from_slice(&transaction.wire);
    out.extend_from_slice(&loaded_count(transaction)?.to_le_bytes());
    transaction.loaded_addresses.iter().for_each(|key| out.extend_from_slice(key.as_ref()));
    let receipt = &transaction.receipt;
    push_result(&receipt.status, out)?;
    out.push(receipt.executed.into());
    out.extend_from_slice(&receipt.fee_lamports.to_le_bytes());
    out.extend_from_slice(&receipt.compute_units.to_le_bytes());
    out.extend_from_slice(&receipt.loaded_data_bytes.to_le_bytes());
    Ok(())
}

fn wire_size(transaction: &StoredTransaction) -> Result<u16, EncodeError> {
    let size_bytes = transaction.wire.len();
    u16::try_from(size_bytes)
        .ok()
        .filter(|&size| usize::from(size) <= TRANSACTION_V1_SIZE_BYTES_MAX)
        .ok_or(EncodeError::WireTooLarge { size_bytes })
}

fn loaded_count(transaction: &StoredTransaction) -> Result<u16, EncodeError> {
    let count = transaction.loaded_addresses.len();
    if count > LOADED_ADDRESS_COUNT_MAX {
        return Err(EncodeError::TooManyLoadedAddresses { count });
    }
    Ok(count as u16)
}

fn take_loaded_addresses(cursor: &mut Cursor<'_>) -> Result<Box<[Pubkey]>, DecodeError> {
    let count = usize::from(cursor.u16()?);
    if count > LOADED_ADDRESS_COUNT_MAX {
        return Err(DecodeError::Value { field: "loaded address count", value: count as u64 });
    }
    (0..count).map(|_| cursor.pubkey()).collect()
}

fn take_transaction(cursor: &mut Cursor<'_>) -> Result<StoredTransaction, DecodeError> {
    let size_bytes = usize::from(cursor.u16()?);
    if size_bytes > TRANSACTION_V1_SIZE_BYTES_MAX {
        return Err(DecodeError::Value { field: "transaction length", value: size_bytes as u64 });
    }
    Ok(StoredTransaction {
        wire: cursor.take(size_bytes)?.into(),
        loaded_addresses: take_loaded_addresses(cursor)?,
        receipt: Receipt {
            status: take_result(cursor)?,
            executed: cursor.flag("executed mark")?,
            fee_lamports: cursor.u64()?,
            compute_units: cursor.u64()?,
            loaded_data_bytes: cursor.u32()?,
            details: None,
        },
    })
}

#[cfg(test)]
mod tests {
    use heddle_types::{InstructionError, ReceiptDetails, TransactionError};
    use proptest::prelude::*;

    use super::*;

    fn any_result() -> impl Strategy<Value = Result<(), TransactionError>> {
        prop_oneof![
            4 => Just(Ok(())),
            1 => Just(Err(TransactionError::AccountNotFound)),
            1 => any::<u8>().prop_map(|index| Err(TransactionError::DuplicateInstruction(index))),
            1 => any::<(u8, u32)>().prop_map(|(index, number)| Err(TransactionError::InstructionError(index, InstructionError::Custom(number)))),
        ]
    }

    prop_compose! {
        fn any_transaction()(
            wire in proptest::collection::vec(any::<u8>(), 0..200),
            loaded in proptest::collection::vec(any::<[u8; 32]>(), 0..3), status in any_result(), executed: bool, fee_lamports: u64, compute_units: u64, loaded_data_bytes: u32,
        ) -> StoredTransaction {
            let receipt = Receipt { status, executed, fee_lamports, compute_units, loaded_data_bytes, details: None };
            let loaded_addresses = loaded.into_iter().map(Pubkey::new_from_array).collect();
            StoredTransaction { wire: wire.into(), loaded_addresses, receipt }
        }
    }

    fn simple(wire: &[u8]) -> StoredTransaction {
        let receipt = Receipt {
            status: Err(TransactionError::AccountNotFound),
            executed: true,
            fee_lamports: 5000,
            compute_units: 150,
            loaded_data_bytes: 42,
            details: Some(Box::new(ReceiptDetails::default())),
        };
        StoredTransaction { wire: wire.into(), loaded_addresses: [].into(), receipt }
    }

    #[test]
    fn layout() {
        let expected = [
            &[2, 1, 0, 0, 0, 2, 0, 0xaa, 0xbb, 0, 0, 3, 1][..],
            &5000u64.to_le_bytes(),
            &150u64.to_le_bytes(),
            &42u32.to_le_bytes(),
        ];
        assert_eq!(encode_transactions(&[simple(&[0xaa, 0xbb])]).unwrap(), expected.concat());
        assert_eq!(encode_transactions(&[]).unwrap(), [2, 0, 0, 0, 0]);
    }

    #[test]
    fn bounds() {
        let large = simple(&[0; TRANSACTION_V1_SIZE_BYTES_MAX]);
        assert!(decode_transactions(&encode_transactions(&[large]).unwrap()).is_ok());
        let too_large = simple(&[0; TRANSACTION_V1_SIZE_BYTES_MAX + 1]);
        assert_eq!(
            encode_transactions(&[simple(&[]), too_large]),
            Err((1, EncodeError::WireTooLarge { size_bytes: TRANSACTION_V1_SIZE_BYTES_MAX + 1 }))
        );
        let huge_count = [2, 255, 255, 255, 255, 0, 0];
        assert!(matches!(decode_transactions(&huge_count), Err(DecodeError::Value { field: "transaction count", .. })));
        let many = StoredTransaction { loaded_addresses: vec![Pubkey::default(); 257].into(), ..simple(&[]) };
        let expected = Err((0, EncodeError::TooManyLoadedAddresses { count: 257 }));
        assert_eq!(encode_transactions(std::slice::from_ref(&many)), expected);
        assert_eq!(check_transactions(&[many]), expected.map(drop));
        let mut long_wire = encode_transactions(&[simple(&[0; 30])]).unwrap();
        long_wire[5..7].copy_from_slice(&4097u16.to_le_bytes());
        assert!(matches!(decode_transactions(&long_wire), Err(DecodeError::Value { field: "transaction length", .. })));
    }

    proptest! {
        #[test]
        fn round_trip(transactions in proptest::collection::vec(any_transaction(), 0..8)) {
            let bytes = encode_transactions(&transactions).unwrap();
            prop_assert_eq!(decode_transactions(&bytes), Ok(transactions));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), count in 0..5u8) {
            if bytes.len() > 5 {
                bytes[..5].copy_from_slice(&[TRANSACTIONS_LAYOUT, count, 0, 0, 0]);
            }
            if let Ok(transactions) = decode_transactions(&bytes) {
                prop_assert_eq!(encode_transactions(&transactions).unwrap(), bytes);
            }
        }

        #[test]
        fn damaged_records_decode_or_are_refused(
            transactions in proptest::collection::vec(any_transaction(), 1..4), at: proptest::sample::Index, value: u8, cut: proptest::sample::Index,
        ) {
            let mut bytes = encode_transactions(&transactions).unwrap();
            prop_assert!(decode_transactions(&bytes[..cut.index(bytes.len())]).is_err());
            let index = at.index(bytes.len());
            bytes[index] = value;
            if let Ok(transactions) = decode_transactions(&bytes) {
                prop_assert_eq!(encode_transactions(&transactions).unwrap(), bytes);
            }
        }
    }
}
