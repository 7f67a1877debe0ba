//! The account table: every account touched since the engine was opened, in slots addressed by dense indices.
//!
//! A key is interned once, when its block is planned; workers see indices and never hash a key. Indices are given out by
//! an append-only table of chunks, so that a slot never moves.
//!
//! A slot holds the newest executed state. The first write of a block hands the state before it to the writer, who keeps
//! it until the block is closed or taken back. The schedule gives each worker exclusive or shared access to a slot, so
//! its lock is never contended: a failed `try_` is a scheduling bug and panics, which aborts the block.
//!
//! ```text
//!  interned ── load ──▶ clean ── first write of a block ──▶ written (before: with the worker) ── close ──▶ clean
//!                                                              └─ reset: before put back ─────────────────▶ clean
//! ```

use std::sync::{
    OnceLock,
    atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
};

use heddle_storage::{Store, StoreError};
use heddle_types::{Account, AccountIndex, Pubkey, ids};
use parking_lot::{RwLock, RwLockWriteGuard};

use crate::key_index::{KeyIndex, Place};

/// Slots of the first chunks.
const CHUNK_SLOTS_FIRST: u32 = 1024;
/// Chunks of one size; then the size doubles, so that at most an eighth of the table is not used yet.
const CHUNKS_PER_SIZE: u32 = 8;
/// Chunks that cover every index of 32 bits.
const CHUNK_COUNT: usize = 160;

/// Counts executed blocks: tells the writes of one block from those of any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockSerial(pub(crate) u64);

/// One account's place: two cache lines. Planning looks at both, so that the second is on its way when the worker comes.
#[repr(C)]
pub(crate) struct Slot {
    pub(crate) key: Pubkey,
    flags: AtomicU8,
    /// The last block that has planned to write the account: the low half of its serial. After 2^32 blocks an account may
    /// pass for written that is not, which costs time only.
    planned_write: AtomicU32,
    account: RwLock<Account>,
    /// The last block that wrote the account. Changes with it, under its lock.
    written_in: AtomicU64,
}

/// No transaction may write it (sysvars and builtins).
const RESERVED: u8 = 1;
/// Its state was read from the store.
const LOADED: u8 = 1 << 1;
/// Its owner is the upgradeable loader: it may be a program whose bytes are elsewhere.
const UPGRADEABLE: u8 = 1 << 2;

impl Slot {
    fn new(key: Pubkey) -> Self {
        let flags = if heddle_programs::is_reserved(&key) { RESERVED } else { 0 };
        Self {
            key,
            flags: AtomicU8::new(flags),
            planned_write: AtomicU32::new(0),
            account: RwLock::default(),
            written_in: AtomicU64::new(0),
        }
    }

    /// Whether no transaction may write it.
    pub(crate) fn is_reserved(&self) -> bool {
        self.has(RESERVED)
    }

    /// Whether the upgradeable loader owns it.
    pub(crate) fn is_upgradeable(&self) -> bool {
        self.has(UPGRADEABLE)
    }

    /// Whether its state was read from the store.
    pub(crate) fn is_loaded(&self) -> bool {
        self.has(LOADED)
    }

    /// Notes that a transaction of `block` may write the account.
    ///
    /// # Panics
    /// If the block has already begun to write it.
    pub(crate) fn plan_write(&self, block: BlockSerial) {
        assert!(!self.is_written(block), "a write was planned after it was done");
        self.planned_write.store(block.0 as u32, Ordering::Relaxed);
    }

    /// Whether `block` was the last to write the account.
    pub(crate) fn is_written(&self, block: BlockSerial) -> bool {
        self.written_in.load(Ordering::Relaxed) == block.0
    }

    /// Whether some transaction of `block`, which is planned, may write the account.
    pub(crate) fn is_write_planned(&self, block: BlockSerial) -> bool {
        self.planned_write.load(Ordering::Relaxed) == block.0 as u32
    }

