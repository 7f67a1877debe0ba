//! The account table: accounts that blocks touched, in slots addressed by dense indices.
//!
//! A key is interned once, when its block is planned; workers see indices and never hash a key. Slots are in an
//! append-only table of chunks, so that a slot never moves.
//!
//! The first write of a block hands the state before it to the writer, who keeps it until the block is closed or taken
//! back. Between blocks, while the table takes more memory than it may, slots of accounts that nobody wanted lately are
//! given to others (second chance: a hand goes round, and passes over an account that was wanted since it last came by).
//! Only accounts whose state the store has can go: a block's writes stay until the block is committed.
//!
//! ```text
//!  vacant ◀──────────────────────────────────────────────── shrink: not wanted, and committed ──┐
//!    │ interned                                                                                 │
//!    ▼                                                                                          │
//!  empty ── load ──▶ clean ── first write of a block ──▶ written (before: with the worker) ── close ──▶ clean
//!                                                           └─ reset: before put back ─────────────────▶ clean
//! ```

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

use heddle_storage::{Store, StoreError};
use heddle_types::{Account, AccountIndex, Pubkey};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};

use crate::{
    key_index::{KeyIndex, Place},
    slot::{BlockSerial, Slot},
};

/// Slots of the first chunks.
const CHUNK_SLOTS_FIRST: u32 = 1024;
/// Chunks of one size; then the size doubles, so that at most an eighth of the table is not used yet.
const CHUNKS_PER_SIZE: u32 = 8;
/// Chunks that cover every index of 32 bits.
const CHUNK_COUNT: usize = 160;
/// What an account takes beside its data: its slot, and its part of the key index.
const ACCOUNT_BYTES: usize = size_of::<OnceLock<Slot>>() + 16;
/// Accounts that one call of the store reads; more are read side by side.
const READ_AT_ONCE: usize = 256;
/// Threads that read side by side: a disk serves more requests at once than there are cores.
const READERS_MAX: usize = 4;
/// Slots that one round of [`AccountTable::shrink`] looks at, at least.
const SHRINK_STEPS_MIN: u32 = 1 << 16;

/// A change of one account by one block. Equal to another if it says the same of the same account.
#[derive(Clone, Debug, Eq)]
pub struct AccountChange {
    /// Which account.
    pub key: Pubkey,
    /// State before the block; absent accounts have no lamports.
    pub before: Account,
    /// State after the block; absent accounts have no lamports.
    pub after: Account,
    pub(crate) index: AccountIndex,
}

impl PartialEq for AccountChange {
    fn eq(&self, other: &Self) -> bool {
        // Not the index, which is the table's affair.
        (self.key, &self.before, &self.after) == (other.key, &other.before, &other.after)
    }
}

/// An account that the open block wrote, and its state before.
#[derive(Debug)]
pub(crate) struct FirstWrite {
    index: AccountIndex,
    before: Account,
}

/// See the [module](self).
pub(crate) struct AccountTable {
    keys: RwLock<Keys>,
    chunks: [OnceLock<Box<[OnceLock<Slot>]>>; CHUNK_COUNT],
    /// Slots that were ever used.
    next_index: AtomicU32,
    /// Slots that no account has.
    vacant_count: AtomicU32,
    /// Of accounts as closed blocks left them.
    data_bytes: AtomicUsize,
    /// Memory that accounts may take, as far as they can go.
    bytes_max: usize,
    /// The newest block that the store has.
    committed: AtomicU64,
    /// Held by who prefetches.
    prefetching: Mutex<()>,
}

struct Keys {
    index: KeyIndex,
    vacant: Vec<AccountIndex>,
    /// Where [`AccountTable::shrink`] goes on.
    hand: u32,
}

/// The keys, held to intern many in a row.
pub(crate) struct Interner<'a> {
    table: &'a AccountTable,
    keys: RwLockWriteGuard<'a, Keys>,
}

impl<'a> Interner<'a> {
    const KEYS_AT_ONCE: usize = 32;

