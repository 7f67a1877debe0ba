//! Snapshots: what is restored is what was archived, and what is not whole is refused before anything is touched.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use common::{
    disk::contents,
    honest::{commit, honest_chain},
    key, signature,
};
use heddle_storage::{
    Damage, LedgerOptions, Manifest, RocksStore, Snapshot, SnapshotError, SnapshotOptions, Store, StoreError,
};
use heddle_types::TransactionPlace;
use tempfile::{TempDir, tempdir};

const WITHOUT: SnapshotOptions = SnapshotOptions { ledger: false, level: 3 };
const WITH: SnapshotOptions = SnapshotOptions { ledger: true, level: 3 };

fn create(store: &RocksStore, out: &Path, options: &SnapshotOptions) -> Snapshot {
    Snapshot::create(store, out, options, &mut |_| {}).unwrap()
}

fn verify(path: &Path) -> Result<Snapshot, SnapshotError> {
    Snapshot::verify(path, &mut |_| {})
}

fn restore(archive: &Path, target: &Path) -> Result<Snapshot, SnapshotError> {
    Snapshot::restore(archive, target, &mut |_| {})
}

/// Names of what lies in the directory.
fn names(directory: &TempDir) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

struct Paths {
    directory: TempDir,
    database: PathBuf,
    archive: PathBuf,
    target: PathBuf,
}

fn paths() -> Paths {
    let directory = tempdir().unwrap();
    let [database, archive, target] = ["database", "archive", "target"].map(|name| directory.path().join(name));
    Paths { directory, database, archive, target }
}

#[test]
fn a_restored_database_is_the_archived_one() {
    let Paths { directory, database, archive, target } = paths();
    let slots = (1..60).filter(|slot| slot % 10 != 3);
    let (store, mut model) = honest_chain(&database, LedgerOptions::EVERYTHING, slots);
    let made = create(&store, &archive, &WITH);
    assert_eq!(made.manifest.tip, model.tip);
    assert_eq!(made.size_bytes, fs::metadata(&archive).unwrap().len());
    assert_eq!(made.rows[..3], [("headers", 54), ("accounts", model.accounts.len() as u64), ("statuses", 39)]);
    assert_eq!(verify(&archive).unwrap(), made);
    assert_eq!(Manifest::read(&archive).unwrap(), made.manifest);
    assert_eq!(restore(&archive, &target).unwrap(), made);
    assert_eq!(names(&directory), ["archive", "database", "target"]);

    let restored = RocksStore::open_existing(&target).unwrap();
    model.check(&restored);
    assert_eq!(restored.ledger().unwrap(), store.ledger().unwrap());
    assert_eq!(restored.place_of(&signature(51)).unwrap(), Some(TransactionPlace { slot: 5, position: 1 }));
    assert_eq!(restored.places_naming(&key(2), None, 999).unwrap().len(), 4 * 53 / 2);
    let place = TransactionPlace { slot: 5, position: 2 };
    assert!(restored.transaction(place).unwrap().unwrap().receipt.details.is_some());
    assert_eq!(restored.history(7).unwrap(), store.history(7).unwrap());
    let report = restored.check(&mut |_| {}).unwrap();
    assert_eq!(report.findings.first, []);

    // The same state, the same bytes, wherever it comes from.
    let again = directory.path().join("again");
    assert_eq!(create(&restored, &again, &WITH).hash, made.hash);
    assert_eq!(fs::read(&again).unwrap(), fs::read(&archive).unwrap());
    commit(&restored, &mut model, 70);
    restored.revert(1).unwrap();
    assert_eq!(restored.tip().unwrap().unwrap().header.slot, 1);
}

#[test]
fn without_the_ledger_a_database_goes_on_from_its_state() {
    let Paths { directory: _directory, database, archive, target } = paths();
    let (store, mut model) = honest_chain(&database, LedgerOptions::EVERYTHING, 1..40);
    let made = create(&store, &archive, &WITHOUT);
    assert_eq!(verify(&archive).unwrap(), made);
    assert!(made.rows[4..].iter().all(|(_, count)| *count == 0), "{:?}", made.rows);
    restore(&archive, &target).unwrap();
    let restored = RocksStore::open_existing(&target).unwrap();
    let ledger = restored.ledger().unwrap();
    assert_eq!((ledger.blocks_from, ledger.history_from, ledger.signatures_from), (40, Some(40), Some(40)));
    assert_eq!(ledger.options, LedgerOptions::EVERYTHING);
    model.prune(&ledger);
    model.check(&restored);
    let before = model.clone();
    for slot in 40..45 {
        commit(&restored, &mut model, slot);
    }
    model.check(&restored);
    assert_eq!(restored.place_of(&signature(401)).unwrap(), Some(TransactionPlace { slot: 40, position: 1 }));
    assert_eq!(restored.place_of(&signature(391)).unwrap(), None);
    assert_eq!(restored.check(&mut |_| {}).unwrap().findings.first, []);
    restored.revert(39).unwrap();
    before.check(&restored);
    assert!(matches!(restored.revert(38), Err(StoreError::NotKept { slot: 38 })));
}

