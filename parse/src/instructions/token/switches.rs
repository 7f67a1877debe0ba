//! Extensions of accounts that are on or off.

use heddle_types::Pubkey;

use super::{Call, signed_only};
use crate::reader::Reader;

const OWNER: [&str; 2] = ["owner", "multisigOwner"];

pub(super) fn memo_transfer<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    switch(["enableRequiredMemoTransfers", "disableRequiredMemoTransfers"], accounts, data)
}

pub(super) fn cpi_guard<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    switch(["enableCpiGuard", "disableCpiGuard"], accounts, data)
}

fn switch<'a>(kinds: [&'static str; 2], accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let kind = kinds.get(usize::from(data.u8()?))?;
    signed_only(kind, accounts, "account", OWNER)
}
