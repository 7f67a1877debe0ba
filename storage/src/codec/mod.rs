//! Byte layouts of every stored record.
//!
//! All numbers are little-endian and of fixed width; only keys that must sort by slot are big-endian. Every value
//! opens with the version of its layout ([`LAYOUT_VERSION`]). Decoding checks each length, bound and flag, leaves no
//! byte unread and never panics, whatever the bytes. The layouts are listed in `docs/storage-format.md`; a change
//! there is a change of [`FORMAT_VERSION`].
//!
//! This module knows nothing of databases, paths or column families.

mod account;
mod block;
mod cursor;
mod details;
mod history;
mod ledger;
mod transaction;
mod transaction_error;

use thiserror::Error;

pub use self::{
    account::{decode_account, encode_account},
    block::{
        decode_changes, decode_format, decode_genesis_count, decode_header, decode_mark, decode_statuses, decode_tip,
        encode_changes, encode_format, encode_genesis_count, encode_header, encode_mark, encode_statuses, encode_tip,
    },
    details::{decode_details, encode_details},
    history::{decode_history, encode_history},
    ledger::{decode_ledger, decode_place, decode_positions, encode_ledger, encode_place, encode_positions},
    transaction::{check_transactions, decode_transactions, encode_transactions},
};

/// Version of the database as a whole, in its format record.
pub const FORMAT_VERSION: u32 = 2;
/// First byte of every value, but for transactions and details (2; of details 1 is read too).
pub const LAYOUT_VERSION: u8 = 1;

/// Why stored bytes are not a record.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end early.
    #[error("{needed_bytes} bytes expected at offset {offset}, {left_bytes} left")]
    Short {
        /// Where in the record.
        offset: usize,
        /// What the field takes.
        needed_bytes: usize,
        /// What is there.
        left_bytes: usize,
    },
    /// Bytes after the end of the record.
    #[error("{count_bytes} bytes after the end of the record")]
    Trailing {
        /// How many.
        count_bytes: usize,
    },
    /// The first byte is no layout version that this program reads.
    #[error("layout version {found}, this program reads version {expected}")]
    Layout {
        /// The first byte.
        found: u8,
        /// What it should be.
        expected: u8,
    },
    /// The format record does not open with the magic bytes.
    #[error("the format record does not begin with the magic bytes")]
    Magic,
    /// A field holds a value that is never written.
    #[error("{field} cannot be {value}")]
    Value {
        /// Which field.
        field: &'static str,
        /// What it holds.
        value: u64,
    },
}

/// Why a value has no stored form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// An error that the code table does not name: a Solana crate was updated and the table was not.
    #[error("the code table of the storage format has no code for {0:?}")]
    UnknownError(heddle_types::TransactionError),
    /// A transaction larger than any that can be on the wire.
    #[error("a transaction of {size_bytes} bytes")]
    WireTooLarge {
        /// Its length.
        size_bytes: usize,
    },
    /// More loaded addresses than account indices can name.
    #[error("a transaction with {count} loaded addresses")]
    TooManyLoadedAddresses {
        /// How many.
        count: usize,
    },
}
