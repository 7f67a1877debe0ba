//! Half a record at the end of RocksDB's manifest.
//!
//! When the power fails while RocksDB appends to its manifest, a disk with small sectors may keep a part of the record.
//! RocksDB ends a manifest at a record that is short, but takes one with a wrong checksum for damage, and does not open.
//! Nothing depends on that record: until it is synced, what it speaks of (tables and logs that others replace) stays. So
//! it may be cut off, if it is the last thing in the file and lies behind all that was sealed ([`super::manifest`]).
//!
//! Knows how a manifest is cut into records (RocksDB's log format, `db/log_format.h` of RocksDB 11.8), and nothing of
//! what they say.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::manifest::{Seal, current_number, manifest_path};

/// Records do not cross the borders of these blocks.
const BLOCK_BYTES: usize = 32 * 1024;
/// Masked CRC32C u32, length u16, type u8.
const HEADER_BYTES: usize = 7;
/// A whole record, and the first, middle and last parts of one.
const FULL: u8 = 1;
const LAST: u8 = 4;

/// A manifest whose end was cut off; it can be put back.
pub(super) struct CutOff {
    path: PathBuf,
    whole_bytes: u64,
    end: Vec<u8>,
}

/// Cuts off the end of the manifest in `directory`, if that is a part of a record beyond what `seal` speaks of. `None` if
/// there is no such end, or no such file: nothing was changed.
pub(super) fn cut_off(directory: &Path, seal: Option<&Seal>) -> io::Result<Option<CutOff>> {
    // What cannot be read is not for us to mend.
    let Ok(number) = current_number(directory) else { return Ok(None) };
    let path = manifest_path(directory, number);
    let Ok(bytes) = fs::read(&path) else { return Ok(None) };
    let whole = whole_bytes(&bytes);
    let sealed = seal.filter(|seal| seal.number == number).map_or(0, |seal| seal.size_bytes);
    if whole == bytes.len() || whole == 0 || (whole as u64) < sealed {
        return Ok(None);
    }
    let file = OpenOptions::new().write(true).open(&path)?;
    file.set_len(whole as u64)?;
    file.sync_all()?;
    Ok(Some(CutOff { path, whole_bytes: whole as u64, end: bytes[whole..].to_vec() }))
}

impl CutOff {
    /// Makes the manifest what it was.
    pub(super) fn put_back(self) -> io::Result<()> {
        let mut file: File = OpenOptions::new().write(true).open(&self.path)?;
        file.seek(SeekFrom::Start(self.whole_bytes))?;
        file.write_all(&self.end)?;
        file.sync_all()
    }
}

/// Bytes up to the end of the last whole record before the first that is not.
fn whole_bytes(bytes: &[u8]) -> usize {
    let mut position = 0;
    let mut whole = 0;
    while let Some(size) = part_bytes(&bytes[position..], BLOCK_BYTES - position % BLOCK_BYTES) {
        let kind = bytes[position + HEADER_BYTES - 1];
        position += size;
        if matches!(kind, FULL | LAST) {
            whole = position;
        }
        let left_in_block = BLOCK_BYTES - position % BLOCK_BYTES;
        if left_in_block < HEADER_BYTES {
            // Filled with zeros.
            position = (position + left_in_block).min(bytes.len());
        }
    }
    whole
}

/// Bytes of the record, or part of one, at the beginning of `bytes`; `None` if it is none, not whole, or damaged.
fn part_bytes(bytes: &[u8], left_in_block: usize) -> Option<usize> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let [crc_0, crc_1, crc_2, crc_3, size_0, size_1, kind] = *header;
    let size = usize::from(u16::from_le_bytes([size_0, size_1]));
    let is_known = (FULL..=LAST).contains(&kind) && HEADER_BYTES + size <= left_in_block;
    let payload = rest.get(..size).filter(|_| is_known)?;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&[kind]), payload);
    (masked(crc) == u32::from_le_bytes([crc_0, crc_1, crc_2, crc_3])).then_some(HEADER_BYTES + size)
}

/// A checksum as it is stored.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(kind: u8, payload: &[u8], out: &mut Vec<u8>) {
        let crc = masked(crc32c::crc32c_append(crc32c::crc32c(&[kind]), payload));
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&(payload.len() as u16).to_le_bytes());
        out.push(kind);
        out.extend_from_slice(payload);
    }

    /// Whole records of 100 bytes, and one in three parts across blocks.
    fn manifest() -> (Vec<u8>, usize) {
        let mut bytes = Vec::new();
        for number in 0..200 {
            push(FULL, &[number; 100], &mut bytes);
        }
        let before = bytes.len();
        let first = BLOCK_BYTES - before - HEADER_BYTES;
        push(2, &vec![7; first], &mut bytes);
        push(3, &[8; BLOCK_BYTES - HEADER_BYTES], &mut bytes);
        push(LAST, &[9; 10], &mut bytes);
        (bytes, before)
    }

    #[test]
    fn records_are_found_across_blocks() {
        let (bytes, before) = manifest();
        assert_eq!(whole_bytes(&bytes), bytes.len());
        assert_eq!(whole_bytes(&bytes[..bytes.len() - 1]), before, "the last record is whole or not there");
        assert_eq!(whole_bytes(&bytes[..before + 20]), before);
        assert_eq!(whole_bytes(&bytes[..before - 1]), before - 107);
        assert_eq!(whole_bytes(&[]), 0);
        let mut damaged = bytes;
        damaged[107 * 5 + 50] ^= 1;
        assert_eq!(whole_bytes(&damaged), 107 * 5);
    }

    #[test]
    fn only_an_end_that_was_not_sealed_is_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = manifest_path(directory.path(), 3);
        fs::write(directory.path().join("CURRENT"), "MANIFEST-000003\n").unwrap();
        let (mut bytes, before) = manifest();
        let last = bytes.len() - 5;
        bytes[last] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let seal = |number, size_bytes| Seal { number, size_bytes, hash: [0; 32] };
        assert!(cut_off(directory.path(), Some(&seal(3, before as u64 + 1))).unwrap().is_none(), "it was sealed");
        assert_eq!(fs::read(&path).unwrap(), bytes);
        for sealed in [None, Some(seal(3, before as u64)), Some(seal(2, 1 << 40))] {
            let cut = cut_off(directory.path(), sealed.as_ref()).unwrap().expect("half a record");
            assert_eq!(fs::read(&path).unwrap(), bytes[..before]);
            assert!(cut_off(directory.path(), sealed.as_ref()).unwrap().is_none(), "now it is whole");
            cut.put_back().unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        fs::write(&path, "no manifest").unwrap();
        assert!(cut_off(directory.path(), None).unwrap().is_none());
    }
}
