//! Constants of BLAKE3 and its quarter round on single words (section 2 of the BLAKE3 paper).

/// Bytes of one message block.
pub(crate) const BLOCK_BYTES: usize = 64;
/// Bytes of one chunk: the longest input without a tree.
pub(crate) const CHUNK_BYTES: usize = 1024;

/// First block of a chunk.
pub(crate) const CHUNK_START: u32 = 1;
/// Last block of a chunk.
pub(crate) const CHUNK_END: u32 = 1 << 1;
/// The compression whose output is the hash.
pub(crate) const ROOT: u32 = 1 << 3;

/// The initial chaining value.
pub(crate) const IV: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];

/// The quarter round on words `a`, `b`, `c`, `d` of one state.
#[inline(always)]
pub(crate) fn quarter_round(state: &mut [u32; 16], [a, b, c, d]: [usize; 4], x: u32, y: u32) {
    state[a] = state[a].wrapping_add(state[b]).wrapping_add(x);
    state[d] = (state[d] ^ state[a]).rotate_right(16);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_right(12);
    state[a] = state[a].wrapping_add(state[b]).wrapping_add(y);
    state[d] = (state[d] ^ state[a]).rotate_right(8);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_right(7);
}
