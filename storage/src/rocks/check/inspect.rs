//! A database as it is: what it says of itself, and whether every row of it is what it should be.

use heddle_types::{BlockHeader, Pubkey, StoredTransaction, TransactionPlace, TransactionView};

use super::{Checker, Findings, Flaw, ORDER, signature_of};
use crate::{
    Ledger, StoreError, Tip, codec,
    index::BlockIndex,
    rocks::{
        RocksStore,
        columns::{Column, FIRST_KEY, GENESIS_KEY, address_key, address_of, is_entry_from, slot_key, slot_of},
        database::Database,
        guard::Note,
        snapshot::{PROGRESS_ROWS, Progress},
    },
};

/// A column as the database library estimates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnSize {
    /// Its name.
    pub name: &'static str,
    /// About how many rows it has.
    pub rows: u64,
    /// About how many bytes it takes, on disk and in memory.
    pub size_bytes: u64,
}

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Version of its format; the only one that this program opens.
    pub format_version: u32,
    /// The newest block.
    pub tip: Tip,
    /// The header of the genesis state.
    pub genesis: BlockHeader,
    /// Slot in the note of the newest acknowledged block; `None` without a note.
    pub acknowledged_slot: Option<u64>,
    /// What is kept of the past.
    pub ledger: Ledger,
    /// Every column.
    pub columns: Vec<ColumnSize>,
}

/// What a full reading found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// Rows that were read, by column.
    pub rows: Vec<(&'static str, u64)>,
    /// What is wrong.
    pub findings: Findings,
}

impl RocksStore {
    /// What the database says of itself; reads only a few records.
    ///
    /// # Errors
    /// [`StoreError::NotInitialized`], what the medium says, or a record that does not decode.
    pub fn overview(&self) -> Result<Overview, StoreError> {
        let database = self.database();
        let tip = database.tip()?.ok_or(StoreError::NotInitialized)?;
        let genesis = database.get(Column::Headers, &slot_key(0), codec::decode_header)?;
        let columns = Column::ALL.into_iter().map(|column| {
            let (rows, size_bytes) = database.size_of(column);
            ColumnSize { name: column.name(), rows, size_bytes }
        });
        Ok(Overview {
            // Another would not have been opened.
            format_version: codec::FORMAT_VERSION,
            tip,
            genesis: genesis.ok_or(StoreError::NotInitialized)?,
            acknowledged_slot: Note::read(database.path())?.map(|note| note.slot),
            ledger: database.ledger()?.unwrap_or_default(),
            columns: columns.collect(),
        })
    }

    /// Reads every row and checks that all are those of one chain: checksums, records, headers, counts, index entries in
    /// both directions, and the state hash over all accounts. The database should not be written to meanwhile. O(rows).
    ///
    /// # Errors
    /// [`StoreError::NotInitialized`], or if tip or ledger record cannot be read; what is wrong with rows is part of the
    /// report.
    pub fn check(&self, progress: &mut dyn FnMut(Progress)) -> Result<CheckReport, StoreError> {
        let database = self.database();
        let tip = database.tip()?.ok_or(StoreError::NotInitialized)?;
        let ledger = database.ledger()?.unwrap_or_default();
        let total = ORDER.into_iter().map(|column| database.size_of(column).0).sum();
        let checker = Checker::new(tip, ledger);
        let mut inspection = Inspection { database, ledger, checker, progress, done: 0, total, block: None };
        let mut rows: Vec<_> = ORDER.into_iter().map(|column| (column.name(), inspection.column(column))).collect();
        rows.push((Column::Meta.name(), inspection.column(Column::Meta)));
        inspection.genesis_count(&rows);
        Ok(CheckReport { rows, findings: inspection.checker.into_findings() })
    }
}

/// A full reading under way.
struct Inspection<'a> {
    database: &'a Database,
    ledger: Ledger,
    checker: Checker,
    progress: &'a mut dyn FnMut(Progress),
    done: u64,
    total: u64,
    /// Slot and transactions of the block that an index entry led to last; `None` if they cannot be read, which is told
    /// already.
    block: Option<(u64, Option<Vec<StoredTransaction>>)>,
}

