//! What differs, for people and in JSON: the same for databases and bundles.

use heddle_engine::{AccountDifference, DataDifference, DataRange, Difference};
use heddle_types::AccountDigest;
use serde::Serialize;

use crate::failure::Failure;

/// An account that differs, in JSON.
#[derive(Serialize)]
pub(crate) struct AccountReport {
    address: String,
    /// Slot of the block that recorded the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<u64>,
    stored: Side,
    replayed: Side,
    /// Ranges of the data that differ; absent if the stored data is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<Range>>,
    /// Ranges beyond those listed.
    #[serde(skip_serializing_if = "is_zero")]
    data_more: usize,
}

/// One version of an account.
#[derive(Serialize)]
struct Side {
    lamports: u64,
    owner: String,
    executable: bool,
    data_bytes: u32,
    /// First half of the BLAKE3 of the data.
    data_hash: String,
}

/// A range of data that differs, with its first bytes in hex.
#[derive(Serialize)]
struct Range {
    begin: usize,
    end: usize,
    stored: String,
    replayed: String,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl AccountReport {
    pub(crate) fn of(difference: &AccountDifference, recorded_at: Option<u64>) -> Self {
        let (data, data_more) = match &difference.data {
            DataDifference::Ranges(ranges, more) => (Some(ranges.iter().map(Range::of).collect()), *more),
            DataDifference::FingerprintOnly | DataDifference::Contradicted(_) => (None, 0),
        };
        Self {
            address: difference.address().to_string(),
            recorded_at,
            stored: Side::of(&difference.stored),
            replayed: Side::of(&difference.replayed),
            data,
            data_more,
        }
    }

    /// The accounts of a difference, if there is one.
    pub(crate) fn all(difference: Option<&Difference>) -> Vec<Self> {
        difference.into_iter().flat_map(|found| &found.accounts).map(|account| Self::of(account, None)).collect()
    }
}

impl Side {
    fn of(digest: &AccountDigest) -> Self {
        Self {
            lamports: digest.lamports,
            owner: digest.owner.to_string(),
            executable: digest.executable,
            data_bytes: digest.data_size_bytes,
            data_hash: hex(&digest.data_hash),
        }
    }
}

impl Range {
    fn of(range: &DataRange) -> Self {
        Self { begin: range.begin, end: range.end, stored: hex(&range.stored), replayed: hex(&range.replayed) }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The failure that a difference is; nothing if there is none.
pub(crate) fn fail_if_any(difference: Option<&Difference>) -> Result<(), Failure> {
    let Some(difference) = difference else { return Ok(()) };
    let mut text = format!("the first difference: {difference}");
    for account in &difference.accounts {
        text.push_str(&format!("\n{account}"));
    }
    if difference.accounts_more > 0 {
        text.push_str(&format!("\nand {} more accounts", difference.accounts_more));
    }
    Err(Failure::Different(text))
}
