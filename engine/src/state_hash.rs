//! The accounts lattice hash and the hashes built on it.
//!
//! The lattice is the sum, lane by lane modulo 2^16, of one term per account, so it is independent of order and can be
//! updated by the accounts that changed. A term is 2048 bytes of BLAKE3 output over lamports, data, executable mark,
//! owner and key, as Solana's (SIMD-0215); an absent account contributes nothing.

use heddle_hashing::{LANE_COUNT, LatticeSum};
use heddle_storage::LATTICE_BYTES;
use heddle_types::{Account, Hash, Pubkey};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{
    account_table::AccountChange,
    term_cache::{Entry, TermCache},
};

const _: () = assert!(LATTICE_BYTES == 2 * LANE_COUNT, "what is stored is what is summed");

/// Sum of account terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lattice(Box<[u16; LANE_COUNT]>);

impl Default for Lattice {
    fn default() -> Self {
        Self(Box::new([0; LANE_COUNT]))
    }
}

/// Changes that a task takes at once: ~40 µs of work.
const CHANGES_AT_ONCE: usize = 64;

/// Puts what `changes` do into `sum`. An entry that is of the state before saves hashing that; whatever it was of, from
/// now on it is of the state after.
fn put_changes<'a>(sum: &mut LatticeSum<'a>, changes: &[AccountChange], entries: &'a mut [Option<Box<Entry>>]) {
    // All entries are looked at before the first is used: the processor then waits for many memory accesses at once.
    let mut is_known = [false; CHANGES_AT_ONCE];
    for (is_known, (change, entry)) in is_known.iter_mut().zip(changes.iter().zip(&*entries)) {
        *is_known = entry.as_ref().is_some_and(|entry| entry.is_of(&change.key, &change.before));
    }
    for ((change, entry), is_known) in changes.iter().zip(entries).zip(is_known) {
        let AccountChange { key, before, after, .. } = change;
        if !is_known {
            before.with_term_input(key, |input| sum.subtract(input));
        }
        let Some(entry) = entry else {
            after.with_term_input(key, |input| sum.add(input));
            continue;
        };
        let term = entry.set(key, after);
        match (is_known, after.exists()) {
            (true, true) => after.with_term_input(key, |input| sum.replace(input, term)),
            (true, false) => sum.subtract_term(term),
            (false, _) => after.with_term_input(key, |input| sum.add_keeping(input, term)),
        }
    }
}

/// What `changes` add to a lattice, with their entries of the term cache; computed on all of rayon's threads.
fn delta(changes: &[AccountChange], entries: &mut [Option<Box<Entry>>]) -> Option<Box<[u16; LANE_COUNT]>> {
    let sum = changes
        .par_chunks(CHANGES_AT_ONCE)
        .zip(entries.par_chunks_mut(CHANGES_AT_ONCE))
        .fold(LatticeSum::new, |mut sum, (changes, entries)| {
            put_changes(&mut sum, changes, entries);
            sum
        })
        .reduce_with(|mut sum, other| {
            sum.merge(other);
            sum
        });
    sum.map(LatticeSum::into_lanes)
}

impl Lattice {
    /// Adds the term of `account`. For many accounts, [`Self::of`] costs half as much for each.
    pub fn add(&mut self, key: &Pubkey, account: &Account) {
        let mut sum = LatticeSum::new();
        account.with_term_input(key, |input| sum.add(input));
        self.add_lanes(&sum.into_lanes());
    }

    /// Takes away the term of `account`.
    pub fn subtract(&mut self, key: &Pubkey, account: &Account) {
        let mut sum = LatticeSum::new();
        account.with_term_input(key, |input| sum.subtract(input));
        self.add_lanes(&sum.into_lanes());
    }

    fn add_lanes(&mut self, lanes: &[u16; LANE_COUNT]) {
        for (lane, other) in self.0.iter_mut().zip(lanes) {
            *lane = lane.wrapping_add(*other);
        }
    }

