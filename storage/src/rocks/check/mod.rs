//! Whether rows are those of a chain: each record decodes, and all of them agree.
//!
//! Rows come in the order of [`ORDER`], from a database or from a snapshot archive alike. The checker knows neither: it
//! looks at what it is shown, once, and goes on after what it finds. Memory grows with the kept blocks (48 bytes each).

mod blocks;
mod finding;
pub(super) mod inspect;

use heddle_types::{BlockHeader, Hash};

use self::blocks::{Block, Blocks};
pub use self::{
    finding::{Finding, Findings, Flaw},
    inspect::{CheckReport, ColumnSize, Overview},
};
use super::columns::{Column, FORMAT_KEY, GENESIS_KEY, LEDGER_KEY, TIP_KEY, address_of, pubkey_of, slot_of};
use crate::{
    LATTICE_BYTES, Ledger, Tip,
    accounts_sum::AccountsSum,
    codec::{self, DecodeError},
};

/// The order in which columns are looked at: headers first, because the others are of blocks.
pub(super) const ORDER: [Column; 10] = [
    Column::Headers,
    Column::Accounts,
    Column::Statuses,
    Column::GenesisAccounts,
    Column::Transactions,
    Column::Changes,
    Column::Details,
    Column::History,
    Column::Signatures,
    Column::Addresses,
];

/// See the [module](self).
pub(super) struct Checker {
    tip: Tip,
    ledger: Ledger,
    genesis_state_hash: Option<Hash>,
    newest: Option<BlockHeader>,
    blocks: Blocks,
    /// Of the column that is being looked at.
    sum: AccountsSum,
    last_key: Vec<u8>,
    findings: Findings,
}

impl Checker {
    /// For a chain with this tip that keeps this.
    pub(super) fn new(tip: Tip, ledger: Ledger) -> Self {
        let earliest = ledger.history_from.into_iter().chain([ledger.blocks_from, ledger.statuses_from]).min();
        let blocks = Blocks::from_slot(earliest.unwrap_or_default());
        let (genesis_state_hash, newest) = (None, None);
        let (sum, last_key, findings) = (AccountsSum::default(), Vec::new(), Findings::default());
        Self { tip, ledger, genesis_state_hash, newest, blocks, sum, last_key, findings }
    }

    /// What was found so far.
    pub(super) fn findings(&self) -> &Findings {
        &self.findings
    }

    pub(super) fn into_findings(self) -> Findings {
        self.findings
    }

    pub(super) fn report(&mut self, column: Column, key: &[u8], flaw: Flaw) {
        self.findings.push(Finding { column: column.name(), key: column.display_key(key), flaw });
    }

    /// Looks at one row; the mark of a column is none.
    pub(super) fn row(&mut self, column: Column, key: &[u8], value: &[u8]) {
        if !self.last_key.is_empty() && *self.last_key >= *key {
            self.report(column, key, Flaw::Order);
        }
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        if let Err(flaw) = self.look_at(column, key, value) {
            self.report(column, key, flaw);
        }
    }

    fn look_at(&mut self, column: Column, key: &[u8], value: &[u8]) -> Result<(), Flaw> {
        match column {
            Column::Headers => self.header(slot_of(key)?, value),
            Column::Accounts | Column::GenesisAccounts => {
                self.sum.add(&pubkey_of(key)?, &codec::decode_account(value)?);
                Ok(())
            }
            Column::Statuses => self.statuses(slot_of(key)?, value),
            Column::Transactions | Column::Changes | Column::Details | Column::History => {
                self.of_block(column, key, value)
            }
            Column::Signatures => {
                signature_of(key)?;
                let place = codec::decode_place(value)?;
                self.indexed(self.ledger.signatures_from, place.slot, place.position.into())
            }
            Column::Addresses => {
                let slot = address_of(key)?.1;
                let positions = codec::decode_positions(value)?;
                let last = positions.last().copied().unwrap_or_default();
                self.indexed(self.ledger.addresses_from, slot, last.into())
            }
            Column::Meta => named_record(key, value),
        }
    }

    /// Looks at what only shows once a column's rows were all there.
    pub(super) fn end_column(&mut self, column: Column) {
        self.last_key.clear();
        match column {
            Column::Headers if self.newest != Some(self.tip.header) => {
                let tip_slot = self.tip.header.slot;
                self.report(column, &tip_slot.to_be_bytes(), Flaw::Tip { tip_slot });
            }
            Column::Accounts => self.end_accounts(column, Some(self.tip.header.state_hash)),
            Column::GenesisAccounts => self.end_accounts(column, self.genesis_state_hash),
            _ => {}
        }
        if let Some(from) = self.every_block_from(column) {
            for slot in self.blocks.end(from) {
                self.report(column, &slot.to_be_bytes(), Flaw::Missing);
            }
        }
    }

