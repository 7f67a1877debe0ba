//! The shortest possible makespan of a few transactions, by branch and bound.
//!
//! Some best schedule is found by placing transactions in the order of their starts, each as early as its
//! predecessors and a free worker allow; so all such orders are tried. Starting a ready transaction as soon as a worker
//! is free is not always best, and orders that leave a worker idle on purpose are among those tried.

use super::{Block, bound};

/// Most transactions that are searched: 10! orders are still a matter of seconds at worst.
pub const OPTIMUM_TRANSACTIONS_MAX: usize = 10;

struct Search {
    costs_ns: Vec<u64>,
    /// Bit *i* of an entry: transaction *i* comes before.
    predecessors: Vec<u32>,
    /// Heaviest path from each transaction to the end, itself included.
    remaining_ns: Vec<u64>,
    ends_ns: Vec<u64>,
    least_ns: u64,
    best_ns: u64,
}

/// The optimal makespan of `block` on `workers` workers in nanoseconds, dispatch costing nothing. Exponential.
///
/// # Panics
/// Beyond [`OPTIMUM_TRANSACTIONS_MAX`] transactions, and if `workers` is 0.
pub fn optimum(block: &Block, workers: usize) -> u64 {
    let count = block.costs_ns.len();
    assert!(count <= OPTIMUM_TRANSACTIONS_MAX, "{count} transactions are too many to search");
    let schedule = block.schedule();
    let mut predecessors = vec![0_u32; count];
    let mut remaining_ns = block.costs_ns.clone();
    for tx in (0..count as u32).rev().map(crate::TransactionIndex) {
        for later in schedule.successors(tx) {
            predecessors[later.0 as usize] |= 1 << tx.0;
            let path = block.cost_ns(tx) + remaining_ns[later.0 as usize];
            remaining_ns[tx.0 as usize] = remaining_ns[tx.0 as usize].max(path);
        }
    }
    let mut search = Search {
        costs_ns: block.costs_ns.clone(),
        predecessors,
        remaining_ns,
        ends_ns: vec![0; count],
        least_ns: bound(block, workers),
        best_ns: block.costs_ns.iter().sum(),
    };
    search.place(0, 0, &vec![0; workers]);
    search.best_ns
}

impl Search {
    /// Tries every next transaction after those in `placed`, the last of which started at `last_ns`.
    fn place(&mut self, placed: u32, last_ns: u64, free_ns: &[u64]) {
        if placed.count_ones() as usize == self.costs_ns.len() {
            self.best_ns = self.best_ns.min(self.ends_ns.iter().copied().max().unwrap_or_default());
            return;
        }
        let soonest_ns = free_ns.iter().copied().min().unwrap_or_default();
        for index in 0..self.costs_ns.len() {
            if self.best_ns == self.least_ns {
                return;
            }
            let before = self.predecessors[index];
            if placed & 1 << index != 0 || before & placed != before {
                continue;
            }
            let ready_ns = (0..index).filter(|i| before & 1 << i != 0).map(|i| self.ends_ns[i]).max();
            let start_ns = soonest_ns.max(ready_ns.unwrap_or_default());
            // A start before the last one is another order's business.
            if start_ns < last_ns || start_ns + self.remaining_ns[index] >= self.best_ns {
                continue;
            }
            let mut free_ns = free_ns.to_vec();
            let latest = free_ns.iter_mut().filter(|free| **free <= start_ns).max();
            *latest.expect("a worker is free") = start_ns + self.costs_ns[index];
            self.ends_ns[index] = start_ns + self.costs_ns[index];
            self.place(placed | 1 << index, start_ns, &free_ns);
        }
    }
}
