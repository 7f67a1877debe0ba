//! The chain as the engine holds it in memory: the newest executed block and what the next one needs to know.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use heddle_storage::{Store, StoreError, Tip};
use heddle_types::{BlockHeader, Hash, limits};
use heddle_vm::{
    BlockEnvironment, Clock, EpochSchedule, EpochStakes, Rent, SlotHashes, SysvarCache, slot_hashes_to_bytes,
};
use solana_sdk_ids::sysvar;

use crate::{
    block::Block,
    blockhash_queue::{BlockhashQueue, blockhashes_in},
    state_hash::Lattice,
    status_cache::{BlockStatuses, StatusCache},
};

/// Entries of the slot-hashes sysvar.
const SLOT_HASHES_MAX: usize = 512;
/// Entries of the (deprecated) recent-blockhashes sysvar.
const RECENT_BLOCKHASHES_MAX: usize = 150;

/// State that one block replaces and a dropped block restores.
#[derive(Clone)]
pub(crate) struct ChainTip {
    pub(crate) header: BlockHeader,
    pub(crate) lattice: Lattice,
    pub(crate) blockhashes: BlockhashQueue,
    /// (slot, block hash), newest first.
    pub(crate) slot_hashes: VecDeque<(u64, Hash)>,
    pub(crate) epoch_start: EpochStart,
}

/// When an epoch began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochStart {
    epoch: u64,
    /// Of its first block, in Unix seconds.
    unix_timestamp: i64,
}

/// What takes the chain back by one block.
pub(crate) struct Undo {
    pub(crate) tip: ChainTip,
}

/// Everything behind the engine's chain lock.
pub(crate) struct Chain {
    pub(crate) tip: ChainTip,
    /// As its genesis says.
    pub(crate) epoch_schedule: EpochSchedule,
    /// Executed and not yet committed, oldest first.
    pub(crate) open_slots: VecDeque<u64>,
    /// Blockhashes that the chain had after the newest committed block.
    pub(crate) committed_blockhash_count: u64,
    /// Why no further block is taken.
    pub(crate) poison: Option<String>,
}

/// How an opened chain knows how many blockhashes it has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockhashCount {
    /// From all its headers; O(blocks).
    FromHeaders,
    /// From who has it open already.
    Known(u64),
    /// Not at all: nobody is going to ask.
    Unknown,
}

impl Chain {
    /// Rebuilds the chain, and what was executed on it, from a store that holds one.
    pub(crate) fn open(store: &dyn Store, tip: Tip, count: BlockhashCount) -> Result<(Self, StatusCache), StoreError> {
        let headers = recent_headers(store)?;
        let mut blockhashes = BlockhashQueue::from_headers(&headers);
        match count {
            BlockhashCount::FromHeaders if headers.first().is_some_and(|oldest| oldest.height > 0) => {
                blockhashes.set_count(count_blockhashes(store)?);
            }
            BlockhashCount::Known(count) => blockhashes.set_count(count),
            BlockhashCount::FromHeaders | BlockhashCount::Unknown => {}
        }
        let statuses = restore_statuses(store, &headers, blockhashes.count())?;
        let committed_blockhash_count = blockhashes.count();
        let epoch_schedule = stored_epoch_schedule(store)?;
        let tip = ChainTip {
            header: tip.header,
            lattice: Lattice::from_bytes(&tip.lattice),
            blockhashes,
            slot_hashes: restore_slot_hashes(store, &tip.header)?,
            epoch_start: restore_epoch_start(store, &tip.header, &epoch_schedule)?,
        };
        let open_slots = VecDeque::new();
        Ok((Self { tip, epoch_schedule, open_slots, committed_blockhash_count, poison: None }, statuses))
    }

    /// The environment in which `block` executes: everything up to its parent, and its own inputs.
    pub(crate) fn environment(&self, block: &Block, epoch_stakes: Arc<EpochStakes>) -> BlockEnvironment {
        let schedule = self.epoch_schedule;
        let clock = Clock {
            slot: block.slot,
            epoch_start_timestamp: self.epoch_start(block).unix_timestamp,
            epoch: schedule.epoch(block.slot),
            leader_schedule_epoch: schedule.leader_schedule_epoch(block.slot),
            unix_timestamp: block.unix_timestamp,
        };
        let mut sysvars = SysvarCache::new(clock, Rent::default(), schedule);
        let slot_hashes: Vec<_> = self.tip.slot_hashes.iter().copied().collect();
        sysvars.set(sysvar::slot_hashes::ID, &slot_hashes_to_bytes(&slot_hashes));
        sysvars.set(sysvar::recent_blockhashes::ID, &self.recent_blockhashes_to_bytes());
        BlockEnvironment {
            sysvars,
            blockhash: self.tip.blockhashes.last(),
            lamports_per_signature: limits::LAMPORTS_PER_SIGNATURE,
            epoch_stakes,
        }
    }

    /// The start of the epoch of `block`, which may be the first of it.
    fn epoch_start(&self, block: &Block) -> EpochStart {
        let epoch = self.epoch_schedule.epoch(block.slot);
        if epoch == self.tip.epoch_start.epoch {
            self.tip.epoch_start
        } else {
            EpochStart { epoch, unix_timestamp: block.unix_timestamp }
        }
    }

    /// Account data of the recent-blockhashes sysvar: count, then (blockhash, lamports per signature), newest first.
    fn recent_blockhashes_to_bytes(&self) -> Vec<u8> {
        let hashes: Vec<_> = self.tip.blockhashes.recent().take(RECENT_BLOCKHASHES_MAX).collect();
        let mut bytes = (hashes.len() as u64).to_le_bytes().to_vec();
        for hash in hashes {
            bytes.extend_from_slice(hash.as_ref());
            bytes.extend_from_slice(&limits::LAMPORTS_PER_SIGNATURE.to_le_bytes());
        }
        bytes
    }

