//! The column families and their keys.
//!
//! Invariant: every column but [`Column::Meta`] and [`Column::GenesisAccounts`] is written by every block, at least
//! with its mark, so that a column that fell behind is found when the database is opened.

use heddle_types::Pubkey;

use crate::codec::DecodeError;

/// Key of a column's mark; sorts before every other key of the column.
pub(super) const MARK_KEY: &[u8] = &[0];
/// Sorts after [`MARK_KEY`] and not after any pubkey or slot.
pub(super) const FIRST_KEY: &[u8] = &[0, 0];
/// Sorts after every pubkey and slot.
pub(super) const AFTER_LAST_KEY: &[u8] = &[0xff; 33];

/// Meta key of the format record.
pub(super) const FORMAT_KEY: &[u8] = b"format";
/// Meta key of the tip.
pub(super) const TIP_KEY: &[u8] = b"tip";
/// Meta key of the number of genesis accounts.
pub(super) const GENESIS_KEY: &[u8] = b"genesis";

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Format record, tip, number of genesis accounts: by name.
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
    /// Accounts of the genesis state by pubkey; never changed.
    GenesisAccounts,
}

impl Column {
    pub(super) const ALL: [Self; 7] = [
        Self::Meta,
        Self::Accounts,
        Self::Statuses,
        Self::Headers,
        Self::Transactions,
        Self::Changes,
        Self::GenesisAccounts,
    ];

    /// Columns that carry the mark of the newest block.
    pub(super) const MARKED: [Self; 5] =
        [Self::Accounts, Self::Statuses, Self::Headers, Self::Transactions, Self::Changes];

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
            Self::GenesisAccounts => "genesis_accounts",
        }
    }

    /// A key as a person would write it.
    pub(super) fn display_key(self, key: &[u8]) -> String {
        if key == MARK_KEY {
            return "mark".to_owned();
        }
        if let Ok(slot) = slot_of(key)
            && !matches!(self, Self::Meta | Self::Accounts | Self::GenesisAccounts)
        {
            return format!("slot {slot}");
        }
        match Pubkey::try_from(key) {
            Ok(pubkey) if self != Self::Meta => pubkey.to_string(),
            _ => key.escape_ascii().to_string(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_mark_first() {
        for key in [&[0; 32][..], &[0xff; 32], &slot_key(0), &slot_key(u64::MAX)] {
            assert!(MARK_KEY < FIRST_KEY && FIRST_KEY < key && key < AFTER_LAST_KEY);
        }
        assert!(slot_key(255) < slot_key(256));
        assert_eq!(slot_of(&slot_key(77)), Ok(77));
        assert!(slot_of(MARK_KEY).is_err() && pubkey_of(&slot_key(1)).is_err());
    }

    #[test]
    fn keys_read_well() {
        assert_eq!(Column::Headers.display_key(&slot_key(12)), "slot 12");
        assert_eq!(Column::Accounts.display_key(&[0; 32]), "11111111111111111111111111111111");
        assert_eq!(Column::Meta.display_key(TIP_KEY), "tip");
        assert_eq!(Column::Accounts.display_key(MARK_KEY), "mark");
        assert_eq!(Column::Changes.display_key(b"a\xff"), "a\\xff");
    }
}
