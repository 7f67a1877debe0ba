//! The vote program: validators' votes, who may cast them, and who gets what they earn.
//!
//! ```text
//!  instruction ─decode─► checks ─► load: account data, any version ─► VoteState (version 4)
//!                                                                        │ change
//!                                  account data, version 4 ◄──── store ──┘
//! ```
//!
//! **Invariant.** Bytes of instructions and accounts, whatever they are, reach no panic, and nothing is allocated for
//! items that are not there.
//!
//! Compute units, the order of checks, error codes and stored bytes are those of crate `solana-vote-program` 4.2.2; it
//! writes no log lines. Its refusals after the migration to Alpenglow are not here: that migration is not in the rule set.

mod authorize;
mod bls;
mod collector;
mod initialize;
mod instruction;
mod lamports;
mod lockout;
mod settings;
mod slot_votes;
mod state;
mod sysvars;
mod tower;
mod voters;

use heddle_types::Pubkey;
use heddle_vm::{Clock, InvokeContext};
use instruction::{ProposedTower, SlotVotes, VoteInstruction};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::vote;
use state::{Stored, VOTE_ACCOUNT_BYTES, VoteState};
use tower::Landing;

/// Cost of any instruction.
const COMPUTE_UNITS: u64 = 2_100;

/// Errors of this program; the instruction fails with `Custom(code)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum VoteError {
    VoteTooOld = 0,
    SlotsMismatch = 1,
    SlotHashMismatch = 2,
    EmptySlots = 3,
    TimestampTooOld = 4,
    TooSoonToReauthorize = 5,
    LockoutConflict = 6,
    NewVoteStateLockoutMismatch = 7,
    SlotsNotOrdered = 8,
    ConfirmationsNotOrdered = 9,
    ZeroConfirmations = 10,
    ConfirmationTooLarge = 11,
    RootRollBack = 12,
    ConfirmationRollBack = 13,
    SlotSmallerThanRoot = 14,
    TooManyVotes = 15,
    VotesTooOldAllFiltered = 16,
    RootOnDifferentFork = 17,
    ActiveVoteAccountClose = 18,
    CommissionUpdateTooLate = 19,
}

impl From<VoteError> for InstructionError {
    fn from(error: VoteError) -> Self {
        Self::Custom(error as u32)
    }
}

/// Processes one instruction. The vote account is account 0.
pub(crate) fn process(context: &mut InvokeContext) -> Result<(), InstructionError> {
    context.consume(COMPUTE_UNITS)?;
    if *context.account(0)?.owner() != vote::ID {
        return Err(InstructionError::InvalidAccountOwner);
    }
    match VoteInstruction::decode(context.instruction_data())? {
        VoteInstruction::TowerSync(tower) => replace_tower(context, tower),
        VoteInstruction::UpdateVoteState(tower) => {
            check_legacy_votes(context)?;
            replace_tower(context, tower)
        }
        VoteInstruction::Vote(votes) => cast_votes(context, &votes),
        VoteInstruction::InitializeAccount(new) => initialize::first(context, &new),
        VoteInstruction::InitializeAccountV2(new) => initialize::second(context, &new),
        VoteInstruction::Authorize(new, authority) => authorize::plain(context, &new, &authority),
        VoteInstruction::AuthorizeChecked(authority) => authorize::checked(context, &authority),
        VoteInstruction::AuthorizeWithSeed(authority, current, new) => {
            authorize::with_seed(context, &authority, &current, &new)
        }
        VoteInstruction::AuthorizeCheckedWithSeed(authority, current) => {
            authorize::checked_with_seed(context, &authority, &current)
        }
        VoteInstruction::UpdateValidatorIdentity => settings::update_node(context),
        VoteInstruction::UpdateCommission { percent } => settings::update_commission(context, percent),
        VoteInstruction::UpdateCommissionBps { bps, kind } => settings::update_commission_bps(context, bps, kind),
        VoteInstruction::UpdateCommissionCollector(kind) => collector::update(context, kind),
        VoteInstruction::Withdraw { lamports } => lamports::withdraw(context, lamports),
        VoteInstruction::DepositDelegatorRewards { lamports } => lamports::deposit_delegator_rewards(context, lamports),
    }
}

