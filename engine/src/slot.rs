//! One account's place in the [account table](crate::account_table): its key, its state, and what planning notes of it.
//!
//! A slot holds the newest executed state. The schedule gives each worker exclusive or shared access to a slot, so its
//! lock is never contended: a failed `try_` is a scheduling bug and panics, which aborts the block.
//!
//! The key changes only when the slot is given to another account: under the table's key lock, while no block runs.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use heddle_types::{Account, Pubkey, ids};
use parking_lot::{RwLock, RwLockWriteGuard};

/// Counts executed blocks: tells the writes of one block from those of any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlockSerial(pub(crate) u64);

/// Two cache lines. Planning looks at both, so that the second is on its way when the worker comes.
#[repr(C)]
pub(crate) struct Slot {
    key: [AtomicU64; 4],
    flags: AtomicU8,
    /// Written by planning and prefetching, flags by whoever changes the state: so they are apart.
    usage: AtomicU8,
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
/// No account has the slot.
const VACANT: u8 = 1 << 3;

/// Somebody wanted the account again since the slot was last considered for another. Not set at first sight: who is
/// wanted but once goes first.
const WANTED: u8 = 1;
/// Somebody is reading its state from the store.
const PINNED: u8 = 1 << 1;

impl Slot {
    pub(crate) fn new(key: &Pubkey) -> Self {
        let slot = Self {
            key: [const { AtomicU64::new(0) }; 4],
            flags: AtomicU8::new(0),
            usage: AtomicU8::new(0),
            planned_write: AtomicU32::new(0),
            account: RwLock::default(),
            written_in: AtomicU64::new(0),
        };
        slot.set_key(key);
        slot
    }

    /// Gives the vacant slot to the account at `key`.
    pub(crate) fn occupy(&self, key: &Pubkey) {
        debug_assert!(self.has(VACANT), "the slot is somebody's");
        self.planned_write.store(0, Ordering::Relaxed);
        self.written_in.store(0, Ordering::Relaxed);
        self.usage.store(0, Ordering::Relaxed);
        self.set_key(key);
    }

    /// Takes the slot from its account; bytes of the account's data.
    pub(crate) fn vacate(&self) -> usize {
        let account = std::mem::take(&mut *self.account.write());
        self.flags.store(VACANT, Ordering::Release);
        account.data.len()
    }

    fn set_key(&self, key: &Pubkey) {
        let words: &[[u8; 8]] = key.as_array().as_chunks().0;
        for (place, word) in self.key.iter().zip(words) {
            place.store(u64::from_ne_bytes(*word), Ordering::Relaxed);
        }
        let flags = if heddle_programs::is_reserved(key) { RESERVED } else { 0 };
        self.flags.store(flags, Ordering::Release);
    }

    /// Whose slot it is.
    pub(crate) fn key(&self) -> Pubkey {
        let words = [0, 1, 2, 3].map(|place| self.key[place].load(Ordering::Relaxed).to_ne_bytes());
        Pubkey::new_from_array(*words.as_flattened().first_chunk().expect("four words are 32 bytes"))
    }

    /// Whether it is the slot of `key`.
    pub(crate) fn is_of(&self, key: &Pubkey) -> bool {
        let words: &[[u8; 8]] = key.as_array().as_chunks().0;
        let same = |(place, word): (&AtomicU64, &[u8; 8])| place.load(Ordering::Relaxed) == u64::from_ne_bytes(*word);
        self.key.iter().zip(words).all(same)
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
        self.flags.load(Ordering::Acquire) & LOADED != 0
    }

    /// Whether no account has the slot.
    pub(crate) fn is_vacant(&self) -> bool {
        self.has(VACANT)
    }

    /// Notes that somebody wants the account again, or soon. Its line stays clean if that is known.
    pub(crate) fn want(&self) {
        if self.usage.load(Ordering::Relaxed) & WANTED == 0 {
            self.usage.fetch_or(WANTED, Ordering::Relaxed);
        }
    }

    /// Makes the caller the one who loads the slot, and keeps it from being given away until [`Self::unpin`]; false if
    /// somebody else is.
    pub(crate) fn pin(&self) -> bool {
        self.usage.fetch_or(PINNED, Ordering::Acquire) & PINNED == 0
    }

    pub(crate) fn unpin(&self) {
        self.usage.fetch_and(!PINNED, Ordering::Release);
    }

    pub(crate) fn is_pinned(&self) -> bool {
        self.usage.load(Ordering::Acquire) & PINNED != 0
    }

