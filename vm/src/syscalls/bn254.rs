//! Points of BN254, the curve that Ethereum calls `alt_bn128`: group operations, pairing and compression. The
//! mathematics is crate `solana-bn254`, the same that Agave runs.
//!
//! The older forms of error codes and of the lengths of products and pairings, which gates can bring back, are those of
//! Agave before 4.0.

use heddle_types::Gates;
use solana_bn254::{
    AltBn128Error,
    compression::prelude::{
        AltBn128CompressionError, alt_bn128_g1_compress_be, alt_bn128_g1_compress_le, alt_bn128_g1_decompress_be,
        alt_bn128_g1_decompress_le, alt_bn128_g2_compress_be, alt_bn128_g2_compress_le, alt_bn128_g2_decompress_be,
        alt_bn128_g2_decompress_le,
    },
    versioned::{
        Endianness, VersionedG1Addition, VersionedG1Multiplication, VersionedG2Addition, VersionedG2Multiplication,
        VersionedPairing, alt_bn128_versioned_g1_addition, alt_bn128_versioned_g1_multiplication,
        alt_bn128_versioned_g2_addition, alt_bn128_versioned_g2_multiplication, alt_bn128_versioned_pairing,
    },
};
use solana_sbpf::program::BuiltinProgram;

use super::{FAILURE, SUCCESS, add, syscall};
use crate::{InvokeContext, SyscallError, VmError, budget::costs};

/// Added to the id of an operation: its input is little-endian (SIMD-0284).
const LITTLE_ENDIAN: u64 = 0x80;
/// Bytes of points, of what is paired, and of the result of a pairing.
const G1_POINT_BYTES: u64 = 64;
const G2_POINT_BYTES: u64 = 128;
const PAIR_BYTES: u64 = G1_POINT_BYTES + G2_POINT_BYTES;
const PAIRING_RESULT_BYTES: u64 = 32;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>, gates: &Gates) {
    if gates.enable_alt_bn128_syscall {
        add::<OperateInGroup>(loader, "sol_alt_bn128_group_op");
    }
    if gates.enable_alt_bn128_compression_syscall {
        add::<Compress>(loader, "sol_alt_bn128_compression");
    }
}

syscall!(
    /// Adds, multiplies or pairs points: (operation, input, length in bytes, result).
    OperateInGroup,
    |context, operation, input, size_bytes, result, _e| {
        let (operation, endianness) = split_endianness(operation);
        let operation = GroupOperation::from_id(operation)?;
        let gates = *context.gates();
        if !operation.is_enabled(&endianness, &gates) {
            return Err(SyscallError::InvalidAttribute.into());
        }
        context.consume(operation.units(size_bytes))?;
        compute(context, (input, size_bytes), (result, operation.result_bytes()), |input| {
            operation.compute(input, endianness, &gates).map_err(u64::from)
        })
    }
);

syscall!(
    /// Compresses or decompresses a point: (operation, input, length in bytes, result).
    Compress,
    |context, operation, input, size_bytes, result, _e| {
        let (operation, endianness) = split_endianness(operation);
        let operation = Compression::from_id(operation)?;
        if is_little(&endianness) && !context.gates().alt_bn128_little_endian {
            return Err(SyscallError::InvalidAttribute.into());
        }
        context.consume(costs::SYSCALL_BASE + operation.units())?;
        compute(context, (input, size_bytes), (result, operation.result_bytes()), |input| {
            operation.compute(input, endianness).map_err(u64::from)
        })
    }
);

fn split_endianness(operation: u64) -> (u64, Endianness) {
    let endianness = if operation & LITTLE_ENDIAN == 0 { Endianness::BE } else { Endianness::LE };
    (operation & !LITTLE_ENDIAN, endianness)
}

fn is_little(endianness: &Endianness) -> bool {
    matches!(endianness, Endianness::LE)
}

/// Translates result and input, both (address, length), and writes what `operation` makes of the input; its error is the
/// code that the library gives.
fn compute(
    context: &mut InvokeContext,
    (input, input_bytes): (u64, u64),
    (result, result_bytes): (u64, u64),
    operation: impl FnOnce(&[u8]) -> Result<Vec<u8>, u64>,
) -> Result<u64, VmError> {
    let result = context.guest_mut(result, result_bytes)?;
    let input = context.guest(input, input_bytes)?;
    match operation(context.bytes(&input)) {
        Ok(computed) => {
            context.bytes_mut(&result).copy_from_slice(&computed);
            Ok(SUCCESS)
        }
        Err(_) if context.gates().simplify_alt_bn128_syscall_error_codes => Ok(FAILURE),
        Err(code) => Ok(code),
    }
}

