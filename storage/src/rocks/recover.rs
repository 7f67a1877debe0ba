//! Opening: what is at a path, and whether it is whole.
//!
//! A database is first read without changing a byte of it ([`probe`]), and opened for writing only once that reading
//! found it whole. The price is a second replay of the write-ahead log, whose size is bounded. What a reading checks:
//!
//! 1. the format record: ours, and of our version;
//! 2. the tip: equal to the header at its slot, and its state hash is the hash of its lattice;
//! 3. the marks: every column was last written by the tip's block (a manifest that lost its end would bring back an
//!    older column beside newer ones);
//! 4. the note of the newest acknowledged block ([`super::guard`]): not newer than the tip, and a block of the chain;
//!    the manifest begins with what the note sealed.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use heddle_types::BlockHeader;

use super::{
    columns::{Column, FIRST_KEY, FORMAT_KEY, MARK_KEY, slot_key, slot_of},
    database::{Access, Database},
    errors::from_io,
    guard::{GUARD_FILE, Note},
    manifest_end,
    options::CACHE_BYTES,
};
use crate::{
    Ledger, StoreError, Tip, batch,
    codec::{self, FORMAT_VERSION},
};

/// What a path holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing: not even a directory.
    Nothing,
    /// An empty directory, or one where a database began to be made and holds nothing yet.
    Empty,
    /// A database, ours or not.
    Database,
}

/// Looks at `path` and changes nothing.
///
/// # Errors
/// [`StoreError::NotADatabase`] for a file or a directory of other things; [`StoreError::Corrupt`] for a database
/// whose `CURRENT` file is gone.
pub(super) fn survey(path: &Path) -> Result<Found, StoreError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(from_io(path, "open", error)),
        Ok(metadata) if !metadata.is_dir() => return Err(not_a_database(path, "it is not a directory")),
        Ok(_) => {}
    }
    let io_error = |error| from_io(path, "list", error);
    let mut other = None;
    let mut holds_data = false;
    for entry in fs::read_dir(path).map_err(io_error)? {
        let name = entry.map_err(io_error)?.file_name();
        match kind_of(&name) {
            FileKind::Current => return Ok(Found::Database),
            FileKind::Data => holds_data = true,
            FileKind::Beginning => {}
            FileKind::Other => other = Some(name),
        }
    }
    match other {
        Some(name) => Err(not_a_database(path, &format!("it holds {}", PathBuf::from(name).display()))),
        None if holds_data => Err(corrupt(path, "CURRENT", "the file is missing".to_owned())),
        None => Ok(Found::Empty),
    }
}

/// What a database holds.
pub(super) struct Chain {
    pub(super) tip: Tip,
    pub(super) ledger: Ledger,
    /// Statuses of slots below are not in the database.
    pub(super) statuses_dropped_to: u64,
}

/// Reads a database without changing it and checks that it is whole. The chain is `None` if the database was never
/// initialised (or not to the end).
///
/// All that opening needs to know is read here, so that damage is found before anything is written.
pub(super) fn probe(path: &Path, note: Option<Note>) -> Result<(Database, Option<Chain>), StoreError> {
    let names = Database::column_names(path)?;
    let is_there = |column: &Column| names.iter().any(|name| name == column.name());
    let ours: Vec<Column> = Column::ALL.into_iter().filter(is_there).collect();
    let database = Database::open(path, Access::Read, &ours, CACHE_BYTES)?;
    if !is_initialized(&database, &names)? {
        check_note(path, note, None)?;
        return Ok((database, None));
    }
    let tip = verified_tip(&database)?;
    check_note(path, note, Some(&tip.header))?;
    if let Some(note) = note {
        note.seal.check(path)?;
        check_note_on_chain(&database, note, &tip)?;
    }
    let ledger = database.ledger()?.ok_or_else(|| corrupt(path, "ledger", "the record is missing".to_owned()))?;
    let first = database.first_key(Column::Statuses, FIRST_KEY)?.unwrap_or_else(|| slot_key(0).to_vec());
    let statuses_dropped_to = slot_of(&first).map_err(|error| database.corrupt(Column::Statuses, &first, &error))?;
    Ok((database, Some(Chain { tip, ledger, statuses_dropped_to })))
}

/// As [`probe`], before the database is opened for writing: half a record that a power failure left at the end of the
/// manifest is cut off, if the database is whole without it.
pub(super) fn probe_for_writing(path: &Path, note: Option<Note>) -> Result<Option<Chain>, StoreError> {
    let error = match probe(path, note) {
        Err(error @ StoreError::Corrupt { .. }) => error,
        result => return result.map(|(_, chain)| chain),
    };
    let seal = note.map(|note| note.seal);
    let cut =
        manifest_end::cut_off(path, seal.as_ref()).map_err(|error| from_io(path, "write the manifest of", error))?;
    let Some(cut) = cut else { return Err(error) };
    match probe(path, note) {
        Ok((_, chain)) => Ok(chain),
        Err(_) => {
            cut.put_back().map_err(|error| from_io(path, "write the manifest of", error))?;
            Err(error)
        }
    }
}

