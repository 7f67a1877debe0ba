//! Databases as versions of this program wrote them: each opens with what was in it, or is refused by name.
//!
//! A fixture is never written again: a change that needs a new one is a new format version.

mod common;

use std::path::{Path, PathBuf};

use common::{
    Model, block,
    disk::{contents, copy},
    genesis, indexed_transaction, key, signature, with_details,
};
use heddle_storage::{BlockBatch, LedgerOptions, RocksOptions, RocksStore, Store, StoreError};
use heddle_types::{BlockHeader, TransactionPlace};
use tempfile::tempdir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Opening writes, so it is done to a copy.
fn copied(name: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempdir().unwrap();
    let path = directory.path().join(name);
    copy(&fixture(name), &path);
    (directory, path)
}

fn fixture_block(parent: &BlockHeader, slot: u64) -> BlockBatch {
    let mut block = block(parent, slot);
    block.transactions = vec![
        indexed_transaction(slot, &[key(1), key(2)], &[key(3)]),
        with_details(indexed_transaction(100 + slot, &[key(2)], &[])),
    ];
    block.header.transaction_count = 2;
    block
}

/// Genesis and blocks at slots 1, 2 and 5, with every index.
fn write(path: &Path) -> Model {
    let options = RocksOptions { ledger: Some(LedgerOptions::EVERYTHING), ..RocksOptions::default() };
    let store = RocksStore::open_with(path, options).unwrap();
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    let mut model = Model::new(&genesis, &lattice);
    for slot in [1, 2, 5] {
        let next = fixture_block(&model.tip.header, slot);
        store.commit(&next).unwrap();
        model.commit(&next);
    }
    model
}

#[test]
fn version_1_is_refused_by_name_and_left_as_it_is() {
    let (_directory, path) = copied("v1");
    let before = contents(&path);
    let opens = [RocksStore::open::<&Path>, RocksStore::open_existing, RocksStore::open_read_only];
    for open in opens {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Version { found: 1, supported: 2, .. }), "{error}");
        assert_eq!(contents(&path), before);
    }
}

#[test]
fn version_2_opens_with_all_that_was_in_it() {
    let (_directory, path) = copied("v2");
    let fresh = tempdir().unwrap();
    let expected = write(&fresh.path().join("db"));
    expected.check(&RocksStore::open_read_only(&path).unwrap());
    let store = RocksStore::open_existing(&path).unwrap();
    expected.check(&store);
    let place = TransactionPlace { slot: 5, position: 1 };
    assert_eq!(store.place_of(&signature(105)).unwrap(), Some(place));
    assert_eq!(store.places_naming(&key(3), None, 9).unwrap().len(), 3);
    let kept = store.transaction(place).unwrap().unwrap();
    assert_eq!(kept, fixture_block(&expected.headers[&2], 5).transactions[1]);
    assert_eq!(store.ledger().unwrap().options, LedgerOptions::EVERYTHING);
    store.revert(0).unwrap();
    let (genesis, lattice) = genesis();
    Model::new(&genesis, &lattice).check(&store);
}

/// `HEDDLE_FIXTURE=DIR cargo test -p heddle-storage --test rocks_fixtures -- --ignored`, for a new version.
#[test]
#[ignore = "writes the fixture of a new format version"]
fn write_the_fixture() {
    let path = PathBuf::from(std::env::var_os("HEDDLE_FIXTURE").expect("HEDDLE_FIXTURE names a directory"));
    write(&path);
    // Neither is state, and both name the machine.
    for name in ["LOG", "LOCK"] {
        std::fs::remove_file(path.join(name)).unwrap();
    }
}
