//! The reference: a conflict is looked up, never remembered. O(n²), obvious, slow.
#![allow(dead_code)]

use heddle_scheduler::TransactionState;
use heddle_types::AccountLock;

/// Whether two lock sets share an account that one of them writes.
pub fn conflicts(a: &[AccountLock], b: &[AccountLock]) -> bool {
    let clash = |a: &AccountLock, b: &AccountLock| a.account == b.account && (a.is_writable() || b.is_writable());
    a.iter().any(|lock| b.iter().any(|other| clash(lock, other)))
}

/// The wave of each transaction, from 1.
pub fn waves(block: &[Vec<AccountLock>]) -> Vec<usize> {
    let mut waves = Vec::<usize>::new();
    for (index, locks) in block.iter().enumerate() {
        let before = (0..index).filter(|earlier| conflicts(&block[*earlier], locks)).map(|earlier| waves[earlier]);
        waves.push(before.max().unwrap_or_default() + 1);
    }
    waves
}

/// What [`heddle_scheduler::ConflictGraph`] promises, told without edges.
#[derive(Default)]
pub struct NaiveGraph {
    transactions: Vec<(Vec<AccountLock>, Option<TransactionState>)>,
}

impl NaiveGraph {
    pub fn insert(&mut self, locks: Vec<AccountLock>) {
        self.transactions.push((locks, None));
    }

    /// Overrides the state that follows from the conflicts: dispatched or later.
    pub fn set(&mut self, tx: u32, state: TransactionState) {
        self.transactions[tx as usize].1 = Some(state);
    }

    pub fn state(&self, tx: u32) -> TransactionState {
        let (locks, state) = &self.transactions[tx as usize];
        let is_held_up = || {
            self.transactions[..tx as usize]
                .iter()
                .any(|(earlier, state)| *state < Some(TransactionState::Executed) && conflicts(earlier, locks))
        };
        state.unwrap_or_else(|| if is_held_up() { TransactionState::Pending } else { TransactionState::Ready })
    }

    /// Transactions in that state, in block order.
    pub fn list(&self, state: TransactionState) -> Vec<u32> {
        (0..self.transactions.len() as u32).filter(|tx| self.state(*tx) == state).collect()
    }

    pub fn len(&self) -> usize {
        self.transactions.len()
    }
}
