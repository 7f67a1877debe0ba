//! The token group interface: eight bytes, the hash of a name, tell the instruction (crate `spl-token-group-interface`
//! 0.7, `instruction.rs`).

use heddle_types::Pubkey;

use super::Call;
use crate::reader::Reader;

/// `spl_token_group_interface:initialize_token_group`
const INITIALIZE_GROUP: [u8; 8] = [121, 113, 108, 39, 54, 51, 0, 4];
/// `spl_token_group_interface:update_group_max_size`
const UPDATE_GROUP_MAX_SIZE: [u8; 8] = [108, 37, 171, 143, 248, 30, 18, 110];
/// `spl_token_group_interface:update_authority`
const UPDATE_GROUP_AUTHORITY: [u8; 8] = [161, 105, 88, 1, 237, 221, 216, 203];
/// `spl_token_group_interface:initialize_member`
const INITIALIZE_MEMBER: [u8; 8] = [152, 32, 222, 176, 223, 237, 116, 134];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    let data = &mut Reader::new(data);
    let call = match data.array()? {
        INITIALIZE_GROUP => {
            let call = Call::new("initializeTokenGroup", accounts, &["group", "mint", "mintAuthority"])?;
            call.with_key_or_null("updateAuthority", data.key_or_zero()?).with("maxSize", data.u64()?)
        }
        UPDATE_GROUP_MAX_SIZE => {
            let call = Call::new("updateTokenGroupMaxSize", accounts, &["group", "updateAuthority"])?;
            call.with("maxSize", data.u64()?)
        }
        UPDATE_GROUP_AUTHORITY => {
            let call = Call::new("updateTokenGroupAuthority", accounts, &["group", "updateAuthority"])?;
            call.with_key_or_null("newAuthority", data.key_or_zero()?)
        }
        INITIALIZE_MEMBER => {
            let roles = ["member", "memberMint", "memberMintAuthority", "group", "groupUpdateAuthority"];
            Call::new("initializeTokenGroupMember", accounts, &roles)?
        }
        _ => return None,
    };
    data.end(call)
}
