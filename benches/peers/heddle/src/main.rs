//! Heddle's engine as a peer: wire bytes in, blocks executed and committed to the store in memory.
//!
//! Measured in every setting: parsing and message hashes, locks and conflict graph, execution, collecting and keeping the
//! changes in memory. Signatures are not checked. As the other peers, the engine holds the accounts before it starts, and
//! keeps no history.

use std::{
    sync::{Arc, mpsc},
    time::Instant,
};

use heddle_engine::{
    Engine, ExecutedBlock, Parallelism, Verification, VerifiedTransaction, verify_batch, verify_batch_serially,
};
use heddle_peers_workload::{Greeting, Meter, Peer, RunReport, Setting, StateDigest, Stream, Workload, serve};
use heddle_storage::VolatileStore;
use heddle_types::{Account, Hash, Pubkey};
use rayon::ThreadPool;

#[global_allocator]
static GLOBAL: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const LOADER_V2: Pubkey = Pubkey::from_str_const("BPFLoader2111111111111111111111111111111111");

/// Blocks that wait between two stages, at most.
const BLOCKS_AHEAD: usize = 2;

/// Transactions of a block.
const BLOCK_SIZE: usize = 2_000;

/// Name, workers, whether the state hash is computed.
const SETTINGS: [(&str, usize, bool); 3] =
    [("1 worker, no state hash", 1, false), ("1 worker, state hash", 1, true), ("2 workers, state hash", 2, true)];

struct Heddle;

impl Peer for Heddle {
    fn greeting(&self) -> Greeting {
        let setting = |(name, workers, state_hash): (&str, usize, bool)| Setting {
            name: name.into(),
            workers,
            state_hash,
            from_wire: true,
        };
        Greeting {
            peer: "Heddle".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            settings: SETTINGS.into_iter().map(setting).collect(),
        }
    }

    fn run(&self, workload: &Workload, setting: &Setting) -> Result<RunReport, String> {
        let streams = workload.streams.get(..setting.workers).ok_or("too few streams")?;
        let engine = open(workload, streams, setting)?;
        let ingress = Ingress::new(setting.workers)?;
        let mut discarded = Totals::default();
        for stream in streams {
            run_block(&engine, &ingress, &stream.warm_up.iter().collect::<Vec<_>>(), &mut discarded)?;
        }
        let blocks = blocks(streams);
        let mut totals = Totals::default();
        let meter = Meter::start();
        if setting.workers == 1 {
            for block in &blocks {
                run_block(&engine, &ingress, block, &mut totals)?;
            }
        } else {
            run_overlapped(&engine, &ingress, &blocks, &mut totals)?;
        }
        let (wall_ns, cpu_ns) = meter.stop();
        Ok(RunReport {
            transactions: workload.transaction_count(setting.workers) as u64,
            wall_ns,
            cpu_ns,
            compute_units: totals.compute_units,
            state: digest(&engine, streams)?,
            stages: totals.stages(),
        })
    }
}

/// Sums over the blocks of a run.
#[derive(Default)]
struct Totals {
    compute_units: u64,
    ingress_ns: u64,
    schedule_ns: u64,
    execute_ns: u64,
    collect_ns: u64,
    hash_ns: u64,
    commit_ns: u64,
}

impl Totals {
    fn stages(&self) -> Vec<(String, u64)> {
        let stages = [
            ("parse and message hash", self.ingress_ns),
            ("plan and conflict graph", self.schedule_ns),
            ("execute", self.execute_ns),
            ("collect changes", self.collect_ns),
            ("state hash", self.hash_ns),
            ("commit", self.commit_ns),
        ];
        stages.map(|(name, nanoseconds)| (name.to_string(), nanoseconds)).into()
    }
}

/// Turns wire bytes into transactions: on the calling thread alone, or on as many as there are workers.
enum Ingress {
    Serial,
    Parallel(ThreadPool),
}

