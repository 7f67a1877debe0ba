//! The pipeline: verification, execution and commit of successive blocks at the same time, each stage one thread.
//!
//! ```text
//!  signed blocks ─▶ verify (all cores) ─▶ read ahead ─▶ schedule, execute, hash ─▶ commit ─▶ totals
//!                     block N+3            block N+2      block N+1                 block N
//! ```
//!
//! Queues between stages are bounded, so memory holds a handful of blocks however long the run is, and a stage that falls
//! behind holds up those before it.

use std::time::{Duration, Instant};

use crossbeam::channel;
use heddle_engine::{
    CommittedBlock, Contention, Engine, ExecutedBlock, Outcome, StageTimes, Verification, VerifiedTransaction,
    verify_batch,
};
use heddle_loadgen::SignedBlock;
use indicatif::ProgressBar;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{
    proof::{self, Proof},
    snapshots::Snapshots,
};
use crate::{failure::Failure, interrupt::Interrupt, process};

/// Blocks that may wait between two stages. So between execution and disk are at most this many, the one being committed
/// and the one being executed.
const BLOCKS_WAITING_MAX: usize = 2;
/// Hot accounts named in the report.
const HOT_ACCOUNTS: usize = 3;

/// What a run did so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) rejected: u64,
    pub(crate) blocks: u64,
    pub(crate) compute_units: u64,
    /// Wall time of the pipeline, signing and proofs not counted.
    pub(crate) elapsed: Duration,
    pub(crate) verify: Duration,
    pub(crate) schedule: Duration,
    pub(crate) execute: Duration,
    pub(crate) hash: Duration,
    pub(crate) commit: Duration,
    /// What of `commit` somebody waited for: execution, because its queue was full, or the end of the run.
    pub(crate) commit_waited: Duration,
}

impl Totals {
    pub(crate) fn transactions(&self) -> u64 {
        self.succeeded + self.failed + self.rejected
    }

    fn add_times(&mut self, times: StageTimes) {
        self.schedule += times.schedule;
        self.execute += times.execute;
        self.hash += times.collect + times.hash;
    }

    fn count(&mut self, outcomes: &[Outcome]) {
        self.blocks += 1;
        for outcome in outcomes {
            match outcome {
                Outcome::Rejected(_) => self.rejected += 1,
                Outcome::Processed(receipt) => {
                    self.compute_units += receipt.compute_units;
                    if receipt.status.is_ok() { self.succeeded += 1 } else { self.failed += 1 }
                }
            }
        }
    }
}

/// The stages and what they share.
pub(crate) struct Pipeline {
    engine: Engine,
    verification: Verification,
    /// Verification has threads of its own, so that hashing never waits behind it.
    verifiers: ThreadPool,
    interrupt: Interrupt,
    /// Told of every committed block.
    pub(crate) snapshots: Option<Snapshots>,
}

impl Pipeline {
    pub(crate) fn new(engine: Engine, verification: Verification, interrupt: Interrupt) -> Result<Self, Failure> {
        let verifiers = ThreadPoolBuilder::new()
            .num_threads(process::core_count())
            .thread_name(|index| format!("heddle-verify-{index}"))
            .build()?;
        Ok(Self { engine, verification, verifiers, interrupt, snapshots: None })
    }

    /// Runs blocks through all stages; returns when the last is durable (or the user interrupted).
    pub(crate) fn run(
        &mut self,
        blocks: Vec<SignedBlock>,
        totals: &mut Totals,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        let stage = &*self;
        let (verify_time, executing, committed) = std::thread::scope(|scope| {
            let (verified_sender, verified) = channel::bounded(BLOCKS_WAITING_MAX);
            let (ready_sender, ready) = channel::bounded(BLOCKS_WAITING_MAX);
            let (executed_sender, executed) = channel::bounded(BLOCKS_WAITING_MAX);
            let verifier = scope.spawn(move || stage.verify_all(blocks, &verified_sender));
            let reader = scope.spawn(move || stage.read_ahead(&verified, &ready_sender));
            let committer = scope.spawn(move || stage.commit_all(&executed, bar));
            let executing = stage.execute_all(&ready, &executed_sender);
            // Closed queues end the other stages, whichever failed.
            drop(ready);
            drop(executed_sender);
            let executed_at = Instant::now();
            let verify_time = verifier.join().map_err(|_| Failure::Panicked)?;
            let read = reader.join().map_err(|_| Failure::Panicked)?;
            let committed = committer.join().map_err(|_| Failure::Panicked)?;
            let tail = executed_at.elapsed();
            // A failed commit makes execution stop, so it is the cause to report.
            let mut committed = committed?;
            read?;
            let executing = executing?;
            committed.commit_waited = executing.commit_waited + tail;
            Ok::<_, Failure>((verify_time?, executing, committed))
        })?;
        totals.elapsed += began.elapsed();
        totals.verify += verify_time;
        totals.schedule += executing.schedule;
        totals.execute += executing.execute;
        totals.hash += executing.hash;
        totals.commit += committed.commit;
        totals.commit_waited += committed.commit_waited.min(committed.commit);
        totals.succeeded += committed.succeeded;
        totals.failed += committed.failed;
        totals.rejected += committed.rejected;
        totals.blocks += committed.blocks;
        totals.compute_units += committed.compute_units;
        Ok(())
    }

