//! Runs cases on both oracles and turns what they say into records.

use crate::{
    agave::{Agave, Outcome},
    case::{Case, Expect},
    environment::{Environment, PROGRAM_NAMES},
    format::{
        AccountRecord, CaseRecord, ClockRecord, InnerInstructionRecord, ResultRecord, ReturnDataRecord, TopicFile,
        TransactionRecord,
    },
    lite::{self, Witness},
    topics::Topic,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use litesvm::LiteSVM;
use solana_address::Address;
use solana_transaction::versioned::VersionedTransaction;
use std::collections::BTreeSet;

/// Bytes on the wire of a legacy or v0 transaction.
const SIZE_LIMIT_BYTES: usize = 1_232;

/// Bytes on the wire of a v1 transaction (SIMD-0385).
const VERSION_1_SIZE_LIMIT_BYTES: usize = 4_096;

/// First byte of a v1 transaction.
const VERSION_1_PREFIX: u8 = 0x81;

/// Last lines of log shown for a transaction that went another way than its author expected.
const SURPRISE_LOG_LINES: usize = 4;

/// A topic's file, and what did not go as its author expected.
pub struct Recorded {
    pub file: TopicFile,
    pub surprises: Vec<String>,
}

/// Runs every case of `topic`.
pub fn record(environment: &Environment, lite: &LiteSVM, topic: &Topic) -> Recorded {
    record_cases(environment, lite, topic.name, (topic.cases)(environment))
}

/// Runs `cases` as those of the topic `name`.
pub fn record_cases(environment: &Environment, lite: &LiteSVM, name: &str, cases: Vec<Case>) -> Recorded {
    let mut recorded =
        Recorded { file: TopicFile { topic: name.to_owned(), cases: Vec::new() }, surprises: Vec::new() };
    let mut names = BTreeSet::new();
    for case in cases {
        assert!(names.insert(case.name.clone()), "two cases are named {}", case.name);
        recorded.file.cases.push(record_case(environment, Some(lite), case, &mut recorded.surprises));
    }
    recorded
}

/// Runs one case on Agave, and beside it on LiteSVM unless that is left out (there is no note then).
pub fn record_case(
    environment: &Environment,
    lite: Option<&LiteSVM>,
    case: Case,
    surprises: &mut Vec<String>,
) -> CaseRecord {
    if case.gates.is_empty() && case.slot.is_none() {
        return record_case_in(environment, lite, case, surprises);
    }
    let environment = environment.variant(&case.gates, case.slot);
    let lite = lite.map(|_| lite::base(&environment));
    record_case_in(&environment, lite.as_ref(), case, surprises)
}

fn record_case_in(
    environment: &Environment,
    lite: Option<&LiteSVM>,
    case: Case,
    surprises: &mut Vec<String>,
) -> CaseRecord {
    let mut agave = Agave::new(environment, &case.accounts);
    let mut witness = lite.map(|lite| Witness::new(lite, &case.accounts));
    let mut notes = Vec::new();
    let mut keys = BTreeSet::new();
    let mut transactions = Vec::new();
    for (index, (transaction, expect)) in case.transactions.iter().enumerate() {
        let wire = wincode::serialize(transaction).expect("a transaction has a wire form");
        let limit_bytes = if wire[0] == VERSION_1_PREFIX { VERSION_1_SIZE_LIMIT_BYTES } else { SIZE_LIMIT_BYTES };
        assert!(wire.len() <= limit_bytes, "{} [{index}]: {} bytes on the wire", case.name, wire.len());
        let outcome = agave.execute(transaction);
        let differences = witness.as_mut().map(|witness| witness.compare(transaction, &outcome, &agave));
        if let Some(differences) = differences.filter(|differences| !differences.is_empty()) {
            notes.push(format!("transaction {index}: {}", differences.join("; ")));
        }
        if !matches_expectation(*expect, &outcome) {
            let logs = outcome.logs[outcome.logs.len().saturating_sub(SURPRISE_LOG_LINES)..].join("\n      ");
            surprises.push(format!("{} [{index}]: {expect:?} but {:?}\n      {logs}", case.name, outcome.error));
        }
        keys.extend(outcome.keys.iter().copied());
        let result = result_record(environment, &agave, transaction, outcome);
        transactions.push(TransactionRecord { wire: BASE64_STANDARD.encode(wire), result });
    }
    let programs = PROGRAM_NAMES.iter().filter(|(_, address)| keys.contains(address));
    CaseRecord {
        name: case.name,
        clock: clock_record(environment),
        gates: case.gates.iter().map(|(address, active)| (address.to_string(), *active)).collect(),
        programs: programs.map(|(name, _)| (*name).to_owned()).collect(),
        accounts: case.accounts.iter().map(|(address, account)| AccountRecord::new(address, Some(account))).collect(),
        blockhash: environment.blockhash.to_string(),
        litesvm_note: (!notes.is_empty()).then(|| notes.join(" | ")),
        transactions,
    }
}

/// Whether the author of a scenario foresaw `outcome`.
pub fn matches_expectation(expect: Expect, outcome: &Outcome) -> bool {
    match expect {
        Expect::Success => outcome.processed && outcome.error.is_none(),
        Expect::Failure => outcome.processed && outcome.error.is_some(),
        Expect::Rejection => !outcome.processed,
        Expect::Anything => true,
    }
}

fn clock_record(environment: &Environment) -> ClockRecord {
    let clock = &environment.clock;
    ClockRecord {
        slot: clock.slot,
        epoch_start_timestamp: clock.epoch_start_timestamp,
        epoch: clock.epoch,
        leader_schedule_epoch: clock.leader_schedule_epoch,
        unix_timestamp: clock.unix_timestamp,
    }
}

/// What `outcome` says, and the accounts it left.
pub fn result_record(
    environment: &Environment,
    agave: &Agave,
    transaction: &VersionedTransaction,
    outcome: Outcome,
) -> ResultRecord {
    assert!(outcome.keys.starts_with(transaction.message.static_account_keys()), "static keys come first");
    let mut inner_instructions: Vec<Vec<InnerInstructionRecord>> = Vec::new();
    if outcome.inner_instructions.iter().any(|list| !list.is_empty()) {
        inner_instructions.extend(outcome.inner_instructions.iter().map(|list| {
            list.iter()
                .map(|inner| InnerInstructionRecord {
                    program_id_index: inner.instruction.program_id_index,
                    accounts: inner.instruction.accounts.clone(),
                    data: BASE64_STANDARD.encode(&inner.instruction.data),
                    stack_height: inner.stack_height,
                })
                .collect()
        }));
    }
    let mut seen = BTreeSet::new();
    let outside = |key: &&Address| !environment.accounts.contains_key(key) && !is_instructions_sysvar(key);
    let keys = outcome.keys.iter().filter(outside).filter(|key| seen.insert(**key));
    let post_accounts = keys.map(|key| AccountRecord::new(key, agave.account(key))).collect();
    ResultRecord {
        processed: outcome.processed,
        error: outcome.error.as_ref().map(|error| format!("{error:?}")),
        error_json: serde_json::to_value(&outcome.error).expect("an error has a JSON form"),
        compute_units: outcome.compute_units,
        fee: outcome.fee,
        loaded_accounts_data_size: outcome.loaded_accounts_data_size,
        logs: outcome.logs,
        return_data: outcome.return_data.map(|data| ReturnDataRecord {
            program: data.program_id.to_string(),
            data: BASE64_STANDARD.encode(&data.data),
        }),
        inner_instructions,
        post_accounts,
    }
}

fn is_instructions_sysvar(key: &Address) -> bool {
    *key == solana_sdk_ids::sysvar::instructions::ID
}
