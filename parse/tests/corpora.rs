//! Real answers of RPC nodes, from `$HEDDLE_CORPORA` (default `../shared/corpora` beside the workspace); the tests say so
//! and pass where it is absent.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use heddle_parse::{MintFacts, parse_account, parse_instruction};
use heddle_types::Pubkey;
use serde_json::{Value, json};

/// The JSON files of a folder by name, if there is such a corpus.
fn corpus(folder: &str) -> Option<Vec<(String, Value)>> {
    let corpora = std::env::var_os("HEDDLE_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"), PathBuf::from);
    let Ok(entries) = fs::read_dir(corpora.join(folder)) else {
        eprintln!("skipped: no corpus {folder} at {}", corpora.display());
        return None;
    };
    let mut files = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect::<Vec<_>>();
    files.sort_by(|left, right| left.0.cmp(&right.0));
    Some(files)
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn keys(transaction: &Value) -> Vec<Pubkey> {
    let lists =
        ["/transaction/message/accountKeys", "/meta/loadedAddresses/writable", "/meta/loadedAddresses/readonly"];
    let keys = lists.iter().flat_map(|pointer| list(transaction, pointer));
    keys.map(|key| key.as_str().unwrap().parse().unwrap()).collect()
}

/// Outer instructions, then inner ones.
fn instructions(transaction: &Value) -> Vec<&Value> {
    let inner = list(transaction, "/meta/innerInstructions").iter();
    let inner = inner.flat_map(|inner| list(inner, "/instructions"));
    list(transaction, "/transaction/message/instructions").iter().chain(inner).collect()
}

/// The instruction as our parser has it, in the form of the answer.
fn parsed(instruction: &Value, keys: &[Pubkey]) -> Value {
    let index = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let program = keys[index(&instruction["programIdIndex"])];
    let accounts = list(instruction, "/accounts").iter().map(|account| keys[index(account)]).collect::<Vec<_>>();
    let data = bs58::decode(instruction["data"].as_str().unwrap()).into_vec().unwrap();
    match parse_instruction(&program, &accounts, &data) {
        Some(parsed) => {
            json!({ "program": parsed.program, "programId": program.to_string(), "parsed": parsed.parsed })
        }
        None => json!({
            "programId": program.to_string(),
            "accounts": accounts.iter().map(Pubkey::to_string).collect::<Vec<_>>(),
            "data": instruction["data"],
        }),
    }
}

#[test]
fn instructions_are_those_of_real_answers() {
    let Some(files) = corpus("rpc") else { return };
    let mut compared = 0;
    for (name, plain) in files.iter().filter(|(name, _)| name.ends_with("_json_encoding")) {
        let parsed_name = name.replace("_json_encoding", "_json_parsed_encoding");
        let (_, expected) = files.iter().find(|(name, _)| *name == parsed_name).expect("both encodings");
        let transactions = |answer: &Value| match answer.pointer("/result/transactions") {
            Some(transactions) => transactions.as_array().unwrap().clone(),
            None => vec![answer["result"].clone()],
        };
        for (plain, expected) in transactions(plain).iter().zip(&transactions(expected)) {
            let keys = keys(plain);
            for (instruction, expected) in instructions(plain).into_iter().zip(instructions(expected)) {
                let mut expected = expected.clone();
                // The answerer's age decides whether it is there.
                expected.as_object_mut().unwrap().remove("stackHeight");
                assert_eq!(parsed(instruction, &keys), expected, "{name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 0, "nothing to compare");
    println!("{compared} instructions compared");
}

#[test]
fn real_accounts_are_parsed() {
    let Some(files) = corpus("accounts") else { return };
    let (mut parsed_count, mut total) = (0, 0);
    for (name, file) in &files {
        let Some(data) = file.pointer("/account/data/0").and_then(Value::as_str) else { continue };
        let [key, owner] = ["/pubkey", "/account/owner"]
            .map(|pointer| file.pointer(pointer).unwrap().as_str().unwrap().parse::<Pubkey>().unwrap());
        let data = BASE64_STANDARD.decode(data).unwrap();
        let parsed = parse_account(&key, &owner, &data, Some(&MintFacts::with_decimals(6)));
        println!("{name}: {}", parsed.as_ref().map_or("-".to_owned(), |parsed| parsed.parsed["type"].to_string()));
        total += 1;
        parsed_count += usize::from(parsed.is_some());
    }
    println!("{parsed_count} of {total} parsed");
    assert!(parsed_count * 2 > total, "{parsed_count} of {total}");
}
