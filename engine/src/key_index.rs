//! From keys to the dense indices of their accounts: an open-addressed table that can be asked for many keys at once.
//!
//! With millions of accounts every key costs memory accesses that miss all caches: one here, one or two in the account
//! table. A general hash map makes each of them wait for the one before. Here a key's place is known from its hash alone,
//! so the first accesses for a whole batch of keys are under way together.
//!
//! An entry holds 32 bits of the key's hash beside the index, so that other keys are told apart without looking at
//! their accounts, and so that the table grows without looking at any. Attackers choose keys, so the hash is keyed at
//! random. A removed entry leaves no trace: those behind it move up.

use std::hash::{BuildHasher, Hasher};

use ahash::RandomState;
use heddle_types::{AccountIndex, Pubkey};

/// Parts of the table; a power of two. One part at a time grows.
const SHARD_COUNT: usize = 64;
const ENTRIES_FIRST: usize = 16;
/// A place that holds nothing.
const EMPTY: u64 = u64::MAX;

/// See the [module](self).
pub(crate) struct KeyIndex {
    shards: Vec<Shard>,
    hasher: RandomState,
}

/// One part: a power of two of places, at most three quarters of them taken.
struct Shard {
    /// Hash bits in the upper half, index in the lower.
    places: Vec<u64>,
    count: usize,
}

/// Where a key is looked for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    shard: u32,
    tag: u32,
}

impl KeyIndex {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARD_COUNT).map(|_| Shard::new()).collect(), hasher: RandomState::new() }
    }

    /// Where `key` is looked for.
    pub(crate) fn place(&self, key: &Pubkey) -> Place {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key.as_array());
        let hash = hasher.finish();
        Place { shard: (hash >> 58) as u32 % SHARD_COUNT as u32, tag: hash as u32 }
    }

    /// The entry that a search would look at first: one memory access, whose value [`Self::find_from`] takes.
    #[inline]
    pub(crate) fn first_look(&self, place: Place) -> u64 {
        let shard = &self.shards[place.shard as usize];
        shard.places[shard.first(place.tag)]
    }

    /// The index at `place` for which `is_key` holds.
    pub(crate) fn find(&self, place: Place, is_key: impl FnMut(AccountIndex) -> bool) -> Option<AccountIndex> {
        self.find_from(place, self.first_look(place), is_key)
    }

    /// As [`Self::find`], after the first look.
    #[inline]
    pub(crate) fn find_from(
        &self,
        place: Place,
        first_look: u64,
        mut is_key: impl FnMut(AccountIndex) -> bool,
    ) -> Option<AccountIndex> {
        let shard = &self.shards[place.shard as usize];
        let mut position = shard.first(place.tag);
        let mut entry = first_look;
        while entry != EMPTY {
            let index = AccountIndex(entry as u32);
            if (entry >> 32) as u32 == place.tag && is_key(index) {
                return Some(index);
            }
            position = (position + 1) & (shard.places.len() - 1);
            entry = shard.places[position];
        }
        None
    }

    /// Removes the key that has `index` at `place`; whether it was there.
    pub(crate) fn remove(&mut self, place: Place, index: AccountIndex) -> bool {
        self.shards[place.shard as usize].remove(u64::from(place.tag) << 32 | u64::from(index.0))
    }

    /// Adds a key that is not there.
    pub(crate) fn insert(&mut self, place: Place, index: AccountIndex) {
        let shard = &mut self.shards[place.shard as usize];
        if 4 * (shard.count + 1) > 3 * shard.places.len() {
            shard.grow();
        }
        shard.put(u64::from(place.tag) << 32 | u64::from(index.0));
        shard.count += 1;
    }
}

impl Shard {
    fn new() -> Self {
        Self { places: vec![EMPTY; ENTRIES_FIRST], count: 0 }
    }

