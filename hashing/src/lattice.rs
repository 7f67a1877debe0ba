//! Sums of BLAKE3 outputs, lane by lane modulo 2^16 (SIMD-0215).
//!
//! Sums and terms stay as the kernels make them, word by word of all output blocks; a sum is put in order at the end.

use crate::compression::CHUNK_BYTES;
use crate::instructions::Instructions;
use crate::queue::{INPUTS_MAX, Queue};

/// Lanes of a term and of a sum.
pub const LANE_COUNT: usize = 1024;

/// Tags of queued inputs, and the indices of what they are summed into.
const ADDED: u32 = 0;
pub(crate) const SUBTRACTED: u32 = 1;

/// Sixteen words of each of the 32 output blocks: for each word, its low and high half in each block.
#[derive(Clone)]
#[repr(align(64))]
pub(crate) struct Sums(pub(crate) [[u16; 64]; 16]);

impl Sums {
    const ZERO: Self = Self([[0; 64]; 16]);

    /// Inlined into the kernels, which are compiled for wider registers.
    #[inline(always)]
    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, other) in self.0.as_flattened_mut().iter_mut().zip(other.0.as_flattened()) {
            *sum = sum.wrapping_add(*other);
        }
    }

    /// Replaced by `output`, which is in order.
    fn set(&mut self, output: &[u8; 2 * LANE_COUNT]) {
        for (index, bytes) in output.as_chunks().0.iter().enumerate() {
            let (word, place) = place(index);
            self.0[word][place] = u16::from_le_bytes(*bytes);
        }
    }
}

/// Where lane `index` is among [`Sums`].
fn place(index: usize) -> (usize, usize) {
    let (block, word, half) = (index / 32, index / 2 % 16, index % 2);
    (word, 2 * block + half)
}

/// The term of one input, kept so that it need not be computed again: 2048 bytes.
///
/// ```text
/// zero ── add_keeping ──▶ pending ── merge, into_lanes ──▶ kept ── replace ──▶ pending
/// ```
///
/// While it is pending, which a [`LatticeSum`] borrows it for, it holds anything.
pub struct Term(pub(crate) Sums);

impl Default for Term {
    /// Of no input.
    fn default() -> Self {
        Self(Sums::ZERO)
    }
}

/// Where a queued input's term goes besides the sum.
pub(crate) enum Kept<'a> {
    Not,
    New(&'a mut Term),
    /// Takes the place of a term that is taken away from the sum.
    Instead(&'a mut Term),
}

impl Kept<'_> {
    #[inline(always)]
    pub(crate) fn place(&mut self) -> Option<&mut Sums> {
        match self {
            Self::Not => None,
            Self::New(term) | Self::Instead(term) => Some(&mut term.0),
        }
    }
}

/// A sum of terms: each term is the first 2048 bytes of an input's BLAKE3 output, as 1024 little-endian words.
///
/// ```text
///            add, subtract, replace        full, merge, into_lanes
/// parts ───────────────────────────▶ queue ───────────────────────▶ sums of added, of subtracted; kept terms
/// ```
pub struct LatticeSum<'a> {
    instructions: Instructions,
    queue: Queue,
    /// By position in the queue.
    kept: Vec<Kept<'a>>,
    /// By tag. Two sums, so that the kernel only ever adds.
    sums: Box<[Sums; 2]>,
}

