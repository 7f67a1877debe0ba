//! How much one block may do. A block beyond that is no block: it is refused whole, as a validator refuses it in replay.
//!
//! Costs only add up, so a block is within its limits if and only if its totals are; workers sum those without order, and
//! only totals that are suspicious are looked at again in block order.

use std::collections::HashMap;

use ahash::RandomState;
use heddle_types::{AccountIndex, Gates, Pubkey, limits};

use crate::{Outcome, VerifiedTransaction, account_table::AccountTable, cost::Cost, plan::BlockPlan};

/// Limits of one block, in the units of [`Cost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLimits {
    /// Compute units of all its transactions.
    pub compute_units: u64,
    /// Compute units of all transactions that write one account.
    pub account_compute_units: u64,
    /// Account data that its transactions allocate, in bytes.
    pub allocated_bytes: u64,
}

impl Default for BlockLimits {
    /// Mainnet's, at slots of 200 ms.
    fn default() -> Self {
        Self {
            compute_units: limits::BLOCK_COMPUTE_UNITS_MAX,
            account_compute_units: limits::BLOCK_ACCOUNT_COMPUTE_UNITS_MAX,
            allocated_bytes: limits::BLOCK_DATA_GROWTH_BYTES_MAX,
        }
    }
}

impl BlockLimits {
    /// No limits.
    pub const UNLIMITED: Self =
        Self { compute_units: u64::MAX, account_compute_units: u64::MAX, allocated_bytes: u64::MAX };

    /// Whether a block of this total cost may break any limit; an account cannot cost more than its block.
    pub(crate) fn may_be_exceeded(&self, total: &Cost) -> bool {
        total.compute_units > self.compute_units.min(self.account_compute_units)
            || total.allocated_bytes > self.allocated_bytes
    }
}

/// Which limit a block breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockLimit {
    /// [`BlockLimits::compute_units`].
    #[error("compute units of a block")]
    ComputeUnits,
    /// [`BlockLimits::account_compute_units`], by this account.
    #[error("compute units that write account {0}")]
    AccountComputeUnits(Pubkey),
    /// [`BlockLimits::allocated_bytes`].
    #[error("account data allocated in a block")]
    AllocatedBytes,
}

/// The first transaction, in block order, that breaks a limit.
pub(crate) fn first_excess(
    limits: &BlockLimits,
    transactions: &[VerifiedTransaction],
    outcomes: &[Outcome],
    (plan, table): (&BlockPlan, &AccountTable),
    gates: &Gates,
) -> Option<(usize, BlockLimit)> {
    let mut total = Cost::default();
    let mut by_account: HashMap<AccountIndex, u64, RandomState> = HashMap::default();
    for (position, (transaction, outcome)) in transactions.iter().zip(outcomes).enumerate() {
        let Some(receipt) = outcome.receipt() else { continue };
        let cost = Cost::of(transaction, receipt, gates);
        total.add(cost);
        if total.compute_units > limits.compute_units {
            return Some((position, BlockLimit::ComputeUnits));
        }
        let planned = plan.transaction(position);
        let keys = plan.keys_of(planned).iter().enumerate();
        for (_, &index) in keys.filter(|(key, _)| planned.writable.contains(*key)) {
            let sum = by_account.entry(index).or_default();
            *sum = sum.saturating_add(cost.compute_units);
            if *sum > limits.account_compute_units {
                return Some((position, BlockLimit::AccountComputeUnits(table.slot(index).key())));
            }
        }
        if total.allocated_bytes > limits.allocated_bytes {
            return Some((position, BlockLimit::AllocatedBytes));
        }
    }
    None
}
