//! Bundles: what is exported from a store executes without it, on any number of workers, whatever part of the chain it
//! is and however the state before it was had.

mod common;

use std::{collections::BTreeMap, sync::Arc};

use common::{oracle::*, *};
use heddle_engine::{
    Engine, Parallelism, ReplayError,
    bundle::{Bundle, ExportOptions, Exported, export},
};
use heddle_storage::{LedgerOptions, MemoryStore, RocksStore, Store};
use heddle_types::{Account, Pubkey};
use serde_json::Value;

const WAYS: [Parallelism; 5] = [
    Parallelism::Serial,
    Parallelism::Workers(1),
    Parallelism::Workers(2),
    Parallelism::Workers(4),
    Parallelism::Workers(16),
];

fn without_history() -> LedgerOptions {
    LedgerOptions { history_slots: 0, ..LedgerOptions::default() }
}

/// Executes a recorded chain into `store`.
fn fill(store: &Arc<dyn Store>, chain: &Value, environment: &BTreeMap<Pubkey, Account>) {
    let engine = builder_of(chain, environment).shared_store(store.clone()).build().expect("an engine");
    for recorded in list(&chain["blocks"]) {
        let executed = engine.execute_block(block_of(recorded)).expect("executes");
        engine.commit_block(executed).expect("commits");
    }
}

/// Every recorded chain: fees and failures, old blockhashes, orders of many transactions, nonces, deployed programs, lookup
/// tables.
fn chains() -> (Vec<Value>, BTreeMap<Pubkey, Account>) {
    let environment = accounts(&read_json("environment.json")["accounts"]);
    let file = read_json("chains.json");
    (list(&file["chains"]).to_vec(), environment)
}

fn slots(store: &Arc<dyn Store>) -> Vec<u64> {
    let next = |slot: &u64| store.next_header(*slot).expect("readable").map(|header| header.slot);
    std::iter::successors(next(&0), next).collect()
}

fn exported(store: &Arc<dyn Store>, from_slot: u64, to_slot: u64) -> Bundle {
    let options = ExportOptions { from_slot, to_slot, workers: 2 };
    let Exported { bundle, difference } = export(store, &options, &mut |_, _| {}).expect("exports");
    assert_eq!(difference, None, "slots {from_slot} to {to_slot}");
    bundle.expect("there are blocks")
}

/// Runs the blocks in the given ways, from the bytes of a file: all must agree with the chain.
fn check_runs(bundle: &Bundle, last: &heddle_types::BlockHeader, ways: &[Parallelism]) {
    let file = bundle.encode().expect("encodes");
    let read = Arc::new(Bundle::decode(&file).expect("decodes"));
    assert_eq!(*read, *bundle);
    for way in ways {
        let run = read.run(*way, None).expect("runs");
        assert_eq!(run.difference, None, "{way:?}");
        assert_eq!((run.blocks.len(), run.state_hash), (bundle.blocks().len(), last.state_hash));
    }
    assert_eq!(bundle.blocks().last().map(|block| *block.header()), Some(*last));
}

#[test]
fn whole_chains_run_from_their_bundles_in_every_way() {
    let (chains, environment) = chains();
    for chain in &chains {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        fill(&store, chain, &environment);
        let slots = slots(&store);
        let (first, last) = (slots[0], slots[slots.len() - 1]);
        let tip = store.tip().expect("readable").expect("a tip").header;
        let bundle = exported(&store, first, last);
        assert!(bundle.blocks().len() == slots.len() && bundle.accounts().len() > 10);
        check_runs(&bundle, &tip, &WAYS);
    }
}

#[test]
fn every_part_of_a_chain_runs() {
    let (chains, environment) = chains();
    let mut parts = 0;
    for chain in chains.iter().filter(|chain| list(&chain["blocks"]).len() <= 14) {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        fill(&store, chain, &environment);
        let slots = slots(&store);
        for (index, from) in slots.iter().enumerate() {
            for to in &slots[index..] {
                let last = store.header(*to).expect("readable").expect("a block");
                check_runs(&exported(&store, *from, *to), &last, &[Parallelism::Workers(2)]);
                parts += 1;
            }
        }
    }
    assert!(parts > 150, "{parts}");
}

/// Long chains, where blockhashes, nonces, statuses and tables are old: each end, and places between.
#[test]
fn parts_of_long_chains_run() {
    let (chains, environment) = chains();
    for chain in chains.iter().filter(|chain| list(&chain["blocks"]).len() > 14) {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        fill(&store, chain, &environment);
        let slots = slots(&store);
        for from in (0..slots.len()).step_by(29).chain([slots.len() - 1]) {
            let to = slots[(from + 3).min(slots.len() - 1)];
            let last = store.header(to).expect("readable").expect("a block");
            check_runs(&exported(&store, slots[from], to), &last, &[Parallelism::Workers(2), Parallelism::Serial]);
        }
    }
}

