//! The system program (crate `solana-system-interface` 3.3, `instruction.rs`).

use heddle_types::Pubkey;

use super::Call;
use crate::reader::Reader;

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    let data = &mut Reader::new(data);
    match data.u32()? {
        0 => create_account(accounts, data),
        1 => Some(Call::new("assign", accounts, &["account"])?.with_key("owner", data.key()?)),
        2 => Some(Call::new("transfer", accounts, &["source", "destination"])?.with("lamports", data.u64()?)),
        3 => create_account_with_seed(accounts, data),
        4 => Call::new("advanceNonce", accounts, &["nonceAccount", "recentBlockhashesSysvar", "nonceAuthority"]),
        5 => withdraw_from_nonce(accounts, data),
        6 => initialize_nonce(accounts, data),
        7 => {
            let call = Call::new("authorizeNonce", accounts, &["nonceAccount", "nonceAuthority"])?;
            Some(call.with_key("newAuthorized", data.key()?))
        }
        8 => Some(Call::new("allocate", accounts, &["account"])?.with("space", data.u64()?)),
        9 => allocate_with_seed(accounts, data),
        10 => assign_with_seed(accounts, data),
        11 => transfer_with_seed(accounts, data),
        12 => Call::new("upgradeNonce", accounts, &["nonceAccount"]),
        13 => create_account_allow_prefund(accounts, data),
        _ => None,
    }
}

fn create_account<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("createAccount", accounts, &["source", "newAccount"])?;
    Some(call.with("lamports", data.u64()?).with("space", data.u64()?).with_key("owner", data.key()?))
}

fn create_account_with_seed<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("createAccountWithSeed", accounts, &["source", "newAccount"])?;
    let call = call.with_key("base", data.key()?).with("seed", data.text_u64()?);
    Some(call.with("lamports", data.u64()?).with("space", data.u64()?).with_key("owner", data.key()?))
}

fn withdraw_from_nonce<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["nonceAccount", "destination", "recentBlockhashesSysvar", "rentSysvar", "nonceAuthority"];
    Some(Call::new("withdrawFromNonce", accounts, &roles)?.with("lamports", data.u64()?))
}

fn initialize_nonce<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let roles = ["nonceAccount", "recentBlockhashesSysvar", "rentSysvar"];
    Some(Call::new("initializeNonce", accounts, &roles)?.with_key("nonceAuthority", data.key()?))
}

fn allocate_with_seed<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("allocateWithSeed", accounts, &["account"])?.at_least(2)?;
    let call = call.with_key("base", data.key()?).with("seed", data.text_u64()?);
    Some(call.with("space", data.u64()?).with_key("owner", data.key()?))
}

fn assign_with_seed<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("assignWithSeed", accounts, &["account"])?.at_least(2)?;
    Some(call.with_key("base", data.key()?).with("seed", data.text_u64()?).with_key("owner", data.key()?))
}

fn transfer_with_seed<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("transferWithSeed", accounts, &["source", "sourceBase", "destination"])?;
    let call = call.with("lamports", data.u64()?).with("sourceSeed", data.text_u64()?);
    Some(call.with_key("sourceOwner", data.key()?))
}

/// Without lamports there is no source.
fn create_account_allow_prefund<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    const KIND: &str = "createAccountAllowPrefund";
    let lamports = data.u64()?;
    let call = if lamports == 0 {
        Call::new(KIND, accounts, &["newAccount"])?
    } else {
        Call::new(KIND, accounts, &["newAccount", "source"])?.with("lamports", lamports)
    };
    Some(call.with("space", data.u64()?).with_key("owner", data.key()?))
}
