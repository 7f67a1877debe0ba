//! Points of BLS12-381: validation, group operations, decompression and pairing (SIMD-0388). The mathematics is crate
//! `solana-bls12-381-syscall`, the same that Agave runs; points and scalars need no alignment.

use solana_bls12_381_syscall::{
    Endianness, PodG1Compressed, PodG1Point, PodG2Compressed, PodG2Point, PodScalar, Version,
    bls12_381_g1_addition_unchecked, bls12_381_g1_decompress, bls12_381_g1_multiplication,
    bls12_381_g1_point_validation, bls12_381_g1_subtraction_unchecked, bls12_381_g2_addition_unchecked,
    bls12_381_g2_decompress, bls12_381_g2_multiplication, bls12_381_g2_point_validation,
    bls12_381_g2_subtraction_unchecked, bls12_381_pairing_map,
};

use super::{FAILURE, SUCCESS, curve::Operands, read_bytes, write_result};
use crate::{
    InvokeContext, VmError,
    budget::costs::{self, GroupOperation},
};

/// Bytes of points, affine and compressed.
const G1_POINT_BYTES: usize = 96;
const G1_COMPRESSED_BYTES: usize = 48;
const G2_POINT_BYTES: usize = 192;
const G2_COMPRESSED_BYTES: usize = 96;

/// The first group.
pub(super) struct G1;
/// The second group.
pub(super) struct G2;

/// One of the two groups: points of `P` bytes, `C` when compressed.
pub(super) trait Group<const P: usize, const C: usize> {
    const COSTS: costs::Bls12381;

    fn is_valid(point: [u8; P], endianness: Endianness) -> bool;

    fn add(left: [u8; P], right: [u8; P], endianness: Endianness) -> Option<[u8; P]>;

    fn subtract(left: [u8; P], right: [u8; P], endianness: Endianness) -> Option<[u8; P]>;

    fn multiply(scalar: [u8; 32], point: [u8; P], endianness: Endianness) -> Option<[u8; P]>;

    fn decompress(point: [u8; C], endianness: Endianness) -> Option<[u8; P]>;
}

macro_rules! group {
    ($group:ident, $point:ident, $compressed:ident, $point_bytes:ident, $compressed_bytes:ident, $costs:ident,
        $validate:ident, $add:ident, $subtract:ident, $multiply:ident, $decompress:ident) => {
        impl Group<$point_bytes, $compressed_bytes> for $group {
            const COSTS: costs::Bls12381 = costs::$costs;

            fn is_valid(point: [u8; $point_bytes], endianness: Endianness) -> bool {
                $validate(Version::V0, &$point(point), endianness)
            }

            fn add(
                left: [u8; $point_bytes],
                right: [u8; $point_bytes],
                endianness: Endianness,
            ) -> Option<[u8; $point_bytes]> {
                $add(Version::V0, &$point(left), &$point(right), endianness).map(|point| point.0)
            }

            fn subtract(
                left: [u8; $point_bytes],
                right: [u8; $point_bytes],
                endianness: Endianness,
            ) -> Option<[u8; $point_bytes]> {
                $subtract(Version::V0, &$point(left), &$point(right), endianness).map(|point| point.0)
            }

            fn multiply(
                scalar: [u8; 32],
                point: [u8; $point_bytes],
                endianness: Endianness,
            ) -> Option<[u8; $point_bytes]> {
                $multiply(Version::V0, &$point(point), &PodScalar(scalar), endianness).map(|point| point.0)
            }

            fn decompress(point: [u8; $compressed_bytes], endianness: Endianness) -> Option<[u8; $point_bytes]> {
                $decompress(Version::V0, &$compressed(point), endianness).map(|point| point.0)
            }
        }
    };
}

group!(
    G1,
    PodG1Point,
    PodG1Compressed,
    G1_POINT_BYTES,
    G1_COMPRESSED_BYTES,
    BLS12_381_G1,
    bls12_381_g1_point_validation,
    bls12_381_g1_addition_unchecked,
    bls12_381_g1_subtraction_unchecked,
    bls12_381_g1_multiplication,
    bls12_381_g1_decompress
);

group!(
    G2,
    PodG2Point,
    PodG2Compressed,
    G2_POINT_BYTES,
    G2_COMPRESSED_BYTES,
    BLS12_381_G2,
    bls12_381_g2_point_validation,
    bls12_381_g2_addition_unchecked,
    bls12_381_g2_subtraction_unchecked,
    bls12_381_g2_multiplication,
    bls12_381_g2_decompress
);

pub(super) fn validate<G: Group<P, C>, const P: usize, const C: usize>(
    context: &mut InvokeContext,
    point: u64,
    endianness: Endianness,
) -> Result<u64, VmError> {
    context.consume(G::COSTS.validate_point)?;
    let point = read_bytes(context, point)?;
    Ok(if G::is_valid(point, endianness) { SUCCESS } else { FAILURE })
}

