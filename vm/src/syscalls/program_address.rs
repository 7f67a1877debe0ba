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
