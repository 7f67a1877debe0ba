//! The accounts lattice: one account by the size of its data, and what a block adds on one core and on all.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heddle_benches::workloads::{Conflict, Prepared};
use heddle_engine::{Lattice, Parallelism};
use heddle_loadgen::Workload;
use heddle_types::{Account, Pubkey};
use rayon::ThreadPoolBuilder;

/// Each changes two accounts.
const TRANSFERS: u32 = 1_000;

fn one_account(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("state_hash, one account");
    group.throughput(Throughput::Elements(1));
    let key = Pubkey::new_from_array([7; 32]);
    for (name, size_bytes) in [("0 bytes", 0), ("165 bytes", 165), ("10 KiB", 10 * 1024)] {
        let account = Account::new(1, &vec![7; size_bytes], key);
        let mut lattice = Lattice::default();
        group.bench_function(BenchmarkId::new("lattice term, added", name), |bencher| {
            bencher.iter(|| lattice.add(black_box(&key), black_box(&account)));
        });
    }
    group.finish();
}

/// The hash stage of a block: collecting the changes, their lattice, the hashes.
fn block(criterion: &mut Criterion) {
    let prepared = Prepared::new(Workload::Transfer, Conflict::None, TRANSFERS);
    let stage = || {
        let executed = prepared.engine.execute_block_with(prepared.block.clone(), Parallelism::Serial);
        let executed = executed.expect("executes");
        (executed.times().hash, executed.changes().len())
    };
    let (_, change_count) = stage();
    assert!(change_count >= 2 * TRANSFERS as usize, "{change_count} accounts changed");
    let mut group = criterion.benchmark_group("state_hash, block");
    group.throughput(Throughput::Elements(change_count as u64));
    for (name, threads) in [("1 core", 1), ("all cores", 0)] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        group.bench_function(BenchmarkId::new("2,000 changed accounts", name), |bencher| {
            bencher.iter_custom(|blocks| pool.install(|| (0..blocks).map(|_| stage().0).sum()));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = one_account, block
}
criterion_main!(benches);
