//! The unsafe island: VM memory and the translation of guest addresses.
//!
//! Every pointer that `solana-sbpf` is given points into a buffer owned by a [`FrameMemory`] or into the read-only
//! section of an executable that the running frame keeps alive. Buffers are allocated once per stack depth and never
//! move or shrink while a frame is open.
//!
//! A fresh frame must see zeroed stack and heap. Zeroing 288 KiB costs more than most programs run, so only what may have
//! been written is zeroed. Compiled code tells what that is ([`Tracking::Marks`]). For the interpreter a frame begins with
//! a short stack and no heap mapped; the first access beyond is caught by the mapping's access-violation handler, which
//! maps more, and what is mapped at the end is what may have been written ([`Tracking::OnDemand`]).

use std::ops::Range;

use heddle_types::Pubkey;
use solana_sbpf::{
    ebpf::{MM_HEAP_START, MM_INPUT_START, MM_REGION_SIZE, MM_STACK_START},
    elf::Executable,
    error::{EbpfError, StableResult},
    memory_region::{AccessType, AccessViolationHandler, MemoryMapping, MemoryRegion},
    program::SBPFVersion,
};

use crate::{InvokeContext, SyscallError, budget::costs, execute::VmError, tracked_region::TrackedRegion};

/// Bytes of the whole stack: 64 frames of 4 KiB.
pub(crate) const STACK_BYTES: usize = 4096 * costs::CALL_DEPTH_MAX;
/// Stack mapped before a program asks for more: one frame.
const STACK_BYTES_INITIAL: usize = 4096;

/// A buffer aligned for any guest type (16 bytes).
#[derive(Default)]
pub(crate) struct AlignedBuffer {
    words: Vec<u128>,
    size_bytes: usize,
}

impl AlignedBuffer {
    fn zeroed(size_bytes: usize) -> Self {
        Self { words: vec![0; size_bytes.div_ceil(16)], size_bytes }
    }

    /// Sets the length, keeping the allocation; contents are whatever was there.
    pub(crate) fn set_size(&mut self, size_bytes: usize) {
        let words = size_bytes.div_ceil(16);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
        self.size_bytes = size_bytes;
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.size_bytes]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.size_bytes]
    }
}

/// Zeroes in pieces that the C library clears with plain stores. From 2 KiB on it uses a string instruction that waits for
/// everything before it; a frame is closed while memory accesses of its transaction are still under way.
pub(crate) fn zero(bytes: &mut [u8]) {
    const PIECE_BYTES: usize = 1024;
    for piece in bytes.chunks_mut(PIECE_BYTES) {
        // Opaque, or the compiler makes one call of the loop.
        std::hint::black_box(piece).fill(0);
    }
}

/// How it is known what a program wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracking {
    /// Everything is mapped; the code marks what it writes.
    Marks,
    /// What is not needed is not mapped.
    OnDemand,
}

/// Memory of one sBPF frame, pooled per stack depth.
pub(crate) struct FrameMemory {
    stack: AlignedBuffer,
    /// Bytes of the stack that may be other than zero, while writes are tracked by marks.
    pub(crate) stack_written: Range<usize>,
    /// Where what system calls wrote on the stack ends.
    stack_host_end: usize,
    pub(crate) heap: TrackedRegion,
    /// The serialised input of the program.
    pub(crate) input: TrackedRegion,
    tracking: Tracking,
    /// Where the parts of the input region end; none for one region.
    pub(crate) input_ends: Vec<usize>,
    /// Kept from run to run; between runs it maps nothing that may move or go.
    mapping: Option<Box<KeptMapping>>,
    is_open: bool,
    /// Guest addresses that the stack takes: with gaps between the frames, twice its bytes.
    stack_range_bytes: u64,
    /// Distinguishes guest slices of this run of the frame from those of any other.
    serial: u64,
}

impl FrameMemory {
    pub(crate) fn new() -> Self {
        let mut heap = TrackedRegion::new(MM_HEAP_START);
        heap.begin(costs::HEAP_SIZE_BYTES_MAX as usize);
        Self {
            stack: AlignedBuffer::zeroed(STACK_BYTES),
            stack_written: 0..0,
            stack_host_end: 0,
            heap,
            input: TrackedRegion::new(MM_INPUT_START),
            tracking: Tracking::OnDemand,
            input_ends: Vec::new(),
            mapping: None,
            is_open: false,
            stack_range_bytes: 0,
            serial: 0,
        }
    }

