//! The chains that the oracle workspace recorded (`oracle/chains.json`), as genesis states and blocks.

use std::{collections::BTreeMap, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use heddle_engine::{Block, Builder, Engine, VerifiedTransaction};
use heddle_types::{Account, Hash, Pubkey, ids};
use serde_json::Value;

/// A file of the oracle workspace.
pub fn read_json(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../oracle").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

pub fn pubkey(value: &Value) -> Pubkey {
    text(value).parse().expect("a pubkey")
}

pub fn hash(value: &Value) -> Hash {
    text(value).parse().expect("a hash")
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// Data is recorded without its trailing zeros; `space` is the length. Without lamports there is no account.
pub fn account(value: &Value) -> (Pubkey, Account) {
    let mut data =
        value.get("data").map(|data| BASE64_STANDARD.decode(text(data)).expect("base64")).unwrap_or_default();
    if let Some(space) = value.get("space").and_then(Value::as_u64) {
        data.resize(space as usize, 0);
    }
    let account = Account {
        lamports: value["lamports"].as_u64().expect("lamports"),
        data: data.into(),
        owner: pubkey(&value["owner"]),
        executable: value["executable"].as_bool().expect("executable"),
    };
    (pubkey(&value["pubkey"]), if account.exists() { account } else { Account::default() })
}

pub fn accounts(value: &Value) -> BTreeMap<Pubkey, Account> {
    list(value).iter().map(account).collect()
}

/// An engine at the genesis of `chain`.
pub fn builder_of(chain: &Value, environment: &BTreeMap<Pubkey, Account>) -> Builder {
    // The environment's history is of a later slot; a chain makes its own.
    let mut genesis = environment.clone();
    genesis.retain(|key, _| ![ids::sysvar::slot_hashes::ID, ids::sysvar::recent_blockhashes::ID].contains(key));
    genesis.extend(accounts(&chain["accounts"]));
    Engine::builder()
        .accounts(genesis)
        .genesis_blockhash(hash(&chain["blockhash"]))
        .genesis_timestamp(chain["unix_timestamp"].as_i64().expect("a time"))
}

/// The inputs of a recorded block.
pub fn block_of(recorded: &Value) -> Block {
    let wire = |one: &Value| BASE64_STANDARD.decode(text(&one["wire"])).expect("base64");
    Block {
        slot: recorded["slot"].as_u64().expect("slot"),
        unix_timestamp: recorded["unix_timestamp"].as_i64().expect("a time"),
        blockhash: hash(&recorded["blockhash"]),
        collector: pubkey(&recorded["collector"]),
        transactions: list(&recorded["transactions"])
            .iter()
            .map(|one| VerifiedTransaction::new(&wire(one)).expect("a well-formed transaction"))
            .collect(),
    }
}
