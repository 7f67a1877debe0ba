//! Views of earlier states: each shows what the store showed then, also while the store goes on.

mod common;

use std::sync::Arc;

use common::{Model, block, genesis, key};
use heddle_storage::{LedgerOptions, MemoryStore, PastStore, RocksStore, Store, StoreError};

fn chain(store: &dyn Store, slots: impl Iterator<Item = u64>) -> Vec<Model> {
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    let mut states = vec![Model::new(&genesis, &lattice)];
    extend(store, &mut states, slots);
    states
}

fn extend(store: &dyn Store, states: &mut Vec<Model>, slots: impl Iterator<Item = u64>) {
    for slot in slots {
        let mut model = states.last().unwrap().clone();
        let next = block(&model.tip.header, slot);
        store.commit(&next).unwrap();
        model.commit(&next);
        states.push(model);
    }
}

fn stores() -> (tempfile::TempDir, Vec<Arc<dyn Store>>) {
    let directory = tempfile::tempdir().unwrap();
    let durable = RocksStore::open(directory.path().join("db")).unwrap();
    (directory, vec![Arc::new(MemoryStore::new()), Arc::new(durable)])
}

#[test]
fn every_earlier_state_can_be_seen_while_the_store_goes_on() {
    let (_directory, stores) = stores();
    for store in stores {
        let mut states = chain(&*store, (1..25).filter(|slot| slot % 6 != 4));
        let views: Vec<PastStore> =
            states.iter().map(|state| PastStore::at(store.clone(), state.tip.header.slot).unwrap()).collect();
        for (view, state) in views.iter().zip(&states) {
            state.check(view);
        }
        let count = states.len();
        extend(&*store, &mut states, 30..45);
        for (view, state) in views.iter().zip(&states[..count]) {
            state.check(view);
        }
    }
}

#[test]
fn views_read_while_blocks_are_committed() {
    let (_directory, stores) = stores();
    for store in stores {
        let mut states = chain(&*store, 1..10);
        let expected = states[5].clone();
        let view = PastStore::at(store.clone(), expected.tip.header.slot).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| extend(&*store, &mut states, 10..150));
            let keys: Vec<_> = (0..=255).map(key).collect();
            let accounts: Vec<_> = keys.iter().map(|key| expected.accounts.get(key).cloned()).collect();
            let mut reads = 0;
            while !writer.is_finished() || reads == 0 {
                assert_eq!(view.accounts(&keys).unwrap(), accounts);
                reads += 1;
            }
        });
        expected.check(&view);
    }
}

#[test]
fn what_is_not_kept_cannot_be_seen() {
    let few = LedgerOptions { history_slots: 4, ..LedgerOptions::default() };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_ledger(few));
    assert!(matches!(PastStore::at(store.clone(), 0), Err(StoreError::NotInitialized)));
    let states = chain(&*store, (1..30).filter(|slot| *slot != 28));
    for slot in [0, 20, 28, 30] {
        let told = PastStore::at(store.clone(), slot).err().unwrap();
        assert!(matches!(told, StoreError::NotKept { slot: of } if of == slot), "{told}");
    }
    let view = PastStore::at(store.clone(), 27).unwrap();
    let newest = PastStore::at(store.clone(), 29).unwrap();
    states.last().unwrap().check(&newest);
    // Taken back behind what the view has seen: its state is still there, but the view cannot know.
    store.revert(27).unwrap();
    for view in [&view, &newest] {
        assert!(matches!(view.accounts(&[key(1)]), Err(StoreError::NotKept { .. })));
    }
}

#[test]
fn a_view_is_not_written() {
    let (_directory, stores) = stores();
    for store in stores {
        let states = chain(&*store, 1..10);
        let view = PastStore::at(store.clone(), 5).unwrap();
        let next = block(&states[5].tip.header, 6);
        assert!(matches!(view.commit(&next), Err(StoreError::Past { slot: 5 })));
        assert!(matches!(view.revert(4), Err(StoreError::Past { slot: 5 })));
        let (genesis, lattice) = genesis();
        assert!(matches!(view.initialize(&genesis, &lattice), Err(StoreError::Past { slot: 5 })));
        states[5].check(&view);
        states[9].check(&*store);
    }
}
