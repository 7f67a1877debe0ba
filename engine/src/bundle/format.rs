//! A bundle as bytes: a skippable zstd frame that says what it is, one zstd frame with the content, and a skippable one
//! with the BLAKE3 of all before. So every tool that knows zstd can unpack it, and damage is noticed before anything is
//! unpacked.
//!
//! The layout is in `docs/storage-format.md` under *Bundle*; records are those of a database. Nothing from outside sizes
//! an allocation: memory grows with what is really there, up to [`CONTENT_BYTES_MAX`].

use std::io::{self, Write};

use heddle_storage::codec::{self, DecodeError, EncodeError};
use heddle_types::{Account, BlockHeader, Hash, Pubkey};

use super::{Bundle, BundleBlock, check::check, reader::Reader};

/// Version of the layout.
const VERSION: u32 = 1;
/// First bytes of a skippable zstd frame, whatever is in it.
const SKIPPABLE_FRAME: [u8; 4] = 0x184D_2A5D_u32.to_le_bytes();
/// What tells a bundle from other zstd files.
const MAGIC: [u8; 8] = *b"HEDDLEBN";
/// Magic, version, content size.
const HEAD_BYTES: usize = 8 + 4 + 8;
/// A BLAKE3 hash.
const HASH_BYTES: usize = 32;
/// Largest content: as much as any machine that runs blocks has to spare, and a thousand times what a block needs.
const CONTENT_BYTES_MAX: u64 = 8 << 30;
/// Signatures do not compress, and accounts do at any level.
const COMPRESSION_LEVEL: i32 = 3;

