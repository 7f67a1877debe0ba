//! The durable store, on RocksDB.
//!
//! Invariant: one block is one write batch, which is one record of the write-ahead log with its checksum, fsynced
//! before it is visible. So after a crash a block is there as a whole or not at all, and every block that
//! [`Store::commit`] reported is there. `docs/storage-format.md` has the argument and its limits.

mod columns;
mod database;
mod errors;
mod guard;
mod manifest;
mod options;
mod recover;
mod write;

use std::{
    fmt,
    fs::{self, File},
    io,
    path::Path,
};

use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StoredTransaction};
use parking_lot::Mutex;

use self::{
    columns::{Column, FIRST_KEY, GENESIS_KEY, pubkey_of, slot_key, slot_of},
    database::{Access, Database},
    guard::{Guard, Note},
    recover::{Chain, Found},
};
use crate::{BlockBatch, LATTICE_BYTES, Store, StoreError, Tip, batch, codec};

/// [`Store`] in a directory on disk.
///
/// ```text
///                      ┌────────┐
/// open ──▶ empty ──initialize──▶ ready ──commit──▶ ready
///            │                     │
///            └──── write fails ────┴──▶ poisoned ──drop, open──▶ empty or ready
///
/// open_read_only ──▶ read only
/// ```
///
/// Reads work in every state and from many threads. One process at a time has a database open for writing.
pub struct RocksStore {
    database: Database,
    writer: Mutex<Writer>,
}

struct Writer {
    phase: Phase,
    /// `None` only in a store that is open for reading.
    guard: Option<Guard>,
}

#[derive(Clone)]
enum Phase {
    Empty,
    Ready {
        tip: BlockHeader,
        /// Statuses of slots below are dropped already.
        statuses_from_slot: u64,
    },
    Poisoned {
        cause: String,
    },
    ReadOnly,
}

impl RocksStore {
    /// Opens the database at `path` for writing, or makes an empty one if there is nothing (no directory, or an empty
    /// one; the parent must exist). O(size of the write-ahead log, at most 256 MiB).
    ///
    /// # Errors
    /// [`StoreError::NotADatabase`], [`StoreError::Version`], [`StoreError::Locked`], [`StoreError::Corrupt`] or
    /// [`StoreError::Lost`]: what is at the path was left as it was. [`StoreError::Io`] or [`StoreError::DiskFull`].
    pub fn open<P: AsRef<Path>>(path: P) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match recover::survey(path)? {
            Found::Database => Self::open_database(path),
            Found::Empty => Self::create(path),
            Found::Nothing => {
                create_directory(path).map_err(|error| errors::from_io(path, "create", error))?;
                Self::create(path)
            }
        }
    }

    /// Opens the database at `path` for writing; makes nothing if there is none.
    ///
    /// # Errors
    /// As [`RocksStore::open`], and [`StoreError::NotADatabase`] if there is nothing.
    pub fn open_existing<P: AsRef<Path>>(path: P) -> Result<Self, StoreError> {
        let path = path.as_ref();
        require_database(path)?;
        Self::open_database(path)
    }

    /// Opens the database at `path` as it is now, for reading. Changes nothing on disk and takes no lock; blocks that
    /// another process commits meanwhile are not seen, and files it removes may make later reads fail.
    ///
    /// # Errors
    /// As [`RocksStore::open_existing`], but never [`StoreError::Locked`].
    pub fn open_read_only<P: AsRef<Path>>(path: P) -> Result<Self, StoreError> {
        let path = path.as_ref();
        require_database(path)?;
        // Read before the database: a block noted meanwhile is then in it.
        let note = Note::read(path)?;
        let (database, chain) = recover::probe(path, note)?;
        if chain.is_none() {
            return Err(recover::not_a_database(path, "a database that was never initialised"));
        }
        Ok(Self { database, writer: Mutex::new(Writer { phase: Phase::ReadOnly, guard: None }) })
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        self.database.path()
    }

    fn create(path: &Path) -> Result<Self, StoreError> {
        let guard = Guard::create(path)?;
        recover::check_note(path, Note::read(path)?, None)?;
        let database = Database::open(path, Access::Create, &Column::ALL)?;
        Ok(Self { database, writer: Mutex::new(Writer { phase: Phase::Empty, guard: Some(guard) }) })
    }

    fn open_database(path: &Path) -> Result<Self, StoreError> {
        // Without the file there is no other writer either: a writer makes it.
        let guard = Guard::existing(path)?;
        let (_, chain) = recover::probe(path, Note::read(path)?)?;
        let mut guard = guard.map_or_else(|| Guard::create(path), Ok)?;
        let access = if chain.is_some() { Access::Write } else { Access::Create };
        let database = Database::open(path, access, &Column::ALL)?;
        recover::check_same(&database, chain.as_ref())?;
        let phase = match chain {
            None => {
                write::remove_leftovers(&database)?;
                Phase::Empty
            }
            Some(Chain { tip, statuses_from_slot }) => {
                guard.acknowledge(path, &tip.header)?;
                Phase::Ready { tip: tip.header, statuses_from_slot }
            }
        };
        Ok(Self { database, writer: Mutex::new(Writer { phase, guard: Some(guard) }) })
    }
}

