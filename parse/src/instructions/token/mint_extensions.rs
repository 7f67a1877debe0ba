//! Extensions of mints with few instructions, and those that are single instructions.

use heddle_types::Pubkey;

use super::{Call, base::extension_types, signed_by_authority, signed_by_owner, signed_only};
use crate::{reader::Reader, token::state::TokenAccountState};

const AUTHORITY: [&str; 2] = ["authority", "multisigAuthority"];

/// Extensions that are one instruction of the program's own numbers.
pub(super) fn parse_own<'a>(kind: u8, accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    match kind {
        25 => {
            let call = Call::new("initializeMintCloseAuthority", accounts, &["mint"])?;
            Some(call.with_key_or_null("newAuthority", data.option(Reader::key)?))
        }
        29 => {
            let call = Call::new("reallocate", accounts, &["account", "payer", "systemProgram"])?;
            signed_by_owner(call.with("extensionTypes", extension_types(data)?), 3)
        }
        32 => Call::new("initializeNonTransferableMint", accounts, &["mint"]),
        35 => {
            let call = Call::new("initializePermanentDelegate", accounts, &["mint"])?;
            Some(call.with_key("delegate", data.key()?))
        }
        _ => None,
    }
}

pub(super) fn default_account_state<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let (kind, state) = (data.u8()?, TokenAccountState::from_byte(data.u8()?)?.name());
    let call = match kind {
        0 => Call::new("initializeDefaultAccountState", accounts, &["mint"])?.with("accountState", state),
        1 => Call::new("updateDefaultAccountState", accounts, &["mint"])?.with("accountState", state).signed(
            1,
            "freezeAuthority",
            "multisigFreezeAuthority",
        )?,
        _ => return None,
    };
    data.end(call)
}

pub(super) fn interest_bearing<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call =
        match data.u8()? {
            0 => {
                let call = Call::new("initializeInterestBearingConfig", accounts, &["mint"])?;
                call.with_key_or_null("rateAuthority", data.key_or_zero()?).with("rate", data.i16()?)
            }
            1 => Call::new("updateInterestBearingConfigRate", accounts, &["mint"])?
                .with("newRate", data.i16()?)
                .signed(1, "rateAuthority", "multisigRateAuthority")?,
            _ => return None,
        };
    data.end(call)
}

pub(super) fn scaled_ui_amount<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = match data.u8()? {
        0 => {
            let call = Call::new("initializeScaledUiAmountConfig", accounts, &["mint"])?;
            call.with_key_or_null("authority", data.key_or_zero()?).with("multiplier", data.f64()?.to_string())
        }
        1 => {
            let call = Call::new("updateMultiplier", accounts, &["mint"])?;
            let call = call.with("newMultiplier", data.f64()?.to_string());
            signed_by_authority(call.with("newMultiplierTimestamp", data.i64()?), 1)?
        }
        _ => return None,
    };
    data.end(call)
}

pub(super) fn pausable<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    match data.u8()? {
        0 => {
            let call = Call::new("initializePausableConfig", accounts, &["mint"])?.with_key("authority", data.key()?);
            data.end(call)
        }
        1 => signed_only("pause", accounts, "mint", AUTHORITY),
        2 => signed_only("resume", accounts, "mint", AUTHORITY),
        _ => None,
    }
}
