//! A record beside what our engine did, field by field.

use heddle_engine::Outcome;
use heddle_types::{Account, ReceiptDetails, TransactionError};

use super::format::{AccountRecord, ResultRecord};
use crate::{
    compare::{COMPUTE_UNITS, ExpectedAccount, ExpectedData},
    report::Mismatch,
};

/// Everything but the accounts.
pub(super) fn outcome(expected: &ResultRecord, actual: &Outcome) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let receipt = match actual {
        Outcome::Rejected(error) => {
            check(&mut found, "status", status(expected), status_text(false, Some(error)));
            return found;
        }
        Outcome::Processed(receipt) => receipt,
    };
    check(&mut found, "status", status(expected), status_text(true, receipt.status.as_ref().err()));
    check(&mut found, COMPUTE_UNITS, expected.compute_units, receipt.compute_units);
    check(&mut found, "fee", expected.fee, receipt.fee_lamports);
    check(&mut found, "loaded bytes", expected.loaded_accounts_data_size, receipt.loaded_data_bytes);
    let nothing = ReceiptDetails::default();
    found.extend(details(expected, receipt.details.as_deref().unwrap_or(&nothing)));
    found
}

/// Whether a record is in a block, and its error, for people.
pub(super) fn status(expected: &ResultRecord) -> String {
    status_text(expected.processed, expected.error.as_ref())
}

fn status_text(is_processed: bool, error: Option<&TransactionError>) -> String {
    match (is_processed, error) {
        (true, None) => "succeeded".into(),
        (true, Some(error)) => format!("failed: {error:?}"),
        (false, error) => format!("rejected: {error:?}"),
    }
}

fn check<T: PartialEq + ToString>(found: &mut Vec<Mismatch>, field: &str, expected: T, actual: T) {
    if expected != actual {
        found.push(Mismatch::new(field, expected, actual));
    }
}

fn details(expected: &ResultRecord, actual: &ReceiptDetails) -> Vec<Mismatch> {
    let mut found = Vec::new();
    if let Some(line) = first_difference(&expected.logs, &actual.logs) {
        let shown = |logs: &[String]| logs.get(line).cloned().unwrap_or_else(|| "no more lines".into());
        found.push(Mismatch::new(format!("log line {line}"), shown(&expected.logs), shown(&actual.logs)));
    }
    let returned = expected.return_data.as_ref().map(|one| (one.program.0, &one.data.0));
    let actually = actual.return_data.as_ref().map(|one| (one.program, &one.data));
    check(&mut found, "return data", format!("{returned:?}"), format!("{actually:?}"));
    let invoked: Vec<String> = expected
        .inner_instructions
        .iter()
        .enumerate()
        .flat_map(|(top, list)| list.iter().map(move |one| (top, one)))
        .map(|(top, one)| invocation(top, one.stack_height, one.program_id_index, &one.accounts, &one.data.0))
        .collect();
    let actually: Vec<String> = actual
        .inner_instructions
        .iter()
        .map(|one| {
            let top = usize::from(one.top_level_index);
            invocation(top, one.stack_height, one.program_index, &one.account_indices, &one.data)
        })
        .collect();
    if let Some(index) = first_difference(&invoked, &actually) {
        let shown = |list: &[String]| list.get(index).cloned().unwrap_or_else(|| "no more".into());
        found.push(Mismatch::new(format!("inner instruction {index}"), shown(&invoked), shown(&actually)));
    }
    found
}

/// One invoked instruction; equal texts are equal instructions.
fn invocation(top: usize, height: u8, program: u8, accounts: &[u8], data: &[u8]) -> String {
    format!("under {top} at height {height}: program {program}, accounts {accounts:?}, data {data:?}")
}

/// Index of the first item that only one has or that is another in each.
fn first_difference(expected: &[String], actual: &[String]) -> Option<usize> {
    (expected != actual).then(|| expected.iter().zip(actual).take_while(|(a, b)| a == b).count())
}

/// An account as it is after the transaction; `actual` is the default if it does not exist.
pub(super) fn account(expected: &AccountRecord, actual: &Account) -> Vec<Mismatch> {
    let AccountRecord(key, account) = expected;
    let account = if account.exists() { account.clone() } else { Account::default() };
    let data = ExpectedData::Bytes(account.data.to_vec());
    let (lamports, owner, executable) = (account.lamports, account.owner, account.executable);
    ExpectedAccount { key: *key, lamports, data, owner, executable }.mismatches(actual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_of_lists() {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(first_difference(&list("a b"), &list("a b")), None);
        assert_eq!(first_difference(&list("a b"), &list("a c")), Some(1));
        assert_eq!(first_difference(&list("a"), &list("a c")), Some(1), "a longer one");
        assert_eq!(first_difference(&list("a b"), &list("a")), Some(1), "a shorter one");
    }

    #[test]
    fn one_account_differs_in_every_field_that_differs() {
        let key = heddle_types::ids::sysvar::clock::ID;
        let expected = AccountRecord(key, Account::new(5, &[1, 2], key));
        assert_eq!(account(&expected, &expected.1), []);
        let fields: Vec<String> =
            account(&expected, &Account::with_lamports(4)).into_iter().map(|one| one.field).collect();
        let fields: Vec<&str> = fields.iter().filter_map(|field| field.split(' ').nth(2)).collect();
        assert_eq!(fields, ["lamports", "owner", "data"]);
        let absent = AccountRecord(key, Account::new(0, &[1], key));
        assert_eq!(account(&absent, &Account::default()), [], "without lamports nothing else counts");
    }
}
