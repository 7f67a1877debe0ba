//! Fees of transfers of encrypted amounts.

use heddle_types::Pubkey;

use super::{
    Call,
    proofs::{decryptable, elgamal_key, with_proof},
    signed_only,
};
use crate::reader::Reader;

const WITHDRAW_AUTHORITY: [&str; 2] = ["withdrawWithheldAuthority", "multisigWithdrawWithheldAuthority"];
const OWNER: [&str; 2] = ["owner", "multisigOwner"];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    match data.u8()? {
        0 => initialize(accounts, data),
        1 => withdraw_from_mint(accounts, data),
        2 => withdraw_from_accounts(accounts, data),
        3 => {
            let call = Call::new("harvestWithheldConfidentialTransferTokensToMint", accounts, &["mint"])?;
            Some(call.with_accounts("sourceAccounts", accounts.get(1..)?))
        }
        4 => signed_only("enableConfidentialTransferFeeHarvestToMint", accounts, "account", OWNER),
        5 => signed_only("disableConfidentialTransferFeeHarvestToMint", accounts, "account", OWNER),
        _ => None,
    }
}

fn initialize<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let authority = data.key_or_zero()?;
    let call = Call::new("initializeConfidentialTransferFeeConfig", accounts, &["mint"])?;
    let call = call.with("withdrawWithheldAuthorityElGamalPubkey", elgamal_key(data)?);
    data.end(call.with_key_if_any("authority", authority))
}

fn withdraw_from_mint<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    const KIND: &str = "withdrawWithheldConfidentialTransferTokensFromMint";
    let call = with_withdrawal(Call::new(KIND, accounts, &["mint", "feeRecipient"])?, accounts, data)?;
    call.signed(3, WITHDRAW_AUTHORITY[0], WITHDRAW_AUTHORITY[1])
}

/// The accounts withdrawn from come last, behind the signers.
fn withdraw_from_accounts<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    const KIND: &str = "withdrawWithheldConfidentialTransferTokensFromAccounts";
    let source_count = usize::from(data.u8()?);
    let call = with_withdrawal(Call::new(KIND, accounts, &["mint", "feeRecipient"])?, accounts, data)?;
    let (others, sources) = accounts.split_at_checked(accounts.len().checked_sub(source_count)?)?;
    let call = call.with_accounts("sourceAccounts", sources);
    call.signed_by(others.get(3..)?, WITHDRAW_AUTHORITY[0], WITHDRAW_AUTHORITY[1])
}

fn with_withdrawal<'a>(call: Call<'a>, accounts: &[Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let offset = data.i8()?;
    let call = call.with("proofInstructionOffset", offset);
    let call = call.with("newDecryptableAvailableBalance", decryptable(data)?);
    data.end(with_proof(call, accounts, 2, offset)?)
}
