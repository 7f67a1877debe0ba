//! Every extension of mints and token accounts (crate `solana-account-decoder` 4.3.2, `parse_token_extension.rs`;
//! layouts of crate `spl-token-2022-interface` 3.1, `extension/`).

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use crate::{
    reader::Reader,
    token::{extensions, state::TokenAccountState},
};

const ELGAMAL_KEY_SIZE_BYTES: usize = 32;
const ELGAMAL_CIPHERTEXT_SIZE_BYTES: usize = 64;
const AES_CIPHERTEXT_SIZE_BYTES: usize = 36;

/// What the extensions are behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Mint,
    Account,
}

/// Shows extensions in their order; none of them if one is malformed.
pub(super) fn parse(bytes: &[u8], base: Base) -> Vec<Value> {
    extensions::list(bytes).into_iter().map(|kind| extension(bytes, kind, base)).collect()
}

/// One extension. Of several of a type, each is shown as the first.
fn extension(bytes: &[u8], kind: u16, base: Base) -> Value {
    if let Some(name) = mark(kind) {
        return json!({ "extension": name });
    }
    let shown = extensions::find(bytes, kind).and_then(|value| match base {
        Base::Mint => of_mint(kind, value),
        Base::Account => of_account(kind, value),
    });
    match shown {
        Some((name, info)) => json!({ "extension": name, "state": info }),
        None => json!({ "extension": "unparseableExtension" }),
    }
}

/// Extensions that say something by being there, whatever they are behind.
fn mark(kind: u16) -> Option<&'static str> {
    match kind {
        7 => Some("immutableOwner"),
        9 => Some("nonTransferable"),
        13 => Some("nonTransferableAccount"),
        27 => Some("pausableAccount"),
        _ => None,
    }
}

fn of_mint(kind: u16, value: &[u8]) -> Option<(&'static str, Value)> {
    let mut reader = Reader::new(value);
    let from = &mut reader;
    let info = match kind {
        1 => ("transferFeeConfig", transfer_fee_config(from)?),
        3 => ("mintCloseAuthority", json!({ "closeAuthority": key(from)? })),
        4 => ("confidentialTransferMint", confidential_transfer_mint(from)?),
        6 => ("defaultAccountState", default_account_state(from)?),
        10 => ("interestBearingConfig", interest_bearing_config(from)?),
        12 => ("permanentDelegate", json!({ "delegate": key(from)? })),
        14 => ("transferHook", json!({ "authority": key(from)?, "programId": key(from)? })),
        16 => ("confidentialTransferFeeConfig", confidential_transfer_fee_config(from)?),
        18 => ("metadataPointer", json!({ "authority": key(from)?, "metadataAddress": key(from)? })),
        // Alone in that it may be shorter than its place.
        19 => return Some(("tokenMetadata", token_metadata(from)?)),
        20 => ("groupPointer", json!({ "authority": key(from)?, "groupAddress": key(from)? })),
        21 => ("tokenGroup", token_group(from)?),
        22 => ("groupMemberPointer", json!({ "authority": key(from)?, "memberAddress": key(from)? })),
        23 => ("tokenGroupMember", token_group_member(from)?),
        24 => ("confidentialMintBurn", confidential_mint_burn(from)?),
        25 => ("scaledUiAmountConfig", scaled_ui_amount_config(from)?),
        26 => ("pausableConfig", json!({ "authority": key(from)?, "paused": flag(from)? })),
        28 => ("permissionedBurnConfig", json!({ "authority": key(from)? })),
        _ => return None,
    };
    reader.end(info)
}

fn of_account(kind: u16, value: &[u8]) -> Option<(&'static str, Value)> {
    let mut reader = Reader::new(value);
    let from = &mut reader;
    let info = match kind {
        2 => ("transferFeeAmount", json!({ "withheldAmount": from.u64()? })),
        5 => ("confidentialTransferAccount", confidential_transfer_account(from)?),
        8 => ("memoTransfer", json!({ "requireIncomingTransferMemos": flag(from)? })),
        11 => ("cpiGuard", json!({ "lockCpi": flag(from)? })),
        15 => ("transferHookAccount", json!({ "transferring": flag(from)? })),
        17 => ("confidentialTransferFeeAmount", json!({ "withheldAmount": ciphertext(from)? })),
        _ => return None,
    };
    reader.end(info)
}

fn transfer_fee_config(from: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "transferFeeConfigAuthority": key(from)?,
        "withdrawWithheldAuthority": key(from)?,
        "withheldAmount": from.u64()?,
        "olderTransferFee": transfer_fee(from)?,
        "newerTransferFee": transfer_fee(from)?,
    }))
}

fn transfer_fee(from: &mut Reader<'_>) -> Option<Value> {
    Some(json!({ "epoch": from.u64()?, "maximumFee": from.u64()?, "transferFeeBasisPoints": from.u16()? }))
}

