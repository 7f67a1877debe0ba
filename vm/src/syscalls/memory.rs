//! Memory operations that the guest leaves to the host: copy, move, fill, compare.

use solana_sbpf::program::BuiltinProgram;

use super::{SUCCESS, add, syscall};
use crate::{InvokeContext, SyscallError, VmError, budget::costs};

pub(super) fn register(loader: &mut BuiltinProgram<InvokeContext>) {
    add::<Memcpy>(loader, "sol_memcpy_");
    add::<Memmove>(loader, "sol_memmove_");
    add::<Memset>(loader, "sol_memset_");
    add::<Memcmp>(loader, "sol_memcmp_");
}

syscall!(
    /// Copies between ranges that may not overlap: (to, from, length in bytes).
    Memcpy,
    |context, to, from, size_bytes, _d, _e| {
        consume(context, size_bytes)?;
        if is_overlapping(to, from, size_bytes) {
            return Err(SyscallError::CopyOverlapping.into());
        }
        copy(context, to, from, size_bytes)
    }
);

syscall!(
    /// Copies between ranges that may overlap: (to, from, length in bytes).
    Memmove,
    |context, to, from, size_bytes, _d, _e| {
        consume(context, size_bytes)?;
        copy(context, to, from, size_bytes)
    }
);

syscall!(
    /// Fills a range with the low byte of a value: (to, value, length in bytes).
    Memset,
    |context, to, value, size_bytes, _d, _e| {
        consume(context, size_bytes)?;
        let to = context.guest_mut(to, size_bytes)?;
        context.bytes_mut(&to).fill(value as u8);
        Ok(SUCCESS)
    }
);

syscall!(
    /// Compares two ranges: (left, right, length in bytes, result). The result is an `i32`: the difference of the first
    /// bytes that differ, or zero.
    Memcmp,
    |context, left, right, size_bytes, result, _e| compare(context, left, right, size_bytes, result)
);

/// Charges for a memory operation over `size_bytes`.
fn consume(context: &mut InvokeContext, size_bytes: u64) -> Result<(), VmError> {
    Ok(context.consume(costs::MEMORY_OPERATION_BASE.max(size_bytes / costs::CPI_BYTES_PER_UNIT))?)
}

/// Whether two guest ranges of the same length share a byte. Lengths that leave the address space count as far as it
/// reaches: translation refuses them later.
fn is_overlapping(a: u64, b: u64, size_bytes: u64) -> bool {
    a.abs_diff(b) < size_bytes
}

fn copy(context: &mut InvokeContext, to: u64, from: u64, size_bytes: u64) -> Result<u64, VmError> {
    let to = context.guest_mut(to, size_bytes)?;
    let from = context.guest(from, size_bytes)?;
    context.copy_guest(&to, &from);
    Ok(SUCCESS)
}

fn compare(context: &mut InvokeContext, left: u64, right: u64, size_bytes: u64, result: u64) -> Result<u64, VmError> {
    consume(context, size_bytes)?;
    let left = context.guest(left, size_bytes)?;
    let right = context.guest(right, size_bytes)?;
    let difference = first_difference(context.bytes(&left), context.bytes(&right));
    let result = context.guest_array_mut(result, 1, 4, 4)?;
    context.bytes_mut(&result).copy_from_slice(&difference.to_le_bytes());
    Ok(SUCCESS)
}

/// As C's `memcmp`, with the difference itself and not only its sign. Both slices have the same length.
fn first_difference(left: &[u8], right: &[u8]) -> i32 {
    if left == right {
        return 0;
    }
    let differing = left.iter().zip(right).find(|(left, right)| left != right);
    differing.map_or(0, |(left, right)| i32::from(*left) - i32::from(*right))
}

#[cfg(test)]
mod tests {
    use solana_instruction_error::InstructionError;

    use super::*;
    use crate::syscalls::test_guest::{Guest, OUTPUT, PAYLOAD, call};

    #[test]
    fn overlap_is_told_by_the_distance_of_the_starts() {
        let cases = [(10, 7, 3, false), (10, 8, 3, true), (10, 12, 3, true), (10, 13, 3, false), (10, 10, 0, false)];
        for (a, b, size_bytes, expected) in cases {
            assert_eq!(is_overlapping(a, b, size_bytes), expected, "{a} {b} {size_bytes}");
        }
        assert!(is_overlapping(u64::MAX, u64::MAX - 1, 2));
        assert!(is_overlapping(0, u64::MAX - 1, u64::MAX));
        assert!(!is_overlapping(0, u64::MAX, u64::MAX));
    }

