//! Hashes over slices of guest memory.

use sha2::{Digest, Sha256};
use sha3::Keccak256;
use solana_sbpf::program::BuiltinProgram;

use super::{GuestSlices, SUCCESS, add, syscall};
use crate::{InvokeContext, SyscallError, VmError, budget::costs, log_line};

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<HashSha256>(loader, "sol_sha256");
    add::<HashKeccak256>(loader, "sol_keccak256");
}

syscall!(
    /// SHA-256: (slices, count, result).
    HashSha256,
    |context, slices, count, result, _d, _e| hash::<Sha256>(context, "Sha256", slices, count, result)
);

syscall!(
    /// Keccak-256: (slices, count, result).
    HashKeccak256,
    |context, slices, count, result, _d, _e| hash::<Keccak256>(context, "Keccak256", slices, count, result)
);

fn hash<D: Digest>(
    context: &mut InvokeContext,
    name: &str,
    slices: u64,
    count: u64,
    result: u64,
) -> Result<u64, VmError> {
    let limit = costs::HASH_SLICES_MAX;
    if count > limit {
        log_line!(context, "{name} Hashing {count} sequences in one syscall is over the limit {limit}");
        return Err(SyscallError::TooManySlices.into());
    }
    context.consume(costs::SHA256_BASE)?;
    let result = context.guest_mut(result, <D as Digest>::output_size() as u64)?;
    let slices = GuestSlices::translate(context, slices, count)?;
    let mut hasher = D::new();
    for index in 0..slices.count() {
        let (address, size_bytes) = slices.get(context, index);
        let slice = context.guest(address, size_bytes)?;
        context.consume(costs::MEMORY_OPERATION_BASE.max(costs::SHA256_BYTE * (size_bytes / 2)))?;
        hasher.update(context.bytes(&slice));
    }
    context.bytes_mut(&result).copy_from_slice(&hasher.finalize());
    Ok(SUCCESS)
}
