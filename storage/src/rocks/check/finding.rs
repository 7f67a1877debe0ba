//! What can be wrong with stored rows, told by column and key.

use heddle_types::Hash;
use thiserror::Error;

use crate::codec::DecodeError;

/// Something stored that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{column}: {key}: {flaw}")]
pub struct Finding {
    /// The column, as in `docs/storage-format.md`.
    pub column: &'static str,
    /// The key, as a person would write it.
    pub key: String,
    /// What is wrong.
    pub flaw: Flaw,
}

/// What is wrong with a row, or with a column as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The key or the value does not decode.
    #[error(transparent)]
    Record(#[from] DecodeError),
    /// A record under a name that none has.
    #[error("no record has this name")]
    Unknown,
    /// Keys do not ascend.
    #[error("the key is not after the one before")]
    Order,
    /// A header under the key of another slot.
    #[error("the header is of slot {found}")]
    Slot {
        /// What the header says.
        found: u64,
    },
    /// A header that does not follow the one before.
    #[error("it does not follow the block at slot {parent_slot}")]
    Parent {
        /// The slot before.
        parent_slot: u64,
    },
    /// The newest header, or the tip, is not the other.
    #[error("the newest header and the tip at slot {tip_slot} are not the same")]
    Tip {
        /// Slot of the tip.
        tip_slot: u64,
    },
    /// A record of a block that is not in the chain.
    #[error("no block is at this slot")]
    NoBlock,
    /// A record of a block that should be gone.
    #[error("only blocks from slot {from} on are kept here")]
    NotKept {
        /// The first slot that is kept.
        from: u64,
    },
    /// A record that every block, or database, has.
    #[error("the record is missing")]
    Missing,
    /// As many as there cannot be.
    #[error("{found} are there, {expected} should be")]
    Count {
        /// What is there.
        found: u64,
        /// What another record says.
        expected: u64,
    },
    /// Statuses or index entries of more transactions than there are.
    #[error("position {position} is beyond the {count} transactions of the block at slot {slot}")]
    Position {
        /// The block.
        slot: u64,
        /// The position.
        position: u64,
        /// How many transactions there are.
        count: u64,
    },
    /// An index entry that leads to another transaction.
    #[error("the transaction at slot {slot}, position {position} is another")]
    OtherTransaction {
        /// Where the entry leads.
        slot: u64,
        /// As above.
        position: u32,
    },
    /// A transaction that the index does not lead to.
    #[error("transaction {position} of slot {slot} is not in the index")]
    NotIndexed {
        /// Its block.
        slot: u64,
        /// Its position.
        position: u32,
    },
    /// Accounts that are not those of a state hash.
    #[error("the accounts hash to {found}, not to {expected}")]
    StateHash {
        /// Of the accounts that are there.
        found: Hash,
        /// What the header says.
        expected: Hash,
    },
    /// The medium, or the database library, refuses to read on; what comes after in the column was not seen.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

/// Findings so far. Only the first [`Findings::KEPT_MAX`] are kept; the others are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first of them.
    pub first: Vec<Finding>,
    /// All of them.
    pub count: u64,
}

impl Findings {
    /// A database that lost a column would fill the memory with them.
    pub const KEPT_MAX: usize = 1000;

    pub(in super::super) fn push(&mut self, finding: Finding) {
        self.count += 1;
        if self.first.len() < Self::KEPT_MAX {
            self.first.push(finding);
        }
    }
}