    /// The lattice after `changes`, each of another account. The terms of states before are taken from `terms` where it
    /// has them; it keeps those of states after.
    pub(crate) fn after(&self, changes: &[AccountChange], terms: &mut TermCache) -> Self {
        let mut entries = terms.lend(changes);
        let lattice = self.plus(delta(changes, &mut entries));
        terms.give_back(changes, entries);
        debug_assert!(
            lattice == self.plus(delta(changes, &mut TermCache::new(0).lend(changes))),
            "a term was used that is not that of the state before"
        );
        lattice
    }

    fn plus(&self, delta: Option<Box<[u16; LANE_COUNT]>>) -> Self {
        let mut lattice = self.clone();
        delta.iter().for_each(|delta| lattice.add_lanes(delta));
        lattice
    }

    /// The lattice of a whole state.
    pub fn of<'a>(accounts: impl IntoIterator<Item = (&'a Pubkey, &'a Account)>) -> Self {
        let mut sum = LatticeSum::new();
        for (key, account) in accounts {
            account.with_term_input(key, |input| sum.add(input));
        }
        Self(sum.into_lanes())
    }

    /// The lattice with `accounts`, each of another key, added; computed on all of rayon's threads.
    pub(crate) fn plus_all(&self, accounts: &[(Pubkey, Account)]) -> Self {
        let sums = accounts.par_chunks(CHANGES_AT_ONCE).fold(LatticeSum::new, |mut sum, accounts| {
            accounts.iter().for_each(|(key, account)| account.with_term_input(key, |input| sum.add(input)));
            sum
        });
        let sum = sums.reduce_with(|mut sum, other| {
            sum.merge(other);
            sum
        });
        self.plus(sum.map(LatticeSum::into_lanes))
    }

    /// Little-endian lanes.
    pub fn to_bytes(&self) -> Box<[u8; LATTICE_BYTES]> {
        let mut bytes = Box::new([0; LATTICE_BYTES]);
        for (pair, lane) in bytes.chunks_exact_mut(2).zip(self.0.iter()) {
            pair.copy_from_slice(&lane.to_le_bytes());
        }
        bytes
    }

    /// Reads little-endian lanes.
    pub fn from_bytes(bytes: &[u8; LATTICE_BYTES]) -> Self {
        let mut lattice = Self::default();
        for (lane, pair) in lattice.0.iter_mut().zip(bytes.chunks_exact(2)) {
            *lane = u16::from_le_bytes([pair[0], pair[1]]);
        }
        lattice
    }

    /// The state hash: BLAKE3 of the lattice's bytes.
    pub fn state_hash(&self) -> Hash {
        Hash::new_from_array(*blake3::hash(&self.to_bytes()[..]).as_bytes())
    }
}

/// The hash of a block: sha256( sha256(parent ‖ signature count ‖ blockhash) ‖ lattice ), as Solana's bank hash.
pub fn block_hash(parent_hash: &Hash, signature_count: u64, blockhash: &Hash, lattice: &Lattice) -> Hash {
    let first = Sha256::new()
        .chain_update(parent_hash.as_ref())
        .chain_update(signature_count.to_le_bytes())
        .chain_update(blockhash.as_ref())
        .finalize();
    let second = Sha256::new().chain_update(first).chain_update(&lattice.to_bytes()[..]).finalize();
    Hash::new_from_array(second.into())
}

/// The blockhash that follows `parent` at `slot`, for chains whose caller has no better source: a hash chain, so that a
/// load generator can sign ahead. Not unpredictable; a network must supply its own.
pub fn chain_blockhash(parent: &Hash, slot: u64) -> Hash {
    let digest = Sha256::new()
        .chain_update(b"heddle blockhash")
        .chain_update(parent.as_ref())
        .chain_update(slot.to_le_bytes())
        .finalize();
    Hash::new_from_array(digest.into())
}

