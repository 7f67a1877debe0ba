//! Why a prepared stream cannot be written or read.

use std::io;

use thiserror::Error;

use crate::ConfigError;

/// A prepared stream could not be written or read.
#[derive(Debug, Error)]
pub enum PreparedError {
    /// The file could not be opened, read or written.
    #[error("prepared stream: {0}")]
    Io(#[from] io::Error),
    /// The file does not begin with the format's magic.
    #[error("not a prepared transaction stream")]
    NotAStream,
    /// Another format version.
    #[error("prepared stream has format version {found}; this program reads {supported}")]
    Version {
        /// The file's.
        found: u32,
        /// [`crate::PREPARED_VERSION`].
        supported: u32,
    },
    /// The file ends inside its header.
    #[error("prepared stream is truncated in its header")]
    TruncatedHeader,
    /// The header's checksum does not hold.
    #[error("prepared stream: checksum mismatch in the header")]
    HeaderChecksum,
    /// The header names a workload that this program does not have.
    #[error("prepared stream names the unknown workload code {code}")]
    UnknownWorkload {
        /// The file's.
        code: u32,
    },
    /// The header's configuration is out of bounds.
    #[error("prepared stream: {0}")]
    Config(#[from] ConfigError),
    /// The stream was made for another genesis than this program makes.
    #[error("prepared stream was made for {found} tokens per account at genesis; this program gives {expected}")]
    Genesis {
        /// The file's.
        found: u64,
        /// Ours.
        expected: u64,
    },
    /// The file ends inside a block.
    #[error("prepared stream is truncated at block {block}")]
    Truncated {
        /// Index of the first block that is not whole.
        block: u64,
    },
    /// A block's checksum does not hold.
    #[error("prepared stream: checksum mismatch at block {block}")]
    Checksum {
        /// Its index.
        block: u64,
    },
    /// The checksums hold but the block is not what the header promises here (on reading: a faulty writer; on
    /// writing: blocks out of order).
    #[error("prepared stream: block {block} has {field} {found}, expected {expected}")]
    Inconsistent {
        /// Index of the block that belongs here.
        block: u64,
        /// What differs.
        field: &'static str,
        /// The block's.
        found: u64,
        /// By the header.
        expected: u64,
    },
    /// Bytes after the last block.
    #[error("prepared stream: trailing data after the last of {blocks} blocks")]
    TrailingData {
        /// Number of blocks, by the header.
        blocks: u64,
    },
    /// A writer was finished before all blocks had been written.
    #[error("prepared stream: finished before block {block}, of {end} blocks")]
    Unfinished {
        /// Index of the first missing block.
        block: u64,
        /// Index after the last block's.
        end: u64,
    },
}
