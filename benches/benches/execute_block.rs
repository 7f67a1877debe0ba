//! Blocks of each workload under each conflict, on the serial executor (the baseline) and on workers: no signatures, no
//! disk. The whole of it (plan, graph, execution, lattice, hashes), and the execution stage alone.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heddle_benches::workloads::{Conflict, Prepared, TRANSACTIONS};
use heddle_engine::Parallelism;
use heddle_loadgen::Workload;

const WAYS: [(&str, Parallelism); 4] = [
    ("serial", Parallelism::Serial),
    ("1 worker", Parallelism::Workers(1)),
    ("2 workers", Parallelism::Workers(2)),
    ("4 workers", Parallelism::Workers(4)),
];
/// `hot` has a conflict of its own.
const SHAPES: [(Workload, &[Conflict]); 4] = [
    (Workload::Transfer, &[Conflict::None, Conflict::Zipf, Conflict::OnePair]),
    (Workload::Token, &[Conflict::None, Conflict::Zipf, Conflict::OnePair]),
    (Workload::Mixed, &[Conflict::None, Conflict::Zipf, Conflict::OnePair]),
    (Workload::Hot, &[Conflict::AsGenerated, Conflict::Zipf]),
];

/// What is measured: the whole of `execute_block`, or the stage that runs the transactions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    ExecutionStage,
}

impl Part {
    /// Executes the block once and takes it back; what taking back costs does not count.
    fn time(self, prepared: &Prepared, parallelism: Parallelism) -> Duration {
        let block = prepared.block.clone();
        let began = Instant::now();
        let executed = prepared.engine.execute_block_with(block, parallelism).expect("executes");
        let whole = began.elapsed();
        if self == Self::Whole { whole } else { executed.times().execute }
    }
}

fn execute_block(criterion: &mut Criterion) {
    for (workload, conflicts) in SHAPES {
        for &conflict in conflicts {
            let prepared = Prepared::new(workload, conflict, TRANSACTIONS);
            for (name, part) in [("execute_block", Part::Whole), ("execution stage", Part::ExecutionStage)] {
                let mut group = criterion.benchmark_group(name);
                group.throughput(Throughput::Elements(TRANSACTIONS.into()));
                for (way, parallelism) in WAYS {
                    let id = BenchmarkId::new(format!("{workload}, {conflict}"), way);
                    group.bench_function(id, |bencher| {
                        bencher.iter_custom(|blocks| (0..blocks).map(|_| part.time(&prepared, parallelism)).sum());
                    });
                }
                group.finish();
            }
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = execute_block
}
criterion_main!(benches);
