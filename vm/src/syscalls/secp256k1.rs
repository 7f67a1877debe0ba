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

#[cfg(test)]
mod tests {
    use k256::ecdsa::SigningKey;

    use super::*;
    use crate::syscalls::test_guest::{OUTPUT, Outcome, PAYLOAD, call};

    const HASH: [u8; 32] = [0x5a; 32];

    fn key() -> SigningKey {
        SigningKey::from_slice(&[0x42; 32]).unwrap()
    }

    /// The public key, a signature of [`HASH`] and its recovery id.
    fn signed() -> ([u8; 64], [u8; 64], u64) {
        let (signature, recovery_id) = key().sign_prehash_recoverable(&HASH).unwrap();
        let public = key().verifying_key().to_encoded_point(false).as_bytes()[1..].try_into().unwrap();
        (public, signature.to_bytes().into(), u64::from(recovery_id.to_byte()))
    }

    fn recover_in_guest(recovery_id: u64, signature: &[u8; 64]) -> Outcome {
        let payload = [HASH.as_slice(), signature].concat();
        call("sol_secp256k1_recover", [PAYLOAD, recovery_id, PAYLOAD + 32, OUTPUT, 0], &payload)
    }

    #[test]
    fn recovers_the_signer() {
        let (public, signature, recovery_id) = signed();
        let outcome = recover_in_guest(recovery_id, &signature);
        assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 25_000));
        assert_eq!(outcome.output(), public);
        // The other parity is another key, not an error.
        let other = recover_in_guest(recovery_id ^ 1, &signature);
        assert_eq!(other.returned(), 0);
        assert_ne!(other.output(), public);
    }

    #[test]
    fn accepts_a_high_s() {
        let (public, mut signature, recovery_id) = signed();
        let s = parse_scalar(signature[32..].try_into().unwrap()).unwrap();
        signature[32..].copy_from_slice(&(-s).to_repr());
        assert_eq!(recover_in_guest(recovery_id ^ 1, &signature).output(), public);
    }

    #[test]
    fn refuses_unknown_recovery_ids_before_it_looks_at_the_signature() {
        for recovery_id in [4, 27, 256, u64::MAX] {
            assert_eq!(recover_in_guest(recovery_id, &[0xff; 64]).returned(), INVALID_RECOVERY_ID);
        }
    }

    #[test]
    fn refuses_scalars_that_are_zero_or_not_below_the_order() {
        let (_, signature, recovery_id) = signed();
        let order: [u8; 32] = FieldBytesEncoding::<Secp256k1>::encode_field_bytes(&Secp256k1::ORDER).into();
        for bad in [[0; 32], order, [0xff; 32]] {
            for range in [0..32, 32..64] {
                let mut signature = signature;
                signature[range].copy_from_slice(&bad);
                assert_eq!(recover_in_guest(recovery_id, &signature).returned(), INVALID_SIGNATURE);
            }
        }
    }

    #[test]
    fn refuses_a_nonce_point_off_the_curve_or_over_the_field() {
        let mut signature = [0; 64];
        signature[63] = 1;
        // No point has x = 5.
        signature[31] = 5;
        assert_eq!(recover_in_guest(0, &signature).returned(), INVALID_SIGNATURE);
        // An ordinary r and the order together exceed the field.
        let (_, signature, recovery_id) = signed();
        assert_eq!(recover_in_guest(recovery_id | 2, &signature).returned(), INVALID_SIGNATURE);
    }

    /// A vector of `libsecp256k1` 0.7.2, which Agave runs: keys behind such nonce points cannot be made on purpose.
    #[test]
    fn adds_the_order_to_an_r_that_was_reduced() {
        let near_limit = |last: u8| {
            let mut bytes = [0; 32];
            bytes[15] = 1;
            bytes[16..].copy_from_slice(&0x4551_2319_50b7_5fc4_402d_a172_2fc9_bab4_u128.to_be_bytes());
            bytes[31] = last;
            bytes
        };
        let (hash, r) = (near_limit(0xb4), near_limit(0xc2));
        let s = 0x368d_eab5_178a_ff7e_e0df_0976_8e48_c5b5_u128.to_be_bytes();
        let s_low = 0x423f_1427_1360_b10a_1ba7_f1df_0869_802c_u128.to_be_bytes();
        let signature: [u8; 64] = [r.as_slice(), &s, &s_low].concat().try_into().unwrap();
        let key = recover_key(&hash, 2, &signature).unwrap();
        assert_eq!(key[..8], [0x51, 0x16, 0xa6, 0x37, 0x12, 0x56, 0x29, 0x52]);
        assert_eq!(key[56..], [0x0d, 0x3c, 0xc2, 0xbf, 0x43, 0xcd, 0x8b, 0xab]);
        assert_ne!(recover_key(&hash, 0, &signature), Some(key), "the same r, not reduced, is another point");
    }

    #[test]
    fn refuses_the_point_at_infinity() {
        // With R = G, r = x(G), s = z, the key r⁻¹(sR − zG) is no key.
        let mut signature = [0; 64];
        let generator = AffinePoint::GENERATOR.to_encoded_point(false);
        signature[..32].copy_from_slice(&generator.as_bytes()[1..33]);
        signature[32..].copy_from_slice(&HASH);
        let parity = u64::from(generator.as_bytes()[64] & 1);
        assert_eq!(recover_in_guest(parity, &signature).returned(), INVALID_SIGNATURE);
    }

    #[test]
    fn refuses_memory_that_is_not_there() {
        for (arguments, text) in [
            ([5 << 32, 0, PAYLOAD, OUTPUT, 0], "reading 32 bytes at address 0x500000000 (in unallocated region)"),
            ([PAYLOAD, 0, 5 << 32, OUTPUT, 0], "reading 64 bytes at address 0x500000000 (in unallocated region)"),
            ([PAYLOAD, 0, PAYLOAD, 5 << 32, 0], "writing 64 bytes at address 0x500000000 (in unallocated region)"),
        ] {
            let outcome = call("sol_secp256k1_recover", arguments, &[0; 96]);
            outcome.assert_aborted(&format!("Access violation {text}"));
        }
    }
}
