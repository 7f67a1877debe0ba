//! The blocks of the ledger that were asked for last, decoded: a client that asks for one transaction of a block asks for others.

use std::{collections::VecDeque, sync::Arc};

use heddle_storage::{Store, StoreError};
use heddle_types::StoredTransaction;
use parking_lot::Mutex;

/// Blocks that are kept.
const BLOCKS_MAX: usize = 16;

/// Transactions of a block, with details.
pub type DecodedBlock = Arc<[StoredTransaction]>;

#[derive(Default)]
pub(crate) struct BlockCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By slot; the one that was wanted last at the end.
    blocks: VecDeque<(u64, DecodedBlock)>,
    /// How often it was cleared: what was read before is not kept after.
    clearings: u64,
}

impl BlockCache {
    /// Transactions of the block at `slot`; empty if there is none.
    pub(crate) fn get(&self, slot: u64, store: &dyn Store) -> Result<DecodedBlock, StoreError> {
        let clearings = match self.state.lock().find(slot) {
            Ok(found) => return Ok(found),
            Err(clearings) => clearings,
        };
        let block: DecodedBlock = store.transactions_in_full(slot)?.into();
        let mut state = self.state.lock();
        // An empty one may be one that is not there yet.
        if !block.is_empty() && state.clearings == clearings {
            if state.blocks.len() == BLOCKS_MAX {
                state.blocks.pop_front();
            }
            state.blocks.push_back((slot, block.clone()));
        }
        Ok(block)
    }

    /// Blocks were taken back: others may come in their slots.
    pub(crate) fn clear(&self) {
        let mut state = self.state.lock();
        state.blocks.clear();
        state.clearings += 1;
    }
}

impl State {
    /// The block, which becomes the one that was wanted last; else how often the cache was cleared so far.
    fn find(&mut self, slot: u64) -> Result<DecodedBlock, u64> {
        let index = self.blocks.iter().position(|(of, _)| *of == slot).ok_or(self.clearings)?;
        let found = self.blocks.remove(index).ok_or(self.clearings)?;
        let block = found.1.clone();
        self.blocks.push_back(found);
        Ok(block)
    }
}
