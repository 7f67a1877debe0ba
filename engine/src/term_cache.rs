//! Lattice terms of accounts that change again and again: what one block added is what the next one takes away.
//!
//! An account has one place that its term can be in, found by its index. It gets the place when it changes twice and no
//! other account of that place does in between: writing 2 KiB for an account that does not change again soon costs as
//! much as hashing it. Accounts that hold a place and go on changing are not driven out.
//!
//! ```text
//! stranger ── changes ──▶ candidate ── changes ──▶ owner: its entry is lent to each block that changes it
//!     ▲                       │ another changes      │ another is candidate, and changes again
//!     └───────────────────────┴──────────────────────┘
//! ```
//!
//! **Invariant.** A term is used only for the state that it was computed of. An entry holds that state, key and all, and
//! [`Entry::is_of`] compares it with the state that a term is wanted for; nothing is concluded from indices, blocks or
//! their order. So what happens to blocks can make an entry useless but never wrong: dropping or aborting them, executing
//! them without a state hash, hashing one while the next executes. To compare data is to compare addresses, unless it was
//! copied: an entry shares its data with the account, and nobody writes to data that is shared.
//!
//! Entries are lent by moving them, so tasks that hash side by side need no locks. If hashing panics, those that were
//! lent, whose terms may be half written, are gone with it.
//!
//! Knows nothing of what is hashed, nor of sums: that is `state_hash`.

use heddle_hashing::Term;
use heddle_types::{Account, AccountIndex, Pubkey};

use crate::account_table::AccountChange;

/// See the [module](self).
pub(crate) struct TermCache {
    /// As many as were needed yet.
    places: Vec<Place>,
    places_max: u32,
}

/// One place. At first, account 0 passes for its candidate, which is harmless.
#[derive(Default)]
struct Place {
    owner: AccountIndex,
    /// Whose change was the last here.
    candidate: AccountIndex,
    entry: Option<Box<Entry>>,
}

/// A state and its term; of no state while the account does not exist.
#[derive(Default)]
pub(crate) struct Entry {
    key: Pubkey,
    account: Account,
    pub(crate) term: Term,
}

impl Entry {
    /// Whether the term is that of `account` at `key`.
    pub(crate) fn is_of(&self, key: &Pubkey, account: &Account) -> bool {
        account.exists() && self.key == *key && self.account == *account
    }

    /// Says that the term is going to be that of `account` at `key`, and gives it out to be made so. An account that
    /// does not exist has none.
    pub(crate) fn set(&mut self, key: &Pubkey, account: &Account) -> &mut Term {
        self.key = *key;
        self.account = if account.exists() { account.clone() } else { Account::default() };
        &mut self.term
    }
}

impl TermCache {
    /// Of at most `size_bytes`, allocated as accounts come to own places; 0 keeps nothing. The data of accounts is the
    /// account table's, which shares it.
    pub(crate) fn new(size_bytes: usize) -> Self {
        let places_max = size_bytes / (size_of::<Entry>() + size_of::<Place>());
        Self { places: Vec::new(), places_max: u32::try_from(places_max).unwrap_or(u32::MAX) }
    }

    /// The entries of accounts that own a place, in the order of `changes`.
    pub(crate) fn lend(&mut self, changes: &[AccountChange]) -> Vec<Option<Box<Entry>>> {
        changes.iter().map(|change| self.lend_one(change.index)).collect()
    }

    fn lend_one(&mut self, index: AccountIndex) -> Option<Box<Entry>> {
        let at = self.at(index)?;
        if at >= self.places.len() {
            self.places.resize_with(at + 1, Place::default);
        }
        let place = &mut self.places[at];
        let is_owner = place.owner == index && place.entry.is_some();
        if !is_owner && place.candidate != index {
            place.candidate = index;
            return None;
        }
        (place.owner, place.candidate) = (index, index);
        Some(place.entry.take().unwrap_or_default())
    }

    /// Takes back what [`Self::lend`] gave for the same `changes`.
    pub(crate) fn give_back(&mut self, changes: &[AccountChange], lent: Vec<Option<Box<Entry>>>) {
        for (change, entry) in changes.iter().zip(lent) {
            let Some(entry) = entry else { continue };
            if let Some(at) = self.at(change.index) {
                self.places[at].entry = Some(entry);
            }
        }
    }

    /// Lets go of the states that `changes` made, because they are taken back: only an entry would go on holding their
    /// data.
    pub(crate) fn forget(&mut self, changes: &[AccountChange]) {
        for change in changes {
            let place = self.at(change.index).and_then(|at| self.places.get_mut(at));
            if let Some(entry) = place.and_then(|place| place.entry.as_mut())
                && entry.is_of(&change.key, &change.after)
            {
                entry.account = Account::default();
            }
        }
    }

