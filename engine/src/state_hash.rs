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

use crate::account_table::AccountChange;

const _: () = assert!(LATTICE_BYTES == 2 * LANE_COUNT, "what is stored is what is summed");

/// Sum of account terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lattice(Box<[u16; LANE_COUNT]>);

impl Default for Lattice {
    fn default() -> Self {
        Self(Box::new([0; LANE_COUNT]))
    }
}

/// Which way an account's term goes into a sum.
type Direction = fn(&mut LatticeSum, &[&[u8]]);

/// Puts the term of `account` into `sum`.
fn combine(sum: &mut LatticeSum, direction: Direction, key: &Pubkey, account: &Account) {
    if account.exists() {
        direction(
            sum,
            &[
                &account.lamports.to_le_bytes(),
                &account.data,
                &[account.executable.into()],
                account.owner.as_ref(),
                key.as_ref(),
            ],
        );
    }
}

impl Lattice {
    /// Adds the term of `account`. For many accounts, [`Self::of`] costs half as much for each.
    pub fn add(&mut self, key: &Pubkey, account: &Account) {
        let mut sum = LatticeSum::new();
        combine(&mut sum, LatticeSum::add, key, account);
        self.merge(sum);
    }

    /// Takes away the term of `account`.
    pub fn subtract(&mut self, key: &Pubkey, account: &Account) {
        let mut sum = LatticeSum::new();
        combine(&mut sum, LatticeSum::subtract, key, account);
        self.merge(sum);
    }

    fn merge(&mut self, sum: LatticeSum) {
        for (lane, other) in self.0.iter_mut().zip(sum.into_lanes().iter()) {
            *lane = lane.wrapping_add(*other);
        }
    }

    /// The lattice after `changes`; computed on all of rayon's threads.
    pub(crate) fn after(&self, changes: &[AccountChange]) -> Self {
        /// Changes hashed by one task: ~50 µs of work.
        const CHANGES_PER_TASK: usize = 64;
        let delta = changes
            .par_chunks(CHANGES_PER_TASK)
            .map(|chunk| {
                let mut delta = LatticeSum::new();
                for change in chunk {
                    combine(&mut delta, LatticeSum::subtract, &change.key, &change.before);
                    combine(&mut delta, LatticeSum::add, &change.key, &change.after);
                }
                delta
            })
            .reduce_with(|mut sum, other| {
                sum.merge(other);
                sum
            });
        let mut lattice = self.clone();
        if let Some(delta) = delta {
            lattice.merge(delta);
        }
        lattice
    }

    /// The lattice of a whole state.
    pub fn of<'a>(accounts: impl IntoIterator<Item = (&'a Pubkey, &'a Account)>) -> Self {
        let mut sum = LatticeSum::new();
        for (key, account) in accounts {
            combine(&mut sum, LatticeSum::add, key, account);
        }
        Self(sum.into_lanes())
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

    #[test]
    fn incremental_equals_full() {
        let before: Vec<_> = (0..200u8).map(account).collect();
        let changes: Vec<AccountChange> = before
            .iter()
            .map(|(key, old)| AccountChange {
                key: *key,
                before: old.clone(),
                after: if old.lamports % 3 == 0 { Account::default() } else { Account::with_lamports(77) },
                index: heddle_types::AccountIndex(0),
            })
            .collect();
        let start = Lattice::of(before.iter().map(|(key, account)| (key, account)));
        let full = Lattice::of(changes.iter().map(|change| (&change.key, &change.after)));
        assert_eq!(start.after(&changes), full);
    }
}
