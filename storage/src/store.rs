//! The store trait: what the engine asks of a database, and nothing of how it is kept.

use heddle_types::{
    Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StatusKey, StoredTransaction, TransactionPlace,
};

use crate::{BlockHistory, Ledger, StoreError, StorePressure};

/// Bytes of the accounts lattice (1024 lanes of u16, little-endian).
pub const LATTICE_BYTES: usize = 2048;

/// The newest durable block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its header.
    pub header: BlockHeader,
    /// The accounts lattice after it.
    pub lattice: Box<[u8; LATTICE_BYTES]>,
}

/// All that one block changes. A store applies it as a whole or not at all.
#[derive(Clone, Debug)]
pub struct BlockBatch {
    /// The block; its parent must be the store's tip.
    pub header: BlockHeader,
    /// The accounts lattice after the block.
    pub lattice: Box<[u8; LATTICE_BYTES]>,
    /// Accounts after the block, each once; `None` removes the account.
    pub accounts: Vec<(Pubkey, Option<Account>)>,
    /// The same accounts before the block, in the same order, if the caller has them at hand; else a store that needs
    /// them reads them.
    pub before: Option<Vec<Option<Account>>>,
    /// Statuses of the block's transactions.
    pub statuses: Vec<StatusKey>,
    /// The transactions in block order.
    pub transactions: Vec<StoredTransaction>,
    /// Statuses of slots below this one are no longer needed and may be dropped.
    pub statuses_from_slot: u64,
}

/// A place that keeps accounts and blocks.
///
/// Reads see the last committed block. Commits come from one thread at a time, in block order.
pub trait Store: Send + Sync + 'static {
    /// Writes the genesis state into an empty store, durably.
    ///
    /// # Errors
    /// [`StoreError::AlreadyInitialized`] if the store holds a chain, [`StoreError::Malformed`] if the accounts are not
    /// in ascending order or the header is not of this state: nothing was written. What the medium says: the store
    /// takes no writes until it is opened again, and is then as if this had not been called, or initialised.
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError>;

    /// The newest committed block; `None` before [`Store::initialize`].
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn tip(&self) -> Result<Option<Tip>, StoreError>;

    /// Reads accounts, in the order of `keys`. One call for many keys is cheaper than many calls.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError>;

    /// Applies a block atomically. Returns once the block is durable, unless the store was told to sync later: then
    /// [`Store::durable_slot`] says when.
    ///
    /// # Errors
    /// [`StoreError::NotNext`] if the block's parent is not the tip, [`StoreError::Malformed`] if the batch contradicts
    /// itself, [`StoreError::NotInitialized`] and [`StoreError::ReadOnly`]: nothing was written. After any other error
    /// the outcome is unknown: the store refuses further commits with [`StoreError::Poisoned`] until it is opened again.
    fn commit(&self, batch: &BlockBatch) -> Result<(), StoreError>;

    /// Header of the block at `slot`; `None` if there is none.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError>;

    /// Header of the first block after `slot` (genesis is at slot 0 and not returned for `slot == 0`).
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError>;

    /// The newest `count` headers, oldest first, genesis included.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError>;

    /// Calls `visit` for every header, oldest first, genesis included.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn for_each_header(&self, visit: &mut dyn FnMut(&BlockHeader)) -> Result<(), StoreError> {
        let mut next = self.header(0)?;
        while let Some(header) = next {
            visit(&header);
            next = self.next_header(header.slot)?;
        }
        Ok(())
    }

    /// Transactions of the block at `slot`, in block order; empty if there is no such block.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError>;

    /// Fingerprints of the accounts that the block at `slot` changed, in ascending order of key.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError>;

    /// Every kept status.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError>;

    /// Statuses of the block at `slot`, as long as the newest block, or one that the store can be taken back to, needs them.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn block_statuses(&self, slot: u64) -> Result<Vec<StatusKey>, StoreError> {
        let entries = self.statuses()?.into_iter();
        Ok(entries.filter(|entry| entry.slot == slot).map(|entry| entry.key).collect())
    }

    /// The genesis state, as given to [`Store::initialize`]; `None` before it.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn genesis(&self) -> Result<Option<Genesis>, StoreError>;

    /// Slot of the newest block that no crash and no power failure can take away; `None` before [`Store::initialize`].
    ///
    /// # Errors
    /// What the medium says.
    fn durable_slot(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.tip()?.map(|tip| tip.header.slot))
    }

    /// Makes every committed block durable.
    ///
    /// # Errors
    /// What the medium says; as after a failed [`Store::commit`], the store then takes no more blocks.
    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What is kept of the past.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn ledger(&self) -> Result<Ledger, StoreError> {
        Ok(Ledger::default())
    }

    /// As [`Store::transactions`], with the details of receipts where they are kept.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn transactions_in_full(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        let place = |position| TransactionPlace { slot, position };
        let count = self.transactions(slot)?.len() as u32;
        let mut all = Vec::with_capacity(count as usize);
        for position in 0..count {
            all.extend(self.transaction(place(position))?);
        }
        Ok(all)
    }

    /// One transaction, with its details where they are kept; `None` if its block is not kept or has fewer.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn transaction(&self, place: TransactionPlace) -> Result<Option<StoredTransaction>, StoreError> {
        Ok(self.transactions(place.slot)?.into_iter().nth(place.position as usize))
    }

    /// Where the transaction with this first signature is; `None` if it is not known or not indexed.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn place_of(&self, _signature: &[u8; 64]) -> Result<Option<TransactionPlace>, StoreError> {
        Ok(None)
    }

    /// Where the newest transactions that name `address` are, newest first, at most `count_max`, from before `before` on.
    /// Empty if there are none, or if they are not indexed.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn places_naming(
        &self,
        _address: &Pubkey,
        _before: Option<TransactionPlace>,
        _count_max: usize,
    ) -> Result<Vec<TransactionPlace>, StoreError> {
        Ok(Vec::new())
    }

    /// What takes the block at `slot` back; `None` if that is not kept, or there is no such block.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn history(&self, _slot: u64) -> Result<Option<BlockHistory>, StoreError> {
        Ok(None)
    }

    /// Takes back every block after `slot`, atomically and durably; `slot` must be that of a block (or genesis). Nothing
    /// is left of the blocks, nor of anything that was derived from them.
    ///
    /// # Errors
    /// [`StoreError::NotKept`] if what takes them back is not kept, [`StoreError::ReadOnly`], [`StoreError::NotInitialized`]:
    /// nothing was changed. After any other error the outcome is unknown, as with [`Store::commit`].
    fn revert(&self, slot: u64) -> Result<(), StoreError> {
        Err(StoreError::NotKept { slot })
    }

    /// Whether the store forgets blocks: nobody will ever read them back.
    fn is_volatile(&self) -> bool {
        false
    }

    /// How the store keeps up with its writes; `None` for one that is not on disk.
    ///
    /// # Errors
    /// What the medium says.
    fn pressure(&self) -> Result<Option<StorePressure>, StoreError> {
        Ok(None)
    }

    /// Calls `visit` for every account, in ascending order of key.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError>;
}
