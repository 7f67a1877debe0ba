//! What a store keeps of the past beside the accounts: blocks, indexes into them, and what takes them back.
//!
//! Plain data and the rule of what is pruned; every store follows it.

use heddle_types::{Account, Pubkey};

use crate::LATTICE_BYTES;

/// Slots that can be taken back unless the caller says otherwise.
const HISTORY_SLOTS: u64 = 512;

/// What to keep of the past. Headers are always kept: 209 bytes per block that prove the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerOptions {
    /// Keep at least this many slots of blocks: transactions, results, fingerprints of changes, and index entries into
    /// them. `None` keeps all. Older ones go step by step (an eighth of the slots at a time, at most 64).
    pub keep_slots: Option<u64>,
    /// Keep the details of receipts (logs, inner instructions, return data, balances), where the engine records them.
    pub details: bool,
    /// Index transactions by their first signature.
    pub signatures: bool,
    /// Index transactions by every account that they name.
    pub addresses: bool,
    /// Keep what takes back at least this many of the newest slots: the changed accounts as they were before. 0 for none.
    pub history_slots: u64,
}

impl Default for LedgerOptions {
    /// Every block with its details, history for 512 slots, no indexes.
    fn default() -> Self {
        Self { keep_slots: None, details: true, signatures: false, addresses: false, history_slots: HISTORY_SLOTS }
    }
}

impl LedgerOptions {
    /// Every block, every index, and history back to the beginning.
    pub const EVERYTHING: Self =
        Self { keep_slots: None, details: true, signatures: true, addresses: true, history_slots: u64::MAX };
}

/// What a store holds of the past. A part that is `None` is not kept; else every block from that slot on has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What is asked to be kept; part of the chain's database until somebody asks for something else.
    pub options: LedgerOptions,
    /// Transactions, results and fingerprints of changes: from the first block at or after this slot.
    pub blocks_from: u64,
    /// Details of receipts.
    pub details_from: Option<u64>,
    /// Index by signature.
    pub signatures_from: Option<u64>,
    /// Index by address.
    pub addresses_from: Option<u64>,
    /// What takes blocks back: the state before the first block at or after this slot can be had.
    pub history_from: Option<u64>,
    /// Statuses that the newest block still needs.
    pub statuses_from: u64,
}

impl Ledger {
    /// What is kept when a chain begins, or goes on under other options, after the block at `tip_slot`: parts that were
    /// not kept until now begin with the next block.
    pub(crate) fn under(self, options: LedgerOptions, tip_slot: u64) -> Self {
        let part = |from: Option<u64>, is_kept: bool| is_kept.then(|| from.unwrap_or(tip_slot.saturating_add(1)));
        Self {
            options,
            details_from: part(self.details_from, options.details),
            signatures_from: part(self.signatures_from, options.signatures),
            addresses_from: part(self.addresses_from, options.addresses),
            history_from: part(self.history_from, options.history_slots > 0),
            ..self
        }
    }

    /// What is kept once the block at `slot` is there, which needs statuses from `statuses_from` on.
    ///
    /// Only every so many slots something goes, so that a removal is worth its cost.
    pub(crate) fn after(self, slot: u64, statuses_from: u64) -> Self {
        let first_kept = |from: u64, keep: u64| {
            let target = slot.saturating_add(1).saturating_sub(keep);
            if target >= from.saturating_add(step(keep)) { target } else { from }
        };
        let LedgerOptions { keep_slots, history_slots, .. } = self.options;
        let blocks_from = keep_slots.map_or(self.blocks_from, |keep| first_kept(self.blocks_from, keep));
        let at_least_blocks = |from: Option<u64>| from.map(|from| from.max(blocks_from));
        Self {
            blocks_from,
            details_from: at_least_blocks(self.details_from),
            signatures_from: at_least_blocks(self.signatures_from),
            addresses_from: at_least_blocks(self.addresses_from),
            history_from: self.history_from.map(|from| first_kept(from, history_slots)),
            statuses_from: self.statuses_from.max(statuses_from),
            ..self
        }
    }

    /// What is kept once every block after `slot` is taken back, whose newest needs statuses from `statuses_from` on.
    pub(crate) fn before(self, slot: u64, statuses_from: u64) -> Self {
        let next = slot.saturating_add(1);
        let at_most_next = |from: Option<u64>| from.map(|from| from.min(next));
        Self {
            blocks_from: self.blocks_from.min(next),
            details_from: at_most_next(self.details_from),
            signatures_from: at_most_next(self.signatures_from),
            addresses_from: at_most_next(self.addresses_from),
            history_from: at_most_next(self.history_from),
            statuses_from,
            ..self
        }
    }

    /// Whether the block at `slot` is kept.
    pub(crate) fn has_block(&self, slot: u64) -> bool {
        slot >= self.blocks_from
    }
}

/// Slots that go at once when `keep` slots are kept.
fn step(keep: u64) -> u64 {
    const STEP_MAX: u64 = 64;
    (keep / 8).clamp(1, STEP_MAX)
}

/// What takes one block back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockHistory {
    /// The accounts lattice before the block.
    pub lattice: Box<[u8; LATTICE_BYTES]>,
    /// The oldest slot whose statuses the block before needed.
    pub statuses_from_slot: u64,
    /// Accounts before the block, in ascending order of key: those that the block wrote. `None`: there was none.
    pub accounts: Vec<(Pubkey, Option<Account>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_was_not_kept_begins_with_the_next_block() {
        let nothing = LedgerOptions { details: false, history_slots: 0, ..LedgerOptions::default() };
        let ledger = Ledger::default().under(nothing, 0);
        assert_eq!((ledger.details_from, ledger.history_from, ledger.signatures_from), (None, None, None));
        let ledger = ledger.under(LedgerOptions::EVERYTHING, 7);
        assert_eq!((ledger.details_from, ledger.history_from, ledger.signatures_from), (Some(8), Some(8), Some(8)));
        assert_eq!(ledger.under(LedgerOptions::EVERYTHING, 20), ledger, "and goes on from there");
        assert_eq!(ledger.under(nothing, 20).history_from, None);
    }

    #[test]
    fn at_least_the_slots_asked_for_are_kept() {
        let options =
            LedgerOptions { keep_slots: Some(100), history_slots: 10, signatures: true, ..LedgerOptions::default() };
        let mut ledger = Ledger::default().under(options, 0);
        let mut steps = 0;
        for slot in 1..1000 {
            let next = ledger.after(slot, 0);
            steps += u32::from(next.blocks_from != ledger.blocks_from);
            ledger = next;
            assert!(ledger.blocks_from + 100 <= (slot + 1).max(100), "slot {slot}: {ledger:?}");
            assert!(slot < 120 || ledger.blocks_from + 112 > slot, "slot {slot}: {ledger:?}");
            assert!(ledger.history_from.unwrap() + 10 <= (slot + 1).max(11));
            assert!(ledger.signatures_from.unwrap() >= ledger.blocks_from);
        }
        assert!((50..100).contains(&steps), "{steps}");
    }
}
