//! The status cache: no transaction executes twice.
//!
//! Keyed by message hash alone: the blockhash is part of the message. Two transactions with the same message write-lock
//! the same fee payer, so the schedule orders a look-up against the insert it must see.

use std::collections::VecDeque;

use ahash::RandomState;
use dashmap::DashMap;
use heddle_types::{Hash, limits};

/// Statuses of the newest [`limits::STATUS_CACHE_BLOCKS`] blocks.
pub(crate) struct StatusCache {
    slots: DashMap<Hash, u64, RandomState>,
}

/// What each kept block added, oldest first; owned by the chain, so that dropping and pruning are single-threaded.
#[derive(Default)]
pub(crate) struct StatusHistory {
    blocks: VecDeque<(u64, Vec<Hash>)>,
}

impl StatusCache {
    pub(crate) fn new() -> Self {
        Self { slots: DashMap::with_hasher(RandomState::new()) }
    }

    /// Whether a transaction with this message was executed.
    pub(crate) fn contains(&self, message_hash: &Hash) -> bool {
        self.slots.contains_key(message_hash)
    }

    /// The slot in which a transaction with this message was executed.
    pub(crate) fn slot(&self, message_hash: &Hash) -> Option<u64> {
        self.slots.get(message_hash).map(|slot| *slot)
    }

    /// Records a transaction of the block at `slot`.
    pub(crate) fn insert(&self, message_hash: Hash, slot: u64) {
        self.slots.insert(message_hash, slot);
    }

    /// Forgets transactions, because their block was dropped or is too old.
    pub(crate) fn remove(&self, message_hashes: &[Hash]) {
        for hash in message_hashes {
            self.slots.remove(hash);
        }
    }
}

impl StatusHistory {
    /// Adds a finished block and forgets blocks beyond the limit. Returns the oldest slot still kept.
    pub(crate) fn push(&mut self, slot: u64, message_hashes: Vec<Hash>, cache: &StatusCache) -> u64 {
        self.blocks.push_back((slot, message_hashes));
        while self.blocks.len() as u64 > limits::STATUS_CACHE_BLOCKS {
            if let Some((_, old)) = self.blocks.pop_front() {
                cache.remove(&old);
            }
        }
        self.blocks.front().map_or(slot, |(oldest, _)| *oldest)
    }

    /// Takes back the newest block.
    pub(crate) fn pop(&mut self, cache: &StatusCache) {
        if let Some((_, hashes)) = self.blocks.pop_back() {
            cache.remove(&hashes);
        }
    }
}
