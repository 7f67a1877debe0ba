//! Points of curve25519, as Edwards points or as elements of the ristretto group: validation, group operations and
//! multiscalar multiplication. Points and scalars are 32 bytes and need no alignment.

use std::ops::{Add, Mul, Sub};

use curve25519_dalek::{
    EdwardsPoint, RistrettoPoint, Scalar, edwards::CompressedEdwardsY, ristretto::CompressedRistretto,
    traits::VartimeMultiscalarMul,
};

use super::{FAILURE, SUCCESS, curve::Operands, read_bytes, write_result};
use crate::{
    InvokeContext, VmError,
    budget::costs::{self, GroupOperation},
};

/// A group over curve25519 with its encoding and what its operations cost.
pub(super) trait Group:
    Sized + Add<Output = Self> + Sub<Output = Self> + Mul<Scalar, Output = Self> + VartimeMultiscalarMul<Point = Self>
{
    const COSTS: costs::Curve25519;

    fn decode(bytes: [u8; 32]) -> Option<Self>;

    fn encode(&self) -> [u8; 32];
}

impl Group for EdwardsPoint {
    const COSTS: costs::Curve25519 = costs::CURVE25519_EDWARDS;

    fn decode(bytes: [u8; 32]) -> Option<Self> {
        CompressedEdwardsY(bytes).decompress()
    }

    fn encode(&self) -> [u8; 32] {
        self.compress().to_bytes()
    }
}

impl Group for RistrettoPoint {
    const COSTS: costs::Curve25519 = costs::CURVE25519_RISTRETTO;

    fn decode(bytes: [u8; 32]) -> Option<Self> {
        CompressedRistretto(bytes).decompress()
    }

    fn encode(&self) -> [u8; 32] {
        self.compress().to_bytes()
    }
}

pub(super) fn validate<G: Group>(context: &mut InvokeContext, point: u64) -> Result<u64, VmError> {
    context.consume(G::COSTS.validate_point)?;
    let point = read_bytes(context, point)?;
    Ok(if G::decode(point).is_some() { SUCCESS } else { FAILURE })
}

pub(super) fn operate<G: Group>(
    context: &mut InvokeContext,
    operation: GroupOperation,
    operands: &Operands,
) -> Result<u64, VmError> {
    context.consume(G::COSTS.group.units(operation))?;
    let left = read_bytes(context, operands.left)?;
    let right = read_bytes(context, operands.right)?;
    let result = compute::<G>(operation, left, right);
    write_result(context, operands.result, result.map(|point| point.encode()))
}

/// `None` if an operand is no point, or no canonical scalar.
fn compute<G: Group>(operation: GroupOperation, left: [u8; 32], right: [u8; 32]) -> Option<G> {
    let point = G::decode(right)?;
    Some(match operation {
        GroupOperation::Add => G::decode(left)? + point,
        GroupOperation::Subtract => G::decode(left)? - point,
        GroupOperation::Multiply => point * decode_scalar(left)?,
    })
}

fn decode_scalar(bytes: [u8; 32]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(bytes).into()
}

/// Sums `count` products of scalars (left) and points (right).
pub(super) fn multiscalar_multiply<G: Group>(
    context: &mut InvokeContext,
    count: u64,
    operands: &Operands,
) -> Result<u64, VmError> {
    let others = G::COSTS.multiscalar_other.saturating_mul(count.saturating_sub(1));
    context.consume(G::COSTS.multiscalar_first.saturating_add(others))?;
    let scalars = context.guest_array(operands.left, count, 32, 1)?;
    let points = context.guest_array(operands.right, count, 32, 1)?;
    let scalars = elements(context.bytes(&scalars)).map(decode_scalar).collect::<Option<Vec<_>>>();
    let points = elements(context.bytes(&points)).map(G::decode);
    let result = scalars.and_then(|scalars| G::optional_multiscalar_mul(scalars, points));
    write_result(context, operands.result, result.map(|point| point.encode()))
}

