//! Making a database of an archive.
//!
//! Rows are written without a log and then flushed into tables, because nobody needs half a database. What makes it one (the
//! format record, the tip and the marks) comes in one synced batch after them, and the directory takes its place last.

use std::path::Path;

use rocksdb::WriteBatch;

use super::{
    Damage, Progress, Snapshot, SnapshotError,
    files::{PartialDirectory, require_empty},
    reader::{ArchiveReader, Contents},
};
use crate::rocks::{
    check::ORDER,
    columns::Column,
    database::{Access, Database},
    guard::Note,
    options::CACHE_BYTES,
    recover, write,
};

/// Rows are written in batches of about this size (plus one row).
const BATCH_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn restore(
    path: &Path,
    target: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Snapshot, SnapshotError> {
    require_empty(target)?;
    // Twice through the file: half of the progress each.
    let verified = Snapshot::verify(path, &mut |now| progress(Progress { done: now.done, total: 2 * now.total }))?;
    let mut partial = PartialDirectory::create(target)?;
    let database = Database::open(partial.path(), Access::Create, &Column::ALL, CACHE_BYTES)?;
    let contents = put_rows(path, &database, &mut |now| {
        progress(Progress { done: now.total + now.done, total: 2 * now.total });
    })?;
    if contents.hash != verified.hash {
        let damage = Damage::Hash;
        return Err(SnapshotError::Damaged { path: path.to_owned(), offset: 0, damage });
    }
    database.flush()?;
    let genesis_count = ORDER.iter().zip(contents.counts).find(|(column, _)| **column == Column::GenesisAccounts);
    let genesis_count = genesis_count.map_or(0, |(_, count)| count);
    write::restored(&database, &verified.manifest.tip, &verified.manifest.ledger, genesis_count)?;
    partial.guard().acknowledge_durably(database.path(), &verified.manifest.tip.header)?;
    drop(database);
    // As whoever opens it will look at it.
    let (database, chain) = recover::probe(partial.path(), Note::read(partial.path())?)?;
    recover::check_same(&database, chain.as_ref())?;
    drop(database);
    partial.keep()?;
    Ok(verified)
}

fn put_rows(path: &Path, database: &Database, progress: &mut dyn FnMut(Progress)) -> Result<Contents, SnapshotError> {
    let mut archive = ArchiveReader::open(path)?;
    let total = archive.size_bytes();
    let mut batch = WriteBatch::default();
    while let Some(row) = archive.next()? {
        batch.put_cf(database.handle(row.column), row.key, row.value);
        if batch.size_in_bytes() >= BATCH_BYTES {
            database.write_unlogged(std::mem::take(&mut batch))?;
            progress(Progress { done: archive.done_bytes(), total });
        }
    }
    database.write_unlogged(batch)?;
    let contents = archive.finish()?;
    progress(Progress { done: total, total });
    Ok(contents)
}