/// Whether the database, with column families of these names, was initialised to the end.
///
/// # Errors
/// [`StoreError::Version`] or [`StoreError::NotADatabase`] if it is not of this version, or not ours.
fn is_initialized(database: &Database, names: &[String]) -> Result<bool, StoreError> {
    let path = database.path();
    let foreign = names.iter().find(|name| Column::ALL.iter().all(|column| column.name() != *name));
    match (read_format(database)?, foreign) {
        (Some(found), _) if found != FORMAT_VERSION => {
            Err(StoreError::Version { path: path.to_owned(), found, supported: FORMAT_VERSION })
        }
        (Some(_), _) if names.len() == Column::ALL.len() && foreign.is_none() => Ok(true),
        (Some(_), _) => Err(corrupt(path, "column families", format!("they are {names:?}"))),
        (None, Some(name)) => {
            Err(not_a_database(path, &format!("it is a RocksDB database with a column family {name}")))
        }
        (None, None) if database.is_empty(Column::Meta)? => Ok(false),
        (None, None) => Err(not_a_database(path, "it is a RocksDB database of another program")),
    }
}

/// Checks that no acknowledged block is newer than the tip.
///
/// # Errors
/// [`StoreError::Lost`].
pub(super) fn check_note(path: &Path, note: Option<Note>, tip: Option<&BlockHeader>) -> Result<(), StoreError> {
    let found_slot = tip.map(|tip| tip.slot);
    match note {
        Some(note) if found_slot.is_none_or(|slot| slot < note.slot) => {
            Err(StoreError::Lost { path: path.to_owned(), acknowledged_slot: note.slot, found_slot })
        }
        _ => Ok(()),
    }
}

/// The tip, once it agrees with its header, its lattice and every column's mark.
fn verified_tip(database: &Database) -> Result<Tip, StoreError> {
    let path = database.path();
    let tip = database.tip()?.ok_or_else(|| corrupt(path, "tip", "the record is missing".to_owned()))?;
    let slot = tip.header.slot;
    let header = database.get(Column::Headers, &slot_key(slot), codec::decode_header)?;
    if header != Some(tip.header) {
        return Err(corrupt(path, "tip", format!("it is not the header at slot {slot}")));
    }
    if !batch::is_state_hash(&tip.header, &tip.lattice) {
        return Err(corrupt(path, "tip", format!("the lattice does not hash to {}", tip.header.state_hash)));
    }
    for column in Column::MARKED {
        let mark = database.get(column, MARK_KEY, codec::decode_mark)?;
        if mark != Some((slot, tip.header.block_hash)) {
            let found = mark.map_or("no block".to_owned(), |(slot, hash)| format!("block {hash} at slot {slot}"));
            let expected = tip.header.block_hash;
            return Err(corrupt(path, column.name(), format!("as of {found}, the tip is {expected} at slot {slot}")));
        }
    }
    Ok(tip)
}

fn check_note_on_chain(database: &Database, note: Note, tip: &Tip) -> Result<(), StoreError> {
    let header = if note.slot == tip.header.slot {
        Some(tip.header)
    } else {
        database.get(Column::Headers, &slot_key(note.slot), codec::decode_header)?
    };
    if header.map(|header| header.block_hash) == Some(note.block_hash) {
        return Ok(());
    }
    let detail = format!("block {} at slot {} was acknowledged and is not in the chain", note.block_hash, note.slot);
    Err(corrupt(database.path(), GUARD_FILE, detail))
}

fn read_format(database: &Database) -> Result<Option<u32>, StoreError> {
    match database.get(Column::Meta, FORMAT_KEY, codec::decode_format) {
        // Somebody else's record of the same name.
        Err(StoreError::Corrupt { detail, .. }) if database.tip().is_ok_and(|tip| tip.is_none()) => {
            Err(not_a_database(database.path(), &detail))
        }
        result => result,
    }
}

enum FileKind {
    /// Names the manifest: there is a database.
    Current,
    /// Only in a database that got beyond its first file.
    Data,
    /// Made before `CURRENT`.
    Beginning,
    Other,
}

fn kind_of(name: &OsStr) -> FileKind {
    const BEGINNINGS: [&str; 4] = ["LOG", "MANIFEST-", "OPTIONS-", "LOCK"];
    let Some(name) = name.to_str() else { return FileKind::Other };
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let is_numbered = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit());
    if name == "CURRENT" {
        FileKind::Current
    } else if is_numbered && (name.ends_with(".sst") || name.ends_with(".log")) {
        FileKind::Data
    } else if is_numbered && name.ends_with(".dbtmp")
        || name == GUARD_FILE
        || name == "IDENTITY"
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
    {
        FileKind::Beginning
    } else {
        FileKind::Other
    }
}

pub(super) fn not_a_database(path: &Path, found: &str) -> StoreError {
    StoreError::NotADatabase { path: path.to_owned(), found: found.to_owned() }
}

pub(super) fn corrupt(path: &Path, what: &'static str, detail: String) -> StoreError {
    StoreError::Corrupt { path: path.to_owned(), what, detail }
}

/// Checks that the database opened for writing has the tip that was read before.
pub(super) fn check_same(database: &Database, chain: Option<&Chain>) -> Result<(), StoreError> {
    if database.tip()?.as_ref() == chain.map(|chain| &chain.tip) {
        return Ok(());
    }
    Err(corrupt(database.path(), "tip", "it changed while the database was opened".to_owned()))
}
