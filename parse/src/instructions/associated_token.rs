//! The associated token account program: no data means to create.

use heddle_types::Pubkey;

use super::Call;

const CREATE: [&str; 6] = ["source", "account", "wallet", "mint", "systemProgram", "tokenProgram"];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    match data {
        [] | [0] => Call::new("create", accounts, &CREATE),
        [1] => Call::new("createIdempotent", accounts, &CREATE),
        [2] => {
            let roles =
                ["nestedSource", "nestedMint", "destination", "nestedOwner", "ownerMint", "wallet", "tokenProgram"];
            Call::new("recoverNested", accounts, &roles)
        }
        _ => None,
    }
}
