//! A buffer of guest memory that knows which of its bytes may be other than zero.
//!
//! A program must find its heap zero, and the 10 KiB of room that each of its accounts has to grow. Programs hardly ever
//! write there, so a region keeps a mark per kibibyte and clears only what is marked: the room of a token transfer is
//! 30 KiB, and to clear it would take as long as the program.

use std::ops::Range;

use heddle_jit::{WRITTEN_BY_PROGRAM, WRITTEN_CHUNK_BYTES};

use crate::memory::{AlignedBuffer, zero};

/// The mark of what the host put there before the program began.
const WRITTEN_BY_HOST: u8 = 2;
const _: () = assert!(WRITTEN_BY_HOST != WRITTEN_BY_PROGRAM && WRITTEN_BY_PROGRAM != 0);
/// Bytes that a store may write beyond the chunk that it marks.
const SPILL_BYTES: usize = 7;

/// Heap or input of one frame.
pub(crate) struct TrackedRegion {
    buffer: AlignedBuffer,
    /// Guest address of the first byte.
    start: u64,
    /// By chunk: 0 if all its bytes are zero, but for what stores that began in the chunk before it have spilled.
    marks: Vec<u8>,
    /// What system calls may have written while compiled code has the marks: offsets.
    host_writes: Vec<Range<usize>>,
}

impl TrackedRegion {
    /// Nothing yet, to be mapped at guest address `start`.
    pub(crate) fn new(start: u64) -> Self {
        Self { buffer: AlignedBuffer::default(), start, marks: Vec::new(), host_writes: Vec::new() }
    }