impl Default for LatticeSum<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> LatticeSum<'a> {
    /// The sum of nothing. The only allocations until [`Self::into_lanes`].
    pub fn new() -> Self {
        Self::with(Instructions::widest())
    }

    fn with(instructions: Instructions) -> Self {
        let kept = Vec::with_capacity(INPUTS_MAX);
        Self { instructions, queue: Queue::new(), kept, sums: Box::new([const { Sums::ZERO }; 2]) }
    }

    /// Adds the term of the concatenation of `parts`.
    pub fn add(&mut self, parts: &[&[u8]]) {
        self.push(parts, ADDED, Kept::Not);
    }

    /// Takes away the term of the concatenation of `parts`.
    pub fn subtract(&mut self, parts: &[&[u8]]) {
        self.push(parts, SUBTRACTED, Kept::Not);
    }

    /// As [`Self::add`], and `term` holds the term once this sum has gone into another or into lanes.
    pub fn add_keeping(&mut self, parts: &[&[u8]], term: &'a mut Term) {
        self.push(parts, ADDED, Kept::New(term));
    }

    /// Takes away what `term` holds and goes on as [`Self::add_keeping`].
    pub fn replace(&mut self, parts: &[&[u8]], term: &'a mut Term) {
        self.push(parts, ADDED, Kept::Instead(term));
    }

    /// Takes away a term that was kept.
    pub fn subtract_term(&mut self, term: &Term) {
        self.sums[SUBTRACTED as usize].add(&term.0);
    }

    /// Adds all that `other` holds.
    pub fn merge(&mut self, mut other: Self) {
        other.flush();
        for (sums, others) in self.sums.iter_mut().zip(other.sums.iter()) {
            sums.add(others);
        }
    }

    /// The lanes of the sum.
    pub fn into_lanes(mut self) -> Box<[u16; LANE_COUNT]> {
        self.flush();
        let [added, subtracted] = &*self.sums;
        let mut lanes = Box::new([0; LANE_COUNT]);
        for (index, lane) in lanes.iter_mut().enumerate() {
            let (word, place) = place(index);
            *lane = added.0[word][place].wrapping_sub(subtracted.0[word][place]);
        }
        lanes
    }

    fn push(&mut self, parts: &[&[u8]], tag: u32, kept: Kept<'a>) {
        if parts.iter().map(|part| part.len()).sum::<usize>() > CHUNK_BYTES {
            return self.add_long(parts, tag, kept);
        }
        if !self.queue.has_room() {
            self.flush();
        }
        self.queue.push(parts, tag);
        self.kept.push(kept);
    }

    fn flush(&mut self) {
        self.instructions.accumulate(&self.queue, &mut self.kept, &mut self.sums);
        self.queue.clear();
        self.kept.clear();
    }

    /// An input of several chunks, which the `blake3` crate hashes side by side and delivers in order.
    fn add_long(&mut self, parts: &[&[u8]], tag: u32, kept: Kept<'a>) {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part);
        }
        let mut output = [0; 2 * LANE_COUNT];
        hasher.finalize_xof().fill(&mut output);
        let mut not_kept = Term::default();
        let term = match kept {
            Kept::Not => &mut not_kept,
            Kept::New(term) => term,
            Kept::Instead(term) => {
                self.subtract_term(term);
                term
            }
        };
        term.0.set(&output);
        self.sums[tag as usize].add(&term.0);
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

    #[test]
    fn kept_terms_are_those_of_the_last_inputs() {
        // Two in places of their own, one short and one of several chunks, and others beside them that are not kept.
        let rounds: [[usize; 2]; 5] = [[73, 3000], [238, 2000], [1024, 1025], [73, 73], [2000, 12]];
        for instructions in Instructions::available() {
            let mut terms = [Term::default(), Term::default()];
            let mut sum = LatticeSum::with(instructions);
            for (round, sizes) in rounds.into_iter().enumerate() {
                let mut of_round = LatticeSum::with(instructions);
                for other in 0..70 * round {
                    of_round.add(&[&input(other)]);
                    of_round.subtract(&[&input(other)]);
                }
                for (term, size_bytes) in terms.iter_mut().zip(sizes) {
                    let input = input(size_bytes);
                    if round == 0 { of_round.add_keeping(&[&input], term) } else { of_round.replace(&[&input], term) }
                }
                let lanes = of_round.into_lanes();
                let added = |size_bytes: usize| (true, input(size_bytes));
                let taken = |size_bytes: usize| (false, input(size_bytes));
                let mut expected: Vec<_> = sizes.into_iter().map(added).collect();
                expected.extend(rounds[..round].last().into_iter().flatten().map(|size_bytes| taken(*size_bytes)));
                assert!(lanes == naive(&expected), "{instructions:?}, round {round}");
            }
            terms.iter().for_each(|term| sum.subtract_term(term));
            let last: Vec<_> = rounds[4].iter().map(|size_bytes| (false, input(*size_bytes))).collect();
            assert!(sum.into_lanes() == naive(&last), "{instructions:?}");
        }
    }

    fn sum(instructions: Instructions, terms: &[(bool, Vec<u8>)]) -> LatticeSum<'static> {
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
