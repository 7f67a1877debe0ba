//! Settings of the durable store: when it syncs, what it keeps, copies while blocks go on.

mod common;

use std::time::{Duration, Instant};

use common::{Model, block, genesis, indexed_transaction, key, signature};
use heddle_storage::{BlockBatch, Durability, LedgerOptions, MemoryStore, RocksOptions, RocksStore, Store};
use tempfile::tempdir;

fn with(durability: Durability) -> RocksOptions {
    RocksOptions { durability, ..RocksOptions::default() }
}

fn keeping(ledger: LedgerOptions) -> RocksOptions {
    RocksOptions { ledger: Some(ledger), ..RocksOptions::default() }
}

fn initialize(store: &RocksStore) -> Model {
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    Model::new(&genesis, &lattice)
}

fn commit(store: &RocksStore, model: &mut Model, block: &BlockBatch) {
    store.commit(block).unwrap();
    model.commit(block);
}

/// The slot that the file `HEDDLE` says was acknowledged.
fn noted_slot(path: &std::path::Path) -> u64 {
    let note = std::fs::read(path.join("HEDDLE")).unwrap();
    u64::from_le_bytes(note[8..16].try_into().unwrap())
}

#[test]
fn only_synced_blocks_are_told_as_durable() {
    for durability in [Durability::None, Durability::Interval(Duration::from_secs(60))] {
        let directory = tempdir().unwrap();
        let path = directory.path().join("db");
        let store = RocksStore::open_with(&path, with(durability)).unwrap();
        assert_eq!(store.durability(), durability);
        assert_eq!(store.durable_slot().unwrap(), None);
        let mut model = initialize(&store);
        for slot in 1..4 {
            let next = block(&model.tip.header, slot);
            commit(&store, &mut model, &next);
            assert_eq!(store.durable_slot().unwrap(), Some(0), "genesis is always synced");
            assert_eq!(noted_slot(&path), 0, "nothing is acknowledged that is not durable");
        }
        model.check(&store);
        store.sync().unwrap();
        assert_eq!(store.durable_slot().unwrap(), Some(3));
        assert_eq!(noted_slot(&path), 3);
        let next = block(&model.tip.header, 4);
        commit(&store, &mut model, &next);
        assert_eq!(store.durable_slot().unwrap(), Some(3));
        drop(store);
        assert_eq!(noted_slot(&path), 4, "synced when closed");
        let store = RocksStore::open_existing(&path).unwrap();
        assert_eq!(store.durable_slot().unwrap(), Some(4));
        model.check(&store);
    }
}

#[test]
fn intervals_pass_by_themselves() {
    let directory = tempdir().unwrap();
    let store = RocksStore::open_with(directory.path(), with(Durability::Interval(Duration::from_millis(5)))).unwrap();
    let mut model = initialize(&store);
    for slot in 1..20 {
        let next = block(&model.tip.header, slot);
        commit(&store, &mut model, &next);
    }
    let began = Instant::now();
    while store.durable_slot().unwrap() != Some(19) {
        assert!(began.elapsed() < Duration::from_secs(60), "it should have been synced by now");
        std::thread::yield_now();
    }
    model.check(&store);
}

#[test]
fn every_block_is_durable_unless_told_otherwise() {
    let directory = tempdir().unwrap();
    let store = RocksStore::open(directory.path()).unwrap();
    assert_eq!(store.durability(), Durability::Block);
    let mut model = initialize(&store);
    let next = block(&model.tip.header, 7);
    commit(&store, &mut model, &next);
    assert_eq!(store.durable_slot().unwrap(), Some(7));
}

#[test]
fn what_is_kept_goes_on_when_opened_again() {
    let directory = tempdir().unwrap();
    let options = LedgerOptions { keep_slots: Some(100), history_slots: 20, addresses: true, ..Default::default() };
    let store = RocksStore::open_with(directory.path(), keeping(options)).unwrap();
    initialize(&store);
    drop(store);
    let store = RocksStore::open(directory.path()).unwrap();
    assert_eq!(store.ledger().unwrap().options, options);
    drop(store);
    assert_eq!(RocksStore::open_read_only(directory.path()).unwrap().ledger().unwrap().options, options);
}

#[test]
fn a_part_can_be_dropped_and_begun_again() {
    let directory = tempdir().unwrap();
    let store = RocksStore::open_with(directory.path(), keeping(LedgerOptions::EVERYTHING)).unwrap();
    let mut model = initialize(&store);
    let extend = |store: &RocksStore, model: &mut Model| {
        let slot = model.tip.header.slot + 1;
        let mut next = block(&model.tip.header, slot);
        next.transactions = vec![indexed_transaction(slot, &[key(1)], &[])];
        next.header.transaction_count = 1;
        commit(store, model, &next);
    };
    for _ in 0..3 {
        extend(&store, &mut model);
    }
    drop(store);
    let less = LedgerOptions { signatures: false, history_slots: 0, ..LedgerOptions::EVERYTHING };
    let store = RocksStore::open_with(directory.path(), keeping(less)).unwrap();
    assert_eq!(store.place_of(&signature(2)).unwrap(), None);
    assert_eq!(store.history(3).unwrap(), None);
    assert_eq!(store.places_naming(&key(1), None, 9).unwrap().len(), 3, "the rest stays");
    extend(&store, &mut model);
    drop(store);
    let store = RocksStore::open_with(directory.path(), keeping(LedgerOptions::EVERYTHING)).unwrap();
    extend(&store, &mut model);
    let ledger = store.ledger().unwrap();
    assert_eq!((ledger.signatures_from, ledger.history_from, ledger.addresses_from), (Some(5), Some(5), Some(1)));
    assert_eq!(store.place_of(&signature(4)).unwrap(), None);
    assert_eq!(store.place_of(&signature(5)).unwrap().map(|place| place.slot), Some(5));
    model.check(&store);
    store.revert(4).unwrap();
    assert!(store.revert(3).is_err());
}

