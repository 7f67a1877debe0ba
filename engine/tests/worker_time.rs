//! How long workers were busy: told by an engine that has a clock, in parallel and serially.

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common::{address, key, plain, transfer, verified};
use heddle_engine::{Engine, Parallelism, StageClock, VerifiedTransaction};

const WORKERS: usize = 2;

/// A clock that goes on by a microsecond whenever somebody looks.
fn ticking() -> StageClock {
    let ticks = AtomicU64::new(0);
    Arc::new(move || Duration::from_micros(ticks.fetch_add(1, Ordering::Relaxed)))
}

fn engine(clock: Option<StageClock>) -> Engine {
    let mut builder = Engine::builder().workers(WORKERS);
    for n in 1..=8 {
        builder = builder.fund(address(&key(n)), 1_000_000_000);
    }
    if let Some(clock) = clock {
        builder = builder.stage_clock(clock);
    }
    builder.build().unwrap()
}

/// Transfers that have nothing in common.
fn transfers(engine: &Engine) -> Vec<VerifiedTransaction> {
    let one = |n: u8| {
        let from = key(n);
        verified(&[transfer(address(&from), plain(100 + n), 1_000_000)], &[&from], engine.latest_blockhash())
    };
    (1..=8).map(one).collect()
}

fn busy_ns(engine: &Engine, parallelism: Parallelism) -> Vec<u64> {
    let block = engine.execute_block_with(engine.next_block(transfers(engine)), parallelism).unwrap();
    assert_eq!(block.run_stats().executed_count(), 8);
    block.run_stats().workers.iter().map(|worker| worker.busy_ns).collect()
}

#[test]
fn with_a_clock_workers_tell_how_long_they_were_busy() {
    let engine = engine(Some(ticking()));
    let serial = busy_ns(&engine, Parallelism::Serial);
    assert!(serial.len() == 1 && serial[0] > 0, "{serial:?}");
    let parallel = busy_ns(&engine, Parallelism::Workers(WORKERS));
    assert!(parallel.len() == WORKERS && parallel.iter().sum::<u64>() > 0, "{parallel:?}");
}

#[test]
fn without_a_clock_nobody_looks_at_one() {
    let engine = engine(None);
    assert_eq!(busy_ns(&engine, Parallelism::Workers(WORKERS)), [0; WORKERS]);
}
