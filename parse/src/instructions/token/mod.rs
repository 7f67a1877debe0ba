//! Both token programs: Token-2022's instructions begin with those of the token program and share their numbers.
//!
//! Numbers and arguments are those of crate `spl-token-2022-interface` 3.1, `instruction.rs` and `extension/`; words those
//! of crate `solana-transaction-status` 4.3.2, `parse_token.rs`.

mod base;
mod batch;
mod confidential_mint_burn;
mod confidential_transfer;
mod confidential_transfer_fee;
mod group;
mod metadata;
mod mint_extensions;
mod permissioned_burn;
mod pointers;
mod proofs;
mod switches;
mod transfer_fee;

use heddle_types::Pubkey;

use super::Call;
use crate::reader::Reader;

/// Instructions that are a byte and what follows it, or, of the group and metadata interfaces, eight bytes.
pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    if accounts.is_empty() {
        return None;
    }
    let (&kind, rest) = data.split_first()?;
    let arguments = &mut Reader::new(rest);
    match kind {
        0..=24 | 31 | 38 | 45 => base::parse(kind, accounts, arguments),
        25 | 29 | 32 | 35 => mint_extensions::parse_own(kind, accounts, arguments),
        26 => transfer_fee::parse(accounts, arguments),
        27 => confidential_transfer::parse(accounts, arguments),
        28 => mint_extensions::default_account_state(accounts, arguments),
        30 => switches::memo_transfer(accounts, arguments),
        33 => mint_extensions::interest_bearing(accounts, arguments),
        34 => switches::cpi_guard(accounts, arguments),
        36 => pointers::TRANSFER_HOOK.parse(accounts, arguments),
        37 => confidential_transfer_fee::parse(accounts, arguments),
        39 => pointers::METADATA.parse(accounts, arguments),
        40 => pointers::GROUP.parse(accounts, arguments),
        41 => pointers::GROUP_MEMBER.parse(accounts, arguments),
        42 => confidential_mint_burn::parse(accounts, arguments),
        43 => mint_extensions::scaled_ui_amount(accounts, arguments),
        44 => mint_extensions::pausable(accounts, arguments),
        46 => permissioned_burn::parse(accounts, arguments),
        255 => batch::parse(accounts, arguments),
        _ => group::parse(accounts, data).or_else(|| metadata::parse(accounts, data)),
    }
}

/// Who signs most instructions.
fn signed_by_authority(call: Call<'_>, index: usize) -> Option<Call<'_>> {
    call.signed(index, "authority", "multisigAuthority")
}

/// Who signs for an account.
fn signed_by_owner(call: Call<'_>, index: usize) -> Option<Call<'_>> {
    call.signed(index, "owner", "multisigOwner")
}

/// An instruction on the account or mint at 0 that has no arguments, by whoever is at 1.
fn signed_only<'a>(kind: &'static str, accounts: &'a [Pubkey], role: &str, by: [&str; 2]) -> Option<Call<'a>> {
    Call::new(kind, accounts, &[role])?.signed(1, by[0], by[1])
}
