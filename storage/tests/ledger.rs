//! What every store keeps of the past: blocks found by signature and address, pruned, taken back.

mod common;

use common::{
    Model, block, empty_block, genesis, indexed_transaction, key, lattice, signature, status,
    subject::{Subject, contract},
    with_details, with_transactions,
};
use heddle_storage::{BlockBatch, Ledger, LedgerOptions, StoreError};
use heddle_types::{BlockHeader, TransactionPlace};
use proptest::prelude::*;

contract!(
    transactions_are_found_by_signature_and_address,
    details_are_kept_where_asked_for,
    old_blocks_go_and_new_ones_stay,
    history_shows_the_accounts_before,
    every_kept_state_can_be_had_again,
    indexes_forget_what_is_taken_back,
    indexes_forget_what_was_pruned_and_is_taken_back,
    a_state_that_is_not_kept_is_refused,
    statuses_come_back_with_their_blocks,
    a_batch_must_bring_all_states_before_or_none,
    what_cannot_be_indexed_is_refused,
    random_chains_are_pruned_and_taken_back,
);

fn initialized<T: Subject>(options: LedgerOptions) -> (T, Model) {
    let subject = T::create_with(options);
    let (genesis, lattice) = genesis();
    subject.store().initialize(&genesis, &lattice).unwrap();
    (subject, Model::new(&genesis, &lattice))
}

fn commit(subject: &impl Subject, model: &mut Model, block: &BlockBatch) {
    subject.store().commit(block).unwrap();
    model.commit(block);
}

fn place(slot: u64, position: u32) -> TransactionPlace {
    TransactionPlace { slot, position }
}

/// A block of three transactions that name: `a`; `a` and `b`; `b` and, through a table, `c`. Numbers from 10 * slot.
fn indexed_block(parent: &BlockHeader, slot: u64) -> BlockBatch {
    let mut block = block(parent, slot);
    let [a, b, c] = [1, 2, 3].map(key);
    block.transactions = vec![
        indexed_transaction(10 * slot, &[a], &[]),
        indexed_transaction(10 * slot + 1, &[a, b], &[]),
        with_details(indexed_transaction(10 * slot + 2, &[b], &[c])),
    ];
    block.header.transaction_count = 3;
    block
}

fn transactions_are_found_by_signature_and_address<T: Subject>() {
    let (mut subject, mut model) = initialized::<T>(LedgerOptions::EVERYTHING);
    for slot in [1, 2, 5] {
        let next = indexed_block(&model.tip.header, slot);
        commit(&subject, &mut model, &next);
    }
    for _ in 0..2 {
        let store = subject.store();
        assert_eq!(store.place_of(&signature(51)).unwrap(), Some(place(5, 1)));
        assert_eq!(store.place_of(&signature(30)).unwrap(), None);
        let named = |number, before, count_max| store.places_naming(&key(number), before, count_max).unwrap();
        let of_b = [place(5, 2), place(5, 1), place(2, 2), place(2, 1), place(1, 2), place(1, 1)];
        assert_eq!(named(2, None, 100), of_b);
        assert_eq!(named(2, None, 3), of_b[..3]);
        assert_eq!(named(2, Some(of_b[2]), 2), of_b[3..5], "those before, not that one");
        assert_eq!(named(2, Some(place(3, 0)), 9), of_b[2..], "a place that is none");
        assert_eq!(named(2, Some(of_b[5]), 9), []);
        assert_eq!(named(3, None, 9), [place(5, 2), place(2, 2), place(1, 2)], "through a table");
        assert_eq!((named(4, None, 9), named(2, None, 0)), (vec![], vec![]));
        let found = store.transaction(place(5, 2)).unwrap().unwrap();
        assert_eq!(found, with_details(indexed_transaction(52, &[key(2)], &[key(3)])));
        assert_eq!(store.transaction(place(5, 3)).unwrap(), None);
        assert_eq!(store.transaction(place(4, 0)).unwrap(), None);
        subject.reopen();
    }
    let nothing = LedgerOptions { signatures: false, addresses: false, ..LedgerOptions::EVERYTHING };
    let (subject, mut model) = initialized::<T>(nothing);
    let next = indexed_block(&model.tip.header, 1);
    commit(&subject, &mut model, &next);
    assert_eq!(subject.store().place_of(&signature(11)).unwrap(), None);
    assert_eq!(subject.store().places_naming(&key(2), None, 9).unwrap(), []);
}

