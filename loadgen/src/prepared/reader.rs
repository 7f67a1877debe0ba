//! Reads a prepared stream.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use heddle_types::{Hash, limits::TRANSACTION_SIZE_BYTES_MAX};

use super::{
    BLOCK_FIELDS_SIZE_BYTES, CHECKSUM_SIZE_BYTES, LENGTH_SIZE_BYTES, PreparedError, PreparedHeader, checksum,
    header::read_field,
};
use crate::SignedBlock;

/// Yields the blocks of a prepared stream, in order.
///
/// ```text
/// new ─► open ──next × block count──► at end ──next──► ended     (trailing data is one last error)
///          └──next: an error──► ended
/// ```
pub struct PreparedReader<R: Read> {
    reader: BufReader<R>,
    header: PreparedHeader,
    next_block: u64,
    ended: bool,
}

/// The fields before a block's payload, checked against the header.
struct BlockFields {
    blockhash: Hash,
    transaction_count: u32,
    payload_size_bytes: u32,
}

impl PreparedReader<File> {
    /// Opens the file at `path` and reads its header.
    ///
    /// # Errors
    /// See [`PreparedReader::new`].
    pub fn open(path: &Path) -> Result<Self, PreparedError> {
        Self::new(File::open(path)?)
    }
}

impl<R: Read> PreparedReader<R> {
    /// Reads the header. The reader needs no buffer of its own.
    ///
    /// # Errors
    /// Any [`PreparedError`] about headers, [`PreparedError::Io`].
    pub fn new(reader: R) -> Result<Self, PreparedError> {
        let mut reader = BufReader::new(reader);
        let header = PreparedHeader::read(&mut reader)?;
        Ok(Self { reader, header, next_block: header.range().first_block(), ended: false })
    }

    /// What the stream holds.
    pub fn header(&self) -> &PreparedHeader {
        &self.header
    }

    fn read_block(&mut self) -> Result<SignedBlock, PreparedError> {
        let fields = self.read_fields()?;
        let size_bytes = fields.payload_size_bytes as usize;
        let mut payload = vec![0; size_bytes + CHECKSUM_SIZE_BYTES];
        read_field(&mut self.reader, &mut payload, PreparedError::Truncated { block: self.next_block })?;
        let (transactions, expected) = payload.split_at(size_bytes);
        if checksum(transactions) != expected {
            return Err(PreparedError::Checksum { block: self.next_block });
        }
        self.parse(&fields, transactions)
    }

    fn read_fields(&mut self) -> Result<BlockFields, PreparedError> {
        let block = self.next_block;
        let mut bytes = [0; BLOCK_FIELDS_SIZE_BYTES + CHECKSUM_SIZE_BYTES];
        read_field(&mut self.reader, &mut bytes, PreparedError::Truncated { block })?;
        let (fields, expected) = bytes.split_at(BLOCK_FIELDS_SIZE_BYTES);
        if checksum(fields) != expected {
            return Err(PreparedError::Checksum { block });
        }
        let index = u64::from_le_bytes(fields[..8].try_into().expect("eight bytes"));
        let blockhash: [u8; 32] = fields[8..40].try_into().expect("32 bytes");
        let transaction_count = u32::from_le_bytes(fields[40..44].try_into().expect("four bytes"));
        let payload_size_bytes = u32::from_le_bytes(fields[44..].try_into().expect("four bytes"));
        self.expect("index", index, block)?;
        let promised = self.header.range().transactions_in(block);
        self.expect("transaction count", transaction_count.into(), promised.into())?;
        // Bounds the allocation that follows.
        let size_bytes_max = u64::from(promised) * (LENGTH_SIZE_BYTES + TRANSACTION_SIZE_BYTES_MAX) as u64;
        self.expect("payload size", payload_size_bytes.into(), u64::from(payload_size_bytes).min(size_bytes_max))?;
        Ok(BlockFields { blockhash: Hash::new_from_array(blockhash), transaction_count, payload_size_bytes })
    }

    fn parse(&self, fields: &BlockFields, mut payload: &[u8]) -> Result<SignedBlock, PreparedError> {
        let count = fields.transaction_count as usize;
        let mut block = SignedBlock::with_capacity(self.next_block, fields.blockhash, count, payload.len());
        for _ in 0..count {
            let wire = split_transaction(&mut payload);
            let size_bytes = wire.map_or(0, <[u8]>::len);
            self.expect(
                "a transaction of size",
                size_bytes as u64,
                size_bytes.clamp(1, TRANSACTION_SIZE_BYTES_MAX) as u64,
            )?;
            block.push_with(|out| out.extend_from_slice(wire.unwrap_or_default()));
        }
        self.expect("unused payload bytes", payload.len() as u64, 0)?;
        Ok(block)
    }

    fn expect(&self, field: &'static str, found: u64, expected: u64) -> Result<(), PreparedError> {
        let block = self.next_block;
        if found == expected { Ok(()) } else { Err(PreparedError::Inconsistent { block, field, found, expected }) }
    }

    fn read_end(&mut self) -> Result<(), PreparedError> {
        match read_field(&mut self.reader, &mut [0], PreparedError::Truncated { block: self.next_block }) {
            Ok(()) => Err(PreparedError::TrailingData { blocks: self.header.range().block_count() }),
            Err(PreparedError::Truncated { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Takes a length-prefixed transaction off the front; `None` if the payload ends before it does.
fn split_transaction<'a>(payload: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = payload.split_first_chunk::<LENGTH_SIZE_BYTES>()?;
    let (wire, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    *payload = rest;
    Some(wire)
}

impl<R: Read> Iterator for PreparedReader<R> {
    type Item = Result<SignedBlock, PreparedError>;

    /// The next block; after an error or the last block, `None`.
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if self.next_block == self.header.range().end_block() {
            self.ended = true;
            return self.read_end().err().map(Err);
        }
        let block = self.read_block();
        self.ended = block.is_err();
        self.next_block += 1;
        Some(block)
    }
}
