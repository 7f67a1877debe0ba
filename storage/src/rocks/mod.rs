//! The durable store, on RocksDB.
//!
//! Invariant: one block is one write batch, which is one record of the write-ahead log with its checksum, fsynced
//! before it is visible. So after a crash a block is there as a whole or not at all, and every block that
//! [`Store::commit`] reported is there. `docs/storage-format.md` has the argument and its limits.

mod background;
mod check;
mod columns;
mod config;
mod database;
mod errors;
mod guard;
mod manifest;
mod manifest_end;
mod options;
mod pressure;
mod recover;
mod snapshot;
mod write;
mod writer;

use std::{
    fmt,
    fs::{self, File},
    io,
    path::Path,
    sync::Arc,
};

use heddle_types::{
    Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StatusKey, StoredTransaction, TransactionPlace,
};

use self::{
    background::Background,
    columns::{Column, FIRST_KEY, GENESIS_KEY, address_key, address_of, pubkey_of, slot_key, slot_of},
    database::{Access, Database, Decode},
    guard::{Guard, Note},
    recover::Found,
    writer::{Phase, Shared, Writer},
};
pub use self::{
    check::{CheckReport, ColumnSize, Finding, Findings, Flaw, Overview},
    config::RocksOptions,
    snapshot::{
        ARCHIVE_VERSION, Damage, LEVEL_MAX, Manifest, Progress, SNAPSHOT_EXTENSION, Snapshot, SnapshotError,
        SnapshotOptions,
    },
};
use crate::{
    BlockBatch, BlockHistory, Durability, LATTICE_BYTES, Ledger, Store, StoreError, StorePressure, Tip, codec,
};

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
/// Reads work in every state and from many threads. One process at a time has a database open for writing. What was
/// committed and not synced is synced when the store is dropped.
pub struct RocksStore {
    shared: Arc<Shared>,
    /// `None` in a store that is open for reading.
    background: Option<Background>,
}

impl RocksStore {
    /// Opens the database at `path` for writing, or makes an empty one if there is nothing (no directory, or an empty
    /// one; the parent must exist). O(size of the write-ahead log, at most 256 MiB).
    ///
    /// # Errors
    /// [`StoreError::NotADatabase`], [`StoreError::Version`], [`StoreError::Locked`], [`StoreError::Corrupt`] or
    /// [`StoreError::Lost`]: what is at the path was left as it was. [`StoreError::Io`] or [`StoreError::DiskFull`].
    pub fn open<P: AsRef<Path>>(path: P) -> Result<Self, StoreError> {
        Self::open_with(path, RocksOptions::default())
    }

