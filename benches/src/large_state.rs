//! A state of any number of accounts that takes no memory: the store makes an account up when it is asked for it. So
//! whatever memory an engine on it takes is the engine's own.

use heddle_storage::{BlockBatch, LATTICE_BYTES, MemoryStore, Store, StoreError, Tip};
use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StoredTransaction};

use crate::random::{mix, unmix};

/// What each made-up account holds: fees of a million transfers.
const LAMPORTS: u64 = 10_000_000_000;
/// Blocks whose transactions are kept.
const KEPT_BLOCKS: u64 = 2;

/// The address of made-up account `number`: 32 bytes as random as a real key's.
pub fn key(number: u64) -> Pubkey {
    let mut bytes = [0; 32];
    for (word, part) in bytes.chunks_exact_mut(8).zip(0..) {
        word.copy_from_slice(&mix(number * 4 + part).to_le_bytes());
    }
    Pubkey::new_from_array(bytes)
}

/// The number of a made-up account.
fn number(candidate: &Pubkey) -> Option<u64> {
    let first = candidate.as_array().first_chunk().expect("32 bytes");
    let number = unmix(u64::from_le_bytes(*first)) / 4;
    (key(number) == *candidate).then_some(number)
}

/// A [`MemoryStore`] in which `account_count` accounts exist besides. What blocks commit is kept and wins.
///
/// They are in no genesis: state hashes are those of the other accounts and of the changes. Enumerations leave them out.
pub struct LargeStore {
    inner: MemoryStore,
    account_count: u64,
    made_up: Account,
}

impl LargeStore {
    /// A store without a chain, with accounts `0..account_count` of `data_bytes` bytes of data each.
    pub fn new(account_count: u64, data_bytes: usize) -> Self {
        let data = vec![1; data_bytes];
        let owner = if data_bytes == 0 { heddle_types::ids::system_program::ID } else { heddle_programs::ids::TOKEN };
        Self { inner: MemoryStore::keeping(KEPT_BLOCKS), account_count, made_up: Account::new(LAMPORTS, &data, owner) }
    }

    fn make_up(&self, key: &Pubkey) -> Option<Account> {
        let exists = number(key).is_some_and(|number| number < self.account_count);
        // A buffer of its own each, as if read from a disk.
        exists.then(|| Account::new(LAMPORTS, &self.made_up.data, self.made_up.owner))
    }
}

impl Store for LargeStore {
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        self.inner.initialize(genesis, lattice)
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.inner.tip()
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        let mut accounts = self.inner.accounts(keys)?;
        for (account, key) in accounts.iter_mut().zip(keys) {
            if account.is_none() {
                *account = self.make_up(key);
            }
        }
        Ok(accounts)
    }

    fn commit(&self, batch: &BlockBatch) -> Result<(), StoreError> {
        self.inner.commit(batch)
    }

    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        self.inner.header(slot)
    }

    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        self.inner.next_header(slot)
    }

    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        self.inner.recent_headers(count)
    }

    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        self.inner.transactions(slot)
    }

    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        self.inner.changes(slot)
    }

    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        self.inner.statuses()
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        self.inner.genesis()
    }

    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        self.inner.for_each_account(visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_accounts_asked_for_exist() -> Result<(), StoreError> {
        let store = LargeStore::new(100, 165);
        let keys = [key(0), key(99), key(100), Pubkey::default(), Pubkey::new_from_array([0xff; 32])];
        let found = store.accounts(&keys)?;
        let sizes: Vec<_> = found.iter().map(|account| account.as_ref().map(|account| account.data.len())).collect();
        assert_eq!(sizes, [Some(165), Some(165), None, None, None]);
        Ok(())
    }
}