    /// Runs one block alone, after executing it serially and with several worker counts and taking each back.
    pub(crate) fn run_proved(
        &mut self,
        block: SignedBlock,
        totals: &mut Totals,
        bar: &ProgressBar,
        contention: &mut Option<Contention>,
    ) -> Result<Proof, Failure> {
        let began = Instant::now();
        let verified = self.verify(&block)?;
        totals.verify += began.elapsed();
        totals.elapsed += began.elapsed();

        let proof = proof::prove(&self.engine, &verified)?;
        if contention.is_none() {
            *contention = Some(self.engine.contention(verified.clone(), HOT_ACCOUNTS)?);
        }

        let began = Instant::now();
        let executed = self.engine.execute_block(self.engine.next_block(verified))?;
        totals.add_times(executed.times());
        let commit_began = Instant::now();
        let committed = self.commit(executed)?;
        totals.commit += commit_began.elapsed();
        totals.commit_waited += commit_began.elapsed();
        totals.elapsed += began.elapsed();
        totals.count(&committed.outcomes);
        bar.inc(committed.outcomes.len() as u64);
        Ok(proof)
    }

    fn verify(&self, block: &SignedBlock) -> Result<Vec<VerifiedTransaction>, Failure> {
        let bytes: Vec<&[u8]> = block.transactions().collect();
        let results = self.verifiers.install(|| verify_batch(&bytes, self.verification));
        results
            .into_iter()
            .enumerate()
            .map(|(position, result)| {
                result.map_err(|source| Failure::Ingress { block: block.index(), position, source })
            })
            .collect()
    }

    fn verify_all(
        &self,
        blocks: Vec<SignedBlock>,
        verified: &channel::Sender<Vec<VerifiedTransaction>>,
    ) -> Result<Duration, Failure> {
        let mut time = Duration::ZERO;
        for block in blocks {
            if self.interrupt.is_requested() {
                break;
            }
            let began = Instant::now();
            let transactions = self.verify(&block)?;
            time += began.elapsed();
            if verified.send(transactions).is_err() {
                break;
            }
        }
        Ok(time)
    }

    /// Has the accounts of each block in memory by the time it is executed.
    fn read_ahead(
        &self,
        verified: &channel::Receiver<Vec<VerifiedTransaction>>,
        ready: &channel::Sender<Vec<VerifiedTransaction>>,
    ) -> Result<(), Failure> {
        for transactions in verified {
            self.engine.prefetch(&transactions)?;
            if ready.send(transactions).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn execute_all(
        &self,
        ready: &channel::Receiver<Vec<VerifiedTransaction>>,
        executed: &channel::Sender<ExecutedBlock>,
    ) -> Result<Totals, Failure> {
        let mut totals = Totals::default();
        for transactions in ready {
            let block = self.engine.execute_block(self.engine.next_block(transactions))?;
            totals.add_times(block.times());
            let began = Instant::now();
            let is_closed = executed.send(block).is_err();
            totals.commit_waited += began.elapsed();
            if is_closed {
                break;
            }
        }
        Ok(totals)
    }

    fn commit(&self, executed: ExecutedBlock) -> Result<CommittedBlock, Failure> {
        let committed = self.engine.commit_block(executed)?;
        self.snapshots.iter().for_each(|snapshots| snapshots.committed(committed.header.height));
        Ok(committed)
    }

    fn commit_all(&self, executed: &channel::Receiver<ExecutedBlock>, bar: &ProgressBar) -> Result<Totals, Failure> {
        let mut totals = Totals::default();
        for block in executed {
            let began = Instant::now();
            let committed = self.commit(block)?;
            totals.commit += began.elapsed();
            totals.count(&committed.outcomes);
            bar.inc(committed.outcomes.len() as u64);
        }
        Ok(totals)
    }
}