    /// Maps the executable's read-only section, stack, heap and the serialised input.
    pub(crate) fn open(
        &mut self,
        executable: &Executable<InvokeContext>,
        heap_size_bytes: u32,
        serial: u64,
        tracking: Tracking,
    ) -> Result<(), VmError> {
        let version = executable.get_sbpf_version();
        let config = executable.get_config();
        let gap_size = if version.stack_frame_gaps() && config.enable_stack_frame_gaps {
            config.stack_frame_size as u64
        } else {
            0
        };
        self.stack_range_bytes = if gap_size == 0 { STACK_BYTES as u64 } else { 2 * STACK_BYTES as u64 };
        let stack: *mut [u8] = self.stack.bytes_mut();
        let heap: *mut [u8] = &mut self.heap.bytes_mut()[..heap_size_bytes as usize];
        let input: *mut [u8] = self.input.bytes_mut();
        // Versions with a manual stack pointer start at the far end of the stack: all of it counts as used.
        let stack_used = if version.manual_stack_frame_bump() { STACK_BYTES } else { STACK_BYTES_INITIAL };
        let (stack_mapped, heap_mapped) = match tracking {
            Tracking::Marks => (STACK_BYTES, heap.len()),
            Tracking::OnDemand => (stack_used, 0),
        };
        let regions = [
            executable.get_ro_region(),
            MemoryRegion::new_gapped(prefix(stack, stack_mapped), MM_STACK_START, gap_size),
            MemoryRegion::new(prefix(heap, heap_mapped), MM_HEAP_START),
        ];
        let program_index = (regions[0].vm_addr_range().start / MM_REGION_SIZE) as usize;
        self.is_open = true;
        self.heap.begin(costs::HEAP_SIZE_BYTES_MAX as usize);
        self.serial = serial;
        self.tracking = tracking;
        self.stack_written = 0..stack_used;
        self.stack_host_end = 0;
        let shape = MappingShape { version, heap_size_bytes, is_input_whole: self.input_ends.is_empty(), tracking };
        if let Some(kept) = self.mapping.as_deref_mut().filter(|kept| kept.shape == shape)
            && kept.remap(&regions, MemoryRegion::new(input, MM_INPUT_START))
        {
            return Ok(());
        }
        // Room for the input, and for the empty region that stands where the executable has none.
        let mut all = Vec::with_capacity(regions.len() + 2 + self.input_ends.len());
        all.extend(regions);
        push_input(&mut all, input, &self.input_ends);
        let handler = grow_on_demand(stack, heap);
        // SAFETY: each region points into a buffer of this frame, or into the executable that the caller holds for as
        // long as the frame is open; `close` maps executable and input to nothing, or drops the mapping, before any of
        // them can go. All are plain bytes. The handler only replaces a region by a longer prefix of the same buffer;
        // stack and heap live as long as the frame and never move.
        let mapping = unsafe { MemoryMapping::new_with_access_violation_handler(all, config, version, handler) };
        self.mapping = Some(Box::new(KeptMapping { mapping: mapping.map_err(VmError::Setup)?, shape, program_index }));
        Ok(())
    }

    /// Unmaps everything and zeroes what the program may have touched.
    pub(crate) fn close(&mut self) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let Some(kept) = self.mapping.as_deref_mut() else { return };
        if self.tracking == Tracking::OnDemand {
            for region in kept.mapping.get_regions() {
                match region.vm_addr_range().start {
                    MM_STACK_START => self.stack_written = 0..region.len(),
                    MM_HEAP_START => self.heap.note_written(0..region.len()),
                    _ => {}
                }
            }
        }
        zero(&mut self.stack.bytes_mut()[self.stack_written.clone()]);
        self.heap.clear(0..kept.shape.heap_size_bytes as usize);
        if !kept.unmap() {
            self.mapping = None;
        }
    }

    /// Notes what of the stack compiled code has written.
    pub(crate) fn note_stack_written(&mut self, by_code: Range<usize>) {
        let start = if self.stack_host_end == 0 { by_code.start } else { 0 };
        self.stack_written = start..by_code.end.max(self.stack_host_end);
    }

    /// Notes that a system call may write `size_bytes` at `address`, which is `pointer` here.
    fn note_host_write(&mut self, address: u64, pointer: *mut u8, size_bytes: usize) {
        if self.tracking == Tracking::OnDemand {
            return;
        }
        match address / MM_REGION_SIZE * MM_REGION_SIZE {
            MM_STACK_START => {
                let offset = pointer.addr() - self.stack.bytes().as_ptr().addr();
                self.stack_host_end = self.stack_host_end.max(offset + size_bytes);
            }
            MM_HEAP_START => self.heap.note_host_write(address, size_bytes),
            _ => self.input.note_host_write(address, size_bytes),
        }
    }

    pub(crate) fn mapping_mut(&mut self) -> Option<&mut MemoryMapping> {
        let is_open = self.is_open;
        self.mapping.as_deref_mut().filter(|_| is_open).map(|kept| &mut kept.mapping)
    }
}

