//! Real transactions: `$HEDDLE_CORPORA` (default `../shared/corpora` beside the workspace) is read if it is there.

mod wire_support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use heddle_types::{SanitizedTransaction, wire::WireField};
use serde_json::Value;
use wire_support::check_against_reference;

/// The files of one corpus with this extension, in order of name; `None`, and a line that says so, if it is absent.
fn corpus(name: &str, extension: &str) -> Option<Vec<PathBuf>> {
    let corpora = std::env::var_os("HEDDLE_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"), PathBuf::from);
    let folder = corpora.join(name);
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("skipped: no corpus at {}", folder.display());
        return None;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    assert!(!files.is_empty(), "no .{extension} in {}", folder.display());
    Some(files)
}

/// Every file is judged as the reference does. One of those known, transaction5, invokes a program that a lookup loads,
/// which Firedancer's parser once allowed and the protocol does not.
#[test]
fn serialised_transactions_of_firedancer() {
    let Some(files) = corpus("wire", "bin") else { return };
    let mut verdicts = BTreeMap::new();
    for file in &files {
        let bytes = fs::read(file).unwrap();
        check_against_reference(&bytes);
        let verdict = match SanitizedTransaction::parse(&bytes) {
            Ok(transaction) => format!("{:?}, {} lookups", transaction.version(), transaction.lookup_count()),
            Err(error) => {
                assert_eq!(error.field, WireField::ProgramIndex, "{}: {error}", file.display());
                "refused".to_owned()
            }
        };
        *verdicts.entry(verdict).or_insert(0) += 1;
    }
    eprintln!("parsed {} files: {verdicts:?}", files.len());
    let refused = verdicts.get("refused").copied().unwrap_or(0);
    assert!(refused * 2 < files.len(), "{refused} of {} files refused", files.len());
}

#[test]
fn all_transactions_of_a_mainnet_block() {
    let Some(files) = corpus("mainnet-block", "gz") else { return };
    for file in files {
        let mut json = String::new();
        GzDecoder::new(fs::File::open(&file).unwrap()).read_to_string(&mut json).unwrap();
        let block: Value = serde_json::from_str(&json).unwrap();
        let transactions = block["txs"].as_array().unwrap();
        transactions.iter().for_each(check_block_transaction);
        eprintln!("parsed {} transactions of slot {}", transactions.len(), block["slot"]);
    }
}

/// The corpus names signature, keys by access, and programs of each transaction, as another parser found them.
fn check_block_transaction(recorded: &Value) {
    let signature = recorded["sig"].as_str().unwrap();
    let bytes = BASE64_STANDARD.decode(recorded["raw"].as_str().unwrap()).unwrap();
    assert!(check_against_reference(&bytes), "{signature}: {:?}", SanitizedTransaction::parse(&bytes));
    let transaction = SanitizedTransaction::parse(&bytes).unwrap();
    let theirs = wire_support::reference(&bytes).unwrap();
    assert_eq!(theirs.signatures[0].to_string(), signature);

    let keys = transaction.static_keys();
    assert_eq!(transaction.total_key_count(), keys.len(), "{signature}: older than lookups");
    let programs = transaction.instructions().map(|one| keys[usize::from(one.program_index)].to_string());
    assert_eq!(programs.collect::<BTreeSet<_>>(), strings(&recorded["programs"]), "{signature}");
    for (name, writable) in [("w", true), ("r", false)] {
        let indices = (0..keys.len()).filter(|&index| transaction.is_writable_declared(index) == writable);
        let declared: BTreeSet<_> = indices.map(|index| keys[index].to_string()).collect();
        assert_eq!(declared, strings(&recorded[name]), "{signature}");
    }
}

fn strings(values: &Value) -> BTreeSet<String> {
    values.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}