/// Why bytes are not a bundle, or a bundle has no bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The bytes do not begin as a bundle does.
    #[error("this is no bundle")]
    NotABundle,
    /// A bundle of another version.
    #[error("the bundle has version {found}, this program reads version {supported}")]
    Version {
        /// Its version.
        found: u32,
        /// The only version that this program reads.
        supported: u32,
    },
    /// The end is missing.
    #[error("the bundle is truncated: its {size_bytes} bytes do not end with a trailer")]
    Truncated {
        /// How many bytes there are.
        size_bytes: usize,
    },
    /// Some byte is not what it was.
    #[error("the bundle is damaged: its BLAKE3 is {computed}, its trailer says {stored}")]
    Damaged {
        /// The hash in the trailer.
        stored: Hash,
        /// The hash of what is there.
        computed: Hash,
    },
    /// The content is larger than any that is written.
    #[error("the bundle says that it holds {content_bytes} bytes, more than {max_bytes}")]
    TooLarge {
        /// What it says.
        content_bytes: u64,
        /// The bound.
        max_bytes: u64,
    },
    /// The content does not unpack, or is longer or shorter than the bundle says.
    #[error("the bundle does not unpack at byte {offset} of its content, {field}: {source}")]
    Content {
        /// How many bytes were unpacked.
        offset: u64,
        /// What was to be read.
        field: &'static str,
        /// What is wrong.
        source: io::Error,
    },
    /// A length that no bundle has.
    #[error("{field} at byte {offset} of the bundle's content cannot be {value}")]
    Length {
        /// Where the content was read to.
        offset: u64,
        /// Which length.
        field: &'static str,
        /// What it says.
        value: u64,
    },
    /// A record does not decode.
    #[error("{field} before byte {offset} of the bundle's content: {source}")]
    Record {
        /// Where the record ends in the content.
        offset: u64,
        /// Which kind of record.
        field: &'static str,
        /// What is wrong.
        source: DecodeError,
    },
    /// The parts do not fit together.
    #[error("the bundle contradicts itself at slot {slot}: {what}")]
    Contradiction {
        /// The block, or the one before the first.
        slot: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// A transaction without a stored form.
    #[error("transaction {transaction_index} of the block at slot {slot}: {source}")]
    Transaction {
        /// The block.
        slot: u64,
        /// Position in the block.
        transaction_index: usize,
        /// Why.
        source: EncodeError,
    },
    /// Compressing failed.
    #[error("cannot compress the bundle: {0}")]
    Compress(#[from] io::Error),
}

impl Bundle {
    /// The bytes of the file; O(their number).
    ///
    /// # Errors
    /// [`BundleError::Transaction`], [`BundleError::TooLarge`], [`BundleError::Compress`].
    pub fn encode(&self) -> Result<Vec<u8>, BundleError> {
        let mut file = frame_header(HEAD_BYTES);
        file.extend_from_slice(&MAGIC);
        file.extend_from_slice(&VERSION.to_le_bytes());
        let size_at = file.len();
        file.extend_from_slice(&[0; 8]);
        let mut content = Writer { out: zstd::stream::write::Encoder::new(file, COMPRESSION_LEVEL)?, size_bytes: 0 };
        content.bundle(self)?;
        let content_bytes = content.size_bytes;
        if content_bytes > CONTENT_BYTES_MAX {
            return Err(BundleError::TooLarge { content_bytes, max_bytes: CONTENT_BYTES_MAX });
        }
        let mut file = content.out.finish()?;
        file[size_at..size_at + 8].copy_from_slice(&content_bytes.to_le_bytes());
        file.extend(frame_header(HASH_BYTES));
        let hash = blake3::hash(&file);
        file.extend_from_slice(hash.as_bytes());
        Ok(file)
    }

    /// Reads and checks a bundle; O(its content).
    ///
    /// # Errors
    /// [`BundleError`] says what is wrong with the bytes.
    pub fn decode(file: &[u8]) -> Result<Self, BundleError> {
        let (content_bytes, compressed) = open(file)?;
        let mut reader = Reader::new(compressed, content_bytes)?;
        let bundle = read_bundle(&mut reader)?;
        reader.finish()?;
        check(&bundle)?;
        Ok(bundle)
    }
}

fn frame_header(size_bytes: usize) -> Vec<u8> {
    [SKIPPABLE_FRAME, (size_bytes as u32).to_le_bytes()].concat()
}

/// Checks what is around the content: its size, and the frame it is in.
fn open(file: &[u8]) -> Result<(u64, &[u8]), BundleError> {
    let truncated = BundleError::Truncated { size_bytes: file.len() };
    let begin = [frame_header(HEAD_BYTES), MAGIC.to_vec()].concat();
    let Some(rest) = file.strip_prefix(begin.as_slice()) else {
        return Err(if begin.starts_with(file) { truncated } else { BundleError::NotABundle });
    };
    let Some((version, rest)) = rest.split_first_chunk() else { return Err(truncated) };
    let found = u32::from_le_bytes(*version);
    if found != VERSION {
        return Err(BundleError::Version { found, supported: VERSION });
    }
    let Some((content_bytes, rest)) = rest.split_first_chunk() else { return Err(truncated) };
    let Some((rest, stored)) = rest.split_last_chunk::<HASH_BYTES>() else { return Err(truncated) };
    let Some(compressed) = rest.strip_suffix(frame_header(HASH_BYTES).as_slice()) else { return Err(truncated) };
    let computed = Hash::new_from_array(*blake3::hash(&file[..file.len() - HASH_BYTES]).as_bytes());
    let stored = Hash::new_from_array(*stored);
    if computed != stored {
        return Err(BundleError::Damaged { stored, computed });
    }
    let content_bytes = u64::from_le_bytes(*content_bytes);
    if content_bytes > CONTENT_BYTES_MAX {
        return Err(BundleError::TooLarge { content_bytes, max_bytes: CONTENT_BYTES_MAX });
    }
    Ok((content_bytes, compressed))
}

fn read_bundle(reader: &mut Reader<'_>) -> Result<Bundle, BundleError> {
    Ok(Bundle {
        parent: reader.tip()?,
        recent_headers: reader.list("number of recent headers", Reader::header)?,
        statuses: reader.list("number of blocks with statuses", Reader::statuses)?.into_iter().flatten().collect(),
        accounts: reader.list("number of accounts", Reader::account)?,
        blocks: reader.list("number of blocks", |reader| {
            Ok(BundleBlock {
                header: reader.header()?,
                transactions: reader.transactions()?,
                changes: reader.list("number of changed accounts", Reader::account)?,
            })
        })?,
    })
}

/// Writes the content; counts its bytes.
struct Writer<W> {
    out: W,
    size_bytes: u64,
}

impl<W: Write> Writer<W> {
    fn bundle(&mut self, bundle: &Bundle) -> Result<(), BundleError> {
        self.put(&codec::encode_tip(&bundle.parent.header, &bundle.parent.lattice))?;
        self.count(bundle.recent_headers.len())?;
        bundle.recent_headers.iter().try_for_each(|header| self.header(header))?;
        let by_slot = || bundle.statuses.chunk_by(|a, b| a.slot == b.slot);
        self.count(by_slot().count())?;
        for statuses in by_slot() {
            let keys: Vec<_> = statuses.iter().map(|entry| entry.key).collect();
            self.put(&statuses[0].slot.to_le_bytes())?;
            self.record(&codec::encode_statuses(&keys))?;
        }
        self.accounts(&bundle.accounts)?;
        self.count(bundle.blocks.len())?;
        for block in &bundle.blocks {
            self.header(&block.header)?;
            let transactions = codec::encode_transactions(&block.transactions);
            let transactions = transactions.map_err(|(transaction_index, source)| BundleError::Transaction {
                slot: block.header.slot,
                transaction_index,
                source,
            })?;
            self.record(&transactions)?;
            self.accounts(&block.changes)?;
        }
        Ok(())
    }

    fn accounts(&mut self, accounts: &[(Pubkey, Option<Account>)]) -> Result<(), BundleError> {
        self.count(accounts.len())?;
        let mut record = Vec::new();
        for (key, account) in accounts {
            record.clear();
            account.iter().for_each(|account| codec::encode_account(account, &mut record));
            self.put(key.as_ref())?;
            self.record(&record)?;
        }
        Ok(())
    }

    fn header(&mut self, header: &BlockHeader) -> Result<(), BundleError> {
        self.put(&codec::encode_header(header))
    }

    fn record(&mut self, record: &[u8]) -> Result<(), BundleError> {
        self.count(record.len())?;
        self.put(record)
    }

    fn count(&mut self, count: usize) -> Result<(), BundleError> {
        let value = u32::try_from(count)
            .map_err(|_| BundleError::TooLarge { content_bytes: count as u64, max_bytes: u32::MAX.into() })?;
        self.put(&value.to_le_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        self.size_bytes += bytes.len() as u64;
        Ok(self.out.write_all(bytes)?)
    }
}
