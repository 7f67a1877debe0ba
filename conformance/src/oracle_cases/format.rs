//! A case file as it is written; `oracle/README.md` describes it. Any text that is no case file is an error here.

use std::{fmt::Display, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use heddle_types::{Account, Hash, Pubkey, TransactionError, limits::ACCOUNT_DATA_BYTES_MAX};
use serde::{Deserialize, Deserializer, de::Error};

/// A value that is written as text.
#[derive(Clone, Debug)]
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
    }
}

/// Bytes that are written in base64.
#[derive(Clone, Debug, Default)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// The state that all cases start from.
#[derive(Debug, Deserialize)]
pub(super) struct Environment {
    accounts: Vec<AccountRecord>,
}

impl Environment {
    pub(super) fn accounts(self) -> Vec<(Pubkey, Account)> {
        self.accounts.into_iter().map(|record| (record.0, record.1)).collect()
    }
}

/// One file.
#[derive(Debug, Deserialize)]
pub(super) struct CaseFile {
    pub(super) cases: Vec<CaseRecord>,
}

/// A starting state, and transactions of one block.
#[derive(Debug, Deserialize)]
pub(super) struct CaseRecord {
    pub(super) name: String,
    pub(super) clock: ClockRecord,
    #[serde(default)]
    pub(super) gates: Vec<(Text<Pubkey>, bool)>,
    pub(super) accounts: Vec<AccountRecord>,
    pub(super) blockhash: Text<Hash>,
    pub(super) transactions: Vec<TransactionRecord>,
}

/// The part of the clock that a block brings along.
#[derive(Debug, Deserialize)]
pub(super) struct ClockRecord {
    pub(super) slot: u64,
    pub(super) unix_timestamp: i64,
}

/// An account; without lamports, one that does not exist.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawAccount")]
pub(super) struct AccountRecord(pub(super) Pubkey, pub(super) Account);

#[derive(Deserialize)]
struct RawAccount {
    pubkey: Text<Pubkey>,
    lamports: u64,
    #[serde(default)]
    data: Base64,
    space: Option<u64>,
    owner: Text<Pubkey>,
    executable: bool,
}

impl TryFrom<RawAccount> for AccountRecord {
    type Error = String;

    /// Data is written without its trailing zeros; `space` is its length.
    fn try_from(raw: RawAccount) -> Result<Self, String> {
        let mut data = raw.data.0;
        if let Some(space) = raw.space {
            let size_bytes = usize::try_from(space).ok().filter(|size_bytes| *size_bytes <= ACCOUNT_DATA_BYTES_MAX);
            data.resize(size_bytes.ok_or(format!("{}: {space} bytes", raw.pubkey.0))?, 0);
        }
        let account =
            Account { lamports: raw.lamports, data: data.into(), owner: raw.owner.0, executable: raw.executable };
        Ok(Self(raw.pubkey.0, account))
    }
}

/// A transaction, and what Agave did with it.
#[derive(Debug, Deserialize)]
pub(super) struct TransactionRecord {
    pub(super) wire: Base64,
    pub(super) result: ResultRecord,
}

/// What Agave did.
#[derive(Debug, Deserialize)]
pub(super) struct ResultRecord {
    /// False if it can be in no block.
    pub(super) processed: bool,
    #[serde(rename = "error_json")]
    pub(super) error: Option<TransactionError>,
    pub(super) compute_units: u64,
    pub(super) fee: u64,
    pub(super) loaded_accounts_data_size: u32,
    pub(super) logs: Vec<String>,
    pub(super) return_data: Option<ReturnDataRecord>,
    /// A list for each top-level instruction, or nothing at all.
    #[serde(default)]
    pub(super) inner_instructions: Vec<Vec<InnerInstructionRecord>>,
    pub(super) post_accounts: Vec<AccountRecord>,
}

/// Data that a program returned.
#[derive(Debug, Deserialize)]
pub(super) struct ReturnDataRecord {
    pub(super) program: Text<Pubkey>,
    pub(super) data: Base64,
}

/// An instruction that a program invoked.
#[derive(Debug, Deserialize)]
pub(super) struct InnerInstructionRecord {
    pub(super) program_id_index: u8,
    pub(super) accounts: Vec<u8>,
    pub(super) data: Base64,
    pub(super) stack_height: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "11111111111111111111111111111112";

    fn account(rest: &str) -> Result<AccountRecord, serde_json::Error> {
        let text = format!(r#"{{"pubkey":"{KEY}","lamports":5,"owner":"{KEY}","executable":false{rest}}}"#);
        serde_json::from_str(&text)
    }

    #[test]
    fn data_is_padded_to_its_space() {
        let data = |rest| account(rest).expect("an account").1.data.to_vec();
        assert_eq!(data(""), [0u8; 0]);
        assert_eq!(data(r#","data":"AQI=""#), [1, 2]);
        assert_eq!(data(r#","data":"AQI=","space":4"#), [1, 2, 0, 0]);
    }

    #[test]
    fn what_is_no_account_is_refused() {
        let refusal = |rest| account(rest).expect_err("no account").to_string();
        assert!(refusal(r#","space":10485761"#).contains("10485761 bytes"));
        assert!(refusal(r#","data":"!""#).contains("Invalid"));
        assert!(refusal(r#","data":3"#).contains("a string"));
    }
}
