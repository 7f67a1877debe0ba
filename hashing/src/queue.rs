//! Inputs of one chunk that wait to be hashed together.

use crate::compression::{BLOCK_BYTES, CHUNK_BYTES, CHUNK_END, CHUNK_START, ROOT};

/// Inputs hashed together: enough that lanes of one group have inputs of about the same length.
pub(crate) const INPUTS_MAX: usize = 64;
/// Blocks in the queue (32 KiB): room for `INPUTS_MAX` inputs of eight blocks.
const BLOCKS_MAX: usize = 512;
const CHUNK_BLOCKS: usize = CHUNK_BYTES / BLOCK_BYTES;

/// A chaining value.
pub(crate) type Value = [u32; 8];

/// One waiting input.
#[derive(Clone, Copy, Default)]
pub(crate) struct Input {
    /// Where its blocks begin.
    pub(crate) first_block: u32,
    /// At least one: the empty input has an empty block.
    pub(crate) block_count: u32,
    /// Bytes in its last block.
    pub(crate) tail_bytes: u32,
    /// What its owner noted; nothing to the hash.
    pub(crate) tag: u32,
}

impl Input {
    /// The marks of block `index`.
    #[inline(always)]
    pub(crate) fn flags(&self, index: u32) -> u32 {
        let first = if index == 0 { CHUNK_START } else { 0 };
        let last = if index + 1 == self.block_count { CHUNK_END | ROOT } else { 0 };
        first | last
    }
}

/// Copies of inputs, each padded with zeros to whole blocks.
pub(crate) struct Queue {
    bytes: Vec<u8>,
    inputs: Vec<Input>,
}

impl Queue {
    /// An empty queue; the only allocations of its life.
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::with_capacity(BLOCKS_MAX * BLOCK_BYTES), inputs: Vec::with_capacity(INPUTS_MAX) }
    }

    /// Whether any input of one chunk can still be pushed.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.inputs.len() < INPUTS_MAX && self.bytes.len() <= (BLOCKS_MAX - CHUNK_BLOCKS) * BLOCK_BYTES
    }

    /// Appends the concatenation of `parts`, at most one chunk, to a queue that has room.
    #[inline]
    pub(crate) fn push(&mut self, parts: &[&[u8]], tag: u32) {
        debug_assert!(self.has_room());
        let first_byte = self.bytes.len();
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        let size_bytes = self.bytes.len() - first_byte;
        let block_count = size_bytes.div_ceil(BLOCK_BYTES).max(1);
        self.bytes.resize(first_byte + block_count * BLOCK_BYTES, 0);
        self.inputs.push(Input {
            first_block: (first_byte / BLOCK_BYTES) as u32,
            block_count: block_count as u32,
            tail_bytes: (size_bytes - (block_count - 1) * BLOCK_BYTES) as u32,
            tag,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.inputs.clear();
    }

    #[inline]
    pub(crate) fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    #[inline]
    pub(crate) fn blocks(&self) -> &[[u8; BLOCK_BYTES]] {
        self.bytes.as_chunks().0
    }

    /// Indices of the inputs, longest first, so that neighbours share the lanes of a group.
    pub(crate) fn longest_first(&self) -> ([u8; INPUTS_MAX], usize) {
        let mut starts = [0u8; CHUNK_BLOCKS + 1];
        for input in &self.inputs {
            starts[input.block_count as usize - 1] += 1;
        }
        // From counts per length to the place behind all longer inputs.
        let mut longer = 0;
        for start in starts.iter_mut().rev() {
            (*start, longer) = (longer, longer + *start);
        }
        let mut order = [0; INPUTS_MAX];
        for (index, input) in self.inputs.iter().enumerate() {
            let start = &mut starts[input.block_count as usize - 1];
            order[usize::from(*start)] = index as u8;
            *start += 1;
        }
        (order, self.inputs.len())
    }
}
