//! Bundles: some blocks of a chain and all that executing them needs, in one file, so that anybody can execute them
//! anywhere and see the first difference.
//!
//! ```
//! use std::sync::Arc;
//! use heddle_engine::{Engine, Parallelism, bundle::{Bundle, ExportOptions, export}};
//! use heddle_storage::{MemoryStore, Store};
//! # use heddle_engine::doc::{alice, transfer};
//! # use heddle_types::Pubkey;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
//! let engine = Engine::builder().shared_store(store.clone()).fund(alice(), 10_000_000_000).build()?;
//! engine.execute(&transfer(Pubkey::new_from_array([2; 32]), 1_000_000_000, engine.latest_blockhash()))?;
//!
//! let options = ExportOptions { from_slot: 1, to_slot: 1, workers: 1 };
//! let exported = export(&store, &options, &mut |_, _| {})?;
//! let file = exported.bundle.expect("one block").encode()?;
//!
//! let run = Arc::new(Bundle::decode(&file)?).run(Parallelism::Workers(2), None)?;
//! assert_eq!(run.difference, None);
//! assert_eq!(run.state_hash, engine.tip().state_hash);
//! # Ok(())
//! # }
//! ```
//!
//! What is not in it, as in a database: feature gates other than mainnet's, epoch stakes, and limits of a test network
//! ([`crate::Builder::compute_unit_limit`], [`crate::Builder::account_lock_limit`]).

mod check;
mod export;
mod format;
mod reader;
mod run;
#[cfg(test)]
mod tests;

use heddle_storage::Tip;
use heddle_types::{Account, BlockHeader, Pubkey, StatusEntry, StoredTransaction};

pub use self::{
    export::{ExportOptions, Exported, export},
    format::BundleError,
    run::{BlockRun, BundleRun},
};

/// Some blocks that follow each other, and the part of the state before them that executing them asks for.
///
/// Made by [`export`] or from bytes that were checked ([`Bundle::decode`]): blocks follow each other, lists are in order,
/// and every account that a block changes has a state before the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The block before the first.
    parent: Tip,
    /// The newest headers before the first block, oldest first; the last is the parent's.
    recent_headers: Vec<BlockHeader>,
    /// What was executed in blocks before the first and must not be again; by slot.
    statuses: Vec<StatusEntry>,
    /// Accounts before the first block, in ascending order of key. `None`: there is no such account.
    accounts: Vec<(Pubkey, Option<Account>)>,
    /// At least one.
    blocks: Vec<BundleBlock>,
}

/// A block of a bundle: its inputs and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleBlock {
    header: BlockHeader,
    transactions: Vec<StoredTransaction>,
    /// In ascending order of key. `None`: the block removed it.
    changes: Vec<(Pubkey, Option<Account>)>,
}

impl Bundle {
    /// The block before the first, and the accounts lattice after it.
    pub fn parent(&self) -> &Tip {
        &self.parent
    }

    /// Headers for the queue of recent blockhashes, oldest first.
    pub fn recent_headers(&self) -> &[BlockHeader] {
        &self.recent_headers
    }

    /// Statuses of earlier transactions.
    pub fn statuses(&self) -> &[StatusEntry] {
        &self.statuses
    }

    /// Accounts before the first block, in ascending order of key; `None` for those that are asked for and do not exist.
    pub fn accounts(&self) -> &[(Pubkey, Option<Account>)] {
        &self.accounts
    }

    /// The blocks, oldest first; at least one.
    pub fn blocks(&self) -> &[BundleBlock] {
        &self.blocks
    }

    /// The account before the first block; `None` if the bundle does not hold it, whether it exists or not.
    fn account(&self, key: &Pubkey) -> Option<&Option<Account>> {
        find(&self.accounts, key)
    }

    /// The account on record after the block at this index; `None` if the bundle does not hold it.
    fn account_after(&self, block_index: usize, key: &Pubkey) -> Option<&Option<Account>> {
        let blocks = self.blocks.iter().take(block_index.saturating_add(1)).rev();
        blocks.filter_map(|block| find(&block.changes, key)).next().or_else(|| self.account(key))
    }
}

fn find<'a>(accounts: &'a [(Pubkey, Option<Account>)], key: &Pubkey) -> Option<&'a Option<Account>> {
    accounts.binary_search_by(|(known, _)| known.cmp(key)).ok().map(|index| &accounts[index].1)
}

impl BundleBlock {
    /// The header on record.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// The transactions and their receipts on record, in block order.
    pub fn transactions(&self) -> &[StoredTransaction] {
        &self.transactions
    }

    /// The accounts on record that the block changed, as they are after it, in ascending order of key.
    pub fn changes(&self) -> &[(Pubkey, Option<Account>)] {
        &self.changes
    }
}