#[test]
fn pruned_and_new_databases_are_archived_too() {
    let options = LedgerOptions { keep_slots: Some(16), history_slots: 4, ..LedgerOptions::EVERYTHING };
    for (last_slot, options) in [(0, LedgerOptions::default()), (100, options)] {
        for archived in [WITH, WITHOUT] {
            let Paths { directory: _directory, database, archive, target } = paths();
            let (store, mut model) = honest_chain(&database, options, 1..=last_slot);
            assert_eq!(store.check(&mut |_| {}).unwrap().findings.first, []);
            create(&store, &archive, &archived);
            restore(&archive, &target).unwrap();
            let restored = RocksStore::open_existing(&target).unwrap();
            model.prune(&restored.ledger().unwrap());
            model.check(&restored);
            commit(&restored, &mut model, 101);
            assert_eq!(restored.check(&mut |_| {}).unwrap().findings.first, []);
        }
    }
}

#[test]
fn snapshots_are_whole_while_blocks_go_on() {
    const COUNT: usize = 6;
    let directory = tempdir().unwrap();
    let (store, model) = honest_chain(&directory.path().join("database"), LedgerOptions::EVERYTHING, 1..3);
    let out = directory.path().join("archives");
    fs::create_dir(&out).unwrap();
    let is_done = AtomicBool::new(false);
    let mut models = vec![model];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..COUNT {
                create(&store, &out.join(number.to_string()), if number % 2 == 0 { &WITH } else { &WITHOUT });
            }
            is_done.store(true, Ordering::Relaxed);
        });
        while !is_done.load(Ordering::Relaxed) {
            let mut model = models.last().unwrap().clone();
            commit(&store, &mut model, models.len() as u64 + 2);
            models.push(model);
        }
    });
    assert_eq!(names(&directory), ["archives", "database"], "no copies are left");
    let mut slots = vec![];
    for number in 0..COUNT {
        let target = directory.path().join("target");
        let slot = restore(&out.join(number.to_string()), &target).unwrap().manifest.tip.header.slot;
        let restored = RocksStore::open_existing(&target).unwrap();
        let mut model = models[slot as usize - 2].clone();
        model.prune(&restored.ledger().unwrap());
        model.check(&restored);
        drop(restored);
        fs::remove_dir_all(target).unwrap();
        slots.push(slot);
    }
    assert!(slots.is_sorted() && slots.last() > slots.first(), "{slots:?}");
}

#[test]
fn closed_databases_are_archived_unless_somebody_writes() {
    let Paths { directory, database, archive, .. } = paths();
    let (store, model) = honest_chain(&database, LedgerOptions::default(), 1..9);
    let create_from = || Snapshot::create_from(&database, &archive, &WITH, &mut |_| {});
    let error = create_from().unwrap_err();
    assert!(matches!(&error, SnapshotError::InUse { path } if *path == database), "{error:?}");
    assert!(error.to_string().contains("--snapshot-every"), "says what to do: {error}");
    drop(store);
    let before = contents(&database);
    assert_eq!(create_from().unwrap().manifest.tip, model.tip);
    assert_eq!(contents(&database), before, "nothing was changed");
    assert_eq!(names(&directory), ["archive", "database"]);
    let error = Snapshot::create_from(directory.path(), &archive, &WITH, &mut |_| {}).unwrap_err();
    assert!(matches!(error, SnapshotError::Store(StoreError::NotADatabase { .. })), "{error:?}");
}

