//! Four lanes in plain Rust, for CPUs without the wider sets. Correct everywhere; the compiler need not vectorise it.

use super::kernel;

const LANES: usize = 4;
type Vector = [u32; LANES];

#[inline(always)]
fn each(a: Vector, b: Vector, operation: impl Fn(u32, u32) -> u32) -> Vector {
    std::array::from_fn(|lane| operation(a[lane], b[lane]))
}

#[inline(always)]
fn splat(word: u32) -> Vector {
    [word; LANES]
}

#[inline(always)]
fn from_array(words: [u32; LANES]) -> Vector {
    words
}

#[inline(always)]
fn to_array(vector: Vector) -> [u32; LANES] {
    vector
}

#[inline(always)]
fn add(a: Vector, b: Vector) -> Vector {
    each(a, b, u32::wrapping_add)
}

#[inline(always)]
fn xor(a: Vector, b: Vector) -> Vector {
    each(a, b, |a, b| a ^ b)
}

#[inline(always)]
fn rotate_right<const RIGHT: u32, const LEFT: u32>(vector: Vector) -> Vector {
    vector.map(|word| word.rotate_right(RIGHT))
}

/// `a` where `mask` is all ones, `b` where it is zero.
#[inline(always)]
fn select(mask: Vector, a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|lane| b[lane] ^ (mask[lane] & (a[lane] ^ b[lane])))
}

/// The numbers of the output blocks of `pass`.
#[inline(always)]
fn counters(pass: usize) -> Vector {
    std::array::from_fn(|lane| (pass * LANES + lane) as u32)
}

/// Adds `terms`, as pairs of 16-bit words, to the part of `sums` that belongs to `pass`.
#[inline(always)]
fn add_lanes(sums: &mut [u16; 64], pass: usize, terms: Vector) {
    let sums = &mut sums.as_chunks_mut::<{ 2 * LANES }>().0[pass];
    for (sum, term) in sums.as_chunks_mut::<2>().0.iter_mut().zip(terms) {
        *sum = [sum[0].wrapping_add(term as u16), sum[1].wrapping_add((term >> 16) as u16)];
    }
}

/// Writes `terms`, as pairs of 16-bit words, to the part of `kept` that belongs to `pass`.
#[inline(always)]
fn set_lanes(kept: &mut [u16; 64], pass: usize, terms: Vector) {
    let kept = &mut kept.as_chunks_mut::<{ 2 * LANES }>().0[pass];
    for (out, term) in kept.as_chunks_mut::<2>().0.iter_mut().zip(terms) {
        *out = [term as u16, (term >> 16) as u16];
    }
}

/// Nothing: plain Rust cannot ask for memory ahead of time.
#[inline(always)]
fn prefetch(_: &[u16; 64], _: usize) {}

/// From a block per lane to a vector per message word.
#[inline(always)]
fn transpose(blocks: [&[u8; 64]; LANES]) -> [Vector; 16] {
    std::array::from_fn(|word| blocks.map(|block| u32::from_le_bytes(block.as_chunks().0[word])))
}

kernel! {}
