//! `heddle verify`: executes stored blocks again and says where the first difference is; with `--full-scan`, checks
//! the database against itself too.

use std::sync::Arc;

use heddle_engine::{
    ReplayError, ReplayOptions, ReplayReport, ScanProblem, ScanProgress, ScanReport, full_scan, replay,
};
use heddle_storage::{RocksStore, Store};
use serde::Serialize;

use crate::{
    arguments::VerifyArguments,
    difference::{self, AccountReport},
    failure::Failure,
    process, progress,
};

/// The JSON of `heddle verify --json`.
#[derive(Serialize)]
struct Report {
    blocks: u64,
    verified: u64,
    /// Blocks among those verified whose accounts were set from outside: taken as given, hashed again.
    overrides: u64,
    /// Slot of the state that execution started from; absent if nothing could be executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_slot: Option<u64>,
    state_hash: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<AccountReport>,
    accounts_more: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_scan: Option<ScanJson>,
}

/// What a full scan found, in JSON.
#[derive(Serialize)]
struct ScanJson {
    ok: bool,
    accounts: u64,
    state_hash: String,
    headers: u64,
    block_hashes: u64,
    problems: Vec<String>,
    /// Accounts that are not what the block at `recorded_at` recorded (`replayed`).
    differing: Vec<AccountReport>,
    differing_more: usize,
}

pub(crate) fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let store: Arc<dyn Store> = Arc::new(RocksStore::open_read_only(&arguments.db).map_err(Failure::Open)?);
    let scanned = if arguments.full_scan { Some(scan(&store, arguments)?) } else { None };
    let replayed = match execute(&store, arguments) {
        Ok(replayed) => Some(replayed),
        // Nothing in particular was asked for, and the scan was made.
        Err(ReplayError::NotKept { executable_from: None, .. }) if scanned.is_some() && !chooses_blocks(arguments) => {
            None
        }
        Err(error @ ReplayError::NotKept { executable_from: None, .. }) => {
            return Err(Failure::NothingToExecute(error));
        }
        Err(error) => {
            // What the scan found may be why; it must not be lost.
            fail_if_problems(scanned.as_ref()).unwrap_or_else(|problems| eprintln!("heddle: {problems}"));
            return Err(error.into());
        }
    };
    if arguments.json {
        let report = Report::of(replayed.as_ref(), scanned.as_ref());
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(replayed.as_ref(), scanned.as_ref(), arguments);
    }
    fail_if_problems(scanned.as_ref())?;
    difference::fail_if_any(replayed.as_ref().and_then(|report| report.difference.as_ref()))
}

fn chooses_blocks(arguments: &VerifyArguments) -> bool {
    arguments.slot.or(arguments.from).or(arguments.to).is_some()
}

fn workers(arguments: &VerifyArguments) -> usize {
    arguments.workers.map_or_else(process::core_count, usize::from)
}

fn execute(store: &Arc<dyn Store>, arguments: &VerifyArguments) -> Result<ReplayReport, ReplayError> {
    let options = ReplayOptions {
        workers: workers(arguments),
        from_slot: arguments.slot.or(arguments.from),
        to_slot: arguments.slot.or(arguments.to),
        compute_unit_limit: arguments.compute_unit_limit,
        account_lock_limit: arguments.account_lock_limit.map(usize::from),
    };
    let bar = progress::bar(0, "blocks", "verify", !arguments.json);
    let mut first_height = None;
    let result = replay(store, &options, &mut |header, last| {
        let before = *first_height.get_or_insert(header.height) - 1;
        bar.set_length(last - before);
        bar.set_position(header.height - before);
    });
    bar.finish_and_clear();
    result
}

fn scan(store: &Arc<dyn Store>, arguments: &VerifyArguments) -> Result<ScanReport, ReplayError> {
    let bar = progress::bar(0, "accounts", "scan", !arguments.json);
    let result = full_scan(&**store, &mut |now| match now {
        ScanProgress::Accounts(count, address) => progress::show_visited(&bar, &address, count),
        ScanProgress::Headers(count, of) => {
            bar.set_message("headers");
            bar.set_length(of);
            bar.set_position(count);
        }
    });
    bar.finish_and_clear();
    result
}

impl Report {
    fn of(replayed: Option<&ReplayReport>, scanned: Option<&ScanReport>) -> Self {
        let difference = replayed.and_then(|report| report.difference.as_ref());
        let problem = scanned.and_then(|report| report.problems.first());
        let hash = replayed.map(|report| report.state_hash).or(scanned.map(|report| report.state_hash));
        Self {
            blocks: replayed.map_or(0, |report| report.blocks),
            verified: replayed.map_or(0, |report| report.verified),
            overrides: replayed.map_or(0, |report| report.overrides),
            start_slot: replayed.map(|report| report.start_slot),
            state_hash: hash.unwrap_or_default().to_string(),
            ok: difference.is_none() && problem.is_none(),
            difference: difference.map(ToString::to_string),
            accounts: AccountReport::all(difference),
            accounts_more: difference.map_or(0, |found| found.accounts_more),
            full_scan: scanned.map(ScanJson::of),
        }
    }
}

impl ScanJson {
    fn of(report: &ScanReport) -> Self {
        let (mut differing, mut differing_more) = (Vec::new(), 0);
        for problem in &report.problems {
            if let ScanProblem::StateHash { accounts, accounts_more, .. } = problem {
                differing = accounts.iter().map(|one| AccountReport::of(&one.difference, Some(one.slot))).collect();
                differing_more = *accounts_more;
            }
        }
        Self {
            ok: report.problems.is_empty(),
            accounts: report.accounts,
            state_hash: report.state_hash.to_string(),
            headers: report.headers,
            block_hashes: report.hashes,
            problems: report.problems.iter().map(ToString::to_string).collect(),
            differing,
            differing_more,
        }
    }
}

fn print(replayed: Option<&ReplayReport>, scanned: Option<&ScanReport>, arguments: &VerifyArguments) {
    if let Some(report) = scanned {
        println!(
            "{} accounts and {} headers checked, {} block hashes computed again",
            report.accounts, report.headers, report.hashes
        );
        println!("state hash {} of all accounts", report.state_hash);
    }
    let Some(report) = replayed else {
        println!("no block is kept together with the state before it: nothing was executed");
        return;
    };
    let (blocks, verified, workers) = (report.blocks, report.verified, workers(arguments));
    println!("{verified} of {blocks} blocks executed again with {workers} workers and equal");
    if report.overrides > 0 {
        println!(
            "{} of them set accounts from outside: what they wrote was taken as given and hashed again",
            report.overrides
        );
    }
    if report.start_slot > 0 {
        let before = report.start_height;
        println!("executed from the state after slot {} on; {before} blocks before were not", report.start_slot);
    }
    println!("state hash {}", report.state_hash);
}

fn fail_if_problems(scanned: Option<&ScanReport>) -> Result<(), Failure> {
    let Some(report) = scanned.filter(|report| !report.problems.is_empty()) else { return Ok(()) };
    let mut text = String::from("the database contradicts itself");
    for problem in &report.problems {
        text.push_str(&format!("\n{problem}"));
        if let ScanProblem::StateHash { accounts, accounts_more, .. } = problem {
            for one in accounts {
                text.push_str(&format!("\n{}", one.difference.describe(["stored", "recorded"])));
                text.push_str(&format!("\n  last changed at slot {}", one.slot));
            }
            if *accounts_more > 0 {
                text.push_str(&format!("\nand {accounts_more} more accounts"));
            }
        }
    }
    Err(Failure::Different(text))
}
