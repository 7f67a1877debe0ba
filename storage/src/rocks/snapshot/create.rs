//! Making an archive: rows out of a database that stands still, or out of a copy of one that does not.

use std::{
    fs,
    io::BufWriter,
    path::{Path, PathBuf},
};

use heddle_types::BlockHeader;

use super::{
    LEVEL_MAX, Manifest, PROGRESS_ROWS, Progress, Snapshot, SnapshotError, SnapshotOptions,
    files::{PartialFile, Scratch, io_error},
    format::{is_state, value_bytes_max},
    require_good,
    writer::ArchiveWriter,
};
use crate::{
    Ledger, StoreError, Tip,
    rocks::{
        RocksStore,
        check::{Checker, ORDER},
        columns::{Column, FIRST_KEY, is_entry_from, slot_key},
        database::Database,
        guard::Guard,
        recover,
    },
};

const OUT_BUFFER_BYTES: usize = 1024 * 1024;

type Name<'a> = &'a dyn Fn(&BlockHeader) -> PathBuf;
type Report<'a> = &'a mut dyn FnMut(Progress);

pub(super) fn create(
    store: &RocksStore,
    out: Name<'_>,
    options: &SnapshotOptions,
    progress: Report<'_>,
) -> Result<Snapshot, SnapshotError> {
    if store.is_read_only() {
        return write(store.database(), out, options, progress);
    }
    let scratch = Scratch::beside(store.path())?;
    store.checkpoint(scratch.path())?;
    // Nobody knows of the copy, so nobody writes to it. It has no note.
    let (database, chain) = recover::probe(scratch.path(), None)?;
    if chain.is_none() {
        return Err(StoreError::NotInitialized.into());
    }
    write(&database, out, options, progress)
}

pub(super) fn create_from(
    path: &Path,
    out: &Path,
    options: &SnapshotOptions,
    progress: Report<'_>,
) -> Result<Snapshot, SnapshotError> {
    // Says what is there if it is no database, before anything is locked.
    drop(RocksStore::open_read_only(path)?);
    // Nothing is removed or rewritten while this is held. A copy of a database may lack the file.
    let _guard = Guard::existing(path).map_err(|error| match error {
        StoreError::Locked { path } => SnapshotError::InUse { path },
        error => error.into(),
    })?;
    create(&RocksStore::open_read_only(path)?, &|_| out.to_owned(), options, progress)
}

fn write(
    database: &Database,
    out: Name<'_>,
    options: &SnapshotOptions,
    progress: Report<'_>,
) -> Result<Snapshot, SnapshotError> {
    let manifest = manifest_of(database, options.ledger)?;
    let target = out(&manifest.tip.header);
    let partial = PartialFile::create(&target)?;
    let write_error = |error| io_error(&target, "write", error);
    let level = options.level.clamp(1, LEVEL_MAX);
    let file = BufWriter::with_capacity(OUT_BUFFER_BYTES, partial.file());
    let mut archive = ArchiveWriter::new(file, level, &manifest).map_err(write_error)?;
    let columns = ORDER.into_iter().filter(|column| manifest.has_ledger || is_state(*column));
    let mut rows = Rows::new(database, &manifest, progress);
    for column in columns {
        rows.write(column, |key, value| archive.row(column, key, value).map_err(write_error))?;
    }
    rows.finish()?;
    let (_, contents) = archive.finish().map_err(write_error)?;
    let size_bytes = fs::metadata(partial.path()).map_err(write_error)?.len();
    partial.keep()?;
    Ok(Snapshot::new(&target, size_bytes, manifest, contents))
}

fn manifest_of(database: &Database, has_ledger: bool) -> Result<Manifest, SnapshotError> {
    let tip = database.tip()?.ok_or(StoreError::NotInitialized)?;
    let ledger = database.ledger()?.ok_or(StoreError::NotInitialized)?;
    let ledger = if has_ledger { ledger } else { without_blocks(&ledger, &tip) };
    Ok(Manifest { tip, ledger, has_ledger })
}

/// What is kept where there are no blocks yet: all that is asked for, from the next slot on.
fn without_blocks(ledger: &Ledger, tip: &Tip) -> Ledger {
    let slot = tip.header.slot;
    let blocks_from = slot.saturating_add(1);
    Ledger { blocks_from, statuses_from: ledger.statuses_from, ..Ledger::default().under(ledger.options, slot) }
}

/// The rows of a database on their way into an archive.
struct Rows<'a> {
    database: &'a Database,
    manifest: &'a Manifest,
    checker: Checker,
    progress: Report<'a>,
    done: u64,
    total: u64,
}

impl<'a> Rows<'a> {
    fn new(database: &'a Database, manifest: &'a Manifest, progress: Report<'a>) -> Self {
        let columns = ORDER.into_iter().filter(|column| manifest.has_ledger || is_state(*column));
        let total = columns.map(|column| database.size_of(column).0).sum();
        let checker = Checker::new(manifest.tip.clone(), manifest.ledger);
        Self { database, manifest, checker, progress, done: 0, total }
    }

    /// Hands every row of the column to `put`, in ascending order of key.
    fn write(
        &mut self,
        column: Column,
        mut put: impl FnMut(&[u8], &[u8]) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        let Manifest { ledger, has_ledger, .. } = self.manifest;
        // Older statuses only serve to take blocks back.
        let is_cut = column == Column::Statuses && !has_ledger;
        let from = if is_cut { slot_key(ledger.statuses_from).to_vec() } else { FIRST_KEY.to_vec() };
        let mut failed = None;
        self.database.scan(column, from.as_slice().max(FIRST_KEY), &mut |key, value| {
            // Entries of blocks that went stay until a compaction comes by; an archive does not depend on that.
            if !is_entry_from(column, key, value, ledger.blocks_from) {
                return Ok(true);
            }
            self.checker.row(column, key, value);
            self.done += 1;
            if self.done.is_multiple_of(PROGRESS_ROWS) {
                (self.progress)(Progress { done: self.done, total: self.total.max(self.done) });
            }
            let bounded = require_bounded(self.database.path(), column, value);
            failed = bounded.and_then(|()| put(key, value)).err();
            Ok(failed.is_none())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        self.checker.end_column(column);
        require_good(self.database.path(), &self.checker)
    }

    fn finish(mut self) -> Result<(), SnapshotError> {
        if !self.manifest.has_ledger {
            ORDER.into_iter().filter(|column| !is_state(*column)).for_each(|column| self.checker.end_column(column));
        }
        (self.progress)(Progress { done: self.done, total: self.done });
        require_good(self.database.path(), &self.checker)
    }
}

fn require_bounded(path: &Path, column: Column, value: &[u8]) -> Result<(), SnapshotError> {
    let (size_bytes, max_bytes) = (value.len(), value_bytes_max(column));
    if size_bytes <= max_bytes {
        return Ok(());
    }
    Err(SnapshotError::RecordTooLarge { path: path.to_owned(), column: column.name(), size_bytes, max_bytes })
}
