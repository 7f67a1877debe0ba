//! Sums of BLAKE3 outputs, lane by lane modulo 2^16 (SIMD-0215).
//!
//! The sums stay as the kernels make them, word by word of all output blocks, and are put in order once at the end.

use crate::compression::CHUNK_BYTES;
use crate::instructions::Instructions;
use crate::queue::Queue;

/// Lanes of a term and of a sum.
pub const LANE_COUNT: usize = 1024;

/// Tags of queued inputs, and the indices of what they are summed into.
const ADDED: u32 = 0;
const SUBTRACTED: u32 = 1;

/// Sixteen words of each of the 32 output blocks: for each word, its low and high half in each block.
#[derive(Clone)]
#[repr(align(64))]
pub(crate) struct Sums(pub(crate) [[u16; 64]; 16]);

/// A sum of terms: each term is the first 2048 bytes of an input's BLAKE3 output, as 1024 little-endian words.
///
/// ```text
///            add, subtract                 full, merge, into_lanes
/// parts ───────────────────▶ queue ─────────────────────────────────▶ sums of added, of subtracted
/// ```
pub struct LatticeSum {
    instructions: Instructions,
    queue: Queue,
    /// By tag. Two sums, so that the kernel only ever adds.
    sums: Box<[Sums; 2]>,
    /// The terms of long inputs, whose output the `blake3` crate delivers in order.
    in_order: Box<[u16; LANE_COUNT]>,
}

impl Default for LatticeSum {
    fn default() -> Self {
        Self::new()
    }
}

impl LatticeSum {
    /// The sum of nothing. The only allocations until [`Self::into_lanes`].
    pub fn new() -> Self {
        Self::with(Instructions::widest())
    }

    fn with(instructions: Instructions) -> Self {
        Self {
            instructions,
            queue: Queue::new(),
            sums: Box::new([const { Sums([[0; 64]; 16]) }; 2]),
            in_order: Box::new([0; LANE_COUNT]),
        }
    }

    /// Adds the term of the concatenation of `parts`.
    pub fn add(&mut self, parts: &[&[u8]]) {
        self.push(parts, ADDED);
    }

    /// Takes away the term of the concatenation of `parts`.
    pub fn subtract(&mut self, parts: &[&[u8]]) {
        self.push(parts, SUBTRACTED);
    }

    /// Adds all that `other` holds.
    pub fn merge(&mut self, mut other: Self) {
        other.flush();
        for (sums, others) in self.sums.iter_mut().zip(other.sums.iter()) {
            for (sum, other) in sums.0.as_flattened_mut().iter_mut().zip(others.0.as_flattened()) {
                *sum = sum.wrapping_add(*other);
            }
        }
        for (lane, other) in self.in_order.iter_mut().zip(other.in_order.iter()) {
            *lane = lane.wrapping_add(*other);
        }
    }

    /// The lanes of the sum.
    pub fn into_lanes(mut self) -> Box<[u16; LANE_COUNT]> {
        self.flush();
        let [added, subtracted] = &*self.sums;
        let mut lanes = self.in_order;
        for (index, lane) in lanes.iter_mut().enumerate() {
            let (block, word, half) = (index / 32, index / 2 % 16, index % 2);
            let place = 2 * block + half;
            let in_lanes = added.0[word][place].wrapping_sub(subtracted.0[word][place]);
            *lane = lane.wrapping_add(in_lanes);
        }
        lanes
    }

    fn push(&mut self, parts: &[&[u8]], tag: u32) {
        if parts.iter().map(|part| part.len()).sum::<usize>() > CHUNK_BYTES {
            return self.add_long(parts, tag);
        }
        if !self.queue.has_room() {
            self.flush();
        }
        self.queue.push(parts, tag);
    }

    fn flush(&mut self) {
        self.instructions.accumulate(&self.queue, &mut self.sums);
        self.queue.clear();
    }

