//! What generated code and the host share during one run.

use solana_sbpf::{
    ebpf::{MM_INPUT_START, MM_REGION_SIZE, MM_STACK_START, VIRTUAL_ADDRESS_BITS},
    error::EbpfError,
    memory_region::{MemoryMapping, MemoryRegion},
};

use crate::{WRITTEN_CHUNK_BYTES, WRITTEN_CHUNK_SHIFT};

/// Regions that an address can name: program (two), stack, heap, input.
pub(crate) const REGION_COUNT: usize = 5;
/// Index of the stack.
pub(crate) const STACK: usize = (MM_STACK_START / MM_REGION_SIZE) as usize;
/// Index of the heap.
pub(crate) const HEAP: usize = STACK + 1;
/// Index of the input.
pub(crate) const INPUT: usize = (MM_INPUT_START / MM_REGION_SIZE) as usize;
/// Accesses are of 1, 2, 4 or 8 bytes.
pub(crate) const SIZE_CLASS_COUNT: usize = 4;

/// Why generated code came back.
pub(crate) mod fault {
    /// The program ended by itself.
    pub(crate) const NONE: u32 = 0;
    /// A memory access was refused.
    pub(crate) const MEMORY: u32 = 1;
    /// A division by zero.
    pub(crate) const DIVISION: u32 = 2;
    /// Too many nested calls.
    pub(crate) const CALL_DEPTH: u32 = 3;
    /// A call through a register to somewhere else.
    pub(crate) const CALL_OUTSIDE: u32 = 4;
    /// An instruction that there is not.
    pub(crate) const UNSUPPORTED: u32 = 5;
    /// The end of the text.
    pub(crate) const OVERRUN: u32 = 6;
    /// A system call failed; its error is where system calls leave it.
    pub(crate) const SYSTEM_CALL: u32 = 7;
    /// The interpreter ended the run, for want of instructions or before.
    pub(crate) const INTERPRETED: u32 = 8;
}

/// The state of one run. Generated code finds its fields by their offsets.
#[repr(C)]
pub(crate) struct RunState {
    /// Top of the running frame's stack, as a host address.
    pub(crate) frame_top: u64,
    /// Instruction that may fault, or that the interpreter goes on from.
    pub(crate) pc: u32,
    /// One of [`fault`].
    pub(crate) fault: u32,
    /// Instructions left; in a register while generated code runs.
    pub(crate) remaining: u64,
    /// The guest address that a routine is asked about.
    pub(crate) address: u64,
    /// The guest address that a call through a register goes to.
    pub(crate) call_target: u64,
    /// Open calls.
    pub(crate) depth: u64,
    /// Whether the stack was stored to otherwise than to slots of the running frame.
    pub(crate) is_stack_stored: u32,
    /// First host address of the stack beyond what counts as used.
    pub(crate) stack_used_end: u64,
    /// First host address beyond the mapped stack.
    pub(crate) stack_mapped_end: u64,
    /// First host address of the stack.
    pub(crate) stack_host: u64,
    /// Marks of the input region.
    pub(crate) input_written: u64,
    /// Marks of the heap.
    pub(crate) heap_written: u64,
    /// Guest address, size and (code offset, charge) per instruction of the text: what calls through registers need.
    pub(crate) text_address: u64,
    pub(crate) text_bytes: u64,
    pub(crate) targets: u64,
    pub(crate) code: u64,
    /// The host's stack pointer, to leave from any depth.
    pub(crate) host_stack: u64,
    /// r0 to r10 at the beginning, and where the interpreter takes over.
    pub(crate) registers: [u64; 11],
    /// Host registers that a call of the host would lose.
    pub(crate) saved: [u64; 7],
    /// What a region's guest addresses need added to be host addresses.
    pub(crate) adjust: [u64; REGION_COUNT],
    /// By size of the access and region: the first address that is beyond it; 0 for what generated code must not decide.
    pub(crate) limits: [[u64; REGION_COUNT]; SIZE_CLASS_COUNT],
    /// By size of the access: the first address of the input that may not be stored to.
    pub(crate) input_store_limits: [u64; SIZE_CLASS_COUNT],
    /// By size of the access: the first offset in the host's stack that is beyond what counts as used; for a stack with
    /// gaps.
    pub(crate) stack_limits: [u64; SIZE_CLASS_COUNT],

    // The host's own.
    pub(crate) frame_bytes: u64,
    pub(crate) input_marks: usize,
    pub(crate) heap_marks: usize,
    pub(crate) error: Option<EbpfError>,
    pub(crate) mapping: *mut MemoryMapping,
    pub(crate) vm: *mut (),
    pub(crate) executable: *const (),
}

impl RunState {
    /// Takes over what `mapping` maps now, which may be another part of what it mapped before.
    pub(crate) fn refresh(&mut self, mapping: &MemoryMapping) {
        self.limits = Default::default();
        self.stack_limits = Default::default();
        self.input_store_limits = Default::default();
        self.take_over_all(mapping);
    }

    /// Takes over what `mapping` maps, if nothing was taken over before.
    pub(crate) fn take_over_all(&mut self, mapping: &MemoryMapping) {
        let regions = mapping.get_regions();
        let mut next_start = u64::MAX;
        for region in regions.iter().rev() {
            let start = region.vm_addr_range().start;
            let index = start >> VIRTUAL_ADDRESS_BITS;
            let is_alone = start == index << VIRTUAL_ADDRESS_BITS && next_start >> VIRTUAL_ADDRESS_BITS != index;
            if index < REGION_COUNT as u64 && is_alone && !region.is_empty() {
                self.take_over(index as usize, region);
            }
            next_start = start;
        }
    }

    fn take_over(&mut self, index: usize, region: &MemoryRegion) {
        let start = region.vm_addr_range().start;
        let host = region.host_buffer().ptr().cast::<u8>().expose_provenance() as u64;
        let is_mutable = region.host_buffer().is_mutable();
        let mut size_bytes = region.len() as u64;
        self.adjust[index] = host.wrapping_sub(start);
        if index == STACK {
            let used_bytes = self.stack_used_end - self.stack_host;
            self.stack_host = host;
            self.stack_mapped_end = host + size_bytes;
            size_bytes = size_bytes.min(used_bytes);
            self.stack_used_end = host + size_bytes;
        }
        // Stores to stack and heap are decided by the same limits.
        if !is_mutable && (index == STACK || index == HEAP) {
            return;
        }
        // What has no marks must not be stored to in line.
        match index {
            HEAP => size_bytes = size_bytes.min((self.heap_marks * WRITTEN_CHUNK_BYTES) as u64),
            INPUT => size_bytes = size_bytes.min((self.input_marks * WRITTEN_CHUNK_BYTES) as u64),
            _ => {}
        }
        for class in 0..SIZE_CLASS_COUNT {
            let Some(last) = size_bytes.checked_sub(1 << class) else { continue };
            if region.gap_size() != 0 {
                self.stack_limits[class] = last + 1;
                continue;
            }
            self.limits[class][index] = start + last + 1;
            if index == INPUT && is_mutable {
                self.input_store_limits[class] = start + last + 1;
            }
        }
    }
}

/// The marks of `size_bytes` at `offset` of a region.
pub(crate) fn marks_of(offset: u64, size_bytes: u64) -> std::ops::Range<usize> {
    let end = (offset + size_bytes).next_multiple_of(WRITTEN_CHUNK_BYTES as u64);
    (offset >> WRITTEN_CHUNK_SHIFT) as usize..(end >> WRITTEN_CHUNK_SHIFT) as usize
}
