//! Which blocks of a store can be executed again, and from which state on.
//!
//! A block can be executed if it is kept and the state before it can be had: by taking later blocks back, as far as the
//! history reaches, or by executing every block since genesis.

use heddle_storage::{Ledger, Store, StoreError};
use heddle_types::BlockHeader;

use super::ReplayError;

/// The blocks that are asked for, and the state to start from.
pub(crate) struct Span {
    /// The block whose state execution starts from.
    pub(crate) start: BlockHeader,
    /// The block before the first that is asked for; the start, or after it.
    parent: BlockHeader,
    /// The last block that is asked for.
    pub(crate) last: BlockHeader,
}

impl Span {
    /// Chooses the blocks in the given slots; by default all that can be executed.
    pub(crate) fn of(store: &dyn Store, from: Option<u64>, to: Option<u64>) -> Result<Self, ReplayError> {
        let tip = store.tip()?.ok_or(ReplayError::Empty)?.header;
        let genesis = store.header(0)?.ok_or(ReplayError::Empty)?;
        let kept = Kept::of(store)?;
        if tip.height == 0 && from.is_none() && to.is_none() {
            return Ok(Self { start: genesis, parent: genesis, last: tip });
        }
        let (from_slot, to_slot) = (from.or(kept.executable_from).unwrap_or(1), to.unwrap_or(tip.slot));
        let no_block = || ReplayError::NoBlock { from_slot, to_slot, tip_slot: tip.slot };
        let first = block_from(store, from_slot)?.filter(|first| first.slot <= to_slot).ok_or_else(no_block)?;
        if kept.executable_from.is_none_or(|from| first.slot < from) {
            let executable_from = kept.executable_from;
            return Err(ReplayError::NotKept { slot: first.slot, executable_from, tip_slot: tip.slot });
        }
        let parent = store.header(first.parent_slot)?.ok_or_else(no_block)?;
        // By default from genesis, which proves most; for chosen blocks from the nearest state.
        let is_near = kept.history_from.is_some_and(|from| first.slot >= from);
        let start = if from.is_some() && is_near || !kept.is_from_genesis { parent } else { genesis };
        let last = last_block(store, &first, to_slot, &tip)?;
        Ok(Self { start, parent, last })
    }

    /// How many blocks are asked for.
    pub(crate) fn blocks(&self) -> u64 {
        self.last.height.saturating_sub(self.parent.height)
    }

    /// Whether the block is one that is asked for.
    pub(crate) fn holds(&self, header: &BlockHeader) -> bool {
        header.height > self.parent.height
    }

    /// The block before the first that is asked for.
    pub(crate) fn parent(&self) -> &BlockHeader {
        &self.parent
    }
}

/// What a store keeps that executing needs.
struct Kept {
    /// Slot of the first block that can be executed.
    executable_from: Option<u64>,
    /// The states before blocks from this slot on can be had without executing.
    history_from: Option<u64>,
    /// Every block since genesis is kept.
    is_from_genesis: bool,
}

impl Kept {
    fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let Ledger { blocks_from, history_from, .. } = store.ledger()?;
        let first = store.next_header(0)?.map(|header| header.slot);
        let is_from_genesis = first.is_none_or(|first| first >= blocks_from);
        let reachable = match history_from {
            Some(history_from) => block_from(store, blocks_from.max(history_from))?.map(|header| header.slot),
            None => None,
        };
        let executable_from = if is_from_genesis { first } else { reachable };
        Ok(Self { executable_from, history_from, is_from_genesis })
    }
}

/// The first block at or after `slot`, genesis excepted.
fn block_from(store: &dyn Store, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
    store.next_header(slot.saturating_sub(1))
}

/// The last block at or before `slot`, which is not before `first`.
fn last_block(store: &dyn Store, first: &BlockHeader, slot: u64, tip: &BlockHeader) -> Result<BlockHeader, StoreError> {
    if slot >= tip.slot {
        return Ok(*tip);
    }
    if let Some(header) = store.header(slot)? {
        return Ok(header);
    }
    // The block after the gap names its parent.
    let parent_slot = block_from(store, slot)?.map(|next| next.parent_slot);
    let parent = parent_slot.map_or(Ok(None), |slot| store.header(slot))?;
    Ok(parent.unwrap_or(*first))
}
