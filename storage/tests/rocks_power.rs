//! Power cuts: at every operation of a run the disk is rebuilt as it may be found, in several models of what reaches a
//! disk that was not synced, and opened.
//!
//! `HEDDLE_POWER_FULL=1` tries every operation.
#![cfg(target_os = "linux")]

mod common;
mod power;

use std::collections::BTreeMap;

use power::{
    check::Broken,
    disk::Deaf,
    image::{Image, Power},
    is_full,
    script::{FLUSHES, LATE_SYNCS, Promised, REOPENS, Script},
    stride,
    survey::{Found, Recorded, Survey},
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

/// Every way to lose power.
fn powers() -> Vec<Power> {
    let seed_count = if is_full() { 8 } else { 2 };
    [Power::Kept, Power::Synced, Power::Zeros].into_iter().chain((0..seed_count).map(Power::Torn)).collect()
}

fn count_syncs(operations: &[Operation]) -> usize {
    operations.iter().filter(|operation| matches!(operation, Operation::Sync { .. })).count()
}

/// Surveys a run and asserts that no image broke a promise; the number of different images by the slot of their tip.
fn check_survey(survey: &Survey, powers: &[Power], step: usize) -> BTreeMap<Option<u64>, usize> {
    let (operation_count, sync_count) = (survey.operations.len(), count_syncs(&survey.operations));
    let found = survey.run(powers, step);
    let broken = found.broken.into_inner().unwrap();
    broken.iter().take(5).for_each(|(what, broken)| eprintln!("{what}: {broken:?}"));
    let mut tips = BTreeMap::new();
    found.slots.into_inner().unwrap().into_values().for_each(|slot| *tips.entry(slot).or_default() += 1);
    let (images, opened) = (found.images.into_inner(), found.opened.into_inner());
    println!(
        "{:?}: {operation_count} operations, {sync_count} syncs of files; {images} images, {opened} different; by the \
         slot of their tip: {tips:?}",
        survey.script
    );
    assert_eq!(broken.len(), 0, "of {images} images");
    assert!(sync_count > 0 && images >= operation_count / step * powers.len(), "{images} images");
    tips
}

fn check_script(script: Script, wanted_positions: usize) {
    let directory = tempdir().unwrap();
    let survey = Survey::new(script, Recorded::run(script, None, directory.path()));
    let last_slot = script.last_slot();
    let are_blocks_synced = count_syncs(&survey.operations) as u64 > last_slot;
    assert!(are_blocks_synced || script == LATE_SYNCS, "a block is synced");
    let tips = check_survey(&survey, &powers(), stride(survey.operations.len(), wanted_positions));
    assert!(tips.values().sum::<usize>() > wanted_positions, "{tips:?}");
    assert!(tips.len() as u64 > last_slot / 2, "the images are of many blocks: {tips:?}");
}

#[test]
fn power_cuts_between_openings() {
    check_script(REOPENS, 36);
}

#[test]
fn power_cuts_while_a_table_is_written() {
    check_script(FLUSHES, 14);
}

/// Tables are written of blocks that were not synced, by columns at different times: still no block may be there in part.
#[test]
fn power_cuts_between_late_syncs() {
    check_script(LATE_SYNCS, 14);
}

/// A run on what a power failure left, up to where an ordinary run begins.
fn record_recovery(script: Script, image: &Image, promised: Promised) -> Survey {
    let directory = tempdir().unwrap();
    let mut recovery = Survey::new(script, Recorded::run(script, Some(image), directory.path()));
    recovery.promised = promised;
    let is_commit = |operation: &Operation| matches!(operation, Operation::Mark(text) if text.starts_with("tries "));
    // No block follows if the last one was there.
    if let Some(end) = recovery.operations.iter().position(is_commit) {
        recovery.operations.truncate(end);
    }
    recovery
}

/// The power fails, and once more while the store recovers from that.
#[test]
fn power_cuts_while_recovering() {
    const POSITION_COUNT: usize = 8;
    let powers = [Power::Kept, Power::Synced, Power::Torn(3)];
    for (script, wanted_images) in [(REOPENS, 3), (FLUSHES, 1)] {
        let directory = tempdir().unwrap();
        let survey = Survey::new(script, Recorded::run(script, None, directory.path()));
        let mut positions = vec![];
        survey.follow(|position, _, promised| {
            if promised.acknowledged > Some(2) && promised.tried > promised.acknowledged {
                positions.push(position);
            }
        });
        // Each recovery is a survey of its own.
        let wanted_images = if is_full() { 20 } else { wanted_images };
        let step = (positions.len() / wanted_images).max(1);
        let chosen: Vec<usize> = positions.into_iter().skip(step / 2).step_by(step).collect();
        assert!(chosen.len() >= wanted_images, "{chosen:?}");
        survey.follow(|position, disk, promised| {
            if chosen.contains(&position) {
                let recovery = record_recovery(script, &Power::Torn(7).image(disk, position), promised);
                check_survey(&recovery, &powers, (recovery.operations.len() / POSITION_COUNT).max(1));
            }
        });
    }
}

/// RocksDB appended to the manifest that a table was written, the power failed before the manifest was synced, and the
/// disk had written the first half of the record. RocksDB alone reads a record with a wrong checksum and refuses the
/// database, although every block is there: the manifest before that record is whole, and the log that the table was made
/// from is not removed before the manifest is synced.
#[test]
fn a_record_of_the_manifest_in_part() {
    let directory = tempdir().unwrap();
    let mut results = vec![];
    for script in [FLUSHES, REOPENS] {
        let survey = Survey::new(script, Recorded::run(script, None, directory.path()));
        let found = Found::default();
        survey.follow(|_, disk, promised| {
            if let Some(image) = Image::with_half_a_record(disk).filter(|_| promised.acknowledged.is_some()) {
                results.push(survey.examine(&image, &directory.path().join("image"), promised, &found));
            }
        });
    }
    assert!(!results.is_empty(), "nothing was appended to a manifest");
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// A disk that hears no syncs must lose blocks, or the tests above would find nothing either.
#[test]
fn blocks_are_lost_without_syncs() {
    let directory = tempdir().unwrap();
    let mut survey = Survey::new(REOPENS, Recorded::run(REOPENS, None, directory.path()));
    for deaf in [Deaf::Files(".log"), Deaf::Files(".dbtmp"), Deaf::Files(".sst"), Deaf::Files(""), Deaf::Directories] {
        survey.disk.deaf = deaf;
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
