//! `heddle db check`: tells what a database holds, reads every row of it, and names what is wrong.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use heddle_storage::{CheckReport, Ledger, Overview, RocksStore};
use serde::Serialize;

use crate::{failure::Failure, snapshot::watched};

/// Arguments of `heddle db`.
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Tell what a database holds, read every row of it and name what is wrong
    Check(CheckArguments),
}

/// Arguments of `heddle db check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Database directory; opened for reading only
    #[arg(long, value_name = "PATH")]
    db: PathBuf,
    /// Only tell what the database says of itself
    #[arg(long)]
    quick: bool,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Block {
    slot: u64,
    height: u64,
    state_hash: String,
    block_hash: String,
}

/// What is kept of the past; null: not at all.
#[derive(Serialize)]
struct Kept {
    keep_slots: Option<u64>,
    history_slots: u64,
    blocks_from: u64,
    details_from: Option<u64>,
    signatures_from: Option<u64>,
    addresses_from: Option<u64>,
    history_from: Option<u64>,
    statuses_from: u64,
}

#[derive(Serialize)]
struct Column {
    name: &'static str,
    /// Counted by the full reading, else estimated.
    rows: u64,
    /// Estimated.
    size_bytes: u64,
}

#[derive(Serialize)]
struct Found {
    column: &'static str,
    key: String,
    what: String,
}

/// The JSON of `heddle db check --json`.
#[derive(Serialize)]
struct Report {
    format_version: u32,
    #[serde(flatten)]
    tip: Block,
    genesis: Block,
    acknowledged_slot: Option<u64>,
    ledger: Kept,
    columns: Vec<Column>,
    /// Whether every row was read.
    read: bool,
    finding_count: u64,
    /// The first of them.
    findings: Vec<Found>,
    ok: bool,
}

pub(crate) fn run(command: &DbCommand) -> Result<(), Failure> {
    let DbCommand::Check(arguments) = command;
    let store = RocksStore::open_read_only(&arguments.db).map_err(Failure::Open)?;
    let overview = store.overview().map_err(Failure::Open)?;
    let checked = if arguments.quick {
        None
    } else {
        Some(watched("check", "rows", arguments.json, |progress| store.check(progress)).map_err(Failure::Open)?)
    };
    let report = report(overview, checked);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    match report.finding_count {
        0 => Ok(()),
        1 => Err(Failure::Different("1 thing is wrong with the database".into())),
        count => Err(Failure::Different(format!("{count} things are wrong with the database"))),
    }
}

fn block(header: &heddle_types::BlockHeader) -> Block {
    Block {
        slot: header.slot,
        height: header.height,
        state_hash: header.state_hash.to_string(),
        block_hash: header.block_hash.to_string(),
    }
}

fn kept(ledger: &Ledger) -> Kept {
    Kept {
        keep_slots: ledger.options.keep_slots,
        history_slots: ledger.options.history_slots,
        blocks_from: ledger.blocks_from,
        details_from: ledger.details_from,
        signatures_from: ledger.signatures_from,
        addresses_from: ledger.addresses_from,
        history_from: ledger.history_from,
        statuses_from: ledger.statuses_from,
    }
}

fn report(overview: Overview, checked: Option<CheckReport>) -> Report {
    let Overview { format_version, tip, genesis, acknowledged_slot, ledger, columns } = overview;
    let counted = |name| {
        let rows = checked.iter().flat_map(|checked| &checked.rows);
        rows.into_iter().find(|(column, _)| *column == name).map(|(_, count)| *count)
    };
    let columns = columns.iter().map(|column| Column {
        name: column.name,
        rows: counted(column.name).unwrap_or(column.rows),
        size_bytes: column.size_bytes,
    });
    let columns = columns.collect();
    let read = checked.is_some();
    let findings = checked.map(|checked| checked.findings).unwrap_or_default();
    Report {
        format_version,
        tip: block(&tip.header),
        genesis: block(&genesis),
        acknowledged_slot,
        ledger: kept(&ledger),
        columns,
        read,
        finding_count: findings.count,
        ok: findings.count == 0,
        findings: findings
            .first
            .into_iter()
            .map(|finding| Found { column: finding.column, key: finding.key, what: finding.flaw.to_string() })
            .collect(),
    }
}

fn print(report: &Report) {
    let or_nothing = |slot: Option<u64>| slot.map_or("not kept".to_owned(), |slot| format!("from slot {slot}"));
    println!("format       version {}", report.format_version);
    let Block { slot, height, state_hash, block_hash } = &report.tip;
    println!("newest block slot {slot}, height {height}");
    println!("  state hash {state_hash}");
    println!("  block hash {block_hash}");
    println!("genesis      state hash {}", report.genesis.state_hash);
    println!("  block hash {}", report.genesis.block_hash);
    let note = report.acknowledged_slot.map_or("none".to_owned(), |slot| format!("slot {slot}"));
    println!("acknowledged {note}");
    let ledger = &report.ledger;
    println!("blocks       {}", or_nothing(Some(ledger.blocks_from)));
    println!("details      {}", or_nothing(ledger.details_from));
    println!("history      {}", or_nothing(ledger.history_from));
    println!("by signature {}", or_nothing(ledger.signatures_from));
    println!("by address   {}", or_nothing(ledger.addresses_from));
    println!("statuses     {}", or_nothing(Some(ledger.statuses_from)));
    let about = if report.read { "" } else { "about " };
    for Column { name, rows, size_bytes } in &report.columns {
        println!("  {name:<16} {about}{rows:>12} rows, about {size_bytes:>14} bytes");
    }
    for Found { column, key, what } in &report.findings {
        println!("wrong: {column}: {key}: {what}");
    }
    let shown = report.findings.len() as u64;
    if shown < report.finding_count {
        println!("… and {} more", report.finding_count - shown);
    }
    if report.read && report.ok {
        println!("every row was read and is as it should be");
    }
}
