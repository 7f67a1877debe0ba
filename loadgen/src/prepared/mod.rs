//! Signed streams at rest: what `heddle load --prepare FILE` writes and `--from FILE` runs.
//!
//! Written and read block by block in constant memory. All integers are little-endian; a checksum is the first 8 bytes
//! of a BLAKE3.
//!
//! ```text
//! header, 84 bytes                         each block
//!   8  magic "HEDDLETX"                      8  block index
//!   4  format version                       32  recent blockhash
//!   4  workload code                         4  transaction count
//!   8  seed                                  4  payload size
//!   8  accounts                              8  checksum of the 48 bytes above
//!   8  zipf exponent (f64)                   payload: per transaction
//!   8  genesis lamports per account            2  size
//!   8  genesis tokens per token account        …  wire bytes
//!   8  first block                           8  checksum of the payload
//!   8  transactions
//!   4  block size                          then the next block; after the last one the file ends
//!   8  checksum of the 76 bytes above
//! ```
//!
//! **Invariants:** a reader yields a block only if both of its checksums hold and it is the block that the header
//! promises at this place; no byte of a file can make it panic or allocate more than one block of the largest size.
//! The format does not know whether the transactions are valid, or still young enough to run.

mod error;
mod header;
mod reader;
mod writer;

pub use error::PreparedError;
pub use header::{PREPARED_VERSION, PreparedHeader};
pub use reader::PreparedReader;
pub use writer::PreparedWriter;

/// Size of every checksum in the format.
const CHECKSUM_SIZE_BYTES: usize = 8;
/// Block index, blockhash, transaction count, payload size.
const BLOCK_FIELDS_SIZE_BYTES: usize = 8 + 32 + 4 + 4;
/// Before each transaction.
const LENGTH_SIZE_BYTES: usize = 2;

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_SIZE_BYTES] {
    let mut checksum = [0; CHECKSUM_SIZE_BYTES];
    checksum.copy_from_slice(&blake3::hash(bytes).as_bytes()[..CHECKSUM_SIZE_BYTES]);
    checksum
}

#[cfg(test)]
mod tests;
