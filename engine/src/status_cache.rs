//! The status cache: no transaction executes twice.
//!
//! Keyed by message hash alone: the blockhash is part of the message. Only the thread that plans blocks looks here: it
//! claims every message of a block before the block runs, and gives back those that did not become part of it. So
//! workers share no map. Of several transactions of one block with the same message each may become the one that is
//! executed (an earlier one may be rejected, say for want of the fee); they have the same fee payer, so the schedule runs
//! them in block order, and a flag tells the later ones.
//!
//! A status goes only when no transaction can name its blockhash any more. That is a matter of blockhashes, not of blocks,
//! of which many may have the same one: blocks are kept here with the number of blockhashes that the chain had after them.
//! And it counts from the newest *committed* block, because those after it may be taken back.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hasher},
    sync::atomic::{AtomicBool, Ordering},
};

use ahash::RandomState;
use hashbrown::{HashTable, hash_table::Entry};
use heddle_types::{Hash, limits};

/// Statuses of the blocks of the newest [`limits::STATUS_CACHE_BLOCKS`] blockhashes, and of blocks before them that were
/// needed when the newest block was committed.
pub(crate) struct StatusCache {
    entries: HashTable<Status>,
    hasher: RandomState,
    /// What each kept block added, oldest first.
    history: VecDeque<BlockStatuses>,
}

/// What one block added.
#[derive(Clone, Debug)]
pub(crate) struct BlockStatuses {
    pub(crate) slot: u64,
    /// Blockhashes that the chain had after it; not descending from block to block.
    pub(crate) blockhash_count: u64,
    pub(crate) message_hashes: Vec<Hash>,
}

impl BlockStatuses {
    /// Whether some transaction after a block with this many blockhashes could name the blockhashes that this one could.
    fn is_needed(&self, blockhash_count: u64) -> bool {
        const _: () = assert!(limits::STATUS_CACHE_BLOCKS > limits::BLOCKHASH_AGE_BLOCKS_MAX);
        self.blockhash_count.saturating_add(limits::STATUS_CACHE_BLOCKS) > blockhash_count
    }
}

#[derive(Clone, Copy)]
struct Status {
    message_hash: Hash,
    slot: u64,
}

/// Whether a transaction of the open block may be executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing was executed with its message.
    #[default]
    New,
    /// An earlier block holds its message.
    Executed,
    /// Others in the block have the same message: a group, see [`BlockClaims::is_executed`].
    Repeated(u32),
}

/// The claims of one block: what each of its transactions may expect.
#[derive(Default)]
pub(crate) struct BlockClaims {
    standings: Vec<Standing>,
    /// For each group of transactions with one message: whether one of them was executed.
    groups: Vec<AtomicBool>,
}

impl BlockClaims {
    /// The standing of the transaction at `position`.
    pub(crate) fn standing(&self, position: usize) -> Standing {
        self.standings[position]
    }

    /// Whether the message of a transaction of this standing was executed.
    pub(crate) fn is_executed(&self, standing: Standing) -> bool {
        match standing {
            Standing::New => false,
            Standing::Executed => true,
            // The schedule orders the transactions of a group: what the earlier one wrote is visible.
            Standing::Repeated(group) => self.groups[group as usize].load(Ordering::Relaxed),
        }
    }

    /// Notes that a transaction of this standing is in the block.
    pub(crate) fn note_executed(&self, standing: Standing) {
        if let Standing::Repeated(group) = standing {
            self.groups[group as usize].store(true, Ordering::Relaxed);
        }
    }

    /// Makes the transaction at `position` one of the group of the one at `first`.
    fn repeat(&mut self, first: usize) -> Standing {
        if self.standings[first] == Standing::New {
            self.standings[first] = Standing::Repeated(self.groups.len() as u32);
            self.groups.push(AtomicBool::new(false));
        }
        self.standings[first]
    }
}

