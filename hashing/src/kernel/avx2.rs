//! Eight lanes on AVX2.

use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi16, _mm256_add_epi32, _mm256_blendv_epi8, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set1_epi32, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_unpackhi_epi32,
    _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use super::kernel;

const LANES: usize = 8;
type Vector = __m256i;

#[target_feature(enable = "avx2")]
#[inline]
fn splat(word: u32) -> Vector {
    _mm256_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx2")]
#[inline]
fn from_array(words: [u32; LANES]) -> Vector {
    bytemuck::cast(words)
}

#[target_feature(enable = "avx2")]
#[inline]
fn to_array(vector: Vector) -> [u32; LANES] {
    bytemuck::cast(vector)
}

#[target_feature(enable = "avx2")]
#[inline]
fn add(a: Vector, b: Vector) -> Vector {
    _mm256_add_epi32(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor(a: Vector, b: Vector) -> Vector {
    _mm256_xor_si256(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn rotate_right<const RIGHT: i32, const LEFT: i32>(vector: Vector) -> Vector {
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(vector), _mm256_slli_epi32::<LEFT>(vector))
}

/// `a` where `mask` is all ones, `b` where it is zero.
#[target_feature(enable = "avx2")]
#[inline]
fn select(mask: Vector, a: Vector, b: Vector) -> Vector {
    _mm256_blendv_epi8(b, a, mask)
}

/// The numbers of the output blocks of `pass`.
#[target_feature(enable = "avx2")]
#[inline]
fn counters(pass: usize) -> Vector {
    from_array(std::array::from_fn(|lane| (pass * LANES + lane) as u32))
}

/// Adds `terms`, as pairs of 16-bit words, to the part of `sums` that belongs to `pass`.
#[target_feature(enable = "avx2")]
#[inline]
fn add_lanes(sums: &mut [u16; 64], pass: usize, terms: Vector) {
    let sums = &mut sums.as_chunks_mut::<{ 2 * LANES }>().0[pass];
    *sums = bytemuck::cast(_mm256_add_epi16(bytemuck::cast(*sums), terms));
}

/// Writes `terms`, as pairs of 16-bit words, to the part of `kept` that belongs to `pass`.
#[target_feature(enable = "avx2")]
#[inline]
fn set_lanes(kept: &mut [u16; 64], pass: usize, terms: Vector) {
    kept.as_chunks_mut::<{ 2 * LANES }>().0[pass] = bytemuck::cast(terms);
}

/// Asks for the part of `lanes` that belongs to `pass` to be brought near.
#[target_feature(enable = "avx2")]
#[inline]
fn prefetch(lanes: &[u16; 64], pass: usize) {
    _mm_prefetch::<_MM_HINT_T0>(lanes.as_chunks::<{ 2 * LANES }>().0[pass].as_ptr().cast());
}

/// From a block per lane to a vector per message word.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose(blocks: [&[u8; 64]; LANES]) -> [Vector; 16] {
    let mut words = [splat(0); 16];
    for half in 0..2 {
        let rows: [Vector; 8] = blocks.map(|block| bytemuck::cast::<[u8; 64], [Vector; 2]>(*block)[half]);
        let mut pairs = rows;
        for pair in 0..4 {
            pairs[2 * pair] = _mm256_unpacklo_epi32(rows[2 * pair], rows[2 * pair + 1]);
            pairs[2 * pair + 1] = _mm256_unpackhi_epi32(rows[2 * pair], rows[2 * pair + 1]);
        }
        // In `fours[4 * g + j]`, half p holds word 4p + j of the blocks 4g to 4g + 3.
        let mut fours = rows;
        for four in 0..2 {
            let at = 4 * four;
            fours[at] = _mm256_unpacklo_epi64(pairs[at], pairs[at + 2]);
            fours[at + 1] = _mm256_unpackhi_epi64(pairs[at], pairs[at + 2]);
            fours[at + 2] = _mm256_unpacklo_epi64(pairs[at + 1], pairs[at + 3]);
            fours[at + 3] = _mm256_unpackhi_epi64(pairs[at + 1], pairs[at + 3]);
        }
        for word in 0..4 {
            words[8 * half + word] = _mm256_permute2x128_si256::<0x20>(fours[word], fours[word + 4]);
            words[8 * half + word + 4] = _mm256_permute2x128_si256::<0x31>(fours[word], fours[word + 4]);
        }
    }
    words
}

kernel! { #[target_feature(enable = "avx2")] }
