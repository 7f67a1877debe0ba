//! A block's inputs, and what executing them gives: [`Block`] → [`ExecutedBlock`] → committed.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use heddle_scheduler::RunStats;
use heddle_storage::BlockBatch;
use heddle_types::{BlockHeader, Hash, Pubkey, Receipt, StatusKey, StoredTransaction};

use crate::{
    Outcome, VerifiedTransaction, account_table::AccountChange, chain::Undo, engine::Shared, slot::BlockSerial,
    state_hash::Lattice,
};

/// All that enters the execution of a block. Nothing else does: no clock, no identity of the node.
#[derive(Clone, Debug)]
pub struct Block {
    /// Position in time; larger than the newest executed block's.
    pub slot: u64,
    /// What the clock sysvar shows, in Unix seconds.
    pub unix_timestamp: i64,
    /// The recent blockhash that this block adds to the queue when it ends. If it is the parent's, the block adds none:
    /// ages of blockhashes count those, not blocks.
    pub blockhash: Hash,
    /// Who gets the fees.
    pub collector: Pubkey,
    /// In block order.
    pub transactions: Vec<VerifiedTransaction>,
}

/// Where a block's time went; all zero unless the engine was built with a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Interning keys, loading accounts, lock sets, conflict graph.
    pub schedule: Duration,
    /// Running the transactions, from the first start to the last end.
    pub execute: Duration,
    /// Fees, and collecting outcomes and changed accounts.
    pub collect: Duration,
    /// The lattice, state hash and block hash.
    pub hash: Duration,
}

/// A block that was executed and not committed. Nothing of it is durable, and nothing needs to become so: dropping it
/// takes the engine back to the state before it.
#[must_use = "an executed block that is dropped is taken back"]
pub struct ExecutedBlock {
    pub(crate) header: BlockHeader,
    pub(crate) outcomes: Vec<Outcome>,
    /// In no particular order.
    pub(crate) changes: Vec<AccountChange>,
    /// The same by key, once somebody has asked.
    pub(crate) sorted_changes: OnceLock<Vec<AccountChange>>,
    pub(crate) lattice: Lattice,
    pub(crate) transactions: Vec<VerifiedTransaction>,
    /// Of those in the block that use lookup tables: position among all that were given, looked-up keys.
    pub(crate) loaded_addresses: Vec<(usize, Box<[Pubkey]>)>,
    pub(crate) statuses_from_slot: u64,
    /// Blockhashes that the chain has had with it.
    pub(crate) blockhash_count: u64,
    pub(crate) times: StageTimes,
    pub(crate) run: RunStats,
    /// Tells its writes from those of other blocks.
    pub(crate) serial: BlockSerial,
    /// What takes the engine back; `None` once the block is committed.
    pub(crate) undo: Option<Undo>,
    pub(crate) shared: Arc<Shared>,
}

impl ExecutedBlock {
    /// Header with state hash and block hash.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// One outcome per transaction of the [`Block`], in its order.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Accounts that the block changed, in ascending order of key. Sorted by the first call; committing needs no order.
    pub fn changes(&self) -> &[AccountChange] {
        self.sorted_changes.get_or_init(|| {
            let mut changes = self.changes.clone();
            changes.sort_unstable_by_key(|change| change.key);
            changes
        })
    }

    /// The accounts lattice after the block.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// The transactions that were given, in block order; those rejected are not part of the block.
    pub fn transactions(&self) -> &[VerifiedTransaction] {
        &self.transactions
    }

    /// Keys that came through lookup tables for the transaction at `position`: writable ones of all tables, then read-only
    /// ones. Empty if it uses none, or is not in the block.
    pub fn loaded_addresses(&self, position: usize) -> &[Pubkey] {
        let found = self.loaded_addresses.binary_search_by_key(&position, |(of, _)| *of);
        found.map_or(&[], |index| &self.loaded_addresses[index].1)
    }

    /// Where the time went.
    pub fn times(&self) -> StageTimes {
        self.times
    }

    /// What each worker did.
    pub fn run_stats(&self) -> &RunStats {
        &self.run
    }

    /// (transaction, receipt) of every transaction that is in the block.
    pub fn processed(&self) -> impl Iterator<Item = (&VerifiedTransaction, &Receipt)> {
        self.transactions
            .iter()
            .zip(&self.outcomes)
            .filter_map(|(transaction, outcome)| Some((transaction, outcome.receipt()?)))
    }

    /// The atomic write that makes the block durable. What it holds is taken out of the block, not copied. For a store
    /// that forgets blocks it holds nothing.
    pub(crate) fn take_batch(&mut self, is_forgotten: bool) -> BlockBatch {
        let (mut accounts, mut before) = (Vec::new(), Vec::new());
        let (mut statuses, mut transactions) = (Vec::new(), Vec::new());
        if !is_forgotten {
            let changes = std::mem::take(&mut self.changes);
            accounts.reserve(changes.len());
            before.reserve(changes.len());
            for change in changes {
                accounts.push((change.key, change.after.exists().then_some(change.after)));
                before.push(change.before.exists().then_some(change.before));
            }
            statuses.reserve(self.outcomes.len());
            transactions.reserve(self.outcomes.len());
            let mut loaded = std::mem::take(&mut self.loaded_addresses).into_iter().peekable();
            let given = std::mem::take(&mut self.transactions).into_iter().zip(&self.outcomes);
            for (position, (transaction, outcome)) in given.enumerate() {
                let Some(receipt) = outcome.receipt() else { continue };
                let loaded = loaded.next_if(|(of, _)| *of == position);
                statuses.push(StatusKey {
                    blockhash: *transaction.transaction().recent_blockhash(),
                    message_hash: *transaction.message_hash(),
                });
                transactions.push(StoredTransaction {
                    wire: transaction.into_wire_bytes(),
                    loaded_addresses: loaded.map(|(_, keys)| keys).unwrap_or_default(),
                    receipt: receipt.clone(),
                });
            }
        }
        BlockBatch {
            header: self.header,
            lattice: self.lattice.to_bytes(),
            accounts,
            before: Some(before),
            statuses,
            transactions,
            statuses_from_slot: self.statuses_from_slot,
        }
    }
}

impl Drop for ExecutedBlock {
    fn drop(&mut self) {
        if let Some(undo) = self.undo.take() {
            self.shared.take_back(undo, self.header.slot, &self.changes);
        }
    }
}