impl Ingress {
    fn new(workers: usize) -> Result<Self, String> {
        if workers == 1 {
            return Ok(Self::Serial);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
        pool.map(Self::Parallel).map_err(|error| error.to_string())
    }

    fn parse(&self, wire: &[&Vec<u8>]) -> Result<Vec<VerifiedTransaction>, String> {
        match self {
            Self::Serial => verify_batch_serially(wire, Verification::Trusted),
            Self::Parallel(pool) => pool.install(|| verify_batch(wire, Verification::Trusted)),
        }
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
    }
}

fn open(workload: &Workload, streams: &[Stream], setting: &Setting) -> Result<Engine, String> {
    let programs = workload.programs.iter().map(|program| {
        let account = Account { executable: true, ..Account::new(10_000_000_000, &program.elf[..], LOADER_V2) };
        (Pubkey::new_from_array(program.key), account)
    });
    let accounts = streams.iter().flat_map(|stream| &stream.accounts).map(|account| {
        let owner = Pubkey::new_from_array(account.owner);
        (Pubkey::new_from_array(account.key), Account::new(account.lamports, &account.data[..], owner))
    });
    let origin = Instant::now();
    let engine = Engine::builder()
        .store(VolatileStore::new())
        .state_hash(setting.state_hash)
        .accounts(programs.chain(accounts))
        .genesis_blockhash(Hash::new_from_array(workload.blockhash))
        .workers(setting.workers)
        .stage_clock(Arc::new(move || origin.elapsed()))
        .build()
        .map_err(|error| error.to_string())?;
    // The other peers are given their accounts before they start; ours reads them from the store when first asked.
    for account in streams.iter().flat_map(|stream| &stream.accounts) {
        engine.account(&Pubkey::new_from_array(account.key)).map_err(|error| error.to_string())?;
    }
    Ok(engine)
}

/// Blocks that take from all streams alike.
fn blocks(streams: &[Stream]) -> Vec<Vec<&Vec<u8>>> {
    let of_each = BLOCK_SIZE / streams.len();
    let mut rest: Vec<_> = streams.iter().map(|stream| stream.transactions.chunks(of_each)).collect();
    std::iter::from_fn(|| {
        let block: Vec<_> = rest.iter_mut().filter_map(Iterator::next).flatten().collect();
        (!block.is_empty()).then_some(block)
    })
    .collect()
}

fn run_block(engine: &Engine, ingress: &Ingress, wire: &[&Vec<u8>], totals: &mut Totals) -> Result<(), String> {
    let began = Instant::now();
    let transactions = ingress.parse(wire)?;
    totals.ingress_ns += elapsed_ns(began);
    let executed = execute(engine, transactions, totals)?;
    let began = Instant::now();
    engine.commit_block(executed).map_err(|error| error.to_string())?;
    totals.commit_ns += elapsed_ns(began);
    Ok(())
}

/// Parses the next block and commits the last one while a block executes, as `heddle load` does: what leaves a core idle
/// is filled by other stages. Stage times then overlap.
fn run_overlapped(
    engine: &Engine,
    ingress: &Ingress,
    blocks: &[Vec<&Vec<u8>>],
    totals: &mut Totals,
) -> Result<(), String> {
    let (parsed_sender, parsed) = mpsc::sync_channel(BLOCKS_AHEAD);
    let (executed_sender, executed) = mpsc::sync_channel(BLOCKS_AHEAD);
    std::thread::scope(|scope| {
        let parsing = scope.spawn(move || {
            let mut nanoseconds = 0;
            for wire in blocks {
                let began = Instant::now();
                let transactions = ingress.parse(wire)?;
                nanoseconds += elapsed_ns(began);
                if parsed_sender.send(transactions).is_err() {
                    break;
                }
            }
            Ok::<u64, String>(nanoseconds)
        });
        let committing = scope.spawn(move || {
            let mut nanoseconds = 0;
            for block in executed {
                let began = Instant::now();
                engine.commit_block(block).map_err(|error| error.to_string())?;
                nanoseconds += elapsed_ns(began);
            }
            Ok::<u64, String>(nanoseconds)
        });
        for transactions in parsed {
            let block = execute(engine, transactions, totals)?;
            executed_sender.send(block).map_err(|_| "a commit failed")?;
        }
        drop(executed_sender);
        totals.ingress_ns += parsing.join().map_err(|_| "parsing panicked")??;
        totals.commit_ns += committing.join().map_err(|_| "committing panicked")??;
        Ok(())
    })
}

fn execute(
    engine: &Engine,
    transactions: Vec<VerifiedTransaction>,
    totals: &mut Totals,
) -> Result<ExecutedBlock, String> {
    let block = engine.next_block(transactions);
    let workers = Parallelism::Workers(engine.workers());
    let executed = engine.execute_block_with(block, workers).map_err(|error| error.to_string())?;
    let times = executed.times();
    totals.schedule_ns += times.schedule.as_nanos() as u64;
    totals.execute_ns += times.execute.as_nanos() as u64;
    totals.collect_ns += times.collect.as_nanos() as u64;
    totals.hash_ns += times.hash.as_nanos() as u64;
    for outcome in executed.outcomes() {
        let receipt = outcome.receipt().ok_or("a transaction was rejected")?;
        receipt.status.as_ref().map_err(|error| format!("a transaction failed: {error}"))?;
        totals.compute_units += receipt.compute_units;
    }
    Ok(executed)
}

fn elapsed_ns(began: Instant) -> u64 {
    began.elapsed().as_nanos() as u64
}

fn digest(engine: &Engine, streams: &[Stream]) -> Result<String, String> {
    let mut digest = StateDigest::default();
    for account in streams.iter().flat_map(|stream| &stream.accounts) {
        let now = engine.account(&Pubkey::new_from_array(account.key)).map_err(|error| error.to_string())?;
        let now = now.unwrap_or_default();
        digest.add(&account.key, now.lamports, now.owner.as_array(), &now.data);
    }
    Ok(digest.finish())
}

fn main() -> std::io::Result<()> {
    serve(&Heddle)
}
