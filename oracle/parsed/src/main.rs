//! Records what Agave's decoders make of accounts and instructions: the goldens of `parse/tests/goldens.rs`.
//!
//! `cargo run --ignore-rust-version -- ../../parse/tests/goldens` writes them. Everything comes from constants and a
//! seeded generator, so two runs give identical files. A number after the folder asks for as many times as many damaged
//! and random data, for a folder elsewhere that `HEDDLE_PARSE_GOLDENS` names to the test.

mod accounts;
mod agave;
mod natives;
mod shape;
mod tokens;
mod votes;

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use solana_pubkey::Pubkey;

/// Random and damaged data per case that parses.
const DAMAGED_PER_CASE: usize = 4;
const RANDOM_PER_PROGRAM: usize = 60;
const RANDOM_SIZE_MAX: usize = 250;

/// One instruction with all the accounts it can show.
pub struct Case {
    pub program: Pubkey,
    pub data: Vec<u8>,
    /// One more is tried too.
    pub account_count: usize,
    /// Other arguments of an instruction that is there in all shapes already.
    pub is_variant: bool,
}

fn main() {
    let folder = PathBuf::from(env::args().nth(1).expect("a folder to write to"));
    let times = env::args().nth(2).map_or(1, |times| times.parse().expect("a number"));
    // Panics of Agave are answers, not failures.
    std::panic::set_hook(Box::new(|panic| {
        if panic.location().is_some_and(|location| location.file().starts_with("src/")) {
            eprintln!("{panic}");
        }
    }));
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut types = BTreeSet::new();
    for (name, cases) in [
        ("natives", natives::cases(&mut random)),
        ("votes", votes::cases(&mut random)),
        ("tokens", tokens::cases(&mut random)),
    ] {
        let recorded = cases.iter().map(|case| record(case, times, &mut random, &mut types)).collect::<Vec<_>>();
        let mut programs = cases.iter().map(|case| case.program).collect::<Vec<_>>();
        programs.sort();
        programs.dedup();
        let noise = programs.iter().flat_map(|program| noise(program, times, &mut random)).collect::<Vec<_>>();
        write(&folder, name, "instructions", recorded.into_iter().chain(noise).collect());
    }
    println!("{} kinds of instructions", types.len());
    write(&folder, "accounts", "accounts", accounts::record(times, &mut random));
    write(&folder, "amounts", "amounts", accounts::record_amounts(&mut random));
}

/// One case per line.
fn write(folder: &std::path::Path, name: &str, list: &str, cases: Vec<Value>) {
    let lines = cases.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
    let text = format!("{{\"{list}\":[\n{lines}\n]}}\n");
    println!("{name}: {} cases, {} bytes", cases.len(), text.len());
    fs::write(folder.join(format!("{name}.json")), text).expect("a folder that can be written to");
}

fn record(case: &Case, times: usize, random: &mut ChaCha8Rng, types: &mut BTreeSet<String>) -> Value {
    let Case { program, data, account_count, .. } = case;
    let whole = agave::instruction(program, *account_count, data);
    assert!(!whole.is_null(), "not parsed: {program} {}", shape::hex(data));
    types.insert(format!("{} {}", whole[0], whole[1]["type"]));
    if case.is_variant {
        return json!({ "program": program.to_string(), "data": shape::hex(data), "accounts": account_count, "is": whole });
    }
    let by_count = shape::changes((0..=account_count + 1).map(|count| agave::instruction(program, count, data)));
    let by_size =
        shape::changes((0..=data.len()).map(|size| agave::instruction(program, *account_count, &data[..size])));
    let longer = agave::instruction(program, *account_count, &[data.as_slice(), &[0]].concat());
    let damaged = (0..DAMAGED_PER_CASE * times)
        .map(|_| {
            let data = shape::damaged(data, random);
            json!([shape::hex(&data), agave::instruction(program, *account_count, &data)])
        })
        .collect::<Vec<_>>();
    json!({
        "program": program.to_string(), "data": shape::hex(data), "accounts": account_count,
        "by_count": by_count, "by_size": by_size, "longer": if longer == whole { json!("same") } else { longer },
        "damaged": damaged,
    })
}

fn noise(program: &Pubkey, times: usize, random: &mut ChaCha8Rng) -> Vec<Value> {
    (0..RANDOM_PER_PROGRAM * times)
        .map(|index| {
            let mut data = shape::bytes(random, index % RANDOM_SIZE_MAX);
            // Without an early tag in range nothing would be parsed.
            for (byte, most) in data.iter_mut().zip([47, 16, 1, 1]) {
                *byte %= most;
            }
            let by_count = shape::changes((0..=9).map(|count| agave::instruction(program, count, &data)));
            json!({ "program": program.to_string(), "data": shape::hex(&data), "accounts": 8, "by_count": by_count })
        })
        .collect()
}
