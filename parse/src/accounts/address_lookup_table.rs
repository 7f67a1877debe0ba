//! Address lookup tables: 56 bytes of facts, then addresses (crate `solana-address-lookup-table-interface` 3.2,
//! `state.rs`).

use heddle_types::Pubkey;
use serde_json::{Value, json};

use super::{bare_state, state};
use crate::reader::Reader;

const META_SIZE_BYTES: usize = 56;

pub(super) fn parse(data: &[u8]) -> Option<Value> {
    let mut reader = Reader::new(data);
    match reader.u32()? {
        0 => Some(bare_state("uninitialized")),
        1 => lookup_table(reader, data),
        _ => None,
    }
}

fn lookup_table(mut reader: Reader<'_>, data: &[u8]) -> Option<Value> {
    let deactivation_slot = reader.u64()?;
    let last_extended_slot = reader.u64()?;
    let start_index = reader.u8()?;
    let authority = reader.option(Reader::key)?;
    let _padding = reader.u16()?;
    let (addresses, rest) = data.get(META_SIZE_BYTES..)?.as_chunks::<32>();
    if !rest.is_empty() {
        return None;
    }
    let addresses = addresses.iter().map(|bytes| Pubkey::new_from_array(*bytes).to_string()).collect::<Vec<_>>();
    let mut info = json!({
        "deactivationSlot": deactivation_slot.to_string(),
        "lastExtendedSlot": last_extended_slot.to_string(),
        "lastExtendedSlotStartIndex": start_index,
    });
    if let Some(authority) = authority {
        info["authority"] = authority.to_string().into();
    }
    info["addresses"] = addresses.into();
    Some(state("lookupTable", info))
}