    /// Sets the length, keeping the allocation; contents are whatever was there.
    pub(crate) fn set_size(&mut self, size_bytes: usize) {
        self.buffer.set_size(size_bytes);
        let marks = size_bytes.div_ceil(WRITTEN_CHUNK_BYTES);
        if self.marks.len() < marks {
            self.marks.resize(marks, 0);
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// The bytes, to be mapped. What is written through them must be marked.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.buffer.bytes_mut()
    }

    /// Writes `bytes` at `offset`, before the program begins; [`Self::note_put`] has to follow.
    pub(crate) fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.buffer.bytes_mut()[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    /// Notes that `range` was put before the program begins.
    pub(crate) fn note_put(&mut self, range: Range<usize>) {
        self.mark(range, WRITTEN_BY_HOST);
    }

    /// Notes that the program may have written `range`.
    pub(crate) fn note_written(&mut self, range: Range<usize>) {
        self.mark(range, WRITTEN_BY_PROGRAM);
    }

    /// Notes that the program may have written anything.
    pub(crate) fn note_all_written(&mut self) {
        self.note_written(0..self.bytes().len());
        self.host_writes.clear();
    }

    fn mark(&mut self, range: Range<usize>, mark: u8) {
        if !range.is_empty() {
            let last = (range.end - 1) / WRITTEN_CHUNK_BYTES;
            self.marks[range.start / WRITTEN_CHUNK_BYTES..=last].fill(mark);
        }
    }

    /// Whether the program or a system call may have written in `range`.
    pub(crate) fn is_written(&self, range: Range<usize>) -> bool {
        let first = range.start.saturating_sub(SPILL_BYTES) / WRITTEN_CHUNK_BYTES;
        let end = range.end.div_ceil(WRITTEN_CHUNK_BYTES);
        self.marks[first..end].contains(&WRITTEN_BY_PROGRAM)
    }

    /// Makes `range` zero.
    pub(crate) fn clear(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let first = range.start / WRITTEN_CHUNK_BYTES;
        let last = (range.end - 1) / WRITTEN_CHUNK_BYTES;
        if last > first + 1 && self.marks[first + 1..last].iter().fold(0, |any, mark| any | mark) == 0 {
            // As a rule nothing between the ends was written.
            self.clear_chunks(first.saturating_sub(1)..=first, &range);
            self.clear_chunks(last..=last, &range);
        } else {
            self.clear_chunks(first.saturating_sub(1)..=last, &range);
        }
    }

    /// Makes zero what stores that began in `chunks` may have written within `range`.
    fn clear_chunks(&mut self, chunks: std::ops::RangeInclusive<usize>, range: &Range<usize>) {
        for chunk in chunks {
            if self.marks[chunk] == 0 {
                continue;
            }
            let (start, end) = (chunk * WRITTEN_CHUNK_BYTES, (chunk + 1) * WRITTEN_CHUNK_BYTES);
            let dirty = start.max(range.start)..(end + SPILL_BYTES).min(range.end);
            if !dirty.is_empty() {
                zero(&mut self.buffer.bytes_mut()[dirty]);
            }
            if start >= range.start && end <= range.end {
                self.marks[chunk] = 0;
                // What it spilled beyond the range is still there.
                if let Some(next) = self.marks.get_mut(chunk + 1).filter(|_| end + SPILL_BYTES > range.end) {
                    *next = WRITTEN_BY_PROGRAM;
                }
            }
        }
    }

    /// Lends the marks to compiled code.
    pub(crate) fn take_marks(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.marks)
    }

    /// Takes the marks back.
    pub(crate) fn put_marks(&mut self, marks: Vec<u8>) {
        self.marks = marks;
        let mut writes = std::mem::take(&mut self.host_writes);
        for range in writes.drain(..) {
            self.note_written(range);
        }
        self.host_writes = writes;
    }

    /// Notes that the host may write `size_bytes` at guest address `address`, if that lies here.
    pub(crate) fn note_host_write(&mut self, address: u64, size_bytes: usize) {
        let Some(start) = address.checked_sub(self.start).map(|offset| offset as usize) else { return };
        let range = start..start.saturating_add(size_bytes).min(self.bytes().len());
        match self.host_writes.last_mut() {
            Some(last) if (last.start..=last.end).contains(&range.start) => last.end = last.end.max(range.end),
            _ if range.start < range.end => self.host_writes.push(range),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: u64 = 1 << 32;
    const SIZE_BYTES: usize = 20 * WRITTEN_CHUNK_BYTES + 33;

    #[derive(Clone, Debug)]
    enum Step {
        /// As compiled code does: eight bytes, the mark of the first.
        Store(usize),
        /// As the serialiser does.
        Put(Range<usize>),
        /// As a system call does.
        Host(Range<usize>),
        Clear(Range<usize>),
    }

    fn range() -> impl Strategy<Value = Range<usize>> {
        (0..SIZE_BYTES, 0..6 * WRITTEN_CHUNK_BYTES)
            .prop_map(|(start, size_bytes)| start..(start + size_bytes).min(SIZE_BYTES))
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..SIZE_BYTES - 8).prop_map(Step::Store),
            // Where chunks meet.
            (1..20usize, 0..8usize).prop_map(|(chunk, back)| Step::Store(chunk * WRITTEN_CHUNK_BYTES - back)),
            range().prop_map(Step::Put),
            range().prop_map(Step::Host),
            range().prop_map(Step::Clear),
            (0..8usize, 8..20usize)
                .prop_map(|(first, last)| Step::Clear(first * WRITTEN_CHUNK_BYTES..last * WRITTEN_CHUNK_BYTES)),
        ]
    }

    proptest! {
        #[test]
        fn what_is_cleared_is_zero_and_nothing_else(steps in prop::collection::vec(step(), 1..60)) {
            let mut region = TrackedRegion::new(START);
            region.set_size(SIZE_BYTES);
            let mut model = vec![0; SIZE_BYTES];
            // Written by program or system call since the host last put something into the chunk.
            let mut written = vec![false; SIZE_BYTES];
            for step in steps {
                match step {
                    Step::Store(at) => {
                        let mut marks = region.take_marks();
                        marks[at / WRITTEN_CHUNK_BYTES] = WRITTEN_BY_PROGRAM;
                        region.bytes_mut()[at..at + 8].fill(7);
                        region.put_marks(marks);
                        model[at..at + 8].fill(7);
                        written[at..at + 8].fill(true);
                    }
                    Step::Put(range) => {
                        region.put(range.start, &vec![8; range.len()]);
                        region.note_put(range.clone());
                        let first = range.start / WRITTEN_CHUNK_BYTES * WRITTEN_CHUNK_BYTES;
                        let end = range.end.next_multiple_of(WRITTEN_CHUNK_BYTES) + SPILL_BYTES;
                        if !range.is_empty() {
                            written[first..end.min(SIZE_BYTES)].fill(false);
                        }
                        model[range].fill(8);
                    }
                    Step::Host(range) => {
                        let marks = region.take_marks();
                        region.note_host_write(START + range.start as u64, range.len());
                        region.bytes_mut()[range.clone()].fill(9);
                        region.put_marks(marks);
                        model[range.clone()].fill(9);
                        written[range].fill(true);
                    }
                    Step::Clear(range) => {
                        region.clear(range.clone());
                        model[range.clone()].fill(0);
                        written[range].fill(false);
                    }
                }
                prop_assert!(region.bytes() == model);
                for (start, bytes) in written.chunks(100).enumerate().map(|(n, bytes)| (n * 100, bytes)) {
                    let is_written = region.is_written(start..start + bytes.len());
                    prop_assert!(is_written || !bytes.contains(&true), "{start}");
                }
            }
        }
    }
}
