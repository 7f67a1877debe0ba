//! Instructions that move lamports out of a vote account and into it.

use heddle_vm::InvokeContext;
use solana_instruction_error::InstructionError;

use super::{
    super::system,
    VoteError, check_signed, load,
    state::{Stored, VoteState},
    store, sysvars,
};

/// Epochs that must have passed since the last credits before an account may be closed.
const CLOSE_AFTER_EPOCHS: u64 = 2;

/// Moves lamports from the vote account to account 1; the last lamport closes it.
pub(super) fn withdraw(context: &mut InvokeContext, lamports: u64) -> Result<(), InstructionError> {
    context.check_account_count(2)?;
    let (rent, clock) = (sysvars::rent(context)?, sysvars::clock(context)?);
    let state = load(context)?;
    check_signed(context, &state.withdrawer)?;
    let account = context.account(0)?;
    let size_bytes = account.data().len();
    let left = account.lamports().checked_sub(lamports).ok_or(InstructionError::InsufficientFunds)?;
    if left == 0 {
        check_closable(&state, clock.epoch)?;
        context.account(0)?.data_mut()?.fill(0);
    } else {
        let exempt = rent.minimum_balance(size_bytes);
        let kept = exempt.checked_add(state.pending_delegator_rewards).ok_or(InstructionError::ArithmeticOverflow)?;
        if left < kept {
            return Err(InstructionError::InsufficientFunds);
        }
    }
    context.account(0)?.checked_sub_lamports(lamports)?;
    context.account(1)?.checked_add_lamports(lamports)
}

fn check_closable(state: &VoteState, epoch: u64) -> Result<(), InstructionError> {
    if state.pending_delegator_rewards > 0 {
        return Err(InstructionError::InsufficientFunds);
    }
    let is_active = |epoch_of_credits: u64| epoch.saturating_sub(epoch_of_credits) < CLOSE_AFTER_EPOCHS;
    match state.epoch_credits.last() {
        Some(last) if is_active(last.epoch) => Err(VoteError::ActiveVoteAccountClose.into()),
        _ => Ok(()),
    }
}

/// Moves lamports from account 1, which must sign, to the vote account's delegators (SIMD-0123).
pub(super) fn deposit_delegator_rewards(context: &mut InvokeContext, lamports: u64) -> Result<(), InstructionError> {
    let gates = context.gates();
    if !gates.commission_rate_in_basis_points || !gates.custom_commission_collector || !gates.block_revenue_sharing {
        return Err(InstructionError::InvalidInstructionData);
    }
    context.check_account_count(2)?;
    let (vote_key, source) = (*context.account_key(0)?, *context.account_key(1)?);
    check_signed(context, &source)?;
    let stored = Stored::decode(context.account(0)?.data(), &vote_key);
    // Older versions are not converted here.
    let Some(Stored::V4(mut state)) = stored else { return Err(InstructionError::InvalidAccountData) };
    context.invoke_signed(&system::transfer(source, vote_key, lamports), &[])?;
    let pending = state.pending_delegator_rewards.checked_add(lamports);
    state.pending_delegator_rewards = pending.ok_or(InstructionError::ArithmeticOverflow)?;
    store(context, &state)
}
