//! Transfers between random accounts of a database, of which the engine's cache holds a part: does the rate hold, does
//! memory?
//!
//! As `heddle load` does it: the accounts of the next block are read while one executes, and the block before is committed.

use std::{
    error::Error,
    sync::mpsc::sync_channel,
    time::{Duration, Instant},
};

use heddle_benches::{large_state::key, progress, random::Random, wire};
use heddle_engine::{Engine, ExecutedBlock, VerifiedTransaction};
use heddle_storage::RocksStore;
use heddle_types::{Hash, SanitizedTransaction};
use serde::Serialize;

use crate::{Arguments, chain::median, options, process};

const BLOCK_TRANSFERS: u64 = 2_000;
/// Rates that are told, over equal parts of the run.
const PARTS: u64 = 5;
/// Blocks between two stages.
const BLOCKS_WAITING_MAX: usize = 2;

/// One part of the run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Part {
    pub(crate) transfers_per_second: f64,
    pub(crate) cached_accounts: u64,
    pub(crate) resident_bytes: u64,
}

/// The whole run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Execution {
    pub(crate) transfers: u64,
    pub(crate) parts: Vec<Part>,
    pub(crate) peak_resident_bytes: u64,
    /// Share of the commits' time during which execution went on.
    pub(crate) commit_hidden: f64,
    pub(crate) durable_slot: u64,
}

impl Execution {
    pub(crate) fn measure(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let store = RocksStore::open_with(&arguments.db, options(arguments))?;
        let engine = Engine::builder().store(store).workers(2).cache_bytes(arguments.cache_bytes).build()?;
        let mut source = Source { random: Random::new(4), accounts: arguments.accounts, count: 0 };
        let bar = progress::bar(arguments.blocks, "blocks executed");
        let (ready_sender, ready) = sync_channel::<Vec<VerifiedTransaction>>(BLOCKS_WAITING_MAX);
        let (executed_sender, executed) = sync_channel::<ExecutedBlock>(BLOCKS_WAITING_MAX);
        let engine = &engine;
        let mut parts = Vec::new();
        let mut waited = Duration::ZERO;
        let committing = std::thread::scope(|scope| -> Result<Duration, Box<dyn Error>> {
            scope.spawn(move || {
                for _ in 0..arguments.blocks {
                    // The newest one that there is: old ones expire.
                    let block = source.block(engine.latest_blockhash());
                    // A failure to read is execution's to report.
                    if engine.prefetch(&block).is_err() || ready_sender.send(block).is_err() {
                        return;
                    }
                }
            });
            let committer = scope.spawn(move || {
                let mut time = Duration::ZERO;
                for block in executed {
                    let began = Instant::now();
                    engine.commit_block(block).map_err(|error| error.to_string())?;
                    time += began.elapsed();
                }
                Ok::<_, String>(time)
            });
            let part_blocks = arguments.blocks.div_ceil(PARTS);
            let mut began = Instant::now();
            for (number, transactions) in (1..).zip(ready) {
                let block = engine.execute_block(engine.next_block(transactions))?;
                let succeeded = block.processed().filter(|(_, receipt)| receipt.status.is_ok()).count() as u64;
                if succeeded != BLOCK_TRANSFERS {
                    return Err(format!("{succeeded} of {BLOCK_TRANSFERS} transfers succeeded").into());
                }
                let sent = Instant::now();
                executed_sender.send(block).map_err(|_| "committing failed")?;
                waited += sent.elapsed();
                bar.inc(1);
                if number % part_blocks == 0 || number == arguments.blocks {
                    let transfers = BLOCK_TRANSFERS * (number - 1) % (BLOCK_TRANSFERS * part_blocks) + BLOCK_TRANSFERS;
                    parts.push(Part {
                        transfers_per_second: transfers as f64 / began.elapsed().as_secs_f64(),
                        cached_accounts: engine.cached_account_count(),
                        resident_bytes: process::resident_bytes()?.0,
                    });
                    began = Instant::now();
                }
            }
            drop(executed_sender);
            let tail = Instant::now();
            let committing = committer.join().map_err(|_| "committing panicked")??;
            waited += tail.elapsed();
            Ok(committing)
        })?;
        bar.finish_and_clear();
        engine.store().sync()?;
        Ok(Self {
            transfers: BLOCK_TRANSFERS * arguments.blocks,
            parts,
            peak_resident_bytes: process::resident_bytes()?.1,
            commit_hidden: 1.0 - (waited.as_secs_f64() / committing.as_secs_f64()).min(1.0),
            durable_slot: engine.durable_slot()?,
        })
    }
}

/// What reading the accounts of a block takes, in microseconds per account, by the share of them that the engine holds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HitRate {
    pub(crate) hits_percent: u64,
    pub(crate) microseconds: f64,
}

/// Reads blocks of which some accounts are in memory and the others, each asked for once, are not.
pub(crate) fn hit_rates(arguments: &Arguments) -> Result<Vec<HitRate>, Box<dyn Error>> {
    /// Accounts that are held; the others are drawn from the rest.
    const HELD: u64 = 20_000;
    const BLOCKS: usize = 15;
    let store = RocksStore::open_with(&arguments.db, options(arguments))?;
    let engine = Engine::builder().store(store).workers(2).cache_bytes(usize::MAX).build()?;
    let blockhash = engine.latest_blockhash();
    let transaction = |from, to, amount| {
        let wire = wire::transfer(key(from), key(to), amount, blockhash);
        let parsed = SanitizedTransaction::parse(&wire).expect("the benches' own transactions parse");
        VerifiedTransaction::without_verification(parsed)
    };
    engine.prefetch(&(0..HELD / 2).map(|number| transaction(2 * number, 2 * number + 1, 1)).collect::<Vec<_>>())?;
    let mut random = Random::new(5);
    // Scattered over the whole database, and no account twice.
    let step = (arguments.accounts - HELD) / 400_000;
    let mut fresh = (0u64..).map(|number| HELD + number * step.max(1));
    let mut rates = Vec::new();
    for hits_percent in [0, 50, 90, 99, 100] {
        let mut times = Vec::new();
        for _ in 0..BLOCKS {
            // Senders are even, receivers odd: never the same.
            let mut number = |parity| {
                let is_hit = random.below(100) < hits_percent;
                if is_hit { 2 * random.below(HELD / 2) + parity } else { fresh.next().unwrap_or_default() }
            };
            let block: Vec<_> = (0..BLOCK_TRANSFERS).map(|count| transaction(number(0), number(1), count)).collect();
            let began = Instant::now();
            engine.prefetch(&block)?;
            times.push(began.elapsed().as_secs_f64() * 1e6 / (2 * BLOCK_TRANSFERS) as f64);
        }
        rates.push(HitRate { hits_percent, microseconds: median(&mut times) });
    }
    Ok(rates)
}

/// Unsigned transfers between random accounts: signatures are not looked at.
struct Source {
    random: Random,
    accounts: u64,
    count: u64,
}

impl Source {
    fn block(&mut self, blockhash: Hash) -> Vec<VerifiedTransaction> {
        (0..BLOCK_TRANSFERS).map(|_| self.transfer(blockhash)).collect()
    }

    fn transfer(&mut self, blockhash: Hash) -> VerifiedTransaction {
        let from = self.random.below(self.accounts);
        let to = (from + 1 + self.random.below(self.accounts - 1)) % self.accounts;
        self.count += 1;
        let wire = wire::transfer(key(from), key(to), self.count, blockhash);
        let parsed = SanitizedTransaction::parse(&wire).expect("the benches' own transactions parse");
        VerifiedTransaction::without_verification(parsed)
    }
}
