//! What Solana does with single transactions, recorded by the oracle workspace (`oracle/cases/*.json`), compared with what
//! this engine does: status, compute units, fee, loaded bytes, logs, return data, inner instructions, accounts. Each runs
//! compiled and interpreted; what differs from the record must differ in the same way in both.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use heddle_engine::{Block, Engine, Outcome, VerifiedTransaction};
use heddle_types::{Account, FeatureSet, Hash, Pubkey, TransactionError};
use heddle_vm::{ExecutionMode, Runtime};
use serde_json::Value;

/// Cases whose difference is understood and not ours to follow; each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

fn oracle_directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../oracle")
}

fn read_json(name: &str) -> Value {
    let path = oracle_directory().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn pubkey(value: &Value) -> Pubkey {
    text(value).parse().expect("a pubkey")
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(text(value)).expect("base64")
}

/// Data is recorded without its trailing zeros; `space` is the length.
fn account(value: &Value) -> Account {
    let mut data = value.get("data").map(bytes).unwrap_or_default();
    if let Some(space) = value.get("space").and_then(Value::as_u64) {
        data.resize(space as usize, 0);
    }
    Account {
        lamports: value["lamports"].as_u64().expect("lamports"),
        data: data.into(),
        owner: pubkey(&value["owner"]),
        executable: value["executable"].as_bool().expect("executable"),
    }
}

/// The runtime of a case: `mainnet`, unless the case has gates that are not mainnet's; the mode is that of `mainnet`.
fn runtime_of(case: &Value, mainnet: &Arc<Runtime>) -> Arc<Runtime> {
    let Some(gates) = case.get("gates").and_then(Value::as_array) else { return mainnet.clone() };
    let features = gates.iter().fold(FeatureSet::mainnet(), |features, gate| {
        let address = pubkey(&gate[0]);
        if gate[1].as_bool().expect("active") { features.activate(address) } else { features.deactivate(&address) }
    });
    let builder = heddle_programs::runtime_builder_with(features.gates().expect("switchable gates"));
    builder.execution_mode(mainnet.execution_mode()).build()
}

/// The block that a case's first `count` transactions make; `None` for one that is refused before it is a transaction.
struct Case<'a> {
    value: &'a Value,
    engine: Engine,
    transactions: Vec<Option<VerifiedTransaction>>,
}

impl<'a> Case<'a> {
    fn new(value: &'a Value, environment: &[(Pubkey, Account)], runtime: &Arc<Runtime>) -> Self {
        let mut accounts: BTreeMap<Pubkey, Account> = environment.iter().cloned().collect();
        for one in value["accounts"].as_array().expect("accounts") {
            accounts.insert(pubkey(&one["pubkey"]), account(one));
        }
        let blockhash: Hash = text(&value["blockhash"]).parse().expect("a hash");
        let engine = Engine::builder()
            .runtime(runtime_of(value, runtime))
            .accounts(accounts)
            .genesis_blockhash(blockhash)
            .genesis_timestamp(1_700_000_000)
            .record_details(true)
            .build()
            .expect("an engine");
        let transactions = value["transactions"].as_array().expect("transactions");
        let transactions = transactions.iter().map(|one| VerifiedTransaction::new(&bytes(&one["wire"])).ok()).collect();
        Self { value, engine, transactions }
    }

    /// Everything in which transaction `index` differs from the record.
    fn differences(&self, index: usize) -> Vec<String> {
        let expected = &self.value["transactions"][index]["result"];
        let processed = expected["processed"].as_bool().expect("processed");
        if self.transactions[index].is_none() {
            let is_ingress = matches!(
                serde_json::from_value(expected["error_json"].clone()),
                Ok(TransactionError::SanitizeFailure
                    | TransactionError::SignatureFailure
                    | TransactionError::AccountLoadedTwice
                    | TransactionError::TooManyAccountLocks)
            );
            return if !processed && is_ingress { vec![] } else { vec![format!("refused at ingress: {expected}")] };
        }
        let block = Block {
            slot: self.value["clock"]["slot"].as_u64().expect("slot"),
            unix_timestamp: self.value["clock"]["unix_timestamp"].as_i64().expect("unix_timestamp"),
            ..self.engine.next_block(self.transactions[..=index].iter().flatten().cloned().collect())
        };
        let executed = self.engine.execute_block(block).expect("the block executes");
        let outcome = executed.outcomes().last().expect("an outcome");
        let mut found = compare_outcome(outcome, expected, processed);
        for post in expected["post_accounts"].as_array().expect("post_accounts") {
            let (key, expected) = (pubkey(&post["pubkey"]), account(post));
            let actual = self.engine.account(&key).expect("readable").unwrap_or_default();
            let expected = if expected.exists() { expected } else { Account::default() };
            if actual != expected {
                found.push(format!("account {key}: expected {expected:?}, got {actual:?}"));
            }
        }
        found
    }
}

