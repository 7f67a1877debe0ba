//! The blocks that records can be of, in ascending order of slot, and how far a column that has a record of each has come.

use heddle_types::Hash;

/// What records of a block are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) slot: u64,
    pub(super) transaction_count: u64,
    pub(super) parent_state_hash: Hash,
}

/// See the [module](self).
pub(super) struct Blocks {
    from: u64,
    all: Vec<Block>,
    /// The first block that the column has shown no record of; `None` before its first record.
    next: Option<usize>,
}

impl Blocks {
    /// Only blocks from this slot on are noted.
    pub(super) fn from_slot(from: u64) -> Self {
        Self { from, all: Vec::new(), next: None }
    }

    pub(super) fn push(&mut self, block: Block) {
        // Damaged headers may come in any order: a look-up then misses some, which is one more finding.
        if block.slot >= self.from {
            self.all.push(block);
        }
    }

    /// Whether blocks at this slot are noted.
    pub(super) fn is_noted(&self, slot: u64) -> bool {
        slot >= self.from
    }

    pub(super) fn at(&self, slot: u64) -> Option<Block> {
        let index = self.all.binary_search_by_key(&slot, |block| block.slot).ok()?;
        Some(self.all[index])
    }

    fn index_of(&self, slot: u64) -> usize {
        self.all.partition_point(|block| block.slot < slot)
    }

    /// Notes a record of the block at `slot` in a column that has one of every block from `from` on; slots of blocks before
    /// it without a record.
    pub(super) fn skip_to(&mut self, from: u64, slot: u64) -> Vec<u64> {
        let next = self.next.unwrap_or_else(|| self.index_of(from));
        let index = self.index_of(slot);
        let is_there = self.all.get(index).is_some_and(|block| block.slot == slot);
        self.next = Some((index + usize::from(is_there)).max(next));
        self.slots(next, index)
    }

    /// Ends the column; slots of blocks without a record after the last one.
    pub(super) fn end(&mut self, from: u64) -> Vec<u64> {
        let next = self.next.take().unwrap_or_else(|| self.index_of(from));
        self.slots(next, self.all.len())
    }

    fn slots(&self, from: usize, until: usize) -> Vec<u64> {
        self.all.get(from..until).unwrap_or_default().iter().map(|block| block.slot).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_records_are_told_once() {
        let mut blocks = Blocks::from_slot(2);
        for slot in [1, 2, 4, 5, 9, 10] {
            blocks.push(Block { slot, transaction_count: slot, parent_state_hash: Hash::default() });
        }
        assert_eq!((blocks.at(1), blocks.at(3)), (None, None));
        assert_eq!(blocks.at(9).map(|block| block.transaction_count), Some(9));
        assert_eq!(blocks.skip_to(3, 5), [4]);
        assert_eq!(blocks.skip_to(3, 7), [], "no block, and none is left out");
        assert_eq!(blocks.skip_to(3, 5), [], "once more");
        assert_eq!(blocks.skip_to(3, 9), []);
        assert_eq!(blocks.end(3), [10]);
        assert_eq!(blocks.end(3), [4, 5, 9, 10], "another column, empty");
        assert_eq!(blocks.end(11), []);
    }
}
