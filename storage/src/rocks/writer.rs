//! The one writer: in which phase a database is, and what may be written in it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use heddle_types::{BlockHeader, Genesis};
use parking_lot::Mutex;

use super::{
    RocksOptions,
    background::{Removed, Work},
    columns::{Column, slot_key},
    database::Database,
    guard::Guard,
    recover::Chain,
    write::{self, Parent},
};
use crate::{BlockBatch, Durability, LATTICE_BYTES, Ledger, LedgerOptions, StoreError, Tip, batch, codec};

/// No block is known to be durable.
const NO_SLOT: u64 = u64::MAX;

/// What the store and its background thread share.
pub(super) struct Shared {
    database: Database,
    writer: Mutex<Writer>,
    durability: Durability,
    /// Slot of the newest block that was synced, or [`NO_SLOT`].
    durable_slot: AtomicU64,
    /// How often blocks were taken back. Changes only while nobody drops files.
    revert_count: AtomicU64,
    /// Held by who drops files of removed records, and by who takes blocks back.
    dropping: Mutex<()>,
}

pub(super) struct Writer {
    pub(super) phase: Phase,
    /// `None` only in a store that is open for reading.
    pub(super) guard: Option<Guard>,
}

pub(super) enum Phase {
    Empty {
        /// What the chain will keep.
        ledger: LedgerOptions,
    },
    Ready(Box<Ready>),
    Poisoned {
        cause: String,
    },
    ReadOnly,
}

/// The chain as far as the next block must know it.
pub(super) struct Ready {
    tip: Tip,
    ledger: Ledger,
    /// Statuses of slots below are not in the database.
    statuses_dropped_to: u64,
}

impl Writer {
    fn ready(&self, path: &Path) -> Result<&Ready, StoreError> {
        match &self.phase {
            Phase::Ready(ready) => Ok(ready),
            Phase::Empty { .. } => Err(StoreError::NotInitialized),
            Phase::Poisoned { cause } => Err(StoreError::Poisoned { cause: cause.clone() }),
            Phase::ReadOnly => Err(StoreError::ReadOnly { path: path.to_owned() }),
        }
    }

    /// Remembers that the outcome of a write is unknown.
    fn poison(&mut self, error: StoreError) -> StoreError {
        self.phase = Phase::Poisoned { cause: error.to_string() };
        error
    }

    fn guard(&mut self) -> &mut Guard {
        self.guard.as_mut().expect("only a store open for reading has no guard, and it does not write")
    }
}

impl Shared {
    pub(super) fn new(database: Database, writer: Writer, durability: Durability) -> Self {
        Self {
            database,
            writer: Mutex::new(writer),
            durability,
            durable_slot: AtomicU64::new(NO_SLOT),
            revert_count: AtomicU64::new(0),
            dropping: Mutex::new(()),
        }
    }

    /// A chain that was found whole. All that recovery replayed is in tables, so its tip is durable.
    pub(super) fn open(
        database: Database,
        chain: Chain,
        mut guard: Guard,
        options: &RocksOptions,
    ) -> Result<Self, StoreError> {
        let Chain { tip, ledger: kept, statuses_dropped_to } = chain;
        let slot = tip.header.slot;
        let ledger = kept.under(options.ledger.unwrap_or(kept.options), slot);
        if ledger != kept {
            database.write(write::options(&database, &kept, &ledger))?;
        }
        guard.acknowledge(database.path(), &tip.header)?;
        database.forget_entries_before(ledger.blocks_from);
        let phase = Phase::Ready(Box::new(Ready { tip, ledger, statuses_dropped_to }));
        let shared = Self::new(database, Writer { phase, guard: Some(guard) }, options.durability);
        shared.durable_slot.store(slot, Ordering::Release);
        Ok(shared)
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    pub(super) fn durability(&self) -> Durability {
        self.durability
    }

    /// Slot of the newest block that was synced; `None` if this store wrote none.
    pub(super) fn durable_slot(&self) -> Option<u64> {
        Some(self.durable_slot.load(Ordering::Acquire)).filter(|slot| *slot != NO_SLOT)
    }

    pub(super) fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        let options = match &writer.phase {
            Phase::Empty { ledger } => *ledger,
            Phase::Ready(ready) => {
                return Err(StoreError::AlreadyInitialized { tip_slot: ready.tip.header.slot });
            }
            Phase::Poisoned { .. } | Phase::ReadOnly => return writer.ready(self.database.path()).map(drop),
        };
        batch::check_genesis(genesis, lattice)?;
        let ledger = Ledger::default().under(options, 0);
        write::genesis(&self.database, genesis, lattice, &ledger)
            .and_then(|()| self.acknowledge(&mut writer, &genesis.header))
            .map_err(|error| writer.poison(error))?;
        let tip = Tip { header: genesis.header, lattice: Box::new(*lattice) };
        writer.phase = Phase::Ready(Box::new(Ready { tip, ledger, statuses_dropped_to: 0 }));
        Ok(())
    }

