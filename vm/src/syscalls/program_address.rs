//! Program-derived addresses: from given seeds, or with the first bump seed that gives one.

use heddle_types::Pubkey;
use smallvec::SmallVec;
use solana_pubkey::{MAX_SEED_LEN, MAX_SEEDS, PubkeyError};
use solana_sbpf::program::BuiltinProgram;

use super::{FAILURE, GuestSlices, SUCCESS, add, syscall, write_bytes};
use crate::{GuestSlice, InvokeContext, SyscallError, VmError, budget::costs};

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<CreateProgramAddress>(loader, "sol_create_program_address");
    add::<TryFindProgramAddress>(loader, "sol_try_find_program_address");
}

syscall!(
    /// Derives an address: (seed slices, count, program, result).
    CreateProgramAddress,
    |context, seeds, count, program, result, _e| create(context, (seeds, count), program, result)
);

syscall!(
    /// Derives the first address over all bump seeds, from 255 down: (seed slices, count, program, result, bump seed).
    TryFindProgramAddress,
    |context, seeds, count, program, result, bump| try_find(context, (seeds, count), program, result, bump)
);

/// Seeds of one derivation, translated; a bump seed makes one more.
type Seeds = SmallVec<[GuestSlice; MAX_SEEDS]>;

fn create(context: &mut InvokeContext, (seeds, count): (u64, u64), program: u64, result: u64) -> Result<u64, VmError> {
    context.consume(costs::CREATE_PROGRAM_ADDRESS)?;
    let (seeds, program) = translate_inputs(context, seeds, count, program)?;
    let Ok(address) = derive(context, &seeds, &[], &program) else { return Ok(FAILURE) };
    write_bytes(context, result, address.as_ref())?;
    Ok(SUCCESS)
}

fn try_find(
    context: &mut InvokeContext,
    (seeds, count): (u64, u64),
    program: u64,
    result: u64,
    bump_result: u64,
) -> Result<u64, VmError> {
    context.consume(costs::CREATE_PROGRAM_ADDRESS)?;
    let (seeds, program) = translate_inputs(context, seeds, count, program)?;
    // Zero is never tried.
    for bump in (1..=u8::MAX).rev() {
        if let Ok(address) = derive(context, &seeds, &[&[bump]], &program) {
            return write_found(context, &address, bump, result, bump_result);
        }
        context.consume(costs::CREATE_PROGRAM_ADDRESS)?;
    }
    Ok(FAILURE)
}

fn write_found(
    context: &mut InvokeContext,
    address: &Pubkey,
    bump: u8,
    result: u64,
    bump_result: u64,
) -> Result<u64, VmError> {
    let bump_result = context.guest_mut(bump_result, 1)?;
    let result = context.guest_mut(result, 32)?;
    if bump_result.overlaps(&result) {
        return Err(SyscallError::CopyOverlapping.into());
    }
    context.bytes_mut(&bump_result)[0] = bump;
    context.bytes_mut(&result).copy_from_slice(address.as_ref());
    Ok(SUCCESS)
}

/// Translates the seeds, refusing too many and too long ones, then the program.
fn translate_inputs(
    context: &mut InvokeContext,
    seeds: u64,
    count: u64,
    program: u64,
) -> Result<(Seeds, Pubkey), VmError> {
    let too_long = SyscallError::BadSeeds(PubkeyError::MaxSeedLengthExceeded);
    let pairs = GuestSlices::translate(context, seeds, count)?;
    if pairs.count() > MAX_SEEDS {
        return Err(too_long.into());
    }
    let mut seeds = Seeds::new();
    for index in 0..pairs.count() {
        let (address, size_bytes) = pairs.get(context, index);
        if size_bytes > MAX_SEED_LEN as u64 {
            return Err(too_long.into());
        }
        seeds.push(context.guest(address, size_bytes)?);
    }
    Ok((seeds, context.read_pubkey(program)?))
}

fn derive(
    context: &InvokeContext,
    seeds: &[GuestSlice],
    bump: &[&[u8]],
    program: &Pubkey,
) -> Result<Pubkey, PubkeyError> {
    let seeds = seeds.iter().map(|seed| context.bytes(seed)).chain(bump.iter().copied());
    Pubkey::create_program_address(&seeds.collect::<SmallVec<[&[u8]; MAX_SEEDS + 1]>>(), program)
}

#[cfg(test)]
mod tests {
    use heddle_types::Pubkey;
    use solana_instruction_error::InstructionError;

    use crate::syscalls::test_guest::{Guest, OUTPUT, Outcome, PAYLOAD, PROGRAM, call, slices};

    const BUMP_RESULT: u64 = OUTPUT + 32;

