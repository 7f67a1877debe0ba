//! The curve syscalls: which curve a call means. The curves themselves are [`super::curve25519`] and
//! [`super::bls12_381`].

use curve25519_dalek::{EdwardsPoint, RistrettoPoint};
use heddle_types::Gates;
use solana_bls12_381_syscall::Endianness::{BE, LE};
use solana_sbpf::program::BuiltinProgram;

use super::{
    FAILURE, add,
    bls12_381::{self, G1, G2},
    curve25519, syscall,
};
use crate::{InvokeContext, SyscallError, VmError, budget::costs::GroupOperation};

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

/// The operation that a guest names.
fn operation_from_id(id: u64) -> Option<GroupOperation> {
    match id {
        0 => Some(GroupOperation::Add),
        1 => Some(GroupOperation::Subtract),
        2 => Some(GroupOperation::Multiply),
        _ => None,
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

/// Whether `curve` is one of the two groups of BLS12-381.
fn is_bls12_381_group(curve: u64) -> bool {
    matches!(curve, BLS12_381_G1_LE | BLS12_381_G1_BE | BLS12_381_G2_LE | BLS12_381_G2_BE)
}

/// Refuses the groups of BLS12-381 where they do not exist. They abort the program whatever gate
/// `abort_on_invalid_curve` says, and so do their unknown operations.
fn check_bls12_381_group(context: &InvokeContext, curve: u64) -> Result<(), VmError> {
    if is_bls12_381_group(curve) && !context.gates().enable_bls12_381_syscall {
        return Err(SyscallError::InvalidAttribute.into());
    }
    Ok(())
}

/// What comes of a curve, or an operation on curve25519, that does not exist.
fn refuse_unknown(context: &InvokeContext) -> Result<u64, VmError> {
    if context.gates().abort_on_invalid_curve { Err(SyscallError::InvalidAttribute.into()) } else { Ok(FAILURE) }
}

syscall!(
    /// Tells whether a point lies on a curve: (curve, point).
    ValidatePoint,
    |context, curve, point, _c, _d, _e| {
        check_bls12_381_group(context, curve)?;
        match curve {
            EDWARDS => curve25519::validate::<EdwardsPoint>(context, point),
            RISTRETTO => curve25519::validate::<RistrettoPoint>(context, point),
            BLS12_381_G1_LE => bls12_381::validate::<G1, _, _>(context, point, LE),
            BLS12_381_G1_BE => bls12_381::validate::<G1, _, _>(context, point, BE),
            BLS12_381_G2_LE => bls12_381::validate::<G2, _, _>(context, point, LE),
            BLS12_381_G2_BE => bls12_381::validate::<G2, _, _>(context, point, BE),
            _ => refuse_unknown(context),
        }
    }
);

syscall!(
    /// Adds or subtracts two points, or multiplies a scalar and a point: (curve, operation, left, right, result).
    OperateInGroup,
    |context, curve, operation, left, right, result| {
        check_bls12_381_group(context, curve)?;
        let Some(operation) = operation_from_id(operation) else {
            let is_younger = is_bls12_381_group(curve);
            return if is_younger { Err(SyscallError::InvalidAttribute.into()) } else { refuse_unknown(context) };
        };
        let operands = Operands { left, right, result };
        match curve {
            EDWARDS => curve25519::operate::<EdwardsPoint>(context, operation, &operands),
            RISTRETTO => curve25519::operate::<RistrettoPoint>(context, operation, &operands),
            BLS12_381_G1_LE => bls12_381::operate::<G1, _, _>(context, operation, &operands, LE),
            BLS12_381_G1_BE => bls12_381::operate::<G1, _, _>(context, operation, &operands, BE),
            BLS12_381_G2_LE => bls12_381::operate::<G2, _, _>(context, operation, &operands, LE),
            BLS12_381_G2_BE => bls12_381::operate::<G2, _, _>(context, operation, &operands, BE),
            _ => refuse_unknown(context),
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
            _ => refuse_unknown(context),
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

#[cfg(test)]
mod tests {
    use heddle_types::Gates;

    use crate::syscalls::test_guest::{Guest, OUTPUT, Outcome, PAYLOAD, call, gates_with};

    const BLS12_381_GROUPS: [u64; 4] = [5, 6, 0x85, 0x86];

    /// Every curve syscall that knows more than one kind of curve.
    fn call_each(curve: u64, operation: u64, gates: Gates) -> [Outcome; 3] {
        [
            ("sol_curve_validate_point", [curve, PAYLOAD, 0, 0, 0]),
            ("sol_curve_group_op", [curve, operation, PAYLOAD, PAYLOAD, OUTPUT]),
            ("sol_curve_multiscalar_mul", [curve, PAYLOAD, PAYLOAD, 1, OUTPUT]),
        ]
        .map(|(syscall, arguments)| Guest::calling(syscall, arguments, &[0; 192]).gates(gates).run())
    }

    #[test]
    fn an_unknown_curve_or_operation_aborts_or_returns_one() {
        let lenient = gates_with(|gates| gates.abort_on_invalid_curve = false);
        for curve in [2, 4, 0x84, u64::MAX] {
            for outcome in call_each(curve, 0, Gates::mainnet()) {
                outcome.assert_aborted("InvalidAttribute");
            }
            for outcome in call_each(curve, 0, lenient) {
                assert_eq!((outcome.returned(), outcome.syscall_units()), (1, 0));
            }
        }
        for curve in [0, 1] {
            let [_, strict, _] = call_each(curve, 3, Gates::mainnet());
            strict.assert_aborted("InvalidAttribute");
            let [_, outcome, _] = call_each(curve, 3, lenient);
            assert_eq!((outcome.returned(), outcome.syscall_units()), (1, 0));
        }
        // A sum of BLS12-381 points does not exist; their other syscalls came after the gate.
        for curve in BLS12_381_GROUPS {
            let [_, operated, summed] = call_each(curve, 3, lenient);
            operated.assert_aborted("InvalidAttribute");
            assert_eq!(summed.returned(), 1);
        }
        let too_many = [0, PAYLOAD, PAYLOAD, 513, OUTPUT];
        Guest::calling("sol_curve_multiscalar_mul", too_many, &[]).gates(lenient).run().assert_aborted("InvalidLength");
    }

    #[test]
    fn the_groups_of_bls12_381_abort_while_they_are_off() {
        let without = gates_with(|gates| gates.enable_bls12_381_syscall = false);
        let lenient_without = Gates { abort_on_invalid_curve: false, ..without };
        for curve in BLS12_381_GROUPS {
            assert_eq!(call("sol_curve_validate_point", [curve, PAYLOAD, 0, 0, 0], &[0; 192]).result, Ok(()));
            for gates in [without, lenient_without] {
                let [validated, operated, _] = call_each(curve, 0, gates);
                validated.assert_aborted("InvalidAttribute");
                operated.assert_aborted("InvalidAttribute");
            }
        }
        // The id of the pairing is no group: unknown before as after.
        let [validated, operated, _] = call_each(4, 0, lenient_without);
        assert_eq!((validated.returned(), operated.returned()), (1, 1));
        let [validated, ..] = call_each(0, 0, without);
        assert_eq!(validated.returned(), 0);
    }
}
