//! Instructions that name another voter or withdrawer.

use heddle_types::Pubkey;
use heddle_vm::{Clock, InvokeContext};
use solana_instruction_error::InstructionError;

use super::{
    VoteError, bls, check_signed,
    instruction::{Authority, BlsKey, DerivedAuthority},
    load, store, sysvars,
};

/// Cost of checking a BLS key (SIMD-0387).
const BLS_PROOF_COMPUTE_UNITS: u64 = 34_500;

/// Who counts as having agreed.
enum Consent {
    /// Whoever signed the instruction.
    Signers,
    /// The address that account 2 derives, if account 2 signed.
    Derived(Option<Pubkey>),
}

impl Consent {
    fn check(&self, context: &InvokeContext, authority: &Pubkey) -> Result<(), InstructionError> {
        match self {
            Self::Signers => check_signed(context, authority),
            Self::Derived(derived) if derived.as_ref() == Some(authority) => Ok(()),
            Self::Derived(_) => Err(InstructionError::MissingRequiredSignature),
        }
    }
}

pub(super) fn plain(
    context: &mut InvokeContext,
    new_authority: &Pubkey,
    authority: &Authority,
) -> Result<(), InstructionError> {
    let clock = sysvars::clock_at(context, 1)?;
    authorize(context, &clock, (authority, new_authority), &Consent::Signers)
}

/// The new authority is account 3 and must sign.
pub(super) fn checked(context: &mut InvokeContext, authority: &Authority) -> Result<(), InstructionError> {
    let new_authority = signed_new_authority(context)?;
    plain(context, &new_authority, authority)
}

pub(super) fn with_seed(
    context: &mut InvokeContext,
    authority: &Authority,
    current: &DerivedAuthority,
    new_authority: &Pubkey,
) -> Result<(), InstructionError> {
    context.check_account_count(3)?;
    derived(context, authority, current, new_authority)
}

/// The new authority is account 3 and must sign.
pub(super) fn checked_with_seed(
    context: &mut InvokeContext,
    authority: &Authority,
    current: &DerivedAuthority,
) -> Result<(), InstructionError> {
    let new_authority = signed_new_authority(context)?;
    derived(context, authority, current, &new_authority)
}

fn signed_new_authority(context: &mut InvokeContext) -> Result<Pubkey, InstructionError> {
    context.check_account_count(4)?;
    let account = context.account(3)?;
    if account.is_signer() { Ok(*account.key()) } else { Err(InstructionError::MissingRequiredSignature) }
}

fn derived(
    context: &mut InvokeContext,
    authority: &Authority,
    current: &DerivedAuthority,
    new_authority: &Pubkey,
) -> Result<(), InstructionError> {
    let clock = sysvars::clock_at(context, 1)?;
    let base = context.account(2)?;
    let is_signed = base.is_signer();
    let derived = is_signed.then(|| current.seed.derive(base.key(), &current.owner)).transpose()?;
    authorize(context, &clock, (authority, new_authority), &Consent::Derived(derived))
}

fn authorize(
    context: &mut InvokeContext,
    clock: &Clock,
    (authority, new_authority): (&Authority, &Pubkey),
    consent: &Consent,
) -> Result<(), InstructionError> {
    let mut state = load(context)?;
    let is_bls_managed = context.gates().bls_pubkey_management_in_vote_account;
    let bls_pubkey = match authority {
        Authority::Withdrawer => {
            consent.check(context, &state.withdrawer)?;
            state.withdrawer = *new_authority;
            return store(context, &state);
        }
        // Whoever has a BLS key must name the next one with the next voter.
        Authority::Voter if is_bls_managed && state.bls_pubkey.is_some() => {
            return Err(InstructionError::InvalidInstructionData);
        }
        Authority::Voter => None,
        Authority::VoterWithBls(_) if !is_bls_managed => return Err(InstructionError::InvalidInstructionData),
        Authority::VoterWithBls(key) => {
            let vote_key = *context.account_key(0)?;
            check_proof(context, key, &vote_key)?;
            Some(key.pubkey)
        }
    };
    let from_epoch = clock.leader_schedule_epoch.checked_add(1).ok_or(InstructionError::InvalidAccountData)?;
    let voter = state.voters.advance(clock.epoch).ok_or(InstructionError::InvalidAccountData)?;
    consent.check(context, &state.withdrawer).or_else(|_| consent.check(context, &voter))?;
    if state.voters.contains(from_epoch) {
        return Err(VoteError::TooSoonToReauthorize.into());
    }
    state.voters.insert(from_epoch, *new_authority);
    state.bls_pubkey = bls_pubkey.or(state.bls_pubkey);
    store(context, &state)
}

/// Pays for the check of a BLS key, and checks it.
pub(super) fn check_proof(
    context: &mut InvokeContext,
    key: &BlsKey,
    vote_key: &Pubkey,
) -> Result<(), InstructionError> {
    context.consume(BLS_PROOF_COMPUTE_UNITS)?;
    if bls::is_proven(key, vote_key) { Ok(()) } else { Err(InstructionError::InvalidArgument) }
}
