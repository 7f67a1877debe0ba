//! `heddle bundle show`: what is in a bundle, without executing anything.

use heddle_engine::bundle::{Bundle, BundleBlock};
use serde::Serialize;

use super::{read, transaction_count};
use crate::{arguments::BundleShowArguments, failure::Failure};

/// The JSON of `heddle bundle show --json`.
#[derive(Serialize)]
struct Report {
    bytes: usize,
    parent_slot: u64,
    parent_hash: String,
    parent_state_hash: String,
    recent_headers: usize,
    statuses: usize,
    /// Accounts before the first block that exist, and those that were looked for in vain.
    accounts: usize,
    accounts_absent: usize,
    account_data_bytes: usize,
    transactions: u64,
    blocks: Vec<BlockReport>,
}

#[derive(Serialize)]
struct BlockReport {
    slot: u64,
    height: u64,
    transactions: usize,
    failed: usize,
    signatures: u64,
    wire_bytes: usize,
    changed_accounts: usize,
    state_hash: String,
    block_hash: String,
}

pub(crate) fn run(arguments: &BundleShowArguments) -> Result<(), Failure> {
    let (bundle, bytes) = read(&arguments.file)?;
    let report = Report::of(&bundle, bytes);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

impl Report {
    fn of(bundle: &Bundle, bytes: usize) -> Self {
        let parent = &bundle.parent().header;
        let existing = || bundle.accounts().iter().filter_map(|(_, account)| account.as_ref());
        let accounts = existing().count();
        Self {
            bytes,
            parent_slot: parent.slot,
            parent_hash: parent.block_hash.to_string(),
            parent_state_hash: parent.state_hash.to_string(),
            recent_headers: bundle.recent_headers().len(),
            statuses: bundle.statuses().len(),
            accounts,
            accounts_absent: bundle.accounts().len() - accounts,
            account_data_bytes: existing().map(|account| account.data.len()).sum(),
            transactions: transaction_count(bundle),
            blocks: bundle.blocks().iter().map(BlockReport::of).collect(),
        }
    }
}

impl BlockReport {
    fn of(block: &BundleBlock) -> Self {
        let header = block.header();
        Self {
            slot: header.slot,
            height: header.height,
            transactions: block.transactions().len(),
            failed: block.transactions().iter().filter(|one| one.receipt.status.is_err()).count(),
            signatures: header.signature_count,
            wire_bytes: block.transactions().iter().map(|one| one.wire.len()).sum(),
            changed_accounts: block.changes().len(),
            state_hash: header.state_hash.to_string(),
            block_hash: header.block_hash.to_string(),
        }
    }
}

fn print(report: &Report) {
    println!("{} bytes, {} blocks after slot {}", report.bytes, report.blocks.len(), report.parent_slot);
    println!("block hash {} and state hash {} before", report.parent_hash, report.parent_state_hash);
    println!(
        "{} accounts with {} bytes of data, {} absent; {} recent headers, {} statuses",
        report.accounts, report.account_data_bytes, report.accounts_absent, report.recent_headers, report.statuses
    );
    for block in &report.blocks {
        println!(
            "slot {:<10} {:>7} transactions ({} failed, {} bytes), {} changed accounts, block hash {}",
            block.slot, block.transactions, block.failed, block.wire_bytes, block.changed_accounts, block.block_hash
        );
    }
}