    /// Where the account at `index` has its place, if there are places.
    fn at(&self, index: AccountIndex) -> Option<usize> {
        index.0.checked_rem(self.places_max).map(|at| at as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Room for this many entries.
    fn cache(places: usize) -> TermCache {
        TermCache::new(places * (size_of::<Entry>() + size_of::<Place>()))
    }

    fn change(index: u32, before: u64, after: u64) -> AccountChange {
        AccountChange {
            key: Pubkey::new_from_array([index as u8; 32]),
            before: Account::with_lamports(before),
            after: Account::with_lamports(after),
            index: AccountIndex(index),
        }
    }

    /// Whether the account gets its entry for a block that changes it alone; the entry is then of lamports 7.
    fn is_lent(cache: &mut TermCache, index: u32) -> bool {
        let changes = [change(index, 6, 7)];
        let mut lent = cache.lend(&changes);
        if let Some(entry) = &mut lent[0] {
            entry.set(&changes[0].key, &changes[0].after);
        }
        let is_lent = lent[0].is_some();
        cache.give_back(&changes, lent);
        is_lent
    }

    #[test]
    fn a_place_is_for_who_changes_twice_in_a_row() {
        let mut cache = cache(4);
        let steps = [(1, false), (5, false), (1, false), (5, false), (5, true), (1, false), (5, true), (1, false)];
        for (step, (index, expected)) in steps.into_iter().enumerate() {
            assert_eq!(is_lent(&mut cache, index), expected, "step {step}");
        }
        assert!(is_lent(&mut cache, 1), "a candidate twice in a row");
        assert!(!is_lent(&mut cache, 5), "driven out");
    }

    #[test]
    fn accounts_of_one_place_and_block_never_share_an_entry() {
        let mut cache = cache(1);
        let both = [change(1, 1, 2), change(2, 1, 2)];
        for _ in 0..8 {
            let lent = cache.lend(&both);
            cache.give_back(&both, lent);
            assert!(is_lent(&mut cache, 2) | is_lent(&mut cache, 2));
            let lent = cache.lend(&both);
            assert!(lent.iter().filter(|entry| entry.is_some()).count() <= 1);
            cache.give_back(&both, lent);
        }
    }

    #[test]
    fn memory_is_bounded_and_not_taken_ahead() {
        let mut cache = cache(10);
        assert_eq!(cache.places.capacity(), 0);
        for index in (0..100).chain(0..100).flat_map(|index| [index, index]) {
            is_lent(&mut cache, index);
        }
        assert_eq!(cache.places.len(), 10);
        let mut none = TermCache::new(size_of::<Entry>());
        assert!((0..4).all(|_| !is_lent(&mut none, 3)) && none.places.is_empty());
    }

    #[test]
    fn an_entry_is_of_one_state_of_one_account() {
        let (key, other) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        let account = Account::new(5, &[1, 2, 3], other);
        let mut entry = Entry::default();
        assert!(!entry.is_of(&Pubkey::default(), &Account::default()), "nothing has no term");
        entry.set(&key, &account);
        assert!(entry.is_of(&key, &account) && !entry.is_of(&other, &account));
        let copied = Account { data: (&[1, 2, 3][..]).into(), ..account.clone() };
        assert!(entry.is_of(&key, &copied));
        for different in [
            Account { lamports: 6, ..account.clone() },
            Account { data: (&[1, 2, 4][..]).into(), ..account.clone() },
            Account { owner: key, ..account.clone() },
            Account { executable: true, ..account },
        ] {
            assert!(!entry.is_of(&key, &different));
        }
        entry.set(&key, &Account { lamports: 0, ..copied.clone() });
        assert!(!entry.is_of(&key, &copied) && entry.account.data.is_empty());
    }

    #[test]
    fn what_is_taken_back_is_let_go_of() {
        let mut cache = cache(4);
        assert!(!is_lent(&mut cache, 1) && is_lent(&mut cache, 1));
        cache.forget(&[change(1, 6, 8), change(2, 6, 7), change(5, 6, 7)]);
        let entry = |cache: &TermCache| cache.places[1].entry.as_ref().map(|entry| entry.account.lamports);
        assert_eq!(entry(&cache), Some(7));
        cache.forget(&[change(1, 6, 7)]);
        assert_eq!(entry(&cache), Some(0));
    }
}
