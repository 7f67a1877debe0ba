//! The Poseidon hash over the scalar field of BN254. The mathematics is crate `solana-poseidon`, the same that Agave
//! runs.

use smallvec::SmallVec;
use solana_poseidon::{Endianness, Parameters};
use solana_sbpf::program::BuiltinProgram;

use super::{FAILURE, GuestSlices, SUCCESS, add, syscall};
use crate::{GuestSlice, InvokeContext, SyscallError, VmError, budget::costs, log_line};

/// Most inputs of one hash.
const INPUTS_MAX: u64 = 12;
/// Bytes of the result.
const HASH_BYTES: u64 = 32;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<HashPoseidon>(loader, "sol_poseidon");
}

syscall!(
    /// Hashes field elements: (parameters, endianness, slices, count, result).
    HashPoseidon,
    |context, parameters, endianness, slices, count, result| {
        let parameters = Parameters::try_from(parameters).map_err(|_| SyscallError::InvalidPoseidonParameters)?;
        let endianness = Endianness::try_from(endianness).map_err(|_| SyscallError::InvalidPoseidonEndianness)?;
        hash(context, (parameters, endianness), (slices, count), result)
    }
);

fn hash(
    context: &mut InvokeContext,
    (parameters, endianness): (Parameters, Endianness),
    (slices, count): (u64, u64),
    result: u64,
) -> Result<u64, VmError> {
    if count > INPUTS_MAX {
        log_line!(context, "Poseidon hashing {count} sequences is not supported");
        return Err(SyscallError::InvalidLength.into());
    }
    context.consume(costs::poseidon(count))?;
    let result = context.guest_mut(result, HASH_BYTES)?;
    let pairs = GuestSlices::translate(context, slices, count)?;
    let mut inputs = SmallVec::<[GuestSlice; INPUTS_MAX as usize]>::new();
    for index in 0..pairs.count() {
        let (address, size_bytes) = pairs.get(context, index);
        inputs.push(context.guest(address, size_bytes)?);
    }
    let inputs: Vec<&[u8]> = inputs.iter().map(|input| context.bytes(input)).collect();
    let hash = solana_poseidon::hashv(parameters, endianness, &inputs);
    let Ok(hash) = hash else { return Ok(FAILURE) };
    context.bytes_mut(&result).copy_from_slice(&hash.to_bytes());
    Ok(SUCCESS)
}

#[cfg(test)]
mod tests {
    use crate::syscalls::test_guest::{OUTPUT, PAYLOAD, call, slices};

    /// The hash of 32 ones and 32 twos, from the documentation of `solana-poseidon`.
    const EXPECTED: [u8; 32] = [
        13, 84, 225, 147, 143, 138, 140, 28, 125, 235, 94, 3, 85, 242, 99, 25, 32, 123, 132, 254, 156, 162, 206, 27,
        38, 231, 53, 200, 41, 130, 25, 144,
    ];

    #[test]
    fn hashes_in_both_byte_orders() {
        let payload = slices(&[&[1; 32], &[2; 32]]);
        let mut expected = EXPECTED;
        for endianness in [0, 1] {
            let outcome = call("sol_poseidon", [0, endianness, PAYLOAD, 2, OUTPUT], &payload);
            assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 61 * 4 + 542));
            assert_eq!(outcome.output(), expected);
            expected.reverse();
        }
    }

    #[test]
    fn returns_one_for_inputs_that_are_no_field_elements() {
        // Not 32 bytes (SIMD-0359), empty, over the modulus, none at all.
        for inputs in [vec![[1; 31].as_slice()], vec![&[]], vec![&[0xff; 32]], vec![]] {
            let arguments = [0, 0, PAYLOAD, inputs.len() as u64, OUTPUT];
            assert_eq!(call("sol_poseidon", arguments, &slices(&inputs)).returned(), 1);
        }
        let most = vec![[1; 32].as_slice(); 12];
        let outcome = call("sol_poseidon", [0, 0, PAYLOAD, 12, OUTPUT], &slices(&most));
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 61 * 144 + 542));
    }

    #[test]
    fn aborts_on_parameters_it_does_not_know() {
        for unknown in [1, u64::MAX] {
            call("sol_poseidon", [unknown, 9, PAYLOAD, 99, OUTPUT], b"").assert_aborted("Invalid parameters.");
        }
        for unknown in [2, u64::MAX] {
            call("sol_poseidon", [0, unknown, PAYLOAD, 99, OUTPUT], b"").assert_aborted("Invalid endianness.");
        }
        for count in [13, u64::MAX] {
            let outcome = call("sol_poseidon", [0, 0, PAYLOAD, count, OUTPUT], b"");
            outcome.assert_aborted("InvalidLength");
            assert!(outcome.logs.contains(&format!("Poseidon hashing {count} sequences is not supported")));
        }
    }

    #[test]
    fn refuses_hostile_addresses() {
        call("sol_poseidon", [0, 0, PAYLOAD + 1, 1, OUTPUT], &[0; 32]).assert_aborted("Unaligned pointer");
        call("sol_poseidon", [0, 0, PAYLOAD, 1, 5 << 32], &[0; 32])
            .assert_aborted("Access violation writing 32 bytes at address 0x500000000 (in unallocated region)");
        let mut payload = slices(&[&[1; 32]]);
        payload[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        call("sol_poseidon", [0, 0, PAYLOAD, 1, OUTPUT], &payload).assert_aborted("InvalidLength");
    }
}
