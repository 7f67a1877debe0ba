//! The file `HEDDLE` beside RocksDB's own: the lock of the one writer, and a note of what was acknowledged.
//!
//! RocksDB alone cannot tell a write-ahead log that a crash cut off inside a block nobody was promised from one that
//! lost blocks to a bad disk or a stray `rm *.log`: both simply end. So after each commit is durable, and before it is
//! reported, its slot and hash are noted here, with a seal over the manifest ([`super::manifest`]). A database whose
//! tip is older than the note has lost blocks.
//!
//! The note is not fsynced: it survives a killed process but may be older than the tip after a power failure, never
//! newer. An absent or undecodable note says nothing.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use heddle_types::{BlockHeader, Hash};

use super::{
    errors::from_io,
    manifest::{Seal, Sealer},
};
use crate::StoreError;

/// Name of the file in the database's directory.
pub(super) const GUARD_FILE: &str = "HEDDLE";

const MAGIC: [u8; 8] = *b"HEDDLE\x00\x01";
const CHECK_BYTES: usize = 16;
const BODY_BYTES: usize = MAGIC.len() + 8 + 32 + 8 + 8 + 32;
const NOTE_BYTES: usize = BODY_BYTES + CHECK_BYTES;

/// What was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Slot of the newest block that a commit was reported for.
    pub(super) slot: u64,
    /// Hash of that block.
    pub(super) block_hash: Hash,
    /// The manifest as it was then.
    pub(super) seal: Seal,
}

impl Note {
    /// Magic bytes, slot, block hash, manifest number, size and hash, and the first half of the BLAKE3 of these.
    fn encode(&self) -> [u8; NOTE_BYTES] {
        let body = [
            &MAGIC[..],
            &self.slot.to_le_bytes(),
            self.block_hash.as_bytes(),
            &self.seal.number.to_le_bytes(),
            &self.seal.size_bytes.to_le_bytes(),
            &self.seal.hash,
        ];
        let mut out = [0; NOTE_BYTES];
        out[..BODY_BYTES].copy_from_slice(&body.concat());
        let check = blake3::hash(&out[..BODY_BYTES]);
        out[BODY_BYTES..].copy_from_slice(&check.as_bytes()[..CHECK_BYTES]);
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; NOTE_BYTES] = bytes.try_into().ok()?;
        let (slot, rest) = bytes[MAGIC.len()..].split_first_chunk()?;
        let (block_hash, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (size_bytes, rest) = rest.split_first_chunk()?;
        let seal = Seal {
            number: u64::from_le_bytes(*number),
            size_bytes: u64::from_le_bytes(*size_bytes),
            hash: *rest.first_chunk()?,
        };
        let note = Self { slot: u64::from_le_bytes(*slot), block_hash: Hash::new_from_array(*block_hash), seal };
        (note.encode() == *bytes).then_some(note)
    }

    /// The note of the database at `path`, without a lock.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        match File::open(path.join(GUARD_FILE)) {
            Ok(mut file) => Self::read_from(&mut file).map_err(|error| from_io(path, "read the note of", error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(from_io(path, "read the note of", error)),
        }
    }

    fn read_from(file: &mut File) -> io::Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(NOTE_BYTES);
        // One byte more than a note, to notice a longer file.
        file.take(NOTE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Self::decode(&bytes))
    }
}

/// The right to write to a database, held until dropped.
#[derive(Debug)]
pub(super) struct Guard {
    file: File,
    sealer: Sealer,
}

impl Guard {
    /// Takes the lock, making the file if it is missing.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path.join(GUARD_FILE)).map_err(|error| from_io(path, "lock", error))?;
        Self::lock(path, file)
    }

    /// Takes the lock if the file is there (a copy made by other tools may lack it).
    pub(super) fn existing(path: &Path) -> Result<Option<Self>, StoreError> {
        match OpenOptions::new().read(true).write(true).open(path.join(GUARD_FILE)) {
            Ok(file) => Self::lock(path, file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(from_io(path, "lock", error)),
        }
    }

    fn lock(path: &Path, file: File) -> Result<Self, StoreError> {
        match file.try_lock() {
            Ok(()) => Ok(Self { file, sealer: Sealer::new(path) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(from_io(path, "lock", error)),
        }
    }

    /// Notes that the block is durable, so that its loss would be noticed.
    pub(super) fn acknowledge(&mut self, path: &Path, header: &BlockHeader) -> Result<(), StoreError> {
        let seal = self.sealer.advance().map_err(|error| from_io(path, "read the manifest of", error))?;
        let note = Note { slot: header.slot, block_hash: header.block_hash, seal };
        self.write(&note).map_err(|error| from_io(path, "write the note of", error))
    }

    /// As [`Self::acknowledge`]; returns once the note is durable too.
    pub(super) fn acknowledge_durably(&mut self, path: &Path, header: &BlockHeader) -> Result<(), StoreError> {
        self.acknowledge(path, header)?;
        self.file.sync_data().map_err(|error| from_io(path, "write the note of", error))
    }

    /// Replaces the note. One write of less than a disk sector: there is no state in which half of it is new.
    fn write(&mut self, note: &Note) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&note.encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(slot: u64) -> Note {
        let seal = Seal { number: slot + 1, size_bytes: slot + 2, hash: [3; 32] };
        Note { slot, block_hash: Hash::new_from_array([slot as u8; 32]), seal }
    }

    #[test]
    fn only_whole_notes_decode() {
        let bytes = note(7).encode();
        assert_eq!(Note::decode(&bytes), Some(note(7)));
        for index in 0..bytes.len() {
            let mut damaged = bytes;
            damaged[index] ^= 1;
            assert_eq!(Note::decode(&damaged), None, "{index}");
            assert_eq!(Note::decode(&bytes[..index]), None, "{index}");
        }
        assert_eq!(Note::decode(&[0; NOTE_BYTES]), None);
    }

    #[test]
    fn notes_replace_each_other_and_outlive_the_guard() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert!(Guard::existing(path).unwrap().is_none());
        assert_eq!(Note::read(path).unwrap(), None);
        let mut guard = Guard::create(path).unwrap();
        assert_eq!(Note::read(path).unwrap(), None);
        guard.write(&note(1)).unwrap();
        guard.write(&note(2)).unwrap();
        assert_eq!(Note::read(path).unwrap(), Some(note(2)));
        assert!(matches!(Guard::existing(path), Err(StoreError::Locked { .. })));
        drop(guard);
        assert!(Guard::existing(path).unwrap().is_some());
        assert_eq!(Note::read(path).unwrap(), Some(note(2)));
    }
}
