//! `heddle accounts export`: one account file each. Accounts are written as the store is read, one after the other, so
//! memory does not grow with their number.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use heddle_genesis::write_account;
use heddle_storage::{RocksStore, Store};
use heddle_types::{Account, Pubkey};
use serde::Serialize;

use super::fail_if_missing;
use crate::{arguments::ExportArguments, failure::Failure, progress};

/// The JSON of `heddle accounts export --json`.
#[derive(Serialize)]
struct Report {
    exported: u64,
    missing: Vec<String>,
}

pub(crate) fn run(arguments: &ExportArguments) -> Result<(), Failure> {
    let store = RocksStore::open_read_only(&arguments.db).map_err(Failure::Open)?;
    prepare_directory(&arguments.out, arguments.all)?;
    let (exported, missing) = if arguments.all {
        (export_all(&store, arguments)?, Vec::new())
    } else {
        export_some(&store, &arguments.addresses, &arguments.out)?
    };
    if arguments.json {
        let report = Report { exported, missing: missing.iter().map(Pubkey::to_string).collect() };
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{exported} accounts in {}", arguments.out.display());
    }
    fail_if_missing(&missing)
}

/// Makes the directory. Among files of another time, a file of an account that is no more would look like one that is.
fn prepare_directory(path: &Path, must_be_empty: bool) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    fs::create_dir_all(path).map_err(failed)?;
    if must_be_empty && fs::read_dir(path).map_err(failed)?.next().is_some() {
        return Err(Failure::DirectoryNotEmpty { path: path.to_owned() });
    }
    Ok(())
}

/// Writes the accounts that are there; returns their number, and those that are not.
fn export_some(store: &dyn Store, keys: &[Pubkey], directory: &Path) -> Result<(u64, Vec<Pubkey>), Failure> {
    let (mut exported, mut missing) = (0, Vec::new());
    for key in keys {
        match store.accounts(&[*key]).map_err(Failure::Read)?.pop().flatten() {
            None => missing.push(*key),
            Some(account) => {
                write_file(directory, key, &account)?;
                exported += 1;
            }
        }
    }
    Ok((exported, missing))
}

/// Writes every account, or every one that the chosen program owns; returns their number.
fn export_all(store: &dyn Store, arguments: &ExportArguments) -> Result<u64, Failure> {
    let bar = progress::bar(0, "accounts", "export", !arguments.json);
    let (mut visited, mut exported) = (0, 0);
    let mut failure = None;
    store
        .for_each_account(&mut |key, account| {
            // A visit cannot end the scan: after a failure the rest is passed over.
            if failure.is_some() {
                return;
            }
            visited += 1;
            progress::show_visited(&bar, key, visited);
            if arguments.owner.is_none_or(|owner| owner == account.owner) {
                exported += 1;
                failure = write_file(&arguments.out, key, &account).err();
            }
        })
        .map_err(Failure::Read)?;
    bar.finish_and_clear();
    failure.map_or(Ok(exported), Err)
}

fn write_file(directory: &Path, key: &Pubkey, account: &Account) -> Result<(), Failure> {
    let path = directory.join(format!("{key}.json"));
    write_to(&path, key, account).map_err(|source| Failure::Write { path, source })
}

fn write_to(path: &PathBuf, key: &Pubkey, account: &Account) -> io::Result<()> {
    let mut writer = BufWriter::new(File::create(path)?);
    write_account(&mut writer, key, account)?;
    writer.flush()
}
