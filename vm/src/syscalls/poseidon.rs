//! The Poseidon hash over the scalar field of BN254. The mathematics is crate `solana-poseidon`, the same that Agave
//! runs.

use smallvec::SmallVec;
use solana_poseidon::{Endianness, Parameters, PoseidonHash, PoseidonSyscallError};
use solana_sbpf::program::BuiltinProgram;

use super::{FAILURE, GuestSlices, SUCCESS, add, syscall};
use crate::{GuestSlice, InvokeContext, SyscallError, VmError, budget::costs, log_line};

/// Most inputs of one hash.
const INPUTS_MAX: u64 = 12;
/// Bytes of a field element, as input and as result.
const ELEMENT_BYTES: usize = 32;

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
    let result = context.guest_mut(result, ELEMENT_BYTES as u64)?;
    let pairs = GuestSlices::translate(context, slices, count)?;
    let mut inputs = SmallVec::<[GuestSlice; INPUTS_MAX as usize]>::new();
    for index in 0..pairs.count() {
        let (address, size_bytes) = pairs.get(context, index);
        inputs.push(context.guest(address, size_bytes)?);
    }
    let inputs: Vec<&[u8]> = inputs.iter().map(|input| context.bytes(input)).collect();
    let hashed = if context.gates().poseidon_enforce_padding {
        solana_poseidon::hashv(parameters, endianness, &inputs)
    } else {
        hash_padded(parameters, endianness, &inputs)
    };
    match hashed {
        Ok(hash) => {
            context.bytes_mut(&result).copy_from_slice(&hash.to_bytes());
            Ok(SUCCESS)
        }
        Err(_) if context.gates().simplify_alt_bn128_syscall_error_codes => Ok(FAILURE),
        Err(error) => Ok(error.into()),
    }
}

/// The hash of inputs that may be short of a field element: module `legacy` of crate `solana-poseidon` 4.0, which reads
/// them as numbers and so as if zeros went before the first or, little-endian, after the last byte.
fn hash_padded(
    parameters: Parameters,
    endianness: Endianness,
    inputs: &[&[u8]],
) -> Result<PoseidonHash, PoseidonSyscallError> {
    let mut padded = SmallVec::<[[u8; ELEMENT_BYTES]; INPUTS_MAX as usize]>::new();
    for input in inputs {
        let missing_bytes = ELEMENT_BYTES.checked_sub(input.len()).ok_or(PoseidonSyscallError::InvalidInputLength)?;
        if input.is_empty() {
            return Err(PoseidonSyscallError::EmptyInput);
        }
        let start = if matches!(endianness, Endianness::BigEndian) { missing_bytes } else { 0 };
        let mut element = [0; ELEMENT_BYTES];
        element[start..start + input.len()].copy_from_slice(input);
        padded.push(element);
    }
    let padded: SmallVec<[&[u8]; INPUTS_MAX as usize]> = padded.iter().map(<[u8; ELEMENT_BYTES]>::as_slice).collect();
    solana_poseidon::hashv(parameters, endianness, &padded)
}

#[cfg(test)]
mod tests {
    use heddle_types::Gates;

    use crate::syscalls::test_guest::{Guest, OUTPUT, Outcome, PAYLOAD, call, gates_with, slices};

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

    fn hash_under(gates: Gates, endianness: u64, inputs: &[&[u8]]) -> Outcome {
        let arguments = [0, endianness, PAYLOAD, inputs.len() as u64, OUTPUT];
        Guest::calling("sol_poseidon", arguments, &slices(inputs)).gates(gates).run()
    }

    #[test]
    fn pads_short_inputs_until_a_gate_forbids_them() {
        let padding = gates_with(|gates| gates.poseidon_enforce_padding = false);
        let mut first = [0; 32];
        first[30..].copy_from_slice(&[1, 2]);
        let mut last = [0; 32];
        last[..2].copy_from_slice(&[1, 2]);
        for (endianness, whole) in [(0, first), (1, last)] {
            let inputs: [&[u8]; 2] = [&[1, 2], &[3; 32]];
            assert_eq!(hash_under(Gates::mainnet(), endianness, &inputs).returned(), 1);
            let short = hash_under(padding, endianness, &inputs);
            assert_eq!(short.returned(), 0);
            let expected = hash_under(Gates::mainnet(), endianness, &[&whole, &[3; 32]]);
            assert_eq!(short.output::<32>(), expected.output());
        }
        for bad in [vec![[1; 33].as_slice()], vec![&[]], vec![&[0xff; 32]], vec![]] {
            assert_eq!(hash_under(padding, 0, &bad).returned(), 1);
        }
    }

    #[test]
    fn tells_failures_apart_until_a_gate_makes_them_one() {
        let codes = gates_with(|gates| gates.simplify_alt_bn128_syscall_error_codes = false);
        let padding_codes = Gates { poseidon_enforce_padding: false, ..codes };
        // Codes of the library: 4 empty, 5 length, 7 over the modulus, 11 no inputs.
        for (inputs, code) in [(vec![[].as_slice()], 4), (vec![&[1; 33]], 5), (vec![&[0xff; 32]], 7), (vec![], 11)] {
            assert_eq!(hash_under(codes, 0, &inputs).returned(), code);
            assert_eq!(hash_under(padding_codes, 0, &inputs).returned(), code);
            assert_eq!(hash_under(Gates::mainnet(), 0, &inputs).returned(), 1);
        }
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
