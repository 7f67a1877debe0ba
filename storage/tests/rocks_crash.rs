//! Crashes: whatever a dying process or machine leaves of the write-ahead log, every acknowledged block is there and no
//! block is there in part.

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use common::{
    Model, account, block,
    disk::{contents, copy, extend_chain, logs, make_chain, open_and_read},
    empty_block, genesis, key,
};
use heddle_storage::{RocksStore, Store, StoreError};
use heddle_types::{Account, AccountData};
use tempfile::tempdir;

/// Cuts the newest log of copies of a database at about `cut_count` places and checks what opens, with and without the
/// note of acknowledged blocks.
///
/// Without it is how a power failure in the middle of a commit looks: the note is older than the log.
fn check_torn_log(original: &Path, models: &[Model], cut_count: usize) {
    let log = logs(original).pop().unwrap();
    let name = log.file_name().unwrap();
    let bytes = fs::read(&log).unwrap();
    let mut opened_slots = vec![];
    let step = (bytes.len() / cut_count).max(1);
    for size_bytes in (0..bytes.len()).step_by(step).chain([bytes.len() - 1, bytes.len()]) {
        for torn in [bytes[..size_bytes].to_vec(), garbled_after(&bytes, size_bytes)] {
            let copied = original.with_file_name("copied");
            copy(original, &copied);
            fs::write(copied.join(name), &torn).unwrap();
            let is_whole = size_bytes == bytes.len();
            match open_and_read(&copied) {
                Ok(found) => assert!(is_whole && found.as_ref() == models.last(), "cut at {size_bytes}"),
                Err(StoreError::Lost { .. }) => assert!(!is_whole),
                Err(error) => panic!("cut at {size_bytes}: {error}"),
            }
            fs::remove_file(copied.join("HEDDLE")).unwrap();
            let found = open_and_read(&copied).unwrap();
            if let Some(found) = &found {
                // A whole number of blocks, each of them whole.
                assert_eq!(found, &models[found.tip.header.slot as usize], "cut at {size_bytes}");
            }
            opened_slots.push(found.map(|model| model.tip.header.slot));
            fs::remove_dir_all(&copied).unwrap();
        }
    }
    assert!(opened_slots.is_sorted(), "{opened_slots:?}");
    assert_eq!(opened_slots.last().unwrap(), &Some(models.len() as u64 - 1));
    opened_slots.dedup();
    assert!(opened_slots.len() > 3, "the cuts hit several blocks: {opened_slots:?}");
}

/// The log as a machine may leave it that wrote only some pages of what was appended.
fn garbled_after(bytes: &[u8], size_bytes: usize) -> Vec<u8> {
    let mut garbled = bytes.to_vec();
    garbled[size_bytes..].fill(0xa5);
    garbled
}

#[test]
fn a_torn_log_ends_at_a_block() {
    let directory = tempdir().unwrap();
    let original = directory.path().join("original");
    let mut models = make_chain(&original, 4);
    extend_chain(&RocksStore::open(&original).unwrap(), &mut models, 16);
    check_torn_log(&original, &models, 60);
}

#[test]
fn a_torn_log_with_the_genesis_state_in_it() {
    let directory = tempdir().unwrap();
    let original = directory.path().join("original");
    let models = make_chain(&original, 8);
    check_torn_log(&original, &models, 40);
}

#[test]
fn an_uninitialised_store_after_a_crash_takes_a_genesis() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("database");
    make_chain(&path, 0);
    let log = logs(&path).pop().unwrap();
    let bytes = fs::read(&log).unwrap();
    // Died before the last batch of the initialisation was on disk: nobody was told that it is done.
    fs::write(&log, &bytes[..bytes.len() - 100]).unwrap();
    fs::remove_file(path.join("HEDDLE")).unwrap();
    let store = RocksStore::open(&path).unwrap();
    assert_eq!(Model::read(&store).unwrap(), None);
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    let mut models = vec![Model::new(&genesis, &lattice)];
    extend_chain(&store, &mut models, 3);
    drop(store);
    models[3].check(&RocksStore::open(&path).unwrap());
}

/// A database whose blocks lie in more than one write-ahead log, because one column was flushed and others were not.
fn make_several_logs(path: &Path) -> Vec<Model> {
    let store = RocksStore::open(path).unwrap();
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    let mut models = vec![Model::new(&genesis, &lattice)];
    let mut state = 1u64;
    for slot in 1..=24 {
        let mut model = models.last().unwrap().clone();
        let mut next = block(&model.tip.header, slot);
        // Incompressible, so that the log grows.
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        let data = AccountData::from(noise.take(8 * 1024 * 1024).collect::<Vec<u8>>());
        next.accounts.push((key(200), Some(Account { data, ..account(1, 0) })));
        store.commit(&next).unwrap();
        model.commit(&next);
        models.push(model);
    }
    models
}