    /// Commits a block; returns what was removed to make room.
    pub(super) fn commit(&self, block: &BlockBatch) -> Result<Vec<Removed>, StoreError> {
        let mut writer = self.writer.lock();
        let ready = writer.ready(self.database.path())?;
        batch::check_next(&ready.tip.header, &block.header)?;
        let Ready { tip, ledger: before, statuses_dropped_to } = ready;
        let before = *before;
        let parent = Parent { tip, ledger: &before, statuses_dropped_to: *statuses_dropped_to };
        let write = write::block(&self.database, block, &parent)?;
        let is_synced = self.durability == Durability::Block;
        self.database
            .write_with(write.batch, is_synced)
            .and_then(|()| if is_synced { self.acknowledge(&mut writer, &block.header) } else { Ok(()) })
            .map_err(|error| writer.poison(error))?;
        let tip = Tip { header: block.header, lattice: block.lattice.clone() };
        let (ledger, statuses_dropped_to) = (write.ledger, write.statuses_dropped_to);
        writer.phase = Phase::Ready(Box::new(Ready { tip, ledger, statuses_dropped_to }));
        self.database.forget_entries_before(ledger.blocks_from);
        Ok(removed(&before, &ledger, self.revert_count.load(Ordering::Acquire)))
    }

    /// Makes every committed block durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        let header = match &writer.phase {
            Phase::Ready(ready) => ready.tip.header,
            Phase::Poisoned { .. } => return writer.ready(self.database.path()).map(drop),
            Phase::Empty { .. } | Phase::ReadOnly => return Ok(()),
        };
        if self.durable_slot() == Some(header.slot) {
            return Ok(());
        }
        self.database.sync().and_then(|()| self.acknowledge(&mut writer, &header)).map_err(|error| writer.poison(error))
    }

    /// Takes back every block after `slot`.
    pub(super) fn revert(&self, slot: u64) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        let ready = writer.ready(self.database.path())?;
        if ready.tip.header.slot == slot {
            return Ok(());
        }
        let header = self.database.get(Column::Headers, &slot_key(slot), codec::decode_header)?;
        let header = header.filter(|_| slot < ready.tip.header.slot).ok_or(StoreError::NotKept { slot })?;
        let statuses_dropped_to = ready.statuses_dropped_to;
        // What was removed before is not what is at those slots from now on.
        let _nobody_drops_files = self.dropping.lock();
        self.revert_count.fetch_add(1, Ordering::Release);
        let (batch, tip, ledger) = write::revert(&self.database, &header, &ready.ledger)?;
        // Noted before: a note of a block that is gone would look like a loss. The other way round, an older note says
        // nothing wrong.
        writer
            .guard()
            .acknowledge_durably(self.database.path(), &header)
            .and_then(|()| self.database.write(batch))
            .map_err(|error| writer.poison(error))?;
        self.durable_slot.store(slot, Ordering::Release);
        // Slots may be kept again that were not.
        self.database.forget_entries_before(ledger.blocks_from);
        writer.phase = Phase::Ready(Box::new(Ready { tip, ledger, statuses_dropped_to }));
        Ok(())
    }

    /// Notes that the block is durable, so that its loss would be noticed, and tells who asks.
    fn acknowledge(&self, writer: &mut Writer, header: &BlockHeader) -> Result<(), StoreError> {
        writer.guard().acknowledge(self.database.path(), header)?;
        self.durable_slot.store(header.slot, Ordering::Release);
        Ok(())
    }
}

impl Work for Arc<Shared> {
    fn sync(&self) {
        // A failure poisons the writer, which says so at the next commit.
        Shared::sync(self).ok();
    }

    fn drop_files(&self, removed: Removed) {
        let _nobody_reverts = self.dropping.lock();
        if removed.revert_count == self.revert_count.load(Ordering::Acquire) {
            // The records are gone already; what this fails to give back, compaction does.
            self.database.drop_files(removed.column, removed.until).ok();
        }
    }
}

/// What went between one block and the next.
fn removed(before: &Ledger, after: &Ledger, revert_count: u64) -> Vec<Removed> {
    let mut all = Vec::new();
    if before.blocks_from < after.blocks_from {
        let of = |column| Removed { column, until: after.blocks_from, revert_count };
        all.extend(Column::OF_BLOCKS.map(of));
    }
    if let (Some(from), Some(until)) = (before.history_from, after.history_from)
        && from < until
    {
        all.push(Removed { column: Column::History, until, revert_count });
    }
    all
}
