//! The second witness: LiteSVM 0.16, asked the same question and compared with the reference.
//!
//! It is a simulator, not a bank, and departs from one (see README.md). Each departure becomes a note; after it, LiteSVM
//! gets the reference's accounts, so that one departure makes one note.

use crate::{
    agave::{Agave, Outcome},
    environment::Environment,
};
use litesvm::{LiteSVM, types::TransactionMetadata};
use solana_account::{Account, AccountSharedData, ReadableAccount};
use solana_address::Address;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

/// Transactions that LiteSVM remembers, to refuse them the second time; more than a case has.
const HISTORY_LENGTH: usize = 1_000;

/// LiteSVM loaded with the environment, to be cloned for each case.
pub fn base(environment: &Environment) -> LiteSVM {
    let mut svm = LiteSVM::default()
        .with_feature_set(environment.features.clone())
        .with_builtins()
        .with_sigverify(true)
        .with_blockhash_check(true);
    // Programdata accounts must be there before the programs that point to them.
    let (programs, others): (Vec<_>, Vec<_>) =
        environment.accounts.iter().partition(|(_, account)| account.executable());
    for (address, account) in others.into_iter().chain(programs) {
        svm.set_account(*address, account.clone().into()).expect("LiteSVM takes every environment account");
    }
    svm
}

/// One LiteSVM that follows one case.
pub struct Witness {
    svm: LiteSVM,
}

impl Witness {
    /// A copy of `base` with the case's accounts.
    pub fn new(base: &LiteSVM, accounts: &[(Address, AccountSharedData)]) -> Self {
        // A clone forgets the capacity of its empty history.
        let mut witness = Self { svm: base.clone().with_transaction_history(HISTORY_LENGTH) };
        for (address, account) in accounts {
            witness.set(*address, Some(account));
        }
        witness
    }

    /// Runs `transaction` and lists the fields in which LiteSVM departs from `outcome`; then takes over its accounts.
    pub fn compare(&mut self, transaction: &VersionedTransaction, outcome: &Outcome, agave: &Agave) -> Vec<String> {
        let result =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.svm.send_transaction(transaction.clone())));
        let mut notes = match result {
            Ok(Ok(meta)) => differences(None, &meta, outcome),
            Ok(Err(failed)) => differences(Some(&failed.err), &failed.meta, outcome),
            Err(_) => vec!["panics".to_owned()],
        };
        for key in &outcome.keys {
            let reference = agave.account(key);
            let account = self.svm.get_account(key).filter(|account| account.lamports > 0);
            let equal = match (reference, &account) {
                (Some(reference), Some(account)) => same(reference, account),
                (None, None) => true,
                _ => false,
            };
            if !equal {
                notes.push(account_note(key, reference, account.as_ref()));
                self.set(*key, reference);
            }
        }
        notes
    }

    fn set(&mut self, address: Address, account: Option<&AccountSharedData>) {
        let account = account.cloned().map(Account::from).unwrap_or_default();
        // An executable account that is no program is refused; it stays out of LiteSVM and shows up as a note.
        let _ = self.svm.set_account(address, account);
    }
}

fn differences(error: Option<&TransactionError>, meta: &TransactionMetadata, outcome: &Outcome) -> Vec<String> {
    let mut notes = Vec::new();
    if error != outcome.error.as_ref() {
        notes.push(format!("error {error:?} instead of {:?}", outcome.error));
    }
    if !outcome.processed {
        return notes;
    }
    if meta.compute_units_consumed != outcome.compute_units {
        notes.push(format!("compute units {} instead of {}", meta.compute_units_consumed, outcome.compute_units));
    }
    if meta.fee != outcome.fee {
        notes.push(format!("fee {} instead of {}", meta.fee, outcome.fee));
    }
    if meta.logs != outcome.logs {
        let index = meta.logs.iter().zip(&outcome.logs).take_while(|(a, b)| a == b).count();
        notes.push(format!("log line {index} {:?} instead of {:?}", meta.logs.get(index), outcome.logs.get(index)));
    }
    let return_data = outcome.return_data.clone().unwrap_or_default();
    if meta.return_data.data != return_data.data
        || (!return_data.data.is_empty() && meta.return_data.program_id != return_data.program_id)
    {
        notes.push(format!("return data {:?} instead of {return_data:?}", meta.return_data));
    }
    let expected: Vec<_> = outcome.inner_instructions.iter().filter(|list| !list.is_empty()).collect();
    let found: Vec<_> = meta.inner_instructions.iter().filter(|list| !list.is_empty()).collect();
    if expected != found {
        notes.push("other inner instructions".to_owned());
    }
    notes
}

fn same(a: &AccountSharedData, b: &Account) -> bool {
    a.lamports() == b.lamports()
        && a.data() == b.data.as_slice()
        && *a.owner() == b.owner
        && a.executable() == b.executable
}

fn account_note(key: &Address, reference: Option<&AccountSharedData>, account: Option<&Account>) -> String {
    let (Some(reference), Some(account)) = (reference, account) else {
        return format!("account {key} {}", if account.is_some() { "exists" } else { "is missing" });
    };
    let mut fields = Vec::new();
    if reference.lamports() != account.lamports {
        fields.push(format!("{} lamports instead of {}", account.lamports, reference.lamports()));
    }
    if reference.data() != account.data.as_slice() {
        fields.push("other data".to_owned());
    }
    if *reference.owner() != account.owner || reference.executable() != account.executable {
        fields.push("another owner or executable flag".to_owned());
    }
    format!("account {key} has {}", fields.join(", "))
}
