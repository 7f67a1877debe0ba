//! Instructions that make an account of the vote program a vote account.

use heddle_vm::InvokeContext;
use solana_instruction_error::InstructionError;

use super::{
    authorize::check_proof,
    check_signed,
    collector::{NewCollector, check_collector},
    instruction::{NewAccount, NewAccountV2},
    state::{Stored, VOTE_ACCOUNT_BYTES, VoteState},
    store, sysvars,
    voters::AuthorizedVoters,
};

pub(super) fn first(context: &mut InvokeContext, new: &NewAccount) -> Result<(), InstructionError> {
    let rent = sysvars::rent_at(context, 1)?;
    let account = context.account(0)?;
    if account.lamports() < rent.minimum_balance(account.data().len()) {
        return Err(InstructionError::InsufficientFunds);
    }
    let clock = sysvars::clock_at(context, 2)?;
    check_uninitialized(context)?;
    check_signed(context, &new.node)?;
    let state = new_state(context, new, clock.epoch)?;
    store(context, &state)
}

/// Collectors are accounts 2 and 3 (SIMD-0464).
pub(super) fn second(context: &mut InvokeContext, new: &NewAccountV2) -> Result<(), InstructionError> {
    if !is_second_enabled(context) {
        return Err(InstructionError::InvalidInstructionData);
    }
    context.check_account_count(4)?;
    let inflation_rewards = NewCollector::at(context, 2)?;
    let block_revenue = NewCollector::at(context, 3)?;
    // The reference holds both accounts at once and cannot borrow one twice.
    if inflation_rewards.is_same_account(&block_revenue) {
        return Err(InstructionError::AccountBorrowFailed);
    }
    let (clock, rent) = (sysvars::clock(context)?, sysvars::rent(context)?);
    check_uninitialized(context)?;
    check_signed(context, &new.account.node)?;
    let inflation_rewards_collector = check_collector(context, &inflation_rewards, &rent)?;
    let block_revenue_collector = check_collector(context, &block_revenue, &rent)?;
    let vote_key = *context.account_key(0)?;
    check_proof(context, &new.bls, &vote_key)?;
    let state = VoteState {
        inflation_rewards_collector,
        block_revenue_collector,
        block_revenue_commission_bps: new.block_revenue_commission_bps,
        bls_pubkey: Some(new.bls.pubkey),
        ..new_state(context, &new.account, clock.epoch)?
    };
    store(context, &state)
}

fn is_second_enabled(context: &InvokeContext) -> bool {
    let gates = context.gates();
    gates.bls_pubkey_management_in_vote_account
        && gates.commission_rate_in_basis_points
        && gates.custom_commission_collector
        && gates.block_revenue_sharing
        && gates.vote_account_initialize_v2
}

fn check_uninitialized(context: &mut InvokeContext) -> Result<(), InstructionError> {
    let account = context.account(0)?;
    if account.data().len() != VOTE_ACCOUNT_BYTES {
        return Err(InstructionError::InvalidAccountData);
    }
    let stored = Stored::decode(account.data(), account.key()).ok_or(InstructionError::InvalidAccountData)?;
    if stored.is_uninitialized() { Ok(()) } else { Err(InstructionError::AccountAlreadyInitialized) }
}

fn new_state(context: &InvokeContext, new: &NewAccount, epoch: u64) -> Result<VoteState, InstructionError> {
    let voters = AuthorizedVoters::new(epoch, new.voter);
    Ok(VoteState {
        inflation_rewards_commission_bps: new.inflation_rewards_commission_bps,
        ..VoteState::new(*context.account_key(0)?, new.node, new.withdrawer, voters)
    })
}
