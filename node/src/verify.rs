//! `heddle verify`: executes every stored block again and says where the first difference is.

use std::sync::Arc;

use heddle_engine::replay_kept;
use heddle_storage::{RocksStore, Store};
use serde::Serialize;

use crate::{arguments::VerifyArguments, failure::Failure, process, progress};

/// The JSON of `heddle verify --json`.
#[derive(Serialize)]
struct Report {
    /// Slot of the state that it began with; 0: genesis.
    from_slot: u64,
    blocks: u64,
    verified: u64,
    state_hash: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
}

pub(crate) fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let store: Arc<dyn Store> = Arc::new(RocksStore::open_read_only(&arguments.db).map_err(Failure::Open)?);
    let workers = arguments.workers.map_or_else(process::core_count, usize::from);
    let bar = progress::bar(0, "blocks", "verify", !arguments.json);
    let result = replay_kept(&store, workers, &mut |_, count| {
        bar.set_length(count);
        bar.inc(1);
    });
    bar.finish_and_clear();
    let result = result?;
    let difference = result.difference.map(|difference| difference.to_string());
    let report = Report {
        from_slot: result.from_slot,
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
        if report.from_slot > 0 {
            println!("from the state after slot {} on: what is before is no longer kept", report.from_slot);
        }
        println!("state hash {}", report.state_hash);
    }
    match report.difference {
        None => Ok(()),
        Some(difference) => Err(Failure::Different(format!("the first difference: {difference}"))),
    }
}