    /// An input of several chunks, which the `blake3` crate hashes side by side.
    fn add_long(&mut self, parts: &[&[u8]], tag: u32) {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part);
        }
        let mut term = [0; 2 * LANE_COUNT];
        hasher.finalize_xof().fill(&mut term);
        for (lane, bytes) in self.in_order.iter_mut().zip(term.as_chunks().0) {
            let word = u16::from_le_bytes(*bytes);
            *lane = if tag == ADDED { lane.wrapping_add(word) } else { lane.wrapping_sub(word) };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Lanes = [u16; LANE_COUNT];

    /// The definition, by the `blake3` crate.
    fn naive(terms: &[(bool, Vec<u8>)]) -> Box<Lanes> {
        let mut lanes = Box::new([0u16; LANE_COUNT]);
        for (added, input) in terms {
            let mut term = [0; 2 * LANE_COUNT];
            blake3::Hasher::new().update(input).finalize_xof().fill(&mut term);
            for (lane, bytes) in lanes.iter_mut().zip(term.as_chunks().0) {
                let word = u16::from_le_bytes(*bytes);
                *lane = if *added { lane.wrapping_add(word) } else { lane.wrapping_sub(word) };
            }
        }
        lanes
    }

    fn sum(instructions: Instructions, terms: &[(bool, Vec<u8>)]) -> LatticeSum {
        let mut sum = LatticeSum::with(instructions);
        for (added, input) in terms {
            // In parts of uneven sizes, as an account is.
            let (first, second) = input.split_at(input.len() / 3);
            if *added { sum.add(&[first, second]) } else { sum.subtract(&[first, &[], second]) }
        }
        sum
    }

    fn check(terms: &[(bool, Vec<u8>)]) {
        let expected = naive(terms);
        for instructions in Instructions::available() {
            assert!(sum(instructions, terms).into_lanes() == expected, "{instructions:?}, {} terms", terms.len());
        }
    }

    fn input(size_bytes: usize) -> Vec<u8> {
        (0..size_bytes).map(|at| (at * 29 + size_bytes) as u8).collect()
    }

    #[test]
    fn every_length_alone_and_together() {
        let terms: Vec<_> = (0..=1100).map(|size_bytes| (size_bytes % 3 != 0, input(size_bytes))).collect();
        for term in &terms {
            check(std::slice::from_ref(term));
        }
        check(&terms);
    }

    #[test]
    fn what_is_added_and_taken_away_is_nothing() {
        for instructions in Instructions::available() {
            let mut sum = LatticeSum::with(instructions);
            for size_bytes in [0, 1, 73, 238, 1024, 1025, 5000] {
                sum.add(&[&input(size_bytes)]);
            }
            for size_bytes in [5000, 1, 1024, 0, 238, 73, 1025] {
                sum.subtract(&[&input(size_bytes)]);
            }
            assert!(sum.into_lanes().iter().all(|lane| *lane == 0), "{instructions:?}");
        }
    }

    fn terms(count_max: usize) -> impl Strategy<Value = Vec<(bool, Vec<u8>)>> {
        let size_bytes = prop_oneof![8 => 73usize..400, 2 => 0usize..1200, 1 => 1200usize..5000];
        let bytes = size_bytes.prop_flat_map(|size_bytes| prop::collection::vec(any::<u8>(), size_bytes));
        prop::collection::vec((any::<bool>(), bytes), 0..count_max)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn random_terms(terms in terms(150)) {
            check(&terms);
        }

        #[test]
        fn a_merged_sum_is_the_sum_of_all(mut left in terms(40), right in terms(40)) {
            for instructions in Instructions::available() {
                let mut merged = sum(instructions, &left);
                merged.merge(sum(instructions, &right));
                left.extend_from_slice(&right);
                prop_assert!(merged.into_lanes() == naive(&left));
                left.truncate(left.len() - right.len());
            }
        }
    }
}
