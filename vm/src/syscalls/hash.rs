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

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};
    use sha3::Keccak256;
    use solana_instruction_error::InstructionError;

    use crate::syscalls::test_guest::{OUTPUT, PAYLOAD, call, slices};

    #[test]
    fn hashes_the_concatenation_of_all_slices() {
        let long = [b'x'; 101];
        let payload = slices(&[b"ab", b"", &long]);
        let whole = [b"ab".as_slice(), &long].concat();
        let expected: [(&str, [u8; 32]); 2] =
            [("sol_sha256", Sha256::digest(&whole).into()), ("sol_keccak256", Keccak256::digest(&whole).into())];
        for (syscall, expected) in expected {
            let outcome = call(syscall, [PAYLOAD, 3, OUTPUT, 0, 0], &payload);
            assert_eq!((outcome.returned(), outcome.output()), (0, expected), "{syscall}");
            // Half a unit a byte, but at least a memory operation for each slice.
            assert_eq!(outcome.syscall_units(), 85 + 10 + 10 + 50, "{syscall}");
        }
    }

    #[test]
    fn hashes_nothing_without_looking_at_the_slices() {
        let outcome = call("sol_sha256", [u64::MAX, 0, OUTPUT, 0, 0], b"");
        assert_eq!((outcome.output(), outcome.syscall_units()), (Sha256::digest(b"").into(), 85));
    }

    #[test]
    fn refuses_more_than_twenty_thousand_slices_free_of_charge() {
        for count in [20_001, u64::MAX] {
            let outcome = call("sol_keccak256", [PAYLOAD, count, OUTPUT, 0, 0], b"");
            outcome.assert_aborted("Hashing too many sequences");
            let line = format!("Keccak256 Hashing {count} sequences in one syscall is over the limit 20000");
            assert!(outcome.logs.contains(&line), "{:#?}", outcome.logs);
            assert_eq!(outcome.units, 7, "only the instructions up to the call");
        }
        let empty_slices = vec![0; 20_000 * 16];
        let outcome = call("sol_sha256", [PAYLOAD, 20_000, OUTPUT, 0, 0], &empty_slices);
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 85 + 20_000 * 10));
    }

    #[test]
    fn refuses_hostile_addresses_and_lengths() {
        call("sol_sha256", [PAYLOAD, 0, 5 << 32, 0, 0], b"")
            .assert_aborted("Access violation writing 32 bytes at address 0x500000000 (in unallocated region)");
        call("sol_sha256", [PAYLOAD + 1, 1, OUTPUT, 0, 0], &[0; 64]).assert_aborted("Unaligned pointer");
        let mut payload = slices(&[b"ab"]);
        payload[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        call("sol_sha256", [PAYLOAD, 1, OUTPUT, 0, 0], &payload).assert_aborted("InvalidLength");
        payload[8..16].copy_from_slice(&(i64::MAX as u64).to_le_bytes());
        let outcome = call("sol_sha256", [PAYLOAD, 1, OUTPUT, 0, 0], &payload);
        assert_eq!(outcome.result, Err(InstructionError::ProgramFailedToComplete));
    }
}