pub(super) fn operate<G: Group<P, C>, const P: usize, const C: usize>(
    context: &mut InvokeContext,
    operation: GroupOperation,
    operands: &Operands,
    endianness: Endianness,
) -> Result<u64, VmError> {
    context.consume(G::COSTS.group.units(operation))?;
    let Operands { left, right, result } = *operands;
    let computed = match operation {
        GroupOperation::Add => G::add(read_bytes(context, left)?, read_bytes(context, right)?, endianness),
        GroupOperation::Subtract => G::subtract(read_bytes(context, left)?, read_bytes(context, right)?, endianness),
        GroupOperation::Multiply => G::multiply(read_bytes(context, left)?, read_bytes(context, right)?, endianness),
    };
    write_result(context, result, computed)
}

pub(super) fn decompress<G: Group<P, C>, const P: usize, const C: usize>(
    context: &mut InvokeContext,
    point: u64,
    result: u64,
    endianness: Endianness,
) -> Result<u64, VmError> {
    context.consume(G::COSTS.decompress)?;
    let point = read_bytes(context, point)?;
    write_result(context, result, G::decompress(point, endianness))
}

/// Multiplies the pairings of `count` points of the first group (left) and the second (right).
pub(super) fn map_pairing(
    context: &mut InvokeContext,
    count: u64,
    operands: &Operands,
    endianness: Endianness,
) -> Result<u64, VmError> {
    let others = costs::BLS12_381_PAIRING_OTHER.saturating_mul(count.saturating_sub(1));
    context.consume(costs::BLS12_381_PAIRING_FIRST.saturating_add(others))?;
    let left = context.guest_array(operands.left, count, G1_POINT_BYTES as u64, 1)?;
    let right = context.guest_array(operands.right, count, G2_POINT_BYTES as u64, 1)?;
    let left: &[PodG1Point] = bytemuck::cast_slice(context.bytes(&left));
    let right: &[PodG2Point] = bytemuck::cast_slice(context.bytes(&right));
    let computed = bls12_381_pairing_map(Version::V0, left, right, endianness);
    write_result(context, operands.result, computed.map(|element| element.0))
}

#[cfg(test)]
mod tests {
    use solana_instruction_error::InstructionError;

    use super::*;
    use crate::syscalls::test_guest::{OUTPUT, Outcome, PAYLOAD, call};

    const GROUP_OPERATION: &str = "sol_curve_group_op";
    /// Curve ids: groups and pairing, little- and big-endian.
    const G1_LE: u64 = 5;
    const G1_BE: u64 = 0x85;
    const G2_LE: u64 = 6;
    const G2_BE: u64 = 0x86;
    const PAIRING_LE: u64 = 4;
    const PAIRING_BE: u64 = 0x84;

    fn from_hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    /// Compressed generators (draft-irtf-cfrg-pairing-friendly-curves), big-endian.
    fn compressed() -> [Vec<u8>; 2] {
        [
            from_hex(
                "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
            ),
            from_hex(
                "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                 024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8",
            ),
        ]
    }

    fn generators() -> ([u8; 96], [u8; 192]) {
        let [g1, g2] = compressed();
        (
            call("sol_curve_decompress", [G1_BE, PAYLOAD, OUTPUT, 0, 0], &g1).output(),
            call("sol_curve_decompress", [G2_BE, PAYLOAD, OUTPUT, 0, 0], &g2).output(),
        )
    }

    /// The other byte order of a point: each field element reversed, and in the second group the two halves swapped.
    fn swap_endianness(point: &[u8]) -> Vec<u8> {
        let element = point.len() / 2;
        point.chunks(element).flat_map(|chunk| chunk.iter().rev().copied()).collect()
    }

    fn scalar(value: u8) -> [u8; 32] {
        let mut scalar = [0; 32];
        scalar[31] = value;
        scalar
    }

    fn operate_in_guest(curve: u64, operation: u64, left: &[u8], right: &[u8]) -> Outcome {
        let right_address = PAYLOAD + left.len() as u64;
        call(GROUP_OPERATION, [curve, operation, PAYLOAD, right_address, OUTPUT], &[left, right].concat())
    }

