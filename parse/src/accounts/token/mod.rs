//! Accounts of both token programs: token accounts, mints and multisigs.

mod extensions;

use heddle_types::Pubkey;
use serde_json::{Value, json};

use self::extensions::Base;
use super::{state, text};
use crate::token::{
    amount::{MintFacts, token_amount},
    state::{Mint, Multisig, TokenAccount},
};

/// A token account is not shown without the facts of its mint, because its amount cannot be.
pub(super) fn parse(data: &[u8], facts: Option<&MintFacts>) -> Option<Value> {
    if let Some((account, extensions)) = TokenAccount::read_extended(data) {
        let info = account_info(&account, facts?);
        return Some(state("account", with_extensions(info, extensions, Base::Account)));
    }
    if let Some((mint, extensions)) = Mint::read_extended(data) {
        return Some(state("mint", with_extensions(mint_info(&mint), extensions, Base::Mint)));
    }
    Multisig::read(data).map(|multisig| state("multisig", multisig_info(&multisig)))
}

fn account_info(account: &TokenAccount, facts: &MintFacts) -> Value {
    let mut info = json!({
        "mint": account.mint.to_string(),
        "owner": account.owner.to_string(),
        "tokenAmount": token_amount(account.amount, facts),
    });
    if let Some(delegate) = account.delegate {
        info["delegate"] = delegate.to_string().into();
    }
    info["state"] = account.state.name().into();
    info["isNative"] = account.native_reserve.is_some().into();
    if let Some(reserve) = account.native_reserve {
        info["rentExemptReserve"] = token_amount(reserve, facts);
    }
    if account.delegate.is_some() {
        info["delegatedAmount"] = token_amount(account.delegated_amount, facts);
    }
    if let Some(authority) = account.close_authority {
        info["closeAuthority"] = authority.to_string().into();
    }
    info
}

fn mint_info(mint: &Mint) -> Value {
    json!({
        "mintAuthority": text(mint.mint_authority),
        "supply": mint.supply.to_string(),
        "decimals": mint.decimals,
        "isInitialized": true,
        "freezeAuthority": text(mint.freeze_authority),
    })
}

fn with_extensions(mut info: Value, extensions: &[u8], base: Base) -> Value {
    let shown = extensions::parse(extensions, base);
    if !shown.is_empty() {
        info["extensions"] = shown.into();
    }
    info
}

fn multisig_info(multisig: &Multisig) -> Value {
    let is_set = |signer: &&Pubkey| **signer != Pubkey::default();
    let signers = multisig.signers.iter().filter(is_set).map(Pubkey::to_string).collect::<Vec<_>>();
    json!({
        "numRequiredSigners": multisig.required,
        "numValidSigners": multisig.count,
        "isInitialized": true,
        "signers": signers,
    })
}