fn details_are_kept_where_asked_for<T: Subject>() {
    for is_kept in [true, false] {
        let options = LedgerOptions { details: is_kept, ..LedgerOptions::default() };
        let (mut subject, mut model) = initialized::<T>(options);
        let next = indexed_block(&model.tip.header, 1);
        commit(&subject, &mut model, &next);
        subject.reopen();
        let store = subject.store();
        let details = |position| store.transaction(place(1, position)).unwrap().unwrap().receipt.details;
        assert_eq!((details(0), details(1)), (None, None));
        let expected = next.transactions[2].receipt.details.clone();
        assert_eq!(details(2), expected.filter(|_| is_kept));
        assert!(store.transactions(1).unwrap().iter().all(|one| one.receipt.details.is_none()));
        assert_eq!(store.ledger().unwrap().details_from, is_kept.then_some(1));
        model.check(store);
    }
}

fn old_blocks_go_and_new_ones_stay<T: Subject>() {
    const KEEP: u64 = 32;
    let options = LedgerOptions { keep_slots: Some(KEEP), history_slots: 8, ..LedgerOptions::EVERYTHING };
    let (mut subject, mut model) = initialized::<T>(options);
    for slot in (1..200).filter(|slot| slot % 10 != 3) {
        let next = indexed_block(&model.tip.header, slot);
        commit(&subject, &mut model, &next);
        if slot % 50 == 0 {
            subject.reopen();
        }
        let store = subject.store();
        let Ledger { blocks_from, history_from, .. } = store.ledger().unwrap();
        assert!(blocks_from + KEEP <= (slot + 1).max(KEEP), "enough is kept after slot {slot}");
        assert!(slot < 60 || blocks_from + KEEP + 8 > slot, "not more than a step too many");
        for old in 1..=slot {
            let is_there = old >= blocks_from && old % 10 != 3;
            let count = if is_there { 3 } else { 0 };
            assert_eq!(store.transactions(old).unwrap().len(), count, "slot {old} after {slot}");
            assert_eq!(store.changes(old).unwrap().is_empty(), !is_there);
            assert_eq!(store.transaction(place(old, 2)).unwrap().is_some(), is_there);
            assert_eq!(store.place_of(&signature(10 * old)).unwrap().is_some(), is_there, "slot {old} after {slot}");
            let has_history = history_from.is_some_and(|from| old >= from) && old % 10 != 3;
            assert_eq!(store.history(old).unwrap().is_some(), has_history);
            assert_eq!(store.header(old).unwrap().is_some(), old % 10 != 3, "headers stay");
        }
        let named = store.places_naming(&key(3), None, usize::MAX).unwrap();
        assert!(named.iter().all(|place| place.slot >= blocks_from));
        assert_eq!(named.len() as u64, (blocks_from.max(1)..=slot).filter(|slot| slot % 10 != 3).count() as u64);
    }
    model.prune(&subject.store().ledger().unwrap());
    model.check(subject.store());
}

fn history_shows_the_accounts_before<T: Subject>() {
    for brings_before in [true, false] {
        let (subject, mut model) = initialized::<T>(LedgerOptions::EVERYTHING);
        for slot in 1..20 {
            let mut next = indexed_block(&model.tip.header, slot);
            if brings_before {
                next.before = Some(next.accounts.iter().map(|(key, _)| model.accounts.get(key).cloned()).collect());
            }
            let before = model.clone();
            commit(&subject, &mut model, &next);
            let history = subject.store().history(slot).unwrap().unwrap();
            assert_eq!(history.lattice, before.tip.lattice);
            let keys: Vec<_> = history.accounts.iter().map(|(key, _)| *key).collect();
            let mut written: Vec<_> = next.accounts.iter().map(|(key, _)| *key).collect();
            written.sort_unstable();
            assert_eq!(keys, written);
            for (key, account) in history.accounts {
                assert_eq!(account.as_ref(), before.accounts.get(&key));
            }
        }
        assert_eq!(subject.store().history(0).unwrap(), None);
        assert_eq!(subject.store().history(20).unwrap(), None);
    }
}

