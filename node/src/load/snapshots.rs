//! Snapshots during a run: made on a thread of their own while blocks go on, at most one at a time.

use std::{fs, sync::Arc, thread::JoinHandle};

use crossbeam::channel::{self, Sender};
use heddle_storage::{RocksStore, Snapshot, SnapshotError, SnapshotOptions};
use serde::Serialize;

use crate::{arguments::LoadArguments, failure::Failure};

/// A snapshot that was made, in the report.
#[derive(Serialize)]
pub(crate) struct MadeSnapshot {
    pub(crate) file: String,
    pub(crate) slot: u64,
    pub(crate) size_bytes: u64,
}

/// See the [module](self).
pub(crate) struct Snapshots {
    /// Blocks between two of them.
    every: u64,
    /// One wish may wait: what is asked for while one is made, is made after it.
    wishes: Sender<()>,
    thread: JoinHandle<Vec<Result<Snapshot, SnapshotError>>>,
}

impl Snapshots {
    /// Starts the thread, if the arguments ask for snapshots of `store`.
    pub(crate) fn start(arguments: &LoadArguments, store: Option<Arc<RocksStore>>) -> Result<Option<Self>, Failure> {
        let (Some(every), Some(directory), Some(store)) = (arguments.snapshot_every, &arguments.snapshots, store)
        else {
            return Ok(None);
        };
        let directory = directory.clone();
        fs::create_dir_all(&directory).map_err(|source| {
            let (path, operation) = (directory.clone(), "create");
            SnapshotError::Io { path, operation, source }
        })?;
        let (wishes, wished) = channel::bounded(1);
        let thread = std::thread::spawn(move || {
            let options = SnapshotOptions::default();
            wished.iter().map(|()| Snapshot::create_in(&store, &directory, &options, &mut |_| {})).collect()
        });
        Ok(Some(Self { every, wishes, thread }))
    }

    /// Tells that the block at this height is committed.
    pub(crate) fn committed(&self, height: u64) {
        if height.is_multiple_of(self.every) {
            // Unless one waits already.
            self.wishes.try_send(()).ok();
        }
    }

    /// Waits for the last one; those that were made, and why the first of the others was not.
    pub(crate) fn finish(self) -> (Vec<MadeSnapshot>, Option<Failure>) {
        let Self { wishes, thread, .. } = self;
        drop(wishes);
        let Ok(results) = thread.join() else { return (Vec::new(), Some(Failure::Panicked)) };
        let mut made = Vec::new();
        let mut failed = None;
        for result in results {
            match result {
                Ok(snapshot) => made.push(made_snapshot(&snapshot)),
                Err(error) => failed = failed.or(Some(error.into())),
            }
        }
        (made, failed)
    }
}

fn made_snapshot(snapshot: &Snapshot) -> MadeSnapshot {
    MadeSnapshot {
        file: snapshot.path.display().to_string(),
        slot: snapshot.manifest.tip.header.slot,
        size_bytes: snapshot.size_bytes,
    }
}
