//! `heddle load`, the main job: signed transactions in, parallel execution, durable blocks, one state hash out.
//!
//! The run is cut into windows. A window is signed ahead by the generator's own threads; its blocks then go through
//! the pipeline. Only the pipeline's time counts as `seconds`; signing is reported apart, proofs are not counted.

mod pipeline;
mod prepare;
mod proof;
mod report;
mod snapshots;
mod source;

use std::{sync::Arc, time::Instant};

use heddle_engine::{BlockLimits, Engine, Verification};
use heddle_loadgen::WorkloadConfig;
use heddle_storage::{MemoryStore, RocksStore, Store};
use heddle_types::Hash;
use sha2::{Digest, Sha256};

use crate::{arguments::LoadArguments, failure::Failure, interrupt::Interrupt, process, progress};
use pipeline::{Pipeline, Totals};
use report::Report;
use snapshots::Snapshots;
use source::Source;

/// Blocks that `--prove` executes again, spread over the run.
const PROVED_BLOCKS_MAX: u64 = 8;
/// Blocks that `--memory` keeps: memory must not grow with the number of transactions.
const MEMORY_BLOCKS_KEPT: u64 = 16;
/// Workers that `--prove` compares with the serial reference.
pub(crate) const PROVED_WORKERS: [usize; 3] = [1, 2, 4];

pub(crate) fn run(arguments: &LoadArguments) -> Result<(), Failure> {
    if let Some(path) = &arguments.prepare {
        return prepare::run(arguments, path);
    }
    let (store, database) = open_store(arguments)?;
    let interrupt = Interrupt::listen()?;
    let mut source = Source::open(arguments, store.tip().map_err(Failure::Open)?.map_or(0, |tip| tip.header.height))?;
    let workers = arguments.workers.map_or_else(process::core_count, usize::from);
    let engine = build_engine(arguments, &store, &source, workers)?;
    let verification = if arguments.no_sigverify { Verification::Trusted } else { Verification::Strict };
    let mut pipeline = Pipeline::new(engine.clone(), verification, interrupt.clone())?;
    pipeline.snapshots = Snapshots::start(arguments, database)?;
    let bar = progress::bar(source.transaction_count(), "transactions", "load", !arguments.json);

    let mut totals = Totals::default();
    let mut proofs = Vec::new();
    let proof_every = source.window_count().div_ceil(PROVED_BLOCKS_MAX).max(1);
    let mut contention = None;
    let mut window_index = 0;
    while !interrupt.is_requested() {
        let Some(mut window) = source.next_window(&engine)? else { break };
        if arguments.prove && window_index % proof_every == 0 && !window.blocks.is_empty() {
            let first = window.blocks.remove(0);
            let proof = pipeline.run_proved(first, &mut totals, &bar, &mut contention)?;
            proofs.push(proof);
        }
        pipeline.run(window.blocks, &mut totals, &bar)?;
        window_index += 1;
    }
    store.sync().map_err(Failure::Open)?;
    bar.finish_and_clear();
    let mut report = Report::new(arguments, &source, &engine, workers, &totals, proofs, contention);
    let (snapshots, failed) = pipeline.snapshots.take().map(Snapshots::finish).unwrap_or_default();
    report.snapshots = snapshots;
    report.print(arguments.json)?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    if report.has_difference() {
        return Err(Failure::Different("the proof failed: hashes differ between worker counts".into()));
    }
    if interrupt.is_requested() && totals.transactions() < source.transaction_count() {
        return Err(Failure::Interrupted { committed: totals.transactions() });
    }
    Ok(())
}

/// A store, also as the database that it is, if it is one.
type Opened = (Arc<dyn Store>, Option<Arc<RocksStore>>);

fn open_store(arguments: &LoadArguments) -> Result<Opened, Failure> {
    match (&arguments.db, arguments.memory) {
        (Some(path), _) => {
            let database =
                Arc::new(RocksStore::open_with(path, arguments.store.rocks_options()?).map_err(Failure::Open)?);
            Ok((database.clone(), Some(database)))
        }
        (None, true) => Ok((Arc::new(MemoryStore::keeping(MEMORY_BLOCKS_KEPT)), None)),
        (None, false) => {
            Err(Failure::Usage("where should blocks go? give --db PATH or --memory (see heddle load --help)".into()))
        }
    }
}

fn build_engine(
    arguments: &LoadArguments,
    store: &Arc<dyn Store>,
    source: &Source,
    workers: usize,
) -> Result<Engine, Failure> {
    let began = Instant::now();
    let workers_max = if arguments.prove { PROVED_WORKERS.into_iter().max().unwrap_or(1) } else { 1 };
    let block_limits = if arguments.block_limits { BlockLimits::default() } else { BlockLimits::UNLIMITED };
    let engine = Engine::builder()
        .block_limits(block_limits)
        .shared_store(store.clone())
        .cache_bytes(arguments.store.engine_cache_bytes())
        .workers(workers)
        .workers_max(workers_max)
        .genesis_blockhash(genesis_blockhash(source.config()))
        .accounts(source.genesis_accounts())
        .stage_clock(Arc::new(move || began.elapsed()))
        .build()?;
    Ok(engine)
}

/// The blockhash that a load chain starts from: known before its state is, so that a stream can be signed ahead.
pub(crate) fn genesis_blockhash(config: &WorkloadConfig) -> Hash {
    let digest = Sha256::new()
        .chain_update(b"heddle load genesis")
        .chain_update(config.seed.to_le_bytes())
        .chain_update(config.accounts.to_le_bytes())
        .chain_update(config.workload.to_string().as_bytes())
        .finalize();
    Hash::new_from_array(digest.into())
}
