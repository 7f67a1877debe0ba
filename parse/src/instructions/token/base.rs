//! The instructions of the token program, and those of Token-2022 that belong to no extension.

use heddle_types::Pubkey;

use super::{Call, signed_by_authority, signed_by_owner};
use crate::{
    reader::Reader,
    token::{
        amount::{MintFacts, token_amount},
        extensions,
    },
};

const AUTHORITY_TYPES: [&str; 18] = [
    "mintTokens",
    "freezeAccount",
    "accountOwner",
    "closeAccount",
    "transferFeeConfig",
    "withheldWithdraw",
    "closeMint",
    "interestRate",
    "permanentDelegate",
    "confidentialTransferMint",
    "transferHookProgramId",
    "confidentialTransferFeeConfig",
    "metadataPointer",
    "groupPointer",
    "groupMemberPointer",
    "scaledUiAmount",
    "pause",
    "permissionedBurn",
];
/// Authorities of accounts; all others are of mints.
const ACCOUNT_AUTHORITIES: [&str; 2] = ["accountOwner", "closeAccount"];

pub(super) fn parse<'a>(kind: u8, accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    match kind {
        0 | 1 | 2 | 16 | 18..=20 | 22 => initialize(kind, accounts, data),
        3 => signed_by_authority(amount("transfer", accounts, &["source", "destination"], data)?, 2),
        4 => signed_by_owner(amount("approve", accounts, &["source", "delegate"], data)?, 2),
        5 => signed_by_owner(Call::new("revoke", accounts, &["source"])?, 1),
        6 => set_authority(accounts, data),
        7 => signed_by_mint_authority(amount("mintTo", accounts, &["mint", "account"], data)?),
        8 => signed_by_authority(amount("burn", accounts, &["account", "mint"], data)?, 2),
        9 => signed_by_owner(Call::new("closeAccount", accounts, &["account", "destination"])?, 2),
        10 => signed_by_freeze_authority(Call::new("freezeAccount", accounts, &["account", "mint"])?),
        11 => signed_by_freeze_authority(Call::new("thawAccount", accounts, &["account", "mint"])?),
        12 => signed_by_authority(shown("transferChecked", accounts, &["source", "mint", "destination"], data)?, 3),
        13 => signed_by_owner(shown("approveChecked", accounts, &["source", "mint", "delegate"], data)?, 3),
        14 => signed_by_mint_authority(shown("mintToChecked", accounts, &["mint", "account"], data)?),
        15 => signed_by_authority(shown("burnChecked", accounts, &["account", "mint"], data)?, 2),
        17 => Call::new("syncNative", accounts, &["account"]),
        21 => get_account_data_size(accounts, data),
        23 => amount("amountToUiAmount", accounts, &["mint"], data),
        24 => {
            let ui_amount = str::from_utf8(data.rest()).ok()?;
            Some(Call::new("uiAmountToAmount", accounts, &["mint"])?.with("uiAmount", ui_amount))
        }
        31 => Call::new("createNativeMint", accounts, &["payer", "nativeMint", "systemProgram"]),
        38 => signed_by_authority(Call::new("withdrawExcessLamports", accounts, &["source", "destination"])?, 2),
        45 => unwrap_lamports(accounts, data),
        _ => None,
    }
}

/// Mints, accounts and multisigs being made; what came later does without the rent sysvar.
fn initialize<'a>(kind: u8, accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    match kind {
        0 => initialize_mint("initializeMint", accounts, &["mint", "rentSysvar"], data),
        1 => Call::new("initializeAccount", accounts, &["account", "mint", "owner", "rentSysvar"]),
        2 => {
            let call = Call::new("initializeMultisig", accounts, &["multisig", "rentSysvar"])?.at_least(3)?;
            Some(call.with_accounts("signers", accounts.get(2..)?).with("m", data.u8()?))
        }
        16 => {
            let call = Call::new("initializeAccount2", accounts, &["account", "mint", "rentSysvar"])?;
            Some(call.with_key("owner", data.key()?))
        }
        18 => Some(Call::new("initializeAccount3", accounts, &["account", "mint"])?.with_key("owner", data.key()?)),
        19 => {
            let call = Call::new("initializeMultisig2", accounts, &["multisig"])?.at_least(2)?;
            Some(call.with_accounts("signers", accounts.get(1..)?).with("m", data.u8()?))
        }
        20 => initialize_mint("initializeMint2", accounts, &["mint"], data),
        _ => Call::new("initializeImmutableOwner", accounts, &["account"]),
    }
}

fn initialize_mint<'a>(
    kind: &'static str,
    accounts: &'a [Pubkey],
    roles: &[&str],
    data: &mut Reader<'_>,
) -> Option<Call<'a>> {
    let call = Call::new(kind, accounts, roles)?.with("decimals", data.u8()?);
    let call = call.with_key("mintAuthority", data.key()?);
    Some(call.with_key_if_any("freezeAuthority", data.option(Reader::key)?))
}

fn set_authority<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let authority_type = *AUTHORITY_TYPES.get(usize::from(data.u8()?))?;
    let owned = if ACCOUNT_AUTHORITIES.contains(&authority_type) { "account" } else { "mint" };
    let call = Call::new("setAuthority", accounts, &[owned])?.with("authorityType", authority_type);
    signed_by_authority(call.with_key_or_null("newAuthority", data.option(Reader::key)?), 1)
}

fn get_account_data_size<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("getAccountDataSize", accounts, &["mint"])?;
    let types = extension_types(data)?;
    Some(if types.is_empty() { call } else { call.with("extensionTypes", types) })
}

/// Extension types to the end of the data.
pub(super) fn extension_types(data: &mut Reader<'_>) -> Option<Vec<&'static str>> {
    let (kinds, rest) = data.rest().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    kinds.iter().map(|bytes| extensions::name(u16::from_le_bytes(*bytes))).collect()
}

fn unwrap_lamports<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("unwrapLamports", accounts, &["source", "destination"])?;
    let call = match data.option(Reader::u64)? {
        Some(amount) => call.with("amount", amount.to_string()),
        None => call,
    };
    signed_by_authority(call, 2)
}

/// An amount in the smallest unit, as text.
fn amount<'a>(kind: &'static str, accounts: &'a [Pubkey], roles: &[&str], data: &mut Reader<'_>) -> Option<Call<'a>> {
    Some(Call::new(kind, accounts, roles)?.with("amount", data.u64()?.to_string()))
}

/// An amount with its decimals.
pub(super) fn shown<'a>(
    kind: &'static str,
    accounts: &'a [Pubkey],
    roles: &[&str],
    data: &mut Reader<'_>,
) -> Option<Call<'a>> {
    let (amount, decimals) = (data.u64()?, data.u8()?);
    let shown = token_amount(amount, &MintFacts::with_decimals(decimals));
    Some(Call::new(kind, accounts, roles)?.with("tokenAmount", shown))
}

fn signed_by_mint_authority(call: Call<'_>) -> Option<Call<'_>> {
    call.signed(2, "mintAuthority", "multisigMintAuthority")
}

fn signed_by_freeze_authority(call: Call<'_>) -> Option<Call<'_>> {
    call.signed(2, "freezeAuthority", "multisigFreezeAuthority")
}
