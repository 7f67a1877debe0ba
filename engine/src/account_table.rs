//! The account table: every account touched since the engine was opened, in slots addressed by dense indices.
//!
//! A key is interned once, at ingress; workers see indices and never hash a key. Indices are given out by an append-only
//! table of chunks, so that interning (for the next block) and access (for this one) need no common lock.
//!
//! A slot holds the newest executed state and, while a block is open, the state before it. The schedule gives each
//! worker exclusive or shared access to a slot, so its lock is never contended: a failed `try_` is a scheduling bug and
//! panics, which aborts the block.
//!
//! ```text
//!  interned ── load ──▶ clean ── first write of a block ──▶ dirty (before kept) ── close block ──▶ clean
//!                                                              └─ discard block: before restored ──▶ clean
//! ```

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use ahash::RandomState;
use hashbrown::HashTable;
use heddle_storage::{Store, StoreError};
use heddle_types::{Account, AccountIndex, Pubkey};
use parking_lot::RwLock;

/// Shards of the key map; a power of two.
const SHARD_COUNT: usize = 64;
/// Slots of the first chunk; each further chunk doubles the table.
const CHUNK_SLOTS_FIRST: u32 = 1024;
/// Chunks that cover every index of 32 bits.
const CHUNK_COUNT: usize = 23;

/// One account's place.
pub(crate) struct Slot {
    pub(crate) key: Pubkey,
    /// No transaction may write it (sysvars and builtins).
    pub(crate) is_reserved: bool,
    state: RwLock<SlotState>,
}

#[derive(Default)]
struct SlotState {
    account: Account,
    /// The state before the open block, if the block wrote it.
    before: Option<Box<Account>>,
    is_loaded: bool,
}

/// A change of one account by one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    /// Which account.
    pub key: Pubkey,
    /// State before the block; absent accounts have no lamports.
    pub before: Account,
    /// State after the block; absent accounts have no lamports.
    pub after: Account,
    pub(crate) index: AccountIndex,
}

/// See the [module](self).
pub(crate) struct AccountTable {
    shards: Vec<RwLock<HashTable<u32>>>,
    hasher: RandomState,
    chunks: [OnceLock<Box<[OnceLock<Slot>]>>; CHUNK_COUNT],
    next_index: AtomicU32,
}

impl AccountTable {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARD_COUNT).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            chunks: [const { OnceLock::new() }; CHUNK_COUNT],
            next_index: AtomicU32::new(0),
        }
    }

    /// The index of `key`, given out on first sight.
    pub(crate) fn intern(&self, key: &Pubkey) -> AccountIndex {
        let hash = self.hasher.hash_one(key);
        let shard = &self.shards[(hash >> 58) as usize % SHARD_COUNT];
        let is_key = |index: &u32| self.slot(AccountIndex(*index)).key == *key;
        if let Some(index) = shard.read().find(hash, is_key) {
            return AccountIndex(*index);
        }
        let mut shard = shard.write();
        if let Some(index) = shard.find(hash, is_key) {
            return AccountIndex(*index);
        }
        let index = self.append(*key);
        shard.insert_unique(hash, index, |index| self.hasher.hash_one(self.slot(AccountIndex(*index)).key));
        AccountIndex(index)
    }

    /// The index of `key`, if it was ever seen.
    pub(crate) fn find(&self, key: &Pubkey) -> Option<AccountIndex> {
        let hash = self.hasher.hash_one(key);
        let shard = self.shards[(hash >> 58) as usize % SHARD_COUNT].read();
        shard.find(hash, |index| self.slot(AccountIndex(*index)).key == *key).map(|index| AccountIndex(*index))
    }

    fn append(&self, key: Pubkey) -> u32 {
        let index = self.next_index.fetch_add(1, Ordering::Relaxed);
        let (chunk, offset) = locate(index);
        let slots = self.chunks[chunk].get_or_init(|| {
            let slots = if chunk == 0 { CHUNK_SLOTS_FIRST } else { CHUNK_SLOTS_FIRST << (chunk - 1) };
            (0..slots).map(|_| OnceLock::new()).collect()
        });
        let slot = Slot { key, is_reserved: heddle_programs::is_reserved(&key), state: RwLock::default() };
        assert!(slots[offset].set(slot).is_ok(), "account index {index} was given out twice");
        index
    }

    pub(crate) fn slot(&self, index: AccountIndex) -> &Slot {
        let (chunk, offset) = locate(index.0);
        self.chunks[chunk].get().and_then(|slots| slots[offset].get()).expect("an index comes from `intern`")
    }

    /// Loads from `store` those of `indices` that were never loaded.
    pub(crate) fn load(&self, indices: &[AccountIndex], store: &dyn Store) -> Result<(), StoreError> {
        let mut missing: Vec<AccountIndex> =
            indices.iter().copied().filter(|&index| !self.slot(index).state.read().is_loaded).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        let keys: Vec<Pubkey> = missing.iter().map(|&index| self.slot(index).key).collect();
        for (index, account) in missing.into_iter().zip(store.accounts(&keys)?) {
            let mut state = self.slot(index).state.write();
            if !state.is_loaded {
                state.account = account.unwrap_or_default();
                state.is_loaded = true;
            }
        }
        Ok(())
    }

    /// A snapshot of the account.
    ///
    /// # Panics
    /// If a writer holds the slot: the schedule must not let that happen.
    pub(crate) fn read(&self, index: AccountIndex) -> Account {
        self.with(index, Account::clone)
    }

    /// Looks at the account without copying it.
    ///
    /// # Panics
    /// As [`Self::read`].
    pub(crate) fn with<T>(&self, index: AccountIndex, look: impl FnOnce(&Account) -> T) -> T {
        let state = self.slot(index).state.try_read().expect("a reader met a writer: the schedule is wrong");
        debug_assert!(state.is_loaded, "account read before it was loaded");
        look(&state.account)
    }

    /// A snapshot for readers outside the schedule (they wait for a writer to finish).
    pub(crate) fn peek(&self, index: AccountIndex) -> Option<Account> {
        let state = self.slot(index).state.read();
        state.is_loaded.then(|| state.account.clone())
    }

    /// Writes the account; `true` if this is the open block's first write of it.
    ///
    /// # Panics
    /// If anybody else holds the slot: the schedule must not let that happen.
    pub(crate) fn write(&self, index: AccountIndex, account: Account) -> bool {
        let mut state = self.slot(index).state.try_write().expect("a writer met another: the schedule is wrong");
        let account = if account.exists() { account } else { Account::default() };
        let before = std::mem::replace(&mut state.account, account);
        if state.before.is_some() {
            return false;
        }
        state.before = Some(Box::new(before));
        true
    }

    /// Ends the open block for `index`; `None` if the account is as it was before.
    pub(crate) fn close(&self, index: AccountIndex) -> Option<AccountChange> {
        let slot = self.slot(index);
        let mut state = slot.state.write();
        let before = *state.before.take()?;
        if before == state.account {
            return None;
        }
        Some(AccountChange { key: slot.key, before, after: state.account.clone(), index })
    }

    /// Takes back the open block's writes of `index`.
    pub(crate) fn reset(&self, index: AccountIndex) {
        let mut state = self.slot(index).state.write();
        if let Some(before) = state.before.take() {
            state.account = *before;
        }
    }

    /// Takes back a change of a closed block.
    pub(crate) fn revert(&self, change: &AccountChange) {
        self.slot(change.index).state.write().account = change.before.clone();
    }

    /// Puts a state that did not come from a block.
    #[cfg(test)]
    pub(crate) fn put(&self, index: AccountIndex, account: Account) {
        let mut state = self.slot(index).state.write();
        state.account = account;
        state.is_loaded = true;
    }

    /// Accounts ever seen.
    pub(crate) fn len(&self) -> u32 {
        self.next_index.load(Ordering::Relaxed)
    }
}

