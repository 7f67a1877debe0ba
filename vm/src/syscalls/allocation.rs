//! The heap as the oldest programs use it; newer ones carry their own allocator.

use solana_sbpf::program::BuiltinProgram;

use super::{add, syscall};
use crate::InvokeContext;

/// What the guest gets instead of an address when there is none.
const NULL: u64 = 0;
/// Alignment of what is handed out: any guest type, or one byte under the deprecated loader.
const ALIGNMENT_BYTES: u64 = 16;

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<AllocateOrFree>(loader, "sol_alloc_free_");
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
