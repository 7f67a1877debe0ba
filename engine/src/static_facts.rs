//! What a transaction's bytes alone decide, found once when it enters, by the thread that verifies it: neither the plan
//! nor a worker reads the instructions for it again.

use heddle_programs::ComputeBudgetLimits;
use heddle_types::{SanitizedTransaction, TransactionError};

use crate::{account_set::AccountSet, cost::StaticCost};

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct StaticFacts {
    /// What it may spend, or why it can be in no block.
    pub(crate) limits: Result<ComputeBudgetLimits, TransactionError>,
    pub(crate) cost: StaticCost,
    /// Accounts that its message declares writable, by position among all its keys.
    pub(crate) writable: AccountSet,
    /// Programs of its instructions.
    pub(crate) invoked: AccountSet,
}

impl StaticFacts {
    pub(crate) fn of(transaction: &SanitizedTransaction) -> Self {
        let (mut writable, mut invoked) = (AccountSet::default(), AccountSet::default());
        for position in 0..transaction.total_key_count() {
            if transaction.is_writable_declared(position) {
                writable.insert(position);
            }
        }
        for instruction in transaction.instructions() {
            invoked.insert(instruction.program_index.into());
        }
        Self {
            limits: limits(transaction),
            cost: StaticCost::of(transaction, writable.len() as u64),
            writable,
            invoked,
        }
    }
}

fn limits(transaction: &SanitizedTransaction) -> Result<ComputeBudgetLimits, TransactionError> {
    if let Some(config) = transaction.config() {
        return heddle_programs::compute_budget_limits_v1(&config);
    }
    let keys = transaction.static_keys();
    heddle_programs::compute_budget_limits(
        transaction.instructions().map(|instruction| (&keys[usize::from(instruction.program_index)], instruction.data)),
    )
}
