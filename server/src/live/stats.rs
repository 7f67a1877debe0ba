//! What a running chain counts and measures, for the page, the metrics and the methods that ask for recent performance.
//!
//! Counters are atomic; the rest is behind one lock that is taken once per block. Every list has a bound.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use ahash::RandomState;
use hashbrown::HashMap;
use heddle_engine::{ExecutedBlock, SubmitError};
use heddle_types::{Hash, Pubkey};
use parking_lot::Mutex;

use super::{OpenBlock, Stage, open_block::SignatureBytes};

/// Whole seconds that the history covers.
const HISTORY_SECONDS: usize = 120;
/// Blocks that are remembered.
const BLOCKS_MAX: usize = 60;
/// Transactions that are remembered.
const TRANSACTIONS_MAX: usize = 50;
/// Measured latencies of each kind that are remembered, for at most [`LATENCY_AGE_MAX`].
const SAMPLES_MAX: usize = 4096;
const LATENCY_AGE_MAX: Duration = Duration::from_secs(60);
/// Transactions of one block whose latency is taken.
const SAMPLES_PER_BLOCK_MAX: usize = 64;

/// When each waiting transaction came, by message hash.
pub(crate) type Arrivals = HashMap<Hash, Instant, RandomState>;

/// Percentiles of a latency, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencySummary {
    /// Half are below.
    pub p50_us: u64,
    /// All but one in a hundred are below.
    pub p99_us: u64,
}

/// Which latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// From a transaction's arrival until its block begins.
    Queued,
    /// A block's execution.
    Executed,
    /// From there until it is durable.
    Committed,
}

/// One second of the past.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecondFacts {
    /// In Unix seconds.
    pub second: u64,
    /// Transactions in blocks.
    pub processed: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Compute units of all.
    pub compute_units: u64,
    /// Blocks, empty ones included.
    pub blocks: u64,
}

/// One block of the past.
#[derive(Clone, Copy, Debug)]
pub struct BlockFacts {
    /// Its slot.
    pub slot: u64,
    /// Its time, in Unix seconds.
    pub unix_timestamp: i64,
    /// Transactions in it.
    pub transactions: u64,
    /// Those that failed.
    pub failed: u64,
    /// Compute units of all.
    pub compute_units: u64,
    /// How long it took.
    pub execute_us: u64,
    /// Whether it is durable.
    pub is_committed: bool,
}

/// One transaction of the past.
#[derive(Clone, Debug)]
pub struct TransactionFacts {
    /// Its signature.
    pub signature: SignatureBytes,
    /// In which block.
    pub slot: u64,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// What it paid, in lamports.
    pub fee_lamports: u64,
    /// What it used.
    pub compute_units: u64,
    /// What it called, each once.
    pub programs: Vec<Pubkey>,
}

/// Counters since the start, and the recent past.
#[derive(Default)]
pub struct Stats {
    received: AtomicU64,
    processed: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
    waiting: AtomicU64,
    blocks: AtomicU64,
    stage_ns: [AtomicU64; Stage::ALL.len()],
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    history: VecDeque<SecondFacts>,
    blocks: VecDeque<BlockFacts>,
    transactions: VecDeque<TransactionFacts>,
    latencies: [VecDeque<(Instant, u64)>; 3],
    /// By worker: busy, and idle while others were.
    workers: Vec<(Duration, Duration)>,
}

/// A copy of the recent past.
#[derive(Clone, Debug, Default)]
pub struct RecentFacts {
    /// Oldest first; the last may not be over.
    pub history: Vec<SecondFacts>,
    /// Newest first.
    pub blocks: Vec<BlockFacts>,
    /// Newest first.
    pub transactions: Vec<TransactionFacts>,
    /// By worker: busy, and idle during a block.
    pub workers: Vec<(Duration, Duration)>,
}

impl Stats {
    /// Of a chain that is executed by so many workers.
    pub(crate) fn new(workers: usize) -> Self {
        let recent = Recent { workers: vec![Default::default(); workers], ..Recent::default() };
        Self { recent: Mutex::new(recent), ..Self::default() }
    }

    /// Transactions that came to the node's queue.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Transactions in blocks.
    pub fn processed(&self) -> u64 {
        self.processed.load(Ordering::Relaxed)
    }

