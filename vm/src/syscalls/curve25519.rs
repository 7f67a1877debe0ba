//! Points of curve25519, as Edwards points or as elements of the ristretto group: validation, group operations and
//! multiscalar multiplication. Points and scalars are 32 bytes and need no alignment.

use std::ops::{Add, Mul, Sub};

use curve25519_dalek::{
    EdwardsPoint, RistrettoPoint, Scalar, edwards::CompressedEdwardsY, ristretto::CompressedRistretto,
    traits::VartimeMultiscalarMul,
};
use solana_sbpf::program::BuiltinProgram;

use super::{FAILURE, SUCCESS, add, read_bytes, syscall, write_result};
use crate::{InvokeContext, SyscallError, VmError, budget::costs};

/// Curve ids.
const EDWARDS: u64 = 0;
const RISTRETTO: u64 = 1;
/// Group operations.
const ADD: u64 = 0;
const SUBTRACT: u64 = 1;
const MULTIPLY: u64 = 2;
/// Most points of one multiscalar multiplication.
const POINTS_MAX: u64 = 512;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<CurveValidatePoint>(loader, "sol_curve_validate_point");
    add::<CurveGroupOperation>(loader, "sol_curve_group_op");
    add::<CurveMultiscalarMultiply>(loader, "sol_curve_multiscalar_mul");
}

syscall!(
    /// Tells whether a point lies on a curve: (curve, point).
    CurveValidatePoint,
    |context, curve, point, _c, _d, _e| match curve {
        EDWARDS => validate::<EdwardsPoint>(context, point),
        RISTRETTO => validate::<RistrettoPoint>(context, point),
        _ => Err(SyscallError::InvalidAttribute.into()),
    }
);

syscall!(
    /// Adds or subtracts two points, or multiplies a scalar and a point: (curve, operation, left, right, result).
    CurveGroupOperation,
    |context, curve, operation, left, right, result| match curve {
        EDWARDS => operate::<EdwardsPoint>(context, operation, left, right, result),
        RISTRETTO => operate::<RistrettoPoint>(context, operation, left, right, result),
        _ => Err(SyscallError::InvalidAttribute.into()),
    }
);

syscall!(
    /// Sums the products of scalars and points: (curve, scalars, points, count, result).
    CurveMultiscalarMultiply,
    |context, curve, scalars, points, count, result| {
        if count > POINTS_MAX {
            return Err(SyscallError::InvalidLength.into());
        }
        match curve {
            EDWARDS => multiscalar_multiply::<EdwardsPoint>(context, scalars, points, count, result),
            RISTRETTO => multiscalar_multiply::<RistrettoPoint>(context, scalars, points, count, result),
            _ => Err(SyscallError::InvalidAttribute.into()),
        }
    }
);

/// A group over curve25519 with its encoding and what its operations cost.
trait Group:
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

fn validate<G: Group>(context: &mut InvokeContext, point: u64) -> Result<u64, VmError> {
    context.consume(G::COSTS.validate_point)?;
    let point = read_bytes(context, point)?;
    Ok(if G::decode(point).is_some() { SUCCESS } else { FAILURE })
}

fn operate<G: Group>(
    context: &mut InvokeContext,
    operation: u64,
    left: u64,
    right: u64,
    result: u64,
) -> Result<u64, VmError> {
    let units = match operation {
        ADD => G::COSTS.add,
        SUBTRACT => G::COSTS.subtract,
        MULTIPLY => G::COSTS.multiply,
        _ => return Err(SyscallError::InvalidAttribute.into()),
    };
    context.consume(units)?;
    let (left, right) = (read_bytes(context, left)?, read_bytes(context, right)?);
    let computed = compute::<G>(operation, left, right);
    write_result(context, result, computed.map(|point| point.encode()))
}

/// `None` if an operand is no point, or no canonical scalar.
fn compute<G: Group>(operation: u64, left: [u8; 32], right: [u8; 32]) -> Option<G> {
    let point = G::decode(right);
    match operation {
        ADD => Some(G::decode(left)? + point?),
        SUBTRACT => Some(G::decode(left)? - point?),
        _ => Some(point? * decode_scalar(left)?),
    }
}

fn decode_scalar(bytes: [u8; 32]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(bytes).into()
}

fn multiscalar_multiply<G: Group>(
    context: &mut InvokeContext,
    scalars: u64,
    points: u64,
    count: u64,
    result: u64,
) -> Result<u64, VmError> {
    context.consume(G::COSTS.multiscalar_first + G::COSTS.multiscalar_other * count.saturating_sub(1))?;
    let scalars = context.guest_array(scalars, count, 32, 1)?;
    let points = context.guest_array(points, count, 32, 1)?;
    let scalars = elements(context.bytes(&scalars)).map(decode_scalar).collect::<Option<Vec<_>>>();
    let points = elements(context.bytes(&points)).map(G::decode);
    let computed = scalars.and_then(|scalars| G::optional_multiscalar_mul(scalars, points));
    write_result(context, result, computed.map(|point| point.encode()))
}

/// The 32-byte elements of an array; a remainder cannot happen, its length is a product.
fn elements(bytes: &[u8]) -> impl ExactSizeIterator<Item = [u8; 32]> + '_ {
    bytes.chunks_exact(32).map(|element| element.try_into().expect("32 bytes"))
}
