//! What Agave's own crates say, recorded by `oracle/parsed`: each golden file is replayed and compared value by value.
//!
//! `HEDDLE_PARSE_GOLDENS` names another folder of them. A difference is our bug until shown otherwise. Answers along a walk (over account counts, over lengths) are recorded
//! as the places where they change, so every count and every length is checked.

use std::{
    fs,
    path::{Path, PathBuf},
};

use heddle_parse::{MintFacts, parse_account, parse_instruction, token_amount};
use heddle_types::Pubkey;
use serde_json::{Map, Value, json};

/// The accounts of instructions: 32 bytes that are the account's number and one.
fn account_keys(count: usize) -> Vec<Pubkey> {
    (1..=count).map(|number| Pubkey::new_from_array([u8::try_from(number).unwrap(); 32])).collect()
}

fn cases(file: &str, list: &str) -> Vec<Value> {
    let folder = std::env::var_os("HEDDLE_PARSE_GOLDENS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens"), PathBuf::from);
    let path = folder.join(file);
    let mut golden: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let Value::Array(cases) = golden[list].take() else { panic!("no {list} in {file}") };
    assert!(!cases.is_empty());
    cases
}

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().unwrap().as_bytes().chunks(2);
    digits.map(|digits| u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap()).collect()
}

/// Hex pieces and lengths of zeroes.
fn pieces(list: &Value) -> Vec<u8> {
    let piece = |piece: &Value| piece.as_u64().map_or_else(|| hex(piece), |zeroes| vec![0; zeroes as usize]);
    list.as_array().unwrap().iter().flat_map(piece).collect()
}

