//! Mints whose supply is encrypted.

use heddle_types::Pubkey;

use super::{
    Call,
    proofs::{decryptable, elgamal_key, skip_auditor_ciphertexts, with_proof, with_proofs},
    signed_by_owner,
};
use crate::reader::Reader;

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = match data.u8()? {
        0 => initialize(accounts, data),
        1 => rotate_key(accounts, data),
        2 => {
            let call = Call::new("updateConfidentialMintBurnDecryptableSupply", accounts, &["mint"])?;
            signed_by_owner(call.with("newDecryptableSupply", decryptable(data)?), 1)
        }
        3 => mint_or_burn("confidentialMint", "newDecryptableSupply", accounts, data),
        4 => mint_or_burn("confidentialBurn", "newDecryptableAvailableBalance", accounts, data),
        // Whatever follows is not looked at.
        5 => return signed_by_owner(Call::new("applyPendingBurn", accounts, &["mint"])?, 1),
        _ => None,
    }?;
    data.end(call)
}

fn initialize<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("initializeConfidentialMintBurnMint", accounts, &["mint"])?;
    Some(call.with("supplyElGamalPubkey", elgamal_key(data)?).with("decryptableSupply", decryptable(data)?))
}

fn rotate_key<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("rotateConfidentialMintBurnSupplyElGamalPubkey", accounts, &["mint"])?;
    let call = call.with("newSupplyElGamalPubkey", elgamal_key(data)?);
    let offset = data.i8()?;
    signed_by_owner(with_proof(call.with("proofInstructionOffset", offset), accounts, 1, offset)?, 2)
}

/// The account is the destination of both.
fn mint_or_burn<'a>(
    kind: &'static str,
    balance: &str,
    accounts: &'a [Pubkey],
    data: &mut Reader<'_>,
) -> Option<Call<'a>> {
    let call = Call::new(kind, accounts, &["destination", "mint"])?.at_least(3)?;
    let (call, index) = with_burn(call, balance, accounts, 1, data)?;
    signed_by_owner(call, index)
}

/// The balance that the proofs are about, and the proofs in front of `reserved` accounts; also the index after them.
pub(super) fn with_burn<'a>(
    call: Call<'a>,
    balance: &str,
    accounts: &[Pubkey],
    reserved: usize,
    data: &mut Reader<'_>,
) -> Option<(Call<'a>, usize)> {
    let call = call.with(balance, decryptable(data)?);
    skip_auditor_ciphertexts(data)?;
    let proofs = [("equality", data.i8()?), ("ciphertextValidity", data.i8()?), ("range", data.i8()?)];
    Some(with_proofs(call, accounts, (2, reserved), &proofs))
}
