//! The mainnet block of the corpora as a [`Block`]: real locks, estimated costs.
//!
//! The corpus records neither compute units nor the state before the block, so transactions can be neither executed nor
//! looked up. What each instruction costs is therefore assumed, by program and kind: for builtins it is Solana's fixed
//! cost, for programs a typical figure of the time. The sum is bounded by the limit of the time, 200,000 units.

use crate::blocks::{Workload, cost_ns};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use heddle_scheduler::makespan::Block;
use heddle_types::{AccountLock, TransactionView};
use serde_json::Value;
use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Compute units that a transaction could use when the block was made.
const UNITS_MAX: u64 = 200_000;
/// A program that the table does not know.
const UNITS_OF_OTHERS: u64 = 30_000;

const EVEN_COST_NS: u64 = 10_000;
/// What Agave grants an instruction of a transaction that names no limit, and at most a transaction.
const DECLARED_UNITS_OF_BUILTINS: u64 = 3_000;
const DECLARED_UNITS_OF_OTHERS: u64 = 200_000;
const DECLARED_UNITS_MAX: u64 = 1_400_000;
const BUILTINS: [&str; 3] = [
    "Vote111111111111111111111111111111111111111",
    "11111111111111111111111111111111",
    "KeccakSecp256k11111111111111111111111111111",
];

/// The blocks under `corpora`/mainnet-block, each whole, without votes, and whole with all costs equal. None if there
/// is no such folder.
///
/// # Errors
/// If a file there is not what the corpora's README describes.
pub(crate) fn read_blocks(corpora: &Path) -> Result<Option<Vec<Workload>>, Box<dyn Error>> {
    let Ok(entries) = std::fs::read_dir(corpora.join("mainnet-block")) else { return Ok(None) };
    let mut paths = Vec::<PathBuf>::new();
    for entry in entries {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".json.gz") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut workloads = Vec::new();
    for path in paths {
        let json = serde_json::from_reader::<_, Value>(GzDecoder::new(File::open(&path)?))?;
        let slot = json["slot"].as_u64().ok_or("a block without slot")?;
        let name = format!("mainnet block {slot}");
        let whole = read_block(&json, true)?;
        let even = Block { costs_ns: vec![EVEN_COST_NS; whole.block.costs_ns.len()], ..whole.block.clone() };
        let even = Block { weights: even.costs_ns.clone(), ..even };
        workloads.push(Workload { name: name.clone(), ..whole });
        workloads.push(Workload { name: format!("{name} without votes"), ..read_block(&json, false)? });
        workloads.push(Workload::new(format!("{name}, all costs equal"), even));
    }
    Ok(Some(workloads))
}

fn read_block(json: &Value, with_votes: bool) -> Result<Workload, Box<dyn Error>> {
    let mut indices = HashMap::<&str, u32>::new();
    let (mut block, mut declared) = (Block::default(), Vec::new());
    for transaction in json["txs"].as_array().ok_or("a block without transactions")? {
        if transaction["vote"].as_bool().ok_or("a transaction without flag")? && !with_votes {
            continue;
        }
        let mut locks = Vec::new();
        for (list, lock) in [("w", AccountLock::writable as fn(u32) -> AccountLock), ("r", AccountLock::readonly)] {
            for key in strings(&transaction[list])? {
                let next = indices.len() as u32;
                locks.push(lock(*indices.entry(key).or_insert(next)));
            }
        }
        block.lock_sets.push(locks);
        let units = read_units(transaction)?;
        let programs = strings(&transaction["programs"])?;
        declared.push(programs.iter().map(|program| declared_units(program)).sum::<u64>().min(DECLARED_UNITS_MAX));
        block.costs_ns.push(cost_ns(units));
        block.weights.push(units);
    }
    Ok(Workload { name: String::new(), block, declared })
}

fn read_units(transaction: &Value) -> Result<u64, Box<dyn Error>> {
    let bytes = STANDARD.decode(transaction["raw"].as_str().ok_or("a transaction without bytes")?)?;
    let view = TransactionView::parse(&bytes)?;
    let programs = strings(&transaction["programs"])?;
    if programs.len() != view.instruction_count() {
        return Err("programs and instructions differ in number".into());
    }
    let units = programs.iter().zip(view.instructions()).map(|(program, instruction)| units(program, instruction.data));
    Ok(units.sum::<u64>().min(UNITS_MAX))
}

/// The limit that an instruction adds. No transaction of the block has compute budget instructions.
fn declared_units(program: &str) -> u64 {
    if BUILTINS.contains(&program) { DECLARED_UNITS_OF_BUILTINS } else { DECLARED_UNITS_OF_OTHERS }
}

fn strings(list: &Value) -> Result<Vec<&str>, Box<dyn Error>> {
    let list = list.as_array().ok_or("not a list")?;
    list.iter().map(|text| text.as_str().ok_or_else(|| "not a text".into())).collect()
}

/// Assumed compute units of one instruction.
fn units(program: &str, data: &[u8]) -> u64 {
    match program {
        "Vote111111111111111111111111111111111111111" => 2_100,
        "11111111111111111111111111111111" => 150,
        // What Agave's cost model takes for the check of one signature.
        "KeccakSecp256k11111111111111111111111111111" => 6_690,
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA" => 4_500,
        "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL" => 21_000,
        // An oracle's price update.
        "FsJ3A3u2vn5cTVofAjvy6y5kwABJAqYWpe4975bi2epH" => 6_000,
        "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin" => order_book_units(data),
        // A swap, or a market maker's step, of which a transaction has ten.
        "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8" if data.first() == Some(&9) => 90_000,
        "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8" => 20_000,
        _ => UNITS_OF_OTHERS,
    }
}

/// The order book's instructions: a version byte, then the kind.
fn order_book_units(data: &[u8]) -> u64 {
    match data.get(1) {
        // Consume events.
        Some(3) => 25_000,
        // New order.
        Some(10) => 45_000,
        // Settle funds.
        Some(5) => 18_000,
        _ => 12_000,
    }
}
