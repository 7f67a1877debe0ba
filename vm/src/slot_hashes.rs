//! The slot-hashes sysvar, read where it lies: count u64, then (slot u64, hash) per entry, newest first.

use heddle_types::Hash;

const ENTRY_BYTES: usize = 8 + 32;

/// Entries of the sysvar.
#[derive(Clone, Copy, Debug)]
pub struct SlotHashes<'a>(&'a [[u8; ENTRY_BYTES]]);

impl<'a> SlotHashes<'a> {
    /// Reads account data; `None` if it has not all of the entries it counts.
    pub fn decode(data: &'a [u8]) -> Option<Self> {
        let (count, entries) = data.split_first_chunk()?;
        let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
        Some(Self(entries.as_chunks().0.get(..count)?))
    }

    /// Number of entries.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Slot of the entry at `index`; 0 is the newest.
    pub fn slot(&self, index: usize) -> Option<u64> {
        self.0.get(index)?.first_chunk().map(|slot| u64::from_le_bytes(*slot))
    }

    /// Hash of the entry at `index`.
    pub fn hash(&self, index: usize) -> Option<&'a [u8; 32]> {
        self.0.get(index)?.last_chunk()
    }

    /// Every entry, newest first.
    pub fn entries(self) -> impl Iterator<Item = (u64, Hash)> + use<'a> {
        self.0.iter().map(|entry| {
            let (slot, hash) = entry.split_at(8);
            let slot = u64::from_le_bytes(slot.try_into().expect("eight bytes"));
            (slot, Hash::new_from_array(hash.try_into().expect("32 bytes")))
        })
    }

    /// Slot of the oldest entry.
    pub fn oldest_slot(&self) -> Option<u64> {
        self.slot(self.count().checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_there() {
        let mut data = 2u64.to_le_bytes().to_vec();
        for slot in [9u64, 7] {
            data.extend(slot.to_le_bytes());
            data.extend([slot as u8; 32]);
        }
        let entries = SlotHashes::decode(&data).expect("whole");
        assert_eq!(
            (entries.count(), entries.slot(0), entries.oldest_slot(), entries.slot(2)),
            (2, Some(9), Some(7), None)
        );
        assert_eq!((entries.hash(1), entries.hash(2)), (Some(&[7; 32]), None));
        assert!(SlotHashes::decode(&data[..87]).is_none());
        let hostile = [&u64::MAX.to_le_bytes()[..], &data[8..]].concat();
        assert!(SlotHashes::decode(&hostile).is_none());
        let none = SlotHashes::decode(&[0; 8]).expect("empty");
        assert_eq!((none.count(), none.oldest_slot()), (0, None));
    }
}
