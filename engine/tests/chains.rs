//! What Solana does with blocks that follow each other, recorded by the oracle workspace (`oracle/chains.json`),
//! compared with what this engine does with them, serially and on two workers: every outcome, the collector's share, and
//! after each block the accounts it wrote and the lattice over all of the chain's own accounts.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use heddle_engine::{Block, Engine, Lattice, Outcome, Parallelism, VerifiedTransaction};
use heddle_types::{Account, Hash, Pubkey, TransactionError, ids};
use serde_json::Value;

fn read_json(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../oracle").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn pubkey(value: &Value) -> Pubkey {
    text(value).parse().expect("a pubkey")
}

fn hash(value: &Value) -> Hash {
    text(value).parse().expect("a hash")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// Data is recorded without its trailing zeros; `space` is the length. Without lamports there is no account.
fn account(value: &Value) -> (Pubkey, Account) {
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

fn accounts(value: &Value) -> BTreeMap<Pubkey, Account> {
    list(value).iter().map(account).collect()
}

/// An engine at a chain's genesis, and the accounts that the chain has written so far.
struct Replay<'a> {
    name: &'a str,
    engine: Engine,
    keys: BTreeSet<Pubkey>,
    environment: &'a BTreeMap<Pubkey, Account>,
    differences: Vec<String>,
}

impl<'a> Replay<'a> {
    fn new(chain: &'a Value, environment: &'a BTreeMap<Pubkey, Account>) -> Self {
        let own = accounts(&chain["accounts"]);
        let keys = own.keys().copied().collect();
        // The environment's history is of a later slot; a chain makes its own.
        let mut genesis = environment.clone();
        genesis.retain(|key, _| ![ids::sysvar::slot_hashes::ID, ids::sysvar::recent_blockhashes::ID].contains(key));
        genesis.extend(own);
        let engine = Engine::builder()
            .accounts(genesis)
            .genesis_blockhash(hash(&chain["blockhash"]))
            .genesis_timestamp(chain["unix_timestamp"].as_i64().expect("a time"))
            .workers(2)
            .record_details(true)
            .build()
            .expect("an engine");
        Self { name: text(&chain["name"]), engine, keys, environment, differences: Vec::new() }
    }

    fn check<T: PartialEq + std::fmt::Debug>(&mut self, place: &str, field: &str, expected: T, actual: T) {
        if expected != actual {
            let difference = format!("{} {place}: {field}: expected {expected:?}, got {actual:?}", self.name);
            self.differences.push(difference);
        }
    }

    /// Executes and commits one recorded block.
    fn block(&mut self, recorded: &Value, parallelism: Parallelism) {
        let slot = recorded["slot"].as_u64().expect("slot");
        let collector = pubkey(&recorded["collector"]);
        let wire = |one: &Value| BASE64_STANDARD.decode(text(&one["wire"])).expect("base64");
        let block = Block {
            slot,
            unix_timestamp: recorded["unix_timestamp"].as_i64().expect("a time"),
            blockhash: hash(&recorded["blockhash"]),
            collector,
            transactions: list(&recorded["transactions"])
                .iter()
                .map(|one| VerifiedTransaction::new(&wire(one)).expect("a well-formed transaction"))
                .collect(),
        };
        let executed = self.engine.execute_block_with(block, parallelism).expect("the block executes");
        for (index, (outcome, one)) in executed.outcomes().iter().zip(list(&recorded["transactions"])).enumerate() {
            self.outcome(&format!("at {slot} [{index}]"), outcome, &one["result"]);
        }
        self.engine.commit_block(executed).expect("the block commits");
        self.state(slot, recorded);
    }

    fn outcome(&mut self, place: &str, outcome: &Outcome, expected: &Value) {
        let error: Option<TransactionError> = serde_json::from_value(expected["error_json"].clone()).expect("an error");
        let Some(receipt) = outcome.receipt() else {
            let Outcome::Rejected(actual) = outcome else { unreachable!("without a receipt it is rejected") };
            // A table made within the block is not in the plan, which is made before: refused too, for another reason.
            let is_new_table = error == Some(TransactionError::InvalidAddressLookupTableIndex)
                && *actual == TransactionError::AddressLookupTableNotFound;
            if !is_new_table {
                self.check(place, "error", error, Some(actual.clone()));
            }
            return self.check(place, "processed", expected["processed"].as_bool(), Some(false));
        };
        let details = receipt.details.clone().unwrap_or_default();
        let logs: Vec<String> = serde_json::from_value(expected["logs"].clone()).expect("logs");
        self.check(place, "processed", expected["processed"].as_bool(), Some(true));
        self.check(place, "error", error, receipt.status.clone().err());
        self.check(place, "fee", expected["fee"].as_u64(), Some(receipt.fee_lamports));
        self.check(place, "compute units", expected["compute_units"].as_u64(), Some(receipt.compute_units));
        let loaded_bytes = Some(u64::from(receipt.loaded_data_bytes));
        self.check(place, "loaded bytes", expected["loaded_accounts_data_size"].as_u64(), loaded_bytes);
        self.check(place, "logs", logs, details.logs);
    }

    /// The accounts that the block wrote, and the lattice of all that the chain ever wrote.
    fn state(&mut self, slot: u64, recorded: &Value) {
        let place = format!("after {slot}");
        for (key, expected) in accounts(&recorded["accounts"]) {
            self.keys.insert(key);
            let actual = self.engine.account(&key).expect("readable").unwrap_or_default();
            self.check(&place, &format!("account {key}"), expected, actual);
        }
        let mut lattice = Lattice::default();
        for key in self.keys.iter().filter(|key| !self.environment.contains_key(key)) {
            lattice.add(key, &self.engine.account(key).expect("readable").unwrap_or_default());
        }
        self.check(&place, "lattice", hash(&recorded["lattice"]), lattice.state_hash());
    }
}

/// Replays every chain.
fn replay(parallelism: Parallelism) {
    const SHOWN_MAX: usize = 12;
    let environment = accounts(&read_json("environment.json")["accounts"]);
    let file = read_json("chains.json");
    let (mut blocks, mut differences) = (0, Vec::new());
    for chain in list(&file["chains"]) {
        let mut replay = Replay::new(chain, &environment);
        for block in list(&chain["blocks"]) {
            replay.block(block, parallelism);
            blocks += 1;
        }
        differences.append(&mut replay.differences);
    }
    assert!(blocks > 800, "the chains have fewer blocks than they had: {blocks}");
    let shown: Vec<_> = differences.iter().take(SHOWN_MAX).cloned().collect();
    assert!(differences.is_empty(), "{} differences from Solana:\n  {}", differences.len(), shown.join("\n  "));
}

#[test]
fn chains_in_block_order() {
    replay(Parallelism::Serial);
}

#[test]
fn chains_on_two_workers() {
    replay(Parallelism::Workers(2));
}
