//! The extensions behind a base state: entries of type, length and value.
//!
//! As crate `spl-token-2022-interface` 3.1, `extension/mod.rs` walks them, which is not one walk but two: listing gives up
//! on the first malformed entry, searching passes over types that it does not know.

use crate::reader::Reader;

/// Extension types by number, as `getAccountDataSize` and `reallocate` show them.
const NAMES: [&str; 29] = [
    "uninitialized",
    "transferFeeConfig",
    "transferFeeAmount",
    "mintCloseAuthority",
    "confidentialTransferMint",
    "confidentialTransferAccount",
    "defaultAccountState",
    "immutableOwner",
    "memoTransfer",
    "nonTransferable",
    "interestBearingConfig",
    "cpiGuard",
    "permanentDelegate",
    "nonTransferableAccount",
    "transferHook",
    "transferHookAccount",
    "confidentialTransferFeeConfig",
    "confidentialTransferFeeAmount",
    "metadataPointer",
    "tokenMetadata",
    "groupPointer",
    "tokenGroup",
    "groupMemberPointer",
    "tokenGroupMember",
    "confidentialMintBurn",
    "scaledUiAmount",
    "pausable",
    "pausableAccount",
    "permissionedBurn",
];

const UNINITIALIZED: u16 = 0;
pub(crate) const INTEREST_BEARING_CONFIG: u16 = 10;
pub(crate) const SCALED_UI_AMOUNT: u16 = 25;

/// The name of an extension type, `None` for one that does not exist.
pub(crate) fn name(kind: u16) -> Option<&'static str> {
    NAMES.get(usize::from(kind)).copied()
}

/// The types of all entries in order; none at all if one of them is malformed or unknown.
pub(crate) fn list(extensions: &[u8]) -> Vec<u16> {
    list_all(extensions).unwrap_or_default()
}

fn list_all(extensions: &[u8]) -> Option<Vec<u16>> {
    let mut reader = Reader::new(extensions);
    let mut kinds = Vec::new();
    // A single byte left over is the end too: reallocation leaves one.
    while let Some(kind) = reader.u16() {
        name(kind)?;
        if kind == UNINITIALIZED {
            break;
        }
        let size_bytes = reader.u16()?;
        reader.bytes(usize::from(size_bytes))?;
        kinds.push(kind);
    }
    Some(kinds)
}

/// The value of the first entry of a type.
pub(crate) fn find(extensions: &[u8], kind: u16) -> Option<&[u8]> {
    let mut reader = Reader::new(extensions);
    loop {
        let found = reader.u16()?;
        let size_bytes = reader.u16()?;
        if found == UNINITIALIZED {
            return None;
        }
        let value = reader.bytes(usize::from(size_bytes))?;
        if found == kind {
            return Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_listed_and_found() {
        let bytes = [7, 0, 0, 0, 8, 0, 1, 0, 1, 0, 0, 9];
        assert_eq!(list(&bytes), [7, 8]);
        assert_eq!(find(&bytes, 8), Some(&[1][..]));
        assert_eq!(find(&bytes, 9), None);
    }

    #[test]
    fn malformed_entries_are_listed_as_none() {
        assert!(list(&[7, 0, 0, 0, 8, 0, 9, 0, 1]).is_empty());
        assert!(list(&[7, 0, 0, 0, 8, 0]).is_empty());
        assert!(list(&[200, 0, 0, 0, 7, 0, 0, 0]).is_empty());
        assert_eq!(find(&[200, 0, 0, 0, 7, 0, 0, 0], 7), Some(&[][..]));
        assert_eq!(list(&[7, 0, 0, 0, 8]), [7]);
    }
}
