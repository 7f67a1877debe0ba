//! Quick figures of the graph and the pool: `cargo run --release -p heddle-scheduler --example measure`.
//!
//! ns per transaction: grows with the cost the graph adds to each transaction. µs per run: grows with the cost of
//! starting and ending a block on the pool; the transactions themselves do nothing or a fixed number of rounds.

#![allow(clippy::disallowed_methods, reason = "a measurement needs a clock")]

use heddle_scheduler::{ConflictGraph, Pool, RunStats, Schedule, TransactionIndex};
use heddle_types::AccountLock;
use std::hint::black_box;
use std::time::Instant;

const TRANSACTIONS: u32 = 10_000;
const REPEATS: u32 = 50;

fn w(account: u32) -> AccountLock {
    AccountLock::writable(account)
}

fn r(account: u32) -> AccountLock {
    AccountLock::readonly(account)
}

/// The shortest of many repeats, in nanoseconds: what the code costs when nothing else disturbs it.
fn shortest_ns(mut action: impl FnMut()) -> u64 {
    let once = |action: &mut dyn FnMut()| {
        let began = Instant::now();
        action();
        began.elapsed().as_nanos() as u64
    };
    (0..REPEATS).map(|_| once(&mut action)).min().unwrap_or_default()
}

fn median_ns(mut action: impl FnMut()) -> u64 {
    let mut times = (0..REPEATS * 4).map(|_| {
        let began = Instant::now();
        action();
        began.elapsed().as_nanos() as u64
    });
    let mut times = times.by_ref().collect::<Vec<_>>();
    times.sort_unstable();
    times[times.len() / 2]
}

fn blocks() -> Vec<(&'static str, Vec<Vec<AccountLock>>)> {
    let block = |locks: &dyn Fn(u32) -> Vec<AccountLock>| (0..TRANSACTIONS).map(locks).collect::<Vec<_>>();
    vec![
        ("3 writable, disjoint", block(&|tx| vec![w(tx * 3), w(tx * 3 + 1), w(tx * 3 + 2)])),
        ("2 writable, 1 program read by all", block(&|tx| vec![w(tx * 2 + 1), w(tx * 2 + 2), r(0)])),
        ("3 accounts, 1 written by all", block(&|tx| vec![w(0), w(tx * 2 + 1), w(tx * 2 + 2)])),
        (
            "3 writable of a million, scattered",
            block(&|tx| {
                let scattered = |position: u32| w((tx * 3 + position).wrapping_mul(0x9E37_79B1) >> 12);
                let mut locks = (0..3).map(scattered).collect::<Vec<_>>();
                locks.dedup_by_key(|lock| lock.account);
                locks
            }),
        ),
        (
            "oracle: 1 in 100 writes what all read",
            block(&|tx| {
                let oracle = if tx % 100 == 0 { w(0) } else { r(0) };
                vec![oracle, w(tx * 2 + 1), w(tx * 2 + 2)]
            }),
        ),
    ]
}

fn measure_graph(name: &str, block: &[Vec<AccountLock>]) {
    let mut graph = ConflictGraph::new();
    let batch_ns = shortest_ns(|| {
        graph.clear();
        for locks in block {
            graph.insert(locks);
        }
        while let Some(tx) = graph.pop_ready() {
            graph.complete(tx);
        }
        assert_eq!(graph.len(), block.len());
    });
    graph.clear();
    let stream_ns = shortest_ns(|| {
        for locks in block {
            graph.insert(locks);
            if graph.len() > 256 {
                let tx = graph.pop_ready().expect("the oldest is ready");
                graph.complete(tx);
                graph.reclaim(tx);
            }
        }
    });
    let count = block.len() as u64;
    println!("graph    {name:40} block {:4} ns/tx   stream of 256 {:4} ns/tx", batch_ns / count, stream_ns / count);
}

