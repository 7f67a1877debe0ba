//! Compares what executing a block gave with what was recorded of it, and names the first difference.

use std::fmt;

use heddle_storage::StoreError;
use heddle_types::{Account, AccountDigest, BlockHeader, Pubkey, Receipt, StoredTransaction};

use crate::{
    AccountChange, Engine, EngineError, ExecutedBlock, Outcome,
    account_diff::{ACCOUNTS_SHOWN_MAX, AccountDifference},
};

/// The first place where an execution disagrees with the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Slot of the block.
    pub slot: u64,
    /// The account, if the difference is in one.
    pub account: Option<Pubkey>,
    /// Which field: `lamports`, `owner`, `data`, `state_hash`, `transaction 3: status`, …
    pub field: String,
    /// What the store says.
    pub stored: String,
    /// What the replay gave.
    pub replayed: String,
    /// The accounts of the block that differ, in ascending order of address, at most 16.
    pub accounts: Vec<AccountDifference>,
    /// How many more differ.
    pub accounts_more: usize,
}

impl Difference {
    pub(crate) fn new(slot: u64, field: &str, stored: &impl fmt::Debug, replayed: &impl fmt::Debug) -> Self {
        Self {
            slot,
            account: None,
            field: field.into(),
            stored: format!("{stored:?}"),
            replayed: format!("{replayed:?}"),
            accounts: Vec::new(),
            accounts_more: 0,
        }
    }

    fn at(self, account: Pubkey) -> Self {
        Self { account: Some(account), ..self }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", self.slot)?;
        if let Some(account) = &self.account {
            write!(f, ", account {account}")?;
        }
        write!(f, ", {}: stored {}, replayed {}", self.field, self.stored, self.replayed)
    }
}

/// Reads accounts as they are on record after the block; `None` if they are not kept.
pub(crate) type RecordedAccounts<'a> = dyn Fn(&[Pubkey]) -> Result<Option<Vec<Option<Account>>>, StoreError> + 'a;

/// What is on record of a block.
pub(crate) struct Recorded<'a> {
    pub(crate) header: &'a BlockHeader,
    pub(crate) transactions: &'a [StoredTransaction],
    /// In ascending order of key.
    pub(crate) changes: &'a [AccountDigest],
    pub(crate) accounts: &'a RecordedAccounts<'a>,
}

impl Recorded<'_> {
    /// The first difference to what `engine` made of the block, which is still open. Accounts first, because they tell
    /// most; then receipts; then the header.
    pub(crate) fn difference(
        &self,
        engine: &Engine,
        executed: &ExecutedBlock,
    ) -> Result<Option<Difference>, EngineError> {
        let slot = self.header.slot;
        let found = compare_changes(slot, self.changes, executed)
            .or_else(|| compare_receipts(slot, self.transactions, executed))
            .or_else(|| compare_headers(self.header, executed.header()));
        let Some(mut found) = found else { return Ok(None) };
        (found.accounts, found.accounts_more) = self.account_differences(engine, executed)?;
        Ok(Some(found))
    }

    /// Every account that is not as recorded: those shown, and how many more.
    fn account_differences(
        &self,
        engine: &Engine,
        executed: &ExecutedBlock,
    ) -> Result<(Vec<AccountDifference>, usize), EngineError> {
        let mut differing = Vec::new();
        for (key, stored, change) in side_by_side(self.changes, executed.changes()) {
            // Who is not among the changes is as before the block; on both sides that is the same.
            let stored = stored.copied().or(change.map(|change| AccountDigest::of(&key, Some(&change.before))));
            let replayed = match change {
                Some(change) => Some(change.after.clone()),
                None => engine.account(&key)?,
            };
            let digest = AccountDigest::of(&key, replayed.as_ref());
            if let Some(stored) = stored.filter(|stored| *stored != digest) {
                differing.push((stored, digest, replayed));
            }
        }
        let more = differing.len().saturating_sub(ACCOUNTS_SHOWN_MAX);
        differing.truncate(ACCOUNTS_SHOWN_MAX);
        let keys: Vec<Pubkey> = differing.iter().map(|(stored, ..)| stored.key).collect();
        let accounts = (self.accounts)(&keys)?;
        let shown = differing.iter().enumerate().map(|(index, (stored, digest, replayed))| {
            let account = accounts.as_ref().map(|accounts| accounts.get(index).and_then(Option::as_ref));
            AccountDifference::of(*stored, account, *digest, replayed.as_ref())
        });
        Ok((shown.collect(), more))
    }
}

