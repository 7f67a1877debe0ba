//! Many short inputs: this crate beside the `blake3` crate, in the same run.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heddle_hashing::{LatticeSum, hash_many_prefixed};

/// Inputs of one iteration: a good batch of a thread.
const COUNT: usize = 256;
/// As long as the domain of message hashes.
const PREFIX: &[u8] = b"twenty bytes of text";

fn inputs(size_bytes: usize) -> Vec<Vec<u8>> {
    (0..COUNT).map(|seed| (0..size_bytes).map(|at| (at * 31 + seed) as u8).collect()).collect()
}

fn messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("message hash");
    group.throughput(Throughput::Elements(COUNT as u64));
    for size_bytes in [150, 400, 1000] {
        let inputs = inputs(size_bytes);
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        let mut out = vec![[0; 32]; COUNT];
        group.bench_function(BenchmarkId::new("blake3", size_bytes), |bencher| {
            bencher.iter(|| {
                for (input, out) in black_box(&inputs).iter().zip(&mut out) {
                    *out = blake3::Hasher::new().update(PREFIX).update(input).finalize().into();
                }
            });
        });
        group.bench_function(BenchmarkId::new("wide", size_bytes), |bencher| {
            bencher.iter(|| hash_many_prefixed(PREFIX, black_box(&inputs), &mut out));
        });
    }
    group.finish();
}

fn terms(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lattice term");
    group.throughput(Throughput::Elements(COUNT as u64));
    // Accounts with 0 and 165 bytes of data, and one of several chunks.
    for size_bytes in [73, 238, 3000] {
        let inputs = inputs(size_bytes);
        group.bench_function(BenchmarkId::new("blake3", size_bytes), |bencher| {
            bencher.iter(|| {
                let mut lanes = [0u16; 1024];
                for input in black_box(&inputs) {
                    let mut term = [0; 2048];
                    blake3::Hasher::new().update(input).finalize_xof().fill(&mut term);
                    for (lane, bytes) in lanes.iter_mut().zip(term.as_chunks().0) {
                        *lane = lane.wrapping_add(u16::from_le_bytes(*bytes));
                    }
                }
                lanes
            });
        });
        group.bench_function(BenchmarkId::new("wide", size_bytes), |bencher| {
            bencher.iter(|| {
                let mut sum = LatticeSum::new();
                for input in black_box(&inputs) {
                    sum.add(&[input]);
                }
                sum.into_lanes()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, messages, terms);
criterion_main!(benches);
