//! Sysvars: whole, in the layout of their C structs, or any part of their account data.

use heddle_types::{Gates, Pubkey};
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

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>, gates: &Gates) {
    add::<GetClock>(loader, "sol_get_clock_sysvar");
    add::<GetEpochSchedule>(loader, "sol_get_epoch_schedule_sysvar");
    add::<GetRent>(loader, "sol_get_rent_sysvar");
    add::<GetEpochRewards>(loader, "sol_get_epoch_rewards_sysvar");
    if gates.last_restart_slot_sysvar {
        add::<GetLastRestartSlot>(loader, "sol_get_last_restart_slot");
    }
    if gates.get_sysvar_syscall_enabled {
        add::<GetSysvar>(loader, "sol_get_sysvar");
    }
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

#[cfg(test)]
mod tests {
    use solana_instruction_error::InstructionError;
    use solana_sbpf::ebpf::MM_INPUT_START;
    use solana_sdk_ids::sysvar;

    use crate::{
        EpochSchedule, Rent,
        syscalls::test_guest::{Guest, OUTPUT, PAYLOAD, STACK, call, clock},
    };

    const WHOLE: [(&str, u64); 5] = [
        ("sol_get_clock_sysvar", 40),
        ("sol_get_epoch_schedule_sysvar", 40),
        ("sol_get_rent_sysvar", 24),
        ("sol_get_last_restart_slot", 8),
        ("sol_get_epoch_rewards_sysvar", 96),
    ];

    #[test]
    fn writes_the_whole_sysvar_at_a_unit_a_byte() {
        for (syscall, size_bytes) in WHOLE {
            let outcome = call(syscall, [OUTPUT, 0, 0, 0, 0], b"");
            assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 100 + size_bytes), "{syscall}");
        }
        assert_eq!(call("sol_get_clock_sysvar", [OUTPUT, 0, 0, 0, 0], b"").output(), clock().to_bytes());
        assert_eq!(call("sol_get_rent_sysvar", [OUTPUT, 0, 0, 0, 0], b"").output(), Rent::default().to_c_bytes());
        let schedule = call("sol_get_epoch_schedule_sysvar", [OUTPUT, 0, 0, 0, 0], b"");
        assert_eq!(schedule.output(), EpochSchedule::default().to_c_bytes());
    }

    #[test]
    fn writes_nothing_into_the_input_region() {
        for (syscall, _) in WHOLE {
            call(syscall, [PAYLOAD, 0, 0, 0, 0], &[0; 96]).assert_aborted("Invalid pointer");
            call(syscall, [u64::MAX, 0, 0, 0, 0], b"").assert_aborted("Invalid pointer");
            call(syscall, [MM_INPUT_START - 4, 0, 0, 0, 0], b"").assert_aborted(&format!(
                "Access violation writing {} bytes at address 0x3fffffffc (in unallocated region)",
                WHOLE.iter().find(|(name, _)| *name == syscall).unwrap().1
            ));
            assert_eq!(call(syscall, [STACK + 64, 0, 0, 0, 0], b"").returned(), 0);
        }
        call("sol_get_sysvar", [PAYLOAD, PAYLOAD, 0, 0, 0], &[0; 32]).assert_aborted("Invalid pointer");
    }

    #[test]
    fn checks_the_alignment_of_the_struct_and_refuses_the_deprecated_loader() {
        for (syscall, _) in WHOLE {
            call(syscall, [OUTPUT + 4, 0, 0, 0, 0], b"").assert_aborted("Unaligned pointer");
            let deprecated = Guest::calling(syscall, [OUTPUT, 0, 0, 0, 0], b"").deprecated_loader();
            deprecated.run().assert_aborted("Unaligned pointer");
        }
        call("sol_get_epoch_rewards_sysvar", [OUTPUT + 8, 0, 0, 0, 0], b"").assert_aborted("Unaligned pointer");
        assert_eq!(call("sol_get_clock_sysvar", [OUTPUT + 8, 0, 0, 0, 0], b"").returned(), 0);
    }

    #[test]
    fn reads_any_part_of_a_sysvar() {
        let outcome = call("sol_get_sysvar", [PAYLOAD, OUTPUT + 1, 8, 16, 0], sysvar::clock::ID.as_ref());
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 110));
        assert_eq!(outcome.output::<18>()[1..17], clock().to_bytes()[8..24]);
        let nothing = call("sol_get_sysvar", [PAYLOAD, OUTPUT, 40, 0, 0], sysvar::clock::ID.as_ref());
        assert_eq!(nothing.returned(), 0);
    }

    #[test]
    fn tells_unknown_sysvars_and_ranges_by_code() {
        let known = [
            (sysvar::clock::ID, 40),
            (sysvar::epoch_schedule::ID, 33),
            (sysvar::epoch_rewards::ID, 81),
            (sysvar::rent::ID, 17),
            (sysvar::last_restart_slot::ID, 8),
        ];
        for (id, size_bytes) in known {
            let whole = call("sol_get_sysvar", [PAYLOAD, OUTPUT, 0, size_bytes, 0], id.as_ref());
            assert_eq!(whole.returned(), 0, "{id}");
            let beyond = call("sol_get_sysvar", [PAYLOAD, OUTPUT, 1, size_bytes, 0], id.as_ref());
            assert_eq!(beyond.returned(), 1, "{id}");
        }
        let far = call("sol_get_sysvar", [PAYLOAD, OUTPUT, u64::MAX, 0, 0], sysvar::clock::ID.as_ref());
        assert_eq!(far.returned(), 1);
        for unknown in [sysvar::instructions::ID, sysvar::ID] {
            let outcome = call("sol_get_sysvar", [PAYLOAD, OUTPUT, 0, 1000, 0], unknown.as_ref());
            assert_eq!(outcome.returned(), 2, "{unknown}");
        }
    }

    #[test]
    fn aborts_on_overflow_and_on_costs() {
        let key = sysvar::clock::ID;
        call("sol_get_sysvar", [PAYLOAD, OUTPUT, u64::MAX, 1, 0], key.as_ref())
            .assert_failed(InstructionError::ArithmeticOverflow, "Program arithmetic overflowed");
        let outcome = call("sol_get_sysvar", [PAYLOAD, OUTPUT, 0, u64::MAX, 0], key.as_ref());
        outcome.assert_failed(InstructionError::ComputationalBudgetExceeded, "Computational budget exceeded");
        call("sol_get_sysvar", [5 << 32, OUTPUT, 0, 1, 0], key.as_ref())
            .assert_aborted("Access violation reading 32 bytes at address 0x500000000 (in unallocated region)");
        let large = call("sol_get_sysvar", [PAYLOAD, OUTPUT, 0, 10_000, 0], key.as_ref());
        assert_eq!((large.returned(), large.syscall_units()), (1, 100 + 40));
    }
}
