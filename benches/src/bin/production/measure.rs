//! One run: transactions arrive, blocks are packed, and each is compared with the serial greedy choice.

use crate::workload::Arrival;
use heddle_scheduler::{
    BlockStats, Candidate, PackLimits, PackReport, PoolBounds, Refusal, TransactionIndex, WaitingPool,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// Workers for which makespans are told.
pub(crate) const WORKERS: [u64; 3] = [2, 8, 16];

/// How blocks are limited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) name: &'static str,
    pub(crate) limits: PackLimits,
}

/// What came of one workload under one policy, over all blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) workload: &'static str,
    pub(crate) policy: &'static str,
    arrived_count: u64,
    refused_account_count: u64,
    refused_pool_count: u64,
    evicted_count: u64,
    taken_count: u64,
    look_up_count: u64,
    parked_count: u64,
    block_count: u64,
    cost: u64,
    cost_max: u64,
    /// CPU time, in nanoseconds.
    insert_ns: u64,
    pack_ns: u64,
    reward: u64,
    greedy_reward: u64,
    unbounded_greedy_reward: u64,
    packed_shape: Shape,
    greedy_shape: Shape,
}

/// Sums over blocks, in cost units.
#[derive(Clone, Debug, Default)]
struct Shape {
    critical_path: u64,
    /// No schedule is faster, by [`WORKERS`].
    lower: [u64; 3],
    /// No greedy schedule is slower.
    upper: [u64; 3],
}

impl Shape {
    fn add(&mut self, arrivals: &[Arrival], block: &[u32]) {
        let weight = |tx: TransactionIndex| arrivals[block[tx.0 as usize] as usize].cost;
        let stats = BlockStats::measure(block.iter().map(|&id| arrivals[id as usize].locks.as_slice()), weight);
        self.critical_path += stats.critical_path_weight();
        for (position, workers) in WORKERS.into_iter().enumerate() {
            self.lower[position] += stats.critical_path_weight().max(stats.total_weight().div_ceil(workers));
            self.upper[position] += stats.makespan_bound(workers);
        }
    }

    fn to_json(&self, blocks: u64) -> Value {
        let mean = |sum: u64| sum / blocks.max(1);
        let makespans = WORKERS.iter().zip(self.lower.iter().zip(&self.upper)).map(|(workers, (lower, upper))| {
            (workers.to_string(), json!({ "lower_bound": mean(*lower), "upper_bound": mean(*upper) }))
        });
        json!({ "critical_path": mean(self.critical_path), "makespan": makespans.collect::<serde_json::Map<_, _>>() })
    }
}

/// Lets `arrivals` arrive in equal parts and packs a block after each.
pub(crate) fn run(workload: &'static str, policy: Policy, arrivals: &[Arrival], block_count: usize) -> Outcome {
    let mut pool = WaitingPool::new(PoolBounds::default(), policy.limits);
    // Knows no bounds and no policy, and goes its own way.
    let everything = PoolBounds { waiting_max: arrivals.len(), waiting_per_account_max: arrivals.len() };
    let mut reference = WaitingPool::new(everything, PackLimits::default());
    let mut outcome = Outcome {
        workload,
        policy: policy.name,
        cost_max: policy.limits.cost * block_count as u64,
        ..Outcome::default()
    };
    let arrivals_per_block = arrivals.len().div_ceil(block_count);
    for (block, part) in arrivals.chunks(arrivals_per_block).enumerate() {
        let first = (block * arrivals_per_block) as u32;
        outcome.insert(&mut pool, part, first);
        for (id, one) in (first..).zip(part) {
            reference.insert(candidate(id, one)).expect("the reference has room for all");
        }
        outcome.pack(&mut pool, arrivals);
        let greedy = reference.serial_greedy(&PackLimits::default());
        outcome.unbounded_greedy_reward += greedy.reward;
        for id in &greedy.transactions {
            reference.remove(id);
        }
    }
    outcome
}

