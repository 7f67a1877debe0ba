//! Overrides: blocks that write accounts as they are told, without a transaction. For test networks, which set accounts;
//! no rule of Solana's makes such a block.
//!
//! A header has no mark for them: its collector tells ([`OVERRIDE_COLLECTOR`], whom no other block may have). What was
//! written is on record as any block's changes are, but nothing on record leads to it: a replay takes it as given.
//!
//! It does not know the store, but to read the accounts that are overridden.

use std::sync::Arc;

use ahash::HashSet;
use heddle_scheduler::RunStats;
use heddle_types::{Account, BlockHeader, Pubkey, ids, limits};
use heddle_vm::{BlockEnvironment, Runtime};

use crate::{
    Engine, EngineError,
    account_table::AccountChange,
    block::{Block, ExecutedBlock},
    engine::Shared,
    executor::Executor,
    planner::check_order,
};

/// The collector of blocks that override accounts, and of no others. It collects nothing and is nobody's address: SHA-256
/// of `heddle overrides`.
pub const OVERRIDE_COLLECTOR: Pubkey = Pubkey::new_from_array([
    0x45, 0x6f, 0xca, 0xe5, 0x5f, 0xb6, 0x97, 0x66, 0x65, 0x7e, 0xec, 0xa6, 0x21, 0x71, 0x53, 0x30, 0x26, 0x64, 0x48,
    0x73, 0x61, 0xf2, 0xb9, 0x59, 0xde, 0xbf, 0x6e, 0xf4, 0x86, 0x2b, 0x0d, 0x7d,
]);

/// Accounts that a block writes: `None` removes one, as having no lamports does.
pub(crate) type Overrides = Vec<(Pubkey, Option<Account>)>;

/// Why accounts may not be overridden so. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OverrideError {
    /// The block has transactions.
    #[error("a block that overrides accounts has no transactions, this one has {count}")]
    Transactions {
        /// How many.
        count: usize,
    },
    /// The account is a sysvar, a builtin or another that no transaction could write either.
    #[error("account {key} is reserved: a sysvar or a program of the engine's own")]
    Reserved {
        /// Which account.
        key: Pubkey,
    },
    /// The same account is there twice.
    #[error("account {key} is given twice")]
    Repeated {
        /// Which account.
        key: Pubkey,
    },
    /// The data is longer than that of any account.
    #[error("account {key} is given {size_bytes} bytes of data, more than {}", limits::ACCOUNT_DATA_BYTES_MAX)]
    TooLarge {
        /// Which account.
        key: Pubkey,
        /// How long.
        size_bytes: usize,
    },
}

/// Whether the block overrides accounts.
pub(crate) fn is_override(header: &BlockHeader) -> bool {
    header.collector == OVERRIDE_COLLECTOR
}

impl Engine {
    /// Makes a block that writes the given accounts, after its sysvars; `None` removes one. It is committed, dropped and
    /// taken back as every block. Its collector is [`OVERRIDE_COLLECTOR`], whatever `block` says, and
    /// [`crate::BlockLimits`] do not bound it.
    ///
    /// What was executed stays executed: a nonce account that is set back does not make its transactions new, as long as
    /// their statuses are kept.
    ///
    /// # Errors
    /// [`EngineError::Override`], [`EngineError::SlotNotAfterTip`], [`EngineError::Poisoned`], or a failing store. The engine
    /// is then as before.
    pub fn override_accounts(&self, block: Block, accounts: Overrides) -> Result<ExecutedBlock, EngineError> {
        self.shared().executor.lock().override_accounts(self.shared(), block, accounts)
    }

    /// Whether [`Self::override_accounts`] may write the account.
    pub(crate) fn may_override(&self, key: &Pubkey) -> bool {
        !is_protected(&self.shared().runtime, key)
    }
}

/// What the engine makes itself, or runs without looking at the account.
fn is_protected(runtime: &Runtime, key: &Pubkey) -> bool {
    heddle_programs::is_reserved(key) || runtime.native_programs().any(|native| native == key)
}

fn check(runtime: &Runtime, block: &Block, accounts: &Overrides) -> Result<(), OverrideError> {
    if !block.transactions.is_empty() {
        return Err(OverrideError::Transactions { count: block.transactions.len() });
    }
    let mut keys = HashSet::default();
    for (key, account) in accounts {
        let (key, size_bytes) = (*key, account.as_ref().map_or(0, |account| account.data.len()));
        if is_protected(runtime, &key) {
            return Err(OverrideError::Reserved { key });
        }
        if !keys.insert(key) {
            return Err(OverrideError::Repeated { key });
        }
        if size_bytes > limits::ACCOUNT_DATA_BYTES_MAX {
            return Err(OverrideError::TooLarge { key, size_bytes });
        }
    }
    Ok(())
}

impl Executor {
    fn override_accounts(
        &mut self,
        shared: &Arc<Shared>,
        block: Block,
        accounts: Overrides,
    ) -> Result<ExecutedBlock, EngineError> {
        let block = Block { collector: OVERRIDE_COLLECTOR, ..block };
        check(&shared.runtime, &block, &accounts)?;
        check_order(shared, &block)?;
        let began = shared.now();
        let environment = self.planner.prepare(shared, &block)?;
        let scheduled = shared.now();
        if let Err(error) = self.write_overrides(shared, &environment, accounts) {
            self.take_back_open_writes(shared, &block);
            return Err(error);
        }
        let times = [began, scheduled, shared.now()];
        let executed = self.close(shared, block, Vec::new(), RunStats::default(), times);
        forget_programs(shared, &executed.changes);
        Ok(executed)
    }

    fn write_overrides(
        &mut self,
        shared: &Shared,
        environment: &BlockEnvironment,
        accounts: Overrides,
    ) -> Result<(), EngineError> {
        self.write_sysvars(shared, environment)?;
        let indices: Vec<_> = accounts.iter().map(|(key, _)| shared.table.intern(key)).collect();
        shared.table.load(&indices, &*shared.store)?;
        for (index, (_, account)) in indices.into_iter().zip(accounts) {
            let write = shared.table.write(index, account.unwrap_or_default(), self.planner.serial);
            self.workers[0].first_writes.extend(write);
        }
        Ok(())
    }
}

/// Forgets every compiled program if an override changed one, or is taken back: no deployment slot tells the old bytes
/// from the new. They are compiled again when they are called.
pub(crate) fn forget_programs(shared: &Shared, changes: &[AccountChange]) {
    const LOADERS: [Pubkey; 3] = [ids::bpf_loader_upgradeable::ID, ids::bpf_loader::ID, ids::bpf_loader_deprecated::ID];
    let is_loaders = |account: &Account| LOADERS.contains(&account.owner);
    if changes.iter().any(|change| is_loaders(&change.before) || is_loaders(&change.after)) {
        shared.programs.forget_from(0);
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_collector_is_a_hash() {
        assert_eq!(OVERRIDE_COLLECTOR.to_bytes(), <[u8; 32]>::from(Sha256::digest(b"heddle overrides")));
    }
}
