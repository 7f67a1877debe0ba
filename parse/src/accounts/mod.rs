//! Accounts: who owns one tells how to read it.
//!
//! The list of owners and the order of attempts are those of crate `solana-account-decoder` 4.3.2,
//! `parse_account_data.rs`.

mod address_lookup_table;
mod bpf_upgradeable_loader;
mod config;
mod nonce;
mod stake;
mod sysvar;
mod token;
mod vote;

use heddle_types::{Pubkey, ids};
use serde_json::{Value, json};

use crate::{programs, token::amount::MintFacts};

/// An account, read: `{"program", "parsed", "space"}` minus `space`, which the caller adds.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedAccount {
    /// The owner's name.
    pub program: &'static str,
    /// Mostly `{"type", "info"}`.
    pub parsed: Value,
}

/// Reads the account at `key`.
///
/// Token accounts (not mints) need `mint`, the facts of their mint. `None`: an unknown owner, or data that is not what
/// the owner writes; the caller shows base64.
pub fn parse_account(key: &Pubkey, owner: &Pubkey, data: &[u8], mint: Option<&MintFacts>) -> Option<ParsedAccount> {
    let (program, parsed) = match *owner {
        ids::address_lookup_table::ID => ("address-lookup-table", address_lookup_table::parse(data)?),
        ids::bpf_loader_upgradeable::ID => ("bpf-upgradeable-loader", bpf_upgradeable_loader::parse(data)?),
        ids::config::ID => ("config", config::parse(data)?),
        ids::system_program::ID => ("nonce", nonce::parse(data)?),
        programs::TOKEN => ("spl-token", token::parse(data, mint)?),
        programs::TOKEN_2022 => ("spl-token-2022", token::parse(data, mint)?),
        ids::stake::ID => ("stake", stake::parse(data)?),
        ids::sysvar::ID => ("sysvar", sysvar::parse(key, data)?),
        ids::vote::ID => ("vote", vote::parse(key, data)?),
        _ => return None,
    };
    Some(ParsedAccount { program, parsed })
}

/// A state that holds something.
fn state(kind: &str, info: Value) -> Value {
    json!({ "type": kind, "info": info })
}

/// A state of which there is nothing to tell.
fn bare_state(kind: &str) -> Value {
    json!({ "type": kind })
}

/// A key that may be missing, shown as text or null.
fn text(key: Option<Pubkey>) -> Option<String> {
    key.map(|key| key.to_string())
}
