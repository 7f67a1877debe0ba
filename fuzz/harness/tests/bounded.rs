//! What CI runs of the fuzz targets: the committed inputs, then a fixed number of generated ones, always the same.

use std::{fs, path::PathBuf};

use heddle_fuzz_harness::TARGETS;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Seed of all generated inputs; `HEDDLE_FUZZ_SEED` asks for others.
const SEED: u64 = 20_261_121;
const INPUT_BYTES_MAX: usize = 600;

/// Committed inputs of a target: what is worth beginning with, and everything that once broke a promise.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.display().to_string(), fs::read(&file).expect("readable"))).collect()
}

/// Says which input it was, as bytes to put into a file, before the panic goes on.
fn check_input(target: fn(&[u8]), name: &str, input: &[u8]) {
    let outcome = std::panic::catch_unwind(|| target(input));
    if let Err(panic) = outcome {
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("input {name}: {hex}");
        std::panic::resume_unwind(panic);
    }
}

/// Runs the target of this name on its seeds, on changed seeds and on random bytes, `count` of each.
fn check_target(name: &str, count: usize) {
    let (_, target) = TARGETS.into_iter().find(|(known, _)| *known == name).expect("a target");
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "no seeds of {name}");
    for (file, bytes) in &seeds {
        check_input(target, file, bytes);
    }
    let seed = std::env::var("HEDDLE_FUZZ_SEED").map_or(SEED, |text| text.parse().expect("HEDDLE_FUZZ_SEED is a u64"));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for index in 0..count {
        let mut changed = seeds[rng.random_range(0..seeds.len())].1.clone();
        for _ in 0..rng.random_range(1..8) {
            change(&mut changed, &mut rng);
        }
        check_input(target, &format!("changed seed {index}"), &changed);
        let mut random = vec![0; rng.random_range(0..INPUT_BYTES_MAX)];
        rng.fill(&mut random[..]);
        check_input(target, &format!("random {index}"), &random);
    }
}

/// One change that fuzzers make.
fn change(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let at = rng.random_range(0..=bytes.len());
    match rng.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, rng.random()),
        2 if at < bytes.len() => drop(bytes.remove(at)),
        3 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
        4 => {
            let tail: Vec<u8> = (0..rng.random_range(1..40)).map(|_| rng.random()).collect();
            bytes.splice(at..at, tail);
        }
        _ if at < bytes.len() => bytes[at] = rng.random(),
        _ => {}
    }
}

#[test]
fn every_target_has_a_test() {
    let tested = include_str!("bounded.rs");
    for (name, _) in TARGETS {
        assert!(tested.contains(&format!("check_target(\"{name}\"")), "{name}");
    }
}

#[test]
fn wire() {
    check_target("wire", 20_000);
}

#[test]
fn elf() {
    check_target("elf", 500);
}

#[test]
fn vm() {
    check_target("vm", 1_000);
}

#[test]
fn cpi() {
    check_target("cpi", 1_000);
}

#[test]
fn syscalls() {
    check_target("syscalls", 1_000);
}

#[test]
fn builtins() {
    check_target("builtins", 2_000);
}