#[cfg(test)]
mod tests {
    use heddle_types::AccountIndex;
    use proptest::prelude::*;

    use super::*;

    fn account(n: u8) -> (Pubkey, Account) {
        let key = Pubkey::new_from_array([n; 32]);
        (key, Account::new(u64::from(n) + 1, &vec![n; usize::from(n)], key))
    }

    #[test]
    fn order_does_not_matter_and_removal_is_exact() {
        let accounts: Vec<_> = (0..20).map(account).collect();
        let forward = Lattice::of(accounts.iter().map(|(key, account)| (key, account)));
        let backward = Lattice::of(accounts.iter().rev().map(|(key, account)| (key, account)));
        assert_eq!(forward, backward);
        let mut without = forward.clone();
        let (key, last) = &accounts[19];
        without.subtract(key, last);
        assert_eq!(without, Lattice::of(accounts[..19].iter().map(|(key, account)| (key, account))));
        assert_ne!(without.state_hash(), forward.state_hash());
        let portions = accounts.chunks(7).fold(Lattice::default(), |lattice, accounts| lattice.plus_all(accounts));
        assert_eq!(portions, forward);
        assert_eq!(Lattice::from_bytes(&forward.to_bytes()), forward);
    }

    #[test]
    fn a_term_is_the_hash_of_an_account() {
        let (key, owner) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        for data_bytes in [0, 165, 951, 952, 10_000] {
            let mut account = Account::new(0x0102_0304, &vec![3; data_bytes], owner);
            account.executable = true;
            let input = [&[4, 3, 2, 1, 0, 0, 0, 0], &vec![3; data_bytes][..], &[1], &[2; 32], &[1; 32]].concat();
            let mut term = [0; LATTICE_BYTES];
            blake3::Hasher::new().update(&input).finalize_xof().fill(&mut term);
            assert_eq!(Lattice::of([(&key, &account)]), Lattice::from_bytes(&term), "{data_bytes} bytes of data");
            let mut lattice = Lattice::default();
            lattice.add(&key, &account);
            assert_eq!(lattice.to_bytes()[..], term, "{data_bytes} bytes of data");
            lattice.subtract(&key, &account);
            assert_eq!(lattice, Lattice::default());
        }
    }

    #[test]
    fn absent_accounts_contribute_nothing() {
        let (key, mut gone) = account(9);
        gone.lamports = 0;
        assert_eq!(Lattice::of([(&key, &gone)]), Lattice::default());
    }

    /// States of a few accounts, and what blocks made of them.
    struct Chain {
        accounts: Vec<(Pubkey, Account)>,
        lattice: Lattice,
        terms: TermCache,
    }

    impl Chain {
        fn new(count: u8, terms: TermCache) -> Self {
            let accounts: Vec<_> = (0..count).map(account).collect();
            let lattice = Lattice::of(accounts.iter().map(|(key, account)| (key, account)));
            Self { accounts, lattice, terms }
        }

        /// A block that makes `states` of the accounts at these indices.
        fn block(&mut self, states: &[(usize, Account)]) -> Vec<AccountChange> {
            let mut changes: Vec<AccountChange> = Vec::new();
            for (at, after) in states {
                let (key, before) = self.accounts[*at].clone();
                if before != *after && changes.iter().all(|change| change.key != key) {
                    self.accounts[*at].1 = after.clone();
                    changes.push(AccountChange { key, before, after: after.clone(), index: AccountIndex(*at as u32) });
                }
            }
            changes
        }

        fn hash(&mut self, changes: &[AccountChange]) {
            self.lattice = self.lattice.after(changes, &mut self.terms);
            self.check();
        }

        fn check(&self) {
            let full = Lattice::of(self.accounts.iter().map(|(key, account)| (key, account)));
            assert!(self.lattice == full, "incremental and full differ");
        }