/// Floats as text: JSON parsers do not agree on their last digit.
fn exact(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => json!(format!("f64 {:?}", number.as_f64().unwrap())),
        Value::Array(values) => values.into_iter().map(exact).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, exact(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

fn key(text: &Value) -> Pubkey {
    text.as_str().unwrap().parse().unwrap()
}

fn count(number: &Value) -> usize {
    usize::try_from(number.as_u64().unwrap()).unwrap()
}

/// The recorded answer at an index of a walk.
fn at(changes: &Value, index: usize) -> Value {
    let before = |change: &&Value| count(&change[0]) <= index;
    changes.as_array().unwrap().iter().rev().find(before).map_or(Value::Null, |change| change[1].clone())
}

/// Counts what was compared, and names what differs.
#[derive(Default)]
struct Comparison {
    compared: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn compare(&mut self, what: impl FnOnce() -> String, ours: &Value, expected: &Value) {
        self.compared += 1;
        if ours != expected {
            self.differences.push(format!("{}\n  ours  {ours}\n  agave {expected}", what()));
        }
    }

    fn finish(self, compared_min: usize) {
        let shown = self.differences.iter().take(12).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(self.differences.is_empty(), "{} differ:\n{shown}", self.differences.len());
        assert!(self.compared >= compared_min, "only {} compared", self.compared);
    }
}

fn instruction(program: &Pubkey, account_count: usize, data: &[u8]) -> Value {
    let parsed = parse_instruction(program, &account_keys(account_count), data);
    parsed.map_or(Value::Null, |parsed| exact(json!([parsed.program, parsed.parsed])))
}

fn replay_instructions(file: &str, compared_min: usize) {
    let mut comparison = Comparison::default();
    for case in cases(file, "instructions") {
        let (program, data, account_count) = (key(&case["program"]), hex(&case["data"]), count(&case["accounts"]));
        if !case["is"].is_null() {
            let what = || format!("{program} {}", case["data"]);
            comparison.compare(what, &instruction(&program, account_count, &data), &case["is"]);
            continue;
        }
        for count in 0..=account_count + 1 {
            let what = || format!("{program} {} with {count} accounts", case["data"]);
            comparison.compare(what, &instruction(&program, count, &data), &at(&case["by_count"], count));
        }
        if case["by_size"].is_null() {
            continue;
        }
        for size in 0..=data.len() {
            let what = || format!("{program} {} cut to {size}", case["data"]);
            let ours = instruction(&program, account_count, &data[..size]);
            comparison.compare(what, &ours, &at(&case["by_size"], size));
        }
        let longer = [data.as_slice(), &[0]].concat();
        let expected = if case["longer"] == "same" { at(&case["by_size"], data.len()) } else { case["longer"].clone() };
        let what = || format!("{program} {} with a byte more", case["data"]);
        comparison.compare(what, &instruction(&program, account_count, &longer), &expected);
        for damaged in case["damaged"].as_array().unwrap() {
            let what = || format!("{program} {}", damaged[0]);
            comparison.compare(what, &instruction(&program, account_count, &hex(&damaged[0])), &damaged[1]);
        }
    }
    comparison.finish(compared_min);
}

#[test]
fn native_programs_and_memos() {
    replay_instructions("natives.json", 5_000);
}

#[test]
fn the_vote_program() {
    replay_instructions("votes.json", 4_000);
}

#[test]
fn token_programs() {
    replay_instructions("tokens.json", 9_000);
}

/// Token accounts are shown with two decimals; a slot history's million characters are recorded as the indices of ones.
fn account(key: &Pubkey, owner: &Pubkey, data: &[u8]) -> Value {
    let facts = MintFacts::with_decimals(2);
    let Some(parsed) = parse_account(key, owner, data, Some(&facts)) else { return Value::Null };
    let mut answer = exact(json!([parsed.program, parsed.parsed]));
    if let Some(bits) = answer.pointer_mut("/1/info/bits") {
        let text = bits.as_str().unwrap();
        assert_eq!(text.len(), 1024 * 1024);
        *bits = text.bytes().enumerate().filter(|(_, byte)| *byte == b'1').map(|(index, _)| index).collect();
    }
    answer
}

#[test]
fn accounts() {
    /// Longer data was not cut at every byte.
    const CUT_MAX: usize = 5_000;
    let mut comparison = Comparison::default();
    for case in cases("accounts.json", "accounts") {
        let (key, owner, data) = (key(&case["key"]), key(&case["owner"]), pieces(&case["data"]));
        let sizes = if data.len() <= CUT_MAX { 0..=data.len() } else { data.len()..=data.len() };
        for size in sizes {
            let what = || format!("{owner} {} cut to {size}", case["data"]);
            comparison.compare(what, &account(&key, &owner, &data[..size]), &at(&case["by_size"], size));
        }
        let longer = [data.as_slice(), &[0]].concat();
        let expected = if case["longer"] == "same" { at(&case["by_size"], data.len()) } else { case["longer"].clone() };
        let what = || format!("{owner} {} with a byte more", case["data"]);
        comparison.compare(what, &account(&key, &owner, &longer), &expected);
        let without_mint = parse_account(&key, &owner, &data, None).is_none();
        let what = || format!("{owner} {} without its mint", case["data"]);
        comparison.compare(what, &without_mint.into(), &case["without_mint"]);
        for damaged in case["damaged"].as_array().unwrap() {
            let what = || format!("{owner} {}", damaged[0]);
            comparison.compare(what, &account(&key, &owner, &pieces(&damaged[0])), &damaged[1]);
        }
    }
    comparison.finish(20_000);
}

#[test]
fn amounts() {
    let mut comparison = Comparison::default();
    for case in cases("amounts.json", "amounts") {
        let facts = MintFacts::read(&pieces(&case["mint"]), case["unix_timestamp"].as_i64().unwrap());
        for amount in case["amounts"].as_array().unwrap() {
            let ours = facts.map_or(Value::Null, |facts| exact(token_amount(amount[0].as_u64().unwrap(), &facts)));
            comparison.compare(|| format!("{} of {}", amount[0], case["mint"]), &ours, &amount[1]);
        }
    }
    comparison.finish(700);
}
