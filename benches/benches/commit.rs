//! Committing a block: to memory, and durably (the durable store fsyncs every block; there is no other setting).
//!
//! The database lies beside the build's other temporary files: its disk is what is measured.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heddle_benches::block_batches::Batches;
use heddle_storage::{MemoryStore, RocksStore, Store};

const CHANGED_ACCOUNTS: [usize; 3] = [100, 1_000, 10_000];
/// Blocks whose transactions the store in memory keeps.
const KEPT_BLOCKS: u64 = 16;

fn measure(criterion: &mut Criterion, name: &str, store: &dyn Store, changed_accounts: usize) {
    let mut batches = Batches::new(store, changed_accounts).expect("an empty store");
    let mut commit = || {
        let batch = batches.next_batch();
        let began = Instant::now();
        store.commit(&batch).expect("the next block");
        began.elapsed()
    };
    let mut group = criterion.benchmark_group("commit");
    group.throughput(Throughput::Elements(changed_accounts as u64));
    group.bench_function(BenchmarkId::new(name, format!("{changed_accounts} accounts")), |bencher| {
        bencher.iter_custom(|blocks| (0..blocks).map(|_| commit()).sum());
    });
    group.finish();
}

fn commit(criterion: &mut Criterion) {
    for changed_accounts in CHANGED_ACCOUNTS {
        measure(criterion, "memory", &MemoryStore::keeping(KEPT_BLOCKS), changed_accounts);
    }
    for changed_accounts in CHANGED_ACCOUNTS {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
        let store = RocksStore::open(directory.path().join("db")).expect("a database");
        measure(criterion, "rocksdb, synced", &store, changed_accounts);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(3));
    targets = commit
}
criterion_main!(benches);