    #[test]
    fn copies() {
        for name in ["sol_memcpy_", "sol_memmove_"] {
            let outcome = call(name, [OUTPUT, PAYLOAD, 4, 0, 0], b"abcdef");
            assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 10), "{name}");
            assert_eq!(&outcome.output::<6>(), b"abcd\0\0", "{name}");
            // Nothing to copy needs no memory.
            assert_eq!(call(name, [u64::MAX, u64::MAX, 0, 0, 0], b"").returned(), 0, "{name}");
        }
    }

    #[test]
    fn charges_a_unit_for_250_bytes_once_that_is_more_than_the_base() {
        let payload = [1; 10_000];
        for (size_bytes, units) in [(2_749, 10), (2_750, 11), (10_000, 40)] {
            let outcome = call("sol_memmove_", [OUTPUT, PAYLOAD, size_bytes, 0, 0], &payload);
            assert_eq!(outcome.syscall_units(), units, "{size_bytes}");
        }
    }

    #[test]
    fn moves_what_overlaps_and_copies_only_what_does_not() {
        let move_by_two = [PAYLOAD + 2, PAYLOAD, 4, 0, 0];
        let source = |name: &str| {
            format!(
                "mov64 r6, r2
                ldxdw r1, [r6+0]
                ldxdw r2, [r6+8]
                ldxdw r3, [r6+16]
                syscall {name}
                ldxdw r1, [r6+8]
                mov64 r2, 6
                syscall sol_set_return_data
                mov64 r0, 0
                exit"
            )
        };
        let mut data: Vec<u8> = move_by_two.iter().flat_map(|one: &u64| one.to_le_bytes()).collect();
        data.extend_from_slice(&[0; 8]);
        data.extend_from_slice(b"abcdef");
        let moved = Guest::new(source("sol_memmove_"), data.clone()).run();
        assert_eq!(moved.return_data, b"ababcd");
        Guest::new(source("sol_memcpy_"), data).run().assert_aborted("Overlapping copy");
    }

    #[test]
    fn fills_with_the_low_byte() {
        let outcome = call("sol_memset_", [OUTPUT, 0xffff_ff07, 3, 0, 0], b"");
        assert_eq!((outcome.output::<4>(), outcome.syscall_units()), ([7, 7, 7, 0], 10));
        assert_eq!(call("sol_memset_", [0, 1, 0, 0, 0], b"").returned(), 0);
    }

    /// A range may cross the gaps between v0 stack frames; the host runs it on through the frames behind. It once failed
    /// because the stack was mapped only as far as the guest addresses of the range reach.
    #[test]
    fn fills_across_stack_frames() {
        const STACK_START: u64 = 0x2_0000_0000;
        for size_bytes in [4_097, 77_838, 64 * 4_096] {
            assert_eq!(call("sol_memset_", [STACK_START, 1, size_bytes, 0, 0], b"").returned(), 0, "{size_bytes}");
        }
        call("sol_memset_", [STACK_START, 1, 64 * 4_096 + 1, 0, 0], b"")
            .assert_aborted("Access violation in stack frame 0 at address 0x200000000 of size 262145");
    }

    #[test]
    fn compares_to_the_difference_of_the_first_bytes_that_differ() {
        let cases: [(&[u8; 4], &[u8; 4], i32); 4] =
            [(b"abcd", b"abcd", 0), (b"abcd", b"abce", -1), (b"\xffaaa", b"\0bbb", 255), (b"\0aaa", b"\xffbbb", -255)];
        for (left, right, expected) in cases {
            let payload = [*left, *right].concat();
            let outcome = call("sol_memcmp_", [PAYLOAD, PAYLOAD + 4, 4, OUTPUT, 0], &payload);
            assert_eq!((outcome.returned(), outcome.syscall_units()), (0, 10));
            assert_eq!(i32::from_le_bytes(outcome.output()), expected);
        }
        let empty = call("sol_memcmp_", [u64::MAX, u64::MAX, 0, OUTPUT, 0], b"");
        assert_eq!(empty.output(), [0; 4]);
    }

    #[test]
    fn refuses_what_lies_outside_or_may_not_be_written() {
        call("sol_memcmp_", [PAYLOAD, PAYLOAD, 4, OUTPUT + 2, 0], b"abcd").assert_aborted("Unaligned pointer");
        let unaligned = Guest::calling("sol_memcmp_", [PAYLOAD, PAYLOAD, 4, OUTPUT + 2, 0], b"abcd");
        assert_eq!(unaligned.deprecated_loader().run().returned(), 0);
        // Read-only data, at address zero since v3, can be read but not written.
        assert_eq!(call("sol_memcpy_", [OUTPUT, 0, 8, 0, 0], &[0; 8]).returned(), 0);
        call("sol_memset_", [0, 0, 8, 0, 0], b"")
            .assert_aborted("Access violation writing 8 bytes at address 0x0 (in allocated region)");
        call("sol_memcpy_", [u64::MAX, PAYLOAD, 8, 0, 0], &[0; 8])
            .assert_aborted("Access violation writing 8 bytes at address 0xffffffffffffffff (in unallocated region)");
        for name in ["sol_memcpy_", "sol_memmove_", "sol_memset_", "sol_memcmp_"] {
            let outcome = call(name, [OUTPUT, PAYLOAD, u64::MAX, OUTPUT, 0], b"");
            outcome.assert_failed(InstructionError::ComputationalBudgetExceeded, "Computational budget exceeded");
        }
    }
}
