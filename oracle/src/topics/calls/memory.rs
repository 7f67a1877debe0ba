//! `sol_memcpy_`, `sol_memmove_`, `sol_memset_`, `sol_memcmp_`.

use super::{Call, OUT, OUT_2};
use crate::machine::{Argument::Value, GROWTH_BYTES, HEAP, INPUT, Image, STACK, TEXT, call};

/// Length and cost differ from here on: 10 units are 2,500 bytes.
const LENGTHS: [u64; 7] = [0, 1, 2_499, 2_500, 2_750, 8_000, 16_384];

pub fn calls() -> Vec<Call> {
    let mut image = Image::payload();
    let (left, right) = (image.put(b"abcdefghijklmnopqrstuvwx"), image.put(b"abcdefghijklmNopqrstuvwx"));
    let new = |name: &str, syscall, arguments: &[u64]| Call::new(name, syscall, image.clone(), arguments);
    vec![
        new("memcpy", "sol_memcpy_", &[OUT, left, 24]).with(&[0, 1], &[2]).gives(OUT, 25),
        new("memmove", "sol_memmove_", &[OUT, left, 24]).with(&[0, 1], &[2]).gives(OUT, 25),
        new("memset", "sol_memset_", &[OUT, 0x5a, 24]).with(&[0], &[2]).gives(OUT, 25),
        new("memcmp", "sol_memcmp_", &[left, right, 24, OUT]).with(&[0, 1, 3], &[2]).gives(OUT, 4),
    ]
}

pub fn edges() -> Vec<Call> {
    let mut calls = Vec::new();
    for length in LENGTHS {
        let of = |syscall, arguments: &[u64]| {
            Call::new(format!("{syscall}of_{length}"), syscall, Image::payload(), arguments)
        };
        calls.push(of("sol_memcpy_", &[HEAP, HEAP + 16_384, length]));
        calls.push(of("sol_memmove_", &[HEAP, HEAP + 16_384, length]));
        calls.push(of("sol_memset_", &[HEAP, 1, length]));
        calls.push(of("sol_memcmp_", &[HEAP, HEAP + 16_384, length, OUT]));
    }
    calls.extend(overlaps());
    calls.extend(comparisons());
    calls.extend(regions());
    calls
}

fn overlaps() -> Vec<Call> {
    let mut image = Image::payload();
    let text = image.put(b"abcdefghijklmnopqrstuvwxyz");
    let prepared = call("sol_memcpy_", &[Value(OUT), Value(text), Value(26)]);
    let new = |syscall: &'static str, label: &str, to: u64, from: u64, length: u64| {
        Call::new(format!("{syscall}{label}"), syscall, image.clone(), &[to, from, length])
            .after_steps(std::slice::from_ref(&prepared))
            .gives(OUT, 40)
    };
    vec![
        new("sol_memcpy_", "onto_itself", OUT, OUT, 26).aborts(),
        new("sol_memcpy_", "nothing_onto_itself", OUT, OUT, 0),
        new("sol_memcpy_", "forward_by_one", OUT + 1, OUT, 26).aborts(),
        new("sol_memcpy_", "backward_by_one", OUT, OUT + 1, 25).aborts(),
        new("sol_memcpy_", "touching", OUT + 10, OUT, 10),
        new("sol_memcpy_", "overlapping_by_one", OUT + 9, OUT, 10).aborts(),
        new("sol_memmove_", "onto_itself", OUT, OUT, 26),
        new("sol_memmove_", "forward_by_one", OUT + 1, OUT, 26),
        new("sol_memmove_", "backward_by_one", OUT, OUT + 1, 25),
        new("sol_memmove_", "forward_by_half", OUT + 13, OUT, 26),
    ]
}

fn comparisons() -> Vec<Call> {
    let mut image = Image::payload();
    let (small, large) = (image.put([1, 2, 3]), image.put([1, 2, 0xff]));
    let new = |label: &str, left, right, length, to| {
        let arguments = [left, right, length, to];
        Call::new(format!("sol_memcmp_{label}"), "sol_memcmp_", image.clone(), &arguments).gives(OUT, 4)
    };
    vec![
        new("less", small, large, 3, OUT),
        new("greater", large, small, 3, OUT),
        new("equal", small, large, 2, OUT),
        new("same", small, small, 3, OUT),
        new("nothing_of_null", 0, 0, 0, OUT),
        new("result_unaligned", small, large, 3, OUT + 2).aborts(),
        new("result_over_left", OUT, large, 3, OUT),
    ]
}

/// From and to each region, and across their ends.
fn regions() -> Vec<Call> {
    let image = Image::payload();
    let new = |label: &str, arguments: [u64; 3]| {
        Call::new(format!("sol_memmove_{label}"), "sol_memmove_", image.clone(), &arguments).gives(OUT, 16)
    };
    let set = |label: &str, at, length| {
        Call::new(format!("sol_memset_{label}"), "sol_memset_", image.clone(), &[at, 0x1ff, length])
    };
    let input_bytes = 16 + 7 * 48 + 32;
    vec![
        new("from_text", [OUT, TEXT, 16]),
        new("to_text", [TEXT, OUT, 16]).aborts(),
        new("nothing_to_text", [TEXT, OUT, 0]),
        new("nothing_to_nowhere", [7, 9, 0]),
        new("from_input", [OUT, INPUT, 16]),
        new("from_stack", [OUT, STACK, 16]),
        new("across_frames", [OUT, STACK + 4_088, 16]),
        new("from_frame_gap", [OUT, STACK + 4_096, 16]).aborts(),
        new("from_second_frame", [OUT, STACK + 8_192, 16]),
        new("from_last_frame", [OUT, STACK + 126 * 4_096, 16]),
        new("behind_last_frame", [OUT, STACK + 127 * 4_096, 16]).aborts(),
        new("to_stack_from_input", [STACK + 64, INPUT, 16]),
        new("heap_to_stack", [STACK + 64, OUT_2, 2_000]),
        set("last_of_heap", HEAP + 32_767, 1),
        set("over_heap_end", HEAP + 32_767, 2).aborts(),
        set("behind_heap", HEAP + 32_768, 1).aborts(),
        set("nothing_behind_heap", HEAP + 32_768, 0),
        set("value_of_more_than_a_byte", OUT, 16),
        set("of_input", INPUT + 8, 4),
        set("behind_input", INPUT + input_bytes + GROWTH_BYTES, 1).aborts(),
    ]
}
