//! A store in memory: for tests, for simulation, and as the model that the durable store is compared with.
//!
//! It keeps nothing across the process and never poisons, because its commits cannot fail half-way.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use ahash::RandomState;
use heddle_types::{
    Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StatusKey, StoredTransaction, TransactionPlace,
};
use parking_lot::RwLock;

use crate::{
    BlockBatch, BlockHistory, LATTICE_BYTES, Ledger, LedgerOptions, Store, StoreError, Tip, batch, index::BlockIndex,
};

/// [`Store`] without a medium.
///
/// ```text
/// empty ──initialize──▶ ready ──commit, revert──▶ ready
/// ```
pub struct MemoryStore {
    /// `None` before `initialize`.
    chain: RwLock<Option<Chain>>,
    options: LedgerOptions,
}

struct Chain {
    tip: Tip,
    genesis: Genesis,
    /// Looked up by attackers' keys: a keyed hash.
    accounts: HashMap<Pubkey, Account, RandomState>,
    headers: BTreeMap<u64, BlockHeader>,
    ledger: Ledger,
    blocks: BTreeMap<u64, Block>,
    histories: BTreeMap<u64, BlockHistory>,
    signatures: HashMap<[u8; 64], TransactionPlace, RandomState>,
    /// Positions by address and slot.
    addresses: BTreeMap<(Pubkey, u64), Vec<u32>>,
    statuses: BTreeMap<u64, Vec<StatusKey>>,
}

struct Block {
    transactions: Vec<StoredTransaction>,
    changes: Vec<AccountDigest>,
}

/// What is kept of a block that was checked.
struct Kept {
    block: Option<Block>,
    history: Option<BlockHistory>,
    index: BlockIndex,
}

impl MemoryStore {
    /// A store without a chain that keeps every block and what takes it back.
    pub fn new() -> Self {
        Self::with_ledger(LedgerOptions { history_slots: u64::MAX, ..LedgerOptions::default() })
    }

    /// A store without a chain that keeps transactions and changes of about the newest `slots` slots only (headers and
    /// accounts of all), so that its memory grows with accounts and not with transactions.
    pub fn keeping(slots: u64) -> Self {
        let options = LedgerOptions::default();
        Self::with_ledger(LedgerOptions { keep_slots: Some(slots), details: false, history_slots: 0, ..options })
    }

