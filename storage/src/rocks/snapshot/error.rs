//! Everything that can go wrong with a snapshot, told so that an operator can act on it.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::{Finding, StoreError};

/// Why a snapshot was not made, not accepted, or not restored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Something is where the result should go. It was left as it is.
    #[error("{} is there already", path.display())]
    Exists {
        /// Where the result should go.
        path: PathBuf,
    },
    /// A path that does not end in a name.
    #[error("{} names no file", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// Another process makes or restores a snapshot there.
    #[error("another process is writing {}", path.display())]
    Busy {
        /// What it is writing.
        path: PathBuf,
    },
    /// Another process has the database open for writing.
    #[error(
        "{} is open for writing in another process: stop it first, or have it make snapshots itself (heddle load \
         --snapshot-every)",
        path.display()
    )]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The database cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file system has no room. What was written so far is removed.
    #[error("disk full: cannot {operation} {}", path.display())]
    DiskFull {
        /// File or directory.
        path: PathBuf,
        /// What was tried, as in "cannot {operation} {path}".
        operation: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system refuses.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file does not begin as a snapshot does.
    #[error("{} is no heddle snapshot", path.display())]
    NotASnapshot {
        /// The file.
        path: PathBuf,
    },
    /// A snapshot of another version.
    #[error("{} has {what} version {found}, this program reads version {supported}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Version of what: the archive, or the database in it.
        what: &'static str,
        /// Its version.
        found: u32,
        /// The only version that this program reads.
        supported: u32,
    },
    /// The bytes are not those that were written.
    #[error("{} is damaged at byte {offset} of its contents: {damage}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How far its contents (not compressed) could be read.
        offset: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// The rows, of an archive or of the database to be archived, are no chain.
    #[error("{}: {finding}", path.display())]
    Content {
        /// The file or the database.
        path: PathBuf,
        /// The first thing that is wrong.
        finding: Box<Finding>,
    },
    /// A record too large for an archive.
    #[error("{}: a record of {size_bytes} bytes in column {column}, an archive holds up to {max_bytes}", path.display())]
    RecordTooLarge {
        /// The database.
        path: PathBuf,
        /// Where the record is.
        column: &'static str,
        /// Its length.
        size_bytes: usize,
        /// The bound.
        max_bytes: usize,
    },
}

/// How the bytes of an archive can be wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Damage {
    /// The file is shorter than its shortest form, or does not end with the seal.
    #[error("the file does not end with its seal: it was cut off, or something was appended")]
    NoSeal,
    /// The file's bytes are not those that were sealed.
    #[error("the file's bytes do not hash to its seal")]
    Seal,
    /// The compressed stream is broken or ends early.
    #[error("the compressed stream is broken: {0}")]
    Compression(io::Error),
    /// Something follows the compressed stream.
    #[error("something follows the end")]
    Trailing,
    /// The contents do not hash to what the trailer says.
    #[error("the contents do not hash to what the trailer says")]
    Hash,
    /// The end mark is not there.
    #[error("the end mark is missing")]
    EndMark,
    /// No column has this number, or not at this place.
    #[error("column {0} cannot be here")]
    Column(u8),
    /// A key of a length that the column does not have.
    #[error("a key of {size_bytes} bytes in column {column}")]
    KeyLength {
        /// The column.
        column: &'static str,
        /// The length.
        size_bytes: u8,
    },
    /// A value longer than any in the column.
    #[error("a value of {size_bytes} bytes in column {column}")]
    ValueLength {
        /// The column.
        column: &'static str,
        /// The length.
        size_bytes: u32,
    },
    /// The trailer counts other rows than there are.
    #[error("{found} rows in column {column}, the trailer counts {expected}")]
    Count {
        /// The column.
        column: &'static str,
        /// Rows that are there.
        found: u64,
        /// What the trailer says.
        expected: u64,
    },
    /// The manifest does not decode.
    #[error("the manifest: {0}")]
    Manifest(crate::codec::DecodeError),
    /// The manifest's flag says neither with nor without the ledger.
    #[error("flag {0} in the manifest")]
    Flag(u8),
    /// The manifest's state hash is not that of its lattice.
    #[error("the manifest's state hash is not that of its lattice")]
    StateHash,
}
