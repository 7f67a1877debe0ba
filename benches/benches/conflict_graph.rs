//! The conflict graph per transaction: inserting, dispatching and completing apart, and all of them.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::{
    array,
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heddle_benches::lock_sets::{Conflict, lock_sets};
use heddle_scheduler::{ConflictGraph, TransactionIndex};
use heddle_types::AccountLock;

const TRANSACTIONS: u32 = 1_000;
const ACCOUNT_COUNTS: [u32; 4] = [1, 3, 10, 64];
/// Graphs that dispatch and complete in lockstep: in a chain one transaction is ready at a time, and a clock read for
/// each would cost more than what it measures.
const GRAPHS: usize = 8;

/// Time that a phase takes over as many blocks.
type Phase = fn(&[Vec<AccountLock>], u64) -> Duration;

fn insert_all(graph: &mut ConflictGraph, lock_sets: &[Vec<AccountLock>]) {
    for locks in lock_sets {
        black_box(graph.insert(locks));
    }
}

fn all(lock_sets: &[Vec<AccountLock>], blocks: u64) -> Duration {
    let mut graph = ConflictGraph::new();
    let mut block = || {
        graph.clear();
        let began = Instant::now();
        insert_all(&mut graph, lock_sets);
        while let Some(transaction) = graph.pop_ready() {
            graph.complete(transaction);
        }
        began.elapsed()
    };
    (0..blocks).map(|_| block()).sum()
}

fn insert(lock_sets: &[Vec<AccountLock>], blocks: u64) -> Duration {
    let mut graph = ConflictGraph::new();
    let mut block = || {
        graph.clear();
        let began = Instant::now();
        insert_all(&mut graph, lock_sets);
        began.elapsed()
    };
    (0..blocks).map(|_| block()).sum()
}

fn dispatch(lock_sets: &[Vec<AccountLock>], blocks: u64) -> Duration {
    dispatch_and_complete(lock_sets, blocks).0
}

fn complete(lock_sets: &[Vec<AccountLock>], blocks: u64) -> Duration {
    dispatch_and_complete(lock_sets, blocks).1
}

/// Dispatches all that is ready in every graph, then completes it, until nothing is.
fn dispatch_and_complete(lock_sets: &[Vec<AccountLock>], blocks: u64) -> (Duration, Duration) {
    let mut graphs: [(ConflictGraph, Vec<TransactionIndex>); GRAPHS] = array::from_fn(|_| Default::default());
    let (mut dispatch, mut complete) = (Duration::ZERO, Duration::ZERO);
    let rounds = blocks.div_ceil(GRAPHS as u64);
    for _ in 0..rounds {
        for (graph, _) in &mut graphs {
            graph.clear();
            insert_all(graph, lock_sets);
        }
        while graphs[0].0.ready_count() > 0 {
            let began = Instant::now();
            for (graph, wave) in &mut graphs {
                wave.extend(std::iter::from_fn(|| graph.pop_ready()));
            }
            let dispatched = Instant::now();
            for (graph, wave) in &mut graphs {
                for transaction in wave.drain(..) {
                    graph.complete(transaction);
                }
            }
            complete += dispatched.elapsed();
            dispatch += dispatched - began;
        }
    }
    let share = blocks as f64 / (rounds * GRAPHS as u64) as f64;
    (dispatch.mul_f64(share), complete.mul_f64(share))
}

fn conflict_graph(criterion: &mut Criterion) {
    let phases: [(&str, Phase); 4] =
        [("insert", insert), ("dispatch", dispatch), ("complete", complete), ("all three", all)];
    for (name, phase) in phases {
        let mut group = criterion.benchmark_group(format!("conflict_graph, {name}"));
        group.throughput(Throughput::Elements(TRANSACTIONS.into()));
        for conflict in Conflict::ALL {
            for accounts in ACCOUNT_COUNTS {
                let lock_sets = lock_sets(conflict, accounts, TRANSACTIONS);
                let plural = if accounts == 1 { "" } else { "s" };
                let id = BenchmarkId::new(conflict.to_string(), format!("{accounts} account{plural}"));
                group.bench_function(id, |bencher| bencher.iter_custom(|blocks| phase(&lock_sets, blocks)));
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(700));
    targets = conflict_graph
}
criterion_main!(benches);
