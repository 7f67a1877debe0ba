//! No static key may occur twice.

use solana_pubkey::Pubkey;

use super::error::{self, WireError, WireErrorReason, WireField};

/// Bits of the filter that tells most keys apart without comparing them. Eight times the most keys a transaction has
/// (64), so that on average fewer than four searches are in vain.
const FILTER_BITS_LOG2: u32 = 9;
const FILTER_WORDS: usize = 1 << (FILTER_BITS_LOG2 - u64::BITS.ilog2());

/// Refuses keys that repeat; `offset` is where they begin. O(n) but for chosen keys that collide in the filter, which
/// cost O(n²) for at most 64 keys.
#[inline(always)]
pub(super) fn check_unique(keys: &[Pubkey], offset: usize) -> Result<(), WireError> {
    let mut filter = [0u64; FILTER_WORDS];
    for (index, key) in keys.iter().enumerate() {
        let bit = filter_bit(key);
        let word = &mut filter[bit / u64::BITS as usize];
        let mask = 1 << (bit % u64::BITS as usize);
        if *word & mask != 0 {
            check_repetition(keys, index, offset)?;
        }
        *word |= mask;
    }
    Ok(())
}

/// A bit number from the first and last eight bytes: vanity keys share one of them.
#[inline(always)]
fn filter_bit(key: &Pubkey) -> usize {
    /// 2⁶⁴ / φ: spreads its factor over the high bits.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let [first, _, _, last]: [u64; 4] = bytemuck::cast(key.to_bytes());
    let mixed = (first ^ last).wrapping_mul(SPREAD);
    (mixed >> (u64::BITS - FILTER_BITS_LOG2)) as usize
}

#[inline(never)]
fn check_repetition(keys: &[Pubkey], index: usize, offset: usize) -> Result<(), WireError> {
    let Some(first) = keys[..index].iter().position(|key| *key == keys[index]) else { return Ok(()) };
    // Both fit: no transaction holds more than 64 static keys.
    let reason = WireErrorReason::DuplicateKey { first: first as u8, index: index as u8 };
    Err(error::refuse(WireField::StaticKeys, offset + index * size_of::<Pubkey>(), reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &[Pubkey], expected: Option<(u8, u8)>) {
        let expected = match expected {
            None => Ok(()),
            Some((first, index)) => {
                let reason = WireErrorReason::DuplicateKey { first, index };
                Err(WireError { field: WireField::StaticKeys, offset: 100 + 32 * usize::from(index), reason })
            }
        };
        assert_eq!(check_unique(keys, 100), expected);
    }

    /// Keys that all fall on one bit of the filter, so that only the comparison tells them apart.
    fn colliding_keys() -> Vec<Pubkey> {
        (0..64).map(|n| Pubkey::from(std::array::from_fn(|byte| if byte == 16 { n } else { 7 }))).collect()
    }

    #[test]
    fn every_pair_of_equal_keys_is_found() {
        let distinct: Vec<_> = (0..64u8).map(|n| Pubkey::from([n; 32])).collect();
        for keys in [distinct, colliding_keys()] {
            check(&keys, None);
            for (first, index) in (0..64).flat_map(|index| (0..index).map(move |first| (first, index))) {
                let mut keys = keys.clone();
                keys[usize::from(index)] = keys[usize::from(first)];
                check(&keys, Some((first, index)));
            }
        }
    }

    #[test]
    fn of_several_repetitions_the_first_is_named() {
        let key = |n: u8| Pubkey::from([n; 32]);
        check(&[], None);
        check(&[key(1), key(2), key(2), key(1)], Some((1, 2)));
        check(&[key(1), key(1), key(1)], Some((0, 1)));
    }
}
