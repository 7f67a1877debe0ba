//! The state that a request reads: that of the newest block of a commitment level.

use std::sync::Arc;

use heddle_storage::{Store, StoreError};
use heddle_types::{Account, BlockHeader, Pubkey};

use super::OpenBlock;

/// How sure a client wants to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Commitment {
    /// Executed.
    Processed,
    /// Durable.
    Confirmed,
    /// Durable, too: nothing but a developer's command takes a durable block back.
    #[default]
    Finalized,
}

/// The chain as of one block. Accounts of later blocks may show if it is held while blocks go on, but never earlier ones.
pub struct View {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) header: BlockHeader,
    pub(crate) blockhash_count: u64,
    pub(crate) transaction_count: u64,
    /// Blocks that the store does not have, oldest first.
    pub(crate) open: Vec<Arc<OpenBlock>>,
}

impl View {
    /// The newest block's header.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// The newest block's slot.
    pub fn slot(&self) -> u64 {
        self.header.slot
    }

    /// Blockhashes of the chain so far: what clients call the block height.
    pub fn blockhash_count(&self) -> u64 {
        self.blockhash_count
    }

    /// Transactions in blocks so far.
    pub fn transaction_count(&self) -> u64 {
        self.transaction_count
    }

    /// Accounts in the order of `keys`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        if self.open.is_empty() {
            return self.store.accounts(keys);
        }
        let changed = |key: &Pubkey| self.open.iter().rev().find_map(|block| block.accounts.get(key));
        let stored: Vec<Pubkey> = keys.iter().filter(|key| changed(key).is_none()).copied().collect();
        let mut read = if stored.is_empty() { Vec::new() } else { self.store.accounts(&stored)? }.into_iter();
        Ok(keys.iter().map(|key| changed(key).map_or_else(|| read.next().flatten(), Clone::clone)).collect())
    }

    /// One account.
    ///
    /// # Errors
    /// As [`Self::accounts`].
    pub fn account(&self, key: &Pubkey) -> Result<Option<Account>, StoreError> {
        Ok(self.accounts(&[*key])?.pop().flatten())
    }

    /// Accounts that blocks changed which the store does not have.
    pub fn changed_keys(&self) -> impl Iterator<Item = &Pubkey> {
        self.open.iter().flat_map(|block| block.accounts.keys())
    }

    /// The blocks that the store does not have, oldest first.
    pub fn open_blocks(&self) -> &[Arc<OpenBlock>] {
        &self.open
    }
}