impl Inspection<'_> {
    /// Reads a column; how many rows it has.
    fn column(&mut self, column: Column) -> u64 {
        let database = self.database;
        let mut count = 0;
        let read = database.scan(column, FIRST_KEY, &mut |key, value| {
            count += 1;
            self.done += 1;
            if self.done.is_multiple_of(PROGRESS_ROWS) {
                (self.progress)(Progress { done: self.done, total: self.total.max(self.done) });
            }
            // Entries of blocks that went stay until a compaction comes by.
            if is_entry_from(column, key, value, self.ledger.blocks_from) {
                self.row(column, key, value);
            }
            Ok(true)
        });
        if let Err(error) = read {
            self.checker.report(column, b"all", Flaw::Unreadable(error.to_string()));
        }
        self.checker.end_column(column);
        count
    }

    fn row(&mut self, column: Column, key: &[u8], value: &[u8]) {
        let known = self.checker.findings().count;
        self.checker.row(column, key, value);
        if self.checker.findings().count > known {
            // What is wrong by itself is not looked up.
            return;
        }
        let looked_up = match column {
            Column::Transactions => self.are_indexed(key, value),
            Column::Signatures => self.leads_to_signature(key, value),
            Column::Addresses => self.leads_to_address(key, value),
            _ => Ok(()),
        };
        if let Err(flaw) = looked_up {
            self.checker.report(column, key, flaw);
        }
    }

    /// Whether the indexes lead to every transaction of the block.
    fn are_indexed(&mut self, key: &[u8], value: &[u8]) -> Result<(), Flaw> {
        let slot = slot_of(key)?;
        let is_from = |from: Option<u64>| from.is_some_and(|from| slot >= from);
        let Ledger { signatures_from, addresses_from, mut options, .. } = self.ledger;
        options.signatures = is_from(signatures_from);
        options.addresses = is_from(addresses_from);
        if !options.signatures && !options.addresses {
            return Ok(());
        }
        let transactions = codec::decode_transactions(value)?;
        let index = BlockIndex::of(slot, &transactions, &options);
        let index = index.map_err(|error| Flaw::Unreadable(error.to_string()))?;
        for (signature, position) in &index.signatures {
            if !self.has_signature(signature, TransactionPlace { slot, position: *position }) {
                self.checker.report(Column::Signatures, signature, Flaw::NotIndexed { slot, position: *position });
            }
        }
        for (address, positions) in index.by_address() {
            let key = address_key(address, slot);
            let found = self.database.get(Column::Addresses, &key, codec::decode_positions).ok().flatten();
            let found = found.unwrap_or_default();
            for position in positions.filter(|position| found.binary_search(position).is_err()) {
                self.checker.report(Column::Addresses, &key, Flaw::NotIndexed { slot, position });
            }
        }
        Ok(())
    }

    /// Whether the index leads from the signature to this place, or to a later transaction that has it too.
    fn has_signature(&self, signature: &[u8; 64], place: TransactionPlace) -> bool {
        let found = self.database.get(Column::Signatures, signature, codec::decode_place);
        found.ok().flatten().is_some_and(|found| found >= place)
    }

    fn leads_to_signature(&mut self, key: &[u8], value: &[u8]) -> Result<(), Flaw> {
        let (signature, place) = (signature_of(key)?, codec::decode_place(value)?);
        let other = Flaw::OtherTransaction { slot: place.slot, position: place.position };
        let Some(transactions) = self.transactions(place.slot) else { return Ok(()) };
        let stored = transactions.get(place.position as usize).ok_or(other.clone())?;
        let is_it = TransactionView::parse(&stored.wire).is_ok_and(|view| view.signatures()[0] == signature);
        if is_it { Ok(()) } else { Err(other) }
    }

    fn leads_to_address(&mut self, key: &[u8], value: &[u8]) -> Result<(), Flaw> {
        let (address, slot) = address_of(key)?;
        let Some(transactions) = self.transactions(slot) else { return Ok(()) };
        let is_named = |position: &u32| transactions.get(*position as usize).is_some_and(|one| names(one, &address));
        match codec::decode_positions(value)?.into_iter().find(|position| !is_named(position)) {
            Some(position) => Err(Flaw::OtherTransaction { slot, position }),
            None => Ok(()),
        }
    }

    /// Transactions of the block at `slot`, if they can be read.
    fn transactions(&mut self, slot: u64) -> Option<&[StoredTransaction]> {
        if self.block.as_ref().is_none_or(|(read, _)| *read != slot) {
            let block = self.database.get(Column::Transactions, &slot_key(slot), codec::decode_transactions);
            self.block = Some((slot, block.ok().flatten()));
        }
        self.block.as_ref()?.1.as_deref()
    }

    fn genesis_count(&mut self, rows: &[(&str, u64)]) {
        let found =
            rows.iter().find(|(name, _)| *name == Column::GenesisAccounts.name()).map_or(0, |(_, count)| *count);
        let flaw = match self.database.get(Column::Meta, GENESIS_KEY, codec::decode_genesis_count) {
            Ok(Some(expected)) if expected == found => return,
            Ok(Some(expected)) => Flaw::Count { found, expected },
            Ok(None) => Flaw::Missing,
            // Told when the row was read.
            Err(_) => return,
        };
        self.checker.report(Column::Meta, GENESIS_KEY, flaw);
    }
}

fn names(stored: &StoredTransaction, address: &Pubkey) -> bool {
    let loaded = stored.loaded_addresses.contains(address);
    loaded || TransactionView::parse(&stored.wire).is_ok_and(|view| view.static_keys().contains(address))
}
