//! Ingress of one transfer: parsing its bytes, hashing its message, strictly verifying its signature.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use heddle_engine::verify_signatures;
use heddle_loadgen::{BlockRange, Generator, WorkloadConfig};
use heddle_types::{Hash, SanitizedTransaction, wire::TransactionView};

fn ingress(criterion: &mut Criterion) {
    let config = WorkloadConfig { accounts: 100, block_size: 1, ..Default::default() };
    let generator = Generator::new(config, 1, &|_| {}).expect("a valid configuration");
    let range = BlockRange::new(generator.config(), 0, 1).expect("a valid range");
    let block = generator.sign_block(&range, 0, Hash::new_from_array([7; 32]));
    let bytes = block.get(0).expect("one transaction").to_vec();
    let transaction = SanitizedTransaction::parse(&bytes).expect("a transaction");

    let mut group = criterion.benchmark_group("ingress");
    group.throughput(Throughput::Elements(1));
    group
        .bench_function("parse, no copy", |bencher| bencher.iter(|| TransactionView::parse(black_box(&bytes)).is_ok()));
    group.bench_function("parse and own", |bencher| bencher.iter(|| SanitizedTransaction::parse(black_box(&bytes))));
    group.bench_function("message hash", |bencher| bencher.iter(|| black_box(&transaction).message_hash()));
    group.bench_function("verify strictly", |bencher| bencher.iter(|| verify_signatures(black_box(&transaction))));
    group.finish();
}

criterion_group!(benches, ingress);
criterion_main!(benches);
