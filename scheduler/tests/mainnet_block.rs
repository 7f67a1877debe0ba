//! A real block: the graph finds the critical path that others found, and the pool runs it like one thread.

mod common;

use flate2::read::GzDecoder;
use heddle_scheduler::{BlockStats, ConflictGraph, Pool, Schedule};
use heddle_types::AccountLock;
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Slot 102,815,960: 638 transactions that are not votes, critical path 116 (shared/corpora/README.md).
const KNOWN_SLOT: &str = "slot-102815960.json.gz";
const KNOWN_TRANSACTIONS: usize = 638;
const KNOWN_CRITICAL_PATH: usize = 116;

fn corpus() -> PathBuf {
    let root = std::env::var_os("HEDDLE_CORPORA").map(PathBuf::from);
    root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora")).join("mainnet-block")
}

/// The lock sets of a block's transactions, accounts numbered as they come.
fn lock_sets(block: &Value, with_votes: bool) -> Vec<Vec<AccountLock>> {
    let mut indices = HashMap::<&str, u32>::new();
    let mut sets = Vec::new();
    for transaction in block["txs"].as_array().expect("a list of transactions") {
        if transaction["vote"].as_bool().expect("a flag") && !with_votes {
            continue;
        }
        let mut locks = Vec::new();
        for (list, lock) in [("w", AccountLock::writable as fn(u32) -> AccountLock), ("r", AccountLock::readonly)] {
            for key in transaction[list].as_array().expect("a list of keys") {
                let next = indices.len() as u32;
                locks.push(lock(*indices.entry(key.as_str().expect("a key")).or_insert(next)));
            }
        }
        sets.push(locks);
    }
    sets
}

/// Waves of a graph that is run wave by wave, checked after each.
fn count_waves(block: &[Vec<AccountLock>]) -> usize {
    let mut graph = ConflictGraph::new();
    for locks in block {
        graph.insert(locks);
    }
    graph.verify();
    let mut waves = 0;
    while graph.ready_count() > 0 {
        for tx in std::iter::from_fn(|| graph.pop_ready()).collect::<Vec<_>>() {
            graph.complete(tx);
            graph.reclaim(tx);
        }
        graph.verify();
        waves += 1;
    }
    assert!(graph.is_empty());
    waves
}

fn check_block(path: &Path) {
    let json = serde_json::from_reader::<_, Value>(GzDecoder::new(File::open(path).unwrap())).unwrap();
    for with_votes in [false, true] {
        let block = lock_sets(&json, with_votes);
        let stats = BlockStats::measure(common::lock_sets(&block), |_| 1);
        let schedule = Schedule::build(common::lock_sets(&block));
        assert_eq!(schedule.critical_path(|_| 1) as usize, stats.wave_count());
        assert_eq!(count_waves(&block), stats.wave_count());
        let mut counts = [0_u32; 4];
        Pool::new(4).unwrap().run(&schedule, &mut counts, |count, _| *count += 1).unwrap();
        assert_eq!(counts.iter().sum::<u32>() as usize, block.len());
        if path.ends_with(KNOWN_SLOT) && !with_votes {
            assert_eq!((block.len(), stats.wave_count()), (KNOWN_TRANSACTIONS, KNOWN_CRITICAL_PATH));
        }
        println!(
            "{}: votes {with_votes}, {} transactions, critical path {}, hottest {:?}",
            path.display(),
            block.len(),
            stats.wave_count(),
            stats.hottest(3)
        );
    }
}

#[test]
fn the_critical_path_of_mainnet_blocks() {
    let Ok(entries) = std::fs::read_dir(corpus()) else {
        println!("skipped: no corpus at {}", corpus().display());
        return;
    };
    let is_block = |path: &PathBuf| path.to_string_lossy().ends_with(".json.gz");
    let blocks = entries.map(|entry| entry.unwrap().path()).filter(is_block).collect::<Vec<_>>();
    assert!(!blocks.is_empty(), "the corpus at {} holds no block", corpus().display());
    for path in blocks {
        check_block(&path);
    }
}
