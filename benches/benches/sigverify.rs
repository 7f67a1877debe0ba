//! Strict ed25519 verification of transfers: one, and batches on one core and on all, by one signer and by many.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heddle_engine::{Verification, verify_batch, verify_signatures};
use heddle_loadgen::{BlockRange, Generator, WorkloadConfig};
use heddle_types::{Hash, SanitizedTransaction};
use rayon::{ThreadPool, ThreadPoolBuilder};

const BATCH: u32 = 512;
/// So many that a batch has next to no signer twice.
const MANY_ACCOUNTS: u64 = 20_000;
/// Two accounts that transfer to each other: two signers in all.
const FEW_ACCOUNTS: u64 = 2;

fn transfers(accounts: u64) -> Vec<Vec<u8>> {
    let config = WorkloadConfig { accounts, block_size: BATCH, ..WorkloadConfig::default() };
    let generator = Generator::new(config, 2, &|_| {}).expect("a valid configuration");
    let range = BlockRange::new(generator.config(), 0, BATCH.into()).expect("a valid range");
    let block = generator.sign_block(&range, 0, Hash::new_from_array([7; 32]));
    block.transactions().map(<[u8]>::to_vec).collect()
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

fn sigverify(criterion: &mut Criterion) {
    let batches = [("2 signers", transfers(FEW_ACCOUNTS)), ("many signers", transfers(MANY_ACCOUNTS))];
    let mut group = criterion.benchmark_group("sigverify");
    let one = SanitizedTransaction::parse(&batches[1].1[0]).expect("a transaction");
    group.throughput(Throughput::Elements(1));
    group.bench_function(BenchmarkId::new("one transfer", "1 core"), |bencher| {
        bencher.iter(|| verify_signatures(black_box(&one)).expect("signed"));
    });
    group.throughput(Throughput::Elements(BATCH.into()));
    for (signers, batch) in &batches {
        for (cores, pool) in [("1 core", pool(1)), ("all cores", pool(0))] {
            group.bench_function(BenchmarkId::new(format!("batch of {BATCH}, {signers}"), cores), |bencher| {
                bencher.iter(|| {
                    let verified = pool.install(|| verify_batch(black_box(batch), Verification::Strict));
                    assert!(verified.iter().all(Result::is_ok));
                    verified
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = sigverify
}
criterion_main!(benches);
