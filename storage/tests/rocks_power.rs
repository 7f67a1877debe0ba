//! Power cuts: at every operation of a run the disk is rebuilt as it may be found, in several models of what reaches a
//! disk that was not synced, and opened.
//!
//! `HEDDLE_POWER_FULL=1` tries every operation.

mod common;
mod power;

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
    thread,
};

use common::Model;
use power::{
    check::{Broken, check, within},
    disk::{Deaf, Disk},
    image::{Image, Power},
    is_full,
    script::{FLUSHES, Promised, REOPENS, Script},
    shim::{Place, Run, Shim},
    stride,
    trace::Operation,
};
use tempfile::tempdir;

/// Runs a script, started by the tests below in a process of its own.
#[test]
#[ignore = "started by other tests"]
fn child_runs_a_script() {
    if let Some(script) = Script::of_this_child() {
        script.run();
    }
}

/// A run that nothing disturbed. Its trace must explain every byte that it left behind.
fn record(script: Script, directory: &Path) -> Vec<Operation> {
    let place = Place::new(directory);
    let Run { status, output, operations, marks } =
        Shim::compile(directory).run("child_runs_a_script", &place, &script.variables(), None);
    assert!(status.success() && marks.last().is_some_and(|mark| mark == "finished"), "{marks:?}\n{output}");
    let mut disk = Disk::new(Deaf::None);
    operations.iter().for_each(|operation| disk.apply(operation));
    assert!(Power::Kept.image(&disk, 0) == Image::read(&place.root()), "the trace does not explain the directory");
    operations
}

/// What becomes of a run when the power fails.
struct Survey {
    script: Script,
    models: Vec<Model>,
    operations: Vec<Operation>,
    deaf: Deaf,
}

/// What a survey found.
#[derive(Debug, Default)]
struct Found {
    /// Images per kind of power failure, and those of them that no earlier one was equal to.
    images: AtomicUsize,
    opened: AtomicUsize,
    /// Slot of the tip in each image that was opened.
    slots: Mutex<HashMap<[u8; 32], Option<u64>>>,
    broken: Mutex<Vec<(String, Broken)>>,
}

impl Survey {
    /// Takes every `step`-th operation, in each model of what reaches the disk.
    fn run(&self, powers: &[Power], step: usize) -> Found {
        let found = Found::default();
        let thread_count = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        thread::scope(|scope| {
            for thread_index in 0..thread_count {
                let found = &found;
                scope.spawn(move || {
                    self.walk(powers, found, &|position| {
                        position % step == 0 && position / step % thread_count == thread_index
                    })
                });
            }
        });
        found
    }

    /// Follows the trace and looks at the images of the positions that `wanted` picks.
    fn walk(&self, powers: &[Power], found: &Found, wanted: &dyn Fn(usize) -> bool) {
        let directory = tempdir().unwrap();
        let mut disk = Disk::new(self.deaf);
        let mut promised = Promised::default();
        for (position, operation) in self.operations.iter().enumerate() {
            disk.apply(operation);
            if let Operation::Mark(text) = operation {
                promised.hear(text);
            }
            for power in powers.iter().filter(|_| wanted(position)) {
                let image = power.image(&disk, position);
                found.images.fetch_add(1, Ordering::Relaxed);
                if let Err(broken) = self.examine(&image, &directory.path().join("image"), promised, found) {
                    let what = format!("{power:?} after operation {position}, {promised:?}: {}", image.summary());
                    found.broken.lock().unwrap().push((what, broken));
                }
            }
        }
    }

    fn examine(&self, image: &Image, root: &Path, promised: Promised, found: &Found) -> Result<(), Broken> {
        let digest = image.digest();
        if let Some(slot) = found.slots.lock().unwrap().get(&digest) {
            return within(*slot, promised);
        }
        found.opened.fetch_add(1, Ordering::Relaxed);
        image.write(root);
        let result = check(&root.join("database"), self.script, &self.models, promised);
        fs::remove_dir_all(root).unwrap();
        found.slots.lock().unwrap().insert(digest, result?);
        Ok(())
    }
}