#[test]
fn a_hole_between_logs_is_refused() {
    let directory = tempdir().unwrap();
    let original = directory.path().join("original");
    let models = make_several_logs(&original);
    let all = logs(&original);
    assert!(all.len() >= 2, "{all:?}");
    for log in &all[..all.len() - 1] {
        let name = log.file_name().unwrap();
        let bytes = fs::read(log).unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 1;
        for damaged in [None, Some(vec![]), Some(bytes[..bytes.len() / 2].to_vec()), Some(flipped)] {
            let copied = directory.path().join("copied");
            copy(&original, &copied);
            match &damaged {
                None => fs::remove_file(copied.join(name)).unwrap(),
                Some(bytes) => fs::write(copied.join(name), bytes).unwrap(),
            }
            for has_note in [true, false] {
                if !has_note {
                    fs::remove_file(copied.join("HEDDLE")).unwrap();
                }
                match open_and_read(&copied) {
                    // Log records after the hole are not taken: an older state, and only if nothing says it is older.
                    Ok(Some(found)) => {
                        assert!(!has_note);
                        assert_eq!(found, models[found.tip.header.slot as usize]);
                    }
                    Ok(None) => panic!("the genesis state is flushed"),
                    Err(StoreError::Corrupt { .. } | StoreError::Lost { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            fs::remove_dir_all(&copied).unwrap();
        }
    }
    assert_eq!(open_and_read(&original).unwrap().as_ref(), models.last());
}

/// Commits blocks until killed; says each slot once it is durable. Runs in a process of its own, see below.
#[test]
#[ignore = "started by a_killed_process_loses_nothing"]
fn child_commits_until_killed() {
    let Ok(path) = std::env::var("HEDDLE_TEST_DATABASE") else { return };
    let store = RocksStore::open(path).unwrap();
    if store.tip().unwrap().is_none() {
        let (genesis, lattice) = genesis();
        store.initialize(&genesis, &lattice).unwrap();
    }
    println!();
    loop {
        let tip = store.tip().unwrap().unwrap().header;
        store.commit(&block(&tip, tip.slot + 1)).unwrap();
        println!("durable {}", tip.slot + 1);
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing() {
    let directory = tempdir().unwrap();
    let path = directory.path();
    let (genesis, lattice) = genesis();
    let mut models = vec![Model::new(&genesis, &lattice)];
    for block_count in [1, 2, 40, 3, 17] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "child_commits_until_killed", "--nocapture"])
            .env("HEDDLE_TEST_DATABASE", path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let durable: Vec<u64> = lines
            .filter_map(|line| line.strip_prefix("durable ").map(|slot| slot.parse().unwrap()))
            .take(block_count)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        let store = RocksStore::open_existing(path).unwrap();
        let tip = store.tip().unwrap().unwrap().header;
        assert!(tip.slot >= *durable.last().unwrap());
        while models.len() as u64 <= tip.slot {
            let mut model = models.last().unwrap().clone();
            model.commit(&block(&model.tip.header, models.len() as u64));
            models.push(model);
        }
        models[tip.slot as usize].check(&store);
    }
}

#[test]
fn a_failed_commit_poisons_until_reopened() {
    let directory = tempdir().unwrap();
    let path = directory.path();
    let mut models = make_chain(path, 3);
    let store = RocksStore::open(path).unwrap();
    // The block becomes durable, but taking note of it fails.
    let current = fs::read(path.join("CURRENT")).unwrap();
    fs::remove_file(path.join("CURRENT")).unwrap();
    let next = block(&models[3].tip.header, 4);
    let error = store.commit(&next).unwrap_err();
    assert!(matches!(&error, StoreError::Io { operation: "read the manifest of", .. }), "{error:?}");
    for _ in 0..2 {
        let Err(StoreError::Poisoned { cause }) = store.commit(&next) else { panic!() };
        assert_eq!(cause, error.to_string());
    }
    // Reads go on.
    let mut model = models.pop().unwrap();
    model.commit(&next);
    model.check(&store);
    drop(store);
    fs::write(path.join("CURRENT"), current).unwrap();
    let store = RocksStore::open(path).unwrap();
    model.check(&store);
    store.commit(&block(&model.tip.header, 5)).unwrap();
}

/// Needs a small file system: `mount -t tmpfs -o size=24m tmpfs DIR; HEDDLE_TEST_SMALL_DISK=DIR cargo test … --ignored`.
#[test]
#[ignore = "needs a small file system in HEDDLE_TEST_SMALL_DISK"]
fn a_full_disk_is_named_and_poisons() {
    let Ok(disk) = std::env::var("HEDDLE_TEST_SMALL_DISK") else { return };
    let path = Path::new(&disk).join("database");
    let mut models = make_chain(&path, 3);
    let store = RocksStore::open(&path).unwrap();
    let error = loop {
        let mut model = models.last().unwrap().clone();
        let slot = models.len() as u64;
        let mut next = empty_block(&model.tip.header, slot);
        next.accounts = vec![(key(slot as u8), Some(account(slot, 1 << 20)))];
        if let Err(error) = store.commit(&next) {
            break error;
        }
        model.commit(&next);
        models.push(model);
    };
    assert!(matches!(&error, StoreError::DiskFull { path: named, .. } if *named == path), "{error:?}");
    assert!(error.to_string().starts_with("disk full: cannot write to "), "{error}");
    // Reads go on, commits do not.
    models.last().unwrap().check(&store);
    let next = block(&models.last().unwrap().tip.header, models.len() as u64);
    for _ in 0..2 {
        let error = store.commit(&next).unwrap_err();
        assert!(matches!(&error, StoreError::Poisoned { cause } if cause.starts_with("disk full")), "{error:?}");
    }
    drop(store);
    match RocksStore::open(&path) {
        Ok(_) | Err(StoreError::DiskFull { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    let larger = tempdir().unwrap();
    let moved = larger.path().join("database");
    copy(&path, &moved);
    fs::remove_dir_all(&path).unwrap();
    // The block that failed may be there or not.
    let found = open_and_read(&moved).unwrap().unwrap();
    assert!(found.tip.header.slot >= models.len() as u64 - 1, "{}", found.tip.header.slot);
    assert!(!contents(&moved).is_empty());
}
