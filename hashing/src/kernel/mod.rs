//! The compression function over vectors of words, written once and instantiated for each instruction set.
//!
//! A module that invokes `kernel!` brings `LANES`, `Vector` and the operations on it; the macro adds `chain` and
//! `accumulate`. A macro and not a trait, because a trait's safe methods cannot be compiled for an instruction set.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;

/// Defines `chain` and `accumulate` from the vector operations in scope, with the given attribute on every function.
macro_rules! kernel {
    ($(#[$attribute:meta])*) => {
        use crate::compression::{BLOCK_BYTES, CHUNK_END, CHUNK_START, IV, ROOT, quarter_round};
        use crate::lattice::{Kept, SUBTRACTED, Sums};
        use crate::queue::{INPUTS_MAX, Queue, Value};

        $(#[$attribute])*
        #[inline]
        fn mix(state: &mut [Vector; 16], [a, b, c, d]: [usize; 4], x: Vector, y: Vector) {
            state[a] = add(add(state[a], x), state[b]);
            state[d] = rotate_right::<16, 16>(xor(state[d], state[a]));
            state[c] = add(state[c], state[d]);
            state[b] = rotate_right::<12, 20>(xor(state[b], state[c]));
            state[a] = add(add(state[a], y), state[b]);
            state[d] = rotate_right::<8, 24>(xor(state[d], state[a]));
            state[c] = add(state[c], state[d]);
            state[b] = rotate_right::<7, 25>(xor(state[b], state[c]));
        }

        macro_rules! diagonals {
            ($state:ident, $message:ident, [$a:literal $b:literal $c:literal $d:literal $e:literal $f:literal $g:literal $h:literal]) => {
                mix(&mut $state, [0, 5, 10, 15], $message[$a], $message[$b]);
                mix(&mut $state, [1, 6, 11, 12], $message[$c], $message[$d]);
                mix(&mut $state, [2, 7, 8, 13], $message[$e], $message[$f]);
                mix(&mut $state, [3, 4, 9, 14], $message[$g], $message[$h]);
            };
        }

        macro_rules! columns {
            ($state:ident, $message:ident, [$a:literal $b:literal $c:literal $d:literal $e:literal $f:literal $g:literal $h:literal]) => {
                mix(&mut $state, [0, 4, 8, 12], $message[$a], $message[$b]);
                mix(&mut $state, [1, 5, 9, 13], $message[$c], $message[$d]);
                mix(&mut $state, [2, 6, 10, 14], $message[$e], $message[$f]);
                mix(&mut $state, [3, 7, 11, 15], $message[$g], $message[$h]);
            };
        }

        /// All of the seven rounds but the first mixing of columns. A macro, since as a function it would not be
        /// inlined, and its state would go through memory.
        macro_rules! rounds_after_first_columns {
            ($state:ident, $message:ident) => {
                diagonals!($state, $message, [8 9 10 11 12 13 14 15]);
                columns!($state, $message, [2 6 3 10 7 0 4 13]);
                diagonals!($state, $message, [1 11 12 5 9 14 15 8]);
                columns!($state, $message, [3 4 10 12 13 2 7 14]);
                diagonals!($state, $message, [6 5 9 0 11 15 8 1]);
                columns!($state, $message, [10 7 12 9 14 3 13 15]);
                diagonals!($state, $message, [4 0 11 2 5 8 1 6]);
                columns!($state, $message, [12 13 9 11 15 10 14 8]);
                diagonals!($state, $message, [7 2 5 3 0 1 6 4]);
                columns!($state, $message, [9 14 11 5 8 12 15 1]);
                diagonals!($state, $message, [13 3 0 10 2 6 4 7]);
                columns!($state, $message, [11 15 5 0 1 9 8 6]);
                diagonals!($state, $message, [14 10 2 12 3 4 7 13]);
            };
        }

        /// Inputs, a lane for each.
        struct Group {
            first_block: [u32; LANES],
            last: [u32; LANES],
            tail_bytes: [u32; LANES],
            /// Blocks to be chained: all of an input, or all but the last.
            chained: [u32; LANES],
        }

        $(#[$attribute])*
        #[inline]
        fn group(queue: &Queue, whole: bool, indices: &[u8]) -> Group {
            let mut group = Group {
                first_block: [0; LANES], last: [0; LANES], tail_bytes: [0; LANES], chained: [0; LANES],
            };
            for (lane, &index) in indices.iter().enumerate().take(LANES) {
                let input = &queue.inputs()[usize::from(index)];
                group.first_block[lane] = input.first_block;
                group.last[lane] = input.block_count - 1;
                group.tail_bytes[lane] = input.tail_bytes;
                group.chained[lane] = input.block_count - u32::from(!whole);
            }
            group
        }

        /// The chaining values of a group's inputs.
        $(#[$attribute])*
        #[inline]
        fn chain_group(queue: &Queue, group: &Group) -> [[u32; LANES]; 8] {
            let blocks = queue.blocks();
            let mut value = [splat(0); 8];
            for (word, initial) in value.iter_mut().zip(IV) {
                *word = splat(initial);
            }
            let steps = group.chained.iter().copied().max().unwrap_or(0);
            for step in 0..steps {
                let (mut places, mut flags, mut sizes, mut live) =
                    ([0; LANES], [0; LANES], [0; LANES], [0; LANES]);
                let start = if step == 0 { CHUNK_START } else { 0 };
                for lane in 0..LANES {
                    let is_last = step == group.last[lane];
                    // A finished lane reads its last block again and throws the result away.
                    places[lane] = group.first_block[lane] + step.min(group.last[lane]);
                    flags[lane] = start | if is_last { CHUNK_END | ROOT } else { 0 };
                    sizes[lane] = if is_last { group.tail_bytes[lane] } else { BLOCK_BYTES as u32 };
                    live[lane] = if step < group.chained[lane] { u32::MAX } else { 0 };
                }
                let lanes = places.map(|place| &blocks[place as usize]);
                let message = transpose(lanes);
                let mut state = [splat(0); 16];
                for word in 0..8 {
                    state[word] = value[word];
                }
                for word in 0..4 {
                    state[8 + word] = splat(IV[word]);
                }
                state[14] = from_array(sizes);
                state[15] = from_array(flags);
                columns!(state, message, [0 1 2 3 4 5 6 7]);
                rounds_after_first_columns!(state, message);
                let live = from_array(live);
                for word in 0..8 {
                    value[word] = select(live, xor(state[word], state[word + 8]), value[word]);
                }
            }
            let mut words = [[0; LANES]; 8];
            for (out, word) in words.iter_mut().zip(value) {
                *out = to_array(word);
            }
            words
        }

        /// The chaining value of each queued input behind its last block (`whole`: the hash) or before it.
        $(#[$attribute])*
        pub(crate) fn chain(queue: &Queue, whole: bool, values: &mut [Value; INPUTS_MAX]) {
            let (order, count) = queue.longest_first();
            for indices in order[..count].chunks(LANES) {
                let words = chain_group(queue, &group(queue, whole, indices));
                for (lane, &index) in indices.iter().enumerate() {
                    for (out, word) in values[usize::from(index)].iter_mut().zip(&words) {
                        *out = word[lane];
                    }
                }
            }
        }

        /// Adds 2048 bytes of output of one root block, a lane for each output block, and leaves them in `kept`.
        ///
        /// All but the first `WORDS` words of the block are zero: the compiler leaves out adding them. Meanwhile `next` is
        /// brought near, a part in each pass, because the processor waits for few lines of memory at once.
        $(#[$attribute])*
        #[inline]
        fn add_term<const WORDS: usize>(
            value: &Value,
            block: &[u8; BLOCK_BYTES],
            [size_bytes, flags]: [u32; 2],
            sums: &mut Sums,
            (mut kept, next): (Option<&mut Sums>, Option<&Sums>),
        ) {
            let mut words = [0; 16];
            for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
                *word = u32::from_le_bytes(*bytes);
            }
            // The counter is in column 0, so the first mixing of the other columns is the same for all output blocks.
            let mut common = [0; 16];
            common[..8].copy_from_slice(value);
            common[8..12].copy_from_slice(&IV[..4]);
            common[14] = size_bytes;
            common[15] = flags;
            quarter_round(&mut common, [1, 5, 9, 13], words[2], words[3]);
            quarter_round(&mut common, [2, 6, 10, 14], words[4], words[5]);
            quarter_round(&mut common, [3, 7, 11, 15], words[6], words[7]);
            let (mut start, mut message) = ([splat(0); 16], [splat(0); 16]);
            for word in 0..16 {
                start[word] = splat(common[word]);
            }
            for word in 0..WORDS {
                message[word] = splat(words[word]);
            }
            for pass in 0..32 / LANES {
                for word in 0..16 {
                    next.iter().for_each(|next| prefetch(&next.0[word], pass));
                }
                let mut state = start;
                state[12] = counters(pass);
                mix(&mut state, [0, 4, 8, 12], message[0], message[1]);
                rounds_after_first_columns!(state, message);
                for word in 0..8 {
                    state[word] = xor(state[word], state[word + 8]);
                    state[word + 8] = xor(state[word + 8], splat(value[word]));
                }
                for word in 0..16 {
                    add_lanes(&mut sums.0[word], pass, state[word]);
                }
                if let Some(kept) = &mut kept {
                    for word in 0..16 {
                        set_lanes(&mut kept.0[word], pass, state[word]);
                    }
                }
            }
        }

        /// Adds the term of each queued input to the sums that its tag names, and keeps it where `kept` says.
        $(#[$attribute])*
        pub(crate) fn accumulate(queue: &Queue, mut kept: &mut [Kept<'_>], sums: &mut [Sums; 2]) {
            /// Words of the block of an account without data, whose last bytes are nine of its key.
            const WORDS_FEW: usize = 3;
            let mut values = [[0; 8]; INPUTS_MAX];
            chain(queue, false, &mut values);
            for (input, value) in queue.inputs().iter().zip(&values) {
                let Some((now, later)) = kept.split_first_mut() else { break };
                if let Kept::Instead(term) = now {
                    sums[SUBTRACTED as usize].add(&term.0);
                }
                let places = (now.place(), later.first_mut().and_then(Kept::place).map(|next| &*next));
                let last = input.block_count - 1;
                let block = &queue.blocks()[(input.first_block + last) as usize];
                let (ends, sums) = ([input.tail_bytes, input.flags(last)], &mut sums[input.tag as usize & 1]);
                if input.tail_bytes as usize <= 4 * WORDS_FEW {
                    add_term::<WORDS_FEW>(value, block, ends, sums, places);
                } else {
                    add_term::<16>(value, block, ends, sums, places);
                }
                kept = later;
            }
        }
    };
}
pub(crate) use kernel;
