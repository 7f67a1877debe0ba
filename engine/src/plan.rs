//! The plan of a block: every transaction's accounts as dense indices, what it may write, and its lock set.
//!
//! Made before execution from the state at the start of the block, by one thread, in flat vectors that are reused.
//! A transaction that cannot be in any block (unknown lookup table, repeated key, too many locks) is marked rejected and
//! locks nothing.

use std::ops::Range;

use heddle_storage::{Store, StoreError};
use heddle_types::{AccountIndex, AccountLock, Gates, Pubkey, SanitizedTransaction, TransactionError, ids, limits};

use crate::{
    VerifiedTransaction,
    account_table::AccountTable,
    lookup::LookupTable,
    programs::{self, PlannedPrograms},
};

/// One bit for each of up to 256 accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccountSet([u64; 4]);

impl AccountSet {
    fn insert(&mut self, index: usize) {
        self.0[index / 64] |= 1 << (index % 64);
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }
}

/// One transaction of the plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlannedTransaction {
    keys: Range<u32>,
    locks: Range<u32>,
    /// Accounts it may really write, after demotion.
    pub(crate) writable: AccountSet,
    pub(crate) rejected: Option<TransactionError>,
}

/// See the [module](self).
#[derive(Default)]
pub(crate) struct BlockPlan {
    keys: Vec<AccountIndex>,
    locks: Vec<AccountLock>,
    transactions: Vec<PlannedTransaction>,
    pub(crate) programs: PlannedPrograms,
}

/// What the plan needs to know of the chain.
pub(crate) struct PlanInputs<'a> {
    pub(crate) table: &'a AccountTable,
    pub(crate) store: &'a dyn Store,
    pub(crate) slot: u64,
    /// Slots among the slot hashes, newest first.
    pub(crate) recent_slots: &'a [u64],
    /// Accounts that one transaction may lock.
    pub(crate) lock_count_max: usize,
}

/// Accounts that one transaction may lock under `gates`.
pub(crate) const fn lock_count_max(gates: &Gates) -> usize {
    if gates.increase_tx_account_lock_limit {
        limits::ACCOUNT_LOCK_COUNT_MAX_INCREASED
    } else {
        limits::ACCOUNT_LOCK_COUNT_MAX
    }
}