/// The 32-byte elements of an array; a remainder cannot happen, its length is a product.
fn elements(bytes: &[u8]) -> impl ExactSizeIterator<Item = [u8; 32]> + '_ {
    bytes.chunks_exact(32).map(|element| element.try_into().expect("32 bytes"))
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::{constants, traits::Identity};

    use super::*;
    use crate::syscalls::test_guest::{OUTPUT, Outcome, PAYLOAD, call};

    /// Encodes no point of either group.
    const OFF_CURVE: [u8; 32] = [
        120, 140, 152, 233, 41, 227, 203, 27, 87, 115, 25, 251, 219, 5, 84, 148, 117, 38, 84, 60, 87, 144, 161, 146,
        42, 34, 91, 155, 158, 189, 121, 79,
    ];
    const CURVES: [(u64, costs::Curve25519); 2] = [(0, costs::CURVE25519_EDWARDS), (1, costs::CURVE25519_RISTRETTO)];

    /// Encodings of `scalar` times the generator, in both groups.
    fn multiple(scalar: u64) -> [[u8; 32]; 2] {
        let scalar = Scalar::from(scalar);
        [
            (constants::ED25519_BASEPOINT_POINT * scalar).encode(),
            (constants::RISTRETTO_BASEPOINT_POINT * scalar).encode(),
        ]
    }

    fn operate_in_guest(curve: u64, operation: u64, left: [u8; 32], right: [u8; 32]) -> Outcome {
        call("sol_curve_group_op", [curve, operation, PAYLOAD, PAYLOAD + 32, OUTPUT], &[left, right].concat())
    }

    #[test]
    fn validates_points() {
        for ((curve, units), point) in CURVES.into_iter().zip(multiple(7)) {
            for (point, expected) in [(point, 0), (OFF_CURVE, 1)] {
                let outcome = call("sol_curve_validate_point", [curve, PAYLOAD, 0, 0, 0], &point);
                assert_eq!((outcome.returned(), outcome.syscall_units()), (expected, units.validate_point));
            }
        }
    }

    #[test]
    fn adds_subtracts_and_multiplies() {
        for (index, (curve, units)) in CURVES.into_iter().enumerate() {
            let point = |scalar| multiple(scalar)[index];
            let cases = [
                (0, point(5), point(3), point(8), units.group.add),
                (1, point(5), point(3), point(2), units.group.subtract),
                (2, Scalar::from(5u64).to_bytes(), point(3), point(15), units.group.multiply),
            ];
            for (operation, left, right, expected, units) in cases {
                let outcome = operate_in_guest(curve, operation, left, right);
                assert_eq!((outcome.returned(), outcome.syscall_units()), (0, units), "{curve} {operation}");
                assert_eq!(outcome.output(), expected, "{curve} {operation}");
            }
        }
    }

    #[test]
    fn returns_one_for_operands_that_are_none() {
        for (index, (curve, _)) in CURVES.into_iter().enumerate() {
            let point = multiple(3)[index];
            for operation in [0, 1] {
                assert_eq!(operate_in_guest(curve, operation, OFF_CURVE, point).returned(), 1);
                assert_eq!(operate_in_guest(curve, operation, point, OFF_CURVE).returned(), 1);
            }
            // The group order is zero, but not its canonical form.
            let mut order = (-Scalar::ONE).to_bytes();
            order[0] += 1;
            assert_eq!(operate_in_guest(curve, 2, order, point).returned(), 1);
            assert_eq!(operate_in_guest(curve, 2, [0; 32], OFF_CURVE).returned(), 1);
            assert_eq!(operate_in_guest(curve, 2, [0; 32], point).returned(), 0);
        }
    }

    #[test]
    fn aborts_on_unknown_curves_and_operations() {
        for curve in [2, 3, 4, 7, 0x85 + 2, u64::MAX] {
            call("sol_curve_validate_point", [curve, PAYLOAD, 0, 0, 0], &[0; 192]).assert_aborted("InvalidAttribute");
            operate_in_guest(curve, 0, [0; 32], [0; 32]).assert_aborted("InvalidAttribute");
            let outcome = call("sol_curve_multiscalar_mul", [curve, PAYLOAD, PAYLOAD, 1, OUTPUT], &[0; 32]);
            outcome.assert_aborted("InvalidAttribute");
        }
        for curve in [0, 1, 5, 6, 0x85, 0x86] {
            let outcome = operate_in_guest(curve, 3, [0; 32], [0; 32]);
            outcome.assert_aborted("InvalidAttribute");
            assert_eq!(outcome.units, 7, "only the instructions up to the call");
        }
    }

    fn multiscalar_in_guest(curve: u64, scalars: &[[u8; 32]], points: &[[u8; 32]]) -> Outcome {
        let points_address = PAYLOAD + scalars.len() as u64 * 32;
        let payload = [scalars.concat(), points.concat()].concat();
        let arguments = [curve, PAYLOAD, points_address, points.len() as u64, OUTPUT];
        call("sol_curve_multiscalar_mul", arguments, &payload)
    }

    #[test]
    fn sums_products() {
        // Both algorithms of the library, and the longest sum.
        for count in [1, 2, 200, 512] {
            let scalars: Vec<_> = (0..count).map(|scalar| Scalar::from(scalar).to_bytes()).collect();
            for (index, (curve, units)) in CURVES.into_iter().enumerate() {
                let points: Vec<_> = (0..count).map(|scalar| multiple(scalar + 1)[index]).collect();
                let outcome = multiscalar_in_guest(curve, &scalars, &points);
                let expected = multiple((0..count).map(|scalar| scalar * (scalar + 1)).sum())[index];
                assert_eq!((outcome.returned(), outcome.output()), (0, expected), "{curve} {count}");
                assert_eq!(outcome.syscall_units(), units.multiscalar_first + units.multiscalar_other * (count - 1));
            }
        }
    }

    #[test]
    fn an_empty_sum_is_the_identity() {
        let identities = [EdwardsPoint::identity().encode(), RistrettoPoint::identity().encode()];
        for ((curve, units), identity) in CURVES.into_iter().zip(identities) {
            let outcome = multiscalar_in_guest(curve, &[], &[]);
            assert_eq!((outcome.returned(), outcome.syscall_units()), (0, units.multiscalar_first));
            assert_eq!(outcome.output(), identity);
        }
    }

    #[test]
    fn refuses_hostile_sums() {
        for (curve, _) in CURVES {
            for count in [513, u64::MAX] {
                let outcome = call("sol_curve_multiscalar_mul", [curve, PAYLOAD, PAYLOAD, count, OUTPUT], &[]);
                outcome.assert_aborted("InvalidLength");
            }
            assert_eq!(multiscalar_in_guest(curve, &[[0xff; 32]], &[[0; 32]]).returned(), 1);
            assert_eq!(multiscalar_in_guest(curve, &[[0; 32]], &[OFF_CURVE]).returned(), 1);
            let outside = call("sol_curve_multiscalar_mul", [curve, PAYLOAD, 5 << 32, 2, OUTPUT], &[0; 64]);
            outside.assert_aborted("Access violation reading 64 bytes at address 0x500000000 (in unallocated region)");
        }
    }
}
