//! What requests read of a running chain: its heads, accounts, and what came of signatures.
//!
//! Two threads move the heads, the producer (a block is processed) and the committer (it is durable); a reader takes a copy of
//! both under one short lock, and never waits for a block.

use std::{collections::VecDeque, sync::Arc};

use heddle_engine::Engine;
use heddle_storage::{Store, StoreError};
use heddle_types::{Account, BlockHeader, Pubkey, StoredTransaction, TransactionError, TransactionPlace};
use parking_lot::RwLock;

use super::{
    Commitment, OpenBlock, View,
    account_index::{AccountIndex, TokenRole},
    block_cache::{BlockCache, DecodedBlock},
    open_block::SignatureBytes,
    recent_statuses::{RecentStatuses, SlotAndStatus},
};

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureStatus {
    /// In which block it is.
    pub slot: u64,
    /// Whether its instructions took effect.
    pub status: Result<(), TransactionError>,
    /// The highest level that its block has reached.
    pub commitment: Commitment,
}

/// One chain, from its opening on. A reset replaces it by another.
pub struct LiveChain {
    engine: Engine,
    heads: RwLock<Heads>,
    index: AccountIndex,
    statuses: RwLock<RecentStatuses>,
    blocks: BlockCache,
}

/// A block's header, and how much the chain has with it.
#[derive(Clone, Copy)]
struct Head {
    header: BlockHeader,
    blockhash_count: u64,
    transaction_count: u64,
}

struct Heads {
    /// Executed, not in the store; oldest first.
    open: Vec<Arc<OpenBlock>>,
    /// In the store, maybe not durable; oldest first.
    unsynced: VecDeque<Arc<OpenBlock>>,
    /// The store's newest.
    committed: Head,
    /// The newest durable one.
    confirmed: Head,
}

impl Heads {
    fn at(newest: Head) -> Self {
        Self { open: Vec::new(), unsynced: VecDeque::new(), committed: newest, confirmed: newest }
    }

    fn processed(&self) -> Head {
        self.open.last().map_or(self.committed, |block| Head::of(block))
    }
}

impl Head {
    fn of(block: &OpenBlock) -> Self {
        let OpenBlock { header, blockhash_count, transaction_count, .. } = *block;
        Self { header, blockhash_count, transaction_count }
    }

    /// The newest block of an engine that has none open. O(blocks).
    fn of_engine(engine: &Engine) -> Result<Self, StoreError> {
        let mut transaction_count = 0;
        engine.store().for_each_header(&mut |header| transaction_count += header.transaction_count)?;
        Ok(Self { header: engine.tip(), blockhash_count: engine.blockhash_count(), transaction_count })
    }
}

impl LiveChain {
    /// The chain of `engine`, which has no open blocks.
    pub(crate) fn new(engine: Engine) -> Result<Self, StoreError> {
        let heads = RwLock::new(Heads::at(Head::of_engine(&engine)?));
        Ok(Self {
            engine,
            heads,
            index: AccountIndex::default(),
            statuses: RwLock::default(),
            blocks: BlockCache::default(),
        })
    }

    /// What executes its blocks.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What keeps its blocks.
    pub fn store(&self) -> &Arc<dyn Store> {
        self.engine.store()
    }

    /// The state as of the newest block of `commitment`.
    pub fn view(&self, commitment: Commitment) -> View {
        let heads = self.heads.read();
        let is_processed = commitment == Commitment::Processed;
        let head = if is_processed { heads.processed() } else { heads.confirmed };
        let open = if is_processed { heads.open.clone() } else { Vec::new() };
        View {
            store: self.store().clone(),
            header: head.header,
            blockhash_count: head.blockhash_count,
            transaction_count: head.transaction_count,
            open,
        }
    }

    /// The newest slot of `commitment`.
    pub fn slot(&self, commitment: Commitment) -> u64 {
        let heads = self.heads.read();
        let head = if commitment == Commitment::Processed { heads.processed() } else { heads.confirmed };
        head.header.slot
    }

