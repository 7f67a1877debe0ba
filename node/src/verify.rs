//! `heddle verify`: executes every stored block again and says where the first difference is.

use heddle_engine::replay;
use heddle_storage::RocksStore;
use serde::Serialize;

use crate::{arguments::VerifyArguments, failure::Failure, process, progress};

/// The JSON of `heddle verify --json`.
#[derive(Serialize)]
struct Report {
    blocks: u64,
    verified: u64,
    state_hash: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
}

pub(crate) fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let store = RocksStore::open_read_only(&arguments.db).map_err(Failure::Open)?;
    let workers = arguments.workers.map_or_else(process::core_count, usize::from);
    let bar = progress::bar(0, "blocks", "verify", !arguments.json);
    let result = replay(&store, workers, &mut |header, newest| {
        bar.set_length(newest);
        bar.set_position(header.height);
    });
    bar.finish_and_clear();
    let result = result?;
    let difference = result.difference.map(|difference| difference.to_string());
    let report = Report {
        blocks: result.blocks,
        verified: result.verified,
        state_hash: result.state_hash.to_string(),
        ok: difference.is_none(),
        difference,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{} of {} blocks executed again with {workers} workers and equal", report.verified, report.blocks);
        println!("state hash {}", report.state_hash);
    }
    match report.difference {
        None => Ok(()),
        Some(difference) => Err(Failure::Different(format!("the first difference: {difference}"))),
    }
}