/// A mapping that is used for one run after the other: making one takes four allocations.
struct KeptMapping {
    mapping: MemoryMapping,
    shape: MappingShape,
    /// Which region is that of the program.
    program_index: usize,
}

/// What a mapping cannot change.
#[derive(Clone, Copy, PartialEq, Eq)]
struct MappingShape {
    version: SBPFVersion,
    heap_size_bytes: u32,
    is_input_whole: bool,
    tracking: Tracking,
}

impl KeptMapping {
    /// Maps another run's regions in place of the last one's; `false` if the mapping has no place for one of them.
    fn remap(&mut self, regions: &[MemoryRegion; 3], input: MemoryRegion) -> bool {
        // Where writes are marked, stack and heap stay mapped whole.
        let changing = if self.shape.tracking == Tracking::Marks { &regions[..1] } else { &regions[..] };
        self.program_index = (regions[0].vm_addr_range().start / MM_REGION_SIZE) as usize;
        changing.iter().cloned().chain([input]).all(|region| {
            let index = (region.vm_addr_range().start / MM_REGION_SIZE) as usize;
            // SAFETY: as for a new mapping, see `FrameMemory::open`.
            unsafe { self.mapping.replace_region(index, region) }.is_ok()
        })
    }

    /// Maps executable and input to nothing; `false` if the mapping has to go instead.
    fn unmap(&mut self) -> bool {
        const INPUT: usize = (MM_INPUT_START / MM_REGION_SIZE) as usize;
        self.shape.is_input_whole
            && [self.program_index, INPUT].into_iter().all(|index| {
                let Some(region) = self.mapping.get_regions().get(index) else { return false };
                let nothing = MemoryRegion::new_empty(region.vm_addr_range().start);
                // SAFETY: an empty region points at nothing.
                unsafe { self.mapping.replace_region(index, nothing) }.is_ok()
            })
    }
}

/// Maps the input region, whole or in parts that end at `ends`.
fn push_input(regions: &mut Vec<MemoryRegion>, input: *mut [u8], ends: &[usize]) {
    if ends.is_empty() {
        regions.push(MemoryRegion::new(input, MM_INPUT_START));
    }
    let mut start = 0;
    for end in ends.iter().map(|end| (*end).min(input.len())) {
        let first = input.cast::<u8>().wrapping_add(start);
        let part = std::ptr::slice_from_raw_parts_mut(first, end.saturating_sub(start));
        regions.push(MemoryRegion::new(part, MM_INPUT_START + start as u64));
        start = start.max(end);
    }
}

/// The first `size_bytes` of `buffer`.
fn prefix(buffer: *mut [u8], size_bytes: usize) -> *mut [u8] {
    std::ptr::slice_from_raw_parts_mut(buffer.cast::<u8>(), size_bytes.min(buffer.len()))
}

/// Maps more of the stack (twice as much) or the whole heap when the guest goes beyond what is mapped.
fn grow_on_demand(stack: *mut [u8], heap: *mut [u8]) -> AccessViolationHandler {
    Box::new(move |region, _size_max, _access, address, size| {
        let (whole, mapped) = match region.vm_addr_range().start {
            MM_STACK_START => (stack, region.len()),
            MM_HEAP_START => (heap, region.len()),
            _ => return,
        };
        // A range may span frames: sBPF lets it run on in the host buffer, where there are no gaps.
        let offset = address - region.vm_addr_range().start;
        let gap = region.gap_size();
        let start = if gap == 0 { offset } else { offset / (2 * gap) * gap + offset % gap };
        let end = usize::try_from(start.saturating_add(size)).unwrap_or(usize::MAX);
        let mut grown = mapped;
        while grown < end && grown < whole.len() {
            grown = if gap == 0 { whole.len() } else { (grown * 2).min(whole.len()) };
        }
        // SAFETY: a longer prefix of the same live, exclusively mapped buffer.
        unsafe { region.redirect(prefix(whole, grown)) };
    })
}

