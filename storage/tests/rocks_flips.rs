//! One flipped bit, anywhere in any file: refused by name with nothing changed, or no difference in anything that can be
//! asked.
//!
//! `HEDDLE_FLIPS=100` flips a bit in 100 bytes of each file, `HEDDLE_FLIPS=all` in every byte of files with state;
//! `HEDDLE_FLIP_SEED=2` chooses others.

mod common;

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use common::{
    Model,
    disk::{contents, copy, extend_chain, make_chain},
    key,
    seeded::Seeded,
};
use heddle_storage::{RocksStore, Store, StoreError};
use tempfile::tempdir;

/// Bytes of each file that are hit unless more are asked for.
const FLIPS_PER_FILE: usize = 18;
/// And of large files that hold nothing which is read back.
const STATELESS_FLIPS_MAX: usize = 500;

/// A bit of a file.
#[derive(Clone, Debug)]
struct Flip {
    name: String,
    offset: usize,
    bit: u8,
}

/// What came of a flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    RefusedToOpen,
    RefusedToRead,
    Unharmed,
}

/// A database with blocks in tables and blocks in the log, and the model of its newest.
fn make_database(path: &Path) -> Model {
    let mut models = make_chain(path, 12);
    // Opening writes the log's blocks to tables.
    extend_chain(&RocksStore::open(path).unwrap(), &mut models, 16);
    extend_chain(&RocksStore::open(path).unwrap(), &mut models, 24);
    models.pop().unwrap()
}

fn flips(files: &BTreeMap<String, Vec<u8>>) -> Vec<Flip> {
    let seed = std::env::var("HEDDLE_FLIP_SEED").map_or(1, |text| text.parse().unwrap());
    let wanted = match std::env::var("HEDDLE_FLIPS").as_deref() {
        Ok("all") => usize::MAX,
        Ok(number) => number.parse().unwrap(),
        Err(_) => FLIPS_PER_FILE,
    };
    let mut seeded = Seeded::new(seed);
    let mut flips = vec![];
    for (name, bytes) in files.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let holds_state = !["LOG", "OPTIONS"].contains(&kind(name));
        let count = wanted.min(bytes.len()).min(if holds_state { usize::MAX } else { STATELESS_FLIPS_MAX });
        for index in 0..count {
            // One somewhere in each of `count` stretches of the file: no stretch is left out by chance.
            let (start, end) = (bytes.len() * index / count, bytes.len() * (index + 1) / count);
            let offset = start + seeded.below(end - start);
            flips.push(Flip { name: name.clone(), offset, bit: seeded.below(8) as u8 });
        }
    }
    flips
}

/// Flips the bit in the database at `path`, opens it and asks everything.
fn check(path: &Path, flip: &Flip, expected: &Model) -> End {
    let file = path.join(&flip.name);
    let mut bytes = fs::read(&file).unwrap();
    bytes[flip.offset] ^= 1 << flip.bit;
    fs::write(&file, bytes).unwrap();
    let before = contents(path);
    let store = match RocksStore::open_existing(path) {
        Ok(store) => store,
        Err(error) => {
            assert!(is_named(&error), "{error:?}");
            assert!(contents(path) == before, "a refusal changed files: {error:?}");
            return End::RefusedToOpen;
        }
    };
    match ask(&store, expected) {
        Ok(()) => End::Unharmed,
        Err(error) => {
            assert!(is_named(&error), "{error:?}");
            End::RefusedToRead
        }
    }
}

/// Asks the store everything, in scans and by key, and for the next block.
fn ask(store: &RocksStore, expected: &Model) -> Result<(), StoreError> {
    assert!(Model::read(store)?.as_ref() == Some(expected), "it holds something else");
    for number in 0..=255 {
        assert_eq!(store.accounts(&[key(number)])?, [expected.accounts.get(&key(number)).cloned()]);
    }
    let next = common::block(&expected.tip.header, expected.tip.header.slot + 1);
    store.commit(&next)?;
    let mut model = expected.clone();
    model.commit(&next);
    assert!(Model::read(store)?.as_ref() == Some(&model), "it holds something else after a commit");
    Ok(())
}

fn is_named(error: &StoreError) -> bool {
    matches!(error, StoreError::Corrupt { .. } | StoreError::Lost { .. } | StoreError::NotADatabase { .. })
}

/// Tries all flips on copies; what came of those of each kind of file.
fn check_all(directory: &Path, original: &Path, expected: &Model, flips: &[Flip]) -> BTreeMap<(String, End), usize> {
    let (next, ends) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let thread_count = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    thread::scope(|scope| {
        for thread_index in 0..thread_count {
            let copied = directory.join(format!("copy {thread_index}"));
            let (next, ends) = (&next, &ends);
            scope.spawn(move || {
                while let Some(flip) = flips.get(next.fetch_add(1, Ordering::Relaxed)) {
                    copy(original, &copied);
                    let end = catch_unwind(AssertUnwindSafe(|| check(&copied, flip, expected)));
                    let end = end.unwrap_or_else(|_| panic!("see above: {flip:?}"));
                    *ends.lock().unwrap().entry((kind(&flip.name).to_owned(), end)).or_insert(0) += 1;
                    fs::remove_dir_all(&copied).unwrap();
                }
            });
        }
    });
    ends.into_inner().unwrap()
}

/// The file's name without its number.
fn kind(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((number, end)) if number.bytes().all(|byte| byte.is_ascii_digit()) => end,
        _ => name.split(['-', '.']).next().unwrap_or(name),
    }
}

#[test]
fn a_flipped_bit_anywhere() {
    let directory = tempdir().unwrap();
    let original = directory.path().join("original");
    let expected = make_database(&original);
    let files = contents(&original);
    let flips = flips(&files);
    let ends = check_all(directory.path(), &original, &expected, &flips);
    let sizes: Vec<(&String, usize)> = files.iter().map(|(name, bytes)| (name, bytes.len())).collect();
    println!("{} flips in {sizes:?}: {ends:#?}", flips.len());
    let refused = |kind: &str| {
        [End::RefusedToOpen, End::RefusedToRead].map(|end| ends.get(&(kind.to_owned(), end)).copied().unwrap_or(0))
    };
    for kind in ["CURRENT", "MANIFEST", "log", "sst"] {
        assert!(refused(kind).iter().sum::<usize>() > 0, "{kind}");
    }
    for kind in ["HEDDLE", "OPTIONS", "IDENTITY", "LOG"] {
        assert_eq!(refused(kind), [0, 0], "{kind} alone does not matter");
    }
}
