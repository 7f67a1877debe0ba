//! Ending, logging, return data, siblings, stack height, the old allocator.

use super::{Call, OUT, OUT_2};
use crate::machine::{
    Argument::{At, FromResult, Value},
    HEAP, Image, call, give,
};

pub fn calls() -> Vec<Call> {
    let mut image = Image::payload();
    let text = image.put("a line of log");
    let key = image.put([7; 32]);
    let slices = image.put_slices(&[b"one".as_slice(), b"", &[255; 40]]);
    let new = |name: &str, syscall, arguments: &[u64]| Call::new(name, syscall, image.clone(), arguments);
    vec![
        new("log", "sol_log_", &[text, 13]).with(&[0], &[1]),
        new("log_64", "sol_log_64_", &[0, 1, 0xdead_beef, u64::MAX, 1 << 63]),
        new("log_pubkey", "sol_log_pubkey", &[key]).with(&[0], &[]),
        new("log_compute_units", "sol_log_compute_units_", &[]),
        new("log_data", "sol_log_data", &[slices, 3]).with(&[0], &[1]),
        new("set_return_data", "sol_set_return_data", &[text, 13]).with(&[0], &[1]),
        new("get_return_data", "sol_get_return_data", &[OUT, 13, OUT_2])
            .with(&[0, 2], &[1])
            .after_steps(&[give(text, 13)])
            .gives(OUT, 16),
        new("get_processed_sibling_instruction", "sol_get_processed_sibling_instruction", &[0, OUT, OUT_2, OUT, OUT])
            .with(&[1], &[0])
            .gives(OUT, 16),
        new("get_stack_height", "sol_get_stack_height", &[]),
        new("alloc_free", "sol_alloc_free_", &[64, 0]),
    ]
}

pub fn edges() -> Vec<Call> {
    let mut calls = ends();
    calls.extend(logs());
    calls.extend(return_data());
    calls.extend(allocations());
    calls
}

fn ends() -> Vec<Call> {
    let mut image = Image::payload();
    let text = image.put("file.rs");
    let bad = image.put([0xff, 0xfe]);
    let new = |name: &str, arguments: &[u64]| Call::new(name, "sol_panic_", image.clone(), arguments).aborts();
    vec![
        Call::new("abort", "abort", Image::payload(), &[]).aborts(),
        new("panic", &[text, 7, 12, 34]),
        new("panic_no_file", &[text, 0, 12, 34]),
        new("panic_not_text", &[bad, 2, 12, 34]),
        new("panic_null", &[0, 7, 12, 34]),
        new("panic_null_and_empty", &[0, 0, 12, 34]),
        new("panic_length_max", &[text, u64::MAX, 12, 34]),
        new("panic_position_max", &[text, 7, u64::MAX, u64::MAX]),
    ]
}

fn logs() -> Vec<Call> {
    let mut image = Image::payload();
    let long = image.put("abcdefghij".repeat(21));
    let bad = image.put([b'a', 0xff]);
    let cut = image.put("é");
    let lines = image.put("one\ntwo\0three");
    let many = image.put_slices(&[b"".as_slice(); 20]);
    let one = image.put_slices(&[&[0u8; 10]]);
    let log = |name: &str, at, length| Call::new(name, "sol_log_", image.clone(), &[at, length]);
    let data = |name: &str, at, count| Call::new(name, "sol_log_data", image.clone(), &[at, count]);
    vec![
        log("log_empty", long, 0),
        log("log_null_and_empty", 0, 0),
        log("log_99", long, 99),
        log("log_100", long, 100),
        log("log_101", long, 101),
        log("log_210", long, 210),
        log("log_not_text", bad, 2).aborts(),
        log("log_half_a_character", cut, 1).aborts(),
        log("log_control_characters", lines, 13),
        data("log_data_none", one, 0),
        data("log_data_null_and_none", 0, 0),
        data("log_data_one", one, 1),
        data("log_data_twenty_empty", many, 20),
        data("log_data_unaligned", one + 1, 1).aborts(),
        data("log_data_count_max", one, u64::MAX).aborts(),
        Call::new("log_64_zeros", "sol_log_64_", image.clone(), &[]),
    ]
}

fn return_data() -> Vec<Call> {
    let image = Image::payload();
    let set = |name: &str, at, length| Call::new(name, "sol_set_return_data", image.clone(), &[at, length]);
    let get = |name: &str, length, program| {
        Call::new(name, "sol_get_return_data", image.clone(), &[OUT, length, program])
            .after_steps(&[give(HEAP + 0x4000, 1024)])
    };
    vec![
        set("set_return_data_none", HEAP, 0),
        set("set_return_data_null_and_none", 0, 0),
        set("set_return_data_249", HEAP, 249),
        set("set_return_data_250", HEAP, 250),
        set("set_return_data_1024", HEAP, 1024),
        set("set_return_data_1025", HEAP, 1025).aborts(),
        set("set_return_data_max", HEAP, u64::MAX).aborts(),
        set("set_return_data_trailing_zeros", HEAP, 5),
        Call::new("get_return_data_none", "sol_get_return_data", image.clone(), &[0, 100, 0]),
        get("get_return_data_length_0", 0, 0),
        get("get_return_data_length_1", 1, OUT_2).gives(OUT_2, 32),
        get("get_return_data_length_217", 217, OUT_2),
        get("get_return_data_length_218", 218, OUT_2),
        get("get_return_data_length_1024", 1024, OUT_2),
        get("get_return_data_length_max", u64::MAX, OUT_2),
        get("get_return_data_overlapping", 64, OUT + 32).aborts(),
        get("get_return_data_touching", 64, OUT + 64),
        get("get_return_data_program_before", 64, OUT - 32),
        get("get_return_data_program_overlaps_before", 64, OUT - 31).aborts(),
    ]
}

fn allocations() -> Vec<Call> {
    let alloc = |name: &str, size| Call::new(name, "sol_alloc_free_", Image::payload(), &[size, 0]);
    let second =
        |name: &str, first: u64, size| alloc(name, size).after_steps(&[call("sol_alloc_free_", &[Value(first)])]);
    // An argument that is another allocation's address, or what lies in memory, which is zero.
    let after_another = |name: &str, argument| {
        let mut call = alloc(name, 0).after_steps(&[call("sol_alloc_free_", &[Value(8)])]);
        call.arguments[1] = argument;
        call
    };
    vec![
        alloc("alloc_0", 0),
        alloc("alloc_1", 1),
        alloc("alloc_all", 32 * 1024),
        alloc("alloc_all_and_one", 32 * 1024 + 1),
        alloc("alloc_max", u64::MAX),
        alloc("alloc_2_to_63", 1 << 63),
        second("alloc_1_then_1", 1, 1),
        second("alloc_9_then_8", 9, 8),
        second("alloc_all_then_0", 32 * 1024, 0),
        second("alloc_all_then_1", 32 * 1024, 1),
        second("alloc_too_much_then_8", 40_000, 8),
        Call::new("free", "sol_alloc_free_", Image::payload(), &[64, HEAP]),
        Call::new("free_nonsense", "sol_alloc_free_", Image::payload(), &[0, 0x1234]),
        after_another("alloc_behind_another", FromResult(0)),
        after_another("alloc_as_said_by_heap", At(HEAP + 0x100)),
    ]
}
