//! The store trait: what the engine asks of a database, and nothing of how it is kept.

use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StatusKey, StoredTransaction};

use crate::StoreError;

/// Bytes of the accounts lattice (1024 lanes of u16, little-endian).
pub const LATTICE_BYTES: usize = 2048;

/// The newest durable block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its header.
    pub header: BlockHeader,
    /// The accounts lattice after it.
    pub lattice: Box<[u8; LATTICE_BYTES]>,
}

/// All that one block changes. A store applies it as a whole or not at all.
#[derive(Clone, Debug)]
pub struct BlockBatch {
    /// The block; its parent must be the store's tip.
    pub header: BlockHeader,
    /// The accounts lattice after the block.
    pub lattice: Box<[u8; LATTICE_BYTES]>,
    /// Accounts after the block, each once; `None` removes the account.
    pub accounts: Vec<(Pubkey, Option<Account>)>,
    /// Statuses of the block's transactions.
    pub statuses: Vec<StatusKey>,
    /// The transactions in block order.
    pub transactions: Vec<StoredTransaction>,
    /// Statuses of slots below this one are no longer needed and may be dropped.
    pub statuses_from_slot: u64,
}

/// A place that keeps accounts and blocks.
///
/// Reads see the last committed block. Commits come from one thread at a time, in block order.
pub trait Store: Send + Sync + 'static {
    /// Writes the genesis state into an empty store, durably.
    ///
    /// # Errors
    /// [`StoreError::AlreadyInitialized`] if the store holds a chain, [`StoreError::Malformed`] if the accounts are not
    /// in ascending order or the header is not of this state: nothing was written. What the medium says: the store
    /// takes no writes until it is opened again, and is then as if this had not been called, or initialised.
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError>;

    /// The newest committed block; `None` before [`Store::initialize`].
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn tip(&self) -> Result<Option<Tip>, StoreError>;

    /// Reads accounts, in the order of `keys`. One call for many keys is cheaper than many calls.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError>;

    /// Applies a block atomically; returns once it is durable.
    ///
    /// # Errors
    /// [`StoreError::NotNext`] if the block's parent is not the tip, [`StoreError::Malformed`] if the batch contradicts
    /// itself, [`StoreError::NotInitialized`] and [`StoreError::ReadOnly`]: nothing was written. After any other error
    /// the outcome is unknown: the store refuses further commits with [`StoreError::Poisoned`] until it is opened again.
    fn commit(&self, batch: &BlockBatch) -> Result<(), StoreError>;

    /// Header of the block at `slot`; `None` if there is none.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError>;

    /// Header of the first block after `slot` (genesis is at slot 0 and not returned for `slot == 0`).
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError>;

    /// The newest `count` headers, oldest first, genesis included.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError>;

    /// Transactions of the block at `slot`, in block order; empty if there is no such block.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError>;

    /// Fingerprints of the accounts that the block at `slot` changed, in ascending order of key.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError>;

    /// Every kept status.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError>;

    /// The genesis state, as given to [`Store::initialize`]; `None` before it.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn genesis(&self) -> Result<Option<Genesis>, StoreError>;

    /// Whether the store forgets blocks: nobody will ever read them back.
    fn is_volatile(&self) -> bool {
        false
    }

    /// Calls `visit` for every account, in ascending order of key.
    ///
    /// # Errors
    /// What the medium says, or a record that does not decode.
    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError>;
}