/// (chunk, offset) of an index: chunk 0 holds the first 1024, chunk n as many as all before it.
fn locate(index: u32) -> (usize, usize) {
    let block = index / CHUNK_SLOTS_FIRST;
    if block == 0 {
        return (0, index as usize);
    }
    let chunk = 32 - block.leading_zeros();
    let start = CHUNK_SLOTS_FIRST << (chunk - 1);
    (chunk as usize, (index - start) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_index_once() {
        let mut expected = (0, 0);
        for index in 0..20_000u32 {
            assert_eq!(locate(index), expected, "index {index}");
            let size = if expected.0 == 0 { 1024 } else { 1024 << (expected.0 - 1) };
            expected = if expected.1 + 1 == size { (expected.0 + 1, 0) } else { (expected.0, expected.1 + 1) };
        }
        assert!(locate(u32::MAX).0 < CHUNK_COUNT);
    }

    #[test]
    fn interning_from_many_threads_agrees() {
        let table = AccountTable::new();
        let key = |n: u32| Pubkey::new_from_array(*blake3::hash(&n.to_le_bytes()).as_bytes());
        let seen: Vec<Vec<AccountIndex>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..5000).map(|n| table.intern(&key(n))).collect())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(seen.iter().all(|indices| *indices == seen[0]));
        assert_eq!(table.len(), 5000);
        assert_eq!(table.find(&key(4999)), Some(seen[0][4999]));
        assert_eq!(table.find(&key(5000)), None);
    }

    #[test]
    fn a_block_can_be_closed_reset_and_reverted() {
        let table = AccountTable::new();
        let index = table.intern(&Pubkey::new_from_array([1; 32]));
        table.put(index, Account::with_lamports(5));
        assert!(table.write(index, Account::with_lamports(6)));
        assert!(!table.write(index, Account::with_lamports(7)));
        let change = table.close(index).unwrap();
        assert_eq!((change.before.lamports, change.after.lamports), (5, 7));
        table.write(index, Account::with_lamports(8));
        table.reset(index);
        assert_eq!(table.read(index).lamports, 7);
        table.revert(&change);
        assert_eq!(table.read(index).lamports, 5);
        table.write(index, Account::with_lamports(9));
        table.write(index, Account::with_lamports(5));
        assert_eq!(table.close(index), None);
    }
}
