//! Sysvars that a chain is given with its first state and carries on, because no block of ours makes them: stake history,
//! epoch rewards, the last restart slot, and the slot hashes of blocks before genesis.
//!
//! They are read from their accounts as the parent left them, so they are state like any other: a dropped block takes
//! nothing from them and a restart finds them in the store.

use heddle_storage::StoreError;
use heddle_types::{Hash, Pubkey, ids::sysvar};
use heddle_vm::{SysvarCache, slot_hashes_to_bytes};

use crate::{
    chain::{ChainTip, SLOT_HASHES_MAX},
    engine::Shared,
};

/// Never written by a block.
const UNCHANGED: [Pubkey; 3] = [sysvar::stake_history::ID, sysvar::epoch_rewards::ID, sysvar::last_restart_slot::ID];
/// Bytes of an entry of the slot-hashes sysvar: slot, hash.
const SLOT_HASH_BYTES: usize = 40;

/// Completes the sysvars of the block after `tip`; gives back the slots that its slot hashes name, newest first.
///
/// # Errors
/// [`StoreError`] if an account cannot be read.
pub(crate) fn inherit(sysvars: &mut SysvarCache, tip: &ChainTip, shared: &Shared) -> Result<Vec<u64>, StoreError> {
    for id in UNCHANGED {
        if let Some(data) = account_data(shared, &id)? {
            sysvars.set(id, &data);
        }
    }
    let given = account_data(shared, &sysvar::slot_hashes::ID)?.unwrap_or_default();
    let entries = merge(tip.slot_hashes.iter().copied().chain(decode(&given)));
    sysvars.set(sysvar::slot_hashes::ID, &slot_hashes_to_bytes(&entries));
    Ok(entries.into_iter().map(|(slot, _)| slot).collect())
}

fn account_data(shared: &Shared, id: &Pubkey) -> Result<Option<Vec<u8>>, StoreError> {
    let index = shared.table.intern(id);
    shared.table.load(&[index], &*shared.store)?;
    Ok(shared.table.with(index, |account| (account.owner == sysvar::ID).then(|| account.data.to_vec())))
}

/// Entries of account data; as many as are whole.
fn decode(data: &[u8]) -> impl Iterator<Item = (u64, Hash)> + '_ {
    let count = data.first_chunk().map_or(0, |count| u64::from_le_bytes(*count));
    let (entries, _) = data.get(8..).unwrap_or_default().as_chunks::<SLOT_HASH_BYTES>();
    let count = entries.len().min(usize::try_from(count).unwrap_or(usize::MAX));
    entries[..count].iter().filter_map(|entry| {
        let (slot, hash) = entry.split_first_chunk()?;
        Some((u64::from_le_bytes(*slot), Hash::new_from_array(*hash.first_chunk()?)))
    })
}

/// The newest [`SLOT_HASHES_MAX`], newest first; of two with one slot the first.
fn merge(entries: impl Iterator<Item = (u64, Hash)>) -> Vec<(u64, Hash)> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|(slot, _)| std::cmp::Reverse(*slot));
    entries.dedup_by_key(|(slot, _)| *slot);
    entries.truncate(SLOT_HASHES_MAX);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(slot: u64, byte: u8) -> (u64, Hash) {
        (slot, Hash::new_from_array([byte; 32]))
    }

    #[test]
    fn own_blocks_come_before_given_ones_of_their_slot() {
        let merged = merge([entry(9, 1), entry(7, 1), entry(8, 2), entry(7, 2)].into_iter());
        assert_eq!(merged, [entry(9, 1), entry(8, 2), entry(7, 1)]);
    }

    #[test]
    fn no_more_than_the_sysvar_holds() {
        let merged = merge((0..600).map(|slot| entry(slot, 0)));
        assert_eq!((merged.len(), merged[0].0, merged[511].0), (512, 599, 88));
    }

    #[test]
    fn decodes_what_was_encoded_and_no_more_than_there_is() {
        let entries = [entry(5, 1), entry(3, 2)];
        let mut data = slot_hashes_to_bytes(&entries);
        assert!(decode(&data).eq(entries));
        assert!(decode(&data[..60]).eq([entries[0]]));
        data[..8].fill(0xff);
        assert!(decode(&data).eq(entries));
        assert_eq!(decode(&[1, 0, 0]).count(), 0);
    }
}
