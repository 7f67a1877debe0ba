//! Sixteen lanes on AVX-512.

use std::arch::x86_64::{
    __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_add_epi16, _mm512_add_epi32, _mm512_ror_epi32, _mm512_set1_epi32,
    _mm512_shuffle_i32x4, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::kernel;

const LANES: usize = 16;
type Vector = __m512i;

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn splat(word: u32) -> Vector {
    _mm512_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn from_array(words: [u32; LANES]) -> Vector {
    bytemuck::cast(words)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn to_array(vector: Vector) -> [u32; LANES] {
    bytemuck::cast(vector)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn add(a: Vector, b: Vector) -> Vector {
    _mm512_add_epi32(a, b)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn xor(a: Vector, b: Vector) -> Vector {
    _mm512_xor_si512(a, b)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn rotate_right<const RIGHT: i32, const LEFT: i32>(vector: Vector) -> Vector {
    _mm512_ror_epi32::<RIGHT>(vector)
}

/// `a` where `mask` is all ones, `b` where it is zero.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn select(mask: Vector, a: Vector, b: Vector) -> Vector {
    _mm512_ternarylogic_epi32::<0xCA>(mask, a, b)
}

/// The numbers of the output blocks of `pass`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn counters(pass: usize) -> Vector {
    from_array(std::array::from_fn(|lane| (pass * LANES + lane) as u32))
}

/// Adds `terms`, as pairs of 16-bit words, to the part of `sums` that belongs to `pass`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn add_lanes(sums: &mut [u16; 64], pass: usize, terms: Vector) {
    let sums = &mut sums.as_chunks_mut::<{ 2 * LANES }>().0[pass];
    *sums = bytemuck::cast(_mm512_add_epi16(bytemuck::cast(*sums), terms));
}

/// Writes `terms`, as pairs of 16-bit words, to the part of `kept` that belongs to `pass`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn set_lanes(kept: &mut [u16; 64], pass: usize, terms: Vector) {
    kept.as_chunks_mut::<{ 2 * LANES }>().0[pass] = bytemuck::cast(terms);
}

/// Asks for the part of `lanes` that belongs to `pass` to be brought near.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn prefetch(lanes: &[u16; 64], pass: usize) {
    _mm_prefetch::<_MM_HINT_T0>(lanes.as_chunks::<{ 2 * LANES }>().0[pass].as_ptr().cast());
}

/// From a block per lane to a vector per message word.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn transpose(blocks: [&[u8; 64]; LANES]) -> [Vector; 16] {
    let rows: [Vector; 16] = blocks.map(|block| bytemuck::cast(*block));
    let mut pairs = rows;
    for pair in 0..8 {
        pairs[2 * pair] = _mm512_unpacklo_epi32(rows[2 * pair], rows[2 * pair + 1]);
        pairs[2 * pair + 1] = _mm512_unpackhi_epi32(rows[2 * pair], rows[2 * pair + 1]);
    }
    // In `fours[4 * g + j]`, quarter p holds word 4p + j of the blocks 4g to 4g + 3.
    let mut fours = rows;
    for four in 0..4 {
        let at = 4 * four;
        fours[at] = _mm512_unpacklo_epi64(pairs[at], pairs[at + 2]);
        fours[at + 1] = _mm512_unpackhi_epi64(pairs[at], pairs[at + 2]);
        fours[at + 2] = _mm512_unpacklo_epi64(pairs[at + 1], pairs[at + 3]);
        fours[at + 3] = _mm512_unpackhi_epi64(pairs[at + 1], pairs[at + 3]);
    }
    let mut words = rows;
    for word in 0..4 {
        let even_low = _mm512_shuffle_i32x4::<0x88>(fours[word], fours[word + 4]);
        let even_high = _mm512_shuffle_i32x4::<0x88>(fours[word + 8], fours[word + 12]);
        let odd_low = _mm512_shuffle_i32x4::<0xDD>(fours[word], fours[word + 4]);
        let odd_high = _mm512_shuffle_i32x4::<0xDD>(fours[word + 8], fours[word + 12]);
        words[word] = _mm512_shuffle_i32x4::<0x88>(even_low, even_high);
        words[word + 4] = _mm512_shuffle_i32x4::<0x88>(odd_low, odd_high);
        words[word + 8] = _mm512_shuffle_i32x4::<0xDD>(even_low, even_high);
        words[word + 12] = _mm512_shuffle_i32x4::<0xDD>(odd_low, odd_high);
    }
    words
}

kernel! { #[target_feature(enable = "avx512f,avx512bw")] }