    /// As [`RocksStore::open`], with settings.
    ///
    /// # Errors
    /// As [`RocksStore::open`].
    pub fn open_with<P: AsRef<Path>>(path: P, options: RocksOptions) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match recover::survey(path)? {
            Found::Database => Self::open_database(path, options),
            Found::Empty => Self::create(path, options),
            Found::Nothing => {
                create_directory(path).map_err(|error| errors::from_io(path, "create", error))?;
                Self::create(path, options)
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
        Self::open_database(path, RocksOptions::default())
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
        let shared = Shared::new(database, Writer { phase: Phase::ReadOnly, guard: None }, Durability::Block);
        Ok(Self { shared: Arc::new(shared), background: None })
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        self.database().path()
    }

    /// When committed blocks are synced.
    pub fn durability(&self) -> Durability {
        self.shared.durability()
    }

    /// Makes a copy of the database at `path`, where nothing may be, while blocks go on: it ends with a whole block, the
    /// newest or one committed meanwhile. Tables are linked, so `path` should be on the same file system.
    ///
    /// # Errors
    /// What the medium says.
    pub fn checkpoint<P: AsRef<Path>>(&self, path: P) -> Result<(), StoreError> {
        self.database().checkpoint(path.as_ref())
    }

    /// A record of the block at `slot`, if that is kept: what is removed may still be on the disk.
    fn of_block<T>(&self, column: Column, slot: u64, decode: Decode<T>) -> Result<Option<T>, StoreError> {
        let is_kept = self.ledger()?.has_block(slot);
        if is_kept { self.database().get(column, &slot_key(slot), decode) } else { Ok(None) }
    }

    /// Whether the database was opened for reading.
    fn is_read_only(&self) -> bool {
        self.background.is_none()
    }

    fn database(&self) -> &Database {
        self.shared.database()
    }

    fn create(path: &Path, options: RocksOptions) -> Result<Self, StoreError> {
        let guard = Guard::create(path)?;
        recover::check_note(path, Note::read(path)?, None)?;
        let database = Database::open(path, Access::Create, &Column::ALL, options.cache_bytes)?;
        let phase = Phase::Empty { ledger: options.ledger.unwrap_or_default() };
        Self::start(path, Shared::new(database, Writer { phase, guard: Some(guard) }, options.durability))
    }

    fn open_database(path: &Path, options: RocksOptions) -> Result<Self, StoreError> {
        // Without the file there is no other writer either: a writer makes it.
        let guard = Guard::existing(path)?;
        let chain = recover::probe_for_writing(path, Note::read(path)?)?;
        let guard = guard.map_or_else(|| Guard::create(path), Ok)?;
        let access = if chain.is_some() { Access::Write } else { Access::Create };
        let database = Database::open(path, access, &Column::ALL, options.cache_bytes)?;
        recover::check_same(&database, chain.as_ref())?;
        let shared = match chain {
            None => {
                write::remove_leftovers(&database)?;
                let phase = Phase::Empty { ledger: options.ledger.unwrap_or_default() };
                Shared::new(database, Writer { phase, guard: Some(guard) }, options.durability)
            }
            Some(chain) => Shared::open(database, chain, guard, &options)?,
        };
        Self::start(path, shared)
    }

    fn start(path: &Path, shared: Shared) -> Result<Self, StoreError> {
        let shared = Arc::new(shared);
        let interval = match shared.durability() {
            Durability::Interval(interval) => Some(interval),
            Durability::Block | Durability::None => None,
        };
        let background = Background::start(interval, shared.clone());
        let background = background.map_err(|error| errors::from_io(path, "start a thread for", error))?;
        Ok(Self { shared, background: Some(background) })
    }
}

impl Drop for RocksStore {
    fn drop(&mut self) {
        // First the thread, which holds the database open.
        self.background = None;
        // Who must know asks before: `Store::sync`.
        self.shared.sync().ok();
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

impl Store for RocksStore {
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        self.shared.initialize(genesis, lattice)
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.database().tip()
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        self.database().accounts(keys)
    }

    fn commit(&self, block: &BlockBatch) -> Result<(), StoreError> {
        let removed = self.shared.commit(block)?;
        if let Some(background) = &self.background {
            removed.into_iter().for_each(|removed| background.drop_files(removed));
        }
        Ok(())
    }

    fn durable_slot(&self) -> Result<Option<u64>, StoreError> {
        match self.shared.durable_slot() {
            Some(slot) => Ok(Some(slot)),
            None => Ok(self.tip()?.map(|tip| tip.header.slot)),
        }
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.shared.sync()
    }

    fn revert(&self, slot: u64) -> Result<(), StoreError> {
        self.shared.revert(slot)
    }

    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        self.database().get(Column::Headers, &slot_key(slot), codec::decode_header)
    }

    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        slot.checked_add(1).map_or(Ok(None), |first| self.database().header_from(first))
    }

    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        self.database().last_headers(count)
    }

    fn for_each_header(&self, visit: &mut dyn FnMut(&BlockHeader)) -> Result<(), StoreError> {
        self.database().scan(Column::Headers, &slot_key(0), &mut |_, value| {
            visit(&codec::decode_header(value)?);
            Ok(true)
        })
    }

    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        Ok(self.of_block(Column::Transactions, slot, codec::decode_transactions)?.unwrap_or_default())
    }

    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        Ok(self.of_block(Column::Changes, slot, codec::decode_changes)?.unwrap_or_default())
    }

    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        let mut entries = Vec::new();
        let from = slot_key(self.ledger()?.statuses_from);
        self.database().scan(Column::Statuses, FIRST_KEY.max(&from), &mut |key, value| {
            let slot = slot_of(key)?;
            entries.extend(codec::decode_statuses(value)?.into_iter().map(|key| StatusEntry { key, slot }));
            Ok(true)
        })?;
        Ok(entries)
    }

    fn block_statuses(&self, slot: u64) -> Result<Vec<StatusKey>, StoreError> {
        Ok(self.database().get(Column::Statuses, &slot_key(slot), codec::decode_statuses)?.unwrap_or_default())
    }

    fn ledger(&self) -> Result<Ledger, StoreError> {
        Ok(self.database().ledger()?.unwrap_or_default())
    }

    fn transaction(&self, place: TransactionPlace) -> Result<Option<StoredTransaction>, StoreError> {
        let (slot, position) = (place.slot, place.position as usize);
        let transactions = self.of_block(Column::Transactions, slot, codec::decode_transactions)?;
        let Some(mut stored) = transactions.and_then(|all| all.into_iter().nth(position)) else { return Ok(None) };
        let details = self.of_block(Column::Details, slot, codec::decode_details)?;
        stored.receipt.details = details.and_then(|all| all.into_iter().nth(position).flatten());
        Ok(Some(stored))
    }

    fn transactions_in_full(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        let mut transactions = self.transactions(slot)?;
        let details = self.of_block(Column::Details, slot, codec::decode_details)?.unwrap_or_default();
        for (stored, details) in transactions.iter_mut().zip(details) {
            stored.receipt.details = details;
        }
        Ok(transactions)
    }

    fn place_of(&self, signature: &[u8; 64]) -> Result<Option<TransactionPlace>, StoreError> {
        let place = self.database().get(Column::Signatures, signature, codec::decode_place)?;
        // Entries outlive their blocks until a compaction comes by.
        let ledger = self.ledger()?;
        Ok(place.filter(|place| ledger.has_block(place.slot)))
    }

    fn places_naming(
        &self,
        address: &Pubkey,
        before: Option<TransactionPlace>,
        count_max: usize,
    ) -> Result<Vec<TransactionPlace>, StoreError> {
        let ledger = self.ledger()?;
        let mut places = Vec::new();
        let until = address_key(address, before.map_or(u64::MAX, |place| place.slot));
        self.database().scan_back(Column::Addresses, &until, &mut |key, value| {
            let is_of_address = key.starts_with(address.as_ref());
            let slot = if is_of_address { address_of(key)?.1 } else { 0 };
            if !is_of_address || !ledger.has_block(slot) {
                return Ok(false);
            }
            let positions = codec::decode_positions(value)?.into_iter().rev();
            let found = positions.map(|position| TransactionPlace { slot, position });
            places.extend(found.filter(|place| before.is_none_or(|before| *place < before)));
            Ok(places.len() < count_max)
        })?;
        places.truncate(count_max);
        Ok(places)
    }

    fn history(&self, slot: u64) -> Result<Option<BlockHistory>, StoreError> {
        let is_kept = self.ledger()?.history_from.is_some_and(|from| slot >= from);
        if is_kept { self.database().get(Column::History, &slot_key(slot), codec::decode_history) } else { Ok(None) }
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        let Some(header) = self.header(0)? else { return Ok(None) };
        let count = self.database().get(Column::Meta, GENESIS_KEY, codec::decode_genesis_count)?;
        let mut accounts = Vec::new();
        self.database().scan(Column::GenesisAccounts, FIRST_KEY, &mut |key, value| {
            accounts.push((pubkey_of(key)?, codec::decode_account(value)?));
            Ok(true)
        })?;
        if count != Some(accounts.len() as u64) {
            let detail = format!("{} accounts are there, the count is {count:?}", accounts.len());
            return Err(StoreError::Corrupt { path: self.path().to_owned(), what: "genesis", detail });
        }
        Ok(Some(Genesis { header, accounts }))
    }

    fn pressure(&self) -> Result<Option<StorePressure>, StoreError> {
        pressure::measure(self.database()).map(Some)
    }

    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        self.database().scan(Column::Accounts, FIRST_KEY, &mut |key, value| {
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