#[test]
fn a_snapshot_takes_its_name_from_its_slot() {
    let Paths { directory, database, .. } = paths();
    let (store, _) = honest_chain(&database, LedgerOptions::default(), 1..9);
    let made = Snapshot::create_in(&store, directory.path(), &WITHOUT, &mut |_| {}).unwrap();
    assert_eq!(made.path, directory.path().join("000000000008.heddle-snapshot"));
    let error = Snapshot::create_in(&store, directory.path(), &WITHOUT, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, SnapshotError::Exists { path } if *path == made.path), "{error:?}");
    verify(&made.path).unwrap();
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let Paths { directory, database, archive, target } = paths();
    let (store, _) = honest_chain(&database, LedgerOptions::default(), 1..9);
    create(&store, &archive, &WITH);
    let before = fs::read(&archive).unwrap();
    assert!(matches!(Snapshot::create(&store, &archive, &WITH, &mut |_| {}), Err(SnapshotError::Exists { .. })));
    assert_eq!(fs::read(&archive).unwrap(), before);
    fs::create_dir(&target).unwrap();
    fs::write(target.join("letter"), "somebody's").unwrap();
    for taken in [&target, &archive, &database] {
        let error = restore(&archive, taken).unwrap_err();
        assert!(matches!(&error, SnapshotError::Exists { path } if path == taken), "{error:?}");
    }
    assert_eq!(contents(&target).len(), 1);
    fs::remove_file(target.join("letter")).unwrap();
    fs::create_dir(directory.path().join("target.partial")).unwrap();
    fs::write(directory.path().join("target.partial/letter"), "somebody's").unwrap();
    assert!(matches!(restore(&archive, &target), Err(SnapshotError::Exists { .. })), "not ours to remove");
    fs::remove_dir_all(directory.path().join("target.partial")).unwrap();
    restore(&archive, &target).unwrap();
    RocksStore::open_existing(&target).unwrap();
}

/// A small archive, and a place to put damaged ones.
fn small() -> (Paths, Vec<u8>) {
    let paths = paths();
    let (store, _) = honest_chain(&paths.database, LedgerOptions::EVERYTHING, 1..4);
    create(&store, &paths.archive, &SnapshotOptions { ledger: true, level: 1 });
    let bytes = fs::read(&paths.archive).unwrap();
    fs::remove_file(&paths.archive).unwrap();
    (paths, bytes)
}

/// Checks that the bytes are refused and nothing is made of them.
fn check_refused(paths: &Paths, bytes: &[u8], what: &str) -> SnapshotError {
    fs::write(&paths.archive, bytes).unwrap();
    let error = restore(&paths.archive, &paths.target).expect_err(what);
    assert_eq!(names(&paths.directory), ["archive", "database"], "untouched by {what}");
    error
}

#[test]
fn every_cut_is_refused() {
    let (paths, bytes) = small();
    for size_bytes in 0..bytes.len() {
        let error = check_refused(&paths, &bytes[..size_bytes], &format!("a cut at {size_bytes}"));
        assert!(matches!(error, SnapshotError::NotASnapshot { .. } | SnapshotError::Damaged { .. }), "{error:?}");
        let manifest = Manifest::read(&paths.archive);
        assert!(manifest.is_err(), "a list tells too: {size_bytes}");
    }
    let longer = [&bytes[..], &[0]].concat();
    let error = check_refused(&paths, &longer, "a byte more");
    assert!(matches!(error, SnapshotError::Damaged { damage: Damage::NoSeal, .. }), "{error:?}");
    check_refused(&paths, &[&bytes[..], &bytes].concat(), "the archive twice");
    fs::write(&paths.archive, &bytes).unwrap();
    restore(&paths.archive, &paths.target).unwrap();
}

#[test]
fn every_flipped_bit_is_refused() {
    let (paths, bytes) = small();
    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        // Restoring begins with verifying.
        damaged[index] ^= 1 << (index % 8);
        let error = check_refused(&paths, &damaged, &format!("a flipped bit in byte {index}"));
        assert!(!matches!(error, SnapshotError::Io { .. } | SnapshotError::Store(_)), "{error:?}");
    }
}

#[test]
fn errors_name_file_and_place() {
    let (paths, bytes) = small();
    let mut damaged = bytes.clone();
    let middle = bytes.len() / 2;
    damaged[middle] ^= 1;
    let message = check_refused(&paths, &damaged, "a flipped bit").to_string();
    let expected = format!("{} is damaged at byte ", paths.archive.display());
    assert!(message.starts_with(&expected), "{message}");
    let message = check_refused(&paths, &[7; 5000], "noise").to_string();
    assert_eq!(message, format!("{} is no heddle snapshot", paths.archive.display()));
    let message = verify(&paths.directory.path().join("missing")).unwrap_err().to_string();
    assert!(message.starts_with("cannot open ") && message.contains("missing"), "{message}");
}