    #[inline]
    fn first(&self, tag: u32) -> usize {
        // Multiplied, so that the upper bits of a tag count too.
        (u64::from(tag).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & (self.places.len() - 1)
    }

    fn put(&mut self, entry: u64) {
        let mut position = self.first((entry >> 32) as u32);
        while self.places[position] != EMPTY {
            position = (position + 1) & (self.places.len() - 1);
        }
        self.places[position] = entry;
    }

    fn remove(&mut self, entry: u64) -> bool {
        let last = self.places.len() - 1;
        let mut hole = self.first((entry >> 32) as u32);
        while self.places[hole] != entry {
            if self.places[hole] == EMPTY {
                return false;
            }
            hole = (hole + 1) & last;
        }
        // Whoever could not have its first place because of this entry may have it now.
        let mut position = (hole + 1) & last;
        while self.places[position] != EMPTY {
            let first = self.first((self.places[position] >> 32) as u32);
            let is_behind_hole = (position.wrapping_sub(first) & last) >= (position.wrapping_sub(hole) & last);
            if is_behind_hole {
                self.places[hole] = self.places[position];
                hole = position;
            }
            position = (position + 1) & last;
        }
        self.places[hole] = EMPTY;
        self.count -= 1;
        true
    }

    fn grow(&mut self) {
        let larger = vec![EMPTY; 2 * self.places.len()];
        for entry in std::mem::replace(&mut self.places, larger) {
            if entry != EMPTY {
                self.put(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_and_no_other() {
        let key = |n: u32| Pubkey::new_from_array(*blake3::hash(&n.to_le_bytes()).as_bytes());
        let keys: Vec<Pubkey> = (0..20_000).map(key).collect();
        let mut table = KeyIndex::new();
        for (index, key) in keys.iter().enumerate() {
            let place = table.place(key);
            assert_eq!(table.find(place, |other| keys[other.0 as usize] == *key), None);
            table.insert(place, AccountIndex(index as u32));
        }
        for (index, key) in keys.iter().enumerate() {
            let found = table.find(table.place(key), |other| keys[other.0 as usize] == *key);
            assert_eq!(found, Some(AccountIndex(index as u32)));
        }
        let absent = key(20_000);
        assert_eq!(table.find(table.place(&absent), |other| keys[other.0 as usize] == absent), None);
        let places: usize = table.shards.iter().map(|shard| shard.places.len()).sum();
        assert!(places <= 3 * keys.len(), "{places} places for {} keys", keys.len());
    }

    #[test]
    fn removed_keys_are_gone_and_all_others_stay() {
        let mut random = 1u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) % below
        };
        // Few tags in one shard, so that runs are long and wrap around.
        let place = |tag: u32| Place { shard: 0, tag };
        let mut table = KeyIndex::new();
        let mut model = std::collections::BTreeMap::new();
        for step in 0..20_000u32 {
            let tag = next(40) as u32;
            if next(100) < 52 && model.len() < 300 {
                table.insert(place(tag), AccountIndex(step));
                model.insert(step, tag);
            } else if let Some((&index, &tag)) = model.iter().nth(next(model.len().max(1) as u64) as usize) {
                model.remove(&index);
                assert!(table.remove(place(tag), AccountIndex(index)));
                assert!(!table.remove(place(tag), AccountIndex(index)));
            }
            if step % 50 == 0 {
                for (&index, &tag) in &model {
                    assert_eq!(table.find(place(tag), |found| found.0 == index), Some(AccountIndex(index)));
                }
                assert_eq!(table.shards[0].count, model.len());
                let taken = table.shards[0].places.iter().filter(|entry| **entry != EMPTY).count();
                assert_eq!(taken, model.len());
            }
        }
        assert!(model.len() > 50, "{}", model.len());
    }

    #[test]
    fn keys_with_one_hash_are_told_apart() {
        let mut table = KeyIndex::new();
        let place = Place { shard: 3, tag: 7 };
        for index in 0..40 {
            table.insert(place, AccountIndex(index));
        }
        assert!((0..40).all(|n| table.find(place, |index| index.0 == n) == Some(AccountIndex(n))));
        assert_eq!(table.find(place, |_| false), None);
    }
}