impl StatusCache {
    /// The cache with the statuses of these blocks, which are committed, oldest first.
    pub(crate) fn restore(blocks: impl IntoIterator<Item = BlockStatuses>) -> Self {
        let mut cache = Self { entries: HashTable::new(), hasher: RandomState::new(), history: VecDeque::new() };
        for block in blocks {
            for hash in &block.message_hashes {
                cache.insert(Status { message_hash: *hash, slot: block.slot });
            }
            cache.push(block);
        }
        if let Some(blockhash_count) = cache.history.back().map(|newest| newest.blockhash_count) {
            cache.forget(blockhash_count);
        }
        cache
    }

    /// Looks without claiming: for a simulation.
    pub(crate) fn look<'a>(&self, messages: impl Iterator<Item = &'a Hash>, claims: &mut BlockClaims) {
        claims.groups.clear();
        claims.standings.clear();
        let standing = |hash| if self.find(hash).is_some() { Standing::Executed } else { Standing::New };
        claims.standings.extend(messages.map(standing));
    }

    /// The slot in which a transaction with this message was executed.
    pub(crate) fn slot(&self, message: &Hash) -> Option<u64> {
        self.find(message).map(|status| status.slot)
    }

    /// Claims the messages of the block at `slot`, in block order.
    pub(crate) fn claim<'a>(
        &mut self,
        messages: impl Iterator<Item = &'a Hash> + Clone,
        slot: u64,
        claims: &mut BlockClaims,
    ) {
        claims.groups.clear();
        claims.standings.clear();
        for hash in messages.clone() {
            let earlier = self.insert(Status { message_hash: *hash, slot });
            let standing = match earlier {
                None => Standing::New,
                Some(earlier) if earlier != slot => Standing::Executed,
                Some(_) => {
                    // Rare enough to search.
                    let first = messages.clone().position(|other| other == hash).unwrap_or_default();
                    claims.repeat(first)
                }
            };
            claims.standings.push(standing);
        }
    }

    /// Gives back the claim of a transaction that is not in the block.
    pub(crate) fn give_back(&mut self, message: &Hash, standing: Standing, claims: &BlockClaims) {
        if !claims.is_executed(standing) {
            self.remove(message);
        }
    }

    /// Gives back every claim of a block that is not going to be.
    pub(crate) fn give_back_all<'a>(&mut self, messages: impl Iterator<Item = &'a Hash>, slot: u64) {
        for message in messages {
            if self.slot(message) == Some(slot) {
                self.remove(message);
            }
        }
    }

    /// Adds a finished block, whose messages are claimed. Returns the oldest slot whose statuses it needs; O(log blocks).
    pub(crate) fn push(&mut self, block: BlockStatuses) -> u64 {
        let (slot, blockhash_count) = (block.slot, block.blockhash_count);
        self.history.push_back(block);
        let first = self.history.partition_point(|block| !block.is_needed(blockhash_count));
        self.history.get(first).map_or(slot, |oldest| oldest.slot)
    }

    /// Forgets the blocks that nobody needs once a block with this many blockhashes is committed.
    pub(crate) fn forget(&mut self, blockhash_count: u64) {
        while let Some(old) = self.history.pop_front_if(|oldest| !oldest.is_needed(blockhash_count)) {
            old.message_hashes.iter().for_each(|hash| self.remove(hash));
        }
    }

    /// Takes back the newest block.
    pub(crate) fn pop(&mut self) {
        if let Some(newest) = self.history.pop_back() {
            newest.message_hashes.iter().for_each(|hash| self.remove(hash));
        }
    }

    fn find(&self, message: &Hash) -> Option<&Status> {
        self.entries.find(place(&self.hasher, message), |status| status.message_hash == *message)
    }

    /// Adds a status; if there is one for the message, leaves it and returns its slot.
    fn insert(&mut self, status: Status) -> Option<u64> {
        let hasher = &self.hasher;
        let hash = place(hasher, &status.message_hash);
        let is_same = |other: &Status| other.message_hash == status.message_hash;
        match self.entries.entry(hash, is_same, |other| place(hasher, &other.message_hash)) {
            Entry::Occupied(earlier) => Some(earlier.get().slot),
            Entry::Vacant(vacant) => {
                vacant.insert(status);
                None
            }
        }
    }

    fn remove(&mut self, message: &Hash) {
        let hash = place(&self.hasher, message);
        if let Ok(entry) = self.entries.find_entry(hash, |status| status.message_hash == *message) {
            entry.remove();
        }
    }
}

