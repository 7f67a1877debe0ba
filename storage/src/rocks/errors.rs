//! From what RocksDB says to what an operator can act on.
//!
//! The C interface hands over only a message; the words looked for here are those of `util/status.cc`,
//! `env/io_posix.h` and `env/fs_posix.cc` of RocksDB 11.8.

use std::{io, path::Path};

use rocksdb::{Error, ErrorKind};

use crate::StoreError;

/// Names a failure of RocksDB while doing `operation` ("cannot {operation} {path}").
pub(super) fn from_rocks(path: &Path, operation: &'static str, source: Error) -> StoreError {
    let path = path.to_owned();
    let message: &str = source.as_ref();
    if is_disk_full(message) {
        return StoreError::DiskFull { path, operation, source: source.into() };
    }
    if source.kind() == ErrorKind::Corruption {
        return StoreError::Corrupt { path, what: operation, detail: source.into_string() };
    }
    StoreError::Io { path, operation, source: source.into() }
}

/// Names a failure of RocksDB while opening a database that is known to be there.
pub(super) fn from_rocks_open(path: &Path, source: Error) -> StoreError {
    const OPERATION: &str = "open";
    let message: &str = source.as_ref();
    if is_locked(message) {
        return StoreError::Locked { path: path.to_owned() };
    }
    // A file that the manifest names is gone.
    if message.contains("No such file or directory") {
        return StoreError::Corrupt { path: path.to_owned(), what: OPERATION, detail: source.into_string() };
    }
    from_rocks(path, OPERATION, source)
}

/// Names a failure of the operating system.
pub(super) fn from_io(path: &Path, operation: &'static str, source: io::Error) -> StoreError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StoreError::DiskFull { path, operation, source: source.into() }
        }
        _ => StoreError::Io { path, operation, source: source.into() },
    }
}

fn is_disk_full(message: &str) -> bool {
    const WORDS: [&str; 3] = ["No space left on device", "Disk quota exceeded", "Space limit reached"];
    WORDS.iter().any(|words| message.contains(words))
}

fn is_locked(message: &str) -> bool {
    const WORDS: [&str; 2] = ["lock hold by current process", "While lock file"];
    WORDS.iter().any(|words| message.contains(words))
}