    /// A snapshot of the account.
    ///
    /// # Panics
    /// If a writer holds the slot: the schedule must not let that happen.
    pub(crate) fn read(&self) -> Account {
        self.with(Account::clone)
    }

    fn with<T>(&self, look: impl FnOnce(&Account) -> T) -> T {
        let account = self.account.try_read().expect("a reader met a writer: the schedule is wrong");
        debug_assert!(self.has(LOADED), "account read before it was loaded");
        look(&account)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    /// Notes who owns the account and that it is loaded. Whoever changes the state does it, so nobody does so at once.
    fn note(&self, account: &Account) {
        let before = self.flags.load(Ordering::Relaxed);
        let owner = if account.owner == ids::bpf_loader_upgradeable::ID { UPGRADEABLE } else { 0 };
        let after = before & RESERVED | LOADED | owner;
        if before != after {
            self.flags.store(after, Ordering::Release);
        }
    }
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

/// An account that the open block wrote, and its state before.
#[derive(Debug)]
pub(crate) struct FirstWrite {
    index: AccountIndex,
    before: Account,
}

/// See the [module](self).
pub(crate) struct AccountTable {
    keys: RwLock<KeyIndex>,
    chunks: [OnceLock<Box<[OnceLock<Slot>]>>; CHUNK_COUNT],
    next_index: AtomicU32,
}

/// The keys, held to intern many in a row.
pub(crate) struct Interner<'a> {
    table: &'a AccountTable,
    keys: RwLockWriteGuard<'a, KeyIndex>,
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
                place.0 = self.keys.place(key);
            }
            for (place, first_look) in &mut places[..keys.len()] {
                *first_look = self.keys.first_look(*place);
            }
            for (slot, (place, first_look)) in slots.iter_mut().zip(places).take(keys.len()) {
                let index = self.keys.find_from(place, first_look, |_| true);
                *slot = index.map(|index| (index, self.table.slot(index)));
            }
            for (slot, key) in slots.iter().zip(keys) {
                let (index, slot) = slot.filter(|(_, slot)| slot.key == *key).unwrap_or_else(|| self.intern(key));
                each(index, slot);
            }
        }
    }

    /// The index of `key`, given out on first sight, and its slot.
    pub(crate) fn intern(&mut self, key: &Pubkey) -> (AccountIndex, &'a Slot) {
        let table = self.table;
        let place = self.keys.place(key);
        let index = self.keys.find(place, |index| table.slot(index).key == *key).unwrap_or_else(|| {
            let index = table.append(*key);
            self.keys.insert(place, index);
            index
        });
        (index, table.slot(index))
    }
}

impl AccountTable {
    pub(crate) fn new() -> Self {
        Self {
            keys: RwLock::new(KeyIndex::new()),
            chunks: [const { OnceLock::new() }; CHUNK_COUNT],
            next_index: AtomicU32::new(0),
        }
    }

