//! What the program reads of its block. A sysvar that the block lacks, or whose data does not decode, is unsupported.
//!
//! Older instructions also name sysvars among their accounts; only the address counts.

use heddle_types::Pubkey;
use heddle_vm::{Clock, EpochSchedule, InvokeContext, Rent, SlotHashes};
use solana_instruction_error::InstructionError;
use solana_sdk_ids::sysvar;

pub(super) fn clock(context: &InvokeContext) -> Result<Clock, InstructionError> {
    decode(context, &sysvar::clock::ID, Clock::from_bytes)
}

pub(super) fn rent(context: &InvokeContext) -> Result<Rent, InstructionError> {
    decode(context, &sysvar::rent::ID, Rent::from_bytes)
}

pub(super) fn epoch_schedule(context: &InvokeContext) -> Result<EpochSchedule, InstructionError> {
    decode(context, &sysvar::epoch_schedule::ID, EpochSchedule::from_bytes)
}

pub(super) fn slot_hashes(context: &InvokeContext) -> Result<SlotHashes<'_>, InstructionError> {
    decode(context, &sysvar::slot_hashes::ID, SlotHashes::decode)
}

/// As [`clock`], which must be the account at `index`.
pub(super) fn clock_at(context: &InvokeContext, index: usize) -> Result<Clock, InstructionError> {
    context.check_account_key(index, &sysvar::clock::ID)?;
    clock(context)
}

/// As [`rent`], which must be the account at `index`.
pub(super) fn rent_at(context: &InvokeContext, index: usize) -> Result<Rent, InstructionError> {
    context.check_account_key(index, &sysvar::rent::ID)?;
    rent(context)
}

/// As [`slot_hashes`], which must be the account at `index`.
pub(super) fn slot_hashes_at(context: &InvokeContext, index: usize) -> Result<SlotHashes<'_>, InstructionError> {
    context.check_account_key(index, &sysvar::slot_hashes::ID)?;
    slot_hashes(context)
}

fn decode<'a, T>(
    context: &'a InvokeContext,
    id: &Pubkey,
    read: impl FnOnce(&'a [u8]) -> Option<T>,
) -> Result<T, InstructionError> {
    context.block().sysvars.data(id).and_then(read).ok_or(InstructionError::UnsupportedSysvar)
}
