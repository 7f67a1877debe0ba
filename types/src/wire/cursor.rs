//! Reads fields off the front of the wire bytes and reports where they end too early.
//!
//! The parsers inline everything that takes a cursor, so that it lives in registers: for a plain transfer that saves a
//! quarter of the instructions.

use super::{
    compact_u16,
    error::{self, WireError, WireErrorReason, WireField},
};

/// What is left of the bytes to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// Bytes read so far, counted from the start of the transaction.
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// Starts to read `bytes`, the first of which is byte `offset` of the transaction.
    pub(super) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { rest: bytes, offset }
    }

    /// Where the next field begins.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// [`Self::offset`] as stored: no transaction is longer than 4096 bytes.
    pub(super) fn offset_u16(&self) -> u16 {
        debug_assert!(u16::try_from(self.offset).is_ok());
        self.offset as u16
    }

    /// Whether everything was read, else an error for the bytes that trail.
    pub(super) fn finish(&self) -> Result<(), WireError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let reason = WireErrorReason::TrailingBytes { count: self.rest.len() as u32 };
        Err(error::refuse(WireField::Transaction, self.offset, reason))
    }

    /// The next `size_bytes`.
    #[inline(always)]
    pub(super) fn take(&mut self, size_bytes: usize, field: WireField) -> Result<&'a [u8], WireError> {
        let Some((taken, rest)) = self.rest.split_at_checked(size_bytes) else {
            return Err(error::truncated(field, self.offset, size_bytes, self.rest.len()));
        };
        self.rest = rest;
        self.offset += size_bytes;
        Ok(taken)
    }

    /// The next `N` bytes.
    #[inline(always)]
    pub(super) fn take_array<const N: usize>(&mut self, field: WireField) -> Result<&'a [u8; N], WireError> {
        let Some((taken, rest)) = self.rest.split_first_chunk() else {
            return Err(error::truncated(field, self.offset, N, self.rest.len()));
        };
        self.rest = rest;
        self.offset += N;
        Ok(taken)
    }

    /// The next byte.
    #[inline(always)]
    pub(super) fn take_u8(&mut self, field: WireField) -> Result<u8, WireError> {
        self.take_array::<1>(field).map(|[byte]| *byte)
    }

    /// The next compact-u16.
    #[inline(always)]
    pub(super) fn take_compact_u16(&mut self, field: WireField) -> Result<u16, WireError> {
        match compact_u16::decode(self.rest) {
            Ok((value, size_bytes)) => {
                self.rest = &self.rest[size_bytes..];
                self.offset += size_bytes;
                Ok(value)
            }
            Err(reason) => Err(error::refuse(field, self.offset, reason)),
        }
    }

    /// A compact-u16 count and that many bytes.
    #[inline(always)]
    pub(super) fn take_counted(&mut self, count: WireField, elements: WireField) -> Result<&'a [u8], WireError> {
        let size_bytes = self.take_compact_u16(count)?;
        self.take(usize::from(size_bytes), elements)
    }
}
