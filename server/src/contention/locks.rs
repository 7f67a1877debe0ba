//! What the transactions of one block lock, accounts as dense numbers. Knows nothing of time.

use std::time::Duration;

use ahash::RandomState;
use hashbrown::HashMap;
use heddle_types::{AccountLock, Pubkey, SanitizedTransaction, ids};

use crate::{
    live::{BlockTransaction, OpenBlock, SignatureBytes},
    writable,
};

/// A block as the analysis sees it.
pub(super) struct BlockLocks {
    pub(super) slot: u64,
    /// Time of all workers in its transactions.
    pub(super) work: Duration,
    numbers: HashMap<Pubkey, u32, RandomState>,
    keys: Vec<Pubkey>,
    transactions: Vec<Entry>,
    locks: Vec<AccountLock>,
    programs: Vec<u32>,
}

/// One transaction; its locks and programs begin where those of the one before end.
struct Entry {
    signature: SignatureBytes,
    compute_units: u64,
    locks_end: usize,
    programs_end: usize,
}

impl BlockLocks {
    pub(super) fn new(slot: u64, work: Duration) -> Self {
        Self {
            slot,
            work,
            numbers: HashMap::default(),
            keys: Vec::new(),
            transactions: Vec::new(),
            locks: Vec::new(),
            programs: Vec::new(),
        }
    }

    pub(super) fn of(block: &OpenBlock) -> Self {
        let mut locks = Self::new(block.header.slot, block.work);
        for one in &block.transactions {
            locks.add(one.signature(), one.receipt.compute_units, locked(one), called(&one.transaction));
        }
        locks
    }

    /// Adds the next transaction: (account, whether it is written), each account once, and the programs it calls.
    pub(super) fn add(
        &mut self,
        signature: &SignatureBytes,
        compute_units: u64,
        locked: impl Iterator<Item = (Pubkey, bool)>,
        programs: impl Iterator<Item = Pubkey>,
    ) {
        for (key, is_written) in locked {
            let account = self.number(key);
            let lock = if is_written { AccountLock::writable(account) } else { AccountLock::readonly(account) };
            self.locks.push(lock);
        }
        for key in programs {
            let program = self.number(key);
            self.programs.push(program);
        }
        let (locks_end, programs_end) = (self.locks.len(), self.programs.len());
        self.transactions.push(Entry { signature: *signature, compute_units, locks_end, programs_end });
    }

    fn number(&mut self, key: Pubkey) -> u32 {
        let next = self.keys.len() as u32;
        *self.numbers.entry(key).or_insert_with(|| {
            self.keys.push(key);
            next
        })
    }

    pub(super) fn key(&self, account: u32) -> Pubkey {
        self.keys[account as usize]
    }

    pub(super) fn account_count(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn transaction_count(&self) -> usize {
        self.transactions.len()
    }

    pub(super) fn signature(&self, transaction: usize) -> SignatureBytes {
        self.transactions[transaction].signature
    }

    pub(super) fn compute_units(&self, transaction: usize) -> u64 {
        self.transactions[transaction].compute_units
    }

    pub(super) fn locks(&self, transaction: usize) -> &[AccountLock] {
        let start = transaction.checked_sub(1).map_or(0, |before| self.transactions[before].locks_end);
        &self.locks[start..self.transactions[transaction].locks_end]
    }

    pub(super) fn programs(&self, transaction: usize) -> &[u32] {
        let start = transaction.checked_sub(1).map_or(0, |before| self.transactions[before].programs_end);
        &self.programs[start..self.transactions[transaction].programs_end]
    }
}

/// What a transaction locks, and whether it writes it.
fn locked(one: &BlockTransaction) -> impl Iterator<Item = (Pubkey, bool)> {
    writable::keys(&one.transaction, &one.loaded_addresses).map(|(key, is_written)| (*key, is_written))
}

/// The programs that a transaction calls itself, each once.
fn called(transaction: &SanitizedTransaction) -> impl Iterator<Item = Pubkey> {
    let mut is_known = [false; 256];
    transaction.instructions().filter_map(move |instruction| {
        let index = usize::from(instruction.program_index);
        let key = transaction.static_keys().get(index)?;
        let is_new = !std::mem::replace(&mut is_known[index], true);
        (is_new && *key != ids::compute_budget::ID).then_some(*key)
    })
}

#[cfg(test)]
mod tests {
    use heddle_types::Receipt;

    use super::*;

    fn key(n: u8) -> Pubkey {
        Pubkey::new_from_array([n; 32])
    }

    /// A transaction that declares all its keys writable and calls those at `programs`.
    fn transaction(keys: &[Pubkey], programs: &[u8]) -> BlockTransaction {
        let mut wire = vec![1];
        wire.extend_from_slice(&[7; 64]);
        wire.extend_from_slice(&[1, 0, 0, keys.len() as u8]);
        keys.iter().for_each(|key| wire.extend_from_slice(key.as_ref()));
        wire.extend_from_slice(&[0; 32]);
        wire.push(programs.len() as u8);
        programs.iter().for_each(|&program| wire.extend_from_slice(&[program, 0, 0]));
        BlockTransaction {
            transaction: SanitizedTransaction::parse(&wire).unwrap(),
            loaded_addresses: Box::default(),
            compute_unit_price: 0,
            receipt: Receipt {
                status: Ok(()),
                executed: true,
                fee_lamports: 0,
                compute_units: 1,
                loaded_data_bytes: 0,
                details: None,
            },
        }
    }

    #[test]
    fn what_the_runtime_forbids_to_write_is_only_read() {
        let keys = [key(1), key(2), ids::system_program::ID, key(3), ids::compute_budget::ID];
        let one = transaction(&keys, &[3, 4, 2, 3]);
        let written = |one: &BlockTransaction| locked(one).filter(|lock| lock.1).map(|lock| lock.0).collect::<Vec<_>>();
        assert_eq!(written(&one), [key(1), key(2)]);
        assert_eq!(called(&one.transaction).collect::<Vec<_>>(), [key(3), ids::system_program::ID]);
        // It may be upgrading a program.
        let upgrade = transaction(&[key(1), key(3), ids::bpf_loader_upgradeable::ID], &[1]);
        assert!(written(&upgrade).contains(&key(3)));
    }

    #[test]
    fn loaded_addresses_count_as_declared() {
        let mut wire = vec![1];
        wire.extend_from_slice(&[7; 64]);
        wire.extend_from_slice(&[0x80, 1, 0, 1, 2]);
        [key(1), key(2)].iter().for_each(|key| wire.extend_from_slice(key.as_ref()));
        wire.extend_from_slice(&[0; 32]);
        wire.extend_from_slice(&[1, 1, 0, 0]);
        // One lookup: one key to write, two to read.
        wire.push(1);
        wire.extend_from_slice(&[9; 32]);
        wire.extend_from_slice(&[1, 0, 2, 1, 2]);
        let one = BlockTransaction {
            transaction: SanitizedTransaction::parse(&wire).unwrap(),
            loaded_addresses: [key(10), key(11), key(12)].into(),
            ..transaction(&[key(1), key(2)], &[])
        };
        let expected = [(key(1), true), (key(2), false), (key(10), true), (key(11), false), (key(12), false)];
        assert_eq!(locked(&one).collect::<Vec<_>>(), expected);
    }
}