    #[test]
    fn decompresses_into_points_that_validate() {
        let (g1, g2) = generators();
        let [g1_compressed, g2_compressed] = compressed();
        for (curve, compressed, point, units, validate_units) in
            [(G1_BE, &g1_compressed, g1.as_slice(), 2_100, 1_565), (G2_BE, &g2_compressed, &g2, 3_050, 1_968)]
        {
            let outcome = call("sol_curve_decompress", [curve, PAYLOAD, OUTPUT, 0, 0], compressed);
            assert_eq!((outcome.returned(), outcome.syscall_units()), (0, units));
            let valid = call("sol_curve_validate_point", [curve, PAYLOAD, 0, 0, 0], point);
            assert_eq!((valid.returned(), valid.syscall_units()), (0, validate_units));
            let valid = call("sol_curve_validate_point", [curve ^ 0x80, PAYLOAD, 0, 0, 0], &swap_endianness(point));
            assert_eq!((valid.returned(), valid.syscall_units()), (0, validate_units));
            let invalid = call("sol_curve_validate_point", [curve, PAYLOAD, 0, 0, 0], &[1; 192]);
            assert_eq!((invalid.returned(), invalid.syscall_units()), (1, validate_units));
            let invalid = call("sol_curve_decompress", [curve, PAYLOAD, OUTPUT, 0, 0], &[0xff; 96]);
            assert_eq!((invalid.returned(), invalid.syscall_units()), (1, units));
        }
        for curve in [0, 1, PAIRING_LE, u64::MAX] {
            let outcome = call("sol_curve_decompress", [curve, PAYLOAD, OUTPUT, 0, 0], &[0; 96]);
            outcome.assert_aborted("InvalidAttribute");
        }
    }

    #[test]
    fn adds_subtracts_and_multiplies() {
        let (g1, g2) = generators();
        for (curve, point, units) in
            [(G1_BE, g1.as_slice(), costs::BLS12_381_G1), (G2_BE, g2.as_slice(), costs::BLS12_381_G2)]
        {
            let sum = operate_in_guest(curve, 0, point, point);
            assert_eq!((sum.returned(), sum.syscall_units()), (0, units.group.add));
            let sum = sum.output::<192>();
            let product = operate_in_guest(curve, 2, &scalar(2), point);
            assert_eq!((product.returned(), product.syscall_units()), (0, units.group.multiply));
            assert_eq!(product.output(), sum);
            let difference = operate_in_guest(curve, 1, &sum[..point.len()], point);
            assert_eq!((difference.returned(), difference.syscall_units()), (0, units.group.subtract));
            assert_eq!(&difference.output::<192>()[..point.len()], point);

            let swapped = swap_endianness(point);
            let sum_le = operate_in_guest(curve ^ 0x80, 0, &swapped, &swapped).output::<192>();
            assert_eq!(swap_endianness(&sum_le[..point.len()]), &sum[..point.len()]);
            let not_a_point = vec![1; point.len()];
            for operation in [0, 1] {
                assert_eq!(operate_in_guest(curve, operation, point, &not_a_point).returned(), 1);
            }
            assert_eq!(operate_in_guest(curve, 2, &[0xff; 32], point).returned(), 1);
        }
        assert_eq!([G1_LE, G2_LE], [G1_BE ^ 0x80, G2_BE ^ 0x80]);
    }

    #[test]
    fn pairs() {
        let (g1, g2) = generators();
        let pair = |curve: u64, g1: &[u8], g2: &[u8]| {
            let count = g1.len() as u64 / 96;
            let arguments = [curve, count, PAYLOAD, PAYLOAD + g1.len() as u64, OUTPUT];
            call("sol_curve_pairing_map", arguments, &[g1, g2].concat())
        };
        // e(2G1, G2) = e(G1, G2) · e(G1, G2).
        let doubled = operate_in_guest(G1_BE, 2, &scalar(2), &g1).output::<96>();
        let left = pair(PAIRING_BE, &doubled, &g2);
        let right = pair(PAIRING_BE, &[g1, g1].concat(), &[g2, g2].concat());
        assert_eq!((left.returned(), left.syscall_units()), (0, 25_445));
        assert_eq!((right.returned(), right.syscall_units()), (0, 25_445 + 13_023));
        assert_eq!(left.output::<576>(), right.output());
        let little = pair(PAIRING_LE, &swap_endianness(&doubled), &swap_endianness(&g2)).output::<576>();
        assert_eq!(little.into_iter().rev().collect::<Vec<_>>(), left.output::<576>());

        let empty = pair(PAIRING_LE, &[], &[]);
        assert_eq!((empty.returned(), empty.syscall_units()), (0, 25_445));
        assert_eq!(empty.output::<2>(), [1, 0]);
        // Nine pairs are one too many.
        assert_eq!(pair(PAIRING_BE, &g1.repeat(9), &g2.repeat(9)).returned(), 1);
        assert_eq!(pair(PAIRING_BE, &[1; 96], &g2).returned(), 1);
        for curve in [0, G1_LE, G2_BE, u64::MAX] {
            pair(curve, &g1, &g2).assert_aborted("InvalidAttribute");
        }
        let hostile = call("sol_curve_pairing_map", [PAIRING_BE, u64::MAX, PAYLOAD, PAYLOAD, OUTPUT], &[]);
        assert_eq!(hostile.result, Err(InstructionError::ComputationalBudgetExceeded));
    }
}
