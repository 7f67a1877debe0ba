//! A read-only store that holds one state and what a chain needs to go on from there: what an engine executes from that
//! keeps nothing.
//!
//! Where the accounts come from is the caller's business. It has no blocks: the past before the state cannot be asked for.

use heddle_storage::{BlockBatch, LATTICE_BYTES, Store, StoreError, Tip};
use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StoredTransaction};

/// Reads accounts, in the order of the keys.
pub(crate) type ReadAccounts = Box<dyn Fn(&[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> + Send + Sync>;

/// See the [module](self).
pub(crate) struct StartStore {
    pub(crate) tip: Tip,
    /// Oldest first; the last is the tip's.
    pub(crate) recent_headers: Vec<BlockHeader>,
    pub(crate) statuses: Vec<StatusEntry>,
    pub(crate) accounts: ReadAccounts,
}

impl StartStore {
    /// The state of a genesis, which is not copied.
    pub(crate) fn from_genesis(genesis: Genesis, lattice: Box<[u8; LATTICE_BYTES]>) -> Self {
        let Genesis { header, accounts } = genesis;
        let read = move |key: &Pubkey| {
            let found = accounts.binary_search_by(|(known, _)| known.cmp(key)).ok();
            found.map(|index| accounts[index].1.clone())
        };
        Self {
            tip: Tip { header, lattice },
            recent_headers: vec![header],
            statuses: Vec::new(),
            accounts: Box::new(move |keys| Ok(keys.iter().map(&read).collect())),
        }
    }

    fn read_only<T>(&self) -> Result<T, StoreError> {
        Err(StoreError::Past { slot: self.tip.header.slot })
    }
}

impl Store for StartStore {
    fn initialize(&self, _genesis: &Genesis, _lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        self.read_only()
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        Ok(Some(self.tip.clone()))
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        (self.accounts)(keys)
    }

    fn commit(&self, _batch: &BlockBatch) -> Result<(), StoreError> {
        self.read_only()
    }

    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(self.recent_headers.iter().find(|header| header.slot == slot).copied())
    }

    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(self.recent_headers.iter().find(|header| header.slot > slot).copied())
    }

    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        Ok(self.recent_headers[self.recent_headers.len().saturating_sub(count)..].to_vec())
    }

    fn transactions(&self, _slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        Ok(Vec::new())
    }

    fn changes(&self, _slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        Ok(Vec::new())
    }

    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        Ok(self.statuses.clone())
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        Ok(None)
    }

    fn for_each_account(&self, _visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        self.read_only()
    }
}
