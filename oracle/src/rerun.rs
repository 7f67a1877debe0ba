//! From a recorded case back to one that can run: all that it needs is in its record.

use crate::{
    case::{Case, Expect},
    environment::{Environment, SLOT},
    format::{AccountRecord, CaseRecord},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use solana_account::{Account, AccountSharedData};
use solana_address::Address;

/// The case that `record` came from, but for what its author expected.
///
/// # Errors
/// Text that is no address, no base64 or no transaction; a blockhash other than the environment's.
pub fn to_case(environment: &Environment, record: &CaseRecord) -> Result<Case, String> {
    let failed = |error: String| format!("{}: {error}", record.name);
    if record.blockhash != environment.blockhash.to_string() {
        return Err(failed(format!("the blockhash {} is not the environment's", record.blockhash)));
    }
    let mut case = Case::bare(environment, &record.name);
    case.slot = (record.clock.slot != SLOT).then_some(record.clock.slot);
    for (gate, is_active) in &record.gates {
        case.gates.push((address(gate).map_err(failed)?, *is_active));
    }
    for account in &record.accounts {
        case.accounts.push(to_account(account).map_err(failed)?);
    }
    for transaction in &record.transactions {
        let wire = bytes(&transaction.wire).map_err(failed)?;
        let transaction = wincode::deserialize(&wire).map_err(|error| failed(error.to_string()))?;
        case.transactions.push((transaction, Expect::Anything));
    }
    Ok(case)
}

fn to_account(record: &AccountRecord) -> Result<(Address, AccountSharedData), String> {
    let mut data = bytes(&record.data)?;
    data.resize(record.space.unwrap_or(data.len()), 0);
    let (lamports, owner, executable) = (record.lamports, address(&record.owner)?, record.executable);
    let account = Account { lamports, data, owner, executable, rent_epoch: u64::MAX };
    Ok((address(&record.pubkey)?, account.into()))
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(text).map_err(|error| format!("{text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lite, record, topics};

    /// Some cases of every topic: other gates, other slots, replaced sysvars, all three wire forms.
    #[test]
    fn a_recorded_case_runs_again_to_the_same_record() {
        let environment = Environment::new();
        let lite = lite::base(&environment);
        let mut count = 0;
        for topic in topics::TOPICS {
            for case in (topic.cases)(&environment).into_iter().step_by(11) {
                let recorded = record::record_case(&environment, Some(&lite), case, &mut Vec::new());
                let again = to_case(&environment, &recorded).expect("a record is complete");
                assert_eq!(record::record_case(&environment, Some(&lite), again, &mut Vec::new()), recorded);
                count += 1;
            }
        }
        assert!(count > 150);
    }
}
