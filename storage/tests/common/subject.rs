//! The stores under test, each behind the same few calls.

use heddle_storage::{LedgerOptions, MemoryStore, RocksOptions, RocksStore, Store};

/// A store under test that can be closed and opened again.
pub trait Subject: Sized {
    /// An empty store that keeps of the past what it keeps by default.
    fn create() -> Self;
    /// An empty store that keeps of the past what `options` say.
    fn create_with(options: LedgerOptions) -> Self;
    fn store(&self) -> &dyn Store;
    /// Closes and opens, where that means anything.
    fn reopen(&mut self);
}

pub struct InMemory(MemoryStore);

impl Subject for InMemory {
    fn create() -> Self {
        Self(MemoryStore::new())
    }
    fn create_with(options: LedgerOptions) -> Self {
        Self(MemoryStore::with_ledger(options))
    }
    fn store(&self) -> &dyn Store {
        &self.0
    }
    fn reopen(&mut self) {}
}

pub struct OnDisk {
    store: Option<RocksStore>,
    directory: tempfile::TempDir,
}

impl Subject for OnDisk {
    fn create() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { store: Some(RocksStore::open(directory.path()).unwrap()), directory }
    }
    fn create_with(options: LedgerOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = RocksOptions { ledger: Some(options), ..RocksOptions::default() };
        Self { store: Some(RocksStore::open_with(directory.path(), options).unwrap()), directory }
    }
    fn store(&self) -> &dyn Store {
        self.store.as_ref().unwrap()
    }
    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(RocksStore::open_existing(self.directory.path()).unwrap());
    }
}

/// Runs each of the named functions on every store.
#[allow(unused_macros, reason = "not every test file runs on every store")]
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $name() { super::$name::<crate::common::subject::InMemory>(); })*
        }
        mod rocks {
            $(#[test] fn $name() { super::$name::<crate::common::subject::OnDisk>(); })*
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use contract;
