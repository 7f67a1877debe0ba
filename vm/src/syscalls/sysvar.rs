//! Sysvars: whole, in the layout of their C structs, or any part of their account data.

use heddle_types::Pubkey;
use solana_instruction_error::InstructionError;
use solana_sbpf::{ebpf::MM_INPUT_START, program::BuiltinProgram};
use solana_sdk_ids::sysvar;

use super::{SUCCESS, add, syscall};
use crate::{BlockEnvironment, InvokeContext, SyscallError, VmError, budget::costs};

/// Return codes of `sol_get_sysvar` (SIMD-0127).
const OUT_OF_RANGE: u64 = 1;
const NOT_FOUND: u64 = 2;

/// The sysvars that `sol_get_sysvar` knows, whatever else a block may hold.
const READABLE: [Pubkey; 7] = [
    sysvar::clock::ID,
    sysvar::epoch_schedule::ID,
    sysvar::epoch_rewards::ID,
    sysvar::rent::ID,
    sysvar::slot_hashes::ID,
    sysvar::stake_history::ID,
    sysvar::last_restart_slot::ID,
];

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<GetClock>(loader, "sol_get_clock_sysvar");
    add::<GetEpochSchedule>(loader, "sol_get_epoch_schedule_sysvar");
    add::<GetRent>(loader, "sol_get_rent_sysvar");
    add::<GetLastRestartSlot>(loader, "sol_get_last_restart_slot");
    add::<GetEpochRewards>(loader, "sol_get_epoch_rewards_sysvar");
    add::<GetSysvar>(loader, "sol_get_sysvar");
}

syscall!(
    /// The clock: (result).
    GetClock,
    |context, result, _b, _c, _d, _e| write_struct(context, result, 8, |block| Some(block.sysvars.clock.to_bytes()))
);

syscall!(
    /// The epoch schedule: (result).
    GetEpochSchedule,
    |context, result, _b, _c, _d, _e| {
        write_struct(context, result, 8, |block| Some(block.sysvars.epoch_schedule.to_c_bytes()))
    }
);

syscall!(
    /// Rent: (result).
    GetRent,
    |context, result, _b, _c, _d, _e| write_struct(context, result, 8, |block| Some(block.sysvars.rent.to_c_bytes()))
);

syscall!(
    /// The last restart slot: (result).
    GetLastRestartSlot,
    |context, result, _b, _c, _d, _e| write_struct(context, result, 8, |block| block.sysvars.last_restart_slot_c_bytes())
);

syscall!(
    /// Epoch rewards: (result).
    GetEpochRewards,
    |context, result, _b, _c, _d, _e| write_struct(context, result, 16, |block| block.sysvars.epoch_rewards_c_bytes())
);

syscall!(
    /// A part of a sysvar's account data: (sysvar, result, offset, length in bytes).
    GetSysvar,
    |context, sysvar, result, offset, size_bytes, _e| get_part(context, sysvar, result, offset, size_bytes)
);

/// Writes a sysvar of `N` bytes that the guest aligns to `alignment`.
fn write_struct<const N: usize>(
    context: &mut InvokeContext,
    result: u64,
    alignment: usize,
    encode: impl Fn(&BlockEnvironment) -> Option<[u8; N]>,
) -> Result<u64, VmError> {
    context.consume(costs::SYSVAR_BASE + N as u64)?;
    check_result_address(context, result)?;
    let result = context.guest_array_mut(result, 1, N as u64, alignment)?;
    let bytes = encode(context.block()).ok_or(InstructionError::UnsupportedSysvar)?;
    context.bytes_mut(&result).copy_from_slice(&bytes);
    Ok(SUCCESS)
}

/// A sysvar goes to the stack or the heap, never into the input region (SIMD-0459); the deprecated loader has none.
fn check_result_address(context: &InvokeContext, result: u64) -> Result<(), VmError> {
    if !context.is_alignment_checked() {
        return Err(SyscallError::UnalignedPointer.into());
    }
    if result >= MM_INPUT_START {
        return Err(SyscallError::InvalidPointer.into());
    }
    Ok(())
}

/// The order of these checks is part of SIMD-0127: some abort the program, some only return a code.
fn get_part(
    context: &mut InvokeContext,
    sysvar: u64,
    result: u64,
    offset: u64,
    size_bytes: u64,
) -> Result<u64, VmError> {
    let copy_units = costs::MEMORY_OPERATION_BASE.max(size_bytes / costs::CPI_BYTES_PER_UNIT);
    context.consume((costs::SYSVAR_BASE + 32 / costs::CPI_BYTES_PER_UNIT).saturating_add(copy_units))?;
    check_result_address(context, result)?;
    let target = context.guest_mut(result, size_bytes)?;
    let sysvar = context.read_pubkey(sysvar)?;
    let end = offset.checked_add(size_bytes).ok_or(InstructionError::ArithmeticOverflow)?;
    result.checked_add(size_bytes).ok_or(InstructionError::ArithmeticOverflow)?;
    if !READABLE.contains(&sysvar) {
        return Ok(NOT_FOUND);
    }
    // Cloning the block's handle ends the borrow of the context, which the write needs.
    let Some(data) = context.block().sysvars.shared_data(&sysvar) else { return Ok(NOT_FOUND) };
    let Some(part) = data.get(offset as usize..end as usize) else { return Ok(OUT_OF_RANGE) };
    context.bytes_mut(&target).copy_from_slice(part);
    Ok(SUCCESS)
}
