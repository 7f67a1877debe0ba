//! Snapshots that are cut short: by the death of the process, or by a full disk. What is left is not taken for anything, and
//! the next attempt succeeds.

mod common;

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Command,
};

use common::{
    Model, account,
    honest::{commit, honest_chain, lattice_of},
    key, state_hash,
};
use heddle_storage::{LedgerOptions, RocksStore, Snapshot, SnapshotError, SnapshotOptions, Store};
use tempfile::tempdir;

const OPTIONS: SnapshotOptions = SnapshotOptions { ledger: true, level: 1 };

/// A database with so many accounts that progress is told some times.
fn make_database(path: &Path) -> Model {
    let (store, mut model) = honest_chain(path, LedgerOptions::default(), 1..4);
    let mut next = common::empty_block(&model.tip.header, 4);
    for number in 0..9000u32 {
        let mut bytes = *key(1).as_array();
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        next.accounts.push((bytes.into(), Some(account(number.into(), 3))));
    }
    let mut after = model.clone();
    after.commit(&next);
    next.lattice = lattice_of(&after.accounts);
    next.header.state_hash = state_hash(&next.lattice);
    store.commit(&next).unwrap();
    model.commit(&next);
    model
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// Creates or restores until progress was told so often, then dies. Runs in a process of its own, see below.
#[test]
#[ignore = "started by the tests below"]
fn child_dies_on_the_way() {
    let (Some(from), Some(to)) = (variable("HEDDLE_TEST_FROM"), variable("HEDDLE_TEST_TO")) else { return };
    let mut left: u32 = std::env::var("HEDDLE_TEST_CALLS").unwrap().parse().unwrap();
    let mut die = |_| {
        if left == 0 {
            std::process::abort();
        }
        left -= 1;
    };
    if from.is_dir() {
        Snapshot::create(&RocksStore::open_existing(from).unwrap(), &to, &OPTIONS, &mut die).unwrap();
    } else {
        Snapshot::restore(&from, &to, &mut die).unwrap();
    }
}

/// Whether the child died.
fn dies(from: &Path, to: &Path, calls: u32) -> bool {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child_dies_on_the_way"])
        .env("HEDDLE_TEST_FROM", from)
        .env("HEDDLE_TEST_TO", to)
        .env("HEDDLE_TEST_CALLS", calls.to_string())
        .output()
        .unwrap();
    assert!(child.status.success() || child.status.signal().is_some(), "{child:?}");
    !child.status.success()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_killed_restore_leaves_no_database() {
    let directory = tempdir().unwrap();
    let [database, archive, target] = ["database", "archive", "target"].map(|name| directory.path().join(name));
    let mut model = make_database(&database);
    let store = RocksStore::open_existing(&database).unwrap();
    Snapshot::create(&store, &archive, &OPTIONS, &mut |_| {}).unwrap();
    let mut left_count = 0;
    let mut calls = 0;
    while dies(&archive, &target, calls) {
        assert!(!target.exists(), "after {calls} calls");
        let partial = directory.path().join("target.partial");
        if partial.exists() {
            left_count += 1;
            assert!(RocksStore::open_read_only(&partial).is_err(), "after {calls} calls");
        }
        calls += 1;
    }
    assert!(calls > 3 && left_count > 0, "{calls} calls, {left_count} leftovers");
    assert_eq!(names(directory.path()), ["archive", "database", "target"]);
    let restored = RocksStore::open_existing(&target).unwrap();
    model.check(&restored);
    commit(&restored, &mut model, 5);
}

#[test]
fn a_killed_creation_leaves_no_snapshot() {
    let directory = tempdir().unwrap();
    let [database, archive] = ["database", "archive"].map(|name| directory.path().join(name));
    let model = make_database(&database);
    for calls in 0..3 {
        assert!(dies(&database, &archive, calls), "after {calls} calls");
        assert!(!archive.exists());
        assert!(Snapshot::verify(&directory.path().join("archive.partial"), &mut |_| {}).is_err());
    }
    assert_eq!(
        names(directory.path()).len(),
        3,
        "the copy of the last attempt, not of all: {:?}",
        names(directory.path())
    );
    let store = RocksStore::open_existing(&database).unwrap();
    let made = Snapshot::create(&store, &archive, &OPTIONS, &mut |_| {}).unwrap();
    assert_eq!(made.manifest.tip, model.tip);
    assert_eq!(names(directory.path()), ["archive", "database"], "nothing is left of the attempts");
}

#[test]
fn whoever_comes_second_is_told() {
    let directory = tempdir().unwrap();
    let [database, archive, target] = ["database", "archive", "target"].map(|name| directory.path().join(name));
    make_database(&database);
    let store = RocksStore::open_existing(&database).unwrap();
    let mut busy = vec![];
    Snapshot::create(&store, &archive, &OPTIONS, &mut |_| {
        busy.push(Snapshot::create(&store, &archive, &OPTIONS, &mut |_| {}).unwrap_err());
    })
    .unwrap();
    assert!(!busy.is_empty());
    let verified = Snapshot::verify(&archive, &mut |_| {}).unwrap();
    let mut is_writing = false;
    Snapshot::restore(&archive, &target, &mut |_| {
        if directory.path().join("target.partial").exists() {
            is_writing = true;
            busy.push(Snapshot::restore(&archive, &target, &mut |_| {}).unwrap_err());
        }
    })
    .unwrap();
    assert!(is_writing && busy.iter().all(|error| matches!(error, SnapshotError::Busy { .. })), "{busy:?}");
    assert_eq!(RocksStore::open_existing(&target).unwrap().tip().unwrap(), Some(verified.manifest.tip));
}

/// Needs a small file system: `mount -t tmpfs -o size=1m tmpfs DIR; HEDDLE_TEST_SMALL_DISK=DIR cargo test … --ignored`.
#[test]
#[ignore = "needs a small file system in HEDDLE_TEST_SMALL_DISK"]
fn a_full_disk_is_named_and_left_as_it_was() {
    let Some(disk) = variable("HEDDLE_TEST_SMALL_DISK") else { return };
    let directory = tempdir().unwrap();
    let [database, archive] = ["database", "archive"].map(|name| directory.path().join(name));
    let (store, mut model) = honest_chain(&database, LedgerOptions::default(), 1..4);
    let mut next = common::empty_block(&model.tip.header, 4);
    // Incompressible, and more than the disk holds.
    let mut noise = vec![0; 4 << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    next.accounts.push((key(77), Some(heddle_types::Account::new(1, &noise, key(1)))));
    model.commit(&next);
    next.lattice = lattice_of(&model.accounts);
    next.header.state_hash = state_hash(&next.lattice);
    store.commit(&next).unwrap();
    let error = Snapshot::create(&store, &disk.join("archive"), &OPTIONS, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, SnapshotError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().starts_with("disk full: cannot write "), "{error}");
    Snapshot::create(&store, &archive, &OPTIONS, &mut |_| {}).unwrap();
    let error = Snapshot::restore(&archive, &disk.join("target"), &mut |_| {}).unwrap_err();
    assert!(error.to_string().starts_with("disk full: "), "{error:?}");
    assert_eq!(names(&disk), Vec::<String>::new());
}
