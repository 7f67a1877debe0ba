//! What takes a block back: the lattice and the changed accounts as they were before it.

use heddle_types::{Account, Pubkey, limits::ACCOUNT_DATA_BYTES_MAX};

use super::{DecodeError, LAYOUT_VERSION, cursor::Cursor};
use crate::{BlockHistory, LATTICE_BYTES, batch::existing};

/// One absent account.
const ENTRY_BYTES_MIN: usize = 32 + 1;

/// The stored form of a block's history; O(bytes of the accounts).
///
/// Only accounts that exist are stored; others count as absent.
///
/// # Panics
/// If there are 2^32 accounts or more, or one with 4 GiB of data; they would not fit into memory.
pub fn encode_history(
    statuses_from_slot: u64,
    lattice: &[u8; LATTICE_BYTES],
    before: &[(Pubkey, Option<Account>)],
) -> Vec<u8> {
    let account_bytes = |account: &Account| 1 + 8 + 32 + 4 + account.data.len();
    let bytes: usize = before.iter().map(|(_, one)| ENTRY_BYTES_MIN + existing(one).map_or(0, account_bytes)).sum();
    let mut out = Vec::with_capacity(1 + 8 + LATTICE_BYTES + 4 + bytes);
    out.push(LAYOUT_VERSION);
    out.extend_from_slice(&statuses_from_slot.to_le_bytes());
    out.extend_from_slice(lattice);
    let count = u32::try_from(before.len()).expect("a block changes fewer than 2^32 accounts");
    out.extend_from_slice(&count.to_le_bytes());
    for (key, account) in before {
        out.extend_from_slice(key.as_ref());
        let account = existing(account);
        out.push(account.is_some().into());
        if let Some(account) = account {
            out.push(account.executable.into());
            out.extend_from_slice(&account.lamports.to_le_bytes());
            out.extend_from_slice(account.owner.as_ref());
            let size = u32::try_from(account.data.len()).expect("an account has less than 4 GiB of data");
            out.extend_from_slice(&size.to_le_bytes());
            out.extend_from_slice(&account.data);
        }
    }
    out
}

/// Reads a block's history; O(bytes of the accounts).
///
/// # Errors
/// If the bytes are not what [`encode_history`] writes.
pub fn decode_history(bytes: &[u8]) -> Result<BlockHistory, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let statuses_from_slot = cursor.u64()?;
    let lattice = Box::new(*cursor.array()?);
    let count = cursor.count("account count", ENTRY_BYTES_MIN)?;
    let mut accounts = Vec::with_capacity(count);
    for _ in 0..count {
        let key = cursor.pubkey()?;
        let account = if cursor.flag("presence mark")? { Some(take_account(&mut cursor)?) } else { None };
        accounts.push((key, account));
    }
    cursor.finish()?;
    Ok(BlockHistory { lattice, statuses_from_slot, accounts })
}

fn take_account(cursor: &mut Cursor<'_>) -> Result<Account, DecodeError> {
    let executable = cursor.flag("executable mark")?;
    let lamports = cursor.u64()?;
    if lamports == 0 {
        return Err(DecodeError::Value { field: "balance", value: 0 });
    }
    let owner = cursor.pubkey()?;
    let size_bytes = cursor.u32()? as usize;
    if size_bytes > ACCOUNT_DATA_BYTES_MAX {
        return Err(DecodeError::Value { field: "data length", value: size_bytes as u64 });
    }
    Ok(Account { executable, ..Account::new(lamports, cursor.take(size_bytes)?, owner) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn any_entry()(
            key: [u8; 32], exists: bool, lamports in 1..u64::MAX, owner: [u8; 32], executable: bool,
            data in proptest::collection::vec(any::<u8>(), 0..100),
        ) -> (Pubkey, Option<Account>) {
            let account = Account { executable, ..Account::new(lamports, &data, Pubkey::new_from_array(owner)) };
            (Pubkey::new_from_array(key), exists.then_some(account))
        }
    }

    fn encode(history: &BlockHistory) -> Vec<u8> {
        encode_history(history.statuses_from_slot, &history.lattice, &history.accounts)
    }

    proptest! {
        #[test]
        fn round_trip(accounts in proptest::collection::vec(any_entry(), 0..5), statuses_from_slot: u64, lane: u8) {
            let history = BlockHistory { lattice: Box::new([lane; LATTICE_BYTES]), statuses_from_slot, accounts };
            prop_assert_eq!(decode_history(&encode(&history)), Ok(history));
        }

        #[test]
        fn damaged_records_decode_or_are_refused(
            accounts in proptest::collection::vec(any_entry(), 1..4), at: proptest::sample::Index, value: u8,
            cut: proptest::sample::Index,
        ) {
            let history = BlockHistory { lattice: Box::new([7; LATTICE_BYTES]), statuses_from_slot: 3, accounts };
            let mut bytes = encode(&history);
            prop_assert!(decode_history(&bytes[..cut.index(bytes.len())]).is_err());
            let index = at.index(bytes.len());
            bytes[index] = value;
            if let Ok(history) = decode_history(&bytes) {
                prop_assert_eq!(encode(&history), bytes);
            }
        }
    }

    #[test]
    fn accounts_without_lamports_are_absent() {
        let key = Pubkey::new_from_array([1; 32]);
        let bytes = encode_history(0, &[0; LATTICE_BYTES], &[(key, Some(Account::default()))]);
        assert_eq!(decode_history(&bytes).unwrap().accounts, [(key, None)]);
    }
}
