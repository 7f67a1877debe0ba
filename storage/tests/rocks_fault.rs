//! A disk that fails: at every operation that changes files, in every way, the store says so, takes nothing more, and
//! has every block that it acknowledged when it is opened again, also after the power failed in addition.
//!
//! `HEDDLE_POWER_FULL=1` fails every operation.
#![cfg(target_os = "linux")]

mod common;
mod power;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use common::{
    Model,
    disk::{copy, make_chain},
};
use power::{
    check::check,
    disk::Disk,
    image::Power,
    is_full,
    script::{FLUSHES, LARGE, Promised, Script, THREE, THREE_MORE},
    shim::{ENDED_BY_FAULT, Fault, Place, Run, Shim},
    stride,
    trace::{self, Target},
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

/// A script on a database that may be there already.
struct Scenario<'a> {
    script: Script,
    models: Vec<Model>,
    /// The database to begin with, and the slot of its tip.
    base: Option<(&'a Path, u64)>,
    shim: Shim,
}

impl<'a> Scenario<'a> {
    fn new(script: Script, base: Option<(&'a Path, u64)>, directory: &Path) -> Self {
        Self { script, models: script.models(), base, shim: Shim::compile(directory) }
    }

    /// What is promised before the child runs.
    fn promised(&self) -> Promised {
        let slot = self.base.map(|(_, slot)| slot);
        Promised { acknowledged: slot, tried: slot }
    }

    /// Runs the child in `directory`, which is made afresh; also the disk as it was before.
    fn run(&self, directory: &Path, fault: Option<Fault>) -> (Place, Disk, Run) {
        let _ = fs::remove_dir_all(directory);
        fs::create_dir(directory).unwrap();
        let place = Place::new(directory);
        if let Some((base, _)) = self.base {
            copy(base, &place.database());
        }
        let disk = Disk::load(&place.root());
        let run = self.shim.run("child_runs_a_script", &place, &self.script.variables(), fault);
        (place, disk, run)
    }

    /// Runs the child with a fault and checks everything; the errors that it got, by name.
    fn check(&self, directory: &Path, fault: Fault) -> Result<Vec<String>, String> {
        let (place, mut disk, run) = self.run(directory, Some(fault));
        let told = |what: &str| format!("{fault:?}: {what}\n{:?}\n{}", run.marks, run.output);
        let is_ended = matches!(fault, Fault::ExitBefore(_) | Fault::ExitAfter(_));
        if run.status.code() != Some(0) && !(is_ended && run.status.code() == Some(ENDED_BY_FAULT)) {
            return Err(told(&format!("ended with {}", run.status)));
        }
        let mut promised = self.promised();
        run.marks.iter().for_each(|mark| promised.hear(mark));
        let errors = errors(&run.marks).ok_or_else(|| told("an error that did not poison"))?;
        if run.status.success() && errors.is_empty() != run.marks.iter().any(|mark| mark == "finished") {
            return Err(told("neither finished nor failed"));
        }
        run.operations.iter().for_each(|operation| disk.apply(operation));
        let after_power_cut = place.root().with_extension("cut");
        let seed = run.operations.len() as u64;
        let power = if seed.is_multiple_of(2) { Power::Synced } else { Power::Torn(seed) };
        power.image(&disk, 0).write(&after_power_cut);
        for root in [place.root(), after_power_cut] {
            check(&root.join("database"), self.script, &self.models, promised)
                .map_err(|broken| told(&format!("{}: {broken:?}", root.display())))?;
        }
        Ok(errors)
    }

    /// Tries all `faults`; how often a fault of each kind came to which error.
    fn check_all(&self, directory: &Path, faults: &[Fault]) -> BTreeMap<String, usize> {
        let (next, failures) = (AtomicUsize::new(0), Mutex::new(vec![]));
        let seen = Mutex::new(BTreeMap::<String, usize>::new());
        let thread_count = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        thread::scope(|scope| {
            for thread_index in 0..thread_count {
                let directory = directory.join(format!("thread {thread_index}"));
                let (next, failures, seen) = (&next, &failures, &seen);
                scope.spawn(move || {
                    while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                        match self.check(&directory, *fault) {
                            Ok(errors) => {
                                let mut seen = seen.lock().unwrap();
                                let kind = format!("{fault:?}");
                                let kind = kind.split('(').next().unwrap();
                                let end = errors.first().map_or("nothing noticed", |error| error.as_str());
                                *seen.entry(format!("{kind}: {end}")).or_default() += 1;
                            }
                            Err(failure) => failures.lock().unwrap().push(failure),
                        }
                    }
                });
            }
        });
        let (failures, seen) = (failures.into_inner().unwrap(), seen.into_inner().unwrap());
        println!("{:?}: {} faults; what the child was told: {seen:#?}", self.script, faults.len());
        failures.iter().take(3).for_each(|failure| eprintln!("{failure}"));
        assert_eq!(failures.len(), 0, "of {} faults", faults.len());
        seen
    }

    /// Operations of a child that nothing disturbs.
    fn targets(&self, directory: &Path) -> Vec<Target> {
        let (_, _, run) = self.run(&directory.join("undisturbed"), None);
        assert!(run.status.success() && run.marks.last().is_some_and(|mark| mark == "finished"), "{:?}", run.marks);
        trace::targets(&run.operations)
    }

    /// Fails operations of opening at some distance from each other, and every other one of commits.
    fn check_every_operation(&self, directory: &Path, wanted: usize) {
        type Kind = fn(usize) -> Fault;
        const IN_COMMITS: [Kind; 3] = [Fault::Error, Fault::ShortWrite, Fault::ExitAfter];
        const SOMETIMES: [Kind; 4] = [Fault::ErrorStays, Fault::NoSpace, Fault::NoSpaceStays, Fault::ExitBefore];
        let targets = self.targets(directory);
        let commit_count = targets.iter().filter(|target| target.is_in_commit).count();
        assert!(targets.len() > 50 && commit_count >= 9, "{commit_count} of {} in commits", targets.len());
        let step = stride(targets.len(), wanted);
        let mut faults = vec![];
        for (index, target) in targets.iter().enumerate() {
            for (kind_index, kind) in IN_COMMITS.iter().chain(&SOMETIMES).enumerate() {
                // Each kind begins elsewhere, so that together they reach more operations.
                let is_often = target.is_in_commit && kind_index < IN_COMMITS.len();
                if (index + kind_index) % (if is_often { step.min(2) } else { step }) == 0 {
                    faults.push(kind(target.number));
                }
            }
            let sync = target.sync_number.filter(|number| target.is_in_commit || number % (1 + step / 4) == 0);
            faults.extend(sync.map(Fault::Sync));
        }
        let seen = self.check_all(directory, &faults);
        for met in ["Error: failed Io", "Error: refused Io", "ShortWrite: failed DiskFull", "Sync: failed Io"] {
            assert!(seen.contains_key(met), "no fault came to {met}: {seen:?}");
        }
    }
}

/// Variant names of the errors in a child's marks; `None` if one did not poison the store.
fn errors(marks: &[String]) -> Option<Vec<String>> {
    let mut names = vec![];
    for (index, mark) in marks.iter().enumerate() {
        let Some((what, error)) = mark.split_once(": ") else { continue };
        if what.starts_with("failed ") && marks.get(index + 1).map(String::as_str) != Some("poisoned") {
            return None;
        }
        if what.starts_with("failed ") || what == "refused" {
            let name = error.split([' ', '(']).next().unwrap_or_default();
            names.push(format!("{} {name}", what.split(' ').next().unwrap_or_default()));
        }
    }
    Some(names)
}

#[test]
fn faults_in_a_new_database() {
    let directory = tempdir().unwrap();
    Scenario::new(THREE, None, directory.path()).check_every_operation(directory.path(), 4);
}

#[test]
fn faults_in_an_existing_database() {
    let directory = tempdir().unwrap();
    let base = directory.path().join("base");
    make_chain(&base, 3);
    Scenario::new(THREE_MORE, Some((&base, 3)), directory.path()).check_every_operation(directory.path(), 4);
}

/// Faults that meet the threads behind the store: they write a table and the manifest while blocks are committed. The
/// script is long, so only its end is disturbed.
#[test]
fn faults_while_a_table_is_written() {
    let directory = tempdir().unwrap();
    let scenario = Scenario::new(FLUSHES, None, directory.path());
    let targets = scenario.targets(directory.path());
    let end = &targets[targets.len() * 2 / 3..];
    let kinds = [Fault::Error, Fault::NoSpaceStays, Fault::ErrorStays];
    let faults: Vec<Fault> = end
        .iter()
        .step_by(stride(end.len(), 9))
        .enumerate()
        .flat_map(|(index, target)| {
            let all = kinds.map(|kind| kind(target.number)).into_iter().chain(target.sync_number.map(Fault::Sync));
            // In the short form one kind each.
            all.skip(if is_full() { 0 } else { index % 3 }).take(if is_full() { 4 } else { 1 })
        })
        .collect();
    let seen = scenario.check_all(directory.path(), &faults);
    assert!(seen.keys().any(|end| end.contains("failed")), "{seen:?}");
}

/// Fills the disk anywhere in six blocks of a MiB: the error names it, and so does opening while there is no space.
#[test]
fn a_full_disk() {
    let directory = tempdir().unwrap();
    let base = directory.path().join("base");
    make_chain(&base, 3);
    let scenario = Scenario::new(LARGE, Some((&base, 3)), directory.path());
    let (mut full_count, mut committed) = (0, BTreeMap::new());
    let step_bytes = 7 * (1 << 20) / if is_full() { 400 } else { 10 };
    for space_bytes in (0..).step_by(step_bytes) {
        let place = directory.path().join("full");
        let errors =
            scenario.check(&place, Fault::SpaceBytes(space_bytes)).unwrap_or_else(|failure| panic!("{failure}"));
        *committed.entry(errors.clone()).or_insert(0) += 1;
        if errors.is_empty() {
            break;
        }
        assert!(errors.iter().all(|error| error.ends_with(" DiskFull")), "{space_bytes} bytes: {errors:?}");
        full_count += 1;
    }
    println!("the disk was full {full_count} times: {committed:?}");
    assert!(full_count >= 8 && committed.contains_key(&vec!["failed DiskFull".to_owned()]), "{committed:?}");
}

/// A database whose disk is full is opened while it still is: refused by name or opened, and unharmed either way.
#[test]
fn opening_on_a_full_disk() {
    let directory = tempdir().unwrap();
    let base = directory.path().join("base");
    make_chain(&base, 3);
    let scenario = Scenario::new(LARGE, Some((&base, 3)), directory.path());
    let (place, _, run) = scenario.run(&directory.path().join("full"), Some(Fault::SpaceBytes(3 << 20)));
    let mut promised = scenario.promised();
    run.marks.iter().for_each(|mark| promised.hear(mark));
    assert!(promised.acknowledged > Some(3) && promised.tried > promised.acknowledged, "{:?}", run.marks);
    for space_bytes in [0, 100, 5000] {
        let fault = Some(Fault::SpaceBytes(space_bytes));
        let run = scenario.shim.run("child_runs_a_script", &place, &scenario.script.variables(), fault);
        run.marks.iter().for_each(|mark| promised.hear(mark));
        let errors = errors(&run.marks).unwrap();
        assert!(run.status.success() && errors.len() == 1 && errors[0].ends_with(" DiskFull"), "{:?}", run.marks);
    }
    let broken = check(&place.database(), scenario.script, &scenario.models, promised);
    assert!(broken.is_ok(), "{broken:?}");
}
