//! The dispatchers that are compared, each with what it believes of costs, and what dispatch costs.

use crate::blocks::Workload;
use heddle_scheduler::makespan::{Block, Greedy, Outcome, Overheads, Policy, SplitMix64, simulate};

/// Deviation of the logarithm of estimated ÷ true cost: two thirds are within a factor of e.
const ERROR_SIGMA: f64 = 1.0;

/// What a dispatcher believes that a transaction costs.
#[derive(Clone, Copy, Debug)]
enum Belief {
    Exact,
    /// Its compute units.
    Units,
    /// Off by a factor that is drawn.
    Rough,
    /// The compute units that it may use at most.
    Declared,
    /// Every transaction the same.
    Equal,
}

/// A dispatcher under a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    policy: Policy,
    belief: Belief,
}

pub(crate) const CONTENDERS: [Contender; 8] = [
    Contender {
        name: "block-order",
        about: "the pool, starting in block order",
        policy: Policy::BlockOrder,
        belief: Belief::Equal,
    },
    Contender {
        name: "exact",
        about: "the pool, prioritised by true costs",
        policy: Policy::Prioritised,
        belief: Belief::Exact,
    },
    Contender {
        name: "rough",
        about: "the pool, prioritised by costs off by a log-normal factor",
        policy: Policy::Prioritised,
        belief: Belief::Rough,
    },
    Contender {
        name: "declared",
        about: "the pool, prioritised by the compute units that transactions may use at most",
        policy: Policy::Prioritised,
        belief: Belief::Declared,
    },
    Contender {
        name: "equal",
        about: "the pool, prioritised by the number of transactions that follow",
        policy: Policy::Prioritised,
        belief: Belief::Equal,
    },
    Contender {
        name: "fifo",
        about: "one ideal queue, first in first out",
        policy: Policy::Fifo,
        belief: Belief::Exact,
    },
    Contender {
        name: "ideal",
        about: "one ideal queue, heaviest remaining path first by true costs",
        policy: Policy::CriticalPathFirst,
        belief: Belief::Exact,
    },
    Contender {
        name: "greedy",
        about: "a model of Agave's greedy scheduler",
        policy: Policy::Greedy(Greedy::AGAVE),
        belief: Belief::Units,
    },
];

/// Of dispatch on a machine, in nanoseconds. Chosen above what `examples/measure` of the scheduler and
/// `../shared/baselines.md` give, so as not to flatter.
pub(crate) const REAL: Overheads =
    Overheads { dispatch_ns: 50, steal_ns: 300, spin_ns: 3_000, wake_ns: 10_000, scheduler_ns: 200, hop_ns: 100 };

impl Contender {
    pub(crate) fn simulate(&self, workload: &Workload, workers: usize, overheads: Overheads, seed: u64) -> Outcome {
        let block = &workload.block;
        let mut random = SplitMix64::new(seed);
        let weights = match self.belief {
            Belief::Exact => block.costs_ns.clone(),
            Belief::Rough => {
                block.costs_ns.iter().map(|ns| (*ns as f64 * random.log_normal(ERROR_SIGMA)) as u64).collect()
            }
            Belief::Units => block.weights.clone(),
            Belief::Declared => workload.declared.clone(),
            Belief::Equal => vec![1; block.weights.len()],
        };
        let believed = Block { weights, ..block.clone() };
        simulate(&believed, workers, self.policy, overheads, seed)
    }
}
