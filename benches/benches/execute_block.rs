//! Whole blocks without signatures and without a disk: plan, graph, execution, lattice, hash; each block is dropped again.
//! The serial executor is the baseline of the workers.

#![allow(missing_docs, reason = "criterion_group! makes functions without documentation")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use heddle_engine::{Block, Engine, Parallelism, Verification, verify_batch};
use heddle_loadgen::{BlockRange, Generator, Workload, WorkloadConfig};
use heddle_types::Hash;

const TRANSACTIONS: u32 = 2_000;

fn prepare(workload: Workload) -> (Engine, Block) {
    let config = WorkloadConfig { workload, accounts: 10_000, block_size: TRANSACTIONS, ..Default::default() };
    let generator = Generator::new(config, 2, &|_| {}).expect("a valid configuration");
    let range = BlockRange::new(generator.config(), 0, TRANSACTIONS.into()).expect("a valid range");
    let blockhash = Hash::new_from_array([7; 32]);
    let engine = Engine::builder()
        .accounts(generator.genesis_accounts())
        .genesis_blockhash(blockhash)
        .workers_max(4)
        .build()
        .expect("an engine");
    let signed = generator.sign_block(&range, 0, blockhash);
    let bytes: Vec<&[u8]> = signed.transactions().collect();
    let transactions = verify_batch(&bytes, Verification::Trusted).into_iter().collect::<Result<_, _>>();
    let block = engine.next_block(transactions.expect("signed here"));
    (engine, block)
}

fn execute_block(criterion: &mut Criterion) {
    for workload in Workload::ALL {
        let (engine, block) = prepare(workload);
        let mut group = criterion.benchmark_group(format!("execute_block/{workload}"));
        group.throughput(Throughput::Elements(TRANSACTIONS.into()));
        group.sample_size(20);
        let ways = [
            ("serial", Parallelism::Serial),
            ("1 worker", Parallelism::Workers(1)),
            ("2 workers", Parallelism::Workers(2)),
            ("4 workers", Parallelism::Workers(4)),
        ];
        for (name, parallelism) in ways {
            group.bench_function(name, |bencher| {
                bencher.iter_batched(
                    || block.clone(),
                    |block| engine.execute_block_with(block, parallelism).expect("executes"),
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, execute_block);
criterion_main!(benches);
