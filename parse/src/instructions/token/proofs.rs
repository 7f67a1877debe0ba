//! Where the proofs of confidential instructions are: in other instructions of the transaction (an offset other than 0,
//! read through a sysvar), or in accounts of their own.

use base64::{Engine, prelude::BASE64_STANDARD};
use heddle_types::Pubkey;

use super::Call;
use crate::reader::Reader;

const ELGAMAL_KEY_SIZE_BYTES: usize = 32;
const ELGAMAL_CIPHERTEXT_SIZE_BYTES: usize = 64;
const AES_CIPHERTEXT_SIZE_BYTES: usize = 36;

/// One proof: the account at `index` is what it is read from.
pub(super) fn with_proof<'a>(call: Call<'a>, accounts: &[Pubkey], index: usize, offset: i8) -> Option<Call<'a>> {
    let name = if offset == 0 { "proofContextStateAccount" } else { "instructionsSysvar" };
    Some(call.with_key(name, *accounts.get(index)?))
}

/// Several proofs: accounts from `index` on are the sysvar, if any proof needs it, and one account per proof without an
/// offset, as long as `reserved` accounts remain. Also tells the index after them.
pub(super) fn with_proofs<'a>(
    mut call: Call<'a>,
    accounts: &[Pubkey],
    (mut index, reserved): (usize, usize),
    proofs: &[(&str, i8)],
) -> (Call<'a>, usize) {
    for (name, offset) in proofs {
        call = call.with(&format!("{name}ProofInstructionOffset"), *offset);
    }
    let has_sysvar = proofs.iter().any(|(_, offset)| *offset != 0);
    let sysvar = has_sysvar.then(|| "instructionsSysvar".to_owned());
    let contexts = proofs.iter().filter(|(_, offset)| *offset == 0);
    let contexts = contexts.map(|(name, _)| format!("{name}ProofContextStateAccount"));
    let available = &accounts[..accounts.len().saturating_sub(reserved)];
    for name in sysvar.into_iter().chain(contexts) {
        let Some(key) = available.get(index) else { break };
        call = call.with_key(&name, *key);
        index += 1;
    }
    (call, index)
}

pub(super) fn elgamal_key(data: &mut Reader<'_>) -> Option<String> {
    base64(data, ELGAMAL_KEY_SIZE_BYTES)
}

/// Null for zeroes.
pub(super) fn elgamal_key_if_any(data: &mut Reader<'_>) -> Option<Option<String>> {
    let bytes: [u8; ELGAMAL_KEY_SIZE_BYTES] = data.array()?;
    Some((bytes != [0; ELGAMAL_KEY_SIZE_BYTES]).then(|| BASE64_STANDARD.encode(bytes)))
}

/// A balance that its owner can decrypt.
pub(super) fn decryptable(data: &mut Reader<'_>) -> Option<String> {
    base64(data, AES_CIPHERTEXT_SIZE_BYTES)
}

/// Amounts for the auditor, low and high bits, which nobody is shown.
pub(super) fn skip_auditor_ciphertexts(data: &mut Reader<'_>) -> Option<()> {
    data.bytes(2 * ELGAMAL_CIPHERTEXT_SIZE_BYTES).map(|_| ())
}

fn base64(data: &mut Reader<'_>, size_bytes: usize) -> Option<String> {
    data.bytes(size_bytes).map(|bytes| BASE64_STANDARD.encode(bytes))
}
