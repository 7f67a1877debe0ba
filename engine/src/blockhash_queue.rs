//! The queue of recent blockhashes: which transactions are young enough.
//!
//! Ages count blockhashes, not blocks: a block whose blockhash is its parent's adds none. So a chain may make a block for
//! every transaction, and what clients sign under one blockhash lives as long as ever.

use std::collections::VecDeque;

use heddle_types::{BlockHeader, Hash, limits};

/// The newest blockhashes, oldest first; at most [`limits::BLOCKHASH_QUEUE_LENGTH`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockhashQueue {
    hashes: VecDeque<Hash>,
    /// How many the chain has had, that of genesis not counted; as far as that is known, see [`Self::set_count`].
    count: u64,
}

/// How many blockhashes the headers hold, which follow each other.
pub(crate) fn blockhashes_in(headers: &[BlockHeader]) -> usize {
    headers.chunk_by(|a, b| a.blockhash == b.blockhash).count()
}

impl BlockhashQueue {
    /// Rebuilds the queue from stored headers, oldest first. Counts as if the first were that of genesis.
    pub(crate) fn from_headers(headers: &[BlockHeader]) -> Self {
        let mut queue = Self::default();
        for header in headers {
            queue.push(header.blockhash);
        }
        queue.count = queue.count.saturating_sub(1);
        queue
    }

    /// Adds the blockhash of a finished block, unless that is its parent's.
    pub(crate) fn push(&mut self, blockhash: Hash) {
        self.count = self.count_after(&blockhash);
        if self.hashes.back() == Some(&blockhash) {
            return;
        }
        if self.hashes.len() == limits::BLOCKHASH_QUEUE_LENGTH {
            self.hashes.pop_front();
        }
        self.hashes.push_back(blockhash);
    }

    /// How many blockhashes the chain has had.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// As [`Self::count`], after a block with this blockhash.
    pub(crate) fn count_after(&self, blockhash: &Hash) -> u64 {
        self.count + u64::from(self.hashes.back() != Some(blockhash))
    }

    /// Says how many blockhashes the chain has had, of which the queue holds the newest only.
    pub(crate) fn set_count(&mut self, count: u64) {
        self.count = count;
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

    fn hash(n: u16) -> Hash {
        Hash::new_from_array(std::array::from_fn(|i| n.to_le_bytes()[i % 2]))
    }

    #[test]
    fn keeps_300_and_offers_151() {
        let mut queue = BlockhashQueue::default();
        for n in 0..400u16 {
            queue.push(hash(n));
        }
        assert_eq!(queue.hashes.len(), 300);
        let recent: Vec<_> = queue.recent().collect();
        assert_eq!(recent.len(), 151);
        assert_eq!(*recent[0], queue.last());
        assert_eq!(recent[150].as_ref()[..2], 249u16.to_le_bytes());
    }

    #[test]
    fn a_blockhash_that_is_repeated_counts_once() {
        let header = |n| BlockHeader { blockhash: hash(n), ..BlockHeader::default() };
        let headers = [0, 0, 1, 1, 1, 2, 1, 1].map(header);
        assert_eq!(blockhashes_in(&headers), 4);
        let mut queue = BlockhashQueue::from_headers(&headers);
        assert_eq!(queue.recent().copied().collect::<Vec<_>>(), [1, 2, 1, 0].map(hash));
        assert_eq!((queue.count(), queue.count_after(&hash(1)), queue.count_after(&hash(2))), (3, 3, 4));
        queue.push(hash(1));
        assert_eq!(queue.count(), 3);
        queue.set_count(100);
        queue.push(hash(7));
        assert_eq!((queue.count(), queue.last()), (101, hash(7)));
    }
}
