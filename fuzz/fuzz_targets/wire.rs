//! See `heddle_fuzz_harness::wire`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| heddle_fuzz_harness::wire(data));
