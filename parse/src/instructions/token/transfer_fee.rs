//! Fees that a mint takes from transfers.

use heddle_types::Pubkey;

use super::{Call, signed_by_authority};
use crate::{
    reader::Reader,
    token::amount::{MintFacts, token_amount},
};

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    match data.u8()? {
        0 => initialize(accounts, data),
        1 => transfer(accounts, data),
        2 => Call::new("withdrawWithheldTokensFromMint", accounts, &["mint", "feeRecipient"])?.signed(
            2,
            "withdrawWithheldAuthority",
            "multisigWithdrawWithheldAuthority",
        ),
        3 => withdraw_from_accounts(accounts, data),
        4 => {
            let call = Call::new("harvestWithheldTokensToMint", accounts, &["mint"])?;
            Some(call.with_accounts("sourceAccounts", accounts.get(1..)?))
        }
        5 => {
            let call = with_fee(Call::new("setTransferFee", accounts, &["mint"])?, data)?;
            // The small letter is Agave's.
            call.signed(1, "transferFeeConfigAuthority", "multisigtransferFeeConfigAuthority")
        }
        _ => None,
    }
}

fn initialize<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let config_authority = data.option(Reader::key)?;
    let withdraw_authority = data.option(Reader::key)?;
    let call = with_fee(Call::new("initializeTransferFeeConfig", accounts, &["mint"])?, data)?;
    let call = call.with_key_if_any("transferFeeConfigAuthority", config_authority);
    Some(call.with_key_if_any("withdrawWithheldAuthority", withdraw_authority))
}

fn with_fee<'a>(call: Call<'a>, data: &mut Reader<'_>) -> Option<Call<'a>> {
    Some(call.with("transferFeeBasisPoints", data.u16()?).with("maximumFee", data.u64()?))
}

fn transfer<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let (amount, decimals, fee) = (data.u64()?, data.u8()?, data.u64()?);
    let facts = MintFacts::with_decimals(decimals);
    let call = Call::new("transferCheckedWithFee", accounts, &["source", "mint", "destination"])?;
    let call = call.with("tokenAmount", token_amount(amount, &facts)).with("feeAmount", token_amount(fee, &facts));
    signed_by_authority(call, 3)
}

/// The accounts withdrawn from come last, behind the signers.
fn withdraw_from_accounts<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let source_count = usize::from(data.u8()?);
    let call = Call::new("withdrawWithheldTokensFromAccounts", accounts, &["mint", "feeRecipient"])?;
    let (others, sources) = accounts.split_at_checked(accounts.len().checked_sub(source_count)?)?;
    call.with_accounts("sourceAccounts", sources).signed_by(
        others.get(2..)?,
        "withdrawWithheldAuthority",
        "multisigWithdrawWithheldAuthority",
    )
}
