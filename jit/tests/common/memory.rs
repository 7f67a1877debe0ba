//! The memory of one run: stack, heap and input, each between stretches that nobody may write.

use std::fmt::Write;

use heddle_jit::WRITTEN_CHUNK_BYTES;
use solana_sbpf::{
    ebpf::{MM_HEAP_START, MM_INPUT_START, MM_REGION_SIZE, MM_STACK_START},
    elf::Executable,
    memory_region::{MemoryMapping, MemoryRegion},
};

use super::{Context, FRAME_BYTES, Layout, WrittenMarks};

/// Bytes before and behind a region.
const GUARD_BYTES: usize = 64;
/// A store may write so many bytes beyond the chunk that it marks.
const SPILL_BYTES: usize = 7;

/// How the input is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    Whole,
    ReadOnly,
    /// In three parts, the second of them read-only; for mappings that are not aligned.
    Split,
}

/// Buffers of one run.
#[derive(Clone)]
pub struct Memory {
    stack: Vec<u8>,
    heap: Vec<u8>,
    input: Vec<u8>,
}

impl Memory {
    /// Bytes that tell where they are, so that a read from elsewhere is seen.
    pub fn new(layout: &Layout) -> Self {
        Self {
            stack: filled(layout.stack_bytes, 3),
            heap: filled(layout.heap_bytes, 5),
            input: filled(layout.input_bytes, 7),
        }
    }

    pub fn stack_bytes(&self) -> usize {
        self.stack.len() - 2 * GUARD_BYTES
    }

    /// Maps all of it. The mapping must not be used once the memory is gone.
    #[allow(unsafe_code)]
    pub fn map(&mut self, layout: &Layout, executable: &Executable<Context>) -> MemoryMapping {
        let gap_bytes = if layout.has_stack_gaps() { FRAME_BYTES as u64 } else { 0 };
        let mut regions = vec![
            executable.get_ro_region(),
            MemoryRegion::new_gapped(inner(&mut self.stack), MM_STACK_START, gap_bytes),
            MemoryRegion::new(inner(&mut self.heap), MM_HEAP_START),
        ];
        let input = inner(&mut self.input);
        match layout.input {
            Input::Whole => regions.push(MemoryRegion::new(input, MM_INPUT_START)),
            Input::ReadOnly => regions.push(MemoryRegion::new(input.cast_const(), MM_INPUT_START)),
            Input::Split => {
                let part_bytes = layout.input_bytes / 3;
                for (index, start) in (0..3 * part_bytes).step_by(part_bytes).enumerate() {
                    let first = input.cast::<u8>().wrapping_add(start);
                    let part = std::ptr::slice_from_raw_parts_mut(first, part_bytes);
                    let mut region = MemoryRegion::new(part, MM_INPUT_START + start as u64);
                    if index == 1 {
                        region.make_immutable();
                    }
                    regions.push(region);
                }
            }
        }
        // SAFETY: the regions point into the buffers of this memory and into the executable. Every caller keeps both for
        // longer than the mapping and leaves the buffers alone meanwhile; they are plain bytes.
        let mapping = unsafe { MemoryMapping::new(regions, &layout.config(), layout.version) };
        mapping.expect("regions that do not overlap")
    }

    fn buffers(&self) -> [(&'static str, &[u8]); 3] {
        [("stack", &self.stack), ("heap", &self.heap), ("input", &self.input)]
    }

    /// Where the memories differ, as text; the stretches around the regions are compared too.
    pub fn differences(&self, other: &Self) -> String {
        let mut text = String::new();
        for ((name, mine), (_, others)) in self.buffers().into_iter().zip(other.buffers()) {
            if let Some(at) = changed(mine, others).next() {
                let at = at as i64 - GUARD_BYTES as i64;
                let _ = write!(text, "the {name} differs at offset {at}; ");
            }
        }
        text
    }

    /// What differs from `before` without being noted in `written`, as text.
    pub fn unnoted(&self, before: &Self, layout: &Layout, host_writes: &[u64], written: &WrittenMarks) -> String {
        let mut text = String::new();
        let is_marked = |marks: &[u8], at: usize| {
            let spilled = at.checked_sub(SPILL_BYTES).map_or(0, |at| at / WRITTEN_CHUNK_BYTES);
            marks[at / WRITTEN_CHUNK_BYTES] == 1 || at % WRITTEN_CHUNK_BYTES < SPILL_BYTES && marks[spilled] == 1
        };
        for ((name, now), (_, before)) in self.buffers().into_iter().zip(before.buffers()) {
            let is_noted = |at: usize| match name {
                "stack" => (written.stack_untouched..written.stack_bytes).contains(&at),
                "heap" => is_marked(&written.heap, at),
                _ => is_marked(&written.input, at),
            };
            let is_host_write = |at: usize| host_writes.iter().any(|address| locate(layout, *address) == (name, at));
            let mut offsets = changed(now, before).map(|at| at - GUARD_BYTES);
            if let Some(at) = offsets.find(|at| !is_noted(*at) && !is_host_write(*at)) {
                let _ = write!(text, "a write to the {name} at offset {at} was not noted; ");
            }
        }
        let is_whole = layout.version.manual_stack_frame_bump() || written.stack_bytes.is_multiple_of(FRAME_BYTES);
        if !is_whole || written.stack_bytes > self.stack_bytes() {
            let _ = write!(text, "{} bytes of the stack are noted; ", written.stack_bytes);
        }
        text
    }
}

/// The region and the offset in its buffer of an address that was written.
fn locate(layout: &Layout, address: u64) -> (&'static str, usize) {
    let offset = (address % MM_REGION_SIZE) as usize;
    match address / MM_REGION_SIZE * MM_REGION_SIZE {
        MM_STACK_START if layout.has_stack_gaps() => {
            ("stack", offset / (2 * FRAME_BYTES) * FRAME_BYTES + offset % FRAME_BYTES)
        }
        MM_STACK_START => ("stack", offset),
        MM_HEAP_START => ("heap", offset),
        _ => ("input", offset),
    }
}

fn filled(size_bytes: usize, step: usize) -> Vec<u8> {
    (0..size_bytes + 2 * GUARD_BYTES).map(|at| (at * step + at / 256) as u8).collect()
}

fn inner(buffer: &mut [u8]) -> *mut [u8] {
    let end = buffer.len() - GUARD_BYTES;
    &mut buffer[GUARD_BYTES..end]
}

/// Offsets at which the buffers differ.
fn changed<'a>(one: &'a [u8], other: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    // As a rule whole chunks are equal.
    const CHUNK_BYTES: usize = 512;
    let chunks = one.chunks(CHUNK_BYTES).zip(other.chunks(CHUNK_BYTES)).enumerate();
    chunks.filter(|(_, (one, other))| one != other).flat_map(|(index, (one, other))| {
        let pairs = one.iter().zip(other).enumerate();
        pairs.filter(|(_, (one, other))| one != other).map(move |(at, _)| index * CHUNK_BYTES + at)
    })
}
