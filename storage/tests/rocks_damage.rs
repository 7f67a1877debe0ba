//! Damage to any file, anywhere: an error that says so, or no difference at all. Never an older or mixed state, never a
//! panic.

mod common;

use std::{fs, path::Path};

use common::{
    Model,
    disk::{contents, copy, extend_chain, files, logs, make_chain, open_and_read, tables},
};
use heddle_storage::{RocksStore, StoreError};
use tempfile::tempdir;

/// What is done to a file's bytes, and its name.
type Damage<'a> = (&'a str, &'a dyn Fn(&mut Vec<u8>));

/// A database with blocks in tables and blocks in the write-ahead log, and its model.
fn make_database(path: &Path) -> Model {
    let mut models = make_chain(path, 20);
    // Opening writes the log's blocks to tables.
    let store = RocksStore::open(path).unwrap();
    extend_chain(&store, &mut models, 40);
    models.pop().unwrap()
}

/// Opens a damaged copy of the database and checks the promise; whether it was refused.
fn check_damage(name: &str, damage: &str, path: &Path, expected: &Model) -> bool {
    let before = contents(path);
    let opened = RocksStore::open_existing(path);
    if let Err(error) = &opened {
        let after = contents(path);
        let mut names = before.keys().chain(after.keys());
        let changed = names.find(|name| before.get(*name) != after.get(*name));
        assert_eq!(changed, None, "changed by a refusal after {damage} of {name}: {error:?}");
    }
    match opened.and_then(|store| Model::read(&store)) {
        Ok(found) => {
            assert_eq!(found.as_ref(), Some(expected), "{damage} of {name} went unnoticed");
            false
        }
        Err(StoreError::Corrupt { .. } | StoreError::Lost { .. } | StoreError::NotADatabase { .. }) => true,
        Err(error) => panic!("{damage} of {name}: {error:?}"),
    }
}

/// Applies each damage to a fresh copy of each file that passes `wanted`.
fn check_damages(wanted: impl Fn(&str) -> bool, damages: &[Damage<'_>]) -> usize {
    let directory = tempdir().unwrap();
    let original = directory.path().join("original");
    let expected = make_database(&original);
    let mut refused_count = 0;
    let victims = files(&original, wanted);
    assert!(!victims.is_empty());
    for victim in victims {
        let name = victim.file_name().unwrap().to_str().unwrap();
        for (damage, apply) in damages {
            let copied = directory.path().join("copied");
            copy(&original, &copied);
            let mut bytes = fs::read(copied.join(name)).unwrap();
            apply(&mut bytes);
            fs::write(copied.join(name), bytes).unwrap();
            refused_count += usize::from(check_damage(name, damage, &copied, &expected));
            fs::remove_dir_all(&copied).unwrap();
        }
    }
    refused_count
}

/// Flips a bit at `per_mille` of the way through the bytes.
fn flip(per_mille: usize) -> impl Fn(&mut Vec<u8>) {
    move |bytes| {
        let last = bytes.len().saturating_sub(1);
        if let Some(byte) = bytes.get_mut(last * per_mille / 1000) {
            *byte ^= 0x10;
        }
    }
}

fn truncate(per_mille: usize) -> impl Fn(&mut Vec<u8>) {
    move |bytes| bytes.truncate(bytes.len() * per_mille / 1000)
}

fn zero_from(per_mille: usize) -> impl Fn(&mut Vec<u8>) {
    move |bytes| {
        let from = bytes.len() * per_mille / 1000;
        bytes[from..].fill(0);
    }
}

const STEPS: [usize; 12] = [0, 1, 30, 100, 250, 400, 500, 600, 750, 900, 990, 1000];

/// Every step of flipping, truncating and zeroing.
fn check_all_damages(wanted: impl Fn(&str) -> bool) -> usize {
    let flips = STEPS.map(flip);
    let cuts = STEPS.map(truncate);
    let zeros = STEPS.map(zero_from);
    let mut damages: Vec<Damage<'_>> = vec![];
    damages.extend(flips.iter().map(|apply| ("a flipped bit", apply as _)));
    damages.extend(cuts.iter().map(|apply| ("a cut", apply as _)));
    damages.extend(zeros.iter().map(|apply| ("zeros at the end", apply as _)));
    check_damages(wanted, &damages)
}

#[test]
fn current() {
    assert!(check_all_damages(|name| name == "CURRENT") > 0);
}

#[test]
fn manifest() {
    assert!(check_all_damages(|name| name.starts_with("MANIFEST")) > 0);
}

#[test]
fn tables_of_every_column() {
    assert!(check_all_damages(|name| name.ends_with(".sst")) > 0);
}

#[test]
fn write_ahead_log() {
    assert!(check_all_damages(|name| name.ends_with(".log")) > 0);
}

#[test]
fn files_without_state_do_not_matter() {
    let refused_count = check_all_damages(|name| {
        ["OPTIONS", "IDENTITY", "LOG", "LOCK"].iter().any(|beginning| name.starts_with(beginning))
    });
    assert_eq!(refused_count, 0);
}

#[test]
fn the_guard_file_alone_does_not_matter() {
    assert_eq!(check_all_damages(|name| name == "HEDDLE"), 0);
}

#[test]
fn any_missing_file() {
    let directory = tempdir().unwrap();
    let original = directory.path().join("original");
    let expected = make_database(&original);
    for name in contents(&original).into_keys() {
        let copied = directory.path().join("copied");
        copy(&original, &copied);
        fs::remove_file(copied.join(&name)).unwrap();
        let refused = check_damage(&name, "the absence", &copied, &expected);
        let empty = fs::metadata(original.join(&name)).unwrap().len() == 0;
        let matters = name == "CURRENT"
            || name.starts_with("MANIFEST")
            || name.ends_with(".sst")
            || name.ends_with(".log") && !empty;
        assert_eq!(refused, matters, "{name}");
        fs::remove_dir_all(&copied).unwrap();
    }
}

#[test]
fn lost_blocks_are_named_and_nothing_is_changed() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("database");
    make_database(&path);
    for log in logs(&path) {
        fs::remove_file(log).unwrap();
    }
    let before = contents(&path);
    for open in [RocksStore::open::<&Path>, RocksStore::open_existing, RocksStore::open_read_only] {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Lost { acknowledged_slot: 40, found_slot: Some(20), .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .ends_with("lost blocks: slot 40 was acknowledged as durable, but its newest block is at slot 20")
        );
        assert_eq!(contents(&path), before);
    }
    // The operator's decision to go on without them.
    fs::remove_file(path.join("HEDDLE")).unwrap();
    assert_eq!(open_and_read(&path).unwrap().unwrap().tip.header.slot, 20);
}

