//! Opening: what is at a path is recognised, refused by name where it must be, and left as it was.

mod common;

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use common::{
    COLUMNS, Model, block,
    disk::{contents, copy, extend_chain, make_chain},
    genesis, key,
};
use heddle_storage::{RocksStore, Store, StoreError, codec};
use rocksdb::{DB, Options};
use tempfile::tempdir;

/// A database made by RocksDB alone, with these records in the default column family.
fn raw_database(path: &Path, columns: &[&str], records: &[(&[u8], &[u8])]) {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    let db = DB::open_cf(&options, path, columns).unwrap();
    for (key, value) in records {
        db.put(key, value).unwrap();
    }
}

/// Both ways of opening for writing, and opening for reading, refuse with an error for `path` and change nothing.
fn check_refused(path: &Path, is_expected: impl Fn(&StoreError) -> bool) {
    let before = contents(path);
    for open in [RocksStore::open::<&Path>, RocksStore::open_existing, RocksStore::open_read_only] {
        let error = open(path).unwrap_err();
        assert!(is_expected(&error), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(contents(path), before);
    }
}

#[test]
fn another_version_is_refused_by_name() {
    let directory = tempdir().unwrap();
    // A later version may have other column families.
    for (name, columns) in [("same", &COLUMNS[..]), ("fewer", &COLUMNS[..2]), ("more", &["accounts", "novelties"])] {
        let path = directory.path().join(name);
        raw_database(&path, columns, &[(b"format", b"HEDDLEDB\x03\0\0\0"), (b"tip", b"who knows")]);
        check_refused(&path, |error| matches!(error, StoreError::Version { found: 3, supported: 2, .. }));
        let message = RocksStore::open(&path).unwrap_err().to_string();
        assert!(message.ends_with("has format version 3, this program reads version 2"), "{message}");
    }
}

#[test]
fn other_databases_are_refused() {
    let directory = tempdir().unwrap();
    let check = |name: &str, columns: &[&str], records: &[(&[u8], &[u8])]| {
        let path = directory.path().join(name);
        raw_database(&path, columns, records);
        check_refused(&path, |error| matches!(error, StoreError::NotADatabase { .. }));
    };
    check("column", &["people"], &[]);
    check("records", &[], &[(b"name", b"value")]);
    check("same_columns", &COLUMNS, &[(b"name", b"value")]);
    check("same_record", &[], &[(b"format", b"JSON")]);
}

#[test]
fn other_things_are_refused() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "hello").unwrap();
    for open in [RocksStore::open::<&Path>, RocksStore::open_existing, RocksStore::open_read_only] {
        let error = open(&file).unwrap_err();
        assert!(matches!(&error, StoreError::NotADatabase { path, .. } if *path == file), "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"hello");

    let folder = directory.path().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("letter.txt"), "dear").unwrap();
    check_refused(
        &folder,
        |error| matches!(error, StoreError::NotADatabase { found, .. } if found == "it holds letter.txt"),
    );
}

#[test]
fn nothing_is_made_unless_asked_for() {
    let directory = tempdir().unwrap();
    let missing = directory.path().join("missing");
    for open in [RocksStore::open_existing::<&Path>, RocksStore::open_read_only] {
        let error = open(&missing).unwrap_err();
        assert!(matches!(&error, StoreError::NotADatabase { found, .. } if found == "there is nothing"), "{error}");
        assert!(!missing.exists());
        let error = open(directory.path()).unwrap_err();
        assert!(matches!(&error, StoreError::NotADatabase { found, .. } if found == "an empty directory"), "{error}");
        assert_eq!(contents(directory.path()).len(), 0);
    }
    drop(RocksStore::open(&missing).unwrap());
    drop(RocksStore::open_existing(&missing).unwrap());
}

#[test]
fn unwritable_places_are_named() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    // A missing parent, a file as parent, and file systems where not even root may make a directory.
    for path in [directory.path().join("no/parent"), file.join("child"), "/proc/heddle".into(), "/sys/heddle".into()] {
        let error = RocksStore::open(&path).unwrap_err();
        assert!(matches!(&error, StoreError::Io { path: named, .. } if *named == path), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()));
        assert!(std::error::Error::source(&error).is_some());
        assert!(!path.exists());
    }
    assert_eq!(contents(directory.path()).len(), 1);
}

#[test]
#[cfg(unix)]
fn unwritable_directories_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempdir().unwrap();
    let path = directory.path().join("sealed");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(path.join("probe"), "").is_ok() {
        return; // Root writes everywhere; `unwritable_places_are_named` covers it.
    }
    let error = RocksStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    assert_eq!(contents(&path).len(), 0);
}

#[test]
fn an_interrupted_creation_is_taken_up() {
    let directory = tempdir().unwrap();
    // RocksDB died before `CURRENT` was made, and after it made some columns.
    let early = directory.path().join("early");
    fs::create_dir(&early).unwrap();
    for name in ["HEDDLE", "LOCK", "LOG", "LOG.old.1700000000", "MANIFEST-000001", "000001.dbtmp", "IDENTITY"] {
        fs::write(early.join(name), "").unwrap();
    }
    let late = directory.path().join("late");
    raw_database(&late, &COLUMNS[..3], &[]);
    for path in [early, late] {
        make_chain(&path, 3).last().unwrap().check(&RocksStore::open_existing(&path).unwrap());
    }
}

