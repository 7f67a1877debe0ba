//! All the ways in which a recorded run may end early, each built and opened.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tempfile::tempdir;

use super::{
    check::{Broken, check, within},
    disk::Disk,
    image::{Image, Power},
    script::{Promised, Script},
    shim::{Place, Run, Shim},
    trace::Operation,
};
use crate::common::Model;

/// A run that nothing disturbed.
pub struct Recorded {
    /// The disk before it.
    pub disk: Disk,
    pub operations: Vec<Operation>,
}

impl Recorded {
    /// Runs a script on `image`, if there is one. The trace must explain every byte that the run leaves behind.
    pub fn run(script: Script, image: Option<&Image>, directory: &Path) -> Self {
        let place = Place::new(directory);
        if let Some(image) = image {
            fs::remove_dir_all(place.root()).unwrap();
            image.write(&place.root());
        }
        let before = Disk::load(&place.root());
        let Run { status, output, operations, marks } =
            Shim::compile(directory).run("child_runs_a_script", &place, &script.variables(), None);
        assert!(status.success() && marks.last().is_some_and(|mark| mark == "finished"), "{marks:?}\n{output}");
        let mut disk = before.clone();
        operations.iter().for_each(|operation| disk.apply(operation));
        assert!(Power::Kept.image(&disk, 0) == Image::read(&place.root()), "the trace does not explain the directory");
        Self { disk: before, operations }
    }
}

/// What becomes of a run when the power fails.
pub struct Survey {
    pub script: Script,
    pub models: Vec<Model>,
    /// The disk before the run, and what was promised about it.
    pub disk: Disk,
    pub promised: Promised,
    pub operations: Vec<Operation>,
}

/// What a survey found.
#[derive(Debug, Default)]
pub struct Found {
    /// Images, and those of them that no earlier one was equal to.
    pub images: AtomicUsize,
    pub opened: AtomicUsize,
    /// Slot of the tip in each image that was opened.
    pub slots: Mutex<HashMap<[u8; 32], Option<u64>>>,
    pub broken: Mutex<Vec<(String, Broken)>>,
}

impl Survey {
    pub fn new(script: Script, Recorded { disk, operations }: Recorded) -> Self {
        Self { script, models: script.models(), disk, promised: Promised::default(), operations }
    }

    /// Takes every `step`-th operation, in each model of what reaches the disk.
    pub fn run(&self, powers: &[Power], step: usize) -> Found {
        let found = Found::default();
        let thread_count = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        thread::scope(|scope| {
            for thread_index in 0..thread_count {
                let found = &found;
                scope.spawn(move || {
                    self.walk(powers, found, &|position| {
                        position % step == 0 && position / step % thread_count == thread_index
                    });
                });
            }
        });
        found
    }

    /// Calls `visit` after each operation, with its position, the disk and what was promised by then.
    pub fn follow(&self, mut visit: impl FnMut(usize, &Disk, Promised)) {
        let (mut disk, mut promised) = (self.disk.clone(), self.promised);
        for (position, operation) in self.operations.iter().enumerate() {
            disk.apply(operation);
            if let Operation::Mark(text) = operation {
                promised.hear(text);
            }
            visit(position, &disk, promised);
        }
    }

    /// Follows the trace and looks at the images of the positions that `wanted` picks.
    fn walk(&self, powers: &[Power], found: &Found, wanted: &dyn Fn(usize) -> bool) {
        let directory = tempdir().unwrap();
        self.follow(|position, disk, promised| {
            for power in powers.iter().filter(|_| wanted(position)) {
                let image = power.image(disk, position);
                found.images.fetch_add(1, Ordering::Relaxed);
                if let Err(broken) = self.examine(&image, &directory.path().join("image"), promised, found) {
                    let what = format!("{power:?} after operation {position}, {promised:?}: {}", image.summary());
                    found.broken.lock().unwrap().push((what, broken));
                }
            }
        });
    }

    /// Opens an image, unless an equal one was.
    pub fn examine(&self, image: &Image, root: &Path, promised: Promised, found: &Found) -> Result<(), Broken> {
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
