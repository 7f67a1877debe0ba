//! Writes a prepared stream.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use super::{BLOCK_FIELDS_SIZE_BYTES, PreparedError, PreparedHeader, checksum};
use crate::SignedBlock;

/// Writes the blocks of a header's range, in order.
///
/// ```text
/// new ─► open ──write_block × block count──► complete ──finish──► the underlying writer
///          └──finish──► Unfinished, and the file stays one that a reader calls truncated
/// ```
pub struct PreparedWriter<W: Write> {
    writer: BufWriter<W>,
    header: PreparedHeader,
    next_block: u64,
    /// Reused from block to block.
    payload: Vec<u8>,
}

impl PreparedWriter<File> {
    /// Creates (or replaces) the file at `path`. Let `finish` be followed by [`File::sync_all`].
    ///
    /// # Errors
    /// [`PreparedError::Io`].
    pub fn create(path: &Path, header: PreparedHeader) -> Result<Self, PreparedError> {
        Self::new(File::create(path)?, header)
    }
}

impl<W: Write> PreparedWriter<W> {
    /// Writes the header. The writer needs no buffer of its own.
    ///
    /// # Errors
    /// [`PreparedError::Io`].
    pub fn new(writer: W, header: PreparedHeader) -> Result<Self, PreparedError> {
        let mut writer = BufWriter::new(writer);
        writer.write_all(&header.encode())?;
        Ok(Self { writer, header, next_block: header.range().first_block(), payload: Vec::new() })
    }

    /// Appends the next block.
    ///
    /// # Errors
    /// [`PreparedError::Inconsistent`] if it is not the block that comes next, [`PreparedError::Io`].
    pub fn write_block(&mut self, block: &SignedBlock) -> Result<(), PreparedError> {
        let (next, range) = (self.next_block, self.header.range());
        let inconsistent = |field, found, expected| PreparedError::Inconsistent { block: next, field, found, expected };
        if block.index() != next {
            return Err(inconsistent("index", block.index(), next));
        }
        let expected = range.transactions_in(next);
        if next == range.end_block() || block.len() as u64 != u64::from(expected) {
            return Err(inconsistent("transaction count", block.len() as u64, expected.into()));
        }
        self.payload.clear();
        for transaction in block.transactions() {
            let length = u16::try_from(transaction.len()).expect("a transaction is far below 64 KiB");
            self.payload.extend_from_slice(&length.to_le_bytes());
            self.payload.extend_from_slice(transaction);
        }
        let mut fields = Vec::with_capacity(BLOCK_FIELDS_SIZE_BYTES);
        fields.extend_from_slice(&next.to_le_bytes());
        fields.extend_from_slice(block.blockhash().as_ref());
        fields.extend_from_slice(&expected.to_le_bytes());
        fields.extend_from_slice(&(self.payload.len() as u32).to_le_bytes());
        for part in [&fields[..], &checksum(&fields), &self.payload, &checksum(&self.payload)] {
            self.writer.write_all(part)?;
        }
        self.next_block += 1;
        Ok(())
    }

    /// Flushes and gives the underlying writer back.
    ///
    /// # Errors
    /// [`PreparedError::Unfinished`] if blocks are missing, [`PreparedError::Io`].
    pub fn finish(self) -> Result<W, PreparedError> {
        let (block, end) = (self.next_block, self.header.range().end_block());
        let writer = self.writer.into_inner().map_err(|error| PreparedError::Io(error.into_error()))?;
        if block == end { Ok(writer) } else { Err(PreparedError::Unfinished { block, end }) }
    }
}