        fn take_back(&mut self, changes: &[AccountChange], parent: Lattice) {
            for change in changes {
                self.accounts[change.index.0 as usize].1 = change.before.clone();
            }
            self.lattice = parent;
        }
    }

    #[test]
    fn incremental_equals_full() {
        let mut chain = Chain::new(200, TermCache::new(0));
        let state = |(key, old): &(Pubkey, Account)| match old.lamports % 3 {
            0 => Account::default(),
            _ => Account::new(77, key.as_ref(), *key),
        };
        for _ in 0..3 {
            let states: Vec<_> = chain.accounts.iter().map(state).enumerate().collect();
            let changes = chain.block(&states);
            chain.hash(&changes);
        }
    }

    /// The term of a state that a dropped block made, or one executed without a hash, is there, and must not be used.
    #[test]
    fn a_term_of_another_state_is_not_used() {
        let mut chain = Chain::new(3, TermCache::new(1 << 20));
        let lamports = |lamports| [(1, Account::with_lamports(lamports)), (2, Account::new(lamports, &[9; 2000], KEY))];
        for amount in 10..14 {
            let changes = chain.block(&lamports(amount));
            chain.hash(&changes);
        }
        let parent = chain.lattice.clone();
        let dropped = chain.block(&lamports(20));
        chain.hash(&dropped);
        chain.take_back(&dropped, parent);
        // The cache still has the terms of 20 lamports.
        let changes = chain.block(&lamports(21));
        chain.hash(&changes);
        // Not hashed, so the cache has the terms of 21.
        let unhashed = chain.block(&lamports(22));
        let hashed = chain.block(&lamports(23));
        let skipped = chain.lattice.after(&unhashed, &mut TermCache::new(0));
        chain.lattice = skipped;
        chain.hash(&hashed);
        // And an account that came back as it was before the cache's state.
        for amount in [23, 24, 22, 24] {
            let changes = chain.block(&lamports(amount));
            chain.hash(&changes);
        }
    }

    const KEY: Pubkey = Pubkey::new_from_array([77; 32]);

    fn state() -> impl Strategy<Value = Account> {
        let data_bytes = prop_oneof![4 => Just(0), 2 => Just(165), 1 => 900usize..1100, 1 => Just(3000)];
        prop_oneof![
            1 => Just(Account::default()),
            6 => (1..6u64, data_bytes, any::<bool>()).prop_map(|(lamports, data_bytes, executable)| {
                Account { executable, ..Account::new(lamports, &vec![lamports as u8; data_bytes], KEY) }
            }),
        ]
    }

    /// What happens to a block.
    #[derive(Clone, Copy, Debug)]
    enum Fate {
        Kept,
        Dropped,
        /// Dropped, and the cache is not told.
        Lost,
        /// Hashed without the cache.
        Unseen,
    }

    fn fate() -> impl Strategy<Value = Fate> {
        let others = prop_oneof![Just(Fate::Dropped), Just(Fate::Lost), Just(Fate::Unseen)];
        prop_oneof![2 => Just(Fate::Kept), 1 => others]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn incremental_equals_full_whatever_the_cache_holds(
            places in prop_oneof![Just(0usize), 1..4usize, Just(1000)],
            blocks in prop::collection::vec(
                (
                    prop::collection::vec((0..12usize, state()), 0..16),
                    fate(),
                ),
                0..24,
            ),
        ) {
            let mut chain = Chain::new(12, TermCache::new(places * 2300));
            for (states, fate) in blocks {
                let parent = chain.lattice.clone();
                let changes = chain.block(&states);
                match fate {
                    Fate::Unseen => chain.lattice = parent.after(&changes, &mut TermCache::new(0)),
                    _ => chain.hash(&changes),
                }
                if matches!(fate, Fate::Dropped) {
                    chain.terms.forget(&changes);
                }
                if matches!(fate, Fate::Dropped | Fate::Lost) {
                    chain.take_back(&changes, parent);
                }
                chain.check();
            }
        }
    }
}
