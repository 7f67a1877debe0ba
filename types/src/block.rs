//! Blocks at rest: what is stored of a block so that anybody can execute it again and compare.

use solana_hash::Hash;
use solana_pubkey::Pubkey;

use crate::{Account, Receipt, StatusKey};

/// Everything that defines a block and what came of it. A block's inputs are here or in its transactions; nothing
/// else enters execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockHeader {
    /// Position in time; larger than the parent's.
    pub slot: u64,
    /// Slot of the parent (genesis: 0, its own).
    pub parent_slot: u64,
    /// Number of blocks before this one.
    pub height: u64,
    /// Seconds since the Unix epoch, as the clock sysvar shows it.
    pub unix_timestamp: i64,
    /// The recent blockhash that this block adds to the queue.
    pub blockhash: Hash,
    /// Receives the fees.
    pub collector: Pubkey,
    /// Hash of the parent block ([`BlockHeader::block_hash`] of it).
    pub parent_hash: Hash,
    /// Transactions in the block.
    pub transaction_count: u64,
    /// Signatures in the block.
    pub signature_count: u64,
    /// BLAKE3 of the accounts lattice after the block: the state hash.
    pub state_hash: Hash,
    /// The chained hash of this block.
    pub block_hash: Hash,
}

/// The first state of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genesis {
    /// Header of the block at slot 0, which has no transactions.
    pub header: BlockHeader,
    /// Every account, in ascending order of key.
    pub accounts: Vec<(Pubkey, Account)>,
}

/// One entry of the durable status cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// What was executed.
    pub key: StatusKey,
    /// In which slot.
    pub slot: u64,
}

/// A transaction of a stored block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTransaction {
    /// The signed bytes.
    pub wire: Box<[u8]>,
    /// The keys that came through address lookup tables: writable ones of all tables, then read-only ones.
    pub loaded_addresses: Box<[Pubkey]>,
    /// What came of it. Its `details` are kept apart, where they are kept at all.
    pub receipt: Receipt,
}

/// The place of a transaction in the chain; ordered as the chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionPlace {
    /// Slot of its block.
    pub slot: u64,
    /// Its position in the block, from 0.
    pub position: u32,
}

/// A short fingerprint of one account after a block: enough to name the field that differs when a replay disagrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountDigest {
    /// Which account.
    pub key: Pubkey,
    /// Balance; zero if the block removed the account.
    pub lamports: u64,
    /// Owner.
    pub owner: Pubkey,
    /// Executable mark.
    pub executable: bool,
    /// Length of the data in bytes.
    pub data_size_bytes: u32,
    /// First half of the data's BLAKE3 (all zero for empty data).
    pub data_hash: [u8; 16],
}

impl AccountDigest {
    /// The fingerprint of `account` (`None` or zero lamports: removed).
    pub fn of(key: &Pubkey, account: Option<&Account>) -> Self {
        let Some(account) = account.filter(|account| account.exists()) else {
            return Self {
                key: *key,
                lamports: 0,
                owner: Pubkey::default(),
                executable: false,
                data_size_bytes: 0,
                data_hash: [0; 16],
            };
        };
        let mut data_hash = [0; 16];
        if !account.data.is_empty() {
            data_hash.copy_from_slice(&blake3::hash(&account.data).as_bytes()[..16]);
        }
        Self {
            key: *key,
            lamports: account.lamports,
            owner: account.owner,
            executable: account.executable,
            data_size_bytes: account.data.len() as u32,
            data_hash,
        }
    }
}