fn every_kept_state_can_be_had_again<T: Subject>() {
    let (mut subject, mut model) = initialized::<T>(LedgerOptions::EVERYTHING);
    let mut states = vec![model.clone()];
    for slot in (1..30).filter(|slot| slot % 7 != 3) {
        let next = indexed_block(&model.tip.header, slot);
        commit(&subject, &mut model, &next);
        states.push(model.clone());
    }
    while let Some(state) = states.pop() {
        subject.store().revert(state.tip.header.slot).unwrap();
        state.check(subject.store());
        subject.reopen();
        state.check(subject.store());
        if states.len() % 3 == 0 {
            // Another block, and back again.
            let other = indexed_block(&state.tip.header, 100);
            subject.store().commit(&other).unwrap();
            subject.store().revert(state.tip.header.slot).unwrap();
            state.check(subject.store());
        }
    }
    let (genesis, lattice) = genesis();
    Model::new(&genesis, &lattice).check(subject.store());
    let next = indexed_block(&genesis.header, 2);
    let mut model = Model::new(&genesis, &lattice);
    commit(&subject, &mut model, &next);
    model.check(subject.store());
}

fn indexes_forget_what_is_taken_back<T: Subject>() {
    let (mut subject, mut model) = initialized::<T>(LedgerOptions::EVERYTHING);
    for slot in 1..6 {
        let next = indexed_block(&model.tip.header, slot);
        commit(&subject, &mut model, &next);
    }
    subject.store().revert(3).unwrap();
    for _ in 0..2 {
        let store = subject.store();
        assert_eq!(store.place_of(&signature(31)).unwrap(), Some(place(3, 1)));
        assert_eq!(store.place_of(&signature(41)).unwrap(), None);
        assert_eq!(store.places_naming(&key(1), None, 2).unwrap(), [place(3, 1), place(3, 0)]);
        assert_eq!(store.transaction(place(4, 0)).unwrap(), None);
        assert_eq!(store.history(4).unwrap(), None);
        assert_eq!(store.durable_slot().unwrap(), Some(3));
        subject.reopen();
    }
}

/// Entries of a pruned block stay in the index for a while, hidden by its slot. Taking back that slot as well once brought
/// them to light again.
fn indexes_forget_what_was_pruned_and_is_taken_back<T: Subject>() {
    let options = LedgerOptions { keep_slots: Some(2), history_slots: 40, ..LedgerOptions::EVERYTHING };
    let (mut subject, mut model) = initialized::<T>(options);
    for slot in 1..20 {
        let next = indexed_block(&model.tip.header, slot);
        commit(&subject, &mut model, &next);
    }
    assert!(subject.store().ledger().unwrap().blocks_from > 10);
    subject.store().revert(5).unwrap();
    let header = subject.store().tip().unwrap().unwrap().header;
    subject.store().commit(&indexed_block(&header, 12)).unwrap();
    for _ in 0..2 {
        let store = subject.store();
        assert_eq!(store.place_of(&signature(101)).unwrap(), None);
        assert_eq!(store.place_of(&signature(191)).unwrap(), None);
        assert_eq!(store.place_of(&signature(121)).unwrap(), Some(place(12, 1)));
        assert_eq!(store.places_naming(&key(3), None, 9).unwrap(), [place(12, 2)]);
        subject.reopen();
    }
}

fn a_state_that_is_not_kept_is_refused<T: Subject>() {
    let none = LedgerOptions { history_slots: 0, ..LedgerOptions::default() };
    let few = LedgerOptions { history_slots: 4, ..LedgerOptions::default() };
    for (options, refused) in [(none, 18), (few, 14)] {
        let (subject, mut model) = initialized::<T>(options);
        for slot in (1..20).filter(|slot| *slot != 17) {
            let next = block(&model.tip.header, slot);
            commit(&subject, &mut model, &next);
        }
        for slot in [17, 20, 0, refused] {
            let error = subject.store().revert(slot).unwrap_err();
            assert!(matches!(error, StoreError::NotKept { slot: told } if told == slot), "slot {slot}: {error}");
        }
        subject.store().revert(19).unwrap();
        model.check(subject.store());
        // None of them poisoned the store.
        let next = block(&model.tip.header, 21);
        commit(&subject, &mut model, &next);
        model.check(subject.store());
    }
    let empty = T::create_with(few);
    assert!(matches!(empty.store().revert(0), Err(StoreError::NotInitialized)));
}

