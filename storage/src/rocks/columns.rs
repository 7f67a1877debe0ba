//! The column families and their keys.
//!
//! Invariant: every column but [`Column::Meta`] and [`Column::GenesisAccounts`] is written by every block, at least
//! with its mark, so that a column that fell behind is found when the database is opened.

use heddle_types::{Pubkey, TransactionPlace};

use crate::codec::{DecodeError, decode_place};

/// Key of a column's mark; sorts before every other key of the column.
pub(super) const MARK_KEY: &[u8] = &[0];
/// Sorts after [`MARK_KEY`] and not after any other key of a marked column.
pub(super) const FIRST_KEY: &[u8] = &[0, 0];
/// Sorts after every key: the longest are signatures.
pub(super) const AFTER_LAST_KEY: &[u8] = &[0xff; 65];

/// Meta key of the format record.
pub(super) const FORMAT_KEY: &[u8] = b"format";
/// Meta key of the tip.
pub(super) const TIP_KEY: &[u8] = b"tip";
/// Meta key of the number of genesis accounts.
pub(super) const GENESIS_KEY: &[u8] = b"genesis";

/// Meta key of what is kept of the past.
pub(super) const LEDGER_KEY: &[u8] = b"ledger";

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Format record, tip, what is kept, number of genesis accounts: by name.
    Meta,
    /// Current accounts by pubkey.
    Accounts,
    /// Statuses of a block by slot.
    Statuses,
    /// Header of a block by slot, genesis included.
    Headers,
    /// Transactions of a block by slot.
    Transactions,
    /// Fingerprints of a block's changed accounts by slot.
    Changes,
    /// Details of a block's receipts by slot, if kept.
    Details,
    /// Changed accounts as they were before a block by slot, if kept.
    History,
    /// Place of a transaction by its first signature, if kept.
    Signatures,
    /// Positions of transactions by address and slot, if kept.
    Addresses,
    /// Accounts of the genesis state by pubkey; never changed.
    GenesisAccounts,
}

impl Column {
    pub(super) const ALL: [Self; 11] = [
        Self::Meta,
        Self::Accounts,
        Self::Statuses,
        Self::Headers,
        Self::Transactions,
        Self::Changes,
        Self::Details,
        Self::History,
        Self::Signatures,
        Self::Addresses,
        Self::GenesisAccounts,
    ];

    /// Columns that carry the mark of the newest block.
    pub(super) const MARKED: [Self; 9] = [
        Self::Accounts,
        Self::Statuses,
        Self::Headers,
        Self::Transactions,
        Self::Changes,
        Self::Details,
        Self::History,
        Self::Signatures,
        Self::Addresses,
    ];

    /// Columns of lists that are kept as long as the blocks themselves, by slot.
    pub(super) const OF_BLOCKS: [Self; 3] = [Self::Transactions, Self::Changes, Self::Details];

    /// Name of the column family on disk.
    pub(super) const fn name(self) -> &'static str {
        match self {
            // RocksDB always has a column family of this name.
            Self::Meta => "default",
            Self::Accounts => "accounts",
            Self::Statuses => "statuses",
            Self::Headers => "headers",
            Self::Transactions => "transactions",
            Self::Changes => "changes",
            Self::Details => "details",
            Self::History => "history",
            Self::Signatures => "signatures",
            Self::Addresses => "addresses",
            Self::GenesisAccounts => "genesis_accounts",
        }
    }

    /// A key as a person would write it.
    pub(super) fn display_key(self, key: &[u8]) -> String {
        if key == MARK_KEY {
            return "mark".to_owned();
        }
        let text = match self {
            Self::Meta => None,
            Self::Signatures => (key.len() == 64).then(|| bs58::encode(key).into_string()),
            Self::Accounts | Self::GenesisAccounts => pubkey_of(key).ok().map(|key| key.to_string()),
            Self::Addresses => address_of(key).ok().map(|(address, slot)| format!("{address} in slot {slot}")),
            _ => slot_of(key).ok().map(|slot| format!("slot {slot}")),
        };
        text.unwrap_or_else(|| key.escape_ascii().to_string())
    }
}

