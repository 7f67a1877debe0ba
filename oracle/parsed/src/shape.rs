//! Shapes of cases: the same bytes with fewer accounts, cut short, with a byte too many, and with bytes changed.
//!
//! Answers along a walk (over account counts, or over lengths) are kept as the places where they change, so that what
//! is refused everywhere costs nothing.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

/// `[[index, answer], …]`: from `index` on the answer is `answer`, null before the first.
pub fn changes(answers: impl IntoIterator<Item = Value>) -> Value {
    let mut last = Value::Null;
    let mut changes = Vec::new();
    for (index, answer) in answers.into_iter().enumerate() {
        if answer != last {
            changes.push(json!([index, answer]));
            last = answer;
        }
    }
    changes.into()
}

/// Floats as text: JSON parsers do not agree on their last digit.
pub fn exact(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => json!(format!("f64 {:?}", number.as_f64().unwrap())),
        Value::Array(values) => values.into_iter().map(exact).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, exact(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// Hex of short data.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hex pieces, with runs of zeroes in between as their lengths: accounts are mostly zeroes.
pub fn pieces(bytes: &[u8]) -> Value {
    const RUN_MIN: usize = 12;
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut index = 0;
    while index < bytes.len() {
        let run = bytes[index..].iter().take_while(|byte| **byte == 0).count();
        if run >= RUN_MIN {
            pieces.push(json!(hex(&bytes[start..index])));
            pieces.push(json!(run));
            start = index + run;
        }
        index += run.max(1);
    }
    pieces.push(json!(hex(&bytes[start..])));
    pieces.into()
}

/// `bytes` with one to three of them changed.
pub fn damaged(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    if damaged.is_empty() {
        return damaged;
    }
    for _ in 0..random.random_range(1..=3) {
        // Tags and lengths come early.
        let reach = if random.random_bool(0.5) { damaged.len().min(8) } else { damaged.len() };
        let index = random.random_range(0..reach);
        damaged[index] = if random.random_bool(0.5) { random.random_range(0..4) } else { random.random() };
    }
    damaged
}

pub fn bytes(random: &mut ChaCha8Rng, count: usize) -> Vec<u8> {
    (0..count).map(|_| random.random()).collect()
}