/// Makes the directory so that a power failure does not unmake it, with all that was acknowledged in it.
fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn require_database(path: &Path) -> Result<(), StoreError> {
    match recover::survey(path)? {
        Found::Database => Ok(()),
        Found::Empty => Err(recover::not_a_database(path, "an empty directory")),
        Found::Nothing => Err(recover::not_a_database(path, "there is nothing")),
    }
}

impl Writer {
    fn acknowledge(&mut self, path: &Path, header: &BlockHeader) -> Result<(), StoreError> {
        let guard = self.guard.as_mut().expect("only a store open for reading has no guard, and it does not write");
        guard.acknowledge(path, header)
    }

    /// Remembers that the outcome of a write is unknown.
    fn poison(&mut self, error: StoreError) -> StoreError {
        self.phase = Phase::Poisoned { cause: error.to_string() };
        error
    }
}

impl Store for RocksStore {
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        match &writer.phase {
            Phase::Empty => {}
            Phase::Ready { tip, .. } => return Err(StoreError::AlreadyInitialized { tip_slot: tip.slot }),
            Phase::Poisoned { cause } => return Err(StoreError::Poisoned { cause: cause.clone() }),
            Phase::ReadOnly => return Err(StoreError::ReadOnly { path: self.path().to_owned() }),
        }
        batch::check_genesis(genesis, lattice)?;
        write::genesis(&self.database, genesis, lattice)
            .and_then(|()| writer.acknowledge(self.path(), &genesis.header))
            .map_err(|error| writer.poison(error))?;
        writer.phase = Phase::Ready { tip: genesis.header, statuses_from_slot: 0 };
        Ok(())
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.database.tip()
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        self.database.accounts(keys)
    }

    fn commit(&self, block: &BlockBatch) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        let (tip, dropped_to) = match &writer.phase {
            Phase::Ready { tip, statuses_from_slot } => (tip, *statuses_from_slot),
            Phase::Empty => return Err(StoreError::NotInitialized),
            Phase::Poisoned { cause } => return Err(StoreError::Poisoned { cause: cause.clone() }),
            Phase::ReadOnly => return Err(StoreError::ReadOnly { path: self.path().to_owned() }),
        };
        batch::check_next(tip, &block.header)?;
        let statuses_from_slot = dropped_to.max(block.statuses_from_slot);
        let batch = write::block(&self.database, block, dropped_to..statuses_from_slot)?;
        self.database
            .write(batch)
            .and_then(|()| writer.acknowledge(self.path(), &block.header))
            .map_err(|error| writer.poison(error))?;
        writer.phase = Phase::Ready { tip: block.header, statuses_from_slot };
        Ok(())
    }

    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        self.database.get(Column::Headers, &slot_key(slot), codec::decode_header)
    }

    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        slot.checked_add(1).map_or(Ok(None), |first| self.database.header_from(first))
    }

    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        self.database.last_headers(count)
    }

    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        Ok(self.database.get(Column::Transactions, &slot_key(slot), codec::decode_transactions)?.unwrap_or_default())
    }

    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        Ok(self.database.get(Column::Changes, &slot_key(slot), codec::decode_changes)?.unwrap_or_default())
    }

    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        let mut entries = Vec::new();
        self.database.scan(Column::Statuses, FIRST_KEY, &mut |key, value| {
            let slot = slot_of(key)?;
            entries.extend(codec::decode_statuses(value)?.into_iter().map(|key| StatusEntry { key, slot }));
            Ok(true)
        })?;
        Ok(entries)
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        let Some(header) = self.header(0)? else { return Ok(None) };
        let count = self.database.get(Column::Meta, GENESIS_KEY, codec::decode_genesis_count)?;
        let mut accounts = Vec::new();
        self.database.scan(Column::GenesisAccounts, FIRST_KEY, &mut |key, value| {
            accounts.push((pubkey_of(key)?, codec::decode_account(value)?));
            Ok(true)
        })?;
        if count != Some(accounts.len() as u64) {
            let detail = format!("{} accounts are there, the count is {count:?}", accounts.len());
            return Err(StoreError::Corrupt { path: self.path().to_owned(), what: "genesis", detail });
        }
        Ok(Some(Genesis { header, accounts }))
    }

    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        self.database.scan(Column::Accounts, FIRST_KEY, &mut |key, value| {
            visit(&pubkey_of(key)?, codec::decode_account(value)?);
            Ok(true)
        })
    }
}

impl fmt::Debug for RocksStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocksStore").field("path", &self.path()).finish_non_exhaustive()
    }
}
