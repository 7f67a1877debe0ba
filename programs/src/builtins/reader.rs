//! Reads bincode's fixed-size layout from bytes that nobody vouches for: instructions and account states.
//!
//! Every method takes its bytes from the front and gives `None` when they are not there or not valid.

use heddle_types::Pubkey;

/// Most bytes that decoding an instruction may look at (`PACKET_DATA_SIZE`), although CPI and v1 transactions allow longer
/// data.
const INSTRUCTION_BYTES_MAX: usize = 1232;

/// What is left to read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of instruction data.
    #[inline]
    pub(crate) fn of_instruction(data: &'a [u8]) -> Self {
        Self(&data[..data.len().min(INSTRUCTION_BYTES_MAX)])
    }

    #[inline]
    pub(crate) fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    pub(crate) fn skip(&mut self, size_bytes: usize) -> Option<()> {
        self.0 = self.0.get(size_bytes..)?;
        Some(())
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|bytes| bytes[0])
    }

    pub(crate) fn half(&mut self) -> Option<u16> {
        self.take().map(|bytes| u16::from_le_bytes(*bytes))
    }

    #[inline]
    pub(crate) fn word(&mut self) -> Option<u32> {
        self.take().map(|bytes| u32::from_le_bytes(*bytes))
    }

    #[inline]
    pub(crate) fn long(&mut self) -> Option<u64> {
        self.take().map(|bytes| u64::from_le_bytes(*bytes))
    }

    pub(crate) fn key(&mut self) -> Option<Pubkey> {
        self.take().map(|bytes| Pubkey::new_from_array(*bytes))
    }

    /// A length as u64 and that many bytes.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let size_bytes = usize::try_from(self.long()?).ok()?;
        let (taken, rest) = self.0.split_at_checked(size_bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// A flag byte; anything but 0 and 1 is invalid.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A flag byte, and a value if it is set.
    pub(crate) fn option<T>(&mut self, value: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { value(self).map(Some) } else { Some(None) }
    }

    /// A count as u64 and that many items of `size_bytes` each. What is not there is refused before it is allocated.
    #[inline]
    pub(crate) fn list<T>(
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
