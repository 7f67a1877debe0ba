//! An earlier state: a view of a store as it was after some kept block, for reading and for executing from there.
//!
//! The view holds the accounts that later blocks changed, as they were, and reads the others from the store below. That
//! store may go on: what its new blocks change is taken into the view before an answer is given.

use std::{collections::BTreeMap, sync::Arc};

use heddle_types::{
    Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StoredTransaction, TransactionPlace,
};
use parking_lot::RwLock;

use crate::{BlockBatch, BlockHistory, LATTICE_BYTES, Ledger, Store, StoreError, Tip};

/// Read-only [`Store`] whose tip is an earlier block of another store.
///
/// Memory grows with the accounts that changed since.
pub struct PastStore {
    store: Arc<dyn Store>,
    tip: Tip,
    statuses_from_slot: u64,
    later: RwLock<Later>,
}

/// What later blocks changed.
struct Later {
    /// The newest block that was taken in.
    newest: BlockHeader,
    /// Accounts as they were after the view's tip.
    accounts: BTreeMap<Pubkey, Option<Account>>,
}

impl PastStore {
    /// A view of `store` after its block at `slot` (0: genesis). O(accounts changed since).
    ///
    /// # Errors
    /// [`StoreError::NotKept`] if there is no such block or its history is not kept; [`StoreError::NotInitialized`]; what
    /// the medium says.
    pub fn at(store: Arc<dyn Store>, slot: u64) -> Result<Self, StoreError> {
        let newest = store.tip()?.ok_or(StoreError::NotInitialized)?;
        let header = store.header(slot)?.ok_or(StoreError::NotKept { slot })?;
        if slot == newest.header.slot {
            let statuses_from_slot = store.ledger()?.statuses_from;
            let later = RwLock::new(Later { newest: header, accounts: BTreeMap::new() });
            return Ok(Self { store, tip: newest, statuses_from_slot, later });
        }
        let first = store.next_header(slot)?.ok_or(StoreError::NotKept { slot })?;
        let history = store.history(first.slot)?.ok_or(StoreError::NotKept { slot })?;
        let BlockHistory { lattice, statuses_from_slot, .. } = history;
        let later = RwLock::new(Later { newest: header, accounts: BTreeMap::new() });
        let view = Self { store, tip: Tip { header, lattice }, statuses_from_slot, later };
        view.catch_up()?;
        Ok(view)
    }

    /// Takes in what the store's new blocks changed.
    fn catch_up(&self) -> Result<(), StoreError> {
        let newest = self.later.read().newest;
        if self.store.next_header(newest.slot)?.is_none() {
            return self.check_ancestor(newest);
        }
        let mut later = self.later.write();
        while let Some(header) = self.store.next_header(later.newest.slot)? {
            let slot = self.tip.header.slot;
            let is_child = header.parent_hash == later.newest.block_hash;
            let history = self.store.history(header.slot)?.filter(|_| is_child).ok_or(StoreError::NotKept { slot })?;
            for (key, account) in history.accounts {
                // What an earlier block found is what the view shows.
                later.accounts.entry(key).or_insert(account);
            }
            later.newest = header;
        }
        Ok(())
    }

    /// Checks that the block is still part of the chain: the store may have been taken back behind it.
    fn check_ancestor(&self, newest: BlockHeader) -> Result<(), StoreError> {
        let is_there = self.store.header(newest.slot)? == Some(newest);
        if is_there { Ok(()) } else { Err(StoreError::NotKept { slot: self.tip.header.slot }) }
    }

    fn has(&self, slot: u64) -> bool {
        slot <= self.tip.header.slot
    }

    fn read_only<T>(&self) -> Result<T, StoreError> {
        Err(StoreError::Past { slot: self.tip.header.slot })
    }
}

