//! Writing an archive: manifest, rows, trailer, compressed and sealed, into anything that takes bytes.

use std::io::{self, Write};

use zstd::stream::write::Encoder;

use super::{
    format::{END, END_MARK, Manifest, number_of, place_of, seal},
    reader::Contents,
};
use crate::rocks::{check::ORDER, columns::Column};

/// Passes bytes on and hashes them.
struct Hashing<W> {
    inner: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// See the [module](self).
pub(super) struct ArchiveWriter<W: Write> {
    encoder: Encoder<'static, Hashing<W>>,
    /// Of the contents, before compression.
    hasher: blake3::Hasher,
    counts: [u64; ORDER.len()],
}

impl<W: Write> ArchiveWriter<W> {
    pub(super) fn new(out: W, level: i32, manifest: &Manifest) -> io::Result<Self> {
        let mut encoder = Encoder::new(Hashing { inner: out, hasher: blake3::Hasher::new() }, level)?;
        encoder.include_checksum(true)?;
        let mut writer = Self { encoder, hasher: blake3::Hasher::new(), counts: [0; ORDER.len()] };
        writer.write(&manifest.encode())?;
        Ok(writer)
    }

    /// Adds a row; columns in the order of [`ORDER`], keys ascending, lengths within their bounds.
    pub(super) fn row(&mut self, column: Column, key: &[u8], value: &[u8]) -> io::Result<()> {
        let number = number_of(column);
        let key_length = u8::try_from(key.len()).expect("keys have at most 64 bytes");
        let value_length = u32::try_from(value.len()).expect("the caller bounds values");
        let [a, b, c, d] = value_length.to_le_bytes();
        self.write(&[number, key_length, a, b, c, d])?;
        self.write(key)?;
        self.write(value)?;
        if let Some(place) = place_of(number) {
            self.counts[place] += 1;
        }
        Ok(())
    }

    /// Writes trailer and seal. The bytes are handed on, not synced.
    pub(super) fn finish(mut self) -> io::Result<(W, Contents)> {
        self.write(&[END])?;
        let counts = self.counts;
        self.write(&counts.map(u64::to_le_bytes).concat())?;
        let hash = self.hasher.finalize();
        self.write(hash.as_bytes())?;
        self.write(&END_MARK)?;
        let Hashing { inner: mut out, hasher } = self.encoder.finish()?;
        out.write_all(&seal(&hasher.finalize()))?;
        out.flush()?;
        Ok((out, Contents { hash, counts }))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.encoder.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use heddle_types::BlockHeader;

    use super::*;
    use crate::{LATTICE_BYTES, Ledger, Tip};

    /// A disk with room for some bytes.
    struct Disk {
        left_bytes: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.left_bytes);
            self.left_bytes -= count;
            if count == 0 && !bytes.is_empty() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn write_to<W: Write>(out: W) -> io::Result<(W, Contents)> {
        let tip = Tip { header: BlockHeader::default(), lattice: Box::new([3; LATTICE_BYTES]) };
        let manifest = Manifest { tip, ledger: Ledger::default(), has_ledger: false };
        let mut writer = ArchiveWriter::new(out, 1, &manifest)?;
        for number in 0..2000u64 {
            let noise = blake3::hash(&number.to_le_bytes());
            writer.row(Column::Headers, &number.to_be_bytes(), noise.as_bytes())?;
        }
        writer.finish()
    }

    #[test]
    fn a_full_disk_is_told_wherever_it_gets_full() {
        let (whole, contents) = write_to(Vec::new()).unwrap();
        assert_eq!(contents.counts[0], 2000);
        let size_bytes = whole.len();
        for left_bytes in (0..size_bytes).step_by(97).chain(size_bytes - 50..size_bytes) {
            let error = write_to(Disk { left_bytes }).map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{left_bytes} of {size_bytes} bytes");
        }
        assert_eq!(write_to(Disk { left_bytes: size_bytes }).unwrap().0.left_bytes, 0);
    }
}