    /// Holds the keys until the guard goes.
    pub(crate) fn interner(&self) -> Interner<'_> {
        Interner { table: self, keys: self.keys.write() }
    }

    /// The index of `key`, given out on first sight.
    pub(crate) fn intern(&self, key: &Pubkey) -> AccountIndex {
        self.find(key).unwrap_or_else(|| self.interner().intern(key).0)
    }

    /// The index of `key`, if it was ever seen.
    pub(crate) fn find(&self, key: &Pubkey) -> Option<AccountIndex> {
        let keys = self.keys.read();
        keys.find(keys.place(key), |index| self.slot(index).key == *key)
    }

    fn append(&self, key: Pubkey) -> AccountIndex {
        let index = AccountIndex(self.next_index.fetch_add(1, Ordering::Relaxed));
        let (chunk, offset) = locate(index.0);
        let slots = self.chunks[chunk].get_or_init(|| (0..chunk_slots(chunk)).map(|_| OnceLock::new()).collect());
        assert!(slots[offset].set(Slot::new(key)).is_ok(), "{index:?} was given out twice");
        index
    }

    pub(crate) fn slot(&self, index: AccountIndex) -> &Slot {
        let (chunk, offset) = locate(index.0);
        self.chunks[chunk].get().and_then(|slots| slots[offset].get()).expect("an index comes from `intern`")
    }

    /// Loads from `store` those of `indices` that were never loaded.
    pub(crate) fn load(&self, indices: &[AccountIndex], store: &dyn Store) -> Result<(), StoreError> {
        let mut missing: Vec<AccountIndex> =
            indices.iter().copied().filter(|&index| !self.slot(index).is_loaded()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        let keys: Vec<Pubkey> = missing.iter().map(|&index| self.slot(index).key).collect();
        for (index, account) in missing.into_iter().zip(store.accounts(&keys)?) {
            let slot = self.slot(index);
            let mut state = slot.account.write();
            if !slot.has(LOADED) {
                *state = account.unwrap_or_default();
                slot.note(&state);
            }
        }
        Ok(())
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

    /// A snapshot for readers outside the schedule (they wait for a writer to finish).
    pub(crate) fn peek(&self, index: AccountIndex) -> Option<Account> {
        let slot = self.slot(index);
        let account = slot.account.read();
        slot.has(LOADED).then(|| account.clone())
    }

    /// Writes the account in `block`; its state before, if this is the block's first write of it.
    ///
    /// # Panics
    /// If anybody else holds the slot: the schedule must not let that happen.
    pub(crate) fn write(&self, index: AccountIndex, account: Account, block: BlockSerial) -> Option<FirstWrite> {
        let slot = self.slot(index);
        let mut state = slot.account.try_write().expect("a writer met another: the schedule is wrong");
        let account = if account.exists() { account } else { Account::default() };
        slot.note(&account);
        let before = std::mem::replace(&mut *state, account);
        if slot.is_written(block) {
            return None;
        }
        slot.written_in.store(block.0, Ordering::Relaxed);
        Some(FirstWrite { index, before })
    }

    /// What the open block made of an account that it wrote; `None` if it is as it was before.
    pub(crate) fn close(&self, write: FirstWrite) -> Option<AccountChange> {
        let slot = self.slot(write.index);
        let after = slot.account.read();
        if write.before == *after {
            return None;
        }
        Some(AccountChange { key: slot.key, before: write.before, after: after.clone(), index: write.index })
    }

    /// Takes back the open block's writes of an account.
    pub(crate) fn reset(&self, write: FirstWrite) {
        self.put(write.index, write.before);
    }

    /// Takes back a change of a closed block.
    pub(crate) fn revert(&self, change: &AccountChange) {
        self.put(change.index, change.before.clone());
    }

    /// Puts a state that did not come from a transaction.
    pub(crate) fn put(&self, index: AccountIndex, account: Account) {
        let slot = self.slot(index);
        let mut state = slot.account.write();
        slot.note(&account);
        *state = account;
    }

    /// Accounts ever seen.
    pub(crate) fn len(&self) -> u32 {
        self.next_index.load(Ordering::Relaxed)
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

    #[test]
    fn a_slot_knows_who_owns_it() {
        let table = AccountTable::new();
        let index = table.intern(&Pubkey::new_from_array([1; 32]));
        assert!(!table.slot(index).is_loaded());
        let program = Account::new(1, &[0; 36], ids::bpf_loader_upgradeable::ID);
        table.put(index, program);
        assert!(table.slot(index).is_loaded() && table.slot(index).is_upgradeable());
        table.write(index, Account::with_lamports(1), BlockSerial(1));
        assert!(!table.slot(index).is_upgradeable() && !table.slot(index).is_reserved());
        assert!(table.slot(table.intern(&ids::system_program::ID)).is_reserved());
    }
}