// ---- votes --------------------------------------------------------------------------------------------------------

fn check_legacy_votes(context: &InvokeContext) -> Result<(), InstructionError> {
    if context.gates().deprecate_legacy_vote_ixs { Err(InstructionError::InvalidInstructionData) } else { Ok(()) }
}

/// Signed by the voter; account 1 is the slot-hashes sysvar, account 2 the clock.
fn cast_votes(context: &mut InvokeContext, votes: &SlotVotes) -> Result<(), InstructionError> {
    check_legacy_votes(context)?;
    sysvars::slot_hashes_at(context, 1)?;
    let clock = sysvars::clock_at(context, 2)?;
    let mut state = load_for_voter(context, clock.epoch)?;
    slot_votes::cast(&mut state, votes, &landing(context, &clock)?)?;
    store(context, &state)
}

/// Signed by the voter.
fn replace_tower(context: &mut InvokeContext, proposed: ProposedTower) -> Result<(), InstructionError> {
    sysvars::slot_hashes(context)?;
    let clock = sysvars::clock(context)?;
    let mut state = load_for_voter(context, clock.epoch)?;
    tower::replace(&mut state, proposed, &landing(context, &clock)?)?;
    store(context, &state)
}

fn landing<'a>(context: &'a InvokeContext, clock: &Clock) -> Result<Landing<'a>, InstructionError> {
    Ok(Landing { epoch: clock.epoch, slot: clock.slot, slot_hashes: sysvars::slot_hashes(context)? })
}

/// The account's state, if the voter of this epoch signed.
fn load_for_voter(context: &mut InvokeContext, epoch: u64) -> Result<VoteState, InstructionError> {
    let mut state = load(context)?;
    let voter = state.voters.advance(epoch).ok_or(InstructionError::InvalidAccountData)?;
    check_signed(context, &voter)?;
    Ok(state)
}

// ---- shared -------------------------------------------------------------------------------------------------------

fn check_signed(context: &InvokeContext, key: &Pubkey) -> Result<(), InstructionError> {
    if context.is_signer_key(key) { Ok(()) } else { Err(InstructionError::MissingRequiredSignature) }
}

/// Reads the vote account.
///
/// # Errors
/// `InvalidAccountData` if it holds no vote state, `UninitializedAccount` for an older version without voters.
fn load(context: &mut InvokeContext) -> Result<VoteState, InstructionError> {
    let account = context.account(0)?;
    match Stored::decode(account.data(), account.key()) {
        Some(Stored::V4(state)) => Ok(state),
        Some(Stored::Older(state)) if state.voters.is_empty() => Err(InstructionError::UninitializedAccount),
        Some(Stored::Older(state)) => Ok(state),
        Some(Stored::Empty) | None => Err(InstructionError::InvalidAccountData),
    }
}

/// Writes the vote account, growing one of an older version that can pay for it.
///
/// # Errors
/// `AccountNotRentExempt` if it must grow and cannot, `AccountDataTooSmall`, and as [`heddle_vm::BorrowedAccount::data_mut`].
fn store(context: &mut InvokeContext, state: &VoteState) -> Result<(), InstructionError> {
    let mut account = context.account(0)?;
    let is_too_small = account.data().len() < VOTE_ACCOUNT_BYTES;
    if is_too_small
        && (!account.is_rent_exempt_at(VOTE_ACCOUNT_BYTES) || account.set_data_length(VOTE_ACCOUNT_BYTES).is_err())
    {
        return Err(InstructionError::AccountNotRentExempt);
    }
    let data = account.data_mut()?;
    if state.encoded_bytes() > data.len() {
        return Err(InstructionError::AccountDataTooSmall);
    }
    state.encode(data);
    Ok(())
}
