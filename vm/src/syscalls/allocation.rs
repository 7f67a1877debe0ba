//! The heap as the oldest programs use it; newer ones carry their own allocator.

use solana_sbpf::program::BuiltinProgram;

use super::{ALLOC_FREE, add, syscall};
use crate::InvokeContext;

/// What the guest gets instead of an address when there is none.
const NULL: u64 = 0;
/// Alignment of what is handed out: that of a u128 in sBPF, or one byte under the deprecated loader.
const ALIGNMENT_BYTES: u64 = 8;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<AllocateOrFree>(loader, ALLOC_FREE);
}

syscall!(
    /// Allocates, free of charge: (length in bytes, address to free or zero). Freeing does nothing.
    AllocateOrFree,
    |context, size_bytes, address_to_free, _c, _d, _e| {
        if address_to_free != 0 {
            return Ok(NULL);
        }
        let alignment = if context.is_alignment_checked() { ALIGNMENT_BYTES } else { 1 };
        Ok(context.allocate_heap(size_bytes, alignment).unwrap_or(NULL))
    }
);

#[cfg(test)]
mod tests {
    use solana_sbpf::ebpf::MM_HEAP_START;

    use crate::syscalls::test_guest::{Guest, call};

    /// Allocates twice and returns the second address.
    fn allocate_after(first_bytes: u64) -> Guest {
        let source = "ldxdw r6, [r2+0]
            mov64 r1, r6
            mov64 r2, 0
            syscall sol_alloc_free_
            mov64 r1, 1
            mov64 r2, 0
            syscall sol_alloc_free_
            mov64 r7, 3
            lsh64 r7, 32
            stxdw [r7+0], r0
            mov64 r1, r7
            mov64 r2, 8
            syscall sol_set_return_data
            mov64 r0, 0
            exit";
        Guest::new(source, first_bytes.to_le_bytes().to_vec())
    }

    #[test]
    fn hands_out_aligned_addresses_for_nothing() {
        let outcome = call("sol_alloc_free_", [100, 0, 0, 0, 0], b"");
        assert_eq!((outcome.returned(), outcome.syscall_units()), (MM_HEAP_START, 0));
        assert_eq!(allocate_after(3).run().returned(), MM_HEAP_START + 8);
        assert_eq!(allocate_after(0).run().returned(), MM_HEAP_START);
        assert_eq!(allocate_after(3).deprecated_loader().run().returned(), MM_HEAP_START + 3);
    }

    #[test]
    fn has_nothing_beyond_the_heap() {
        for (size_bytes, expected) in [(32 * 1024, MM_HEAP_START), (32 * 1024 + 1, 0), (u64::MAX, 0)] {
            assert_eq!(call("sol_alloc_free_", [size_bytes, 0, 0, 0, 0], b"").returned(), expected);
        }
        assert_eq!(allocate_after(32 * 1024).run().returned(), 0);
        // What did not fit took nothing.
        assert_eq!(allocate_after(u64::MAX).run().returned(), MM_HEAP_START);
    }

    #[test]
    fn frees_nothing() {
        assert_eq!(call("sol_alloc_free_", [8, MM_HEAP_START, 0, 0, 0], b"").returned(), 0);
    }
}