fn compare_outcome(outcome: &Outcome, expected: &Value, processed: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |field: &str, expected: String, actual: String| {
        if expected != actual {
            found.push(format!("{field}: expected {expected}, got {actual}"));
        }
    };
    let error: Option<TransactionError> = serde_json::from_value(expected["error_json"].clone()).expect("an error");
    let receipt = match outcome {
        Outcome::Rejected(actual) => {
            check("processed", processed.to_string(), "false".into());
            check("error", format!("{error:?}"), format!("{:?}", Some(actual)));
            return found;
        }
        Outcome::Processed(receipt) => receipt,
    };
    check("processed", processed.to_string(), "true".into());
    check("error", format!("{error:?}"), format!("{:?}", receipt.status.clone().err()));
    check("compute_units", expected["compute_units"].to_string(), receipt.compute_units.to_string());
    check("fee", expected["fee"].to_string(), receipt.fee_lamports.to_string());
    let loaded = expected["loaded_accounts_data_size"].to_string();
    check("loaded_accounts_data_size", loaded, receipt.loaded_data_bytes.to_string());
    let details = receipt.details.clone().unwrap_or_default();
    let logs: Vec<String> = serde_json::from_value(expected["logs"].clone()).unwrap_or_default();
    check("logs", format!("{logs:#?}"), format!("{:#?}", details.logs));
    let return_data = expected.get("return_data").filter(|value| !value.is_null());
    let return_data = return_data.map(|value| (pubkey(&value["program"]), bytes(&value["data"])));
    check(
        "return_data",
        format!("{return_data:?}"),
        format!("{:?}", details.return_data.map(|data| (data.program, data.data))),
    );
    let inner = expected.get("inner_instructions").and_then(Value::as_array).cloned().unwrap_or_default();
    let inner: Vec<_> = inner
        .iter()
        .enumerate()
        .flat_map(|(top, list)| list.as_array().expect("a list").iter().map(move |one| (top, one.clone())))
        .map(|(top, one)| {
            let accounts: Vec<u8> = serde_json::from_value(one["accounts"].clone()).expect("indices");
            (top as u8, one["stack_height"].as_u64(), one["program_id_index"].as_u64(), accounts, bytes(&one["data"]))
        })
        .collect();
    let actual: Vec<_> = details
        .inner_instructions
        .into_iter()
        .map(|one| {
            let (height, program) = (Some(u64::from(one.stack_height)), Some(u64::from(one.program_index)));
            (one.top_level_index, height, program, one.account_indices, one.data)
        })
        .collect();
    check("inner_instructions", format!("{inner:?}"), format!("{actual:?}"));
    found
}

fn check_topic(topic: &str) {
    let environment: Vec<(Pubkey, Account)> = read_json("environment.json")["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .map(|value| (pubkey(&value["pubkey"]), account(value)))
        .collect();
    let file = read_json(&format!("cases/{topic}.json"));
    let runtimes = [ExecutionMode::Jit, ExecutionMode::Interpreter]
        .map(|mode| heddle_programs::runtime_builder().execution_mode(mode).build());
    let (mut compared, mut failures) = (0, Vec::new());
    for value in file["cases"].as_array().expect("cases") {
        let name = text(&value["name"]);
        let [compiled, interpreted] = runtimes.each_ref().map(|runtime| Case::new(value, &environment, runtime));
        for index in 0..compiled.transactions.len() {
            let differences = compiled.differences(index);
            assert_eq!(
                interpreted.differences(index),
                differences,
                "{topic}/{name}[{index}]: interpreted and compiled"
            );
            compared += 1;
            if !differences.is_empty() && !EXCEPTIONS.iter().any(|(exception, _)| *exception == name) {
                failures.push(format!("{topic}/{name}[{index}]:\n    {}", differences.join("\n    ")));
            }
        }
    }
    assert!(compared > 0, "no cases in {topic}");
    const SHOWN_MAX: usize = 12;
    assert!(
        failures.is_empty(),
        "{} of {compared} transactions differ from Solana:\n  {}",
        failures.len(),
        failures.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>().join("\n  ")
    );
}

#[test]
fn system() {
    check_topic("system");
}

#[test]
fn fees() {
    check_topic("fees");
}

#[test]
fn token() {
    check_topic("token");
}

#[test]
fn token_2022() {
    check_topic("token_2022");
}

#[test]
fn vote() {
    check_topic("vote");
}

#[test]
fn associated_token_account() {
    check_topic("ata");
}

#[test]
fn memo() {
    check_topic("memo");
}

#[test]
fn precompiles() {
    check_topic("precompiles");
}

#[test]
fn generated() {
    check_topic("generated");
}

#[test]
fn address_lookup_table() {
    check_topic("address_lookup_table");
}

#[test]
fn config() {
    check_topic("config");
}

#[test]
fn feature_gate() {
    check_topic("feature_gate");
}

#[test]
fn stake() {
    check_topic("stake");
}

#[test]
fn zk_elgamal_proof() {
    check_topic("zk_elgamal_proof");
}

#[test]
fn syscalls() {
    check_topic("syscalls");
}

#[test]
fn syscall_pointers() {
    check_topic("syscall_pointers");
}

#[test]
fn cpi() {
    check_topic("cpi");
}

#[test]
fn cpi_infos() {
    check_topic("cpi_infos");
}

#[test]
fn vm_limits() {
    check_topic("vm_limits");
}

#[test]
fn verification() {
    check_topic("verification");
}

#[test]
fn generated_programs() {
    check_topic("generated_programs");
}

#[test]
fn loader_v3() {
    check_topic("loader_v3");
}