/// Both lists in ascending order of key, what is about the same account together.
fn side_by_side<'a>(
    mut stored: &'a [AccountDigest],
    mut changes: &'a [AccountChange],
) -> impl Iterator<Item = (Pubkey, Option<&'a AccountDigest>, Option<&'a AccountChange>)> {
    std::iter::from_fn(move || {
        let (a, b) = (stored.first(), changes.first());
        let key = a.map(|a| a.key).into_iter().chain(b.map(|b| b.key)).min()?;
        let (a, b) = (a.filter(|a| a.key == key), b.filter(|b| b.key == key));
        stored = &stored[usize::from(a.is_some())..];
        changes = &changes[usize::from(b.is_some())..];
        Some((key, a, b))
    })
}

fn compare_changes(slot: u64, stored: &[AccountDigest], executed: &ExecutedBlock) -> Option<Difference> {
    side_by_side(stored, executed.changes()).find_map(|(key, stored, change)| {
        let Some((a, change)) = stored.zip(change) else {
            return Some(Difference::new(slot, "changed", &stored.is_some(), &change.is_some()).at(key));
        };
        let b = AccountDigest::of(&key, Some(&change.after));
        let field =
            |field: &str, x: &dyn fmt::Debug, y: &dyn fmt::Debug| Some(Difference::new(slot, field, &x, &y).at(key));
        if a.lamports != b.lamports {
            field("lamports", &a.lamports, &b.lamports)
        } else if a.owner != b.owner {
            field("owner", &a.owner, &b.owner)
        } else if a.executable != b.executable {
            field("executable", &a.executable, &b.executable)
        } else if a.data_size_bytes != b.data_size_bytes {
            field("data length", &a.data_size_bytes, &b.data_size_bytes)
        } else if a.data_hash != b.data_hash {
            field("data", &a.data_hash, &b.data_hash)
        } else {
            None
        }
    })
}

fn compare_receipts(slot: u64, stored: &[StoredTransaction], executed: &ExecutedBlock) -> Option<Difference> {
    let mut loaded = executed.loaded_addresses.iter().peekable();
    for (index, (stored, outcome)) in stored.iter().zip(executed.outcomes()).enumerate() {
        let at = |field: &str| format!("transaction {index}: {field}");
        let a = &stored.receipt;
        let b = match outcome {
            Outcome::Processed(receipt) => receipt,
            Outcome::Rejected(error) => return Some(Difference::new(slot, &at("processed"), &true, error)),
        };
        /// A field of a receipt, shown.
        type Show = fn(&Receipt) -> String;
        let pairs: [(&str, Show); 5] = [
            ("status", |receipt| format!("{:?}", receipt.status)),
            ("executed", |receipt| receipt.executed.to_string()),
            ("fee", |receipt| receipt.fee_lamports.to_string()),
            ("compute units", |receipt| receipt.compute_units.to_string()),
            ("loaded data bytes", |receipt| receipt.loaded_data_bytes.to_string()),
        ];
        for (field, show) in pairs {
            let (stored, replayed) = (show(a), show(b));
            if stored != replayed {
                return Some(Difference { stored, replayed, ..Difference::new(slot, &at(field), &"", &"") });
            }
        }
        let addresses = loaded.next_if(|(of, _)| *of == index).map_or(&[][..], |(_, keys)| keys);
        if *stored.loaded_addresses != *addresses {
            return Some(Difference::new(slot, &at("loaded addresses"), &stored.loaded_addresses, &addresses));
        }
    }
    None
}

fn compare_headers(stored: &BlockHeader, replayed: &BlockHeader) -> Option<Difference> {
    let slot = stored.slot;
    if stored.state_hash != replayed.state_hash {
        return Some(Difference::new(slot, "state_hash", &stored.state_hash, &replayed.state_hash));
    }
    if stored.block_hash != replayed.block_hash {
        return Some(Difference::new(slot, "block_hash", &stored.block_hash, &replayed.block_hash));
    }
    (stored != replayed).then(|| Difference::new(slot, "header", stored, replayed))
}