/// Key of a block's records: big-endian, so that keys sort by slot.
pub(super) fn slot_key(slot: u64) -> [u8; 8] {
    slot.to_be_bytes()
}

/// The slot of a key.
pub(super) fn slot_of(key: &[u8]) -> Result<u64, DecodeError> {
    let bytes = key.try_into().map_err(|_| DecodeError::Value { field: "key length", value: key.len() as u64 })?;
    Ok(u64::from_be_bytes(bytes))
}

/// The pubkey of a key.
pub(super) fn pubkey_of(key: &[u8]) -> Result<Pubkey, DecodeError> {
    Pubkey::try_from(key).map_err(|_| DecodeError::Value { field: "key length", value: key.len() as u64 })
}

/// Key of the positions of transactions that name `address` in the block at `slot`.
pub(super) fn address_key(address: &Pubkey, slot: u64) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(address.as_ref());
    key[32..].copy_from_slice(&slot_key(slot));
    key
}

/// The address and the slot of a key.
pub(super) fn address_of(key: &[u8]) -> Result<(Pubkey, u64), DecodeError> {
    let wrong = DecodeError::Value { field: "key length", value: key.len() as u64 };
    let (address, slot) = key.split_at_checked(32).ok_or(wrong)?;
    Ok((pubkey_of(address)?, slot_of(slot)?))
}

/// Whether an index entry is of a block at or after `slot`. What cannot be read is left for readers to complain about.
pub(super) fn is_entry_from(column: Column, key: &[u8], value: &[u8], slot: u64) -> bool {
    let entry_slot = match column {
        _ if key == MARK_KEY => None,
        Column::Signatures => decode_place(value).ok().map(|place: TransactionPlace| place.slot),
        Column::Addresses => address_of(key).ok().map(|(_, slot)| slot),
        _ => None,
    };
    entry_slot.is_none_or(|entry_slot| entry_slot >= slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_mark_first() {
        let addresses =
            [address_key(&Pubkey::default(), 0), address_key(&Pubkey::new_from_array([0xff; 32]), u64::MAX)];
        let others = [&[0; 32][..], &[0xff; 32], &[0; 64], &[0xff; 64], &slot_key(0), &slot_key(u64::MAX)];
        for key in others.into_iter().chain(addresses.iter().map(|key| &key[..])) {
            assert!(MARK_KEY < FIRST_KEY && FIRST_KEY < key && key < AFTER_LAST_KEY);
        }
        assert!(slot_key(255) < slot_key(256));
        assert_eq!(slot_of(&slot_key(77)), Ok(77));
        assert_eq!(address_of(&addresses[1]), Ok((Pubkey::new_from_array([0xff; 32]), u64::MAX)));
        assert!(slot_of(MARK_KEY).is_err() && pubkey_of(&slot_key(1)).is_err());
    }

    #[test]
    fn only_entries_of_pruned_blocks_go() {
        let place = crate::codec::encode_place(TransactionPlace { slot: 9, position: 1 });
        let address = address_key(&Pubkey::default(), 9);
        for (column, key, value) in [(Column::Signatures, &[7; 64][..], &place[..]), (Column::Addresses, &address, &[])]
        {
            assert!(is_entry_from(column, key, value, 9));
            assert!(!is_entry_from(column, key, value, 10));
            assert!(is_entry_from(column, MARK_KEY, &[], 10), "the mark stays");
            assert!(is_entry_from(column, &[1, 2], &[1], 10), "what is no entry stays");
        }
    }

    #[test]
    fn keys_read_well() {
        assert_eq!(Column::Headers.display_key(&slot_key(12)), "slot 12");
        assert_eq!(Column::Accounts.display_key(&[0; 32]), "11111111111111111111111111111111");
        assert_eq!(Column::Meta.display_key(TIP_KEY), "tip");
        assert_eq!(Column::Accounts.display_key(MARK_KEY), "mark");
        assert_eq!(Column::Changes.display_key(b"a\xff"), "a\\xff");
        let system = address_key(&Pubkey::default(), 3);
        assert_eq!(Column::Addresses.display_key(&system), "11111111111111111111111111111111 in slot 3");
    }
}