/// Every way to lose power.
fn powers() -> Vec<Power> {
    let seed_count = if is_full() { 8 } else { 2 };
    [Power::Kept, Power::Synced, Power::Zeros].into_iter().chain((0..seed_count).map(Power::Torn)).collect()
}

fn count_syncs(operations: &[Operation]) -> usize {
    operations.iter().filter(|operation| matches!(operation, Operation::Sync { .. })).count()
}

fn check_script(script: Script, wanted_positions: usize) {
    let directory = tempdir().unwrap();
    let operations = record(script, directory.path());
    let last_slot = script.last_slot();
    let (operation_count, sync_count) = (operations.len(), count_syncs(&operations));
    assert!(sync_count as u64 > last_slot, "a block is synced: {sync_count} syncs");
    let survey = Survey { script, models: script.models(), operations, deaf: Deaf::None };
    let found = survey.run(&powers(), stride(operation_count, wanted_positions));
    let broken = found.broken.into_inner().unwrap();
    for (what, broken) in broken.iter().take(5) {
        eprintln!("{what}: {broken:?}");
    }
    let mut tips = BTreeMap::<Option<u64>, usize>::new();
    found.slots.into_inner().unwrap().into_values().for_each(|slot| *tips.entry(slot).or_default() += 1);
    let (images, opened) = (found.images.into_inner(), found.opened.into_inner());
    println!(
        "{script:?}: {operation_count} operations, {sync_count} syncs of files; {images} images, {opened} different"
    );
    println!("images by tip: {tips:?}");
    assert_eq!(broken.len(), 0, "of {images} images");
    assert!(images > 0 && opened > wanted_positions / 4 && tips.len() as u64 > last_slot / 2, "{opened}, {tips:?}");
}

#[test]
fn power_cuts_between_openings() {
    check_script(REOPENS, 45);
}

#[test]
fn power_cuts_while_a_table_is_written() {
    check_script(FLUSHES, 16);
}

/// RocksDB appended to the manifest that a table was written, the power failed before the manifest was synced, and the
/// disk had written one of the two sectors that the record lies in. RocksDB then reads a record with a wrong checksum
/// and refuses the database, although every block is there: the manifest before that record is whole, and the log that
/// the table was made from is not removed before the manifest is synced.
#[test]
#[ignore = "known: half a record at the end of the manifest is refused as corrupt, not cut off"]
fn a_record_of_the_manifest_in_part() {
    let directory = tempdir().unwrap();
    let operations = record(FLUSHES, directory.path());
    let survey = Survey { script: FLUSHES, models: FLUSHES.models(), operations, deaf: Deaf::None };
    let (mut disk, mut promised, found) = (Disk::new(Deaf::None), Promised::default(), Found::default());
    let mut results = vec![];
    for operation in &survey.operations {
        disk.apply(operation);
        if let Operation::Mark(text) = operation {
            promised.hear(text);
        }
        if let Some(image) = Image::with_half_a_record(&disk).filter(|_| promised.acknowledged.is_some()) {
            results.push(survey.examine(&image, &directory.path().join("image"), promised, &found));
        }
    }
    assert!(!results.is_empty(), "no record lies across two sectors");
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// A disk that hears no syncs must lose blocks, or the tests above would find nothing either.
#[test]
fn blocks_are_lost_without_syncs() {
    let directory = tempdir().unwrap();
    let operations = record(REOPENS, directory.path());
    let mut survey = Survey { script: REOPENS, models: REOPENS.models(), operations, deaf: Deaf::None };
    for deaf in [Deaf::Files(".log"), Deaf::Files(".dbtmp"), Deaf::Files(".sst"), Deaf::Files(""), Deaf::Directories] {
        survey.deaf = deaf;
        let found = survey.run(&[Power::Synced], stride(survey.operations.len(), 10));
        let broken = found.broken.into_inner().unwrap();
        let lost = broken.iter().filter(|(_, broken)| matches!(broken, Broken::Lost { .. })).count();
        println!(
            "{deaf:?}: {} images, {lost} with blocks lost, {} refused",
            found.images.into_inner(),
            broken.len() - lost
        );
        assert!(!broken.is_empty(), "{deaf:?}");
        assert!(lost > 0 || deaf != Deaf::Files(".log"), "{broken:?}");
    }
}
