//! An account: version, executable mark, balance, owner, and the data to the end of the record.

use heddle_types::{Account, AccountData, limits::ACCOUNT_DATA_BYTES_MAX};

use super::{DecodeError, LAYOUT_VERSION, cursor::Cursor};

/// Appends the stored form of `account` to `out`.
///
/// The caller stores only accounts that exist and whose data is at most [`ACCOUNT_DATA_BYTES_MAX`] long; others
/// would not decode.
pub fn encode_account(account: &Account, out: &mut Vec<u8>) {
    out.reserve(1 + 1 + 8 + 32 + account.data.len());
    out.push(LAYOUT_VERSION);
    out.push(account.executable.into());
    out.extend_from_slice(&account.lamports.to_le_bytes());
    out.extend_from_slice(account.owner.as_ref());
    out.extend_from_slice(&account.data);
}

/// Reads an account; O(length of its data).
///
/// # Errors
/// If the bytes are not what [`encode_account`] writes for an existing account.
pub fn decode_account(bytes: &[u8]) -> Result<Account, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let executable = cursor.flag("executable mark")?;
    let lamports = cursor.u64()?;
    if lamports == 0 {
        return Err(DecodeError::Value { field: "balance", value: 0 });
    }
    let owner = cursor.pubkey()?;
    let data = cursor.rest();
    if data.len() > ACCOUNT_DATA_BYTES_MAX {
        return Err(DecodeError::Value { field: "data length", value: data.len() as u64 });
    }
    Ok(Account { lamports, data: AccountData::from(data), owner, executable })
}

#[cfg(test)]
mod tests {
    use heddle_types::Pubkey;
    use proptest::prelude::*;

    use super::*;

    fn encoded(account: &Account) -> Vec<u8> {
        let mut out = Vec::new();
        encode_account(account, &mut out);
        out
    }

    #[test]
    fn layout() {
        let account = Account { executable: true, ..Account::new(0x0102, &[7, 8], Pubkey::new_from_array([9; 32])) };
        let mut expected = vec![1, 1, 2, 1, 0, 0, 0, 0, 0, 0];
        expected.extend([9; 32]);
        expected.extend([7, 8]);
        assert_eq!(encoded(&account), expected);
    }

    #[test]
    fn refuses_what_is_never_written() {
        let good = encoded(&Account::new(1, &[], Pubkey::default()));
        assert_eq!(decode_account(&[]), Err(DecodeError::Short { offset: 0, needed_bytes: 1, left_bytes: 0 }));
        assert_eq!(
            decode_account(&good[..41]),
            Err(DecodeError::Short { offset: 10, needed_bytes: 32, left_bytes: 31 })
        );
        let changed = |index: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[index] = value;
            decode_account(&bytes)
        };
        assert_eq!(changed(0, 2), Err(DecodeError::Layout { found: 2, expected: 1 }));
        assert_eq!(changed(1, 2), Err(DecodeError::Value { field: "executable mark", value: 2 }));
        assert_eq!(changed(2, 0), Err(DecodeError::Value { field: "balance", value: 0 }));
        let mut long = good;
        long.resize(42 + ACCOUNT_DATA_BYTES_MAX, 0);
        assert!(decode_account(&long).is_ok());
        long.push(0);
        assert!(matches!(decode_account(&long), Err(DecodeError::Value { field: "data length", .. })));
    }

    proptest! {
        #[test]
        fn round_trip(
            lamports in 1..=u64::MAX,
            data in proptest::collection::vec(any::<u8>(), 0..300),
            owner: [u8; 32],
            executable: bool,
        ) {
            let account = Account { executable, ..Account::new(lamports, &data, Pubkey::new_from_array(owner)) };
            prop_assert_eq!(decode_account(&encoded(&account)), Ok(account));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(account) = decode_account(&bytes) {
                prop_assert_eq!(encoded(&account), bytes);
            }
        }
    }
}
