//! Transfers of encrypted amounts.

use heddle_types::Pubkey;

use super::{
    Call,
    proofs::{decryptable, elgamal_key_if_any, skip_auditor_ciphertexts, with_proof, with_proofs},
    signed_by_owner, signed_only,
};
use crate::reader::Reader;

const OWNER: [&str; 2] = ["owner", "multisigOwner"];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let kind = data.u8()?;
    match kind {
        // Whatever follows these is not looked at.
        3 => {
            let roles = ["account", "mint", "confidentialTransferAuditorAuthority"];
            return Call::new("approveConfidentialTransferAccount", accounts, &roles);
        }
        9..=12 => return credits(kind, accounts),
        14 => {
            let roles = ["account", "mint", "registry"];
            return Call::new("configureConfidentialAccountWithRegistry", accounts, &roles);
        }
        _ => {}
    }
    let call = match kind {
        0 => initialize_mint(accounts, data),
        1 => update_mint(accounts, data),
        2 => configure_account(accounts, data),
        4 => empty_account(accounts, data),
        5 => deposit(accounts, data),
        6 => withdraw(accounts, data),
        7 => transfer(accounts, data),
        8 => apply_pending_balance(accounts, data),
        13 => transfer_with_fee(accounts, data),
        _ => None,
    }?;
    data.end(call)
}

fn credits(kind: u8, accounts: &[Pubkey]) -> Option<Call<'_>> {
    let kind = match kind {
        9 => "enableConfidentialTransferConfidentialCredits",
        10 => "disableConfidentialTransferConfidentialCredits",
        11 => "enableConfidentialTransferNonConfidentialCredits",
        _ => "disableConfidentialTransferNonConfidentialCredits",
    };
    signed_only(kind, accounts, "account", OWNER)
}

fn initialize_mint<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let authority = data.key_or_zero()?;
    let call = with_policy(Call::new("initializeConfidentialTransferMint", accounts, &["mint"])?, data)?;
    Some(call.with_key_if_any("authority", authority))
}

fn update_mint<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["mint", "confidentialTransferMintAuthority"];
    with_policy(Call::new("updateConfidentialTransferMint", accounts, &roles)?, data)
}

fn with_policy<'a>(call: Call<'a>, data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = call.with("autoApproveNewAccounts", data.u8()? != 0);
    Some(call.with("auditorElGamalPubkey", elgamal_key_if_any(data)?))
}

fn configure_account<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("configureConfidentialTransferAccount", accounts, &["account", "mint"])?;
    let call = call.with("decryptableZeroBalance", decryptable(data)?);
    let call = call.with("maximumPendingBalanceCreditCounter", data.u64()?);
    let offset = data.i8()?;
    signed_by_owner(with_proof(call.with("proofInstructionOffset", offset), accounts, 2, offset)?, 3)
}

fn empty_account<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let offset = data.i8()?;
    let call = Call::new("emptyConfidentialTransferAccount", accounts, &["account"])?;
    signed_by_owner(with_proof(call.with("proofInstructionOffset", offset), accounts, 1, offset)?, 2)
}

fn deposit<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("depositConfidentialTransfer", accounts, &["account", "mint"])?;
    signed_by_owner(call.with("amount", data.u64()?).with("decimals", data.u8()?), 2)
}

fn withdraw<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("withdrawConfidentialTransfer", accounts, &["account", "mint"])?.at_least(4)?;
    let call = call.with("amount", data.u64()?).with("decimals", data.u8()?);
    let call = call.with("newDecryptableAvailableBalance", decryptable(data)?);
    let proofs = [("equality", data.i8()?), ("range", data.i8()?)];
    let (call, index) = with_proofs(call, accounts, (2, 1), &proofs);
    signed_by_owner(call, index)
}

fn transfer<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = with_transfer(Call::new("confidentialTransfer", accounts, &["source", "mint", "destination"])?, data)?;
    let proofs = [("equality", data.i8()?), ("ciphertextValidity", data.i8()?), ("range", data.i8()?)];
    let (call, index) = with_proofs(call, accounts, (3, 1), &proofs);
    signed_by_owner(call, index)
}

fn transfer_with_fee<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["source", "mint", "destination"];
    let call = with_transfer(Call::new("confidentialTransferWithFee", accounts, &roles)?, data)?;
    let proofs = [
        ("equality", data.i8()?),
        ("transferAmountCiphertextValidity", data.i8()?),
        ("feeSigma", data.i8()?),
        ("feeCiphertextValidity", data.i8()?),
        ("range", data.i8()?),
    ];
    let (call, index) = with_proofs(call, accounts, (3, 1), &proofs);
    signed_by_owner(call, index)
}

fn with_transfer<'a>(call: Call<'a>, data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = call.with("newSourceDecryptableAvailableBalance", decryptable(data)?);
    skip_auditor_ciphertexts(data)?;
    Some(call)
}

fn apply_pending_balance<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let counter = data.u64()?;
    let call = Call::new("applyPendingConfidentialTransferBalance", accounts, &["account"])?;
    let call = call.with("newDecryptableAvailableBalance", decryptable(data)?);
    signed_by_owner(call.with("expectedPendingBalanceCreditCounter", counter), 1)
}
