//! Bytes, front to back: every read says `None` past the end, so no input can panic a parser.
//!
//! It knows the encodings that Solana's programs use (fixed little-endian integers, one-byte options, lengths of 4 and 8
//! bytes, compact lengths) and nothing about what is read.

use heddle_types::Pubkey;

/// A position in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn i8(&mut self) -> Option<i8> {
        self.array().map(i8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_le_bytes)
    }

    pub(crate) fn f64(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// One byte that is 0 or 1.
    pub(crate) fn bool(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn key(&mut self) -> Option<Pubkey> {
        self.array().map(Pubkey::new_from_array)
    }

    /// A hash, as text.
    pub(crate) fn hash(&mut self) -> Option<String> {
        self.array::<32>().map(|bytes| bs58::encode(bytes).into_string())
    }

    /// A key of which 32 zeroes mean that there is none.
    pub(crate) fn key_or_zero(&mut self) -> Option<Option<Pubkey>> {
        self.key().map(|key| Some(key).filter(|key| *key != Pubkey::default()))
    }

    /// A byte that says whether a value follows.
    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.bool()? { read(self).map(Some) } else { Some(None) }
    }

    /// As many values as eight bytes in front of them say.
    pub(crate) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.u64()?;
        // Values take bytes, so a wrong count ends at the first read past the end; nothing is reserved for it.
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(read(self)?);
        }
        Some(values)
    }

    /// Bytes behind a length of eight bytes.
    pub(crate) fn bytes_u64(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.u64()?).ok()?;
        self.bytes(count)
    }

    /// Text behind a length of eight bytes, as bincode writes it.
    pub(crate) fn text_u64(&mut self) -> Option<&'a str> {
        self.bytes_u64().and_then(|bytes| str::from_utf8(bytes).ok())
    }

    /// Text behind a length of four bytes, as borsh writes it.
    pub(crate) fn text_u32(&mut self) -> Option<&'a str> {
        let count = usize::try_from(self.u32()?).ok()?;
        str::from_utf8(self.bytes(count)?).ok()
    }

    /// A count in one to three bytes of seven bits (crate `solana-short-vec` 3.3); only the shortest form.
    pub(crate) fn compact_u16(&mut self) -> Option<u16> {
        let mut value = 0;
        for shift in [0, 7, 14] {
            let byte = self.u8()?;
            if byte == 0 && shift != 0 {
                return None;
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u16::try_from(value).ok();
            }
        }
        None
    }

    /// A number in bytes of seven bits (crate `solana-serde-varint` 3.0); only the shortest form.
    pub(crate) fn varint_u64(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            value |= bits << shift;
            if byte & 0x80 == 0 {
                let is_whole = (value >> shift) == bits;
                let is_shortest = byte != 0 || shift == 0;
                return Some(value).filter(|_| is_whole && is_shortest);
            }
        }
        None
    }

    /// `value`, if nothing is left to read.
    pub(crate) fn end<T>(&self, value: T) -> Option<T> {
        self.rest.is_empty().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_counts_have_one_form() {
        let read = |bytes: &[u8]| Reader::new(bytes).compact_u16();
        assert_eq!(read(&[0]), Some(0));
        assert_eq!(read(&[0x7f]), Some(127));
        assert_eq!(read(&[0x80, 1]), Some(128));
        assert_eq!(read(&[0xff, 0xff, 3]), Some(u16::MAX));
        assert_eq!(read(&[0x80, 0]), None);
        assert_eq!(read(&[0xff, 0xff, 4]), None);
        assert_eq!(read(&[0xff, 0xff, 0x83]), None);
        assert_eq!(read(&[0x80]), None);
    }

    #[test]
    fn varints_have_one_form() {
        let read = |bytes: &[u8]| Reader::new(bytes).varint_u64();
        assert_eq!(read(&[0]), Some(0));
        assert_eq!(read(&[0xac, 2]), Some(300));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), Some(u64::MAX));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]), None);
        assert_eq!(read(&[0x80, 0]), None);
        assert_eq!(read(&[0x80; 11]), None);
    }

    #[test]
    fn a_huge_count_reserves_nothing() {
        let mut bytes = u64::MAX.to_le_bytes().to_vec();
        bytes.extend([7; 20]);
        assert_eq!(Reader::new(&bytes).list(Reader::u64), None);
        assert_eq!(Reader::new(&bytes).text_u64(), None);
    }
}
