//! Reads the content of a bundle from front to back as it is unpacked. Lengths are checked before anything is read for
//! them, and nothing is allocated for a length alone.

use std::io::{self, Read};

use heddle_storage::{
    Tip,
    codec::{self, DecodeError},
};
use heddle_types::{Account, BlockHeader, Pubkey, StatusEntry, StoredTransaction, limits};

use super::BundleError;

/// Bytes of a header record.
const HEADER_BYTES: u64 = 209;
/// Bytes of a tip record.
const TIP_BYTES: u64 = 2257;
/// Bytes of an account record beside its data.
const ACCOUNT_FIXED_BYTES: u64 = 42;
/// What a list makes room for before its items are there.
const ROOM_COUNT_MAX: usize = 1024;

/// The content of a bundle, as far as it is not read yet.
pub(super) struct Reader<'a> {
    content: zstd::stream::read::Decoder<'a, &'a [u8]>,
    offset: u64,
    size_bytes: u64,
}

impl<'a> Reader<'a> {
    /// Begins to unpack `compressed` to `size_bytes` of content.
    pub(super) fn new(compressed: &'a [u8], size_bytes: u64) -> Result<Self, BundleError> {
        let content = zstd::stream::read::Decoder::with_buffer(compressed);
        let content = content.map_err(|source| BundleError::Content { offset: 0, field: "the first frame", source })?;
        Ok(Self { content: content.single_frame(), offset: 0, size_bytes })
    }

    /// Checks that the content ends here, and the bundle with it.
    pub(super) fn finish(mut self) -> Result<(), BundleError> {
        let field = "the end";
        let rest = self.content.read(&mut [0]).map_err(|source| self.failed(field, source))?;
        let is_whole = rest == 0 && self.offset == self.size_bytes && self.content.get_ref().is_empty();
        if is_whole { Ok(()) } else { Err(self.failed(field, io::Error::other("there is more than the bundle says"))) }
    }

    /// A u32 count, and as many items.
    pub(super) fn list<T>(
        &mut self,
        field: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<T, BundleError>,
    ) -> Result<Vec<T>, BundleError> {
        let count = self.u32(field)?;
        let mut items = Vec::with_capacity((count as usize).min(ROOM_COUNT_MAX));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(super) fn tip(&mut self) -> Result<Tip, BundleError> {
        let bytes = self.take("the tip before the first block", TIP_BYTES)?;
        self.decoded("the tip before the first block", codec::decode_tip(&bytes))
    }

    pub(super) fn header(&mut self) -> Result<BlockHeader, BundleError> {
        let bytes = self.take("header", HEADER_BYTES)?;
        self.decoded("header", codec::decode_header(&bytes))
    }

    pub(super) fn statuses(&mut self) -> Result<Vec<StatusEntry>, BundleError> {
        let slot = u64::from_le_bytes(self.array("slot of statuses")?);
        let bytes = self.record("statuses", self.size_bytes)?;
        let keys = self.decoded("statuses", codec::decode_statuses(&bytes))?;
        Ok(keys.into_iter().map(|key| StatusEntry { key, slot }).collect())
    }

    pub(super) fn account(&mut self) -> Result<(Pubkey, Option<Account>), BundleError> {
        let key = Pubkey::new_from_array(self.array("address of an account")?);
        let bytes = self.record("account", ACCOUNT_FIXED_BYTES + limits::ACCOUNT_DATA_BYTES_MAX as u64)?;
        if bytes.is_empty() {
            return Ok((key, None));
        }
        Ok((key, Some(self.decoded("account", codec::decode_account(&bytes))?)))
    }

    pub(super) fn transactions(&mut self) -> Result<Vec<StoredTransaction>, BundleError> {
        let bytes = self.record("transactions", self.size_bytes)?;
        self.decoded("transactions", codec::decode_transactions(&bytes))
    }

    /// A u32 length and as many bytes, at most `bytes_max`.
    fn record(&mut self, field: &'static str, bytes_max: u64) -> Result<Vec<u8>, BundleError> {
        let size_bytes = u64::from(self.u32(field)?);
        if size_bytes > bytes_max {
            return Err(BundleError::Length { offset: self.offset, field, value: size_bytes });
        }
        self.take(field, size_bytes)
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, BundleError> {
        self.array(field).map(u32::from_le_bytes)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], BundleError> {
        let mut bytes = [0; N];
        self.check_left(field, N as u64)?;
        self.content.read_exact(&mut bytes).map_err(|source| self.failed(field, source))?;
        self.offset += N as u64;
        Ok(bytes)
    }

    /// Grows as bytes come: a length that lies takes no memory.
    fn take(&mut self, field: &'static str, size_bytes: u64) -> Result<Vec<u8>, BundleError> {
        self.check_left(field, size_bytes)?;
        let mut bytes = Vec::new();
        let taken = (&mut self.content).take(size_bytes).read_to_end(&mut bytes);
        let taken = taken.map_err(|source| self.failed(field, source))?;
        if taken as u64 != size_bytes {
            return Err(self.failed(field, io::ErrorKind::UnexpectedEof.into()));
        }
        self.offset += size_bytes;
        Ok(bytes)
    }

    fn check_left(&self, field: &'static str, needed_bytes: u64) -> Result<(), BundleError> {
        if needed_bytes <= self.size_bytes.saturating_sub(self.offset) {
            return Ok(());
        }
        Err(BundleError::Length { offset: self.offset, field, value: needed_bytes })
    }

    fn decoded<T>(&self, field: &'static str, decoded: Result<T, DecodeError>) -> Result<T, BundleError> {
        decoded.map_err(|source| BundleError::Record { offset: self.offset, field, source })
    }

    fn failed(&self, field: &'static str, source: io::Error) -> BundleError {
        BundleError::Content { offset: self.offset, field, source }
    }
}
