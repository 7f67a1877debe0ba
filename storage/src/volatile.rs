//! A store for engines whose state lives and dies with them: it keeps the genesis state and nothing after it.
//!
//! An engine holds every account that it has touched, so it asks its store only for those of genesis. Who opens the
//! store again begins again at genesis.

use std::collections::HashMap;

use ahash::RandomState;
use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StoredTransaction};
use parking_lot::RwLock;

use crate::{BlockBatch, LATTICE_BYTES, Store, StoreError, Tip, batch};

/// [`Store`] that forgets every block: commits are checked to follow one another, and cost nothing.
#[derive(Default)]
pub struct VolatileStore {
    /// `None` before `initialize`.
    chain: RwLock<Option<Chain>>,
}

struct Chain {
    genesis: Genesis,
    lattice: Box<[u8; LATTICE_BYTES]>,
    /// Looked up by attackers' keys: a keyed hash. Positions among the genesis accounts.
    positions: HashMap<Pubkey, usize, RandomState>,
    /// The newest block that was committed.
    newest: BlockHeader,
}

impl VolatileStore {
    /// A store without a chain.
    pub fn new() -> Self {
        Self::default()
    }

    fn read<T: Default>(&self, read: impl FnOnce(&Chain) -> T) -> T {
        self.chain.read().as_ref().map(read).unwrap_or_default()
    }
}

impl Store for VolatileStore {
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        let mut chain = self.chain.write();
        if let Some(chain) = &*chain {
            return Err(StoreError::AlreadyInitialized { tip_slot: chain.genesis.header.slot });
        }
        batch::check_genesis(genesis, lattice)?;
        let positions = genesis.accounts.iter().enumerate().map(|(position, (key, _))| (*key, position)).collect();
        let newest = genesis.header;
        *chain = Some(Chain { genesis: genesis.clone(), lattice: Box::new(*lattice), positions, newest });
        Ok(())
    }

    /// The genesis state: what an engine that opens the store finds. Its blocks then follow that.
    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        let mut chain = self.chain.write();
        Ok(chain.as_mut().map(|chain| {
            chain.newest = chain.genesis.header;
            Tip { header: chain.genesis.header, lattice: chain.lattice.clone() }
        }))
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        let chain = self.chain.read();
        let account = |key: &Pubkey| {
            let chain = chain.as_ref()?;
            chain.positions.get(key).map(|&position| chain.genesis.accounts[position].1.clone())
        };
        Ok(keys.iter().map(account).collect())
    }

    fn commit(&self, batch: &BlockBatch) -> Result<(), StoreError> {
        let mut chain = self.chain.write();
        let chain = chain.as_mut().ok_or(StoreError::NotInitialized)?;
        batch::check_next(&chain.newest, &batch.header)?;
        chain.newest = batch.header;
        Ok(())
    }

    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(self.read(|chain| (chain.genesis.header.slot == slot).then_some(chain.genesis.header)))
    }

    fn next_header(&self, _slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(None)
    }

    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        Ok(self.read(|chain| [chain.genesis.header].into_iter().take(count).collect()))
    }

    fn transactions(&self, _slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        Ok(Vec::new())
    }

    fn changes(&self, _slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        Ok(Vec::new())
    }

    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        Ok(Vec::new())
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        Ok(self.read(|chain| Some(chain.genesis.clone())))
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        let accounts = self.read(|chain| chain.genesis.accounts.clone());
        accounts.into_iter().for_each(|(key, account)| visit(&key, account));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use heddle_types::Hash;

    use super::*;

    #[test]
    fn blocks_follow_one_another_and_reopening_begins_again() {
        let lattice = Box::new([0; LATTICE_BYTES]);
        let state_hash = Hash::new_from_array(*blake3::hash(&lattice[..]).as_bytes());
        let header = BlockHeader { state_hash, ..BlockHeader::default() };
        let key = Pubkey::new_from_array([7; 32]);
        let store = VolatileStore::new();
        assert!(store.tip().unwrap().is_none());
        let accounts = vec![(key, Account::with_lamports(5))];
        store.initialize(&Genesis { header, accounts: accounts.clone() }, &lattice).unwrap();
        assert!(store.initialize(&Genesis { header, accounts }, &lattice).is_err());
        let block = |parent: &BlockHeader| BlockBatch {
            header: BlockHeader {
                slot: parent.slot + 1,
                parent_slot: parent.slot,
                height: parent.height + 1,
                parent_hash: parent.block_hash,
                block_hash: Hash::new_from_array([parent.slot as u8 + 1; 32]),
                state_hash,
                ..BlockHeader::default()
            },
            lattice: lattice.clone(),
            accounts: vec![(key, None)],
            before: None,
            statuses: Vec::new(),
            transactions: Vec::new(),
            statuses_from_slot: 0,
        };
        let first = block(&header);
        store.commit(&first).unwrap();
        assert!(matches!(store.commit(&first), Err(StoreError::NotNext { .. })));
        store.commit(&block(&first.header)).unwrap();
        assert_eq!(store.accounts(&[key]).unwrap(), [Some(Account::with_lamports(5))], "genesis stays");
        assert_eq!(store.tip().unwrap().unwrap().header, header);
        store.commit(&first).unwrap();
    }
}