    /// Makes `header` the newest executed block; returns what takes it back.
    pub(crate) fn advance(&mut self, header: BlockHeader, lattice: Lattice, block: &Block) -> Undo {
        let epoch_start = self.epoch_start(block);
        let undo = Undo { tip: self.tip.clone() };
        self.tip.header = header;
        self.tip.lattice = lattice;
        self.tip.blockhashes.push(header.blockhash);
        self.tip.slot_hashes.push_front((header.slot, header.block_hash));
        self.tip.slot_hashes.truncate(SLOT_HASHES_MAX);
        self.tip.epoch_start = epoch_start;
        self.open_slots.push_back(header.slot);
        undo
    }
}

/// The epoch schedule of the chain: what genesis put into the sysvar, which each block writes again. Mainnet's, if that is
/// none.
pub(crate) fn stored_epoch_schedule(store: &dyn Store) -> Result<EpochSchedule, StoreError> {
    let account = store.accounts(&[sysvar::epoch_schedule::ID])?.pop().flatten();
    let account = account.filter(|account| account.owner == sysvar::ID);
    Ok(account.and_then(|account| EpochSchedule::from_bytes(&account.data)).unwrap_or_default())
}

/// What the clock sysvar says, which the newest block wrote. Like slot hashes, a given clock may be of a later epoch than
/// genesis.
fn restore_epoch_start(
    store: &dyn Store,
    newest: &BlockHeader,
    schedule: &EpochSchedule,
) -> Result<EpochStart, StoreError> {
    let account = store.accounts(&[sysvar::clock::ID])?.pop().flatten();
    let clock = account.and_then(|account| Clock::from_bytes(&account.data));
    Ok(clock.map_or_else(
        || EpochStart { epoch: schedule.epoch(newest.slot), unix_timestamp: newest.unix_timestamp },
        |clock| EpochStart { epoch: clock.epoch, unix_timestamp: clock.epoch_start_timestamp },
    ))
}

/// The slot-hashes sysvar as the newest block saw it, and that block. Genesis adds nothing to a sysvar that it was given
/// from a later slot: such a chain goes on from another one's accounts.
fn restore_slot_hashes(store: &dyn Store, newest: &BlockHeader) -> Result<VecDeque<(u64, Hash)>, StoreError> {
    let account = store.accounts(&[sysvar::slot_hashes::ID])?.pop().flatten();
    let given = account.as_ref().and_then(|account| SlotHashes::decode(&account.data));
    let mut entries: VecDeque<_> = given.into_iter().flat_map(|given| given.entries()).collect();
    if entries.front().is_none_or(|(slot, _)| *slot < newest.slot) {
        entries.push_front((newest.slot, newest.block_hash));
    }
    entries.truncate(SLOT_HASHES_MAX);
    Ok(entries)
}

/// The newest headers, oldest first: at least those of every block with one of the newest blockhashes, as many as the
/// queue keeps, if there are so many.
fn recent_headers(store: &dyn Store) -> Result<Vec<BlockHeader>, StoreError> {
    // One more than the queue keeps: the oldest of them may lack some of its blocks.
    let mut count = limits::BLOCKHASH_QUEUE_LENGTH + 1;
    loop {
        let headers = store.recent_headers(count)?;
        if headers.len() < count || blockhashes_in(&headers) > limits::BLOCKHASH_QUEUE_LENGTH {
            return Ok(headers);
        }
        count = count.saturating_mul(2);
    }
}

/// How many blockhashes the whole chain has had, that of genesis not counted; O(blocks).
fn count_blockhashes(store: &dyn Store) -> Result<u64, StoreError> {
    let (mut count, mut last) = (0, None);
    store.for_each_header(&mut |header| {
        count += u64::from(last.is_some_and(|last| last != header.blockhash));
        last = Some(header.blockhash);
    })?;
    Ok(count)
}

/// How many blockhashes the blocks after the one at `slot` have added; O(those blocks).
pub(crate) fn count_blockhashes_after(store: &dyn Store, slot: u64) -> Result<u64, StoreError> {
    let Some(mut last) = store.header(slot)? else { return Ok(0) };
    let mut count = 0;
    while let Some(next) = store.next_header(last.slot)? {
        count += u64::from(next.blockhash != last.blockhash);
        last = next;
    }
    Ok(count)
}

/// The status cache of a chain that is opened again. `headers` are its newest, `blockhash_count` counts up to the last.
fn restore_statuses(
    store: &dyn Store,
    headers: &[BlockHeader],
    blockhash_count: u64,
) -> Result<StatusCache, StoreError> {
    let block = |slot, blockhash_count| BlockStatuses { slot, blockhash_count, message_hashes: Vec::new() };
    let mut blocks = BTreeMap::new();
    let (mut count, mut later) = (blockhash_count, headers.last());
    for header in headers.iter().rev() {
        count = count.saturating_sub(u64::from(later.is_some_and(|later| later.blockhash != header.blockhash)));
        later = Some(header);
        if header.height > 0 {
            blocks.insert(header.slot, block(header.slot, count));
        }
    }
    for entry in store.statuses()? {
        // What is older than the headers is as old as the oldest.
        let status = blocks.entry(entry.slot).or_insert_with(|| block(entry.slot, count));
        status.message_hashes.push(entry.key.message_hash);
    }
    Ok(StatusCache::restore(blocks.into_values()))
}