    /// The indices of many keys, given out on first sight, and their slots.
    ///
    /// Each step does the same for a batch of keys, so that the processor waits for many memory accesses at once.
    pub(crate) fn intern_many(&mut self, keys: &[Pubkey], mut each: impl FnMut(AccountIndex, &'a Slot)) {
        let mut places = [(Place::default(), 0); Self::KEYS_AT_ONCE];
        let mut slots = [None; Self::KEYS_AT_ONCE];
        for keys in keys.chunks(Self::KEYS_AT_ONCE) {
            for (place, key) in places.iter_mut().zip(keys) {
                place.0 = self.keys.index.place(key);
            }
            for (place, first_look) in &mut places[..keys.len()] {
                *first_look = self.keys.index.first_look(*place);
            }
            for (slot, (place, first_look)) in slots.iter_mut().zip(places).take(keys.len()) {
                let index = self.keys.index.find_from(place, first_look, |_| true);
                *slot = index.map(|index| (index, self.table.slot(index)));
            }
            for (slot, key) in slots.iter().zip(keys) {
                let found = slot.filter(|(_, slot)| slot.is_of(key)).inspect(|(_, slot)| slot.want());
                let (index, slot) = found.unwrap_or_else(|| self.intern(key));
                each(index, slot);
            }
        }
    }

    /// The index of `key`, given out on first sight, and its slot.
    pub(crate) fn intern(&mut self, key: &Pubkey) -> (AccountIndex, &'a Slot) {
        let table = self.table;
        let place = self.keys.index.place(key);
        let found = self.keys.index.find(place, |index| table.slot(index).is_of(key));
        if let Some(index) = found {
            let slot = table.slot(index);
            slot.want();
            return (index, slot);
        }
        let index = match self.keys.vacant.pop() {
            Some(index) => table.occupy(index, key),
            None => table.append(key),
        };
        self.keys.index.insert(place, index);
        (index, table.slot(index))
    }
}

impl AccountTable {
    /// A table whose accounts take at most about `bytes_max`, unless more are in use at once or not committed.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            keys: RwLock::new(Keys { index: KeyIndex::new(), vacant: Vec::new(), hand: 0 }),
            chunks: [const { OnceLock::new() }; CHUNK_COUNT],
            next_index: AtomicU32::new(0),
            vacant_count: AtomicU32::new(0),
            data_bytes: AtomicUsize::new(0),
            bytes_max,
            committed: AtomicU64::new(0),
            prefetching: Mutex::new(()),
        }
    }

    /// Holds the keys until the guard goes.
    pub(crate) fn interner(&self) -> Interner<'_> {
        Interner { table: self, keys: self.keys.write() }
    }

    /// The index of `key`, given out on first sight.
    pub(crate) fn intern(&self, key: &Pubkey) -> AccountIndex {
        match self.find(key) {
            Some(index) => {
                self.slot(index).want();
                index
            }
            None => self.interner().intern(key).0,
        }
    }

    /// The index of `key`, if it has one.
    pub(crate) fn find(&self, key: &Pubkey) -> Option<AccountIndex> {
        let keys = self.keys.read();
        keys.index.find(keys.index.place(key), |index| self.slot(index).is_of(key))
    }

    fn append(&self, key: &Pubkey) -> AccountIndex {
        let index = AccountIndex(self.next_index.fetch_add(1, Ordering::Relaxed));
        let (chunk, offset) = locate(index.0);
        let slots = self.chunks[chunk].get_or_init(|| (0..chunk_slots(chunk)).map(|_| OnceLock::new()).collect());
        assert!(slots[offset].set(Slot::new(key)).is_ok(), "{index:?} was given out twice");
        index
    }

    fn occupy(&self, index: AccountIndex, key: &Pubkey) -> AccountIndex {
        self.vacant_count.fetch_sub(1, Ordering::Relaxed);
        self.slot(index).occupy(key);
        index
    }

    pub(crate) fn slot(&self, index: AccountIndex) -> &Slot {
        let (chunk, offset) = locate(index.0);
        self.chunks[chunk].get().and_then(|slots| slots[offset].get()).expect("an index comes from `intern`")
    }

    /// Loads from `store` those of `indices` that are not loaded. Called by who executes blocks, before anybody reads them.
    pub(crate) fn load(&self, indices: &[AccountIndex], store: &dyn Store) -> Result<(), StoreError> {
        let mut missing: Vec<AccountIndex> =
            indices.iter().copied().filter(|&index| !self.slot(index).is_loaded()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        let (pinned, others): (Vec<_>, Vec<_>) = missing.into_iter().partition(|&index| self.slot(index).pin());
        self.load_pinned(pinned, store)?;
        if others.is_empty() {
            return Ok(());
        }
        // They are on their way already. If that fails, it is tried again here, and nobody comes between.
        let _nobody_prefetches = self.prefetching.lock();
        self.load_pinned(others.into_iter().filter(|&index| self.slot(index).pin()).collect(), store)
    }

    /// Loads those of `pinned` that are not loaded, and unpins them all.
    fn load_pinned(&self, pinned: Vec<AccountIndex>, store: &dyn Store) -> Result<(), StoreError> {
        let missing: Vec<AccountIndex> =
            pinned.iter().copied().filter(|&index| !self.slot(index).is_loaded()).collect();
        let result = match &missing[..] {
            [] => Ok(()),
            few if few.len() <= READ_AT_ONCE => self.read_from(store, few),
            many => self.read_side_by_side(store, many),
        };
        pinned.iter().for_each(|&index| self.slot(index).unpin());
        result
    }

    /// Reads on threads of its own: who waits for a prefetch may be one of rayon's, for which the prefetch must not wait.
    fn read_side_by_side(&self, store: &dyn Store, indices: &[AccountIndex]) -> Result<(), StoreError> {
        let readers = indices.len().div_ceil(READ_AT_ONCE).min(READERS_MAX);
        std::thread::scope(|scope| {
            let parts = indices.chunks(indices.len().div_ceil(readers));
            let read =
                |part: &[AccountIndex]| part.chunks(READ_AT_ONCE).try_for_each(|keys| self.read_from(store, keys));
            let threads: Vec<_> = parts.map(|part| scope.spawn(move || read(part))).collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }

    fn read_from(&self, store: &dyn Store, indices: &[AccountIndex]) -> Result<(), StoreError> {
        let keys: Vec<Pubkey> = indices.iter().map(|&index| self.slot(index).key()).collect();
        let mut data_bytes = 0;
        for (&index, account) in indices.iter().zip(store.accounts(&keys)?) {
            let account = account.unwrap_or_default();
            data_bytes += account.data.len();
            self.slot(index).load(account);
        }
        self.data_bytes.fetch_add(data_bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Loads from `store` those of `keys` that are not here, while a block may be running.
    ///
    /// What is read is pinned until it is here: nobody writes an account before it is loaded, nor gives it up while it is
    /// pinned, so the store's answer is its newest state.
    pub(crate) fn prefetch(&self, keys: &[Pubkey], store: &dyn Store) -> Result<(), StoreError> {
        let _nobody_else_prefetches = self.prefetching.lock();
        let is_here = |index: AccountIndex| self.slot(index).is_loaded();
        let mut missing: Vec<&Pubkey> = keys.iter().filter(|key| !self.find(key).is_some_and(is_here)).collect();
        missing.sort_unstable();
        missing.dedup();
        let mut pinned = Vec::with_capacity(missing.len());
        {
            let mut interner = self.interner();
            for key in missing {
                let (index, slot) = interner.intern(key);
                // Who executes blocks may be loading it.
                if slot.pin() {
                    // It stays until its block comes.
                    slot.want();
                    pinned.push(index);
                }
            }
        }
        self.load_pinned(pinned, store)
    }

    /// Gives up accounts until the rest takes no more memory than it may, or nobody more can go. No block may be running.
    pub(crate) fn shrink(&self) {
        if self.size_bytes() <= self.bytes_max {
            return;
        }
        let count = self.next_index.load(Ordering::Relaxed);
        // A part of the table at a time: the rest is for the next blocks.
        let steps = (count / 4).max(SHRINK_STEPS_MIN).min(count.saturating_mul(2));
        let committed = BlockSerial(self.committed.load(Ordering::Acquire));
        let mut keys = self.keys.write();
        for _ in 0..steps {
            let index = AccountIndex(keys.hand);
            keys.hand = (keys.hand + 1) % count;
            if !self.slot(index).is_vacant() && self.slot(index).is_expendable(committed) {
                self.give_up(&mut keys, index);
                if self.size_bytes() <= self.bytes_max {
                    return;
                }
            }
        }
    }

    /// Gives up every account: the store has gone to another state. No block may be running or open.
    pub(crate) fn clear(&self) {
        let _nobody_prefetches = self.prefetching.lock();
        let mut keys = self.keys.write();
        for index in (0..self.next_index.load(Ordering::Relaxed)).map(AccountIndex) {
            debug_assert!(!self.slot(index).is_pinned(), "an account is being read from the store");
            if !self.slot(index).is_vacant() {
                self.give_up(&mut keys, index);
            }
        }
    }

    fn give_up(&self, keys: &mut Keys, index: AccountIndex) {
        let slot = self.slot(index);
        let was_there = keys.index.remove(keys.index.place(&slot.key()), index);
        assert!(was_there, "{index:?} has an account that is not in the index");
        self.data_bytes.fetch_sub(slot.vacate(), Ordering::Relaxed);
        self.vacant_count.fetch_add(1, Ordering::Relaxed);
        keys.vacant.push(index);
    }

    /// Notes that the store has `block` and all before it.
    pub(crate) fn set_committed(&self, block: BlockSerial) {
        self.committed.fetch_max(block.0, Ordering::Release);
    }

    /// A snapshot of the account, as [`Slot::read`].
    ///
    /// # Panics
    /// As [`Slot::read`].
    pub(crate) fn read(&self, index: AccountIndex) -> Account {
        self.slot(index).read()
    }

    /// Looks at the account without copying it.
    ///
    /// # Panics
    /// As [`Self::read`].
    pub(crate) fn with<T>(&self, index: AccountIndex, look: impl FnOnce(&Account) -> T) -> T {
        self.slot(index).with(look)
    }

    /// Writes the account in `block`; its state before, if this is the block's first write of it.
    ///
    /// # Panics
    /// If anybody else holds the slot: the schedule must not let that happen.
    pub(crate) fn write(&self, index: AccountIndex, account: Account, block: BlockSerial) -> Option<FirstWrite> {
        self.slot(index).write(account, block).map(|before| FirstWrite { index, before })
    }

    /// What the open block made of an account that it wrote; `None` if it is as it was before.
    pub(crate) fn close(&self, write: FirstWrite) -> Option<AccountChange> {
        let slot = self.slot(write.index);
        slot.with(|after| {
            if write.before == *after {
                return None;
            }
            self.count_data(write.before.data.len(), after.data.len());
            Some(AccountChange { key: slot.key(), before: write.before, after: after.clone(), index: write.index })
        })
    }

    /// Takes back the open block's writes of an account.
    pub(crate) fn reset(&self, write: FirstWrite) {
        // What the open block wrote was not counted.
        self.slot(write.index).put(write.before);
    }

    /// Takes back a change of a closed block.
    pub(crate) fn revert(&self, change: &AccountChange) {
        self.put(change.index, change.before.clone());
    }

    /// Puts a state that did not come from a transaction.
    pub(crate) fn put(&self, index: AccountIndex, account: Account) {
        let after_bytes = account.data.len();
        let before_bytes = self.slot(index).put(account);
        self.count_data(before_bytes, after_bytes);
    }

    /// Counts a change of an account's data. Most changes keep its length: then all workers may do so at once.
    fn count_data(&self, before_bytes: usize, after_bytes: usize) {
        if after_bytes > before_bytes {
            self.data_bytes.fetch_add(after_bytes - before_bytes, Ordering::Relaxed);
        } else if before_bytes > after_bytes {
            self.data_bytes.fetch_sub(before_bytes - after_bytes, Ordering::Relaxed);
        }
    }

    /// Accounts in the table.
    pub(crate) fn len(&self) -> u32 {
        self.next_index.load(Ordering::Relaxed) - self.vacant_count.load(Ordering::Relaxed)
    }

    /// Memory that they take.
    pub(crate) fn size_bytes(&self) -> usize {
        self.len() as usize * ACCOUNT_BYTES + self.data_bytes.load(Ordering::Relaxed)
    }
}

/// (chunk, offset) of an index. Counted in units of the first chunks' size and from eight on, an index is a binary
/// number whose three bits after the first tell which of the eight chunks of a size it is in.
fn locate(index: u32) -> (usize, usize) {
    let unit = index / CHUNK_SLOTS_FIRST + CHUNKS_PER_SIZE;
    let size = unit.ilog2() - CHUNKS_PER_SIZE.ilog2();
    let first_unit = (unit >> size) << size;
    let chunk = size * CHUNKS_PER_SIZE + (unit >> size) - CHUNKS_PER_SIZE;
    (chunk as usize, (index - (first_unit - CHUNKS_PER_SIZE) * CHUNK_SLOTS_FIRST) as usize)
}

/// Slots of a chunk.
fn chunk_slots(chunk: usize) -> u32 {
    CHUNK_SLOTS_FIRST << (chunk as u32 / CHUNKS_PER_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_index_once() {
        let mut expected = (0, 0);
        for index in 0..100_000u32 {
            assert_eq!(locate(index), expected, "index {index}");
            let is_last = expected.1 + 1 == chunk_slots(expected.0) as usize;
            expected = if is_last { (expected.0 + 1, 0) } else { (expected.0, expected.1 + 1) };
        }
        assert!(locate(u32::MAX).0 < CHUNK_COUNT);
    }

    #[test]
    fn interning_from_many_threads_agrees() {
        let table = AccountTable::new(usize::MAX);
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
        let table = AccountTable::new(usize::MAX);
        let index = table.intern(&Pubkey::new_from_array([1; 32]));
        table.put(index, Account::with_lamports(5));
        let write = |lamports, block| table.write(index, Account::with_lamports(lamports), BlockSerial(block));
        let first = write(6, 1).unwrap();
        assert!(write(7, 1).is_none());
        let change = table.close(first).unwrap();
        assert_eq!((change.before.lamports, change.after.lamports), (5, 7));
        table.reset(write(8, 2).unwrap());
        assert_eq!(table.read(index).lamports, 7);
        table.revert(&change);
        assert_eq!(table.read(index).lamports, 5);
        let first = write(9, 3).unwrap();
        write(5, 3);
        assert_eq!(table.close(first), None);
    }

    #[test]
    fn an_account_costs_little_beside_its_data() {
        assert_eq!(size_of::<OnceLock<Slot>>(), 128);
    }

    /// A table that keeps about `count` accounts without data.
    fn small(count: usize) -> AccountTable {
        AccountTable::new(count * ACCOUNT_BYTES)
    }

    fn key(number: u32) -> Pubkey {
        Pubkey::new_from_array(*blake3::hash(&number.to_le_bytes()).as_bytes())
    }

    /// Accounts `0..count`, each with its number and one lamport.
    fn store(count: u32) -> heddle_storage::MemoryStore {
        let store = heddle_storage::MemoryStore::new();
        let mut accounts: Vec<_> = (0..count).map(|n| (key(n), Account::with_lamports(u64::from(n) + 1))).collect();
        accounts.sort_unstable_by_key(|(key, _)| *key);
        let lattice = [0; heddle_storage::LATTICE_BYTES];
        let state_hash = heddle_types::Hash::new_from_array(*blake3::hash(&lattice).as_bytes());
        let header = heddle_types::BlockHeader { state_hash, ..Default::default() };
        store.initialize(&heddle_types::Genesis { header, accounts }, &lattice).unwrap();
        store
    }

    #[test]
    fn accounts_go_when_there_are_too_many_and_come_back() {
        let store = store(1000);
        let table = small(100);
        for number in (0..1000).chain(0..1000) {
            let index = table.intern(&key(number));
            table.load(&[index], &store).unwrap();
            assert_eq!(table.read(index).lamports, u64::from(number) + 1);
            table.shrink();
            assert!(table.len() <= 101, "{} accounts", table.len());
            assert_eq!(table.size_bytes(), table.len() as usize * ACCOUNT_BYTES);
        }
        assert!(table.next_index.load(Ordering::Relaxed) <= 102, "slots are used again");
        table.clear();
        assert_eq!((table.len(), table.size_bytes()), (0, 0));
        assert!((0..1000).all(|number| table.find(&key(number)).is_none()));
    }

    #[test]
    fn accounts_that_are_wanted_stay() {
        let store = store(1000);
        let table = small(100);
        let hot = table.intern(&key(0));
        table.load(&[hot], &store).unwrap();
        for number in 1..1000 {
            let index = table.intern(&key(number));
            table.load(&[index], &store).unwrap();
            assert_eq!(table.intern(&key(0)), hot);
            table.shrink();
            assert!(table.slot(hot).is_loaded() && table.slot(hot).is_of(&key(0)));
        }
    }

    #[test]
    fn what_is_not_committed_stays() {
        let store = store(100);
        let table = small(10);
        for number in 0..100 {
            let index = table.intern(&key(number));
            table.load(&[index], &store).unwrap();
            let write =
                table.write(index, Account::new(7, &[1; 50], key(1)), BlockSerial(u64::from(number) + 1)).unwrap();
            table.close(write).unwrap();
            table.shrink();
        }
        assert_eq!((table.len(), table.size_bytes()), (100, 100 * (ACCOUNT_BYTES + 50)));
        table.set_committed(BlockSerial(60));
        (0..3).for_each(|_| table.shrink());
        assert_eq!(table.len(), 40, "the store has the first sixty");
        assert!((60..100).all(|number| table.find(&key(number)).is_some()));
        table.set_committed(BlockSerial(100));
        (0..3).for_each(|_| table.shrink());
        assert!(table.size_bytes() <= 10 * ACCOUNT_BYTES);
    }

    #[test]
    fn data_is_counted() {
        let table = small(1);
        let index = table.intern(&key(0));
        table.put(index, Account::new(1, &[0; 100], key(1)));
        let data_bytes = || table.size_bytes() - ACCOUNT_BYTES;
        assert_eq!(data_bytes(), 100);
        let write =
            |size: usize, block| table.write(index, Account::new(1, &vec![0; size], key(1)), BlockSerial(block));
        table.reset(write(300, 1).unwrap());
        assert_eq!(data_bytes(), 100);
        let first = write(250, 2).unwrap();
        write(40, 2);
        let change = table.close(first).unwrap();
        assert_eq!(data_bytes(), 40);
        table.revert(&change);
        assert_eq!(data_bytes(), 100);
    }

    #[test]
    fn prefetched_accounts_are_here_and_written_ones_are_not_overwritten() {
        let store = store(600);
        let table = small(1000);
        let written = table.intern(&key(5));
        table.load(&[written], &store).unwrap();
        table.write(written, Account::with_lamports(77), BlockSerial(1));
        let keys: Vec<Pubkey> = (0..601).chain(3..9).map(key).collect();
        table.prefetch(&keys, &store).unwrap();
        for number in 0..600 {
            let expected = if number == 5 { 77 } else { u64::from(number) + 1 };
            assert_eq!(table.read(table.find(&key(number)).unwrap()).lamports, expected);
        }
        assert!(!table.read(table.find(&key(600)).unwrap()).exists(), "known to be absent");
        assert!((0..=600).all(|number| !table.slot(table.find(&key(number)).unwrap()).is_pinned()));
    }
}
