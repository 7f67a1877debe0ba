//! Wire bytes to a transaction: in place, into a copy of its own, and the hash of the message.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heddle_benches::{random::Random, wire};
use heddle_types::{Hash, SanitizedTransaction, TransactionView};

fn parse(criterion: &mut Criterion) {
    let mut random = Random::new(7);
    let transfer = wire::transfer(random.pubkey(), random.pubkey(), 1, Hash::new_from_array([7; 32]));
    let samples = [
        ("transfer", transfer),
        ("token transfer", wire::token_transfer()),
        ("two lookup tables", wire::with_lookups()),
        ("1232 bytes", wire::largest()),
    ];
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(1));
    for (name, bytes) in &samples {
        let transaction = SanitizedTransaction::parse(bytes).expect("a transaction");
        group.bench_function(BenchmarkId::new("in place", name), |bencher| {
            bencher.iter(|| black_box(TransactionView::parse(black_box(bytes))).is_ok());
        });
        group.bench_function(BenchmarkId::new("into a copy", name), |bencher| {
            bencher.iter(|| SanitizedTransaction::parse(black_box(bytes)));
        });
        group.bench_function(BenchmarkId::new("message hash", name), |bencher| {
            bencher.iter(|| black_box(&transaction).message_hash());
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(50)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = parse
}
criterion_main!(benches);
