//! secp256r1 (P-256) over SHA-256, low `s` only (SIMD-0075).

use heddle_vm::Precompile;
use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
use sha2::{Digest, Sha256};
use solana_instruction_error::InstructionError;

use super::{Input, PrecompileError, SignatureOffsets};

/// Most signatures of one instruction.
const SIGNATURE_COUNT_MAX: u8 = 8;
/// First byte of a compressed point, for even and for odd y. Other 33-byte forms are not accepted.
const COMPRESSED_TAGS: [u8; 2] = [2, 3];

/// The precompile.
pub(crate) struct Secp256r1;

impl Precompile for Secp256r1 {
    fn verify(&self, data: &[u8], instruction_data: &[&[u8]]) -> Result<(), InstructionError> {
        Ok(verify_all(Input { data, instruction_data })?)
    }
}

fn verify_all(input: Input) -> Result<(), PrecompileError> {
    let [count, _unused, ..] = input.data else { return Err(PrecompileError::InstructionDataSize) };
    if !(1..=SIGNATURE_COUNT_MAX).contains(count) {
        return Err(PrecompileError::InstructionDataSize);
    }
    for offsets in SignatureOffsets::table(input.data, usize::from(*count))? {
        verify_one(&input, &SignatureOffsets::read(offsets))?;
    }
    Ok(())
}

fn verify_one(input: &Input, offsets: &SignatureOffsets) -> Result<(), PrecompileError> {
    let signature = input.array::<64>(&offsets.signature)?;
    let public_key = input.array::<33>(&offsets.public_key)?;
    let message = input.slice(&offsets.message, offsets.message_size_bytes)?;
    // r and s from 1 to the group order, and s in the lower half.
    let signature = Signature::from_slice(signature).map_err(|_| PrecompileError::Signature)?;
    if signature.normalize_s().is_some() {
        return Err(PrecompileError::Signature);
    }
    if !COMPRESSED_TAGS.contains(&public_key[0]) {
        return Err(PrecompileError::PublicKey);
    }
    let public_key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| PrecompileError::PublicKey)?;
    public_key.verify_prehash(&Sha256::digest(message), &signature).map_err(|_| PrecompileError::Signature)
}