fn candidate(id: u32, one: &Arrival) -> Candidate<'_, u32> {
    Candidate { id, locks: &one.locks, reward: one.reward, cost: one.cost, data_bytes: 0 }
}

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl Outcome {
    fn insert(&mut self, pool: &mut WaitingPool<u32>, part: &[Arrival], first: u32) {
        let began = cpu_ns();
        for (id, one) in (first..).zip(part) {
            match pool.insert(candidate(id, one)) {
                Ok(evicted) => self.evicted_count += evicted.len() as u64,
                Err(Refusal::AccountFull { .. }) => self.refused_account_count += 1,
                Err(_) => self.refused_pool_count += 1,
            }
        }
        self.insert_ns += cpu_ns() - began;
        self.arrived_count += part.len() as u64;
    }

    fn pack(&mut self, pool: &mut WaitingPool<u32>, arrivals: &[Arrival]) {
        let greedy = pool.serial_greedy(&PackLimits::default());
        let began = cpu_ns();
        let packed = pool.pack();
        self.pack_ns += cpu_ns() - began;
        let report = PackReport::new(&packed, &greedy);
        self.reward += report.reward;
        self.greedy_reward += report.greedy_reward;
        self.taken_count += packed.transactions.len() as u64;
        self.look_up_count += packed.look_up_count;
        self.parked_count += packed.parked_count;
        self.cost += packed.cost;
        self.block_count += 1;
        self.packed_shape.add(arrivals, &packed.transactions);
        self.greedy_shape.add(arrivals, &greedy.transactions);
    }

    /// A run in which nothing was packed measures nothing.
    pub(crate) fn is_valid(&self) -> bool {
        self.taken_count > 0 && self.reward > 0
    }

    /// Fees taken per fees of the greedy choice from the same pool, summed over blocks.
    pub(crate) fn fee_ratio(&self) -> f64 {
        PackReport { reward: self.reward, greedy_reward: self.greedy_reward }.ratio()
    }

    /// Fees taken per fees of greedy packing without bounds on the pool, over the whole run.
    pub(crate) fn fee_ratio_unbounded(&self) -> f64 {
        PackReport { reward: self.reward, greedy_reward: self.unbounded_greedy_reward }.ratio()
    }

    /// The block's lower bound of the makespan per the greedy one's, at the workers at `position` of [`WORKERS`].
    pub(crate) fn makespan_ratio(&self, position: usize) -> f64 {
        self.packed_shape.lower[position] as f64 / self.greedy_shape.lower[position].max(1) as f64
    }

    pub(crate) fn insert_ns(&self) -> f64 {
        self.insert_ns as f64 / self.arrived_count.max(1) as f64
    }

    pub(crate) fn pack_ns(&self) -> f64 {
        self.pack_ns as f64 / self.taken_count.max(1) as f64
    }

    pub(crate) fn look_ups(&self) -> f64 {
        self.look_up_count as f64 / self.taken_count.max(1) as f64
    }

    pub(crate) fn fill(&self) -> f64 {
        self.cost as f64 / self.cost_max.max(1) as f64
    }

    pub(crate) fn parked_per_block(&self) -> f64 {
        self.parked_count as f64 / self.block_count.max(1) as f64
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "workload": self.workload,
            "policy": self.policy,
            "arrived": self.arrived_count,
            "refused_account_full": self.refused_account_count,
            "refused_pool_full": self.refused_pool_count,
            "evicted": self.evicted_count,
            "blocks": self.block_count,
            "taken": self.taken_count,
            "fill": self.fill(),
            "parked_per_block": self.parked_per_block(),
            "look_ups_per_transaction": self.look_ups(),
            "insert_ns": self.insert_ns(),
            "pack_ns": self.pack_ns(),
            "fee_lamports": self.reward,
            "fee_lost_lamports": i128::from(self.greedy_reward) - i128::from(self.reward),
            "fee_ratio": self.fee_ratio(),
            "fee_ratio_unbounded": self.fee_ratio_unbounded(),
            "packed": self.packed_shape.to_json(self.block_count),
            "greedy": self.greedy_shape.to_json(self.block_count),
        })
    }
}
