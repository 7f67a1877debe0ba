//! The queue of recent blockhashes: which transactions are young enough.

use std::collections::VecDeque;

use heddle_types::{BlockHeader, Hash, limits};

/// The newest blockhashes, oldest first; at most [`limits::BLOCKHASH_QUEUE_LENGTH`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockhashQueue {
    hashes: VecDeque<Hash>,
}

impl BlockhashQueue {
    /// Rebuilds the queue from stored headers, oldest first.
    pub(crate) fn from_headers(headers: &[BlockHeader]) -> Self {
        let mut queue = Self::default();
        for header in headers {
            queue.push(header.blockhash);
        }
        queue
    }

    /// Adds the blockhash of a finished block.
    pub(crate) fn push(&mut self, blockhash: Hash) {
        if self.hashes.len() == limits::BLOCKHASH_QUEUE_LENGTH {
            self.hashes.pop_front();
        }
        self.hashes.push_back(blockhash);
    }

    /// The newest one.
    pub(crate) fn last(&self) -> Hash {
        self.hashes.back().copied().unwrap_or_default()
    }

    /// Those that a transaction of the next block may name, newest first: age 0 to
    /// [`limits::BLOCKHASH_AGE_BLOCKS_MAX`].
    pub(crate) fn recent(&self) -> impl Iterator<Item = &Hash> {
        self.hashes.iter().rev().take(limits::BLOCKHASH_AGE_BLOCKS_MAX as usize + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_300_and_offers_151() {
        let mut queue = BlockhashQueue::default();
        for n in 0..400u16 {
            queue.push(Hash::new_from_array(std::array::from_fn(|i| n.to_le_bytes()[i % 2])));
        }
        assert_eq!(queue.hashes.len(), 300);
        let recent: Vec<_> = queue.recent().collect();
        assert_eq!(recent.len(), 151);
        assert_eq!(*recent[0], queue.last());
        assert_eq!(recent[150].as_ref()[..2], 249u16.to_le_bytes());
    }
}