impl BlockPlan {
    /// Plans `transactions`, loading every account they name.
    pub(crate) fn make(
        &mut self,
        transactions: &[VerifiedTransaction],
        inputs: &PlanInputs<'_>,
    ) -> Result<(), StoreError> {
        self.clear();
        for transaction in transactions {
            self.add_static_keys(transaction.transaction(), inputs.table);
        }
        inputs.table.load(&self.keys, inputs.store)?;
        if transactions.iter().any(|transaction| transaction.transaction().lookup_count() > 0) {
            self.resolve_lookups(transactions, inputs)?;
        }
        self.find_programs(transactions, inputs)?;
        for (position, transaction) in transactions.iter().enumerate() {
            self.add_locks(position, transaction.transaction(), inputs);
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.locks.clear();
        self.transactions.clear();
        self.programs.clear();
    }

    fn add_static_keys(&mut self, transaction: &SanitizedTransaction, table: &AccountTable) {
        let start = self.keys.len() as u32;
        self.keys.extend(transaction.static_keys().iter().map(|key| table.intern(key)));
        let keys = start..self.keys.len() as u32;
        self.transactions.push(PlannedTransaction { keys, ..PlannedTransaction::default() });
    }

    /// Rewrites the key list with the looked-up keys in their places.
    fn resolve_lookups(
        &mut self,
        transactions: &[VerifiedTransaction],
        inputs: &PlanInputs<'_>,
    ) -> Result<(), StoreError> {
        let tables: Vec<AccountIndex> = transactions
            .iter()
            .flat_map(|transaction| transaction.transaction().lookups())
            .map(|lookup| inputs.table.intern(lookup.table))
            .collect();
        inputs.table.load(&tables, inputs.store)?;
        let static_keys = std::mem::take(&mut self.keys);
        for (planned, transaction) in self.transactions.iter_mut().zip(transactions) {
            let start = self.keys.len() as u32;
            self.keys.extend_from_slice(&static_keys[planned.keys.start as usize..planned.keys.end as usize]);
            match look_up(transaction.transaction(), inputs) {
                Ok(looked_up) => self.keys.extend(looked_up.iter().map(|key| inputs.table.intern(key))),
                Err(error) => planned.rejected = Some(error),
            }
            planned.keys = start..self.keys.len() as u32;
        }
        inputs.table.load(&self.keys, inputs.store)
    }

    /// Finds the program-data accounts of every loader-v3 program among the keys, and of those that the block deploys.
    fn find_programs(
        &mut self,
        transactions: &[VerifiedTransaction],
        inputs: &PlanInputs<'_>,
    ) -> Result<(), StoreError> {
        for transaction in transactions {
            for (program, address) in programs::deployments(transaction.transaction()) {
                self.programs.insert(program, inputs.table.intern(&address));
            }
        }
        for &index in &self.keys {
            let address = inputs.table.with(index, programs::program_data_address);
            if let Some(address) = address {
                self.programs.insert(inputs.table.slot(index).key, inputs.table.intern(&address));
            }
        }
        let data_accounts: Vec<AccountIndex> = self.programs.values().copied().collect();
        inputs.table.load(&data_accounts, inputs.store)
    }

    /// Demotes what may not be written and adds the lock set.
    fn add_locks(&mut self, position: usize, transaction: &SanitizedTransaction, inputs: &PlanInputs<'_>) {
        let table = inputs.table;
        let locks_start = self.locks.len();
        let planned = &mut self.transactions[position];
        let keys = &self.keys[planned.keys.start as usize..planned.keys.end as usize];
        if planned.rejected.is_none() {
            planned.rejected = check_keys(keys, inputs.lock_count_max);
        }
        planned.locks = locks_start as u32..locks_start as u32;
        if planned.rejected.is_some() {
            return;
        }
        planned.writable = writable_accounts(transaction, keys, table);
        for (key_position, &index) in keys.iter().enumerate() {
            let lock = if planned.writable.contains(key_position) {
                AccountLock::writable(index.0)
            } else {
                AccountLock::readonly(index.0)
            };
            self.locks.push(lock);
        }
        if !self.programs.is_empty() {
            for &index in keys {
                let Some(&data_index) = self.programs.get(&table.slot(index).key) else { continue };
                if !self.locks[locks_start..].iter().any(|lock| lock.account == data_index) {
                    self.locks.push(AccountLock::readonly(data_index.0));
                }
            }
        }
        planned.locks.end = self.locks.len() as u32;
    }

    pub(crate) fn transaction(&self, position: usize) -> &PlannedTransaction {
        &self.transactions[position]
    }

    /// Indices of a transaction's accounts, in the order of its keys.
    pub(crate) fn keys_of(&self, planned: &PlannedTransaction) -> &[AccountIndex] {
        &self.keys[planned.keys.start as usize..planned.keys.end as usize]
    }

    /// Every transaction's lock set, in block order.
    pub(crate) fn lock_sets(&self) -> impl Iterator<Item = &[AccountLock]> {
        self.transactions.iter().map(|planned| &self.locks[planned.locks.start as usize..planned.locks.end as usize])
    }
}

/// The looked-up keys of a transaction: writable ones of all tables first, then read-only ones.
fn look_up(transaction: &SanitizedTransaction, inputs: &PlanInputs<'_>) -> Result<Vec<Pubkey>, TransactionError> {
    let mut writable = Vec::new();
    let mut readonly = Vec::new();
    for lookup in transaction.lookups() {
        let account = inputs.table.find(lookup.table).map(|index| inputs.table.read(index)).unwrap_or_default();
        let table = LookupTable::decode(&account)?;
        let addresses = table.active(inputs.slot, |slot| inputs.recent_slots.contains(&slot))?;
        let address = |&index: &u8| {
            addresses.get(usize::from(index)).copied().ok_or(TransactionError::InvalidAddressLookupTableIndex)
        };
        for index in lookup.writable_indices {
            writable.push(address(index)?);
        }
        for index in lookup.readonly_indices {
            readonly.push(address(index)?);
        }
    }
    writable.append(&mut readonly);
    Ok(writable)
}

fn check_keys(keys: &[AccountIndex], lock_count_max: usize) -> Option<TransactionError> {
    if keys.len() > lock_count_max {
        return Some(TransactionError::TooManyAccountLocks);
    }
    let is_repeated = (1..keys.len()).any(|end| keys[..end].contains(&keys[end]));
    is_repeated.then_some(TransactionError::AccountLoadedTwice)
}

/// What the transaction may write: declared so, not reserved, and not a program it invokes (unless the upgradeable
/// loader is among its keys, because then it may be upgrading it).
fn writable_accounts(transaction: &SanitizedTransaction, keys: &[AccountIndex], table: &AccountTable) -> AccountSet {
    let mut invoked = AccountSet::default();
    for instruction in transaction.instructions() {
        invoked.insert(instruction.program_index.into());
    }
    let has_upgradeable_loader = || keys.iter().any(|&index| table.slot(index).key == ids::bpf_loader_upgradeable::ID);
    let mut writable = AccountSet::default();
    for (position, &index) in keys.iter().enumerate() {
        if transaction.is_writable_declared(position)
            && !table.slot(index).is_reserved
            && (!invoked.contains(position) || has_upgradeable_loader())
        {
            writable.insert(position);
        }
    }
    writable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_locks_64_accounts_or_128() {
        let increased = Gates { increase_tx_account_lock_limit: true, ..Gates::mainnet() };
        for (gates, max) in [(Gates::mainnet(), 64), (increased, 128)] {
            let keys: Vec<AccountIndex> = (0..=max).map(AccountIndex).collect();
            let (most, too_many) = (&keys[1..], &keys[..]);
            assert_eq!(check_keys(most, lock_count_max(&gates)), None);
            assert_eq!(check_keys(too_many, lock_count_max(&gates)), Some(TransactionError::TooManyAccountLocks));
        }
        let repeated = [AccountIndex(1), AccountIndex(2), AccountIndex(1)];
        assert_eq!(check_keys(&repeated, 64), Some(TransactionError::AccountLoadedTwice));
    }
}
