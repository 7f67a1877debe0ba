//! The store that fails on purpose fails where it was told to, and as a real one would.

mod common;

use std::sync::Arc;

use common::{Model, block, genesis};
use heddle_storage::{Fault, FaultStore, MemoryStore, Store, StoreError};

/// Commits three blocks with a fault in the second; the slots that are stored after it.
fn slots_after(fault: Fault) -> Vec<u64> {
    let inner = Arc::new(MemoryStore::new());
    let store = FaultStore::new(Arc::clone(&inner), fault);
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    let first = block(&genesis.header, 1);
    store.commit(&first).unwrap();
    let second = block(&first.header, 2);
    assert!(matches!(store.commit(&second), Err(StoreError::Injected { commit_index: 1 })));
    for next in [&second, &block(&second.header, 3)] {
        let Err(StoreError::Poisoned { cause }) = store.commit(next) else { panic!() };
        assert_eq!(cause, "injected fault in commit 1");
    }
    // Reads go on, and agree with the store inside.
    assert_eq!(Model::read(&store).unwrap(), Model::read(&*inner).unwrap());
    assert_eq!(store.next_header(0).unwrap(), Some(first.header));
    assert_eq!(store.accounts(&[common::key(10)]).unwrap(), inner.accounts(&[common::key(10)]).unwrap());
    inner.recent_headers(9).unwrap().iter().map(|header| header.slot).collect()
}

#[test]
fn both_outcomes_of_a_failed_commit() {
    assert_eq!(slots_after(Fault::BeforeCommit(1)), [0, 1]);
    assert_eq!(slots_after(Fault::AfterCommit(1)), [0, 1, 2]);
}

#[test]
fn no_fault_when_the_index_is_not_reached() {
    let store = FaultStore::new(Arc::new(MemoryStore::new()), Fault::BeforeCommit(5));
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    let mut model = Model::new(&genesis, &lattice);
    for slot in 1..5 {
        let next = block(&model.tip.header, slot);
        store.commit(&next).unwrap();
        model.commit(&next);
    }
    model.check(&store);
}
