//! The plan of a block: every transaction's accounts as dense indices, what it may write, and its lock set.
//!
//! Made before execution from the state at the start of the block, by one thread, in flat vectors that are reused.
//! A transaction that cannot be in any block (unknown lookup table, repeated key, too many locks) is marked rejected and
//! locks nothing.

use std::ops::Range;

use heddle_storage::{Store, StoreError};
use heddle_types::{
    AccountIndex, AccountLock, Gates, Hash, Pubkey, SanitizedTransaction, TransactionError, ids, limits,
};

use crate::{
    VerifiedTransaction,
    account_set::AccountSet,
    account_table::AccountTable,
    lookup::LookupTable,
    programs::{self, PlannedPrograms},
    slot::BlockSerial,
    static_facts::StaticFacts,
};

/// One transaction of the plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlannedTransaction {
    keys: Range<u32>,
    locks: Range<u32>,
    /// Accounts it may really write, after demotion.
    pub(crate) writable: AccountSet,
    /// Whether its blockhash is young enough; else it must run on a durable nonce.
    pub(crate) is_recent: bool,
    pub(crate) rejected: Option<TransactionError>,
}

/// See the [module](self).
#[derive(Default)]
pub(crate) struct BlockPlan {
    keys: Vec<AccountIndex>,
    locks: Vec<AccountLock>,
    transactions: Vec<PlannedTransaction>,
    /// The static keys of all transactions.
    static_keys: Vec<Pubkey>,
    /// Index of the upgradeable loader.
    upgradeable_loader: AccountIndex,
    /// Accounts met that were never loaded.
    missing: Vec<AccountIndex>,
    pub(crate) programs: PlannedPrograms,
    /// Whether `programs` has some that the block deploys.
    has_deployments: bool,
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
    /// Blockhashes that a transaction of the block may name.
    pub(crate) recent_blockhashes: &'a ahash::HashSet<Hash>,
    pub(crate) block: BlockSerial,
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
        self.add_static_keys(transactions, inputs);
        inputs.table.load(&self.missing, inputs.store)?;
        if transactions.iter().any(|transaction| transaction.transaction().lookup_count() > 0) {
            self.resolve_lookups(transactions, inputs)?;
        }
        self.find_programs(transactions, inputs)?;
        for (position, transaction) in transactions.iter().enumerate() {
            self.add_locks(position, transaction, inputs);
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.locks.clear();
        self.transactions.clear();
        self.missing.clear();
        self.programs.clear();
        self.has_deployments = false;
    }

    /// Interns every static key and judges the blockhashes.
    fn add_static_keys(&mut self, transactions: &[VerifiedTransaction], inputs: &PlanInputs<'_>) {
        let mut interner = inputs.table.interner();
        self.upgradeable_loader = interner.intern(&ids::bpf_loader_upgradeable::ID).0;
        self.static_keys.clear();
        // Most transactions of a block name the same few blockhashes.
        let mut last = (Hash::default(), inputs.recent_blockhashes.contains(&Hash::default()));
        for transaction in transactions {
            let transaction = transaction.transaction();
            let start = self.static_keys.len() as u32;
            self.static_keys.extend_from_slice(transaction.static_keys());
            let blockhash = transaction.recent_blockhash();
            if *blockhash != last.0 {
                last = (*blockhash, inputs.recent_blockhashes.contains(blockhash));
            }
            let keys = start..self.static_keys.len() as u32;
            self.transactions.push(PlannedTransaction { keys, is_recent: last.1, ..PlannedTransaction::default() });
        }
        interner.intern_many(&self.static_keys, |index, slot| {
            if !slot.is_loaded() {
                self.missing.push(index);
            }
            self.keys.push(index);
        });
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
        let table = inputs.table;
        if self.keys.contains(&self.upgradeable_loader) {
            for transaction in transactions {
                for (program, address) in programs::deployments(transaction.transaction()) {
                    self.programs.insert(program, table.intern(&address));
                    self.has_deployments = true;
                }
            }
        }
        for &index in &self.keys {
            let slot = table.slot(index);
            if !slot.is_upgradeable() {
                continue;
            }
            if let Some(address) = table.with(index, programs::program_data_address) {
                self.programs.insert(slot.key(), table.intern(&address));
            }
        }
        let data_accounts: Vec<AccountIndex> = self.programs.values().copied().collect();
        table.load(&data_accounts, inputs.store)
    }

    /// Demotes what may not be written and adds the lock set.
    fn add_locks(&mut self, position: usize, transaction: &VerifiedTransaction, inputs: &PlanInputs<'_>) {
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
        planned.writable = demoted(transaction.facts(), keys, self.upgradeable_loader);
        for (key_position, &index) in keys.iter().enumerate() {
            let slot = table.slot(index);
            // No transaction writes sysvars and builtins.
            if planned.writable.contains(key_position) && slot.is_reserved() {
                planned.writable.remove(key_position);
            }
            let lock = if planned.writable.contains(key_position) {
                slot.plan_write(inputs.block);
                AccountLock::writable(index.0)
            } else {
                AccountLock::readonly(index.0)
            };
            self.locks.push(lock);
        }
        if !self.programs.is_empty() {
            for &index in keys {
                // Who is a program now is known by its owner; who becomes one in this block is not.
                let slot = table.slot(index);
                if !slot.is_upgradeable() && !self.has_deployments {
                    continue;
                }
                let Some(&data_index) = self.programs.get(&slot.key()) else { continue };
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

/// What the transaction declares writable, without the programs it invokes (unless the upgradeable loader is among its
/// keys, because then it may be upgrading one).
fn demoted(facts: &StaticFacts, keys: &[AccountIndex], upgradeable_loader: AccountIndex) -> AccountSet {
    let demoted = facts.writable.without(&facts.invoked);
    if demoted != facts.writable && keys.contains(&upgradeable_loader) { facts.writable } else { demoted }
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
