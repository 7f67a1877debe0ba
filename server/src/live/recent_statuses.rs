//! What became of the newest transactions, by signature: what clients that wait for theirs ask again and again, and what the
//! store would have to decode a whole block for.

use std::{collections::VecDeque, sync::Arc};

use ahash::RandomState;
use hashbrown::HashMap;
use heddle_types::TransactionError;

use super::{OpenBlock, open_block::SignatureBytes};

/// Transactions that are remembered: some ten blocks as full as they get, and minutes of a chain that is less busy.
const TRANSACTIONS_MAX: usize = 1 << 17;

/// Slot of a transaction's block, and whether its instructions took effect.
pub(crate) type SlotAndStatus = (u64, Result<(), TransactionError>);

/// The same in less room: most have no error.
type Status = (u64, Option<Box<TransactionError>>);

/// Of blocks that the store has.
#[derive(Default)]
pub(crate) struct RecentStatuses {
    statuses: HashMap<SignatureBytes, Status, RandomState>,
    /// Whole blocks, oldest first.
    blocks: VecDeque<Arc<[SignatureBytes]>>,
}

impl RecentStatuses {
    /// Remembers a block; forgets the oldest ones beyond the bound.
    pub(crate) fn add(&mut self, block: &OpenBlock) {
        if block.transactions.is_empty() {
            return;
        }
        for one in &block.transactions {
            let error = one.receipt.status.as_ref().err().map(|error| Box::new(error.clone()));
            self.statuses.insert(*one.signature(), (block.header.slot, error));
        }
        self.blocks.push_back(block.transactions.iter().map(|one| *one.signature()).collect());
        while self.statuses.len() > TRANSACTIONS_MAX && self.blocks.len() > 1 {
            for signature in self.blocks.pop_front().iter().flat_map(|block| block.iter()) {
                self.statuses.remove(signature);
            }
        }
    }

    /// Slot and status of a transaction.
    pub(crate) fn get(&self, signature: &SignatureBytes) -> Option<SlotAndStatus> {
        let (slot, error) = self.statuses.get(signature)?;
        Some((*slot, error.as_deref().map_or(Ok(()), |error| Err(error.clone()))))
    }
}
