//! Index entries of one block: its transactions by first signature and by every account that they name.
//!
//! Entries by address are grouped, one per address and block: a program that every transaction names costs one entry,
//! not thousands.

use heddle_types::{Pubkey, StoredTransaction, TransactionView};

use crate::{LedgerOptions, Malformed};

/// The entries of one block.
#[derive(Debug, Default)]
pub(crate) struct BlockIndex {
    /// First signature, position.
    pub(crate) signatures: Vec<([u8; 64], u32)>,
    /// Address, position; in ascending order.
    pub(crate) addresses: Vec<(Pubkey, u32)>,
}

impl BlockIndex {
    /// The entries that `options` ask for; O(n log n) in the accounts that the transactions name.
    ///
    /// # Errors
    /// [`Malformed::Wire`].
    pub(crate) fn of(
        slot: u64,
        transactions: &[StoredTransaction],
        options: &LedgerOptions,
    ) -> Result<Self, Malformed> {
        let mut index = Self::default();
        if !options.signatures && !options.addresses {
            return Ok(index);
        }
        for (position, stored) in (0u32..).zip(transactions) {
            let view = TransactionView::parse(&stored.wire);
            let transaction_index = position as usize;
            let view = view.map_err(|source| Malformed::Wire { slot, transaction_index, source })?;
            if options.signatures {
                index.signatures.push((view.signatures()[0], position));
            }
            if options.addresses {
                let keys = view.static_keys().iter().chain(&stored.loaded_addresses);
                index.addresses.extend(keys.map(|key| (*key, position)));
            }
        }
        index.addresses.sort_unstable();
        index.addresses.dedup();
        Ok(index)
    }

    /// The entries by address, grouped: address, ascending positions.
    pub(crate) fn by_address(&self) -> impl Iterator<Item = (&Pubkey, impl Iterator<Item = u32>)> {
        let groups = self.addresses.chunk_by(|a, b| a.0 == b.0);
        groups.map(|group| (&group[0].0, group.iter().map(|(_, position)| *position)))
    }
}