#[test]
fn it_does_not_matter_how_the_state_before_was_had() {
    let (chains, environment) = chains();
    for chain in &chains {
        let near: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let far: Arc<dyn Store> = Arc::new(MemoryStore::with_ledger(without_history()));
        fill(&near, chain, &environment);
        fill(&far, chain, &environment);
        let slots = slots(&near);
        let last = slots[slots.len() - 1];
        for from in [slots[0], slots[slots.len() / 2], last] {
            assert_eq!(exported(&near, from, last), exported(&far, from, last), "{} from {from}", chain["name"]);
        }
    }
}

#[test]
fn a_durable_store_gives_the_same_bundle() {
    let directory = tempfile::tempdir().expect("a directory");
    let (chains, environment) = chains();
    for (index, chain) in chains.iter().filter(|chain| list(&chain["blocks"]).len() <= 14).enumerate() {
        let path = directory.path().join(index.to_string());
        let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let durable: Arc<dyn Store> = Arc::new(RocksStore::open(&path).expect("opens"));
        fill(&memory, chain, &environment);
        fill(&durable, chain, &environment);
        drop(durable);
        let durable: Arc<dyn Store> = Arc::new(RocksStore::open_read_only(&path).expect("opens"));
        let slots = slots(&memory);
        let (first, last) = (slots[1], slots[slots.len() - 1]);
        let (a, b) = (exported(&memory, first, last), exported(&durable, first, last));
        assert_eq!(a.encode().expect("encodes"), b.encode().expect("encodes"));
    }
}

/// Blocks with transfers, tokens and failures, of which slots 4 and 5 are missing.
fn payments(options: LedgerOptions, blocks: u64) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_ledger(options));
    let token = |n: u8| plain(150 + n);
    let engine = Engine::builder()
        .shared_store(store.clone())
        .account(plain(200), mint(1 << 40))
        .account(token(1), token_account(plain(200), address(&key(1)), 1_000_000))
        .account(token(2), token_account(plain(200), address(&key(2)), 0))
        .fund(address(&key(1)), 1_000_000_000_000)
        .fund(address(&key(2)), 10_000_000_000)
        .build()
        .expect("an engine");
    for number in 1..=blocks {
        let blockhash = engine.latest_blockhash();
        let send = |instruction: Instruction| verified(&[instruction], &[&key(1)], blockhash);
        let mut block = engine.next_block(vec![
            send(transfer(address(&key(1)), address(&key(2)), number)),
            send(token_transfer(token(1), token(2), address(&key(1)), number)),
            send(transfer(address(&key(1)), address(&key(2)), 1 << 60)),
        ]);
        block.slot += if block.slot == 4 { 2 } else { 0 };
        engine.commit_block(engine.execute_block(block).expect("executes")).expect("commits");
    }
    store
}

#[test]
fn slots_without_blocks_are_skipped() {
    let store = payments(LedgerOptions::EVERYTHING, 6);
    let of = |from, to| -> Vec<u64> {
        exported(&store, from, to).blocks().iter().map(|block| block.header().slot).collect()
    };
    assert_eq!(of(3, 6), [3, 6]);
    assert_eq!(of(4, 7), [6, 7]);
    assert_eq!(of(1, 5), [1, 2, 3]);
    assert_eq!(of(0, 1000), [1, 2, 3, 6, 7, 8]);
    let nothing = export(&store, &ExportOptions { from_slot: 4, to_slot: 5, workers: 1 }, &mut |_, _| {});
    assert!(matches!(nothing, Err(ReplayError::NoBlock { from_slot: 4, to_slot: 5, tip_slot: 8 })));
}

#[test]
fn what_is_not_kept_is_told_with_what_is() {
    let store = payments(LedgerOptions { keep_slots: Some(16), history_slots: 8, ..LedgerOptions::default() }, 40);
    let from = store.ledger().expect("readable").history_from.expect("kept");
    let options = ExportOptions { from_slot: from - 1, to_slot: from + 1, workers: 1 };
    let error = export(&store, &options, &mut |_, _| {}).expect_err("the state before is not kept");
    assert!(error.to_string().ends_with(&format!("are kept for slots {from} to 42")), "{error}");
    let bundle = exported(&store, from, 42);
    assert!(!bundle.statuses().is_empty() && bundle.recent_headers().len() as u64 > from - 4);
    check_runs(&bundle, &store.tip().expect("readable").expect("a tip").header, &WAYS);
}

#[test]
fn a_bundle_holds_what_its_blocks_touch_and_no_more() {
    let store = payments(LedgerOptions::EVERYTHING, 3);
    let bundle = exported(&store, 2, 2);
    let held = |key: &Pubkey| bundle.accounts().iter().find(|(held, _)| held == key).map(|(_, account)| account);
    let past = heddle_storage::PastStore::at(store.clone(), 1).expect("kept");
    for key in [address(&key(1)), address(&key(2)), plain(151), plain(152), TOKEN] {
        assert_eq!(held(&key), Some(&past.accounts(&[key]).expect("readable")[0]), "{key}");
    }
    assert_eq!(held(&plain(200)), None, "the mint is not asked for");
    let mut all = 0;
    store.for_each_account(&mut |_, _| all += 1).expect("readable");
    assert!(bundle.accounts().len() < all, "{} of {all}", bundle.accounts().len());
}
