//! Where the parts of a program's accounts lie in its input region, written down once more so that it is checked against
//! the machine's own (crate `solana-program-runtime` 4.2, `serialization.rs`; the aligned form of loaders v2 and v3).

use heddle_types::limits;
use heddle_vm::solana_sbpf::ebpf::MM_INPUT_START;

use crate::machine::Entry;

/// Guest addresses of one account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountPlace {
    pub(crate) key: u64,
    pub(crate) owner: u64,
    pub(crate) lamports: u64,
    /// Of the data; its length is in the word before.
    pub(crate) data: u64,
    pub(crate) size_bytes: u64,
}

impl AccountPlace {
    fn at(start: u64, size_bytes: usize) -> Self {
        let [key, owner, lamports, data] = [8, 40, 72, 88].map(|offset| start + offset);
        Self { key, owner, lamports, data, size_bytes: size_bytes as u64 }
    }

    /// The first account of any input.
    pub(crate) fn first(size_bytes: usize) -> Self {
        Self::at(MM_INPUT_START + 8, size_bytes)
    }
}

/// Places of the accounts with these indices, in order.
pub(crate) fn places(entries: &[Entry], indices: &[u8]) -> Vec<AccountPlace> {
    let mut places: Vec<AccountPlace> = Vec::with_capacity(indices.len());
    let mut start = MM_INPUT_START + 8;
    for (position, index) in indices.iter().enumerate() {
        if let Some(first) = indices[..position].iter().position(|earlier| earlier == index) {
            places.push(places[first]);
            start += 8;
            continue;
        }
        let size_bytes = entries[usize::from(*index)].account.data.len();
        places.push(AccountPlace::at(start, size_bytes));
        let data_bytes = (size_bytes + limits::INSTRUCTION_DATA_GROWTH_BYTES_MAX).next_multiple_of(8) as u64;
        start += 88 + data_bytes + 8;
    }
    places
}
