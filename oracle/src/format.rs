//! The recorded form: what a case file says, and how it is written and read.
//!
//! Invariants: writing is deterministic (fields in declaration order, one line per transaction); reading a written file
//! gives the same bytes when written again. Knows nothing of how results come about.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use solana_account::{Account, ReadableAccount};
use solana_address::Address;
use std::fmt::Write;

/// One topic: a file `cases/<topic>.json`.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub struct TopicFile {
    /// The name of the topic and of its file.
    pub topic: String,
    /// The cases, independent of each other.
    pub cases: Vec<CaseRecord>,
}

/// One case: a starting state and transactions that run on it in order.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct CaseRecord {
    /// Unique within the topic.
    pub name: String,
    /// The clock sysvar.
    pub clock: ClockRecord,
    /// Gates that are not as mainnet has them: address, and whether it is active.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<(String, bool)>,
    /// Environment programs that the transactions name, by name.
    pub programs: Vec<String>,
    /// State before the first transaction, without the environment's accounts.
    pub accounts: Vec<AccountRecord>,
    /// The only recent blockhash, and the last one (durable nonces advance to a hash of it).
    pub blockhash: String,
    /// Says how LiteSVM departs from Agave somewhere in this case; the recorded results are Agave's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub litesvm_note: Option<String>,
    /// Run in this order on one state, in one block.
    pub transactions: Vec<TransactionRecord>,
}

/// The clock sysvar.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct ClockRecord {
    pub slot: u64,
    pub epoch_start_timestamp: i64,
    pub epoch: u64,
    pub leader_schedule_epoch: u64,
    pub unix_timestamp: i64,
}

/// An account; `lamports` 0 means that it does not exist.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct AccountRecord {
    pub pubkey: String,
    pub lamports: u64,
    /// Base64 of the data without its trailing zeros; absent when nothing remains.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub data: String,
    /// Data length in bytes; absent when equal to the length of the decoded `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<usize>,
    pub owner: String,
    pub executable: bool,
}

impl AccountRecord {
    /// Records `account`, or its absence.
    pub fn new(pubkey: &Address, account: Option<&impl ReadableAccount>) -> Self {
        let Some(account) = account else {
            return Self::new(pubkey, Some(&Account::default()));
        };
        let data = account.data();
        let kept = data.iter().rposition(|byte| *byte != 0).map_or(0, |index| index + 1);
        // A short tail of zeros is not worth a second field.
        let kept = if data.len() - kept < 16 { data.len() } else { kept };
        Self {
            pubkey: pubkey.to_string(),
            lamports: account.lamports(),
            data: BASE64_STANDARD.encode(&data[..kept]),
            space: (kept != data.len()).then_some(data.len()),
            owner: account.owner().to_string(),
            executable: account.executable(),
        }
    }
}

/// A transaction and what Solana does with it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct TransactionRecord {
    /// Base64 of the bytes on the wire.
    pub wire: String,
    pub result: ResultRecord,
}

/// The outcome of one transaction.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct ResultRecord {
    /// False when the transaction can be in no block: nothing is charged, nothing changes.
    pub processed: bool,
    /// `Debug` of the `TransactionError`.
    pub error: Option<String>,
    /// The `TransactionError` as serde writes it.
    pub error_json: serde_json::Value,
    /// Consumed by the instructions.
    pub compute_units: u64,
    /// Charged, in lamports; 0 when not processed.
    pub fee: u64,
    /// What counts towards the loaded-accounts limit, in bytes; 0 when not processed.
    pub loaded_accounts_data_size: u32,
    pub logs: Vec<String>,
    pub return_data: Option<ReturnDataRecord>,
    /// Per top-level instruction, the instructions it invoked; empty when none did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inner_instructions: Vec<Vec<InnerInstructionRecord>>,
    /// Every account of the transaction outside the environment, in the message's order, as it is afterwards.
    pub post_accounts: Vec<AccountRecord>,
}

/// Data returned by the last program that set any.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct ReturnDataRecord {
    pub program: String,
    pub data: String,
}

/// One invoked instruction; indices are the transaction's.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct InnerInstructionRecord {
    pub program_id_index: u8,
    pub accounts: Vec<u8>,
    pub data: String,
    pub stack_height: u8,
}

