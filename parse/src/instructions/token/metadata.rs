//! The token metadata interface: eight bytes, the hash of a name, tell the instruction (crate
//! `spl-token-metadata-interface` 1.0, `instruction.rs`).

use heddle_types::Pubkey;

use super::Call;
use crate::reader::Reader;

/// `spl_token_metadata_interface:initialize_account`
const INITIALIZE: [u8; 8] = [210, 225, 30, 162, 88, 184, 77, 141];
/// `spl_token_metadata_interface:updating_field`
const UPDATE_FIELD: [u8; 8] = [221, 233, 49, 45, 181, 202, 220, 200];
/// `spl_token_metadata_interface:remove_key_ix`
const REMOVE_KEY: [u8; 8] = [234, 18, 32, 56, 89, 141, 37, 181];
/// `spl_token_metadata_interface:update_the_authority`
const UPDATE_AUTHORITY: [u8; 8] = [215, 228, 166, 228, 84, 100, 86, 123];
/// `spl_token_metadata_interface:emitter`
const EMIT: [u8; 8] = [250, 166, 180, 250, 13, 12, 184, 70];

const METADATA: [&str; 2] = ["metadata", "updateAuthority"];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    let data = &mut Reader::new(data);
    let call = match data.array()? {
        INITIALIZE => {
            let roles = ["metadata", "updateAuthority", "mint", "mintAuthority"];
            let call = Call::new("initializeTokenMetadata", accounts, &roles)?;
            call.with("name", data.text_u32()?).with("symbol", data.text_u32()?).with("uri", data.text_u32()?)
        }
        UPDATE_FIELD => {
            let call = Call::new("updateTokenMetadataField", accounts, &METADATA)?;
            call.with("field", field(data)?).with("value", data.text_u32()?)
        }
        REMOVE_KEY => {
            let is_idempotent = data.bool()?;
            let call = Call::new("removeTokenMetadataKey", accounts, &METADATA)?;
            call.with("key", data.text_u32()?).with("idempotent", is_idempotent)
        }
        UPDATE_AUTHORITY => {
            let call = Call::new("updateTokenMetadataAuthority", accounts, &METADATA)?;
            call.with_key_or_null("newAuthority", data.key_or_zero()?)
        }
        EMIT => emit(accounts, data)?,
        _ => return None,
    };
    data.end(call)
}

fn field<'a>(data: &mut Reader<'a>) -> Option<&'a str> {
    match data.u8()? {
        0 => Some("name"),
        1 => Some("symbol"),
        2 => Some("uri"),
        3 => data.text_u32(),
        _ => None,
    }
}

/// A range of the metadata's bytes; only the ends that are given are shown.
fn emit<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let mut call = Call::new("emitTokenMetadata", accounts, &["metadata"])?;
    for name in ["start", "end"] {
        if let Some(position) = data.option(Reader::u64)? {
            call = call.with(name, position);
        }
    }
    Some(call)
}