    /// Transactions in blocks that failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Transactions that were taken and are in no block: expired, displaced by better ones, or unable to pay in the end.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Transactions that came and were not taken.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Transactions in the pool.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Blocks made.
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    /// Time in a stage since the start.
    pub fn stage(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.stage_ns[stage as usize].load(Ordering::Relaxed))
    }

    /// Adds time to a stage.
    pub fn add_stage(&self, stage: Stage, took: Duration) {
        self.stage_ns[stage as usize].fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
    }

    /// A latency over the last minute; `None` if nothing was measured.
    pub fn latency(&self, latency: Latency) -> Option<LatencySummary> {
        let mut micros: Vec<u64> = {
            let recent = self.recent.lock();
            let samples = recent.latencies[latency as usize].iter();
            samples.filter(|(at, _)| at.elapsed() < LATENCY_AGE_MAX).map(|(_, micros)| *micros).collect()
        };
        micros.sort_unstable();
        let percentile = |percent: usize| micros.get((micros.len() * percent / 100).min(micros.len().wrapping_sub(1)));
        Some(LatencySummary { p50_us: *percentile(50)?, p99_us: *percentile(99)? })
    }

    /// The recent past.
    pub fn recent(&self) -> RecentFacts {
        let recent = self.recent.lock();
        RecentFacts {
            history: recent.history.iter().copied().collect(),
            blocks: recent.blocks.iter().rev().copied().collect(),
            transactions: recent.transactions.iter().rev().cloned().collect(),
            workers: recent.workers.clone(),
        }
    }

    pub(crate) fn note_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_submitted(&self, result: &Result<(), SubmitError>) {
        if let Err(error) = result {
            tracing::debug!(%error, "a transaction was refused");
            self.note_refused();
        }
    }

    pub(crate) fn note_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn set_waiting(&self, count: usize) {
        self.waiting.store(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn note_executed(
        &self,
        executed: &ExecutedBlock,
        open: &OpenBlock,
        began: Instant,
        came: &mut Arrivals,
    ) {
        let times = executed.times();
        let stages = [
            (Stage::Schedule, times.schedule),
            (Stage::Execute, times.execute),
            (Stage::Collect, times.collect),
            (Stage::Hash, times.hash),
        ];
        stages.into_iter().for_each(|(stage, took)| self.add_stage(stage, took));
        let rejected = executed.outcomes().len() - open.transactions.len();
        self.note_dropped(rejected as u64);
        let queued = executed.transactions().iter().filter_map(|one| came.remove(one.message_hash()));
        let queued: Vec<Instant> = queued.collect();
        let facts = BlockFacts::of(open, began);
        self.processed.fetch_add(facts.transactions, Ordering::Relaxed);
        self.failed.fetch_add(facts.failed, Ordering::Relaxed);
        self.blocks.fetch_add(1, Ordering::Relaxed);
        let mut recent = self.recent.lock();
        if facts.transactions > 0 {
            recent.sample(Latency::Executed, facts.execute_us);
            for at in queued.into_iter().take(SAMPLES_PER_BLOCK_MAX) {
                recent.sample(Latency::Queued, micros(began.saturating_duration_since(at)));
            }
        }
        recent.add_block(facts);
        recent.add_transactions(open);
        recent.add_work(executed, times.execute);
    }

    pub(crate) fn note_committed(&self, open: &Arc<OpenBlock>) {
        let mut recent = self.recent.lock();
        if !open.transactions.is_empty() {
            recent.sample(Latency::Committed, micros(open.executed_at.elapsed()));
        }
        if let Some(block) = recent.blocks.iter_mut().rev().find(|block| block.slot == open.header.slot) {
            block.is_committed = true;
        }
    }

    pub(crate) fn forget_blocks_after(&self, slot: u64) {
        let mut recent = self.recent.lock();
        recent.blocks.retain(|block| block.slot <= slot);
        recent.transactions.retain(|transaction| transaction.slot <= slot);
    }
}

impl BlockFacts {
    fn of(open: &OpenBlock, began: Instant) -> Self {
        Self {
            slot: open.header.slot,
            unix_timestamp: open.header.unix_timestamp,
            transactions: open.transactions.len() as u64,
            failed: open.transactions.iter().filter(|one| one.receipt.status.is_err()).count() as u64,
            compute_units: open.transactions.iter().map(|one| one.receipt.compute_units).sum(),
            execute_us: micros(open.executed_at.saturating_duration_since(began)),
            is_committed: false,
        }
    }
}

impl Recent {
    fn sample(&mut self, latency: Latency, micros: u64) {
        let samples = &mut self.latencies[latency as usize];
        if samples.len() == SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back((Instant::now(), micros));
    }

    fn add_block(&mut self, facts: BlockFacts) {
        let second = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if self.history.back().is_none_or(|last| last.second != second) {
            if self.history.len() > HISTORY_SECONDS {
                self.history.pop_front();
            }
            self.history.push_back(SecondFacts { second, ..SecondFacts::default() });
        }
        if let Some(last) = self.history.back_mut() {
            last.processed += facts.transactions;
            last.failed += facts.failed;
            last.compute_units += facts.compute_units;
            last.blocks += 1;
        }
        if self.blocks.len() == BLOCKS_MAX {
            self.blocks.pop_front();
        }
        self.blocks.push_back(facts);
    }

    fn add_transactions(&mut self, open: &OpenBlock) {
        let newest = open.transactions.len().saturating_sub(TRANSACTIONS_MAX);
        for one in &open.transactions[newest..] {
            if self.transactions.len() == TRANSACTIONS_MAX {
                self.transactions.pop_front();
            }
            let mut programs: Vec<Pubkey> = Vec::new();
            for instruction in one.transaction.instructions() {
                let program = one.transaction.static_keys().get(usize::from(instruction.program_index));
                programs.extend(program.filter(|program| !programs.contains(program)));
            }
            self.transactions.push_back(TransactionFacts {
                signature: *one.signature(),
                slot: open.header.slot,
                error: one.receipt.status.as_ref().err().map(ToString::to_string),
                fee_lamports: one.receipt.fee_lamports,
                compute_units: one.receipt.compute_units,
                programs,
            });
        }
    }

    fn add_work(&mut self, executed: &ExecutedBlock, took: Duration) {
        let workers = &executed.run_stats().workers;
        if self.workers.len() < workers.len() {
            self.workers.resize(workers.len(), Default::default());
        }
        // Those that a small block did not need were idle.
        let busy = workers.iter().map(|worker| Duration::from_nanos(worker.busy_ns));
        for (sum, busy) in self.workers.iter_mut().zip(busy.chain(std::iter::repeat(Duration::ZERO))) {
            sum.0 += busy;
            sum.1 += took.saturating_sub(busy);
        }
    }
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}
