//! Loader v3 (crate `solana-loader-v3-interface` 7.0, `instruction.rs`).

use base64::{Engine, prelude::BASE64_STANDARD};
use heddle_types::Pubkey;

use super::Call;
use crate::reader::Reader;

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    let data = &mut Reader::new(data);
    match data.u32()? {
        0 => Some(Call::new("initializeBuffer", accounts, &["account"])?.with_account_if_any("authority", 1)),
        1 => {
            let call = Call::new("write", accounts, &["account", "authority"])?.with("offset", data.u32()?);
            Some(call.with("bytes", BASE64_STANDARD.encode(data.bytes_u64()?)))
        }
        2 => deploy(accounts, data),
        3 => upgrade(accounts),
        4 => {
            let call = Call::new("setAuthority", accounts, &["account", "authority"])?;
            Some(call.with_account_or_null("newAuthority", 2))
        }
        5 => {
            let call = Call::new("close", accounts, &["account", "recipient", "authority"])?;
            Some(call.with_account_or_null("programAccount", 3))
        }
        6 => {
            let call = Call::new("extendProgram", accounts, &["programDataAccount", "programAccount"])?;
            let call = call.with("additionalBytes", data.u32()?);
            Some(call.with_account_or_null("systemProgram", 2).with_account_or_null("payerAccount", 3))
        }
        7 => Call::new("setAuthorityChecked", accounts, &["account", "authority", "newAuthority"]),
        _ => None,
    }
}

fn deploy<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = [
        "payerAccount",
        "programDataAccount",
        "programAccount",
        "bufferAccount",
        "rentSysvar",
        "clockSysvar",
        "systemProgram",
        "authority",
    ];
    Some(Call::new("deployWithMaxDataLen", accounts, &roles)?.with("maxDataLen", data.u64()?))
}

fn upgrade(accounts: &[Pubkey]) -> Option<Call<'_>> {
    let roles = [
        "programDataAccount",
        "programAccount",
        "bufferAccount",
        "spillAccount",
        "rentSysvar",
        "clockSysvar",
        "authority",
    ];
    Call::new("upgrade", accounts, &roles)
}
