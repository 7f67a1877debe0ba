//! What a transaction's bytes alone decide, found once when it enters, by the thread that verifies it: neither the plan
//! nor a worker reads the instructions for it again.

use heddle_programs::ComputeBudgetLimits;
use heddle_types::{InstructionView, SanitizedTransaction, TransactionError, ids};
use smallvec::SmallVec;

use crate::{account_set::AccountSet, cost::StaticCost, direct};

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
    /// Lamports that it moves, if it is one plain transfer ([`direct`]).
    pub(crate) transfer: Option<u64>,
}

impl StaticFacts {
    pub(crate) fn of(transaction: &SanitizedTransaction) -> Self {
        let (mut writable, mut invoked) = (AccountSet::default(), AccountSet::default());
        for position in 0..transaction.total_key_count() {
            if transaction.is_writable_declared(position) {
                writable.insert(position);
            }
        }
        // Read from the wire once; each of those who ask goes over the list.
        let instructions: SmallVec<[InstructionView<'_>; 4]> = transaction.instructions().collect();
        for instruction in &instructions {
            invoked.insert(instruction.program_index.into());
        }
        Self {
            limits: limits(transaction, &instructions),
            cost: StaticCost::of(transaction, &instructions, writable.len() as u64),
            writable,
            invoked,
            transfer: direct::transfer_of(transaction, &instructions),
        }
    }
}

/// The nonce account that the first instruction advances, by position among the static keys: what a transaction on a
/// durable nonce must do. Whether it may, and whether that is a nonce account, its execution finds out.
pub(crate) fn advanced_nonce(transaction: &SanitizedTransaction) -> Option<usize> {
    const ADVANCE_NONCE_TAG: [u8; 4] = 4u32.to_le_bytes();
    let keys = transaction.static_keys();
    let first = transaction.instructions().next()?;
    let is_advance = keys[usize::from(first.program_index)] == ids::system_program::ID
        && first.data.get(..4) == Some(&ADVANCE_NONCE_TAG);
    let position = usize::from(*first.account_indices.first()?);
    (is_advance && position < keys.len()).then_some(position)
}

fn limits(
    transaction: &SanitizedTransaction,
    instructions: &[InstructionView<'_>],
) -> Result<ComputeBudgetLimits, TransactionError> {
    if let Some(config) = transaction.config() {
        return heddle_programs::compute_budget_limits_v1(&config);
    }
    let keys = transaction.static_keys();
    heddle_programs::compute_budget_limits(
        instructions.iter().map(|instruction| (&keys[usize::from(instruction.program_index)], instruction.data)),
    )
}
