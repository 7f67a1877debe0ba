//! Blocks to simulate: what a cost is, and workloads made by seed.

use heddle_scheduler::makespan::{Block, SplitMix64};
use heddle_types::AccountLock;

/// What a transaction takes whatever it does, and each compute unit: the engine's transfer, and a token transfer's
/// 4,644 units in 7.2 µs.
const FIXED_NS: u64 = 1_000;
const NS_PER_1000_UNITS: u64 = 1_550;

/// Spread of execution times around their estimate, as the deviation of the logarithm, where a workload draws them.
const COST_SIGMA: f64 = 1.0;
const MADE_TRANSACTIONS: u64 = 4_000;
const MADE_UNITS: f64 = 10_000.0;

/// A named block.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) block: Block,
    /// What each transaction declares: the compute units that it may use at most.
    pub(crate) declared: Vec<u64>,
}

impl Workload {
    /// A workload whose transactions all declare the same.
    pub(crate) fn new(name: impl Into<String>, block: Block) -> Self {
        let declared = vec![1; block.costs_ns.len()];
        Self { name: name.into(), block, declared }
    }
}

/// Execution time of so many compute units.
pub(crate) fn cost_ns(units: u64) -> u64 {
    FIXED_NS + units * NS_PER_1000_UNITS / 1_000
}

/// Workloads that need no corpora.
pub(crate) fn make_workloads(seed: u64) -> Vec<Workload> {
    let mut random = SplitMix64::new(seed);
    let mut workloads = Vec::new();
    for exponent in [0.6, 1.0, 1.4] {
        workloads.push(Workload::new(format!("transfers, zipf {exponent}"), make_transfers(exponent, &mut random)));
    }
    for (name, parents_max, reach) in [("random DAG, sparse", 2, MADE_TRANSACTIONS), ("random DAG, deep", 3, 200)] {
        workloads.push(Workload::new(name, make_dag(MADE_TRANSACTIONS, parents_max, reach, &mut random)));
    }
    workloads
}

/// Transfers between two of 10,000 accounts, drawn by Zipf's law, and one account read by all.
fn make_transfers(exponent: f64, random: &mut SplitMix64) -> Block {
    const ACCOUNTS: u32 = 10_000;
    let mut total = 0.0;
    let cumulated = (1..=ACCOUNTS).map(|rank| {
        total += f64::from(rank).powf(-exponent);
        total
    });
    let cumulated = cumulated.collect::<Vec<_>>();
    let draw = |random: &mut SplitMix64| {
        let point = random.unit() * total;
        cumulated.partition_point(|sum| *sum < point).min(ACCOUNTS as usize - 1) as u32
    };
    let mut block = Block::default();
    for _ in 0..MADE_TRANSACTIONS {
        let from = draw(random);
        let to = std::iter::repeat_with(|| draw(random)).find(|to| *to != from).unwrap_or_default();
        let locks = vec![AccountLock::writable(from), AccountLock::writable(to), AccountLock::readonly(ACCOUNTS)];
        push(&mut block, locks, random);
    }
    block
}

/// Every transaction follows up to `parents_max` of the `reach` before it: an account for each edge.
pub(crate) fn make_dag(transactions: u64, parents_max: u64, reach: u64, random: &mut SplitMix64) -> Block {
    let mut sets = vec![Vec::new(); transactions as usize];
    let mut accounts = 0;
    for tx in 1..transactions {
        for _ in 0..random.below(parents_max + 1) {
            let parent = tx - 1 - random.below(reach.min(tx));
            sets[parent as usize].push(AccountLock::writable(accounts));
            sets[tx as usize].push(AccountLock::writable(accounts));
            accounts += 1;
        }
    }
    let mut block = Block::default();
    for locks in sets {
        push(&mut block, locks, random);
    }
    block
}

fn push(block: &mut Block, locks: Vec<AccountLock>, random: &mut SplitMix64) {
    let units = (MADE_UNITS * random.log_normal(COST_SIGMA)) as u64;
    block.lock_sets.push(locks);
    block.costs_ns.push(cost_ns(units));
    block.weights.push(units);
}