    /// A store without a chain that keeps of the past what `options` say.
    pub fn with_ledger(options: LedgerOptions) -> Self {
        Self { chain: RwLock::new(None), options }
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
    fn from_genesis(genesis: &Genesis, lattice: &[u8; LATTICE_BYTES], options: LedgerOptions) -> Self {
        Self {
            tip: Tip { header: genesis.header, lattice: Box::new(*lattice) },
            genesis: genesis.clone(),
            accounts: genesis.accounts.iter().cloned().collect(),
            headers: BTreeMap::from([(0, genesis.header)]),
            ledger: Ledger::default().under(options, 0),
            blocks: BTreeMap::new(),
            histories: BTreeMap::new(),
            signatures: HashMap::default(),
            addresses: BTreeMap::new(),
            statuses: BTreeMap::new(),
        }
    }

    /// Checks a batch; what is to be kept of it.
    fn check(&self, batch: &BlockBatch) -> Result<Kept, StoreError> {
        let slot = batch.header.slot;
        let options = &self.ledger.options;
        // What the durable store would refuse.
        batch::check_transactions(slot, &batch.transactions)?;
        let index = BlockIndex::of(slot, &batch.transactions, options)?;
        if options.keep_slots == Some(0) && options.history_slots == 0 {
            batch::check(batch)?;
            return Ok(Kept { block: None, history: None, index });
        }
        let changes = batch::changes(batch)?;
        let mut history = None;
        if options.history_slots > 0 {
            let read = |keys: &[Pubkey]| Ok(keys.iter().map(|key| self.accounts.get(key).cloned()).collect());
            history = Some(BlockHistory {
                lattice: self.tip.lattice.clone(),
                statuses_from_slot: self.ledger.statuses_from,
                accounts: batch::before(batch, &changes, read)?,
            });
        }
        let mut transactions = batch.transactions.clone();
        if !options.details {
            transactions.iter_mut().for_each(|transaction| transaction.receipt.details = None);
        }
        Ok(Kept { block: Some(Block { transactions, changes: batch::digests(&changes) }), history, index })
    }

    /// Applies a batch that was checked.
    fn apply(&mut self, batch: &BlockBatch, kept: Kept) {
        let slot = batch.header.slot;
        for (key, account) in &batch.accounts {
            put(&mut self.accounts, *key, batch::existing(account).cloned());
        }
        let place = |position| TransactionPlace { slot, position };
        self.signatures
            .extend(kept.index.signatures.iter().map(|(signature, position)| (*signature, place(*position))));
        let by_address = kept.index.by_address();
        self.addresses.extend(by_address.map(|(key, positions)| ((*key, slot), positions.collect())));
        self.blocks.extend(kept.block.map(|block| (slot, block)));
        self.histories.extend(kept.history.map(|history| (slot, history)));
        self.headers.insert(slot, batch.header);
        if !batch.statuses.is_empty() {
            self.statuses.insert(slot, batch.statuses.clone());
        }
        self.tip = Tip { header: batch.header, lattice: batch.lattice.clone() };
        self.prune(self.ledger.after(slot, batch.statuses_from_slot));
    }

    /// Drops what `next` does not keep any more.
    fn prune(&mut self, next: Ledger) {
        if next.blocks_from != self.ledger.blocks_from {
            self.blocks = self.blocks.split_off(&next.blocks_from);
            self.signatures.retain(|_, place| next.has_block(place.slot));
            self.addresses.retain(|(_, slot), _| next.has_block(*slot));
        }
        if let Some(from) = next.history_from {
            self.histories = self.histories.split_off(&from);
        }
        // Who takes a block back needs the statuses that the block before it needed.
        let oldest = self.histories.values().next();
        let needed_from = oldest.map_or(next.statuses_from, |history| history.statuses_from_slot);
        self.statuses = self.statuses.split_off(&needed_from.min(next.statuses_from));
        self.ledger = next;
    }

    /// Takes back every block after `slot`.
    fn revert(&mut self, slot: u64) -> Result<(), StoreError> {
        let Some(header) = self.headers.get(&slot).copied() else { return Err(StoreError::NotKept { slot }) };
        let Some(next) = slot.checked_add(1) else { return Ok(()) };
        let taken_back: Vec<u64> = self.headers.range(next..).map(|(slot, _)| *slot).collect();
        if taken_back.iter().any(|slot| !self.histories.contains_key(slot)) {
            return Err(StoreError::NotKept { slot });
        }
        for slot in taken_back.into_iter().rev() {
            let Some(history) = self.histories.remove(&slot) else { continue };
            for (key, account) in history.accounts {
                put(&mut self.accounts, key, account);
            }
            self.tip.lattice = history.lattice;
            self.ledger.statuses_from = history.statuses_from_slot;
        }
        self.tip.header = header;
        self.ledger = self.ledger.before(slot, self.ledger.statuses_from);
        self.headers.split_off(&next);
        self.blocks.split_off(&next);
        self.statuses.split_off(&next);
        self.signatures.retain(|_, place| place.slot <= slot);
        self.addresses.retain(|(_, named_in), _| *named_in <= slot);
        Ok(())
    }
}

fn put(accounts: &mut HashMap<Pubkey, Account, RandomState>, key: Pubkey, account: Option<Account>) {
    match account {
        Some(account) => drop(accounts.insert(key, account)),
        None => drop(accounts.remove(&key)),
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
        *chain = Some(Chain::from_genesis(genesis, lattice, self.options));
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
        let kept = chain.check(batch)?;
        chain.apply(batch, kept);
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

    fn for_each_header(&self, visit: &mut dyn FnMut(&BlockHeader)) -> Result<(), StoreError> {
        let headers: Vec<_> = self.read(|chain| chain.headers.values().copied().collect());
        headers.iter().for_each(visit);
        Ok(())
    }

    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        let transactions = |block: &Block| block.transactions.iter().map(without_details).collect();
        Ok(self.read(|chain| chain.blocks.get(&slot).map(transactions).unwrap_or_default()))
    }

    fn transactions_in_full(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        Ok(self.read(|chain| chain.blocks.get(&slot).map(|block| block.transactions.clone()).unwrap_or_default()))
    }

    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        Ok(self.read(|chain| chain.blocks.get(&slot).map(|block| block.changes.clone()).unwrap_or_default()))
    }

    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        Ok(self.read(|chain| {
            let entries = chain.statuses.range(chain.ledger.statuses_from..);
            entries.flat_map(|(&slot, keys)| keys.iter().map(move |&key| StatusEntry { key, slot })).collect()
        }))
    }

    fn block_statuses(&self, slot: u64) -> Result<Vec<StatusKey>, StoreError> {
        Ok(self.read(|chain| chain.statuses.get(&slot).cloned().unwrap_or_default()))
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        Ok(self.read(|chain| Some(chain.genesis.clone())))
    }

    fn ledger(&self) -> Result<Ledger, StoreError> {
        Ok(self.read(|chain| chain.ledger))
    }

    fn transaction(&self, place: TransactionPlace) -> Result<Option<StoredTransaction>, StoreError> {
        Ok(self.read(|chain| chain.blocks.get(&place.slot)?.transactions.get(place.position as usize).cloned()))
    }

    fn place_of(&self, signature: &[u8; 64]) -> Result<Option<TransactionPlace>, StoreError> {
        Ok(self.read(|chain| chain.signatures.get(signature).copied()))
    }

    fn places_naming(
        &self,
        address: &Pubkey,
        before: Option<TransactionPlace>,
        count_max: usize,
    ) -> Result<Vec<TransactionPlace>, StoreError> {
        let last_slot = before.map_or(u64::MAX, |place| place.slot);
        Ok(self.read(|chain| {
            let blocks = chain.addresses.range((*address, 0)..=(*address, last_slot)).rev();
            let places = blocks.flat_map(|((_, slot), positions)| {
                positions.iter().rev().map(|&position| TransactionPlace { slot: *slot, position })
            });
            places.filter(|place| before.is_none_or(|before| *place < before)).take(count_max).collect()
        }))
    }

    fn history(&self, slot: u64) -> Result<Option<BlockHistory>, StoreError> {
        Ok(self.read(|chain| chain.histories.get(&slot).cloned()))
    }

    fn revert(&self, slot: u64) -> Result<(), StoreError> {
        self.chain.write().as_mut().ok_or(StoreError::NotInitialized)?.revert(slot)
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