#[test]
fn a_database_swapped_for_an_older_copy_is_refused() {
    let directory = tempdir().unwrap();
    let (path, copied) = (directory.path().join("database"), directory.path().join("copied"));
    let mut models = make_chain(&path, 5);
    copy(&path, &copied);
    extend_chain(&RocksStore::open(&path).unwrap(), &mut models, 8);
    // Restored by hand, with the newer guard file left in place.
    fs::copy(path.join("HEDDLE"), copied.join("HEDDLE")).unwrap();
    let error = open_and_read(&copied).unwrap_err();
    assert!(matches!(error, StoreError::Lost { acknowledged_slot: 8, found_slot: Some(5), .. }), "{error:?}");
}

#[test]
fn damaged_records_are_named_by_their_key() {
    let directory = tempdir().unwrap();
    make_chain(directory.path(), 5);
    let columns = common::COLUMNS;
    let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), directory.path(), columns).unwrap();
    // Valid as far as RocksDB knows.
    db.put_cf(db.cf_handle("accounts").unwrap(), common::key(10), [1, 7]).unwrap();
    db.put_cf(db.cf_handle("transactions").unwrap(), 4u64.to_be_bytes(), [1]).unwrap();
    drop(db);
    use heddle_storage::Store;
    let store = RocksStore::open(directory.path()).unwrap();
    let message = store.accounts(&[common::key(20), common::key(10)]).unwrap_err().to_string();
    assert!(
        message.contains(&format!("is corrupt: accounts: {}: executable mark cannot be 7", common::key(10))),
        "{message}"
    );
    let message = store.transactions(4).unwrap_err().to_string();
    assert!(message.ends_with("transactions: slot 4: layout version 1, this program reads version 2"), "{message}");
    assert!(Model::read(&store).is_err());
    assert!(!tables(directory.path()).is_empty());
}

#[test]
fn columns_of_different_age_are_refused() {
    let directory = tempdir().unwrap();
    let mut models = make_chain(directory.path(), 5);
    let columns = common::COLUMNS;
    let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), directory.path(), columns).unwrap();
    let older = db.get_cf(db.cf_handle("accounts").unwrap(), [0]).unwrap().unwrap();
    drop(db);
    extend_chain(&RocksStore::open(directory.path()).unwrap(), &mut models, 6);
    let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), directory.path(), columns).unwrap();
    db.put_cf(db.cf_handle("accounts").unwrap(), [0], older).unwrap();
    drop(db);
    let message = open_and_read(directory.path()).unwrap_err().to_string();
    assert!(message.contains("is corrupt: accounts: as of block") && message.contains("at slot 5"), "{message}");
}
