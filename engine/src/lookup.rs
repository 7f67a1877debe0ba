//! Address lookup tables: the keys of a v0 transaction that are not in its bytes.
//!
//! Tables are read as they were when the block began: addresses added in the block's own slot cannot be used before the
//! next one anyway, so every order of execution sees the same keys.

use heddle_types::{Account, Pubkey, TransactionError, ids};

/// Bytes before the addresses: state tag, deactivation slot, last extended slot, its start index, authority, padding.
const META_BYTES: usize = 56;
const STATE_LOOKUP_TABLE: u32 = 1;
const NEVER: u64 = u64::MAX;

/// A decoded table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookupTable<'a> {
    deactivation_slot: u64,
    last_extended_slot: u64,
    last_extended_start_index: u8,
    addresses: &'a [Pubkey],
}

impl<'a> LookupTable<'a> {
    pub(crate) fn decode(account: &'a Account) -> Result<Self, TransactionError> {
        if !account.exists() {
            return Err(TransactionError::AddressLookupTableNotFound);
        }
        if account.owner != ids::address_lookup_table::ID {
            return Err(TransactionError::InvalidAddressLookupTableOwner);
        }
        Self::decode_data(&account.data).ok_or(TransactionError::InvalidAddressLookupTableData)
    }

    fn decode_data(data: &'a [u8]) -> Option<Self> {
        let meta = data.get(..META_BYTES)?;
        if u32::from_le_bytes(meta[..4].try_into().ok()?) != STATE_LOOKUP_TABLE {
            return None;
        }
        let addresses = &data[META_BYTES..];
        Some(Self {
            deactivation_slot: u64::from_le_bytes(meta[4..12].try_into().ok()?),
            last_extended_slot: u64::from_le_bytes(meta[12..20].try_into().ok()?),
            last_extended_start_index: meta[20],
            addresses: bytemuck::try_cast_slice(addresses).ok()?,
        })
    }

    /// The addresses usable in `slot`. `is_recent_slot` tells whether a slot is among the slot hashes: a deactivated
    /// table stays usable as long as its deactivation slot is.
    pub(crate) fn active(
        &self,
        slot: u64,
        is_recent_slot: impl Fn(u64) -> bool,
    ) -> Result<&'a [Pubkey], TransactionError> {
        let is_active =
            self.deactivation_slot == NEVER || self.deactivation_slot == slot || is_recent_slot(self.deactivation_slot);
        if !is_active {
            return Err(TransactionError::AddressLookupTableNotFound);
        }
        let count =
            if slot > self.last_extended_slot { self.addresses.len() } else { self.last_extended_start_index.into() };
        self.addresses.get(..count).ok_or(TransactionError::InvalidAddressLookupTableData)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(deactivation: u64, extended: u64, start: u8, count: u8) -> Account {
        let mut data = vec![0; META_BYTES];
        data[0] = 1;
        data[4..12].copy_from_slice(&deactivation.to_le_bytes());
        data[12..20].copy_from_slice(&extended.to_le_bytes());
        data[20] = start;
        for n in 0..count {
            data.extend_from_slice(&[n; 32]);
        }
        Account::new(1, &data, ids::address_lookup_table::ID)
    }

    #[test]
    fn addresses_of_this_slot_are_not_usable_yet() {
        let account = table(NEVER, 10, 2, 5);
        let decoded = LookupTable::decode(&account).unwrap();
        assert_eq!(decoded.active(10, |_| false).unwrap().len(), 2);
        assert_eq!(decoded.active(11, |_| false).unwrap().len(), 5);
    }

    #[test]
    fn deactivated_tables_cool_down() {
        let account = table(7, 3, 0, 1);
        let decoded = LookupTable::decode(&account).unwrap();
        assert!(decoded.active(7, |_| false).is_ok());
        assert!(decoded.active(8, |slot| slot == 7).is_ok());
        assert_eq!(decoded.active(600, |_| false), Err(TransactionError::AddressLookupTableNotFound));
    }

    #[test]
    fn refuses_what_is_no_table() {
        let refused = |account: &Account| LookupTable::decode(account).unwrap_err();
        assert_eq!(refused(&Account::default()), TransactionError::AddressLookupTableNotFound);
        assert_eq!(refused(&Account::with_lamports(1)), TransactionError::InvalidAddressLookupTableOwner);
        let short = Account::new(1, &[1; 10], ids::address_lookup_table::ID);
        assert_eq!(refused(&short), TransactionError::InvalidAddressLookupTableData);
        let mut ragged = table(NEVER, 0, 0, 1);
        ragged.data.resize(META_BYTES + 33);
        assert_eq!(refused(&ragged), TransactionError::InvalidAddressLookupTableData);
    }
}
