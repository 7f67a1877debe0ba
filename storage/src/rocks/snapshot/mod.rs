//! Snapshots: a whole database in one file, made while blocks go on, and databases made of such files.
//!
//! ```text
//!  RocksStore ──checkpoint──▶ copy out of links ──rows, checked──▶ FILE.partial ──sync, rename──▶ FILE
//!
//!  FILE ──read whole, checked──▶ known to be good ──rows──▶ DIRECTORY.partial ──last batch, rename──▶ DIRECTORY
//! ```
//!
//! An archive is logical: rows by column and key, not files of RocksDB. The same state gives the same bytes. Nothing is at
//! the place of a result before it is whole and durable.

mod create;
mod error;
mod files;
mod format;
mod reader;
mod restore;
mod writer;

use std::path::{Path, PathBuf};

use heddle_types::BlockHeader;

use self::reader::{ArchiveReader, Contents};
pub use self::{
    error::{Damage, SnapshotError},
    format::{ARCHIVE_VERSION, LEVEL_MAX, Manifest},
};
use super::{
    RocksStore,
    check::{Checker, ORDER},
};

/// Name ending of archives.
pub const SNAPSHOT_EXTENSION: &str = "heddle-snapshot";

/// How an archive is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// Put blocks, history and indexes into it too. Without them, the restored database keeps blocks from the next slot on.
    pub ledger: bool,
    /// Level of zstd, from 1 (fast) to [`LEVEL_MAX`] (small); others count as the nearest.
    pub level: i32,
}

impl Default for SnapshotOptions {
    /// With the ledger, level 3.
    fn default() -> Self {
        Self { ledger: true, level: 3 }
    }
}

/// How far something long is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Done so far: rows when rows are counted, bytes of the file when an archive is read.
    pub done: u64,
    /// What there is to be done; an estimate for rows.
    pub total: u64,
}

/// Rows between two calls of who wants to know how far things are.
pub(super) const PROGRESS_ROWS: u64 = 4096;

/// An archive that was written, or read whole and found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// What it says of itself.
    pub manifest: Manifest,
    /// BLAKE3 of its contents before compression: the same for the same state, whatever the level.
    pub hash: [u8; 32],
    /// Rows by column.
    pub rows: Vec<(&'static str, u64)>,
}

impl Snapshot {
    /// Makes an archive of `store` at `out`, where nothing may be, while blocks go on: it holds the state after the newest
    /// block, or after one committed meanwhile. For that time, links to the tables lie in a directory beside the database.
    /// O(rows).
    ///
    /// `progress` is called now and then, on this thread.
    ///
    /// # Errors
    /// [`SnapshotError`]; nothing is left behind. [`SnapshotError::Content`] if the rows are no chain: what could not be
    /// restored is not archived.
    pub fn create(
        store: &RocksStore,
        out: &Path,
        options: &SnapshotOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, SnapshotError> {
        create::create(store, &|_| out.to_owned(), options, progress)
    }

    /// As [`Self::create`], in a directory and under the name that its slot gives it: `000000000042.heddle-snapshot`.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_in(
        store: &RocksStore,
        directory: &Path,
        options: &SnapshotOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, SnapshotError> {
        let name = |tip: &BlockHeader| directory.join(format!("{:012}.{SNAPSHOT_EXTENSION}", tip.slot));
        create::create(store, &name, options, progress)
    }

    /// As [`Self::create`], of a database that no process has open for writing; none can open it meanwhile.
    ///
    /// # Errors
    /// As [`Self::create`], and [`SnapshotError::InUse`].
    pub fn create_from(
        database: &Path,
        out: &Path,
        options: &SnapshotOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, SnapshotError> {
        create::create_from(database, out, options, progress)
    }

    /// Reads the whole archive and checks it: compression, hashes, counts, every record, the order of keys, the chain of
    /// headers, and the state hash over all accounts. O(size).
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn verify(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Self, SnapshotError> {
        let mut archive = ArchiveReader::open(path)?;
        let manifest = archive.manifest().clone();
        let size_bytes = archive.size_bytes();
        let mut checker = Checker::new(manifest.tip.clone(), manifest.ledger);
        let mut columns = ORDER.into_iter();
        let mut current = columns.next();
        let mut row_count = 0u64;
        while let Some(row) = archive.next()? {
            while current.is_some_and(|column| column != row.column) {
                current.into_iter().for_each(|column| checker.end_column(column));
                current = columns.next();
            }
            checker.row(row.column, row.key, row.value);
            require_good(path, &checker)?;
            row_count += 1;
            if row_count.is_multiple_of(PROGRESS_ROWS) {
                progress(Progress { done: archive.done_bytes(), total: size_bytes });
            }
        }
        current.into_iter().chain(columns).for_each(|column| checker.end_column(column));
        require_good(path, &checker)?;
        let contents = archive.finish()?;
        progress(Progress { done: size_bytes, total: size_bytes });
        Ok(Self::new(path, size_bytes, manifest, contents))
    }

    /// Makes a database of an archive at `target`, where nothing or an empty directory may be. The archive is read whole and
    /// verified before anything is written; a process that dies meanwhile leaves nothing at `target`. O(size).
    ///
    /// # Errors
    /// [`SnapshotError`]; nothing is at `target` then.
    pub fn restore(path: &Path, target: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Self, SnapshotError> {
        restore::restore(path, target, progress)
    }

    fn new(path: &Path, size_bytes: u64, manifest: Manifest, contents: Contents) -> Self {
        let rows = ORDER.iter().zip(contents.counts).map(|(column, count)| (column.name(), count)).collect();
        Self { path: path.to_owned(), size_bytes, manifest, hash: *contents.hash.as_bytes(), rows }
    }
}

impl Manifest {
    /// Reads what an archive says of itself, and no more of it: the rest may be damaged.
    ///
    /// # Errors
    /// [`SnapshotError`] if it is no archive, one of another version, or one that was cut off.
    pub fn read(path: &Path) -> Result<Self, SnapshotError> {
        ArchiveReader::open(path).map(|archive| archive.manifest().clone())
    }
}

/// Refuses rows in which something was found.
fn require_good(path: &Path, checker: &Checker) -> Result<(), SnapshotError> {
    match checker.findings().first.first() {
        None => Ok(()),
        Some(finding) => Err(SnapshotError::Content { path: path.to_owned(), finding: Box::new(finding.clone()) }),
    }
}
