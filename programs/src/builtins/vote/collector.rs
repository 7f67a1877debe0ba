//! Who gets the commission (SIMD-0232), and `UpdateCommissionCollector`.

use heddle_types::Pubkey;
use heddle_vm::{InvokeContext, Rent};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::system_program;

use super::{check_signed, instruction::CommissionKind, load, store, sysvars};

/// A collector as an instruction names it, by the index of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NewCollector {
    VoteAccount,
    Other { index: usize, index_in_transaction: usize },
}

impl NewCollector {
    pub(super) fn at(context: &mut InvokeContext, index: usize) -> Result<Self, InstructionError> {
        let vote_account = context.account(0)?.index_in_transaction();
        let index_in_transaction = context.account(index)?.index_in_transaction();
        let is_vote_account = index_in_transaction == vote_account;
        Ok(if is_vote_account { Self::VoteAccount } else { Self::Other { index, index_in_transaction } })
    }

    /// Whether both are one account, and not the vote account.
    pub(super) fn is_same_account(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other { index_in_transaction: a, .. }, Self::Other { index_in_transaction: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// The collector's address: the vote account itself, or a system account that is exempt from rent and can be written,
/// which no reserved account can.
pub(super) fn check_collector(
    context: &mut InvokeContext,
    collector: &NewCollector,
    rent: &Rent,
) -> Result<Pubkey, InstructionError> {
    let NewCollector::Other { index, .. } = *collector else { return Ok(*context.account_key(0)?) };
    let account = context.account(index)?;
    if *account.owner() != system_program::ID {
        return Err(InstructionError::InvalidAccountOwner);
    }
    if account.lamports() < rent.minimum_balance(account.data().len()) {
        return Err(InstructionError::InsufficientFunds);
    }
    if !account.is_writable() {
        return Err(InstructionError::InvalidArgument);
    }
    Ok(*account.key())
}

/// The new collector is account 1.
pub(super) fn update(context: &mut InvokeContext, kind: CommissionKind) -> Result<(), InstructionError> {
    if !context.gates().custom_commission_collector {
        return Err(InstructionError::InvalidInstructionData);
    }
    context.check_account_count(3)?;
    let new = NewCollector::at(context, 1)?;
    let rent = sysvars::rent(context)?;
    let mut state = load(context)?;
    check_signed(context, &state.withdrawer)?;
    let collector = check_collector(context, &new, &rent)?;
    match kind {
        CommissionKind::InflationRewards => state.inflation_rewards_collector = collector,
        CommissionKind::BlockRevenue => state.block_revenue_collector = collector,
    }
    store(context, &state)
}
