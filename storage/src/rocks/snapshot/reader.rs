//! Reading an archive row by row, from front to back, and finding out whether it is whole.
//!
//! **Invariant.** Nothing of an archive sizes an allocation before the bytes are there, and [`ArchiveReader::next`] says
//! that rows are at an end only if every byte of the file was as written.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take},
    path::{Path, PathBuf},
};

use zstd::stream::read::Decoder;

use super::{
    Damage, SnapshotError,
    files::io_error,
    format::{
        COUNTS_BYTES, END, END_MARK, MANIFEST_BYTES, Manifest, ManifestError, ROW_HEAD_BYTES, SEAL_BYTES,
        WINDOW_LOG_MAX, is_seal, is_state, key_bytes, place_of, seal, value_bytes_max,
    },
};
use crate::rocks::{check::ORDER, columns::Column};

const FILE_BUFFER_BYTES: usize = 256 * 1024;
const CONTENTS_BUFFER_BYTES: usize = 256 * 1024;
/// A value is given this much room at once; more only as its bytes arrive.
const VALUE_BYTES_AT_ONCE: usize = 1024 * 1024;

/// Passes bytes on, hashes and counts them.
struct Hashing<R> {
    inner: R,
    hasher: blake3::Hasher,
    count_bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.count_bytes += count as u64;
        Ok(count)
    }
}

type Compressed = BufReader<Hashing<Take<File>>>;

/// See the [module](self).
pub(super) struct ArchiveReader {
    path: PathBuf,
    contents: BufReader<Decoder<'static, Compressed>>,
    manifest: Manifest,
    sealed: [u8; SEAL_BYTES],
    size_bytes: u64,
    /// Of the contents, as their offset.
    hasher: blake3::Hasher,
    offset: u64,
    /// Of the row that was read last, as the counts.
    place: usize,
    counts: [u64; ORDER.len()],
    key: Vec<u8>,
    value: Vec<u8>,
}

/// One row; the slices are valid until the next.
pub(super) struct Row<'a> {
    pub(super) column: Column,
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
}

/// What an archive turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) hash: blake3::Hash,
    pub(super) counts: [u64; ORDER.len()],
}