impl Store for PastStore {
    fn initialize(&self, _genesis: &Genesis, _lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        self.read_only()
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        Ok(Some(self.tip.clone()))
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        // First the read, then the catching up: a block that came between is then taken in.
        let mut accounts = self.store.accounts(keys)?;
        self.catch_up()?;
        let later = self.later.read();
        for (account, key) in accounts.iter_mut().zip(keys) {
            if let Some(before) = later.accounts.get(key) {
                account.clone_from(before);
            }
        }
        Ok(accounts)
    }

    fn commit(&self, _batch: &BlockBatch) -> Result<(), StoreError> {
        self.read_only()
    }

    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        if self.has(slot) { self.store.header(slot) } else { Ok(None) }
    }

    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(self.store.next_header(slot)?.filter(|header| self.has(header.slot)))
    }

    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        let Some(newest) = self.store.tip()? else { return Ok(Vec::new()) };
        let later = newest.header.height.saturating_sub(self.tip.header.height);
        let mut headers = self.store.recent_headers(count.saturating_add(later as usize))?;
        headers.retain(|header| self.has(header.slot));
        Ok(headers.split_off(headers.len().saturating_sub(count)))
    }

    fn for_each_header(&self, visit: &mut dyn FnMut(&BlockHeader)) -> Result<(), StoreError> {
        self.store.for_each_header(&mut |header| {
            if self.has(header.slot) {
                visit(header);
            }
        })
    }

    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        if self.has(slot) { self.store.transactions(slot) } else { Ok(Vec::new()) }
    }

    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        if self.has(slot) { self.store.changes(slot) } else { Ok(Vec::new()) }
    }

    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        // Block by block: `statuses` below leaves out those that only earlier blocks need.
        let mut entries = Vec::new();
        let mut next = self.store.header(self.statuses_from_slot)?;
        if next.is_none() {
            next = self.store.next_header(self.statuses_from_slot)?;
        }
        while let Some(header) = next.filter(|header| self.has(header.slot)) {
            entries.extend(
                self.store.block_statuses(header.slot)?.into_iter().map(|key| StatusEntry { key, slot: header.slot }),
            );
            next = self.store.next_header(header.slot)?;
        }
        Ok(entries)
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        self.store.genesis()
    }

    fn ledger(&self) -> Result<Ledger, StoreError> {
        Ok(Ledger { statuses_from: self.statuses_from_slot, ..self.store.ledger()? })
    }

    fn transaction(&self, place: TransactionPlace) -> Result<Option<StoredTransaction>, StoreError> {
        if self.has(place.slot) { self.store.transaction(place) } else { Ok(None) }
    }

    fn place_of(&self, signature: &[u8; 64]) -> Result<Option<TransactionPlace>, StoreError> {
        Ok(self.store.place_of(signature)?.filter(|place| self.has(place.slot)))
    }

    fn places_naming(
        &self,
        address: &Pubkey,
        before: Option<TransactionPlace>,
        count_max: usize,
    ) -> Result<Vec<TransactionPlace>, StoreError> {
        let after_tip = self.tip.header.slot.checked_add(1).map(|slot| TransactionPlace { slot, position: 0 });
        let before = before.into_iter().chain(after_tip).min();
        self.store.places_naming(address, before, count_max)
    }

    fn history(&self, slot: u64) -> Result<Option<BlockHistory>, StoreError> {
        if self.has(slot) { self.store.history(slot) } else { Ok(None) }
    }

    fn revert(&self, _slot: u64) -> Result<(), StoreError> {
        self.read_only()
    }

    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        // Keys first: what is read while blocks go on is put right in portions.
        const KEYS_AT_ONCE: usize = 4096;
        self.catch_up()?;
        let mut keys: Vec<Pubkey> = Vec::new();
        self.store.for_each_account(&mut |key, _| keys.push(*key))?;
        self.catch_up()?;
        keys.extend(self.later.read().accounts.keys());
        keys.sort_unstable();
        keys.dedup();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            for (key, account) in keys.iter().zip(self.accounts(keys)?) {
                if let Some(account) = account {
                    visit(key, account);
                }
            }
        }
        Ok(())
    }
}