    fn end_accounts(&mut self, column: Column, expected: Option<Hash>) {
        let found = hash_of(&std::mem::take(&mut self.sum).into_lattice());
        // Without a header of genesis there is a finding already.
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            self.findings.push(Finding {
                column: column.name(),
                key: "all".to_owned(),
                flaw: Flaw::StateHash { found, expected },
            });
        }
    }

    fn header(&mut self, slot: u64, value: &[u8]) -> Result<(), Flaw> {
        let header = codec::decode_header(value)?;
        let parent = self.newest.replace(header);
        if header.slot != slot {
            return Err(Flaw::Slot { found: header.slot });
        }
        let Some(parent) = parent else {
            self.genesis_state_hash = Some(header.state_hash);
            return if slot == 0 { Ok(()) } else { Err(Flaw::Missing) };
        };
        let parent_state_hash = parent.state_hash;
        self.blocks.push(Block { slot, transaction_count: header.transaction_count, parent_state_hash });
        let is_next = header.parent_slot == parent.slot
            && header.parent_hash == parent.block_hash
            && Some(header.height) == parent.height.checked_add(1);
        if is_next { Ok(()) } else { Err(Flaw::Parent { parent_slot: parent.slot }) }
    }

    fn statuses(&self, slot: u64, value: &[u8]) -> Result<(), Flaw> {
        let found = codec::decode_statuses(value)?.len() as u64;
        let Some(block) = self.blocks.at(slot) else {
            // Older statuses are needed by states that the chain can be taken back to; their headers were not noted.
            return if self.blocks.is_noted(slot) { Err(Flaw::NoBlock) } else { Ok(()) };
        };
        let expected = block.transaction_count;
        if found <= expected { Ok(()) } else { Err(Flaw::Count { found, expected }) }
    }

    /// From which slot on every block has a record in the column.
    fn every_block_from(&self, column: Column) -> Option<u64> {
        match column {
            Column::Transactions | Column::Changes => Some(self.ledger.blocks_from),
            Column::History => self.ledger.history_from,
            _ => None,
        }
    }

    fn of_block(&mut self, column: Column, key: &[u8], value: &[u8]) -> Result<(), Flaw> {
        let slot = slot_of(key)?;
        let is_of_every = self.every_block_from(column);
        let from = is_of_every.or(self.ledger.details_from.filter(|_| column == Column::Details));
        if from.is_none_or(|from| slot < from) {
            return Err(Flaw::NotKept { from: from.unwrap_or(u64::MAX) });
        }
        if let Some(from) = is_of_every {
            for missing in self.blocks.skip_to(from, slot) {
                self.report(column, &missing.to_be_bytes(), Flaw::Missing);
            }
        }
        let Block { transaction_count: expected, parent_state_hash, .. } = self.blocks.at(slot).ok_or(Flaw::NoBlock)?;
        let found = match column {
            Column::Transactions => codec::decode_transactions(value)?.len(),
            Column::Details => codec::decode_details(value)?.len(),
            Column::Changes => {
                let digests = codec::decode_changes(value)?;
                return ascending(digests.iter().map(|digest| &digest.key));
            }
            _ => {
                let history = codec::decode_history(value)?;
                let found = hash_of(&history.lattice);
                if found != parent_state_hash {
                    return Err(Flaw::StateHash { found, expected: parent_state_hash });
                }
                return ascending(history.accounts.iter().map(|(key, _)| key));
            }
        };
        let found = found as u64;
        if found == expected { Ok(()) } else { Err(Flaw::Count { found, expected }) }
    }

    fn indexed(&self, from: Option<u64>, slot: u64, position: u64) -> Result<(), Flaw> {
        let from = from.unwrap_or(u64::MAX);
        if slot < from {
            return Err(Flaw::NotKept { from });
        }
        let count = self.blocks.at(slot).ok_or(Flaw::NoBlock)?.transaction_count;
        if position < count { Ok(()) } else { Err(Flaw::Position { slot, position, count }) }
    }
}

/// Looks at one of the records that have names.
fn named_record(key: &[u8], value: &[u8]) -> Result<(), Flaw> {
    match key {
        FORMAT_KEY => codec::decode_format(value).map(drop)?,
        TIP_KEY => codec::decode_tip(value).map(drop)?,
        GENESIS_KEY => codec::decode_genesis_count(value).map(drop)?,
        LEDGER_KEY => codec::decode_ledger(value).map(drop)?,
        _ => return Err(Flaw::Unknown),
    }
    Ok(())
}

pub(super) fn signature_of(key: &[u8]) -> Result<[u8; 64], DecodeError> {
    key.try_into().map_err(|_| DecodeError::Value { field: "key length", value: key.len() as u64 })
}

fn ascending<T: Ord>(keys: impl Iterator<Item = T>) -> Result<(), Flaw> {
    if keys.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(Flaw::Order) }
}

fn hash_of(lattice: &[u8; LATTICE_BYTES]) -> Hash {
    Hash::new_from_array(*blake3::hash(lattice).as_bytes())
}
