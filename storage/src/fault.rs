//! Failing on purpose: a store whose k-th commit fails before or after it took effect.
//!
//! What an engine must survive is a commit whose outcome it cannot know. [`FaultStore`] makes both outcomes, at a
//! chosen commit, the same way every time. It knows nothing of the store it wraps.

use std::sync::Arc;

use heddle_types::{
    Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StatusKey, StoredTransaction, TransactionPlace,
};
use parking_lot::Mutex;

use crate::{BlockBatch, BlockHistory, LATTICE_BYTES, Ledger, Store, StoreError, StorePressure, Tip};

/// Which commit fails, and whether it takes effect nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The commit with this index (from 0) fails and nothing of it is written.
    BeforeCommit(u64),
    /// The commit with this index (from 0) is written and then reported as failed.
    AfterCommit(u64),
}

/// A store that fails as planned, and from then on refuses commits as a poisoned store does.
///
/// ```text
/// counting ──commit k──▶ poisoned      (reads go on in both)
/// ```
///
/// "Reopening" is to wrap [`FaultStore::inner`] again, or to use it as it is.
#[derive(Debug)]
pub struct FaultStore<S> {
    inner: Arc<S>,
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Counting { commit_index: u64 },
    Poisoned { cause: String },
}

impl<S: Store> FaultStore<S> {
    /// Wraps `inner`, which the caller may go on reading.
    pub fn new(inner: Arc<S>, fault: Fault) -> Self {
        Self { inner, fault, state: Mutex::new(State::Counting { commit_index: 0 }) }
    }

    /// The wrapped store, as it is after the fault.
    pub fn inner(&self) -> &Arc<S> {
        &self.inner
    }
}

impl<S: Store> Store for FaultStore<S> {
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        self.inner.initialize(genesis, lattice)
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.inner.tip()
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        self.inner.accounts(keys)
    }

    fn commit(&self, batch: &BlockBatch) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let commit_index = match &mut *state {
            State::Poisoned { cause } => return Err(StoreError::Poisoned { cause: cause.clone() }),
            State::Counting { commit_index } => {
                let current = *commit_index;
                *commit_index += 1;
                current
            }
        };
        let (applies, fails) = match self.fault {
            Fault::BeforeCommit(index) if index == commit_index => (false, true),
            Fault::AfterCommit(index) if index == commit_index => (true, true),
            _ => (true, false),
        };
        if applies {
            self.inner.commit(batch)?;
        }
        if fails {
            let error = StoreError::Injected { commit_index };
            *state = State::Poisoned { cause: error.to_string() };
            return Err(error);
        }
        Ok(())
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

    fn for_each_header(&self, visit: &mut dyn FnMut(&BlockHeader)) -> Result<(), StoreError> {
        self.inner.for_each_header(visit)
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

    fn block_statuses(&self, slot: u64) -> Result<Vec<StatusKey>, StoreError> {
        self.inner.block_statuses(slot)
    }

    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        self.inner.genesis()
    }

    fn durable_slot(&self) -> Result<Option<u64>, StoreError> {
        self.inner.durable_slot()
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.inner.sync()
    }

    fn ledger(&self) -> Result<Ledger, StoreError> {
        self.inner.ledger()
    }

    fn transaction(&self, place: TransactionPlace) -> Result<Option<StoredTransaction>, StoreError> {
        self.inner.transaction(place)
    }

    fn place_of(&self, signature: &[u8; 64]) -> Result<Option<TransactionPlace>, StoreError> {
        self.inner.place_of(signature)
    }

    fn places_naming(
        &self,
        address: &Pubkey,
        before: Option<TransactionPlace>,
        count_max: usize,
    ) -> Result<Vec<TransactionPlace>, StoreError> {
        self.inner.places_naming(address, before, count_max)
    }

    fn history(&self, slot: u64) -> Result<Option<BlockHistory>, StoreError> {
        self.inner.history(slot)
    }

    fn revert(&self, slot: u64) -> Result<(), StoreError> {
        match &*self.state.lock() {
            State::Poisoned { cause } => Err(StoreError::Poisoned { cause: cause.clone() }),
            State::Counting { .. } => self.inner.revert(slot),
        }
    }

    fn is_volatile(&self) -> bool {
        self.inner.is_volatile()
    }

    fn pressure(&self) -> Result<Option<StorePressure>, StoreError> {
        self.inner.pressure()
    }

    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        self.inner.for_each_account(visit)
    }
}
