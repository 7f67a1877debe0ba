//! Addresses and lengths that sit at the edges of what a guest may touch.

use heddle_vm::solana_sbpf::ebpf::{MM_BYTECODE_START, MM_HEAP_START, MM_INPUT_START, MM_STACK_START};

use crate::input::Input;

/// Region starts: read-only data (v3), bytecode, stack, heap, input, what follows it, the end of the address space.
const BASES: [u64; 7] =
    [MM_HEAP_START, MM_INPUT_START, MM_STACK_START, MM_BYTECODE_START, 0, MM_INPUT_START + (1 << 32), u64::MAX];

/// Sizes at which regions, frames and limits end.
const SIZES: [u64; 16] = [
    0,
    32,
    64,
    1_024,
    4_096,
    8_192,
    10_240,
    4 * 4_096,
    8 * 4_096,
    32 * 1_024,
    128 * 4_096,
    64 * 4_096,
    256 * 1_024,
    1 << 31,
    1 << 32,
    u64::MAX / 2,
];

/// An address: a region's start, plus a size, plus a little.
pub(crate) fn address(input: &mut Input<'_>) -> u64 {
    let choice = input.byte();
    if choice == u8::MAX {
        return input.u64();
    }
    let base = BASES[usize::from(choice) % BASES.len()];
    let size = SIZES[input.below(SIZES.len())];
    base.wrapping_add(size).wrapping_add(nudge(input))
}

/// A length or count: small, or near a size where something ends, or anything.
pub(crate) fn length(input: &mut Input<'_>) -> u64 {
    match input.byte() {
        choice @ 0..128 => (choice % 64).into(),
        128..192 => input.u16().into(),
        192..248 => input.pick(&SIZES).wrapping_add(nudge(input)),
        _ => input.u64(),
    }
}

/// An argument that may be any of the two, or a small attribute.
pub(crate) fn word(input: &mut Input<'_>) -> u64 {
    match input.byte() % 4 {
        0 => input.byte().into(),
        1 => length(input),
        _ => address(input),
    }
}

/// −128 to 127, as a `u64` to add wrapping.
fn nudge(input: &mut Input<'_>) -> u64 {
    i64::from(input.byte() as i8) as u64
}
