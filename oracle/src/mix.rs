//! Cases for hunts: the topics' scenarios mixed with each other, and random sequences, each from one number.
//!
//! A mix puts some scenarios' accounts into one state and their transactions into one block: each scenario's in their
//! order, and between each other at random. Where two have the same account, either's is taken; then perhaps a few
//! accounts are disturbed, which needs no new signature.

use crate::{
    case::Case,
    environment::Environment,
    topics::{SEQUENCES, TOPICS},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_account::{Account, AccountSharedData, ReadableAccount};
use solana_address::Address;
use solana_sdk_ids::address_lookup_table;
use std::collections::{BTreeMap, VecDeque};

/// Transactions of a mix.
const TRANSACTIONS_MAX: usize = 24;

/// Scenarios of a mix besides the first.
const OTHERS_MAX: usize = 4;

/// Draws for scenarios that share the first one's gates and slot.
const DRAWS: usize = 12;

/// Most bytes by which a disturbed account grows.
const GROWTH_BYTES_MAX: usize = 64;

/// Every scenario, to be mixed.
pub struct Mixer<'a> {
    environment: &'a Environment,
    topics: Vec<Vec<Case>>,
}

impl<'a> Mixer<'a> {
    /// Makes all scenarios of all topics.
    pub fn new(environment: &'a Environment) -> Self {
        Self { environment, topics: TOPICS.iter().map(|topic| (topic.cases)(environment)).collect() }
    }

    /// The case of `kind` and `number`; kinds that follow each other take turns between mixes and sequences.
    pub fn case(&self, kind: usize, number: u32) -> Case {
        match SEQUENCES.get(kind % (2 * SEQUENCES.len())) {
            Some((topic, sequence)) => {
                let mut case = sequence(self.environment, u64::from(number));
                case.name = format!("{topic} {}", case.name);
                case
            }
            None => self.mix(number),
        }
    }

    fn mix(&self, number: u32) -> Case {
        let mut random = ChaCha8Rng::seed_from_u64(u64::from(number));
        let first = self.draw(&mut random);
        let mut scenarios = vec![first];
        for _ in 0..DRAWS {
            let other = self.draw(&mut random);
            if scenarios.len() <= OTHERS_MAX && other.gates == first.gates && other.slot == first.slot {
                scenarios.push(other);
            }
        }
        let mut accounts: BTreeMap<Address, AccountSharedData> = BTreeMap::new();
        for (address, account) in scenarios.iter().flat_map(|scenario| &scenario.accounts) {
            if !accounts.contains_key(address) || random.random() {
                accounts.insert(*address, account.clone());
            }
        }
        for _ in 0..[0, 0, 1, 1, 2, 4][random.random_range(0..6)] {
            self.disturb(&mut random, &mut accounts);
        }
        let mut queues: Vec<VecDeque<_>> =
            scenarios.iter().map(|scenario| scenario.transactions.iter().cloned().collect()).collect();
        let mut mixed = Case::bare(self.environment, format!("mix {number}"));
        (mixed.gates, mixed.slot) = (first.gates.clone(), first.slot);
        mixed.accounts = accounts.into_iter().collect();
        while mixed.transactions.len() < TRANSACTIONS_MAX && !queues.is_empty() {
            let index = random.random_range(0..queues.len());
            match queues[index].pop_front() {
                Some(transaction) => mixed.transactions.push(transaction),
                None => drop(queues.swap_remove(index)),
            }
        }
        mixed
    }

    fn draw(&self, random: &mut ChaCha8Rng) -> &Case {
        let topic = &self.topics[random.random_range(0..self.topics.len())];
        &topic[random.random_range(0..topic.len())]
    }

    /// Changes one account in one way. Sysvars stay, which on Solana are always whole, and lookup tables: one that was
    /// extended in the future would change what it holds in the middle of a block, which no real one does.
    fn disturb(&self, random: &mut ChaCha8Rng, accounts: &mut BTreeMap<Address, AccountSharedData>) {
        let is_own = |key: &&Address| {
            !self.environment.accounts.contains_key(*key) && *accounts[*key].owner() != address_lookup_table::ID
        };
        let keys: Vec<Address> = accounts.keys().filter(is_own).copied().collect();
        if keys.is_empty() {
            return;
        }
        let mut pick = || keys[random.random_range(0..keys.len())];
        let (address, other) = (pick(), pick());
        let mut account = Account::from(accounts[&address].clone());
        match random.random_range(0..8) {
            0 => {
                accounts.remove(&address);
                return;
            }
            1 => account.lamports = random.random_range(1..=account.lamports.max(1)),
            2 => account.lamports = account.lamports.saturating_add(random.random_range(0..2_000_000)),
            3..5 if !account.data.is_empty() => {
                let at = random.random_range(0..account.data.len());
                account.data[at] ^= 1 << random.random_range(0..8);
            }
            5 => account.data.truncate(random.random_range(0..=account.data.len())),
            6 => account.data.resize(account.data.len() + random.random_range(1..=GROWTH_BYTES_MAX), 0),
            _ => account.owner = Account::from(accounts[&other].clone()).owner,
        }
        accounts.insert(address, account.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    #[test]
    fn a_number_is_a_case_and_mixes_come_from_several_topics() {
        let environment = Environment::new();
        let (mixer, again) = (Mixer::new(&environment), Mixer::new(&environment));
        let record = |case| record::record_case(&environment, None, case, &mut Vec::new());
        let mixes: Vec<Case> = (0..60).map(|number| mixer.mix(number)).collect();
        assert!(mixes.iter().all(|mix| (1..=TRANSACTIONS_MAX).contains(&mix.transactions.len())));
        assert!(mixes.iter().any(|mix| mix.transactions.len() > 8));
        for kind in 0..2 * SEQUENCES.len() {
            assert_eq!(record(mixer.case(kind, 7)), record(again.case(kind, 7)));
            assert_ne!(record(mixer.case(kind, 7)).transactions, record(mixer.case(kind, 8)).transactions);
        }
    }
}
