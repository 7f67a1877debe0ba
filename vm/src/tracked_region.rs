//! A buffer of guest memory that knows which of its bytes may be other than zero.
//!
//! A program must find its heap zero, and the 10 KiB of room that each of its accounts has to grow. Programs hardly ever
//! write there, so a region keeps a mark per 256 bytes and clears only what is marked: the room of a token transfer is
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
    /// What was cleared for the last run and, up to `cleared_count`, for this one: a range that was cleared then was not
    /// put to since.
    cleared: Vec<Range<usize>>,
    cleared_count: usize,
}

impl TrackedRegion {
    /// Nothing yet, to be mapped at guest address `start`.
    pub(crate) fn new(start: u64) -> Self {
        Self {
            buffer: AlignedBuffer::default(),
            start,
            marks: Vec::new(),
            host_writes: Vec::new(),
            cleared: Vec::new(),
            cleared_count: 0,
        }
    }

    /// Begins another run with a region of `size_bytes`, keeping the allocation; contents are whatever was there.
    pub(crate) fn begin(&mut self, size_bytes: usize) {
        self.cleared.truncate(self.cleared_count);
        self.cleared_count = 0;
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

    /// Makes `range` zero. Ranges are cleared in order, each before what is put in front of it is noted, and none is shorter
    /// than a chunk: else what the program wrote there could be taken for what was put beside it.
    pub(crate) fn clear(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        // If the same range was cleared for the last run, only the program can have written there.
        let is_as_before = self.cleared.get(self.cleared_count) == Some(&range);
        if !is_as_before {
            self.cleared.truncate(self.cleared_count);
            self.cleared.push(range.clone());
        }
        self.cleared_count += 1;
        let mask = if is_as_before { WRITTEN_BY_PROGRAM } else { WRITTEN_BY_PROGRAM | WRITTEN_BY_HOST };
        // A store may have spilled over from the chunk before.
        let first = range.start.saturating_sub(SPILL_BYTES) / WRITTEN_CHUNK_BYTES;
        let begin = range.start / WRITTEN_CHUNK_BYTES;
        let last = (range.end - 1) / WRITTEN_CHUNK_BYTES;
        // As a rule nothing was written but at the ends, beside what is put there.
        if last > begin && !has_any(&self.marks[begin + 1..last], mask) {
            self.clear_chunks(first..=begin, &range, mask);
            self.clear_chunks(last..=last, &range, mask);
        } else {
            self.clear_chunks(first..=last, &range, mask);
        }
    }

    /// Makes zero what stores that began in `chunks` may have written within `range`.
    fn clear_chunks(&mut self, chunks: std::ops::RangeInclusive<usize>, range: &Range<usize>, mask: u8) {
        for chunk in chunks {
            if self.marks[chunk] & mask == 0 {
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

/// Whether any of `marks` has a bit of `mask`; eight at a time.
fn has_any(marks: &[u8], mask: u8) -> bool {
    let (words, rest) = marks.as_chunks::<8>();
    let words = words.iter().fold(0, |any, word| any | u64::from_ne_bytes(*word));
    let rest = rest.iter().fold(0, |any, mark| any | mark);
    (words & u64::from_ne_bytes([mask; 8])) | u64::from(rest & mask) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: u64 = 1 << 32;
    /// Puts and clears one after the other, and a last put.
    type Segments = Vec<(usize, usize)>;

    const TAIL_BYTES: usize = 40;

    fn segments() -> impl Strategy<Value = Segments> {
        // Rooms never touch: each account has a header. Two that did could leave a mark on the chunk where they meet.
        let put = prop_oneof![1..300usize, 1..4000usize, Just(WRITTEN_CHUNK_BYTES), Just(88)];
        let room = prop_oneof![Just(10 * WRITTEN_CHUNK_BYTES), WRITTEN_CHUNK_BYTES..3 * WRITTEN_CHUNK_BYTES];
        prop::collection::vec((put, room), 1..4)
    }

    /// A write at a share of the region's length.
    #[derive(Clone, Debug)]
    enum Write {
        /// As compiled code does: eight bytes, the mark of the first.
        Store(f64),
        /// The same where a chunk ends.
        StoreAtEnd(f64, usize),
        /// As a system call does.
        Host(f64, usize),
    }

    fn write() -> impl Strategy<Value = Write> {
        prop_oneof![
            (0.0..1.0).prop_map(Write::Store),
            ((0.0..1.0), 1..9usize).prop_map(|(at, back)| Write::StoreAtEnd(at, back)),
            ((0.0..1.0), 0..3000usize).prop_map(|(at, size_bytes)| Write::Host(at, size_bytes)),
        ]
    }

    fn size_bytes(segments: &Segments) -> usize {
        segments.iter().map(|(put, room)| put + room).sum::<usize>() + TAIL_BYTES
    }

    /// Prepares a run as the serialiser does; what must be there.
    fn prepare(region: &mut TrackedRegion, segments: &Segments) -> Vec<u8> {
        region.begin(size_bytes(segments));
        let (mut expected, mut unnoted) = (Vec::new(), 0);
        for &(put, room) in segments {
            region.put(expected.len(), &vec![8; put]);
            expected.resize(expected.len() + put, 8);
            region.clear(expected.len()..expected.len() + room);
            region.note_put(unnoted..expected.len());
            expected.resize(expected.len() + room, 0);
            unnoted = expected.len();
        }
        region.put(expected.len(), &[8; TAIL_BYTES]);
        expected.resize(expected.len() + TAIL_BYTES, 8);
        region.note_put(unnoted..expected.len());
        expected
    }

    /// Writes; what was written.
    fn run(region: &mut TrackedRegion, write: &Write) -> Range<usize> {
        let size_bytes = region.bytes().len();
        let place = |share: f64, room: usize| ((size_bytes - room) as f64 * share) as usize;
        let mut marks = region.take_marks();
        let range = match *write {
            Write::Store(share) => place(share, 8)..place(share, 8) + 8,
            Write::StoreAtEnd(share, back) => {
                let end = place(share, 0).next_multiple_of(WRITTEN_CHUNK_BYTES).max(WRITTEN_CHUNK_BYTES) - back;
                let start = end.min(size_bytes - 8);
                start..start + 8
            }
            Write::Host(share, size_bytes) => {
                let start = place(share, 1);
                start..(start + size_bytes).min(region.bytes().len())
            }
        };
        match write {
            Write::Host(..) => region.note_host_write(START + range.start as u64, range.len()),
            _ => marks[range.start / WRITTEN_CHUNK_BYTES] = WRITTEN_BY_PROGRAM,
        }
        region.bytes_mut()[range.clone()].fill(7);
        region.put_marks(marks);
        range
    }

    proptest! {
        #[test]
        fn a_run_finds_what_was_put_and_zeros(
            layouts in prop::collection::vec(segments(), 3),
            runs in prop::collection::vec((0..3usize, prop::collection::vec(write(), 0..6)), 1..12),
        ) {
            let mut region = TrackedRegion::new(START);
            for (layout, writes) in runs {
                let segments = &layouts[layout];
                let expected = prepare(&mut region, segments);
                prop_assert!(region.bytes() == expected, "{segments:?}");
                for write in &writes {
                    let range = run(&mut region, write);
                    prop_assert!(range.is_empty() || region.is_written(range.clone()), "{range:?}");
                }
                if writes.is_empty() {
                    prop_assert!(!region.is_written(0..expected.len()));
                }
            }
        }

        #[test]
        fn a_heap_is_zero_after_each_run(runs in prop::collection::vec((1..4usize, prop::collection::vec(write(), 0..6)), 1..12)) {
            let mut region = TrackedRegion::new(START);
            for (chunks, writes) in runs {
                region.begin(4 * WRITTEN_CHUNK_BYTES);
                prop_assert!(region.bytes().iter().all(|byte| *byte == 0));
                for write in &writes {
                    run(&mut region, write);
                }
                // A run writes nowhere beyond the heap that it has.
                region.bytes_mut()[chunks * WRITTEN_CHUNK_BYTES..].fill(0);
                region.clear(0..chunks * WRITTEN_CHUNK_BYTES);
            }
        }
    }
}
