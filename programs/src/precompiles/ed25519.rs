//! ed25519, checked strictly: no small-order points, one encoding per signature.

use ed25519_dalek::{Signature, VerifyingKey};
use heddle_vm::Precompile;
use solana_instruction_error::InstructionError;

use super::{Input, PrecompileError, SignatureOffsets};

/// The precompile.
pub(crate) struct Ed25519;

impl Precompile for Ed25519 {
    fn verify(&self, data: &[u8], instruction_data: &[&[u8]]) -> Result<(), InstructionError> {
        Ok(verify_all(Input { data, instruction_data })?)
    }
}

fn verify_all(input: Input) -> Result<(), PrecompileError> {
    let [count, _unused, rest @ ..] = input.data else { return Err(PrecompileError::InstructionDataSize) };
    if *count == 0 && !rest.is_empty() {
        return Err(PrecompileError::InstructionDataSize);
    }
    for offsets in SignatureOffsets::table(input.data, usize::from(*count))? {
        verify_one(&input, &SignatureOffsets::read(offsets))?;
    }
    Ok(())
}

fn verify_one(input: &Input, offsets: &SignatureOffsets) -> Result<(), PrecompileError> {
    /// Bits that no scalar below the group order has. They are looked at before the public key is.
    const SCALAR_HIGH_BITS: u8 = 0b1110_0000;
    let signature = input.array::<64>(&offsets.signature)?;
    if signature[63] & SCALAR_HIGH_BITS != 0 {
        return Err(PrecompileError::Signature);
    }
    let public_key = input.array::<32>(&offsets.public_key)?;
    let public_key = VerifyingKey::from_bytes(public_key).map_err(|_| PrecompileError::PublicKey)?;
    let message = input.slice(&offsets.message, offsets.message_size_bytes)?;
    let signature = Signature::from_bytes(signature);
    public_key.verify_strict(message, &signature).map_err(|_| PrecompileError::Signature)
}