/// What `sol_alt_bn128_group_op` does.
#[derive(Clone, Copy)]
enum GroupOperation {
    AddInG1,
    MultiplyInG1,
    Pair,
    AddInG2,
    MultiplyInG2,
}

impl GroupOperation {
    fn from_id(id: u64) -> Result<Self, SyscallError> {
        match id {
            0 => Ok(Self::AddInG1),
            2 => Ok(Self::MultiplyInG1),
            3 => Ok(Self::Pair),
            4 => Ok(Self::AddInG2),
            6 => Ok(Self::MultiplyInG2),
            _ => Err(SyscallError::InvalidAttribute),
        }
    }

    /// The second group came with both byte orders, whether or not the first one has them.
    fn is_enabled(self, endianness: &Endianness, gates: &Gates) -> bool {
        match self {
            Self::AddInG1 | Self::MultiplyInG1 | Self::Pair => gates.alt_bn128_little_endian || !is_little(endianness),
            Self::AddInG2 | Self::MultiplyInG2 => gates.enable_alt_bn128_g2_syscalls,
        }
    }

    fn units(self, input_bytes: u64) -> u64 {
        match self {
            Self::AddInG1 => costs::BN254_G1.add,
            Self::MultiplyInG1 => costs::BN254_G1.multiply,
            Self::AddInG2 => costs::BN254_G2.add,
            Self::MultiplyInG2 => costs::BN254_G2.multiply,
            Self::Pair => costs::BN254_PAIRING_FIRST
                .saturating_add(costs::BN254_PAIRING_OTHER.saturating_mul((input_bytes / PAIR_BYTES).saturating_sub(1)))
                .saturating_add(costs::SHA256_BASE)
                .saturating_add(input_bytes)
                .saturating_add(PAIRING_RESULT_BYTES),
        }
    }

    fn result_bytes(self) -> u64 {
        match self {
            Self::AddInG1 | Self::MultiplyInG1 => G1_POINT_BYTES,
            Self::AddInG2 | Self::MultiplyInG2 => G2_POINT_BYTES,
            Self::Pair => PAIRING_RESULT_BYTES,
        }
    }

    /// Fails if the input is no points and scalars of this operation. Little-endian forms never had the lengths that gates
    /// correct.
    fn compute(self, input: &[u8], endianness: Endianness, gates: &Gates) -> Result<Vec<u8>, AltBn128Error> {
        match self {
            Self::AddInG1 => alt_bn128_versioned_g1_addition(VersionedG1Addition::V0, input, endianness),
            Self::AddInG2 => alt_bn128_versioned_g2_addition(VersionedG2Addition::V0, input, endianness),
            Self::MultiplyInG1 => {
                let is_fixed = gates.fix_alt_bn128_multiplication_input_length || is_little(&endianness);
                let version = if is_fixed { VersionedG1Multiplication::V1 } else { VersionedG1Multiplication::V0 };
                alt_bn128_versioned_g1_multiplication(version, input, endianness)
            }
            Self::MultiplyInG2 => {
                alt_bn128_versioned_g2_multiplication(VersionedG2Multiplication::V0, input, endianness)
            }
            Self::Pair => {
                let is_fixed = gates.fix_alt_bn128_pairing_length_check || is_little(&endianness);
                let version = if is_fixed { VersionedPairing::V1 } else { VersionedPairing::V0 };
                alt_bn128_versioned_pairing(version, input, endianness)
            }
        }
    }
}

/// What `sol_alt_bn128_compression` does.
#[derive(Clone, Copy)]
enum Compression {
    CompressG1,
    DecompressG1,
    CompressG2,
    DecompressG2,
}

impl Compression {
    fn from_id(id: u64) -> Result<Self, SyscallError> {
        match id {
            0 => Ok(Self::CompressG1),
            1 => Ok(Self::DecompressG1),
            2 => Ok(Self::CompressG2),
            3 => Ok(Self::DecompressG2),
            _ => Err(SyscallError::InvalidAttribute),
        }
    }

    fn units(self) -> u64 {
        match self {
            Self::CompressG1 => costs::BN254_G1.compress,
            Self::DecompressG1 => costs::BN254_G1.decompress,
            Self::CompressG2 => costs::BN254_G2.compress,
            Self::DecompressG2 => costs::BN254_G2.decompress,
        }
    }

    fn result_bytes(self) -> u64 {
        match self {
            Self::CompressG1 => G1_POINT_BYTES / 2,
            Self::DecompressG1 => G1_POINT_BYTES,
            Self::CompressG2 => G2_POINT_BYTES / 2,
            Self::DecompressG2 => G2_POINT_BYTES,
        }
    }