/// Names heap and stack in an access violation even where they are not mapped yet: what programs log must not depend on
/// when we map.
fn name_region(error: EbpfError, heap_size_bytes: u32, stack_range_bytes: u64) -> EbpfError {
    let EbpfError::AccessViolation(access, address, size, "unallocated") = error else { return error };
    let heap = MM_HEAP_START..MM_HEAP_START + u64::from(heap_size_bytes);
    let stack = MM_STACK_START..MM_STACK_START + stack_range_bytes;
    let name = if heap.contains(&address) {
        "heap"
    } else if stack.contains(&address) {
        "stack"
    } else {
        "unallocated"
    };
    EbpfError::AccessViolation(access, address, size, name)
}

/// A translated range of guest memory, valid while the frame that translated it runs.
#[derive(Clone, Copy, Debug)]
pub struct GuestSlice {
    pointer: *mut u8,
    size_bytes: usize,
    serial: u64,
    writable: bool,
}

impl GuestSlice {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.size_bytes
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.size_bytes == 0
    }

    /// Whether the host address is a multiple of `alignment`.
    pub(crate) fn is_aligned(&self, alignment: usize) -> bool {
        (self.pointer as usize).is_multiple_of(alignment)
    }

    /// Whether the two ranges share a byte.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (self.pointer as usize, other.pointer as usize);
        a < b.saturating_add(other.size_bytes) && b < a.saturating_add(self.size_bytes)
    }

    /// A part of the range.
    ///
    /// # Panics
    /// If it does not lie within.
    pub(crate) fn part(&self, start: usize, size_bytes: usize) -> Self {
        assert!(start.checked_add(size_bytes).is_some_and(|end| end <= self.size_bytes), "part outside guest slice");
        Self { pointer: self.pointer.wrapping_add(start), size_bytes, ..*self }
    }
}

/// Reading and writing the memory of the running program.
///
/// Alignment is checked as Solana does: on host addresses, and only for loaders newer than the first.
impl InvokeContext {
    /// Translates `size_bytes` at `address` for reading.
    ///
    /// # Errors
    /// An access violation.
    pub fn guest(&mut self, address: u64, size_bytes: u64) -> Result<GuestSlice, VmError> {
        self.translate(AccessType::Load, address, size_bytes)
    }

    /// Translates `size_bytes` at `address` for writing.
    ///
    /// # Errors
    /// An access violation.
    pub fn guest_mut(&mut self, address: u64, size_bytes: u64) -> Result<GuestSlice, VmError> {
        self.translate(AccessType::Store, address, size_bytes)
    }

    /// The error of the running frame, with heap and stack named as a program's log has them.
    pub(crate) fn name_region(&mut self, error: EbpfError) -> EbpfError {
        let heap_size_bytes = self.budget().heap_size_bytes;
        name_region(error, heap_size_bytes, self.current_frame_memory().stack_range_bytes)
    }

    fn translate(&mut self, access: AccessType, address: u64, size_bytes: u64) -> Result<GuestSlice, VmError> {
        let frame = self.current_frame_memory();
        let writable = access == AccessType::Store;
        let serial = frame.serial;
        if size_bytes == 0 {
            return Ok(GuestSlice { pointer: std::ptr::dangling_mut(), size_bytes: 0, serial, writable });
        }
        if i64::try_from(size_bytes).is_err() {
            return Err(SyscallError::InvalidLength.into());
        }
        let mapping = frame.mapping_mut().expect("a syscall runs inside an open frame");
        match mapping.map_with_access_violation_handler(access, address, size_bytes) {
            StableResult::Ok(buffer) => {
                let pointer = buffer.ptr().cast::<u8>().cast_mut();
                if writable {
                    frame.note_host_write(address, pointer, size_bytes as usize);
                }
                Ok(GuestSlice { pointer, size_bytes: size_bytes as usize, serial, writable })
            }
            StableResult::Err(error) => Err(VmError::Ebpf(self.name_region(error))),
        }
    }