impl TopicFile {
    /// The file's text: one line for the head of a case, one per account and one per transaction.
    pub fn to_text(&self) -> String {
        let mut text = format!("{{\"topic\":{},\"cases\":[", json(&self.topic));
        for (index, case) in self.cases.iter().enumerate() {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            case.write_text(&mut text);
        }
        text.push_str("\n]}\n");
        text
    }
}

impl CaseRecord {
    fn write_text(&self, text: &mut String) {
        let _ = write!(
            text,
            "{{\"name\":{},\"clock\":{},\"programs\":{},\"blockhash\":{},",
            json(&self.name),
            json(&self.clock),
            json(&self.programs),
            json(&self.blockhash)
        );
        if !self.gates.is_empty() {
            let _ = write!(text, "\n \"gates\":{},", json(&self.gates));
        }
        if let Some(note) = &self.litesvm_note {
            let _ = write!(text, "\n \"litesvm_note\":{},", json(note));
        }
        text.push_str("\n \"accounts\":");
        write_lines(text, &self.accounts);
        text.push_str(",\n \"transactions\":");
        write_lines(text, &self.transactions);
        text.push('}');
    }
}

fn write_lines<T: Serialize>(text: &mut String, items: &[T]) {
    text.push('[');
    for (index, item) in items.iter().enumerate() {
        text.push_str(if index == 0 { "\n  " } else { ",\n  " });
        text.push_str(&json(item));
    }
    text.push(']');
}

/// Compact JSON of a value that always has one.
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("records hold only strings, numbers and lists")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(data: Vec<u8>) -> AccountRecord {
        let account = Account { lamports: 5, data, ..Account::default() };
        AccountRecord::new(&Address::new_from_array([1; 32]), Some(&account))
    }

    #[test]
    fn long_tails_of_zeros_become_a_length() {
        let mut data = vec![1, 2, 3];
        assert_eq!((record(data.clone()).data.as_str(), record(data.clone()).space), ("AQID", None));
        data.resize(18, 0);
        assert_eq!(record(data.clone()).space, None, "15 zeros stay");
        data.resize(19, 0);
        assert_eq!((record(data.clone()).data.as_str(), record(data).space), ("AQID", Some(19)));
        assert_eq!((record(vec![0; 100]).data.as_str(), record(vec![0; 100]).space), ("", Some(100)));
    }

    #[test]
    fn an_absent_account_has_no_lamports_and_is_systems() {
        let absent = AccountRecord::new(&Address::new_from_array([1; 32]), None::<&Account>);
        assert_eq!((absent.lamports, absent.owner.as_str()), (0, "11111111111111111111111111111111"));
    }

    #[test]
    fn text_is_read_back_and_written_the_same() {
        let clock =
            ClockRecord { slot: 1, epoch_start_timestamp: 2, epoch: 3, leader_schedule_epoch: 4, unix_timestamp: 5 };
        let result = ResultRecord {
            processed: true,
            error: None,
            error_json: serde_json::Value::Null,
            compute_units: 7,
            fee: 5_000,
            loaded_accounts_data_size: 9,
            logs: vec!["a \"quoted\" line".to_owned()],
            return_data: None,
            inner_instructions: vec![vec![InnerInstructionRecord {
                program_id_index: 1,
                accounts: vec![2, 3],
                data: "AQ==".to_owned(),
                stack_height: 2,
            }]],
            post_accounts: vec![record(vec![1; 40])],
        };
        let case = CaseRecord {
            name: "a case".to_owned(),
            clock,
            gates: vec![("a gate".to_owned(), true)],
            programs: vec!["spl_token".to_owned()],
            accounts: vec![record(vec![])],
            blockhash: "hash".to_owned(),
            litesvm_note: Some("a note".to_owned()),
            transactions: vec![TransactionRecord { wire: "AA==".to_owned(), result }],
        };
        let file = TopicFile { topic: "topic".to_owned(), cases: vec![case] };
        let read: TopicFile = serde_json::from_str(&file.to_text()).expect("written text is JSON");
        assert_eq!(read, file);
        assert_eq!(read.to_text(), file.to_text());
    }
}
