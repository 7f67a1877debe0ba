//! Single transactions: simulation without effect, and a block of one for whoever wants just that.

use heddle_types::{Account, Pubkey, Receipt, TokenBalance};
use std::sync::Arc;

use crate::{
    Engine, EngineError, ExecuteError, Outcome, VerifiedTransaction,
    execute::{BlockContext, Effect},
    executor::Executor,
    planner::Planner,
    programs::BlockPrograms,
    token_balances,
};

/// What a simulated transaction would have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// As if it were in the next block; receipts carry details.
    pub outcome: Outcome,
    /// Slot of that block.
    pub slot: u64,
    /// The transaction's accounts afterwards, in the order of its keys (as they are, if it was rejected or failed).
    pub accounts: Vec<(Pubkey, Account)>,
    /// Token balances in `accounts`. A rejected transaction has no receipt whose details would tell them.
    pub token_balances: Vec<TokenBalance>,
}

impl Engine {
    /// Executes one transaction as if it were alone in the next block, and changes nothing.
    ///
    /// # Errors
    /// [`EngineError::Store`] if an account cannot be read; [`EngineError::Poisoned`].
    pub fn simulate(&self, transaction: &VerifiedTransaction) -> Result<Simulation, EngineError> {
        let shared = self.shared();
        // First the lock: a block that another thread executes meanwhile would take the slot.
        let mut executor = shared.executor.lock();
        let block = self.next_block(vec![transaction.clone()]);
        let environment = executor.planner.prepare(shared, &block)?;
        let Executor { planner, workers, statuses, claims, .. } = &mut *executor;
        let Planner { plan, serial, .. } = planner;
        statuses.look([transaction.message_hash()].into_iter(), claims);
        let programs = BlockPrograms::new(
            shared.table.clone(),
            shared.programs.clone(),
            shared.runtime.clone(),
            plan.programs.clone(),
            (*serial, block.slot),
        );
        let environment = Arc::new(environment);
        let worker = &mut workers[0];
        worker.begin_block(environment.clone(), Arc::new(programs));
        let context = BlockContext {
            transactions: &block.transactions,
            plan,
            table: &shared.table,
            claims,
            environment: &environment,
            serial: *serial,
            record_details: true,
            compute_unit_limit: shared.limits.compute_units,
        };
        let outcome = worker.process(&context, 0, Effect::Discard);
        let is_success = outcome.receipt().is_some_and(|receipt| receipt.status.is_ok());
        let accounts: Vec<(Pubkey, Account)> = if is_success {
            worker.working_copies().map(|(key, account)| (key, account.clone())).collect()
        } else {
            let keys = plan.keys_of(plan.transaction(0));
            keys.iter().map(|&index| (shared.table.slot(index).key(), shared.table.read(index))).collect()
        };
        let keys: Vec<Pubkey> = accounts.iter().map(|(key, _)| *key).collect();
        let token_balances = token_balances::of(&keys, transaction.facts().invoked, |position| &accounts[position].1);
        Ok(Simulation { outcome, slot: block.slot, accounts, token_balances })
    }

    /// Verifies, executes and commits one transaction in a block of its own.
    ///
    /// # Errors
    /// [`ExecuteError`] if it is not taken, cannot be in a block, or the host fails. A transaction that was executed
    /// and failed is no error: its receipt says so.
    pub fn execute(&self, wire_bytes: &[u8]) -> Result<Receipt, ExecuteError> {
        let transaction = VerifiedTransaction::new(wire_bytes)?;
        let executed = self.execute_block(self.next_block(vec![transaction]))?;
        if let Some(Outcome::Rejected(error)) = executed.outcomes().first() {
            return Err(ExecuteError::Rejected(error.clone()));
        }
        let committed = self.commit_block(executed)?;
        match committed.outcomes.into_iter().next() {
            Some(Outcome::Processed(receipt)) => Ok(receipt),
            Some(Outcome::Rejected(error)) => Err(ExecuteError::Rejected(error)),
            None => Err(EngineError::Poisoned { cause: "a block of one gave no outcome".into() }.into()),
        }
    }
}
