//! `heddle bundle export`: writes blocks, and all that executing them needs, to a file.

use std::{fs, path::Path, sync::Arc};

use heddle_engine::bundle::{Bundle, ExportOptions, Exported, export};
use heddle_storage::{RocksStore, Store};
use serde::Serialize;

use super::{slots, transaction_count};
use crate::{
    arguments::BundleExportArguments,
    difference::{self, AccountReport},
    failure::Failure,
    process, progress,
};

/// The JSON of `heddle bundle export --json`.
#[derive(Serialize)]
struct Report {
    blocks: usize,
    /// `null` if nothing was written.
    first_slot: Option<u64>,
    last_slot: Option<u64>,
    transactions: u64,
    accounts: usize,
    bytes: usize,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts_differing: Vec<AccountReport>,
}

pub(crate) fn run(arguments: &BundleExportArguments) -> Result<(), Failure> {
    let store: Arc<dyn Store> = Arc::new(RocksStore::open_read_only(&arguments.db).map_err(Failure::Open)?);
    let options = ExportOptions {
        from_slot: arguments.slots.from,
        to_slot: arguments.slots.to,
        workers: arguments.workers.map_or_else(process::core_count, usize::from),
    };
    let bar = progress::bar(0, "blocks", "export", !arguments.json);
    let result = export(&store, &options, &mut |header, last| {
        bar.set_length(last);
        bar.set_position(header.height);
    });
    bar.finish_and_clear();
    let exported = result?;
    // A block that differs is what one wants to look at elsewhere: the file is written, and the command fails.
    let bytes = exported.bundle.as_ref().map_or(Ok(0), |bundle| write(bundle, &arguments.file))?;
    let report = Report::of(&exported, bytes);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if exported.bundle.is_some() {
        print(&report, arguments);
    }
    difference::fail_if_any(exported.difference.as_ref())
}

/// Writes the file; returns its size.
fn write(bundle: &Bundle, path: &Path) -> Result<usize, Failure> {
    let bytes = bundle.encode().map_err(|source| Failure::Bundle { path: path.to_owned(), source })?;
    fs::write(path, &bytes).map_err(|source| Failure::Write { path: path.to_owned(), source })?;
    Ok(bytes.len())
}

impl Report {
    fn of(exported: &Exported, bytes: usize) -> Self {
        let bundle = exported.bundle.as_ref();
        let (first_slot, last_slot) = bundle.map(slots).unzip();
        Self {
            blocks: bundle.map_or(0, |bundle| bundle.blocks().len()),
            first_slot,
            last_slot,
            transactions: bundle.map_or(0, transaction_count),
            accounts: bundle.map_or(0, |bundle| bundle.accounts().len()),
            bytes,
            ok: exported.difference.is_none(),
            difference: exported.difference.as_ref().map(ToString::to_string),
            accounts_differing: AccountReport::all(exported.difference.as_ref()),
        }
    }
}

fn print(report: &Report, arguments: &BundleExportArguments) {
    let (first, last) = (report.first_slot.unwrap_or_default(), report.last_slot.unwrap_or_default());
    let Report { blocks, transactions, accounts, bytes, .. } = report;
    println!("{blocks} blocks (slots {first} to {last}) with {transactions} transactions and {accounts} accounts");
    println!("{bytes} bytes in {}", arguments.file.display());
}
