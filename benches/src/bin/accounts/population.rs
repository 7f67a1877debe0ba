//! An engine whose account table holds so many accounts, and blocks of transfers between any two of them.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use heddle_benches::{
    large_state::{LargeStore, key},
    progress,
    random::Random,
    wire,
};
use heddle_engine::{Engine, Parallelism, VerifiedTransaction};
use heddle_types::{Hash, SanitizedTransaction};

/// Transfers of a block.
pub(crate) const BLOCK_TRANSFERS: u64 = 2_000;

/// Where a block's time went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// Parsing and hashing the message.
    pub(crate) ingress: Duration,
    /// Keys to indices, locks, conflict graph.
    pub(crate) schedule: Duration,
    /// Running the transactions.
    pub(crate) execute: Duration,
    /// Collecting changes and the lattice, on all cores.
    pub(crate) hash: Duration,
    /// Into the store in memory.
    pub(crate) commit: Duration,
}

impl Sample {
    /// A transfer without state hash and commit.
    pub(crate) fn transfer(&self) -> Duration {
        self.ingress + self.schedule + self.execute
    }
}

pub(crate) struct Population {
    engine: Engine,
    account_count: u64,
    random: Random,
    /// Transfers so far; each moves another amount, so that no two are the same transaction.
    transfer_count: u64,
}

impl Population {
    /// An engine above a store with `account_count` accounts, none of them loaded.
    pub(crate) fn new(account_count: u64, data_bytes: usize) -> Result<Self, Box<dyn Error>> {
        let started = Instant::now();
        let engine = Engine::builder()
            .store(LargeStore::new(account_count, data_bytes))
            .cache_bytes(usize::MAX)
            .stage_clock(Arc::new(move || started.elapsed()))
            .build()?;
        Ok(Self { engine, account_count, random: Random::new(1), transfer_count: 0 })
    }

    /// Touches every account.
    pub(crate) fn fill(&mut self) -> Result<(), Box<dyn Error>> {
        const ACCOUNTS_PER_TICK: u64 = 10_000;
        let bar = progress::bar(self.account_count, "accounts loaded");
        for number in 0..self.account_count {
            if self.engine.account(&key(number))?.is_none() {
                return Err(format!("account {number} does not exist").into());
            }
            if number % ACCOUNTS_PER_TICK == 0 {
                bar.set_position(number);
            }
        }
        bar.finish_and_clear();
        let cached = self.engine.cached_account_count();
        if cached < self.account_count {
            return Err(format!("{} accounts were touched, but the engine holds {cached}", self.account_count).into());
        }
        Ok(())
    }

    /// Executes and commits one block.
    pub(crate) fn run_block(&mut self) -> Result<Sample, Box<dyn Error>> {
        let blockhash = self.engine.latest_blockhash();
        let wires: Vec<_> = (0..BLOCK_TRANSFERS).map(|_| self.transfer(blockhash)).collect();
        let mut sample = Sample::default();

        let began = Instant::now();
        let parse = |wire: &Vec<u8>| SanitizedTransaction::parse(wire).map(VerifiedTransaction::without_verification);
        let transactions = wires.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        sample.ingress = began.elapsed();

        let block = self.engine.next_block(transactions);
        let executed = self.engine.execute_block_with(block, Parallelism::Workers(1))?;
        let succeeded = executed.processed().filter(|(_, receipt)| receipt.status.is_ok()).count() as u64;
        if succeeded != BLOCK_TRANSFERS {
            return Err(format!("{succeeded} of {BLOCK_TRANSFERS} transfers succeeded").into());
        }
        let times = executed.times();
        (sample.schedule, sample.execute, sample.hash) = (times.schedule, times.execute, times.hash);

        let began = Instant::now();
        self.engine.commit_block(executed)?;
        sample.commit = began.elapsed();
        Ok(sample)
    }

    fn transfer(&mut self, blockhash: Hash) -> Vec<u8> {
        let from = self.random.below(self.account_count);
        let to = (from + 1 + self.random.below(self.account_count - 1)) % self.account_count;
        self.transfer_count += 1;
        wire::transfer(key(from), key(to), self.transfer_count, blockhash)
    }
}
