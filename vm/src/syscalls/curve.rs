//! The curve syscalls: which curve a call means. The curves themselves are [`super::curve25519`] and
//! [`super::bls12_381`].

use curve25519_dalek::{EdwardsPoint, RistrettoPoint};
use heddle_types::Gates;
use solana_bls12_381_syscall::Endianness::{BE, LE};
use solana_sbpf::program::BuiltinProgram;

use super::{
    add,
    bls12_381::{self, G1, G2},
    curve25519, syscall,
};
use crate::{InvokeContext, SyscallError};

/// Curve ids; [`BIG_ENDIAN`] is added to those of BLS12-381.
const EDWARDS: u64 = 0;
const RISTRETTO: u64 = 1;
const BLS12_381_LE: u64 = 4;
const BLS12_381_BE: u64 = BLS12_381_LE | BIG_ENDIAN;
const BLS12_381_G1_LE: u64 = 5;
const BLS12_381_G1_BE: u64 = BLS12_381_G1_LE | BIG_ENDIAN;
const BLS12_381_G2_LE: u64 = 6;
const BLS12_381_G2_BE: u64 = BLS12_381_G2_LE | BIG_ENDIAN;
const BIG_ENDIAN: u64 = 0x80;
/// Most points of one multiscalar multiplication.
const MULTISCALAR_POINTS_MAX: u64 = 512;

/// What two operands are combined by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupOperation {
    Add,
    Subtract,
    /// Left is a scalar, right a point.
    Multiply,
}

impl GroupOperation {
    fn from_id(id: u64) -> Result<Self, SyscallError> {
        match id {
            0 => Ok(Self::Add),
            1 => Ok(Self::Subtract),
            2 => Ok(Self::Multiply),
            _ => Err(SyscallError::InvalidAttribute),
        }
    }
}

/// Guest addresses of two operands and of what comes of them.
pub(super) struct Operands {
    pub(super) left: u64,
    pub(super) right: u64,
    pub(super) result: u64,
}

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>, gates: &Gates) {
    if gates.curve25519_syscall_enabled {
        add::<ValidatePoint>(loader, "sol_curve_validate_point");
        add::<OperateInGroup>(loader, "sol_curve_group_op");
        add::<MultiscalarMultiply>(loader, "sol_curve_multiscalar_mul");
    }
    if gates.enable_bls12_381_syscall {
        add::<Decompress>(loader, "sol_curve_decompress");
        add::<MapPairing>(loader, "sol_curve_pairing_map");
    }
}

syscall!(
    /// Tells whether a point lies on a curve: (curve, point).
    ValidatePoint,
    |context, curve, point, _c, _d, _e| match curve {
        EDWARDS => curve25519::validate::<EdwardsPoint>(context, point),
        RISTRETTO => curve25519::validate::<RistrettoPoint>(context, point),
        BLS12_381_G1_LE => bls12_381::validate::<G1, _, _>(context, point, LE),
        BLS12_381_G1_BE => bls12_381::validate::<G1, _, _>(context, point, BE),
        BLS12_381_G2_LE => bls12_381::validate::<G2, _, _>(context, point, LE),
        BLS12_381_G2_BE => bls12_381::validate::<G2, _, _>(context, point, BE),
        _ => Err(SyscallError::InvalidAttribute.into()),
    }
);

syscall!(
    /// Adds or subtracts two points, or multiplies a scalar and a point: (curve, operation, left, right, result).
    OperateInGroup,
    |context, curve, operation, left, right, result| {
        // An unknown curve and an unknown operation are the same error, so the order of these checks shows nowhere.
        let operation = GroupOperation::from_id(operation)?;
        let operands = Operands { left, right, result };
        match curve {
            EDWARDS => curve25519::operate::<EdwardsPoint>(context, operation, &operands),
            RISTRETTO => curve25519::operate::<RistrettoPoint>(context, operation, &operands),
            BLS12_381_G1_LE => bls12_381::operate::<G1, _, _>(context, operation, &operands, LE),
            BLS12_381_G1_BE => bls12_381::operate::<G1, _, _>(context, operation, &operands, BE),
            BLS12_381_G2_LE => bls12_381::operate::<G2, _, _>(context, operation, &operands, LE),
            BLS12_381_G2_BE => bls12_381::operate::<G2, _, _>(context, operation, &operands, BE),
            _ => Err(SyscallError::InvalidAttribute.into()),
        }
    }
);

syscall!(
    /// Sums the products of scalars and points: (curve, scalars, points, count, result).
    MultiscalarMultiply,
    |context, curve, left, right, count, result| {
        if count > MULTISCALAR_POINTS_MAX {
            return Err(SyscallError::InvalidLength.into());
        }
        let operands = Operands { left, right, result };
        match curve {
            EDWARDS => curve25519::multiscalar_multiply::<EdwardsPoint>(context, count, &operands),
            RISTRETTO => curve25519::multiscalar_multiply::<RistrettoPoint>(context, count, &operands),
            _ => Err(SyscallError::InvalidAttribute.into()),
        }
    }
);

syscall!(
    /// Recovers a point from its compressed form: (curve, compressed point, result).
    Decompress,
    |context, curve, point, result, _d, _e| match curve {
        BLS12_381_G1_LE => bls12_381::decompress::<G1, _, _>(context, point, result, LE),
        BLS12_381_G1_BE => bls12_381::decompress::<G1, _, _>(context, point, result, BE),
        BLS12_381_G2_LE => bls12_381::decompress::<G2, _, _>(context, point, result, LE),
        BLS12_381_G2_BE => bls12_381::decompress::<G2, _, _>(context, point, result, BE),
        _ => Err(SyscallError::InvalidAttribute.into()),
    }
);

syscall!(
    /// Multiplies the pairings of points: (curve, count, points of the first group, of the second, result).
    MapPairing,
    |context, curve, count, left, right, result| {
        let operands = Operands { left, right, result };
        match curve {
            BLS12_381_LE => bls12_381::map_pairing(context, count, &operands, LE),
            BLS12_381_BE => bls12_381::map_pairing(context, count, &operands, BE),
            _ => Err(SyscallError::InvalidAttribute.into()),
        }
    }
);
