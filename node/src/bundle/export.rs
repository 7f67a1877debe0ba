//! `heddle bundle export`: writes blocks, and all that executing them needs, to a file.

use std::{fs, sync::Arc};

use heddle_engine::bundle::{ExportOptions, export};
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
    first_slot: u64,
    last_slot: u64,
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
    if let Some(bundle) = &exported.bundle {
        let failed = |source| Failure::Bundle { path: arguments.file.clone(), source };
        let bytes = bundle.encode().map_err(failed)?;
        let failed = |source| Failure::Write { path: arguments.file.clone(), source };
        fs::write(&arguments.file, &bytes).map_err(failed)?;
        let (first_slot, last_slot) = slots(bundle);
        let report = Report {
            blocks: bundle.blocks().len(),
            first_slot,
            last_slot,
            transactions: transaction_count(bundle),
            accounts: bundle.accounts().len(),
            bytes: bytes.len(),
            ok: exported.difference.is_none(),
            difference: exported.difference.as_ref().map(ToString::to_string),
            accounts_differing: AccountReport::all(exported.difference.as_ref()),
        };
        print(&report, arguments)?;
    }
    difference::fail_if_any(exported.difference.as_ref())
}

fn print(report: &Report, arguments: &BundleExportArguments) -> Result<(), Failure> {
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    let Report { blocks, first_slot, last_slot, transactions, accounts, bytes, .. } = report;
    println!(
        "{blocks} blocks (slots {first_slot} to {last_slot}) with {transactions} transactions and {accounts} accounts"
    );
    println!("{bytes} bytes in {}", arguments.file.display());
    Ok(())
}
