//! A seal over RocksDB's manifest: the file that says which tables make up the database.
//!
//! RocksDB takes a manifest that ends early for one whose last entries a crash cut off. That is right only as long as
//! the write-ahead log still holds what those entries were about; if a disk or a person cut the file later, tables
//! drop out of the database and nobody notices. So the guard file also notes how much of the manifest is durable and
//! its hash. The manifest only ever grows, until RocksDB begins a new one with a higher number.
//!
//! It knows where the manifest is, and nothing of its contents.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::recover::corrupt;
use crate::StoreError;

/// The durable beginning of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) number: u64,
    pub(super) size_bytes: u64,
    pub(super) hash: [u8; 32],
}

impl Seal {
    /// Checks that the current manifest begins with what was sealed, unless it is a newer one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it does not. A manifest that cannot be found is left to RocksDB to report.
    pub(super) fn check(&self, path: &Path) -> Result<(), StoreError> {
        let Ok(number) = current_number(path) else { return Ok(()) };
        if number > self.number {
            return Ok(());
        }
        let matches = number == self.number
            && File::open(manifest_path(path, number)).and_then(|file| self.matches(file)).unwrap_or(false);
        if matches {
            return Ok(());
        }
        let Self { number: sealed, size_bytes, .. } = self;
        let detail = format!("MANIFEST-{number:06} is not what was MANIFEST-{sealed:06} up to byte {size_bytes}");
        Err(corrupt(path, "manifest", detail))
    }

    fn matches(&self, file: File) -> io::Result<bool> {
        let mut hasher = blake3::Hasher::new();
        let size_bytes = io::copy(&mut file.take(self.size_bytes), &mut hasher)?;
        Ok(size_bytes == self.size_bytes && hasher.finalize() == self.hash)
    }
}

/// Follows the manifest of an open database.
#[derive(Debug)]
pub(super) struct Sealer {
    path: PathBuf,
    /// What is sealed so far; `None` before the first [`Sealer::advance`].
    sealed: Option<Sealed>,
}

#[derive(Debug)]
struct Sealed {
    number: u64,
    file: File,
    size_bytes: u64,
    hasher: blake3::Hasher,
}

impl Sealer {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), sealed: None }
    }

    /// Seals what the manifest has become; O(bytes it grew by). It grows by a flush or compaction, not by a commit.
    pub(super) fn advance(&mut self) -> io::Result<Seal> {
        let number = current_number(&self.path)?;
        let sealed = match self.sealed.take() {
            Some(sealed) if sealed.number == number => sealed,
            _ => {
                let file = File::open(manifest_path(&self.path, number))?;
                Sealed { number, file, size_bytes: 0, hasher: blake3::Hasher::new() }
            }
        };
        let sealed = self.sealed.insert(sealed);
        let growth_bytes = io::copy(&mut &sealed.file, &mut sealed.hasher)?;
        if growth_bytes > 0 {
            // RocksDB may not have got to it yet, and the note must not survive what it speaks of.
            sealed.file.sync_data()?;
            sealed.size_bytes += growth_bytes;
        }
        Ok(Seal { number, size_bytes: sealed.size_bytes, hash: *sealed.hasher.finalize().as_bytes() })
    }
}

pub(super) fn manifest_path(path: &Path, number: u64) -> PathBuf {
    path.join(format!("MANIFEST-{number:06}"))
}

/// Number of the manifest that `CURRENT` names.
pub(super) fn current_number(path: &Path) -> io::Result<u64> {
    const CURRENT_BYTES_MAX: u64 = 64;
    let mut name = String::new();
    File::open(path.join("CURRENT"))?.take(CURRENT_BYTES_MAX).read_to_string(&mut name)?;
    let number = name.strip_prefix("MANIFEST-").and_then(|rest| rest.strip_suffix('\n'));
    number.and_then(|number| number.parse().ok()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    fn append(path: &Path, number: u64, bytes: &[u8]) {
        let file = File::options().append(true).create(true).open(manifest_path(path, number));
        file.unwrap().write_all(bytes).unwrap();
        fs::write(path.join("CURRENT"), format!("MANIFEST-{number:06}\n")).unwrap();
    }

    #[test]
    fn seals_hold_for_what_only_grew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut sealer = Sealer::new(path);
        assert!(sealer.advance().is_err());
        append(path, 5, b"first");
        let first = sealer.advance().unwrap();
        assert_eq!((first.number, first.size_bytes), (5, 5));
        append(path, 5, b", second");
        let second = sealer.advance().unwrap();
        assert_eq!((second.size_bytes, second.hash), (13, *blake3::hash(b"first, second").as_bytes()));
        assert_eq!(sealer.advance().unwrap(), second);
        append(path, 5, b", unsealed");
        first.check(path).unwrap();
        second.check(path).unwrap();
        append(path, 1_000_000, b"new");
        second.check(path).unwrap();
        let third = sealer.advance().unwrap();
        assert_eq!((third.number, third.size_bytes), (1_000_000, 3));
        third.check(path).unwrap();
    }

    #[test]
    fn seals_break_with_what_was_sealed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        append(path, 7, b"0123456789");
        let seal = Sealer::new(path).advance().unwrap();
        for damaged in [&b""[..], b"012345678", b"012345678\0", b"x123456789 and more"] {
            fs::write(manifest_path(path, 7), damaged).unwrap();
            let message = seal.check(path).unwrap_err().to_string();
            assert!(message.ends_with("MANIFEST-000007 is not what was MANIFEST-000007 up to byte 10"), "{message}");
        }
        fs::write(manifest_path(path, 7), b"0123456789").unwrap();
        seal.check(path).unwrap();
        append(path, 6, b"0123456789");
        assert!(seal.check(path).is_err(), "an older manifest");
        fs::write(path.join("CURRENT"), "garbage").unwrap();
        seal.check(path).unwrap();
    }
}
