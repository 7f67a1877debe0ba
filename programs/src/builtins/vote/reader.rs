//! Reads bincode's fixed-size layout from bytes that nobody vouches for; shared by instructions and account states.
//!
//! Every method takes its bytes from the front and gives `None` when they are not there or not valid.

use heddle_types::Pubkey;

/// What is left to read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    pub(super) fn skip(&mut self, size_bytes: usize) -> Option<()> {
        self.0 = self.0.get(size_bytes..)?;
        Some(())
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|bytes| bytes[0])
    }

    pub(super) fn half(&mut self) -> Option<u16> {
        self.take().map(|bytes| u16::from_le_bytes(*bytes))
    }

    #[inline]
    pub(super) fn word(&mut self) -> Option<u32> {
        self.take().map(|bytes| u32::from_le_bytes(*bytes))
    }

    #[inline]
    pub(super) fn long(&mut self) -> Option<u64> {
        self.take().map(|bytes| u64::from_le_bytes(*bytes))
    }

    pub(super) fn key(&mut self) -> Option<Pubkey> {
        self.take().map(|bytes| Pubkey::new_from_array(*bytes))
    }

    /// A flag byte; anything but 0 and 1 is invalid.
    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A flag byte, and a value if it is set.
    pub(super) fn option<T>(&mut self, value: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { value(self).map(Some) } else { Some(None) }
    }

    /// A count as u64 and that many items of `size_bytes` each. What is not there is refused before it is allocated.
    #[inline]
    pub(super) fn list<T>(
        &mut self,
        size_bytes: usize,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = usize::try_from(self.long()?).ok()?;
        if count > self.0.len() / size_bytes {
            return None;
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(item(self)?);
        }
        Some(items)
    }
}
