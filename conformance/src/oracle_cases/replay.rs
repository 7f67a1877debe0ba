//! One case on one engine. The block that ends with a transaction is executed, looked at and dropped, which takes the
//! engine back; so each transaction is seen in the state that its predecessors left.

use std::{collections::BTreeMap, sync::Arc};

use heddle_engine::{Block, BlockLimits, Engine, VerifiedTransaction};
use heddle_types::{Account, Pubkey, TransactionError, ids};
use heddle_vm::Runtime;

use super::{compare, format::CaseRecord};
use crate::report::Mismatch;

/// The time of the block before, in seconds; only a case's own clock is ever read.
const GENESIS_TIMESTAMP: i64 = 1_700_000_000;

/// A case and its engine.
pub(super) struct Replay<'a> {
    case: &'a CaseRecord,
    engine: Engine,
    /// `None` for one that is refused before it is a transaction.
    transactions: Vec<Option<VerifiedTransaction>>,
}

impl<'a> Replay<'a> {
    /// An engine with the state before the case's first transaction.
    pub(super) fn new(
        case: &'a CaseRecord,
        environment: &[(Pubkey, Account)],
        runtime: Arc<Runtime>,
    ) -> Result<Self, String> {
        let mut accounts: BTreeMap<Pubkey, Account> = environment.iter().cloned().collect();
        accounts.extend(case.accounts.iter().map(|record| (record.0, record.1.clone())));
        let engine = Engine::builder()
            .runtime(runtime)
            .accounts(accounts)
            .genesis_blockhash(case.blockhash.0)
            .genesis_timestamp(GENESIS_TIMESTAMP)
            .record_details(true)
            // A case's transactions are one block only here; some do more than a block may.
            .block_limits(BlockLimits::UNLIMITED)
            .build()
            .map_err(|error| error.to_string())?;
        let transactions = case.transactions.iter().map(|one| VerifiedTransaction::new(&one.wire.0).ok()).collect();
        Ok(Self { case, engine, transactions })
    }

    /// Everything in which transaction `index` differs from its record.
    pub(super) fn mismatches(&self, index: usize) -> Vec<Mismatch> {
        let expected = &self.case.transactions[index].result;
        if self.transactions[index].is_none() {
            let is_refused = !expected.processed && expected.error.as_ref().is_some_and(is_of_ingress);
            let found = Mismatch::new("status", compare::status(expected), "refused at ingress");
            return if is_refused { Vec::new() } else { vec![found] };
        }
        let block = Block {
            slot: self.case.clock.slot,
            unix_timestamp: self.case.clock.unix_timestamp,
            ..self.engine.next_block(self.transactions[..=index].iter().flatten().cloned().collect())
        };
        let executed = match self.engine.execute_block(block) {
            Ok(executed) => executed,
            Err(error) => return vec![Mismatch::new("block", "executed", error)],
        };
        let outcome = executed.outcomes().last().expect("a block's outcomes are its transactions'");
        let mut found = compare::outcome(expected, outcome);
        for post in &expected.post_accounts {
            // The record is of the moment after the transaction; at the end of the block the incinerator is emptied.
            if post.0 == ids::incinerator::ID {
                continue;
            }
            match self.engine.account(&post.0) {
                Ok(actual) => found.extend(compare::account(post, &actual.unwrap_or_default())),
                Err(error) => found.push(Mismatch::new(format!("account {}", post.0), "readable", error)),
            }
        }
        found
    }
}

/// Whether bytes can be refused so before they are a transaction.
fn is_of_ingress(error: &TransactionError) -> bool {
    matches!(
        error,
        TransactionError::SanitizeFailure
            | TransactionError::SignatureFailure
            | TransactionError::AccountLoadedTwice
            | TransactionError::TooManyAccountLocks
    )
}