fn confidential_transfer_mint(from: &mut Reader<'_>) -> Option<Value> {
    let authority = key(from)?;
    let auto_approve_new_accounts = flag(from)?;
    let auditor: [u8; ELGAMAL_KEY_SIZE_BYTES] = from.array()?;
    Some(json!({
        "authority": authority,
        "autoApproveNewAccounts": auto_approve_new_accounts,
        "auditorElgamalPubkey": (auditor != [0; ELGAMAL_KEY_SIZE_BYTES]).then(|| BASE64_STANDARD.encode(auditor)),
    }))
}

fn default_account_state(from: &mut Reader<'_>) -> Option<Value> {
    let state = TokenAccountState::from_byte(from.u8()?).unwrap_or(TokenAccountState::Uninitialized);
    Some(json!({ "accountState": state.name() }))
}

fn interest_bearing_config(from: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "rateAuthority": key(from)?,
        "initializationTimestamp": from.i64()?,
        "preUpdateAverageRate": from.i16()?,
        "lastUpdateTimestamp": from.i64()?,
        "currentRate": from.i16()?,
    }))
}

fn confidential_transfer_fee_config(from: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "authority": key(from)?,
        "withdrawWithheldAuthorityElgamalPubkey": base64(from, ELGAMAL_KEY_SIZE_BYTES)?,
        "harvestToMintEnabled": flag(from)?,
        "withheldAmount": ciphertext(from)?,
    }))
}

fn token_metadata(from: &mut Reader<'_>) -> Option<Value> {
    let update_authority = key(from)?;
    let mint = from.key()?;
    let (name, symbol, uri) = (from.text_u32()?, from.text_u32()?, from.text_u32()?);
    let mut additional = Vec::new();
    for _ in 0..from.u32()? {
        additional.push(json!([from.text_u32()?, from.text_u32()?]));
    }
    Some(json!({
        "updateAuthority": update_authority,
        "mint": mint.to_string(),
        "name": name,
        "symbol": symbol,
        "uri": uri,
        "additionalMetadata": additional,
    }))
}

fn token_group(from: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "updateAuthority": key(from)?,
        "mint": from.key()?.to_string(),
        "size": from.u64()?,
        "maxSize": from.u64()?,
    }))
}

fn token_group_member(from: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "mint": from.key()?.to_string(),
        "group": from.key()?.to_string(),
        "memberNumber": from.u64()?,
    }))
}

fn confidential_mint_burn(from: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "confidentialSupply": ciphertext(from)?,
        "decryptableSupply": base64(from, AES_CIPHERTEXT_SIZE_BYTES)?,
        "supplyElgamalPubkey": base64(from, ELGAMAL_KEY_SIZE_BYTES)?,
        "pendingBurn": ciphertext(from)?,
    }))
}

fn scaled_ui_amount_config(from: &mut Reader<'_>) -> Option<Value> {
    Some(json!({
        "authority": key(from)?,
        "multiplier": from.f64()?.to_string(),
        "newMultiplierEffectiveTimestamp": from.i64()?,
        "newMultiplier": from.f64()?.to_string(),
    }))
}

fn confidential_transfer_account(from: &mut Reader<'_>) -> Option<Value> {
    let mut info = Map::new();
    info.insert("approved".to_owned(), flag(from)?.into());
    info.insert("elgamalPubkey".to_owned(), base64(from, ELGAMAL_KEY_SIZE_BYTES)?.into());
    for name in ["pendingBalanceLo", "pendingBalanceHi", "availableBalance"] {
        info.insert(name.to_owned(), ciphertext(from)?.into());
    }
    info.insert("decryptableAvailableBalance".to_owned(), base64(from, AES_CIPHERTEXT_SIZE_BYTES)?.into());
    for name in ["allowConfidentialCredits", "allowNonConfidentialCredits"] {
        info.insert(name.to_owned(), flag(from)?.into());
    }
    for counter in ["pendingBalance", "maximumPendingBalance", "expectedPendingBalance", "actualPendingBalance"] {
        info.insert(format!("{counter}CreditCounter"), from.u64()?.into());
    }
    Some(info.into())
}

/// A key as text, null for 32 zeroes.
fn key(from: &mut Reader<'_>) -> Option<Value> {
    Some(super::text(from.key_or_zero()?).into())
}

/// Anything but 0 is true.
fn flag(from: &mut Reader<'_>) -> Option<bool> {
    from.u8().map(|byte| byte != 0)
}

fn ciphertext(from: &mut Reader<'_>) -> Option<String> {
    base64(from, ELGAMAL_CIPHERTEXT_SIZE_BYTES)
}

fn base64(from: &mut Reader<'_>, size_bytes: usize) -> Option<String> {
    from.bytes(size_bytes).map(|bytes| BASE64_STANDARD.encode(bytes))
}