    /// What became of the transaction with this first signature; `None` if no block of the ledger has it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn signature_status(&self, signature: &SignatureBytes) -> Result<Option<SignatureStatus>, StoreError> {
        let confirmed_slot = {
            let heads = self.heads.read();
            let blocks = heads.open.iter().rev().chain(heads.unsynced.iter().rev());
            for block in blocks {
                if let Some(found) = block.transaction(signature) {
                    let (slot, status) = (block.header.slot, found.receipt.status.clone());
                    return Ok(Some(SignatureStatus { slot, status, commitment: Commitment::Processed }));
                }
            }
            heads.confirmed.header.slot
        };
        let recent = self.statuses.read().get(signature);
        let found = match recent {
            Some(found) => Some(found),
            None => self.stored_status(signature)?,
        };
        Ok(found.map(|(slot, status)| {
            let is_durable = slot <= confirmed_slot;
            let commitment = if is_durable { Commitment::Finalized } else { Commitment::Processed };
            SignatureStatus { slot, status, commitment }
        }))
    }

    /// Slot and status of a transaction of the ledger.
    fn stored_status(&self, signature: &SignatureBytes) -> Result<Option<SlotAndStatus>, StoreError> {
        let Some(place) = self.store().place_of(signature)? else { return Ok(None) };
        let found = self.stored_transaction(place)?;
        Ok(found.map(|stored| (place.slot, stored.receipt.status)))
    }

    /// One transaction of the ledger, with the details of its receipt.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn stored_transaction(&self, place: TransactionPlace) -> Result<Option<StoredTransaction>, StoreError> {
        let block = self.blocks.get(place.slot, &**self.store())?;
        Ok(block.get(place.position as usize).cloned())
    }

    /// Transactions of the block at `slot`, with the details of their receipts.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn transactions_with_details(&self, slot: u64) -> Result<DecodedBlock, StoreError> {
        self.blocks.get(slot, &**self.store())
    }

    /// Accounts that `program` owns, by key.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn owned_by(&self, program: &Pubkey, view: &View) -> Result<Vec<(Pubkey, Account)>, StoreError> {
        self.index.ensure(&**self.store())?;
        let keys = self.index.owned_by(program);
        self.read_candidates(keys, view, |account| account.owner == *program)
    }

    /// Token accounts that `who` has the `role` in, of every token program, by key.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn token_accounts(
        &self,
        role: TokenRole,
        who: &Pubkey,
        view: &View,
    ) -> Result<Vec<(Pubkey, Account)>, StoreError> {
        self.index.ensure(&**self.store())?;
        let keys = self.index.token_accounts(role, who);
        self.read_candidates(keys, view, |account| role.of(account).is_some_and(|key| key == *who))
    }

    /// The accounts with most lamports, most first; the sum of all.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read. O(accounts).
    pub fn largest(&self, count: usize) -> Result<(Vec<(Pubkey, u64)>, u64), StoreError> {
        let mut largest = std::collections::BTreeSet::new();
        let mut sum = 0u64;
        self.store().for_each_account(&mut |key, account| {
            sum = sum.saturating_add(account.lamports);
            largest.insert((std::cmp::Reverse(account.lamports), *key));
            if largest.len() > count {
                largest.pop_last();
            }
        })?;
        Ok((largest.into_iter().map(|(lamports, key)| (key, lamports.0)).collect(), sum))
    }

    /// Reads accounts that may be meant, and those that open blocks changed; keeps those that are.
    fn read_candidates(
        &self,
        mut keys: Vec<Pubkey>,
        view: &View,
        is_meant: impl Fn(&Account) -> bool,
    ) -> Result<Vec<(Pubkey, Account)>, StoreError> {
        keys.extend(view.changed_keys());
        keys.sort_unstable();
        keys.dedup();
        let mut found = Vec::new();
        for keys in keys.chunks(1024) {
            for (key, account) in keys.iter().zip(view.accounts(keys)?) {
                found.extend(account.filter(&is_meant).map(|account| (*key, account)));
            }
        }
        Ok(found)
    }

    /// A block was executed.
    pub(crate) fn add_processed(&self, block: Arc<OpenBlock>) {
        self.heads.write().open.push(block);
    }

    /// The store has the oldest open block.
    pub(crate) fn note_committed(&self, block: &Arc<OpenBlock>) {
        // First these: whoever sees the new head must find what is in it.
        self.index.note(&block.accounts);
        self.statuses.write().add(block);
        let mut heads = self.heads.write();
        heads.open.retain(|open| open.header.slot != block.header.slot);
        heads.committed = Head::of(block);
        heads.unsynced.push_back(block.clone());
    }

    /// Blocks up to `slot` are durable; returns those that were not before, oldest first.
    pub(crate) fn note_durable(&self, slot: u64) -> Vec<Arc<OpenBlock>> {
        let mut heads = self.heads.write();
        let mut blocks = Vec::new();
        while let Some(block) = heads.unsynced.pop_front_if(|block| block.header.slot <= slot) {
            heads.confirmed = Head::of(&block);
            blocks.push(block);
        }
        blocks
    }

    /// Blocks were taken back; none is open.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub(crate) fn note_taken_back(&self) -> Result<(), StoreError> {
        self.index.forget();
        *self.statuses.write() = RecentStatuses::default();
        self.blocks.clear();
        *self.heads.write() = Heads::at(Head::of_engine(&self.engine)?);
        Ok(())
    }

    /// Transactions in blocks so far, open ones included.
    pub(crate) fn transaction_count(&self) -> u64 {
        self.heads.read().processed().transaction_count
    }

    /// Drops what was executed and cannot be committed.
    pub(crate) fn forget_open(&self) {
        self.heads.write().open.clear();
    }
}
