//! A chain has the epoch schedule of its genesis: in clock and sysvar, after reopening, in replay.

mod common;

use std::sync::Arc;

use common::*;
use heddle_engine::{Block, BuildError, Builder, Engine, EpochSchedule, ReplayOptions, replay};
use heddle_storage::{LedgerOptions, MemoryStore, RocksStore, Store};
use heddle_types::{Account, ids::sysvar};
use heddle_vm::Clock;

fn builder(store: Arc<dyn Store>) -> Builder {
    Engine::builder().shared_store(store)
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::with_ledger(LedgerOptions::EVERYTHING))
}

fn clock(engine: &Engine) -> Clock {
    let account = engine.account(&sysvar::clock::ID).expect("readable").expect("there");
    Clock::from_bytes(&account.data).expect("a clock")
}

/// Commits an empty block at `slot`; (epoch, leader schedule epoch, start of the epoch) of its clock.
fn run(engine: &Engine, slot: u64) -> (u64, u64, i64) {
    let block = Block { slot, unix_timestamp: slot as i64 * 10, ..engine.next_block(vec![]) };
    engine.commit_block(engine.execute_block(block).expect("executes")).expect("commits");
    let clock = clock(engine);
    (clock.epoch, clock.leader_schedule_epoch, clock.epoch_start_timestamp)
}

#[test]
fn the_schedule_of_genesis_stays_the_chains() {
    let warm = EpochSchedule::with_warmup(64);
    let directory = tempfile::tempdir().expect("a directory");
    let open = || -> Arc<dyn Store> { Arc::new(RocksStore::open(directory.path()).expect("opens")) };
    let engine = builder(open()).epoch_schedule(warm).fund(plain(1), 5).build().expect("an engine");
    assert_eq!((clock(&engine).epoch, clock(&engine).leader_schedule_epoch), (0, 1));
    assert_eq!(run(&engine, 31), (0, 1, 0));
    assert_eq!(run(&engine, 32), (1, 2, 320));
    drop(engine);
    let engine = builder(open()).build().expect("it needs no option");
    assert_eq!(engine.epoch_schedule(), warm);
    assert_eq!(run(&engine, 95), (1, 2, 320));
    assert_eq!(run(&engine, 96), (2, 3, 960));
    engine.revert_to(95).expect("history is kept");
    assert_eq!(run(&engine, 160), (3, 4, 1600));
    assert_eq!(engine.epoch_schedule(), warm);
    let stored = engine.account(&sysvar::epoch_schedule::ID).expect("readable").expect("there");
    assert_eq!(*stored.data, warm.to_bytes());
    let report = replay(engine.store(), &ReplayOptions::default(), &mut |_, _| {}).expect("replays");
    assert_eq!((report.difference, report.verified), (None, 4));
}

#[test]
fn another_schedule_is_another_genesis() {
    let warm = EpochSchedule::with_warmup(64);
    let store = memory();
    let reopened = |schedule: Option<EpochSchedule>, lamports: Option<u64>| {
        let mut builder = builder(store.clone());
        if let Some(schedule) = schedule {
            builder = builder.epoch_schedule(schedule);
        }
        if let Some(lamports) = lamports {
            builder = builder.fund(plain(1), lamports);
        }
        builder.build().map(|engine| engine.epoch_schedule())
    };
    assert_eq!(reopened(Some(warm), Some(5)).expect("a new chain"), warm);
    for (schedule, lamports) in [(None, None), (None, Some(5)), (Some(warm), None), (Some(warm), Some(5))] {
        assert_eq!(reopened(schedule, lamports).expect("the same chain"), warm);
    }
    let mainnet = Some(EpochSchedule::default());
    for (schedule, lamports) in [(mainnet, None), (mainnet, Some(5)), (Some(warm), Some(6)), (None, Some(6))] {
        let error = reopened(schedule, lamports).expect_err("another chain");
        assert!(matches!(error, BuildError::OtherGenesis { .. }), "{error}");
    }
}

#[test]
fn a_given_sysvar_is_the_schedule_unless_there_are_two() {
    let warm = EpochSchedule::with_warmup(64);
    let account = Account::new(1_000_000, &warm.to_bytes(), sysvar::ID);
    let given = |store| builder(store).account(sysvar::epoch_schedule::ID, account.clone());
    let engine = given(memory()).build().expect("an engine");
    assert_eq!((engine.epoch_schedule(), run(&engine, 40).0), (warm, 1));
    let twice = given(memory()).epoch_schedule(warm).build().map(|_| ()).expect_err("which of them?");
    assert!(matches!(twice, BuildError::DuplicateGenesisAccount(key) if key == sysvar::epoch_schedule::ID));
    let default = builder(memory()).build().expect("an engine");
    let state_hash = |schedule| builder(memory()).epoch_schedule(schedule).build().expect("an engine").tip().state_hash;
    assert_eq!(state_hash(EpochSchedule::default()), default.tip().state_hash);
    assert_ne!(state_hash(warm), default.tip().state_hash);
}