    /// Whether nobody wanted the account since this was last asked, and the store has its state, which it has of blocks
    /// up to `committed`.
    pub(crate) fn is_expendable(&self, committed: BlockSerial) -> bool {
        let is_unused = self.usage.load(Ordering::Acquire) == 0;
        if !is_unused {
            self.usage.fetch_and(!WANTED, Ordering::Relaxed);
        }
        is_unused && self.written_in.load(Ordering::Relaxed) <= committed.0
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

    /// Looks at the account without copying it.
    ///
    /// # Panics
    /// As [`Self::read`].
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Account) -> T) -> T {
        let account = self.account.try_read().expect("a reader met a writer: the schedule is wrong");
        debug_assert!(self.has(LOADED), "account read before it was loaded");
        look(&account)
    }

    /// A snapshot for readers outside the schedule (they wait for a writer to finish).
    pub(crate) fn peek(&self) -> Option<Account> {
        let account = self.account.read();
        self.has(LOADED).then(|| account.clone())
    }

    /// Writes the account in `block`; its state before, if this is the block's first write of it.
    ///
    /// # Panics
    /// If anybody else holds the slot: the schedule must not let that happen.
    pub(crate) fn write(&self, account: Account, block: BlockSerial) -> Option<Account> {
        let mut state = self.account.try_write().expect("a writer met another: the schedule is wrong");
        let account = if account.exists() { account } else { Account::default() };
        self.note(&account);
        let before = std::mem::replace(&mut *state, account);
        if self.is_written(block) {
            return None;
        }
        self.written_in.store(block.0, Ordering::Relaxed);
        Some(before)
    }

    /// Puts the state that the store has. Only who has pinned the slot may, and only while it is not loaded: nobody else
    /// then looks at it.
    pub(crate) fn load(&self, account: Account) {
        let mut state = self.account.try_write().expect("a slot that is not loaded has no readers");
        debug_assert!(!self.has(LOADED), "loaded twice");
        self.replace(&mut state, account);
    }

    /// Puts a state that did not come from a transaction; bytes of the data that was there.
    pub(crate) fn put(&self, account: Account) -> usize {
        let mut state = self.account.write();
        let data_bytes = state.data.len();
        self.replace(&mut state, account);
        data_bytes
    }

    fn replace(&self, state: &mut RwLockWriteGuard<'_, Account>, account: Account) {
        **state = account;
        self.note(state);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_knows_who_owns_it() {
        let slot = Slot::new(&Pubkey::new_from_array([1; 32]));
        assert!(!slot.is_loaded());
        slot.load(Account::new(1, &[0; 36], ids::bpf_loader_upgradeable::ID));
        assert!(slot.is_loaded() && slot.is_upgradeable());
        slot.write(Account::with_lamports(1), BlockSerial(1));
        assert!(!slot.is_upgradeable() && !slot.is_reserved());
        assert!(Slot::new(&ids::system_program::ID).is_reserved());
    }

    #[test]
    fn a_slot_goes_from_one_account_to_another() {
        let keys = [Pubkey::new_from_array([7; 32]), ids::system_program::ID];
        let slot = Slot::new(&keys[0]);
        slot.load(Account::new(1, &[0; 36], ids::bpf_loader_upgradeable::ID));
        slot.plan_write(BlockSerial(4));
        slot.write(Account::with_lamports(9), BlockSerial(4));
        assert_eq!(slot.vacate(), 0);
        assert!(slot.is_vacant() && !slot.is_loaded());
        slot.occupy(&keys[1]);
        assert!(slot.is_of(&keys[1]) && !slot.is_of(&keys[0]));
        assert!(slot.is_reserved() && !slot.is_loaded() && !slot.is_vacant());
        assert!(!slot.is_written(BlockSerial(4)) && !slot.is_write_planned(BlockSerial(4)));
        assert_eq!(slot.peek(), None);
    }

    #[test]
    fn who_is_wanted_pinned_or_not_committed_keeps_the_slot() {
        let slot = Slot::new(&Pubkey::new_from_array([7; 32]));
        slot.load(Account::with_lamports(1));
        let committed = BlockSerial(3);
        assert!(slot.is_expendable(committed), "seen but once");
        slot.want();
        assert!(!slot.is_expendable(committed));
        assert!(slot.is_expendable(committed));
        assert!(slot.pin() && !slot.pin(), "one at a time");
        assert!(!slot.is_expendable(committed) && !slot.is_expendable(committed));
        slot.unpin();
        assert!(slot.is_expendable(committed));
        slot.write(Account::with_lamports(2), BlockSerial(4));
        assert!(!slot.is_expendable(committed));
        assert!(slot.is_expendable(BlockSerial(4)));
    }
}