    /// Fails if the input is no point.
    fn compute(self, input: &[u8], endianness: Endianness) -> Result<Vec<u8>, AltBn128CompressionError> {
        match (self, endianness) {
            (Self::CompressG1, Endianness::BE) => alt_bn128_g1_compress_be(input).map(Vec::from),
            (Self::CompressG1, Endianness::LE) => alt_bn128_g1_compress_le(input).map(Vec::from),
            (Self::DecompressG1, Endianness::BE) => alt_bn128_g1_decompress_be(input).map(Vec::from),
            (Self::DecompressG1, Endianness::LE) => alt_bn128_g1_decompress_le(input).map(Vec::from),
            (Self::CompressG2, Endianness::BE) => alt_bn128_g2_compress_be(input).map(Vec::from),
            (Self::CompressG2, Endianness::LE) => alt_bn128_g2_compress_le(input).map(Vec::from),
            (Self::DecompressG2, Endianness::BE) => alt_bn128_g2_decompress_be(input).map(Vec::from),
            (Self::DecompressG2, Endianness::LE) => alt_bn128_g2_decompress_le(input).map(Vec::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use heddle_types::Gates;
    use solana_instruction_error::InstructionError;

    use crate::syscalls::test_guest::{Guest, OUTPUT, Outcome, PAYLOAD, call, gates_with};

    const GROUP_OPERATION: &str = "sol_alt_bn128_group_op";
    const COMPRESSION: &str = "sol_alt_bn128_compression";

    /// The generator of the first group, (1, 2), big-endian.
    fn generator() -> [u8; 64] {
        let mut point = [0; 64];
        (point[31], point[63]) = (1, 2);
        point
    }

    /// The same, little-endian.
    fn generator_le() -> [u8; 64] {
        let mut point = [0; 64];
        (point[0], point[32]) = (1, 2);
        point
    }

    fn scalar(value: u8) -> [u8; 32] {
        let mut scalar = [0; 32];
        scalar[31] = value;
        scalar
    }

    /// The generator of the second group, decompressed by the syscall itself from the x that Ethereum's tests use.
    fn generator_g2() -> [u8; 128] {
        let x = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2\
                 1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed";
        let x: Vec<u8> = (0..64).map(|at| u8::from_str_radix(&x[2 * at..2 * at + 2], 16).unwrap()).collect();
        call_on(COMPRESSION, 3, &x).output()
    }

    fn call_on(syscall: &str, operation: u64, input: &[u8]) -> Outcome {
        call(syscall, [operation, PAYLOAD, input.len() as u64, OUTPUT, 0], input)
    }

    #[test]
    fn adds_and_multiplies_in_the_first_group() {
        let sum = call_on(GROUP_OPERATION, 0, &[generator(), generator()].concat());
        let product = call_on(GROUP_OPERATION, 2, &[generator().as_slice(), &scalar(2)].concat());
        assert_eq!((sum.returned(), sum.syscall_units()), (0, 334));
        assert_eq!((product.returned(), product.syscall_units()), (0, 3_840));
        assert_eq!(sum.output::<64>(), product.output());

        let sum_le = call_on(GROUP_OPERATION, 0x80, &[generator_le(), generator_le()].concat());
        let mut swapped = sum_le.output::<64>();
        swapped[..32].reverse();
        swapped[32..].reverse();
        assert_eq!(swapped, sum.output());
    }

    #[test]
    fn pads_short_big_endian_input_but_not_little_endian() {
        let padded = call_on(GROUP_OPERATION, 0, &generator());
        assert_eq!(padded.output(), generator());
        assert_eq!(call_on(GROUP_OPERATION, 0x80, &generator_le()).returned(), 1);
        assert_eq!(call_on(GROUP_OPERATION, 0, &[0; 129]).returned(), 1);
        assert_eq!(call_on(GROUP_OPERATION, 0, &[]).output(), [0; 64]);
    }

    #[test]
    fn adds_and_multiplies_in_the_second_group() {
        let point = generator_g2();
        let sum = call_on(GROUP_OPERATION, 4, &[point, point].concat());
        let product = call_on(GROUP_OPERATION, 6, &[point.as_slice(), &scalar(2)].concat());
        assert_eq!((sum.returned(), sum.syscall_units()), (0, 535));
        assert_eq!((product.returned(), product.syscall_units()), (0, 15_670));
        assert_eq!(sum.output::<128>(), product.output());
        assert_eq!(call_on(GROUP_OPERATION, 4, &point).returned(), 1);
        let [g1_le, g2_le] = [(0x82, [0; 96].as_slice()), (0x86, &[0; 160])];
        assert_eq!(call_on(GROUP_OPERATION, g1_le.0, g1_le.1).returned(), 0);
        assert_eq!(call_on(GROUP_OPERATION, g2_le.0, g2_le.1).returned(), 0);
    }

    #[test]
    fn pairs() {
        // e(G1, G2) · e(−G1, G2) is one; e(G1, G2) is not.
        let order_minus_one: Vec<u8> = {
            let order = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000000";
            (0..32).map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap()).collect()
        };
        let negated = call_on(GROUP_OPERATION, 2, &[generator().as_slice(), &order_minus_one].concat()).output::<64>();
        let pair = [generator().as_slice(), &generator_g2()].concat();
        let inverse_pair = [negated.as_slice(), &generator_g2()].concat();

        let one = call_on(GROUP_OPERATION, 3, &[pair.clone(), inverse_pair].concat());
        assert_eq!((one.returned(), one.output()), (0, scalar(1)));
        assert_eq!(one.syscall_units(), 36_364 + 12_121 + 85 + 384 + 32);
        let other = call_on(GROUP_OPERATION, 3, &pair);
        assert_eq!((other.returned(), other.output()), (0, [0; 32]));
        assert_eq!(other.syscall_units(), 36_364 + 85 + 192 + 32);
        let empty = call_on(GROUP_OPERATION, 3, &[]);
        assert_eq!((empty.output(), empty.syscall_units()), (scalar(1), 36_364 + 85 + 32));
        assert_eq!(call_on(GROUP_OPERATION, 3, &pair[..191]).returned(), 1);
    }

    #[test]
    fn compresses_and_decompresses() {
        for (operation, units, point) in
            [(0, 130, generator().to_vec()), (0x80, 130, generator_le().to_vec()), (2, 186, generator_g2().to_vec())]
        {
            let compressed = call_on(COMPRESSION, operation, &point);
            assert_eq!((compressed.returned(), compressed.syscall_units()), (0, units));
            let compressed = compressed.output::<64>();
            let decompressed = call_on(COMPRESSION, operation + 1, &compressed[..point.len() / 2]);
            assert_eq!(decompressed.returned(), 0);
            assert_eq!(decompressed.syscall_units(), if point.len() == 64 { 498 } else { 13_710 });
            assert_eq!(decompressed.output::<128>()[..point.len()], point);
        }
        for operation in [0, 1, 2, 3, 0x80, 0x81, 0x82, 0x83] {
            assert_eq!(call_on(COMPRESSION, operation, &[0xff; 31]).returned(), 1, "{operation}");
        }
    }

    #[test]
    fn returns_one_for_what_is_no_point() {
        for operation in [0, 2, 4, 6, 0x80, 0x82, 0x84, 0x86] {
            for size_bytes in [96, 128, 160, 256] {
                let outcome = call_on(GROUP_OPERATION, operation, &vec![0x11; size_bytes]);
                assert_eq!(outcome.returned(), 1, "{operation} {size_bytes}");
            }
        }
    }

    #[test]
    fn aborts_on_unknown_operations() {
        for operation in [1, 5, 7, 0x81, 0x85, 0x100, u64::MAX] {
            call_on(GROUP_OPERATION, operation, &[0; 64]).assert_aborted("InvalidAttribute");
        }
        for operation in [4, 0x84, 0x100, u64::MAX] {
            call_on(COMPRESSION, operation, &[0; 64]).assert_aborted("InvalidAttribute");
        }
    }

    fn call_under(gates: Gates, syscall: &str, operation: u64, input: &[u8]) -> Outcome {
        let arguments = [operation, PAYLOAD, input.len() as u64, OUTPUT, 0];
        Guest::calling(syscall, arguments, input).gates(gates).run()
    }

    #[test]
    fn the_second_group_and_little_endian_forms_have_gates_of_their_own() {
        let without_g2 = gates_with(|gates| gates.enable_alt_bn128_g2_syscalls = false);
        for operation in [4, 6, 0x84, 0x86] {
            call_under(without_g2, GROUP_OPERATION, operation, &[]).assert_aborted("InvalidAttribute");
        }
        let big_only = gates_with(|gates| gates.alt_bn128_little_endian = false);
        for operation in [0x80, 0x82, 0x83] {
            assert_eq!(call_under(without_g2, GROUP_OPERATION, operation, &[]).result, Ok(()));
            call_under(big_only, GROUP_OPERATION, operation, &[]).assert_aborted("InvalidAttribute");
        }
        // Little-endian forms in the second group do not ask for the gate of those in the first.
        for (operation, size_bytes) in [(0x84, 256), (0x86, 160)] {
            assert_eq!(call_under(big_only, GROUP_OPERATION, operation, &vec![0; size_bytes]).returned(), 0);
        }
        for operation in [0x80, 0x81, 0x82, 0x83] {
            let outcome = call_under(big_only, COMPRESSION, operation, &generator());
            outcome.assert_aborted("InvalidAttribute");
            assert_eq!(outcome.units, 7, "only the instructions up to the call");
            assert_eq!(call_under(big_only, COMPRESSION, operation & 3, &[]).returned(), 1);
        }
    }

    #[test]
    fn tells_failures_apart_until_a_gate_makes_them_one() {
        let codes = gates_with(|gates| gates.simplify_alt_bn128_syscall_error_codes = false);
        // Codes of the library: 1 invalid input, 2 not on the curve, which only sums in the second group tell apart;
        // decompression in the first group 1, in the second 2, compression 3 and 4, length 5.
        for (syscall, operation, input, code) in [
            (GROUP_OPERATION, 0, [0xff; 64].as_slice(), 1),
            (GROUP_OPERATION, 4, &[0x11; 256], 2),
            (GROUP_OPERATION, 3, &[0; 191], 1),
            (COMPRESSION, 1, &[0xff; 32], 1),
            (COMPRESSION, 3, &[0xff; 64], 2),
            (COMPRESSION, 0, &[0xff; 64], 3),
            (COMPRESSION, 2, &[0xff; 128], 4),
            (COMPRESSION, 2, &[0xff; 31], 5),
        ] {
            assert_eq!(call_under(codes, syscall, operation, input).returned(), code, "{syscall} {operation}");
            assert_eq!(call_on(syscall, operation, input).returned(), 1, "{syscall} {operation}");
        }
    }

    #[test]
    fn a_product_once_took_128_bytes() {
        let older = gates_with(|gates| gates.fix_alt_bn128_multiplication_input_length = false);
        let long = [generator().as_slice(), &scalar(2), &[7; 32]].concat();
        assert_eq!(call_on(GROUP_OPERATION, 2, &long).returned(), 1);
        let outcome = call_under(older, GROUP_OPERATION, 2, &long);
        assert_eq!(outcome.returned(), 0);
        assert_eq!(outcome.output::<64>(), call_on(GROUP_OPERATION, 2, &long[..96]).output());
        assert_eq!(call_under(older, GROUP_OPERATION, 2, &[0; 129]).returned(), 1);
        // Never so in little-endian.
        assert_eq!(call_under(older, GROUP_OPERATION, 0x82, &[0; 96]).returned(), 0);
        assert_eq!(call_under(older, GROUP_OPERATION, 0x82, &[0; 128]).returned(), 1);
    }

    #[test]
    fn a_pairing_once_ignored_what_was_no_whole_pair() {
        let older = gates_with(|gates| gates.fix_alt_bn128_pairing_length_check = false);
        for size_bytes in [1, 191] {
            assert_eq!(call_on(GROUP_OPERATION, 3, &vec![0xff; size_bytes]).returned(), 1);
            let outcome = call_under(older, GROUP_OPERATION, 3, &vec![0xff; size_bytes]);
            assert_eq!((outcome.returned(), outcome.output()), (0, scalar(1)));
            assert_eq!(call_under(older, GROUP_OPERATION, 0x83, &vec![0xff; size_bytes]).returned(), 1);
        }
    }

    #[test]
    fn refuses_hostile_lengths_and_addresses() {
        for (syscall, operation) in [(GROUP_OPERATION, 0), (GROUP_OPERATION, 0x86), (COMPRESSION, 3)] {
            call(syscall, [operation, PAYLOAD, u64::MAX, OUTPUT, 0], &[]).assert_aborted("InvalidLength");
            let outcome = call(syscall, [operation, PAYLOAD, 1 << 40, OUTPUT, 0], &[]);
            assert_eq!(outcome.result, Err(InstructionError::ProgramFailedToComplete));
            let outcome = call(syscall, [operation, u64::MAX, 1, 5 << 32, 0], &[]);
            assert!(outcome.logs.last().unwrap().contains("writing"), "the result is translated first");
        }
        let outcome = call(GROUP_OPERATION, [3, PAYLOAD, u64::MAX, OUTPUT, 0], &[]);
        assert_eq!(outcome.result, Err(InstructionError::ComputationalBudgetExceeded));
    }
}