fn place(hasher: &RandomState, message: &Hash) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(message.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> Hash {
        Hash::new_from_array([n; 32])
    }

    fn added(slot: u64, blockhash_count: u64, messages: &[u8]) -> BlockStatuses {
        BlockStatuses { slot, blockhash_count, message_hashes: messages.iter().map(|&n| hash(n)).collect() }
    }

    #[test]
    fn of_equal_messages_one_is_executed() {
        let mut cache = StatusCache::restore([added(1, 1, &[1])]);
        let mut claims = BlockClaims::default();
        let block = [hash(1), hash(2), hash(3), hash(2), hash(2)];
        cache.claim(block.iter(), 2, &mut claims);
        let standings: Vec<Standing> = (0..5).map(|position| claims.standing(position)).collect();
        let group = Standing::Repeated(0);
        assert_eq!(standings, [Standing::Executed, group, Standing::New, group, group]);
        // The first of the group is rejected, the second executed.
        assert!(!claims.is_executed(group));
        claims.note_executed(group);
        assert!(claims.is_executed(group));
        cache.give_back(&hash(2), group, &claims);
        cache.give_back(&hash(3), Standing::New, &claims);
        cache.push(added(2, 2, &[2]));
        cache.look(block.iter(), &mut claims);
        let standings: Vec<Standing> = (0..3).map(|position| claims.standing(position)).collect();
        assert_eq!(standings, [Standing::Executed, Standing::Executed, Standing::New]);
    }

    #[test]
    fn a_block_can_be_given_back_and_old_ones_are_forgotten() {
        let mut cache = StatusCache::restore([]);
        let mut claims = BlockClaims::default();
        cache.claim([hash(1)].iter(), 1, &mut claims);
        cache.push(added(1, 1, &[1]));
        cache.claim([hash(1), hash(2)].iter(), 2, &mut claims);
        cache.give_back_all([hash(1), hash(2)].iter(), 2);
        assert!(cache.find(&hash(1)).is_some() && cache.find(&hash(2)).is_none());
        for slot in 2..limits::STATUS_CACHE_BLOCKS + 1 {
            assert_eq!(cache.push(added(slot, slot, &[])), 1);
            cache.forget(slot);
        }
        assert_eq!(cache.push(added(1000, 301, &[])), 2);
        assert!(cache.find(&hash(1)).is_some(), "block 1000 may yet be taken back");
        cache.forget(301);
        assert!(cache.find(&hash(1)).is_none());
        cache.claim([hash(1)].iter(), 1001, &mut claims);
        cache.push(added(1001, 302, &[1]));
        cache.pop();
        assert!(cache.find(&hash(1)).is_none());
    }

    #[test]
    fn blocks_that_add_no_blockhash_drive_nothing_out() {
        let mut cache = StatusCache::restore([added(1, 1, &[1])]);
        for slot in 2..5000 {
            assert_eq!(cache.push(added(slot, 300, &[])), 1);
            cache.forget(300);
        }
        assert!(cache.find(&hash(1)).is_some());
        assert_eq!(cache.push(added(5000, 301, &[])), 2);
        cache.forget(301);
        assert!(cache.find(&hash(1)).is_none());
        let old = (1..=3).map(|slot| added(slot, slot, &[slot as u8]));
        let cache = StatusCache::restore(old.chain([added(400, 302, &[])]));
        assert_eq!([1, 2, 3].map(|n| cache.find(&hash(n)).is_some()), [false, false, true]);
    }
}