impl ArchiveReader {
    /// Opens an archive and reads its manifest. That the rest is there and whole is not known yet.
    pub(super) fn open(path: &Path) -> Result<Self, SnapshotError> {
        let open_error = |error| io_error(path, "open", error);
        let mut file = File::open(path).map_err(open_error)?;
        let size_bytes = file.metadata().map_err(open_error)?.len();
        let not_a_snapshot = || SnapshotError::NotASnapshot { path: path.to_owned() };
        let mut sealed = [0; SEAL_BYTES];
        let sealed_bytes = size_bytes.checked_sub(SEAL_BYTES as u64).ok_or_else(not_a_snapshot)?;
        let read_error = |error| io_error(path, "read", error);
        file.seek(SeekFrom::Start(sealed_bytes)).and_then(|_| file.read_exact(&mut sealed)).map_err(read_error)?;
        file.rewind().map_err(read_error)?;
        let file = Hashing { inner: file.take(sealed_bytes), hasher: blake3::Hasher::new(), count_bytes: 0 };
        let decoder = Decoder::with_buffer(BufReader::with_capacity(FILE_BUFFER_BYTES, file));
        let mut decoder = decoder.map_err(read_error)?.single_frame();
        decoder.window_log_max(WINDOW_LOG_MAX).map_err(read_error)?;
        let mut contents = BufReader::with_capacity(CONTENTS_BUFFER_BYTES, decoder);

        let mut bytes = [0; MANIFEST_BYTES];
        contents.read_exact(&mut bytes).map_err(|error| match error.raw_os_error() {
            Some(_) => read_error(error),
            // Anything may be in a file without the seal.
            None if is_seal(&sealed) => damaged(path, 0, Damage::Compression(error)),
            None => not_a_snapshot(),
        })?;
        let manifest = Manifest::decode(&bytes).map_err(|error| named(path, error))?;
        if !is_seal(&sealed) {
            return Err(damaged(path, MANIFEST_BYTES as u64, Damage::NoSeal));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&bytes);
        Ok(Self {
            path: path.to_owned(),
            contents,
            manifest,
            sealed,
            size_bytes,
            hasher,
            offset: MANIFEST_BYTES as u64,
            place: 0,
            counts: [0; ORDER.len()],
            key: Vec::new(),
            value: Vec::new(),
        })
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Size of the file.
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Bytes of the file that were read.
    pub(super) fn done_bytes(&self) -> u64 {
        self.contents.get_ref().get_ref().get_ref().count_bytes
    }

    /// The next row, `None` after the last; then [`Self::finish`].
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, SnapshotError> {
        let mut number = [0];
        self.take(&mut number)?;
        let [number] = number;
        if number == END {
            return Ok(None);
        }
        let place = place_of(number).filter(|place| *place >= self.place);
        let place = place.filter(|place| self.manifest.has_ledger || is_state(ORDER[*place]));
        let place = place.ok_or_else(|| self.damaged(Damage::Column(number)))?;
        self.place = place;
        let column = ORDER[place];
        let mut lengths = [0; ROW_HEAD_BYTES - 1];
        self.take(&mut lengths)?;
        let [key_length, a, b, c, d] = lengths;
        let value_length = u32::from_le_bytes([a, b, c, d]);
        if key_length != key_bytes(column) {
            return Err(self.damaged(Damage::KeyLength { column: column.name(), size_bytes: key_length }));
        }
        if value_length as usize > value_bytes_max(column) {
            return Err(self.damaged(Damage::ValueLength { column: column.name(), size_bytes: value_length }));
        }
        let mut key = std::mem::take(&mut self.key);
        key.resize(key_length.into(), 0);
        self.take(&mut key)?;
        self.key = key;
        self.take_value(value_length as usize)?;
        self.counts[place] += 1;
        Ok(Some(Row { column, key: &self.key, value: &self.value }))
    }

    /// Reads what follows the rows, and checks that the file ends there and is as it was written.
    pub(super) fn finish(mut self) -> Result<Contents, SnapshotError> {
        let mut counts = [0; COUNTS_BYTES];
        self.take(&mut counts)?;
        for (index, bytes) in counts.as_chunks().0.iter().enumerate() {
            let (found, expected, column) = (self.counts[index], u64::from_le_bytes(*bytes), ORDER[index].name());
            if found != expected {
                return Err(self.damaged(Damage::Count { column, found, expected }));
            }
        }
        let hash = self.hasher.finalize();
        let mut told = [0; 32];
        self.take(&mut told)?;
        if hash != told {
            return Err(self.damaged(Damage::Hash));
        }
        let mut end_mark = END_MARK;
        self.take(&mut end_mark)?;
        if end_mark != END_MARK {
            return Err(self.damaged(Damage::EndMark));
        }
        self.finish_file()?;
        Ok(Contents { hash, counts: self.counts })
    }

    /// What follows the contents: nothing in the stream (whose own checksum is then checked), nothing but the seal in the
    /// file.
    fn finish_file(&mut self) -> Result<(), SnapshotError> {
        let mut more = [0];
        match self.contents.read(&mut more) {
            Ok(0) => {}
            Ok(_) => return Err(self.damaged(Damage::Trailing)),
            Err(error) => return Err(self.unreadable(error)),
        }
        let compressed = self.contents.get_mut().get_mut();
        match compressed.fill_buf() {
            Ok([]) => {}
            Ok(_) => return Err(self.damaged(Damage::Trailing)),
            Err(error) => return Err(self.unreadable(error)),
        }
        let hash = self.contents.get_ref().get_ref().get_ref().hasher.finalize();
        if seal(&hash) == self.sealed { Ok(()) } else { Err(self.damaged(Damage::Seal)) }
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<(), SnapshotError> {
        self.contents.read_exact(bytes).map_err(|error| self.unreadable(error))?;
        self.hasher.update(bytes);
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn take_value(&mut self, size_bytes: usize) -> Result<(), SnapshotError> {
        self.value.clear();
        // The room of one large value is not held for all that follow.
        self.value.shrink_to(VALUE_BYTES_AT_ONCE);
        self.value.reserve(size_bytes.min(VALUE_BYTES_AT_ONCE));
        let read = self.contents.by_ref().take(size_bytes as u64).read_to_end(&mut self.value);
        self.hasher.update(&self.value);
        self.offset += self.value.len() as u64;
        match read {
            Ok(count) if count == size_bytes => Ok(()),
            Ok(_) => Err(self.unreadable(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    fn unreadable(&self, error: io::Error) -> SnapshotError {
        // What the operating system refuses has a number; the rest is the decompressor's.
        match error.raw_os_error() {
            Some(_) => io_error(&self.path, "read", error),
            None => self.damaged(Damage::Compression(error)),
        }
    }

    fn damaged(&self, damage: Damage) -> SnapshotError {
        damaged(&self.path, self.offset, damage)
    }
}

fn damaged(path: &Path, offset: u64, damage: Damage) -> SnapshotError {
    SnapshotError::Damaged { path: path.to_owned(), offset, damage }
}

fn named(path: &Path, error: ManifestError) -> SnapshotError {
    let path = path.to_owned();
    match error {
        ManifestError::Magic => SnapshotError::NotASnapshot { path },
        ManifestError::Version { what, found, supported } => SnapshotError::Version { path, what, found, supported },
        ManifestError::Damage(damage) => SnapshotError::Damaged { path, offset: 0, damage },
    }
}
