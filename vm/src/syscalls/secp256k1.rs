//! Recovers the secp256k1 key that signed a hash.

use k256::{
    AffinePoint, FieldBytes, ProjectivePoint, Scalar, Secp256k1, U256,
    elliptic_curve::{
        Curve, FieldBytesEncoding, PrimeField,
        bigint::CheckedAdd,
        ops::{LinearCombination, Reduce},
        point::DecompressPoint,
        sec1::ToEncodedPoint,
        subtle::Choice,
    },
};
use solana_sbpf::program::BuiltinProgram;

use super::{SUCCESS, add, syscall};
use crate::{InvokeContext, VmError, budget::costs};

/// Return codes (crate `solana-secp256k1-recover` 3); 1, an invalid hash, cannot happen to 32 bytes.
const INVALID_RECOVERY_ID: u64 = 2;
const INVALID_SIGNATURE: u64 = 3;
/// Recovery ids: bit 0 is the parity of the nonce point's y, bit 1 tells that its x was reduced by the group order.
const RECOVERY_ID_MAX: u64 = 3;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<Secp256k1Recover>(loader, "sol_secp256k1_recover");
}

syscall!(
    /// Recovers a key: (hash, recovery id, signature, result). High `s` values are accepted.
    Secp256k1Recover,
    |context, hash, recovery_id, signature, result, _e| recover(context, hash, recovery_id, signature, result)
);

fn recover(
    context: &mut InvokeContext,
    hash: u64,
    recovery_id: u64,
    signature: u64,
    result: u64,
) -> Result<u64, VmError> {
    context.consume(costs::SECP256K1_RECOVER)?;
    let result = context.guest_mut(result, 64)?;
    let hash = super::read_bytes::<32>(context, hash)?;
    let signature = super::read_bytes::<64>(context, signature)?;
    if recovery_id > RECOVERY_ID_MAX {
        return Ok(INVALID_RECOVERY_ID);
    }
    let Some(key) = recover_key(&hash, recovery_id as u8, &signature) else {
        return Ok(INVALID_SIGNATURE);
    };
    context.bytes_mut(&result).copy_from_slice(&key);
    Ok(SUCCESS)
}

/// The key Q = r⁻¹(sR − zG), without its SEC1 tag. `k256`'s own recovery is of no use here: it verifies its result, and
/// in doing so refuses a high `s`.
fn recover_key(hash: &[u8; 32], recovery_id: u8, signature: &[u8; 64]) -> Option<[u8; 64]> {
    let (r, s) = signature.split_at(32);
    let (r, s) = (parse_scalar(r.try_into().ok()?)?, parse_scalar(s.try_into().ok()?)?);
    let z = <Scalar as Reduce<U256>>::reduce_bytes(&FieldBytes::from(*hash));
    let nonce_point = lift_x(&r, recovery_id)?;
    let r_inverse = Option::<Scalar>::from(r.invert())?;
    let key = ProjectivePoint::lincomb(
        &ProjectivePoint::GENERATOR,
        &-(r_inverse * z),
        &ProjectivePoint::from(nonce_point),
        &(r_inverse * s),
    );
    // The point at infinity encodes to a single byte.
    let encoded = key.to_affine().to_encoded_point(false);
    encoded.as_bytes().get(1..65)?.try_into().ok()
}

/// A scalar below the group order, and not zero.
fn parse_scalar(bytes: [u8; 32]) -> Option<Scalar> {
    let scalar = Option::<Scalar>::from(Scalar::from_repr(bytes.into()))?;
    (scalar != Scalar::ZERO).then_some(scalar)
}

/// The nonce point whose x coordinate was `r`, or `r` plus the group order.
fn lift_x(r: &Scalar, recovery_id: u8) -> Option<AffinePoint> {
    let mut x = r.to_repr();
    if recovery_id & 2 != 0 {
        let sum = CheckedAdd::checked_add(&U256::from_be_slice(&x), &Secp256k1::ORDER);
        x = FieldBytesEncoding::<Secp256k1>::encode_field_bytes(&Option::<U256>::from(sum)?);
    }
    AffinePoint::decompress(&x, Choice::from(recovery_id & 1)).into()
}
