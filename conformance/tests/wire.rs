//! Serialised transactions through the command: those that the oracle recorded, and damaged ones.

mod common;

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::{Folder, counts, run};
use serde_json::Value;

/// The wire bytes of every transaction of an oracle topic, with its error.
fn recorded(topic: &str) -> Vec<(Vec<u8>, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../oracle/cases/{topic}.json"));
    let file: Value = serde_json::from_str(&fs::read_to_string(path).expect("a topic")).expect("JSON");
    let cases = file["cases"].as_array().expect("cases").iter();
    let transactions = cases.flat_map(|case| case["transactions"].as_array().expect("transactions"));
    let wire = |transaction: &Value| {
        let bytes = BASE64_STANDARD.decode(transaction["wire"].as_str().expect("text")).expect("base64");
        (bytes, transaction["result"]["error"].as_str().unwrap_or_default().to_owned())
    };
    transactions.map(wire).collect()
}

/// Legacy, v0 and v1: what Solana processed round-trips and verifies; what it refused for its bytes is refused.
#[test]
fn recorded_transactions() {
    let mut folder = Folder::new();
    let (mut count, mut unverified) = (0, 0);
    for (index, (bytes, error)) in recorded("fees").into_iter().enumerate() {
        if error.contains("anitize") || error.contains("AccountLoadedTwice") || error.contains("TooManyAccountLocks") {
            continue;
        }
        count += 1;
        unverified += u64::from(error == "SignatureFailure");
        folder = folder.with(&format!("{index:03}.bin"), bytes);
    }
    assert!(count > 100 && unverified > 0);
    let (code, report) = run("wire", &folder, &[]);
    assert_eq!((code, counts(&report)), (0, [count, count, 0, 0]), "{report}");
    let (code, report) = run("wire", &folder, &["--require-signatures"]);
    assert_eq!((code, counts(&report)), (1, [count, count - unverified, unverified, 0]), "{report}");
}

#[test]
fn expectations_beside_the_files() {
    let (bytes, _) = recorded("memo").remove(0);
    let mut forged = bytes.clone();
    forged[1 + 32] ^= 1;
    let folder = Folder::new()
        .with("good", &bytes)
        .with("good.expect", "verified\n")
        .with("forged", &forged)
        .with("forged.expect", "bad-signature")
        .with("cut", &bytes[..bytes.len() - 1])
        .with("cut.expect", "refused");
    let (code, report) = run("wire", &folder, &[]);
    assert_eq!((code, counts(&report)), (0, [3, 3, 0, 0]), "{report}");
    let folder = folder.with("forged.expect", "verified").with("good.expect", "refused");
    let (code, report) = run("wire", &folder, &[]);
    assert_eq!((code, counts(&report)), (1, [3, 1, 2, 0]), "{report}");
}

#[test]
fn bytes_that_are_no_transaction_fail() {
    let (bytes, _) = recorded("memo").remove(0);
    let folder = Folder::new().with("a", &bytes[..40]).with("b", [&bytes[..], &[0]].concat()).with("c", "");
    let (code, report) = run("wire", &folder, &[]);
    assert_eq!((code, counts(&report)), (1, [3, 0, 3, 0]), "{report}");
}
