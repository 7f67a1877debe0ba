//! secp256k1 with recovery, as Ethereum signs: the recovered key must hash to the given address.
//!
//! Unlike most verifiers (k256's own included) both halves of `s` are accepted, as libsecp256k1's recovery does.

use heddle_vm::Precompile;
use k256::{
    AffinePoint, ProjectivePoint, Scalar, Secp256k1 as Curve, U256,
    elliptic_curve::{
        Curve as _, PrimeField,
        bigint::{CheckedAdd, Encoding},
        ops::{LinearCombination, Reduce},
        point::DecompressPoint,
        sec1::ToEncodedPoint,
        subtle::Choice,
    },
};
use sha3::{Digest, Keccak256};
use solana_instruction_error::InstructionError;

use super::PrecompileError;

/// r, s and the recovery id.
const SIGNATURE_BYTES: usize = 32 + 32 + 1;
const ETHEREUM_ADDRESS_BYTES: usize = 20;
/// Recovery ids: bit 0 is the parity of y, bit 1 tells that x was at least the group order.
const RECOVERY_ID_MAX: u8 = 3;

/// The precompile.
pub(crate) struct Secp256k1;

impl Precompile for Secp256k1 {
    fn verify(&self, data: &[u8], instruction_data: &[&[u8]]) -> Result<(), InstructionError> {
        Ok(verify_all(data, instruction_data)?)
    }
}

/// Where the parts of one signature are: three times an offset (u16) and an instruction (u8), the message with its
/// size (u16) between the two.
struct Offsets {
    signature: usize,
    signature_instruction: usize,
    address: usize,
    address_instruction: usize,
    message: usize,
    message_size_bytes: usize,
    message_instruction: usize,
}

impl Offsets {
    const SIZE_BYTES: usize = 11;

    fn read(bytes: &[u8; Self::SIZE_BYTES]) -> Self {
        let word = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        Self {
            signature: word(0),
            signature_instruction: bytes[2].into(),
            address: word(3),
            address_instruction: bytes[5].into(),
            message: word(6),
            message_size_bytes: word(8),
            message_instruction: bytes[10].into(),
        }
    }
}

fn verify_all(data: &[u8], instruction_data: &[&[u8]]) -> Result<(), PrecompileError> {
    let (&count, table) = data.split_first().ok_or(PrecompileError::InstructionDataSize)?;
    if count == 0 && !table.is_empty() {
        return Err(PrecompileError::InstructionDataSize);
    }
    let table = table.get(..usize::from(count) * Offsets::SIZE_BYTES).ok_or(PrecompileError::InstructionDataSize)?;
    for offsets in table.as_chunks().0 {
        verify_one(&Offsets::read(offsets), instruction_data)?;
    }
    Ok(())
}

fn verify_one(offsets: &Offsets, instruction_data: &[&[u8]]) -> Result<(), PrecompileError> {
    let data = instruction_data.get(offsets.signature_instruction).ok_or(PrecompileError::InstructionDataSize)?;
    let signature =
        data.get(offsets.signature..offsets.signature + SIGNATURE_BYTES).ok_or(PrecompileError::Signature)?;
    let ([r, s], &[recovery_id]) = signature.as_chunks() else { return Err(PrecompileError::Signature) };
    let (r, s) = (scalar(r)?, scalar(s)?);
    if recovery_id > RECOVERY_ID_MAX {
        return Err(PrecompileError::RecoveryId);
    }
    let address = slice(instruction_data, offsets.address_instruction, offsets.address, ETHEREUM_ADDRESS_BYTES)?;
    let message = slice(instruction_data, offsets.message_instruction, offsets.message, offsets.message_size_bytes)?;
    let public_key = recover(Keccak256::digest(message).into(), &r, &s, recovery_id);
    let public_key = public_key.ok_or(PrecompileError::Signature)?;
    let hash = Keccak256::digest(&public_key.to_encoded_point(false).as_bytes()[1..]);
    if hash[hash.len() - ETHEREUM_ADDRESS_BYTES..] == *address { Ok(()) } else { Err(PrecompileError::Signature) }
}

fn slice<'a>(
    instruction_data: &[&'a [u8]],
    instruction: usize,
    offset: usize,
    size_bytes: usize,
) -> Result<&'a [u8], PrecompileError> {
    let data = instruction_data.get(instruction).ok_or(PrecompileError::DataOffsets)?;
    data.get(offset..offset + size_bytes).ok_or(PrecompileError::Signature)
}

/// A scalar below the group order; zero passes here and fails in [`recover`].
fn scalar(bytes: &[u8; 32]) -> Result<Scalar, PrecompileError> {
    Option::from(Scalar::from_repr((*bytes).into())).ok_or(PrecompileError::Signature)
}

/// The key whose signature of `hash` is (r, s): (s·R − hash·G) / r, where R is the point with x = r.
fn recover(hash: [u8; 32], r: &Scalar, s: &Scalar, recovery_id: u8) -> Option<AffinePoint> {
    let inverse = Option::<Scalar>::from(r.invert())?;
    if bool::from(s.is_zero()) {
        return None;
    }
    let mut x = r.to_bytes();
    if recovery_id & 2 != 0 {
        let sum: Option<U256> = U256::from_be_bytes(x.into()).checked_add(&Curve::ORDER).into();
        x = sum?.to_be_bytes().into();
    }
    let point = AffinePoint::decompress(&x, Choice::from(recovery_id & 1));
    let point = ProjectivePoint::from(Option::<AffinePoint>::from(point)?);
    let hash = <Scalar as Reduce<U256>>::reduce_bytes(&hash.into());
    let key = ProjectivePoint::lincomb(&ProjectivePoint::GENERATOR, &-(inverse * hash), &point, &(inverse * s));
    (key != ProjectivePoint::IDENTITY).then(|| key.to_affine())
}