    /// Calls a derivation over `seeds`; the program's key follows them in the payload.
    fn derive(syscall: &str, seeds: &[&[u8]], result: u64, bump_result: u64) -> Outcome {
        let mut payload = slices(seeds);
        let program = PAYLOAD + payload.len() as u64;
        payload.extend_from_slice(PROGRAM.as_ref());
        call(syscall, [PAYLOAD, seeds.len() as u64, program, result, bump_result], &payload)
    }

    #[test]
    fn creates_the_address_that_the_sdk_creates() {
        let (address, bump) = Pubkey::find_program_address(&[b"vault"], &PROGRAM);
        let outcome = derive("sol_create_program_address", &[b"vault", &[bump]], OUTPUT, 0);
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 1_500));
        assert_eq!(outcome.output(), address.to_bytes());
    }

    #[test]
    fn returns_one_when_the_seeds_give_a_point_on_the_curve() {
        let (_, bump) = Pubkey::find_program_address(&[b"x"], &PROGRAM);
        let on_curve =
            (0..bump).rev().find(|&bump| Pubkey::create_program_address(&[b"x", &[bump]], &PROGRAM).is_err());
        let outcome = derive("sol_create_program_address", &[b"x", &[on_curve.unwrap()]], OUTPUT, 0);
        assert_eq!((outcome.returned(), outcome.output::<32>()), (1, [0; 32]));
    }

    #[test]
    fn finds_the_first_bump_at_1500_units_a_try() {
        let mut tries_seen = std::collections::BTreeSet::new();
        for seed in 0..20u8 {
            let (address, bump) = Pubkey::find_program_address(&[&[seed]], &PROGRAM);
            let tries = u64::from(u8::MAX - bump) + 1;
            tries_seen.insert(tries);
            let outcome = derive("sol_try_find_program_address", &[&[seed]], OUTPUT, BUMP_RESULT);
            assert_eq!((outcome.returned(), outcome.syscall_units()), (0, tries * 1_500));
            let output = outcome.output::<33>();
            assert_eq!((&output[..32], output[32]), (address.as_ref(), bump));
        }
        assert!(tries_seen.len() > 1, "some seed needs a second try");
    }

    #[test]
    fn no_room_for_a_bump_seed_means_paying_for_every_bump() {
        let seeds: Vec<&[u8]> = vec![b"s"; 16];
        let outcome = derive("sol_try_find_program_address", &seeds, OUTPUT, BUMP_RESULT);
        assert_eq!((outcome.returned(), outcome.syscall_units()), (1, 256 * 1_500));
    }

    #[test]
    fn stops_searching_when_the_units_are_spent() {
        let seeds = slices(&[b"s" as &[u8]; 16]);
        let arguments = [PAYLOAD, 16, PAYLOAD, OUTPUT, BUMP_RESULT];
        let outcome = Guest::calling("sol_try_find_program_address", arguments, &seeds).unit_limit(10_000).run();
        outcome.assert_failed(InstructionError::ComputationalBudgetExceeded, "Computational budget exceeded");
        assert_eq!(outcome.units, 10_000);
    }

    #[test]
    fn refuses_too_many_and_too_long_seeds() {
        let text =
            "Could not create program address with signer seeds: Length of the seed is too long for address generation";
        for syscall in ["sol_create_program_address", "sol_try_find_program_address"] {
            derive(syscall, &[b"s" as &[u8]; 17], OUTPUT, BUMP_RESULT).assert_aborted(text);
            derive(syscall, &[&[0; 33]], OUTPUT, BUMP_RESULT).assert_aborted(text);
            let mut payload = slices(&[b"s"]);
            payload[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
            call(syscall, [PAYLOAD, 1, PAYLOAD, OUTPUT, BUMP_RESULT], &payload).assert_aborted(text);
            call(syscall, [PAYLOAD, u64::MAX, PAYLOAD, OUTPUT, BUMP_RESULT], &[]).assert_aborted("InvalidLength");
            call(syscall, [PAYLOAD + 1, 1, PAYLOAD, OUTPUT, BUMP_RESULT], &[0; 64]).assert_aborted("Unaligned pointer");
        }
    }

    #[test]
    fn refuses_results_that_overlap_or_cannot_be_written() {
        let overlapping = derive("sol_try_find_program_address", &[b"s"], OUTPUT, OUTPUT + 31);
        overlapping.assert_aborted("Overlapping copy");
        let outside = derive("sol_try_find_program_address", &[b"s"], 5 << 32, BUMP_RESULT);
        outside.assert_aborted("Access violation writing 32 bytes at address 0x500000000 (in unallocated region)");
        let bump_outside = derive("sol_try_find_program_address", &[b"s"], 5 << 32, 6 << 32);
        bump_outside.assert_aborted("Access violation writing 1 bytes at address 0x600000000 (in unallocated region)");
    }
}
