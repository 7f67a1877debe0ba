//! What is kept of the past, and the values of the indexes by signature and by address.

use heddle_types::TransactionPlace;

use super::{DecodeError, LAYOUT_VERSION, cursor::Cursor};
use crate::{Ledger, LedgerOptions};

/// Stands for "not kept".
const NEVER: u64 = u64::MAX;

/// The stored form of what is kept.
///
/// Which parts are asked for follows from which are kept.
pub fn encode_ledger(ledger: &Ledger) -> [u8; 65] {
    let mut out = [LAYOUT_VERSION; 65];
    let slots = [
        ledger.options.keep_slots,
        Some(ledger.options.history_slots),
        Some(ledger.blocks_from),
        ledger.details_from,
        ledger.signatures_from,
        ledger.addresses_from,
        ledger.history_from,
        Some(ledger.statuses_from),
    ];
    for (place, slot) in out[1..].chunks_exact_mut(8).zip(slots) {
        place.copy_from_slice(&slot.unwrap_or(NEVER).to_le_bytes());
    }
    out
}

/// Reads what is kept.
///
/// # Errors
/// If the bytes are not what [`encode_ledger`] writes.
pub fn decode_ledger(bytes: &[u8]) -> Result<Ledger, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let optional = |cursor: &mut Cursor<'_>| cursor.u64().map(|slot| (slot != NEVER).then_some(slot));
    let keep_slots = optional(&mut cursor)?;
    let history_slots = cursor.u64()?;
    let blocks_from = cursor.u64()?;
    let mut parts = [None; 4];
    for part in &mut parts {
        *part = optional(&mut cursor)?;
    }
    let statuses_from = cursor.u64()?;
    cursor.finish()?;
    let [details_from, signatures_from, addresses_from, history_from] = parts;
    if history_from.is_some() != (history_slots > 0) {
        return Err(DecodeError::Value { field: "history slots", value: history_slots });
    }
    let options = LedgerOptions {
        keep_slots,
        details: details_from.is_some(),
        signatures: signatures_from.is_some(),
        addresses: addresses_from.is_some(),
        history_slots,
    };
    Ok(Ledger { options, blocks_from, details_from, signatures_from, addresses_from, history_from, statuses_from })
}

/// The stored form of a transaction's place.
pub fn encode_place(place: TransactionPlace) -> [u8; 13] {
    let mut out = [LAYOUT_VERSION; 13];
    out[1..9].copy_from_slice(&place.slot.to_le_bytes());
    out[9..].copy_from_slice(&place.position.to_le_bytes());
    out
}

/// Reads a transaction's place.
///
/// # Errors
/// If the bytes are not what [`encode_place`] writes.
pub fn decode_place(bytes: &[u8]) -> Result<TransactionPlace, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let place = TransactionPlace { slot: cursor.u64()?, position: cursor.u32()? };
    cursor.finish()?;
    Ok(place)
}

/// The stored form of positions in one block, ascending; O(n).
pub fn encode_positions(positions: impl IntoIterator<Item = u32>, out: &mut Vec<u8>) {
    out.push(LAYOUT_VERSION);
    positions.into_iter().for_each(|position| out.extend_from_slice(&position.to_le_bytes()));
}

/// Reads positions in one block; O(n).
///
/// # Errors
/// If the bytes are not what [`encode_positions`] writes: at least one, ascending.
pub fn decode_positions(bytes: &[u8]) -> Result<Vec<u32>, DecodeError> {
    let mut cursor = Cursor::versioned(bytes)?;
    let mut positions = vec![cursor.u32()?];
    while cursor.left_bytes() > 0 {
        let position = cursor.u32()?;
        if positions.last().is_some_and(|last| *last >= position) {
            return Err(DecodeError::Value { field: "position", value: position.into() });
        }
        positions.push(position);
    }
    Ok(positions)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(
            slots: [u64; 2], keep_slots in proptest::option::of(0..u64::MAX), history_slots in 1..=u64::MAX, kept in proptest::array::uniform4(proptest::option::of(0..u64::MAX)), position: u32,
            positions in proptest::collection::btree_set(any::<u32>(), 1..9),
        ) {
            let [details_from, signatures_from, addresses_from, history_from] = kept;
            let options = LedgerOptions {
                keep_slots,
                details: details_from.is_some(),
                signatures: signatures_from.is_some(),
                addresses: addresses_from.is_some(),
                history_slots: if history_from.is_some() { history_slots } else { 0 },
            };
            let [blocks_from, statuses_from] = slots;
            let ledger =
                Ledger { options, blocks_from, details_from, signatures_from, addresses_from, history_from, statuses_from };
            prop_assert_eq!(decode_ledger(&encode_ledger(&ledger)), Ok(ledger));
            let place = TransactionPlace { slot: slots[0], position };
            prop_assert_eq!(decode_place(&encode_place(place)), Ok(place));
            let mut bytes = Vec::new();
            encode_positions(positions.iter().copied(), &mut bytes);
            prop_assert_eq!(decode_positions(&bytes), Ok(positions.into_iter().collect()));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            if let Some(first) = bytes.first_mut() {
                *first = LAYOUT_VERSION;
            }
            if let Ok(ledger) = decode_ledger(&bytes) {
                prop_assert_eq!(&encode_ledger(&ledger)[..], &bytes);
            }
            if let Ok(place) = decode_place(&bytes) {
                prop_assert_eq!(&encode_place(place)[..], &bytes);
            }
            if let Ok(positions) = decode_positions(&bytes) {
                let mut again = Vec::new();
                encode_positions(positions, &mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }

    #[test]
    fn positions_ascend() {
        assert!(decode_positions(&[1]).is_err(), "none");
        let mut bytes = Vec::new();
        encode_positions([4, 4], &mut bytes);
        assert_eq!(decode_positions(&bytes), Err(DecodeError::Value { field: "position", value: 4 }));
    }
}
