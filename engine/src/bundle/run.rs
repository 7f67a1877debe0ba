//! Executes the blocks of a bundle, with nothing but the bundle, and compares.

use std::sync::Arc;

use heddle_storage::StoreError;
use heddle_types::{Account, AccountDigest, Hash, Pubkey};

use super::Bundle;
use crate::{
    BlockLimits, BuildError, Difference, Engine, Parallelism, ReplayError, StageClock, StageTimes,
    replay::{Recorded, block_of},
    start_store::StartStore,
};

/// One block that was executed and agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRun {
    /// Its slot.
    pub slot: u64,
    /// Its transactions.
    pub transactions: usize,
    /// Where the time went; zero without a clock. Parsing and comparing are not in it.
    pub times: StageTimes,
}

/// Outcome of executing a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRun {
    /// The blocks that agreed.
    pub blocks: Vec<BlockRun>,
    /// State hash after the last of them.
    pub state_hash: Hash,
    /// Where it stopped, if it did.
    pub difference: Option<Difference>,
}

impl Bundle {
    /// Executes every block from the start and compares all that is on record; stops at the first difference. The bundle
    /// is shared, not copied, and may be run again.
    ///
    /// # Errors
    /// [`ReplayError`]: among others [`StoreError::NotInBundle`], if a block asks for an account that is not there. A
    /// difference is not an error but part of the outcome.
    pub fn run(
        self: &Arc<Self>,
        parallelism: Parallelism,
        clock: Option<StageClock>,
    ) -> Result<BundleRun, ReplayError> {
        let engine = self.engine(parallelism, clock)?;
        let mut run = BundleRun { blocks: Vec::new(), state_hash: self.parent.header.state_hash, difference: None };
        for (index, block) in self.blocks.iter().enumerate() {
            let changes: Vec<AccountDigest> =
                block.changes.iter().map(|(key, account)| AccountDigest::of(key, account.as_ref())).collect();
            let accounts = |keys: &[Pubkey]| self.recorded_accounts(index, keys);
            let recorded = Recorded {
                header: &block.header,
                transactions: &block.transactions,
                changes: &changes,
                accounts: &accounts,
            };
            let inputs = block_of(&block.header, &block.transactions)?;
            let executed = engine.execute_block_with(inputs, parallelism)?;
            run.difference = recorded.difference(&engine, &executed)?;
            if run.difference.is_some() {
                break;
            }
            let (slot, transactions, times) = (block.header.slot, block.transactions.len(), executed.times());
            run.blocks.push(BlockRun { slot, transactions, times });
            run.state_hash = block.header.state_hash;
            engine.accept_block(executed);
        }
        Ok(run)
    }

    fn engine(self: &Arc<Self>, parallelism: Parallelism, clock: Option<StageClock>) -> Result<Engine, BuildError> {
        let bundle = self.clone();
        let read = move |key: &Pubkey| bundle.account(key).cloned().ok_or(StoreError::NotInBundle { key: *key });
        let store = StartStore {
            tip: self.parent.clone(),
            recent_headers: self.recent_headers.clone(),
            statuses: self.statuses.clone(),
            accounts: Box::new(move |keys| keys.iter().map(&read).collect()),
        };
        let workers = match parallelism {
            Parallelism::Serial => 1,
            Parallelism::Workers(workers) => workers,
        };
        // Who collects fees by default is nobody of the chain's: as in replay, the first block's collector stands in, whose
        // account is there.
        let collector = self.blocks.first().map(|block| block.header.collector).unwrap_or_default();
        let mut builder = Engine::builder().store(store).block_limits(BlockLimits::UNLIMITED).workers(workers);
        builder = builder.without_blockhash_count();
        if let Some(clock) = clock {
            builder = builder.stage_clock(clock);
        }
        builder.collector(collector).build()
    }

    fn recorded_accounts(
        &self,
        block_index: usize,
        keys: &[Pubkey],
    ) -> Result<Option<Vec<Option<Account>>>, StoreError> {
        let read = |key: &Pubkey| {
            let account = self.account_after(block_index, key).cloned();
            account.ok_or(StoreError::NotInBundle { key: *key })
        };
        keys.iter().map(read).collect::<Result<_, _>>().map(Some)
    }
}
