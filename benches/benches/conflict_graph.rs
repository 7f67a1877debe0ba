//! The conflict graph: insert, dispatch and complete, per transaction; no conflicts, a hot account, readers.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use heddle_scheduler::ConflictGraph;
use heddle_types::AccountLock;

const TRANSACTIONS: u32 = 1_000;

/// Lock sets of a block: `accounts` writable accounts each, scattered so that none repeats, and one more by `shared`.
fn lock_sets(accounts: u32, shared: Option<AccountLock>) -> Vec<Vec<AccountLock>> {
    (0..TRANSACTIONS)
        .map(|transaction| {
            let own = (0..accounts)
                .map(|n| AccountLock::writable(1 + (transaction * accounts + n).wrapping_mul(7_919) % 1_000_003));
            own.chain(shared).collect()
        })
        .collect()
}

fn run(graph: &mut ConflictGraph, lock_sets: &[Vec<AccountLock>]) {
    for locks in lock_sets {
        graph.insert(locks);
    }
    while let Some(transaction) = graph.pop_ready() {
        graph.complete(transaction);
    }
    graph.clear();
}

fn conflict_graph(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("conflict_graph");
    group.throughput(Throughput::Elements(TRANSACTIONS.into()));
    let shapes = [
        ("1 account, disjoint", lock_sets(1, None)),
        ("3 accounts, disjoint", lock_sets(3, None)),
        ("10 accounts, disjoint", lock_sets(10, None)),
        ("63 accounts, disjoint", lock_sets(63, None)),
        ("3 accounts, one read by all", lock_sets(2, Some(AccountLock::readonly(0)))),
        ("3 accounts, one written by all", lock_sets(2, Some(AccountLock::writable(0)))),
    ];
    for (name, lock_sets) in &shapes {
        let mut graph = ConflictGraph::new();
        run(&mut graph, lock_sets);
        group.bench_function(*name, |bencher| {
            bencher.iter_batched(|| (), |()| run(&mut graph, lock_sets), BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, conflict_graph);
criterion_main!(benches);