fn statuses_come_back_with_their_blocks<T: Subject>() {
    let options = LedgerOptions { history_slots: 8, ..LedgerOptions::default() };
    let (mut subject, mut model) = initialized::<T>(options);
    let mut states = vec![model.clone()];
    for slot in 1..60 {
        let mut next = empty_block(&model.tip.header, slot);
        next.statuses = vec![status(slot, 0), status(slot, 1)];
        next.statuses_from_slot = slot.saturating_sub(5);
        commit(&subject, &mut model, &next);
        states.push(model.clone());
    }
    assert_eq!(subject.store().statuses().unwrap(), model.statuses, "only what the newest needs");
    for back in 1..=8 {
        let state = &states[59 - back];
        subject.store().revert(state.tip.header.slot).unwrap();
        assert_eq!(subject.store().statuses().unwrap(), state.statuses, "{back} blocks back");
        subject.reopen();
        assert_eq!(subject.store().statuses().unwrap(), state.statuses, "{back} blocks back, reopened");
    }
}

fn a_batch_must_bring_all_states_before_or_none<T: Subject>() {
    let (subject, model) = initialized::<T>(LedgerOptions::EVERYTHING);
    let mut next = indexed_block(&model.tip.header, 1);
    next.before = Some(vec![None]);
    let message = subject.store().commit(&next).unwrap_err().to_string();
    assert_eq!(message, "the block at slot 1 writes 4 accounts and brings 1 states before it");
    model.check(subject.store());
}

fn what_cannot_be_indexed_is_refused<T: Subject>() {
    let (subject, mut model) = initialized::<T>(LedgerOptions::EVERYTHING);
    let mut next = indexed_block(&model.tip.header, 1);
    with_transactions(&mut next, 0..1);
    let message = subject.store().commit(&next).unwrap_err().to_string();
    assert!(message.starts_with("transaction 0 of the block at slot 1 does not parse"), "{message}");
    model.check(subject.store());
    let good = indexed_block(&model.tip.header, 1);
    commit(&subject, &mut model, &good);
}

/// What a random chain is made of.
#[derive(Clone, Debug)]
enum Step {
    Reopen,
    /// Slots to go forward.
    Commit(u64),
    /// Blocks to take back.
    Revert(usize),
}

fn random_chains_are_pruned_and_taken_back<T: Subject>() {
    let step = prop_oneof![
        1 => Just(Step::Reopen),
        8 => (1..4u64).prop_map(Step::Commit),
        2 => (1..6usize).prop_map(Step::Revert),
    ];
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let options = (proptest::option::of(1..12u64), 0..12u64);
    proptest!(config, |(steps in proptest::collection::vec(step, 0..40), (keep_slots, history_slots) in options)| {
        let options = LedgerOptions { keep_slots, history_slots, ..LedgerOptions::EVERYTHING };
        let (mut subject, mut model) = initialized::<T>(options);
        let mut states = vec![model.clone()];
        for step in steps {
            match step {
                Step::Reopen => subject.reopen(),
                Step::Commit(gap) => {
                    let next = indexed_block(&model.tip.header, model.tip.header.slot + gap);
                    commit(&subject, &mut model, &next);
                    states.push(model.clone());
                }
                Step::Revert(count) => {
                    let kept_from = subject.store().ledger().unwrap().history_from;
                    let target = states.len().saturating_sub(count + 1);
                    let first_back = states.get(target + 1).map(|state| state.tip.header.slot);
                    let slot = states[target].tip.header.slot;
                    let result = subject.store().revert(slot);
                    if first_back.is_none_or(|first| kept_from.is_some_and(|from| first >= from)) {
                        result.unwrap();
                        states.truncate(target + 1);
                        model = states[target].clone();
                    } else {
                        assert!(matches!(result, Err(StoreError::NotKept { .. })));
                    }
                }
            }
            let mut kept = model.clone();
            kept.prune(&subject.store().ledger().unwrap());
            kept.check(subject.store());
        }
        subject.reopen();
        model.prune(&subject.store().ledger().unwrap());
        model.check(subject.store());
    });
}

#[test]
fn lattices_differ_by_slot() {
    // What the checks of taken back tips rest on.
    assert_ne!(lattice(1), lattice(2));
}
