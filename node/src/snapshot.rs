//! `heddle snapshot`: makes, verifies, lists and restores snapshot archives.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use heddle_storage::{LEVEL_MAX, Manifest, Progress, SNAPSHOT_EXTENSION, Snapshot, SnapshotError, SnapshotOptions};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{failure::Failure, progress};

/// Arguments of `heddle snapshot`.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotCommand {
    /// Put a whole database into one file
    Create(CreateArguments),
    /// Make a database of a snapshot; the file is verified first
    Restore(RestoreArguments),
    /// Read a whole snapshot and check every record, hash and count of it
    Verify(VerifyArguments),
    /// Tell slot, state hash and size of snapshots without reading them whole
    List(ListArguments),
}

/// Arguments of `heddle snapshot create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// Database directory; no process may have it open for writing
    #[arg(long, value_name = "PATH")]
    db: PathBuf,
    /// The file to make
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Leave out blocks, history and indexes: the restored database keeps them from the next slot on
    #[arg(long)]
    without_ledger: bool,
    /// Level of compression, from 1 (fast) to 19 (small)
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=LEVEL_MAX as i64))]
    level: i32,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
}

/// Arguments of `heddle snapshot restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The snapshot
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Database directory to make; it must not exist, or be empty
    #[arg(long, value_name = "PATH")]
    db: PathBuf,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
}

/// Arguments of `heddle snapshot verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The snapshot
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
}

/// Arguments of `heddle snapshot list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Snapshots, or directories of snapshots (*.heddle-snapshot)
    #[arg(value_name = "DIR|FILE", required = true)]
    paths: Vec<PathBuf>,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
}

/// What a snapshot says of itself.
#[derive(Serialize)]
struct Entry {
    file: PathBuf,
    slot: u64,
    height: u64,
    state_hash: String,
    block_hash: String,
    size_bytes: u64,
    ledger: bool,
    /// Blocks are kept from this slot on.
    blocks_from: u64,
}

/// A file that is no whole snapshot.
#[derive(Serialize)]
struct Refused {
    file: PathBuf,
    error: String,
}

/// The JSON of `heddle snapshot list --json`.
#[derive(Serialize)]
struct List {
    snapshots: Vec<Entry>,
    refused: Vec<Refused>,
}

/// The JSON of the other commands with `--json`.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    entry: Entry,
    /// BLAKE3 of the contents, in hexadecimal.
    hash: String,
    rows: Map<String, Value>,
}

pub(crate) fn run(command: &SnapshotCommand) -> Result<(), Failure> {
    match command {
        SnapshotCommand::Create(arguments) => {
            let options = SnapshotOptions { ledger: !arguments.without_ledger, level: arguments.level };
            let made = watched("create", "rows", arguments.json, |progress| {
                Snapshot::create_from(&arguments.db, &arguments.out, &options, progress)
            })?;
            print(&made, "made", arguments.json)
        }
        SnapshotCommand::Restore(arguments) => {
            let restored = watched("restore", "bytes", arguments.json, |progress| {
                Snapshot::restore(&arguments.file, &arguments.db, progress)
            })?;
            print(&restored, "verified and restored", arguments.json)
        }
        SnapshotCommand::Verify(arguments) => {
            let read =
                watched("verify", "bytes", arguments.json, |progress| Snapshot::verify(&arguments.file, progress))?;
            print(&read, "verified", arguments.json)
        }
        SnapshotCommand::List(arguments) => list(arguments),
    }
}

/// Runs something long under a bar.
pub(crate) fn watched<T, E>(
    name: &str,
    unit: &str,
    json: bool,
    run: impl FnOnce(&mut dyn FnMut(Progress)) -> Result<T, E>,
) -> Result<T, E> {
    let bar = progress::bar(0, unit, name, !json);
    let result = run(&mut |now| set(&bar, now));
    bar.finish_and_clear();
    result
}

fn set(bar: &ProgressBar, now: Progress) {
    bar.set_length(now.total);
    bar.set_position(now.done);
}

fn entry(file: &Path, size_bytes: u64, manifest: &Manifest) -> Entry {
    let header = &manifest.tip.header;
    Entry {
        file: file.to_owned(),
        slot: header.slot,
        height: header.height,
        state_hash: header.state_hash.to_string(),
        block_hash: header.block_hash.to_string(),
        size_bytes,
        ledger: manifest.has_ledger,
        blocks_from: manifest.ledger.blocks_from,
    }
}

fn print(snapshot: &Snapshot, done: &str, json: bool) -> Result<(), Failure> {
    let Snapshot { path, size_bytes, manifest, hash, rows } = snapshot;
    let entry = entry(path, *size_bytes, manifest);
    if json {
        let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let rows = rows.iter().map(|(column, count)| ((*column).to_owned(), (*count).into())).collect();
        println!("{}", serde_json::to_string_pretty(&Report { entry, hash, rows })?);
        return Ok(());
    }
    println!("{} {done}: {} bytes, {}", path.display(), entry.size_bytes, ledger_text(&entry));
    for (column, count) in rows.iter().filter(|(_, count)| *count > 0) {
        println!("  {column:<16} {count:>12} rows");
    }
    println!("slot       {}", entry.slot);
    println!("state hash {}", entry.state_hash);
    println!("block hash {}", entry.block_hash);
    Ok(())
}

fn ledger_text(entry: &Entry) -> String {
    if entry.ledger { format!("with blocks from slot {}", entry.blocks_from) } else { "without blocks".to_owned() }
}

fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let mut list = List { snapshots: Vec::new(), refused: Vec::new() };
    for file in files(&arguments.paths)? {
        let size = fs::metadata(&file).map_or(0, |metadata| metadata.len());
        match Manifest::read(&file) {
            Ok(manifest) => list.snapshots.push(entry(&file, size, &manifest)),
            Err(error) => list.refused.push(Refused { file, error: error.to_string() }),
        }
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&list)?);
    } else {
        for entry in &list.snapshots {
            let (slot, size_bytes, hash, text) = (entry.slot, entry.size_bytes, &entry.state_hash, ledger_text(entry));
            println!("slot {slot:>12}  {hash:<44}  {size_bytes:>14} bytes  {}  {text}", entry.file.display());
        }
        list.refused.iter().for_each(|refused| eprintln!("heddle: {}", refused.error));
    }
    match list.refused.len() {
        0 => Ok(()),
        count => Err(Failure::Different(format!("{count} of the files cannot be restored"))),
    }
}

/// The files that the paths mean: themselves, or the snapshots in a directory, in ascending order.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let operation = "list";
        let io_error = |source| SnapshotError::Io { path: path.clone(), operation, source };
        let entries = fs::read_dir(path).map_err(io_error)?.collect::<Result<Vec<_>, _>>().map_err(io_error)?;
        let mut found: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
        found.retain(|file| file.extension().is_some_and(|extension| extension == SNAPSHOT_EXTENSION));
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}
