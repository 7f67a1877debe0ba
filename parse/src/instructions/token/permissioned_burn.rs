//! Mints that have a say in every burn.

use heddle_types::Pubkey;

use super::{Call, base, confidential_mint_burn::with_burn, signed_by_authority};
use crate::reader::Reader;

const BURN: [&str; 3] = ["account", "mint", "permissionedBurnAuthority"];

pub(super) fn parse<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = match data.u8()? {
        0 => {
            let call = Call::new("initializePermissionedBurnConfig", accounts, &["mint"])?;
            call.with_key("authority", data.key()?)
        }
        1 => {
            let call = Call::new("permissionedBurn", accounts, &BURN)?;
            signed_by_authority(call.with("amount", data.u64()?.to_string()), 3)?
        }
        2 => signed_by_authority(base::shown("permissionedBurnChecked", accounts, &BURN, data)?, 3)?,
        3 => confidential_burn(accounts, data)?,
        _ => return None,
    };
    data.end(call)
}

/// The mint's authority stands between the proofs and who burns.
fn confidential_burn<'a>(accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
    let call = Call::new("permissionedConfidentialBurn", accounts, &["account", "mint"])?.at_least(4)?;
    let (call, index) = with_burn(call, "newDecryptableAvailableBalance", accounts, 2, data)?;
    let call = call.with_key("permissionedBurnAuthority", *accounts.get(index)?);
    signed_by_authority(call, index + 1)
}