#[test]
fn a_checkpoint_is_whole_while_blocks_go_on() {
    const CHECKPOINTS: usize = 8;
    let directory = tempdir().unwrap();
    let store = RocksStore::open(directory.path().join("db")).unwrap();
    let mut states = vec![initialize(&store)];
    std::thread::scope(|scope| {
        let checkpoints = scope.spawn(|| {
            for number in 0..CHECKPOINTS {
                store.checkpoint(directory.path().join(format!("checkpoint-{number}"))).unwrap();
            }
        });
        while !checkpoints.is_finished() {
            let mut model = states.last().unwrap().clone();
            let next = block(&model.tip.header, model.tip.header.slot + 1);
            commit(&store, &mut model, &next);
            states.push(model);
        }
    });
    assert!(states.len() > CHECKPOINTS, "blocks went on");
    let mut last = 0;
    for number in 0..CHECKPOINTS {
        let path = directory.path().join(format!("checkpoint-{number}"));
        let copy = RocksStore::open_read_only(&path).unwrap();
        let slot = copy.tip().unwrap().unwrap().header.slot;
        assert!(slot >= last);
        last = slot;
        states[slot as usize].check(&copy);
        drop(copy);
        // It is a database like any other.
        let mut model = states[slot as usize].clone();
        let copy = RocksStore::open_existing(&path).unwrap();
        let next = block(&model.tip.header, slot + 5);
        commit(&copy, &mut model, &next);
        model.check(&copy);
    }
    states.last().unwrap().check(&store);
}

/// Dropping a table file takes with it what the file says of others, so records of a table that stays can be back. Nobody
/// may see them.
#[test]
fn removed_records_stay_removed() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("db");
    let options = LedgerOptions { keep_slots: Some(8), history_slots: 8, ..LedgerOptions::EVERYTHING };
    let store = RocksStore::open_with(&path, keeping(options)).unwrap();
    let mut model = initialize(&store);
    let extend = |store: &RocksStore, model: &mut Model, count: u64| {
        for slot in model.tip.header.slot + 1..=model.tip.header.slot + count {
            let mut next = block(&model.tip.header, slot);
            next.transactions = vec![indexed_transaction(slot, &[key(1)], &[])];
            next.header.transaction_count = 1;
            commit(store, model, &next);
        }
    };
    extend(&store, &mut model, 40);
    drop(store);
    // As if tombstones had gone with a file: old records under the same keys.
    let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), &path, common::COLUMNS).unwrap();
    for column in ["transactions", "changes", "history", "details"] {
        let handle = db.cf_handle(column).unwrap();
        let newest = db.get_cf(handle, 40u64.to_be_bytes()).unwrap().unwrap_or_else(|| vec![1, 0, 0, 0, 0]);
        db.put_cf(handle, 3u64.to_be_bytes(), newest).unwrap();
    }
    drop(db);
    let store = RocksStore::open_existing(&path).unwrap();
    assert_eq!((store.transactions(3).unwrap(), store.changes(3).unwrap()), (vec![], vec![]));
    assert_eq!(store.history(3).unwrap(), None);
    assert_eq!(store.transaction(heddle_types::TransactionPlace { slot: 3, position: 0 }).unwrap(), None);
    extend(&store, &mut model, 20);
    drop(store);
    let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), &path, common::COLUMNS).unwrap();
    for column in ["transactions", "changes", "history", "details"] {
        assert_eq!(db.get_cf(db.cf_handle(column).unwrap(), 3u64.to_be_bytes()).unwrap(), None, "{column}");
    }
}

#[test]
fn a_database_tells_what_it_has_to_write() {
    let directory = tempdir().unwrap();
    let store = RocksStore::open(directory.path().join("db")).unwrap();
    let mut model = initialize(&store);
    let before = store.pressure().unwrap().unwrap();
    for slot in 1..20 {
        let next = block(&model.tip.header, slot);
        commit(&store, &mut model, &next);
    }
    let after = store.pressure().unwrap().unwrap();
    let written = after.memtable_bytes + after.table_bytes;
    assert!(written > before.memtable_bytes + before.table_bytes, "{before:?} {after:?}");
    assert!(!after.is_write_stopped && after.delayed_write_bytes_per_second == 0, "{after:?}");
    let tables = |path: &std::path::Path| {
        let files = std::fs::read_dir(path).unwrap().map(|file| file.unwrap().file_name());
        files.filter(|name| name.to_string_lossy().ends_with(".sst")).count() as u64
    };
    assert_eq!(after.level_table_counts.iter().sum::<u64>(), tables(store.path()));
    assert!(MemoryStore::new().pressure().unwrap().is_none());
}