#[test]
fn an_interrupted_initialisation_is_redone() {
    let directory = tempdir().unwrap();
    let path = directory.path();
    raw_database(path, &COLUMNS, &[]);
    let db = DB::open_cf(&Options::default(), path, COLUMNS).unwrap();
    let mut record = vec![];
    codec::encode_account(&common::account(9, 9), &mut record);
    for number in 0..50 {
        for column in ["accounts", "genesis_accounts"] {
            db.put_cf(db.cf_handle(column).unwrap(), key(number), &record).unwrap();
        }
    }
    drop(db);
    let error = RocksStore::open_read_only(path).unwrap_err();
    assert!(matches!(error, StoreError::NotADatabase { .. }), "{error:?}");
    let store = RocksStore::open_existing(path).unwrap();
    assert_eq!(Model::read(&store).unwrap(), None);
    assert_eq!(store.accounts(&[key(1)]).unwrap(), [None]);
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    Model::new(&genesis, &lattice).check(&store);
    drop(store);
    Model::new(&genesis, &lattice).check(&RocksStore::open_existing(path).unwrap());
}

#[test]
fn a_second_writer_is_locked_out() {
    let directory = tempdir().unwrap();
    let mut models = make_chain(directory.path(), 3);
    let store = RocksStore::open(directory.path()).unwrap();
    for open in [RocksStore::open::<&Path>, RocksStore::open_existing] {
        let error = open(directory.path()).unwrap_err();
        assert!(matches!(&error, StoreError::Locked { path } if path == directory.path()), "{error:?}");
    }
    extend_chain(&store, &mut models, 5);
    models[5].check(&store);
    drop(store);
    models[5].check(&RocksStore::open(directory.path()).unwrap());
}

#[test]
fn another_program_at_the_database_is_locked_out_and_locks_out() {
    let directory = tempdir().unwrap();
    let models = make_chain(directory.path(), 3);
    // RocksDB's own lock, by a program that knows nothing of ours.
    let db = DB::open_cf(&Options::default(), directory.path(), COLUMNS).unwrap();
    let error = RocksStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    drop(db);
    let store = RocksStore::open(directory.path()).unwrap();
    assert!(DB::open_cf(&Options::default(), directory.path(), COLUMNS).is_err());
    models[3].check(&store);
}

/// Runs in a process of its own, see below.
#[test]
#[ignore = "started by another_process_is_locked_out"]
fn child_holds_the_database() {
    let Ok(path) = std::env::var("HEDDLE_TEST_DATABASE") else { return };
    let _store = RocksStore::open_existing(path).unwrap();
    println!("\nopened");
    std::io::stdout().flush().unwrap();
    // Until the parent closes the pipe.
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn another_process_is_locked_out() {
    use std::io::{BufRead, BufReader};
    let directory = tempdir().unwrap();
    let models = make_chain(directory.path(), 3);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child_holds_the_database", "--nocapture"])
        .env("HEDDLE_TEST_DATABASE", directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "opened"));
    let error = RocksStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    models[3].check(&RocksStore::open_read_only(directory.path()).unwrap());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    models[3].check(&RocksStore::open(directory.path()).unwrap());
}

#[test]
fn reading_only_changes_nothing() {
    let directory = tempdir().unwrap();
    let path = directory.path();
    let mut models = make_chain(path, 6);
    let before = contents(path);
    let reader = RocksStore::open_read_only(path).unwrap();
    models[6].check(&reader);
    let error = reader.commit(&block(&models[6].tip.header, 7)).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    let (genesis, lattice) = genesis();
    assert!(matches!(reader.initialize(&genesis, &lattice), Err(StoreError::ReadOnly { .. })));
    assert_eq!(contents(path), before);
    // Beside a writer it sees the state as of its opening.
    let writer = RocksStore::open(path).unwrap();
    extend_chain(&writer, &mut models, 9);
    let reader = RocksStore::open_read_only(path).unwrap();
    extend_chain(&writer, &mut models, 12);
    models[9].check(&reader);
    models[12].check(&writer);
}

#[test]
fn a_copy_without_the_guard_file_opens() {
    let directory = tempdir().unwrap();
    let (original, copied) = (directory.path().join("original"), directory.path().join("copied"));
    let models = make_chain(&original, 5);
    copy(&original, &copied);
    fs::remove_file(copied.join("HEDDLE")).unwrap();
    models[5].check(&RocksStore::open(&copied).unwrap());
    assert!(copied.join("HEDDLE").exists());
}

#[test]
fn diagnostic_files_stay_few() {
    let directory = tempdir().unwrap();
    make_chain(directory.path(), 1);
    for _ in 0..10 {
        drop(RocksStore::open(directory.path()).unwrap());
    }
    let logs = common::disk::files(directory.path(), |name| name.starts_with("LOG"));
    assert!(logs.len() <= 5, "{logs:?}");
}
