//! Extensions of mints that are an authority and an address: each is set at first, and the address changed later.

use heddle_types::Pubkey;

use super::{Call, signed_by_authority};
use crate::reader::Reader;

/// What tells the extensions apart.
pub(super) struct Pointer {
    initialize: &'static str,
    update: &'static str,
    address: &'static str,
}

pub(super) const TRANSFER_HOOK: Pointer =
    Pointer { initialize: "initializeTransferHook", update: "updateTransferHook", address: "programId" };
pub(super) const METADATA: Pointer =
    Pointer { initialize: "initializeMetadataPointer", update: "updateMetadataPointer", address: "metadataAddress" };
pub(super) const GROUP: Pointer =
    Pointer { initialize: "initializeGroupPointer", update: "updateGroupPointer", address: "groupAddress" };
pub(super) const GROUP_MEMBER: Pointer = Pointer {
    initialize: "initializeGroupMemberPointer",
    update: "updateGroupMemberPointer",
    address: "memberAddress",
};

impl Pointer {
    pub(super) fn parse<'a>(&self, accounts: &'a [Pubkey], data: &mut Reader<'_>) -> Option<Call<'a>> {
        let call = match data.u8()? {
            0 => {
                let call = Call::new(self.initialize, accounts, &["mint"])?;
                let call = call.with_key_if_any("authority", data.key_or_zero()?);
                call.with_key_if_any(self.address, data.key_or_zero()?)
            }
            1 => {
                let call = Call::new(self.update, accounts, &["mint"])?;
                signed_by_authority(call.with_key_if_any(self.address, data.key_or_zero()?), 1)?
            }
            _ => return None,
        };
        data.end(call)
    }
}
