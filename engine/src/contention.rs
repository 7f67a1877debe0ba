//! Where a block's transactions wait for one another: the view that tells which accounts to shard.

use heddle_scheduler::BlockStats;
use heddle_types::Pubkey;

use crate::{Engine, EngineError, VerifiedTransaction};

/// One account that transactions wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotAccount {
    /// Which account.
    pub key: Pubkey,
    /// Transactions that lock it.
    pub locked_count: u32,
    /// Those that lock it writable.
    pub written_count: u32,
    /// Those that have to wait for an earlier one because of it.
    pub waited_count: u32,
}

/// The conflict structure of a block: a property of its transactions, not of any run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contention {
    /// Transactions measured.
    pub transaction_count: usize,
    /// Waves: how many transactions the longest chain of conflicts has.
    pub wave_count: usize,
    /// Accounts by number of transactions that wait for them, most first.
    pub hottest: Vec<HotAccount>,
}

impl Engine {
    /// Measures the conflicts of `transactions` as a block of their own; `top` is how many accounts to name.
    ///
    /// # Errors
    /// As [`Engine::execute_block`].
    pub fn contention(&self, transactions: Vec<VerifiedTransaction>, top: usize) -> Result<Contention, EngineError> {
        let shared = self.shared();
        // First the lock: a block that another thread executes meanwhile would take the slot.
        let mut executor = shared.executor.lock();
        let block = self.next_block(transactions);
        executor.planner.prepare(shared, &block)?;
        let plan = &executor.planner.plan;
        let stats = BlockStats::measure(plan.lock_sets(), |_| 1);
        let hottest = stats
            .hottest(top)
            .iter()
            .map(|heat| HotAccount {
                key: shared.table.slot(heat.account).key(),
                locked_count: heat.locked_count,
                written_count: heat.written_count,
                waited_count: heat.waited_count,
            })
            .collect();
        Ok(Contention { transaction_count: stats.transaction_count(), wave_count: stats.wave_count(), hottest })
    }
}
