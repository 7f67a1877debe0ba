//! Blocks as a store gets them, one after another: so many token accounts changed, half as many transactions.

use heddle_engine::Lattice;
use heddle_storage::{BlockBatch, Store, StoreError};
use heddle_types::{Account, BlockHeader, Genesis, Hash, Pubkey, Receipt, StatusKey, StoredTransaction, limits};

use crate::{random::Random, wire};

/// Different accounts that blocks write.
const ACCOUNTS: u64 = 100_000;
/// A token account's data.
const DATA_BYTES: usize = 165;

/// A chain of blocks.
pub struct Batches {
    random: Random,
    tip: BlockHeader,
    lattice: Lattice,
    changed_accounts: usize,
}

impl Batches {
    /// Initialises `store` and follows it with blocks that change `changed_accounts` accounts each.
    ///
    /// # Errors
    /// The store's.
    pub fn new(store: &dyn Store, changed_accounts: usize) -> Result<Self, StoreError> {
        let lattice = Lattice::default();
        let tip = BlockHeader { state_hash: lattice.state_hash(), ..BlockHeader::default() };
        store.initialize(&Genesis { header: tip, accounts: Vec::new() }, &lattice.to_bytes())?;
        Ok(Self { random: Random::new(1), tip, lattice, changed_accounts })
    }

    /// The next block. Its account keys are distinct, and scattered over all that blocks write.
    pub fn next_batch(&mut self) -> BlockBatch {
        let transaction_count = self.changed_accounts / 2;
        let slot = self.tip.slot + 1;
        let blockhash = self.hash();
        let first = self.random.below(ACCOUNTS);
        let accounts = (first..).take(self.changed_accounts).map(|number| self.account(number % ACCOUNTS)).collect();
        let transactions: Vec<_> = (0..transaction_count).map(|_| self.transaction(blockhash)).collect();
        let status = |_| StatusKey { blockhash, message_hash: self.hash() };
        let statuses = (0..transaction_count).map(status).collect();
        let header = BlockHeader {
            slot,
            parent_slot: self.tip.slot,
            parent_hash: self.tip.block_hash,
            height: self.tip.height + 1,
            transaction_count: transactions.len() as u64,
            blockhash,
            block_hash: self.hash(),
            ..self.tip
        };
        self.tip = header;
        let statuses_from_slot = slot.saturating_sub(limits::STATUS_CACHE_BLOCKS);
        let lattice = self.lattice.to_bytes();
        BlockBatch { header, lattice, accounts, before: None, statuses, transactions, statuses_from_slot }
    }

    fn account(&mut self, number: u64) -> (Pubkey, Option<Account>) {
        // As a token account's: keys and an amount that do not compress, zeros that do.
        let mut data = [0; DATA_BYTES];
        for word in data[..72].chunks_exact_mut(8) {
            word.copy_from_slice(&self.random.next_u64().to_le_bytes());
        }
        (Random::new(number).pubkey(), Some(Account::new(2_000_000, &data, heddle_programs::ids::TOKEN)))
    }

    fn transaction(&mut self, blockhash: Hash) -> StoredTransaction {
        let (from, to) = (self.random.pubkey(), self.random.pubkey());
        let mut wire = wire::transfer(from, to, self.random.next_u64(), blockhash);
        for word in wire[1..65].chunks_exact_mut(8) {
            word.copy_from_slice(&self.random.next_u64().to_le_bytes());
        }
        let receipt = Receipt {
            status: Ok(()),
            executed: true,
            fee_lamports: limits::LAMPORTS_PER_SIGNATURE,
            compute_units: 150,
            loaded_data_bytes: 330,
            details: None,
        };
        StoredTransaction { wire: wire.into(), loaded_addresses: [].into(), receipt }
    }

    fn hash(&mut self) -> Hash {
        Hash::new_from_array(self.random.pubkey().to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use heddle_storage::MemoryStore;

    use super::*;

    #[test]
    fn a_store_takes_block_after_block() -> Result<(), StoreError> {
        let store = MemoryStore::new();
        let mut batches = Batches::new(&store, 100)?;
        for slot in 1..5 {
            let batch = batches.next_batch();
            assert_eq!((batch.accounts.len(), batch.transactions.len()), (100, 50));
            store.commit(&batch)?;
            assert_eq!(store.tip()?.map(|tip| tip.header.slot), Some(slot));
        }
        Ok(())
    }
}
