//! Bounds-checked reading of a record from front to back.

use heddle_types::{Hash, Pubkey};

use super::{DecodeError, LAYOUT_VERSION};

/// What is left to read of a record.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// The whole record, without a layout version in front.
    pub(super) fn bare(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// A record whose layout version is checked and consumed.
    pub(super) fn versioned(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::of_layout(bytes, LAYOUT_VERSION)
    }

    /// As [`Self::versioned`], for a record that has another layout than most.
    pub(super) fn of_layout(bytes: &'a [u8], layout: u8) -> Result<Self, DecodeError> {
        let mut cursor = Self::bare(bytes);
        match cursor.u8()? {
            found if found == layout => Ok(cursor),
            found => Err(DecodeError::Layout { found, expected: layout }),
        }
    }

    /// Bytes not read yet.
    pub(super) fn left_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        self.offset += self.bytes.len();
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn take(&mut self, size_bytes: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.bytes.split_at_checked(size_bytes) else {
            return Err(self.short(size_bytes));
        };
        self.bytes = rest;
        self.offset += size_bytes;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        let Some((taken, rest)) = self.bytes.split_first_chunk() else {
            return Err(self.short(N));
        };
        self.bytes = rest;
        self.offset += N;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().copied().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().copied().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().copied().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().copied().map(i64::from_le_bytes)
    }

    pub(super) fn hash(&mut self) -> Result<Hash, DecodeError> {
        self.array().copied().map(Hash::new_from_array)
    }

    pub(super) fn pubkey(&mut self) -> Result<Pubkey, DecodeError> {
        self.array().copied().map(Pubkey::new_from_array)
    }

    /// A byte that is 0 or 1.
    pub(super) fn flag(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(DecodeError::Value { field, value: other.into() }),
        }
    }

    /// A u32 count of items of at least `item_bytes_min` each; more than the bytes left could hold is an error, so
    /// that a count from outside never sizes an allocation.
    pub(super) fn count(&mut self, field: &'static str, item_bytes_min: usize) -> Result<usize, DecodeError> {
        let value = self.u32()?;
        let count = value as usize;
        if count > self.left_bytes() / item_bytes_min {
            return Err(DecodeError::Value { field, value: value.into() });
        }
        Ok(count)
    }

    /// Checks that nothing is left.
    pub(super) fn finish(self) -> Result<(), DecodeError> {
        match self.bytes.len() {
            0 => Ok(()),
            count_bytes => Err(DecodeError::Trailing { count_bytes }),
        }
    }

    fn short(&self, needed_bytes: usize) -> DecodeError {
        DecodeError::Short { offset: self.offset, needed_bytes, left_bytes: self.bytes.len() }
    }
}