    /// Translates an array of `count` values of `size_bytes` each that the guest aligns to `alignment`.
    ///
    /// # Errors
    /// An access violation, an overlong or a misaligned range.
    pub fn guest_array(
        &mut self,
        address: u64,
        count: u64,
        size_bytes: u64,
        alignment: usize,
    ) -> Result<GuestSlice, VmError> {
        let slice = self.guest(address, count.saturating_mul(size_bytes))?;
        self.check_alignment(slice, alignment)
    }

    /// As [`Self::guest_array`], for writing.
    ///
    /// # Errors
    /// As [`Self::guest_array`].
    pub fn guest_array_mut(
        &mut self,
        address: u64,
        count: u64,
        size_bytes: u64,
        alignment: usize,
    ) -> Result<GuestSlice, VmError> {
        let slice = self.guest_mut(address, count.saturating_mul(size_bytes))?;
        self.check_alignment(slice, alignment)
    }

    fn check_alignment(&self, slice: GuestSlice, alignment: usize) -> Result<GuestSlice, VmError> {
        if !slice.is_empty() && self.is_alignment_checked() && !slice.is_aligned(alignment) {
            return Err(SyscallError::UnalignedPointer.into());
        }
        Ok(slice)
    }

    /// The bytes of a translated range.
    ///
    /// # Panics
    /// If the slice was translated by another frame, or by this one in an earlier run.
    pub fn bytes(&self, slice: &GuestSlice) -> &[u8] {
        self.assert_current(slice);
        // SAFETY: `translate` got the range from the mapping of the current frame (the serial proves which), whose
        // buffers live and stay in place until the frame closes. `&self` excludes writers: the only way to write guest
        // memory from the host is `bytes_mut`, which takes `&mut self`, and the guest itself is suspended.
        unsafe { std::slice::from_raw_parts(slice.pointer, slice.size_bytes) }
    }

    /// The bytes of a range translated for writing.
    ///
    /// # Panics
    /// If the slice was translated for reading, or by another frame or run.
    pub fn bytes_mut(&mut self, slice: &GuestSlice) -> &mut [u8] {
        self.assert_current(slice);
        assert!(slice.writable, "the range was translated for reading only");
        // SAFETY: as in `bytes`, and the mapping allowed stores to the whole range; `&mut self` makes it exclusive.
        unsafe { std::slice::from_raw_parts_mut(slice.pointer, slice.size_bytes) }
    }

    /// Copies one range over another of the same length; they may overlap.
    ///
    /// # Panics
    /// If the lengths differ, `to` was translated for reading, or either belongs to another frame or run.
    pub fn copy_guest(&mut self, to: &GuestSlice, from: &GuestSlice) {
        self.assert_current(to);
        self.assert_current(from);
        assert!(to.writable && to.size_bytes == from.size_bytes, "a copy needs a writable target of the same length");
        // SAFETY: both ranges are valid as in `bytes` and `bytes_mut`; `copy` allows overlap.
        unsafe { std::ptr::copy(from.pointer, to.pointer, to.size_bytes) }
    }

    fn assert_current(&self, slice: &GuestSlice) {
        assert_eq!(self.current_frame_serial(), slice.serial, "guest slice of another frame");
    }

    /// Reads an aligned `u64`.
    ///
    /// # Errors
    /// As [`Self::guest_array`].
    pub fn read_u64(&mut self, address: u64) -> Result<u64, VmError> {
        let slice = self.guest_array(address, 1, 8, 8)?;
        Ok(u64::from_le_bytes(self.bytes(&slice).try_into().expect("eight bytes")))
    }

    /// Reads a pubkey.
    ///
    /// # Errors
    /// As [`Self::guest`].
    pub fn read_pubkey(&mut self, address: u64) -> Result<Pubkey, VmError> {
        let slice = self.guest(address, 32)?;
        Ok(Pubkey::new_from_array(self.bytes(&slice).try_into().expect("32 bytes")))
    }
}

impl FrameMemory {
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }
}

// SAFETY: the raw pointers of the mapping and its handler point into buffers that the frame owns, or into an executable
// that is itself `Send + Sync`; nothing in them is bound to a thread, and a frame is used by one thread at a time.
unsafe impl Send for FrameMemory {}
