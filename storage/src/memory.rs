//! A store in memory: for tests, for simulation, and as the model that the durable store is compared with.
//!
//! It keeps nothing across the process and never poisons, because its commits cannot fail half-way.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use ahash::RandomState;
use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StatusKey, StoredTransaction};
use parking_lot::RwLock;

use crate::{BlockBatch, LATTICE_BYTES, Store, StoreError, Tip, batch};

/// [`Store`] without a medium.
///
/// ```text
/// empty ──initialize──▶ ready ──commit──▶ ready
/// ```
pub struct MemoryStore {
    /// `None` before `initialize`.
    chain: RwLock<Option<Chain>>,
    /// Blocks whose transactions and changes are kept.
    block_count_max: usize,
}

struct Chain {
    tip: Tip,
    genesis: Genesis,
    /// Looked up by attackers' keys: a keyed hash.
    accounts: HashMap<Pubkey, Account, RandomState>,
    headers: BTreeMap<u64, BlockHeader>,
    blocks: BTreeMap<u64, Block>,
    statuses: BTreeMap<u64, Vec<StatusKey>>,
}

struct Block {
    transactions: Vec<StoredTransaction>,
    changes: Vec<AccountDigest>,
}

impl MemoryStore {
    /// A store without a chain that keeps every block.
    pub fn new() -> Self {
        Self::keeping(usize::MAX)
    }

    /// A store without a chain that keeps transactions and changes of the newest `block_count_max` blocks only (headers
    /// and accounts of all), so that its memory grows with accounts and not with transactions.
    pub fn keeping(block_count_max: usize) -> Self {
        Self { chain: RwLock::new(None), block_count_max }
    }

    fn read<T: Default>(&self, read: impl FnOnce(&Chain) -> T) -> T {
        self.chain.read().as_ref().map(read).unwrap_or_default()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    fn from_genesis(genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Self {
        Self {
            tip: Tip { header: genesis.header, lattice: Box::new(*lattice) },
            genesis: genesis.clone(),
            accounts: genesis.accounts.iter().cloned().collect(),
            headers: BTreeMap::from([(0, genesis.header)]),
            blocks: BTreeMap::new(),
            statuses: BTreeMap::new(),
        }
    }

    /// Applies a batch that was checked; `kept` is what is remembered of the block.
    fn apply(&mut self, batch: &BlockBatch, kept: Option<Block>, block_count_max: usize) {
        let slot = batch.header.slot;
        for (key, account) in batch.accounts.iter().map(batch::after) {
            match account {
                Some(account) => drop(self.accounts.insert(*key, account.clone())),
                None => drop(self.accounts.remove(key)),
            }
        }
        if let Some(block) = kept {
            self.blocks.insert(slot, block);
        }
        while self.blocks.len() > block_count_max {
            self.blocks.pop_first();
        }
        self.headers.insert(slot, batch.header);
        if !batch.statuses.is_empty() {
            self.statuses.insert(slot, batch.statuses.clone());
        }
        self.statuses = self.statuses.split_off(&batch.statuses_from_slot);
        self.tip = Tip { header: batch.header, lattice: batch.lattice.clone() };
    }
}

impl Block {
    /// What is kept of a batch, which is checked on the way.
    fn of(batch: &BlockBatch) -> Result<Self, StoreError> {
        let changes = batch::digests(&batch::changes(batch)?);
        Ok(Self { transactions: batch.transactions.iter().map(without_details).collect(), changes })
    }
}

fn without_details(transaction: &StoredTransaction) -> StoredTransaction {
    let mut stored = transaction.clone();
    stored.receipt.details = None;
    stored
}

impl Store for MemoryStore {
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        let mut chain = self.chain.write();
        if let Some(chain) = &*chain {
            return Err(StoreError::AlreadyInitialized { tip_slot: chain.tip.header.slot });
        }
        batch::check_genesis(genesis, lattice)?;
        *chain = Some(Chain::from_genesis(genesis, lattice));
        Ok(())
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        Ok(self.read(|chain| Some(chain.tip.clone())))
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        let chain = self.chain.read();
        let accounts = chain.as_ref().map(|chain| &chain.accounts);
        Ok(keys.iter().map(|key| accounts.and_then(|accounts| accounts.get(key).cloned())).collect())
    }

    fn commit(&self, batch: &BlockBatch) -> Result<(), StoreError> {
        let mut chain = self.chain.write();
        let chain = chain.as_mut().ok_or(StoreError::NotInitialized)?;
        batch::check_next(&chain.tip.header, &batch.header)?;
        let kept = if self.block_count_max > 0 {
            Some(Block::of(batch)?)
        } else {
            batch::check(batch)?;
            None
        };
        // What the durable store would refuse.
        batch::check_transactions(batch.header.slot, &batch.transactions)?;
        chain.apply(batch, kept, self.block_count_max);
        Ok(())
    }

    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(self.read(|chain| chain.headers.get(&slot).copied()))
    }

    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        let Some(first) = slot.checked_add(1) else { return Ok(None) };
        Ok(self.read(|chain| chain.headers.range(first..).next().map(|(_, header)| *header)))
    }

    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        let mut headers: Vec<_> = self.read(|chain| chain.headers.values().rev().take(count).copied().collect());
        headers.reverse();
        Ok(headers)
    }

    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        Ok(self.read(|chain| chain.blocks.get(&slot).map(|block| block.transactions.clone()).unwrap_or_default()))
    }

    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        Ok(self.read(|chain| chain.blocks.get(&slot).map(|block| block.changes.clone()).unwrap_or_default()))
    }

    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        Ok(self.read(|chain| {
            let entries = chain.statuses.iter();
            entries.flat_map(|(&slot, keys)| keys.iter().map(move |&key| StatusEntry { key, slot })).collect()
        }))
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        Ok(self.read(|chain| Some(chain.genesis.clone())))
    }

    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        // The lock is not held while visiting: `visit` may read the store.
        let mut accounts: Vec<_> =
            self.read(|chain| chain.accounts.iter().map(|(key, account)| (*key, account.clone())).collect());
        accounts.sort_unstable_by_key(|(key, _)| *key);
        for (key, account) in accounts {
            visit(&key, account);
        }
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tip_slot = self.read(|chain| Some(chain.tip.header.slot));
        f.debug_struct("MemoryStore").field("tip_slot", &tip_slot).finish_non_exhaustive()
    }
}
