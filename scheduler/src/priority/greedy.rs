//! What packing is measured against: the serial greedy choice, with unlimited look-ahead.

use super::{PackLimits, Packed, WaitingPool};
use heddle_types::AccountIndex;
use std::collections::HashMap;
use std::hash::Hash;

/// What a packer without any bound on its effort or on chains of conflicts would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GreedyChoice<I> {
    /// In the order of priority.
    pub transactions: Vec<I>,
    /// What they earn together, in lamports.
    pub reward: u64,
    /// What they may cost together.
    pub cost: u64,
}

impl<I: Copy + Eq + Hash> WaitingPool<I> {
    /// Goes through all waiting transactions, best first, and takes each that fits the block's limits of cost, cost per
    /// written account and data; takes none out of the pool. Knows neither [`PackLimits::look_ahead`] nor
    /// [`PackLimits::critical_path_cost`]: those are for a bounded effort and for workers, and what they cost in fees is
    /// what [`PackReport`] tells. O(n · locks).
    pub fn serial_greedy(&self, limits: &PackLimits) -> GreedyChoice<I> {
        let mut choice = GreedyChoice { transactions: Vec::new(), reward: 0, cost: 0 };
        let mut data_bytes: u64 = 0;
        let mut written: HashMap<AccountIndex, u64> = HashMap::new();
        for rank in self.ranks.iter().rev() {
            let waiting = self.at(rank.slot);
            let writes = || waiting.locks.iter().filter(|lock| lock.is_writable()).map(|lock| lock.account);
            let room = |used: u64, more: u64, max: u64| used.saturating_add(more) <= max;
            let fits = room(choice.cost, rank.cost, limits.cost)
                && room(data_bytes, waiting.data_bytes, limits.data_bytes)
                && writes()
                    .all(|account| room(written.get(&account).copied().unwrap_or(0), rank.cost, limits.account_cost));
            if fits {
                choice.transactions.push(waiting.id);
                choice.reward = choice.reward.saturating_add(rank.reward);
                choice.cost += rank.cost;
                data_bytes += waiting.data_bytes;
                writes().for_each(|account| *written.entry(account).or_default() += rank.cost);
            }
        }
        choice
    }
}

/// Fees of a packed block beside those of the serial greedy choice from the same pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackReport {
    /// Of the packed block, in lamports.
    pub reward: u64,
    /// Of the greedy choice, in lamports.
    pub greedy_reward: u64,
}

impl PackReport {
    /// Compares a block with what [`WaitingPool::serial_greedy`] chose before it was packed.
    pub fn new<I>(packed: &Packed<I>, greedy: &GreedyChoice<I>) -> Self {
        Self { reward: packed.reward, greedy_reward: greedy.reward }
    }

    /// Fees lost, in lamports; negative if the block earns more, which can be, because greedy is not optimal.
    pub fn lost(&self) -> i128 {
        i128::from(self.greedy_reward) - i128::from(self.reward)
    }

    /// Fees taken per fees of the greedy choice; 1 if there were none to take.
    pub fn ratio(&self) -> f64 {
        if self.greedy_reward == 0 { 1.0 } else { self.reward as f64 / self.greedy_reward as f64 }
    }
}
