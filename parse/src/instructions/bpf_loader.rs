//! Loader v2 (crate `solana-loader-v2-interface` 3.1).

use base64::{Engine, prelude::BASE64_STANDARD};
use heddle_types::Pubkey;

use super::Call;
use crate::reader::Reader;

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &[u8]) -> Option<Call<'a>> {
    let data = &mut Reader::new(data);
    match data.u32()? {
        0 => {
            let call = Call::new("write", accounts, &[])?.with("offset", data.u32()?);
            let call = call.with("bytes", BASE64_STANDARD.encode(data.bytes_u64()?));
            Some(call.with_account_if_any("account", 0))
        }
        1 => Call::new("finalize", accounts, &["account"])?.at_least(2),
        _ => None,
    }
}