fn measure_schedule(name: &str, block: &[Vec<AccountLock>]) {
    let mut schedule = Schedule::new();
    let build_ns = shortest_ns(|| schedule.rebuild(block.iter().map(Vec::as_slice)));
    let prioritise_ns = shortest_ns(|| schedule.prioritise(weight));
    let count = block.len() as u64;
    println!("schedule {name:40} build {:4} ns/tx  prioritise {:4} ns/tx", build_ns / count, prioritise_ns / count);
    for is_prioritised in [false, true] {
        schedule.rebuild(block.iter().map(Vec::as_slice));
        if is_prioritised {
            schedule.prioritise(weight);
        }
        print!("         {:40} run, empty tx:", if is_prioritised { "prioritised" } else { "in block order" });
        for workers in [1, 2, 4] {
            let mut pool = Pool::new(workers).expect("a pool");
            let mut states = vec![0_u64; workers];
            let run_ns = median_ns(|| {
                pool.run(&schedule, &mut states, |count, _| *count += 1).expect("a run");
            });
            print!("  P={workers} {:4} ns/tx", run_ns / count);
        }
        println!();
    }
}

/// Costs of many sizes, so that transactions of many levels are at hand.
fn weight(tx: TransactionIndex) -> u64 {
    1_000 + u64::from(tx.0.wrapping_mul(0x9E37_79B1) >> 18)
}

/// A run of few transactions: what is left is the cost of starting and ending.
fn measure_run_overhead() {
    for count in [2, 100, 1000] {
        let locks = (0..count).map(|tx| [w(tx)]).collect::<Vec<_>>();
        let schedule = Schedule::build(locks.iter().map(<[_; 1]>::as_slice));
        for workers in [1, 2, 4] {
            let mut pool = Pool::new(workers).expect("a pool");
            let mut states = vec![0_u64; workers];
            let run_ns = median_ns(|| {
                pool.run(&schedule, &mut states, |count, _| *count += 1).expect("a run");
            });
            println!("pool     {count:5} empty transactions, P={workers}: {:8.2} us per run", run_ns as f64 / 1e3);
        }
    }
    for threads in [1, 3] {
        let spawn_ns = median_ns(|| {
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| black_box(0));
                }
            });
        });
        println!("thread   scope with {threads} spawned threads:      {:8.2} us", spawn_ns as f64 / 1e3);
    }
}

/// The same machine code for every number of workers: about a nanosecond per round.
#[inline(never)]
fn spin(rounds: u64) -> u64 {
    (0..rounds).fold(1_u64, |product, round| product.wrapping_mul(round | 1))
}

fn measure_speedup() {
    let locks = (0..TRANSACTIONS).map(|tx| [w(tx), r(1 << 20)]).collect::<Vec<_>>();
    let schedule = Schedule::build(locks.iter().map(<[_; 2]>::as_slice));
    for rounds in [300, 3000] {
        let mut alone_ns = 0;
        for workers in [1, 2, 4, 8, 16] {
            let mut pool = Pool::new(workers).expect("a pool");
            let mut states = vec![(); workers];
            let mut stats = RunStats::default();
            let run_ns = median_ns(|| {
                let execute = |(): &mut (), _| {
                    black_box(spin(black_box(rounds)));
                };
                stats = pool.run(&schedule, &mut states, execute).expect("a run");
            });
            alone_ns = if workers == 1 { run_ns } else { alone_ns };
            let per_tx = run_ns / u64::from(TRANSACTIONS);
            let speedup = alone_ns as f64 / run_ns as f64;
            println!("speedup  {rounds:5} rounds, P={workers:2}: {per_tx:6} ns/tx, {speedup:5.2} times one worker");
            println!(
                "         by worker: {:?}",
                stats.workers.iter().map(|worker| worker.executed_count).collect::<Vec<_>>()
            );
        }
    }
}

fn main() {
    for (name, block) in blocks() {
        measure_graph(name, &block);
        measure_schedule(name, &block);
    }
    measure_run_overhead();
    measure_speedup();
}
