//! Agave's `Bank` (solana-runtime 4.3.2) as a peer: batches of conflict-free transactions on one thread per stream.
//!
//! Measured: sanitising and message hash, account locks, load, execute, commit, and `freeze`, which waits for the accounts'
//! lattice hash that background threads compute. Signatures are not checked, nothing is recorded. Transactions come in
//! two forms, both without a copy in the measured time: already decoded, or as wire bytes through the validator's own
//! view of them.

use std::sync::{Arc, Barrier};

use agave_transaction_view::{
    resolved_transaction_view::ResolvedTransactionView, sanitize::SanitizeConfig,
    transaction_view::SanitizedTransactionView,
};
use heddle_peers_workload::{Greeting, Meter, Peer, RunReport, Setting, StateDigest, Stream, Workload, serve};
use solana_account::{Account, ReadableAccount};
use solana_address::Address;
use solana_fee_calculator::FeeRateGovernor;
use solana_hash::Hash;
use solana_runtime::{bank::Bank, genesis_utils::create_genesis_config_with_leader};
use solana_runtime_transaction::{runtime_transaction::RuntimeTransaction, transaction_with_meta::TransactionWithMeta};
use solana_signer::Signer;
use solana_svm::transaction_processor::ExecutionRecordingConfig;
use solana_svm_timings::ExecuteTimings;
use solana_transaction::{
    sanitized::{MessageHash, SanitizedTransaction},
    versioned::VersionedTransaction,
};

#[global_allocator] // as the validator does
static GLOBAL: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const LOADER_V2: Address = Address::from_str_const("BPFLoader2111111111111111111111111111111111");
const LEADER: Address = Address::new_from_array([8; 32]);
const SIGNATURE_FEE_LAMPORTS: u64 = 5_000;

/// Name, threads, transactions of a batch, whether transactions are wire bytes.
const SETTINGS: [(&str, usize, usize, bool); 6] = [
    ("1 thread, batch 64", 1, 64, false),
    ("1 thread, batch 64, from wire", 1, 64, true),
    ("2 threads, batch 64", 2, 64, false),
    ("2 threads, batch 128", 2, 128, false),
    ("2 threads, batch 64, from wire", 2, 64, true),
    ("2 threads, batch 128, from wire", 2, 128, true),
];

/// The bounds of SIMD-0160, SIMD-0406 and of a heap.
const SANITIZE: SanitizeConfig = SanitizeConfig {
    min_requested_heap_size: 32 * 1024,
    max_requested_heap_size: 256 * 1024,
    max_instructions: 64,
    max_accounts_per_instruction: 255,
};

/// A transaction that reads its wire bytes in place.
type Resolved<'a> = RuntimeTransaction<ResolvedTransactionView<&'a [u8]>>;

struct Agave;

impl Peer for Agave {
    fn greeting(&self) -> Greeting {
        let setting = |(name, workers, _, from_wire): (&str, usize, usize, bool)| Setting {
            name: name.into(),
            workers,
            state_hash: true,
            from_wire,
        };
        Greeting {
            peer: "Agave Bank".into(),
            version: "4.3.2".into(),
            settings: SETTINGS.into_iter().map(setting).collect(),
        }
    }

    fn run(&self, workload: &Workload, setting: &Setting) -> Result<RunReport, String> {
        let (_, threads, batch, from_wire) =
            SETTINGS.into_iter().find(|known| known.0 == setting.name).ok_or("unknown setting")?;
        let streams = workload.streams.get(..threads).ok_or("too few streams")?;
        let (bank, _forks) = open(workload, streams);
        for stream in streams {
            run_decoded(&bank, decode_all(&stream.warm_up)?, batch)?;
        }
        let (compute_units, wall_ns, cpu_ns) = if from_wire {
            let inputs = streams.iter().map(|stream| &stream.transactions[..]).collect();
            measure(&bank, inputs, |wire| run_wire(&bank, wire, batch))?
        } else {
            let inputs = streams.iter().map(|stream| decode_all(&stream.transactions)).collect::<Result<_, _>>()?;
            measure(&bank, inputs, |transactions| run_decoded(&bank, transactions, batch))?
        };
        Ok(RunReport {
            transactions: workload.transaction_count(threads) as u64,
            wall_ns,
            cpu_ns,
            compute_units,
            state: digest(&bank, streams),
            stages: Vec::new(),
        })
    }
}

/// A bank at slot 1 on a genesis of the workload's accounts and programs, and what keeps its parent alive.
fn open(workload: &Workload, streams: &[Stream]) -> (Arc<Bank>, impl Sized + use<>) {
    let info = create_genesis_config_with_leader(1 << 50, &LEADER, 1_000_000_000);
    let mut genesis = info.genesis_config;
    genesis.fee_rate_governor = FeeRateGovernor::new(SIGNATURE_FEE_LAMPORTS, 0);
    for program in &workload.programs {
        let account = Account {
            lamports: 10_000_000_000,
            data: program.elf.clone(),
            owner: LOADER_V2,
            executable: true,
            rent_epoch: u64::MAX,
        };
        genesis.accounts.insert(program.key.into(), account);
    }
    for account in streams.iter().flat_map(|stream| &stream.accounts) {
        let value = Account {
            lamports: account.lamports,
            data: account.data.clone(),
            owner: account.owner.into(),
            executable: false,
            rent_epoch: u64::MAX,
        };
        genesis.accounts.insert(account.key.into(), value);
    }
    let (parent, forks) = Bank::new_for_benches(&genesis).wrap_with_bank_forks_for_tests();
    let mut leader = *parent.leader();
    leader.id = info.validator_pubkey;
    leader.vote_address = info.voting_keypair.pubkey(); // `freeze` pays the fees to it
    let bank = Bank::new_from_parent_with_bank_forks(&forks, parent, leader, 1);
    bank.register_recent_blockhash_for_test(&Hash::new_from_array(workload.blockhash), Some(SIGNATURE_FEE_LAMPORTS));
    (bank, forks)
}

fn decode_all(wire: &[Vec<u8>]) -> Result<Vec<VersionedTransaction>, String> {
    let decode =
        |wire: &Vec<u8>| wincode::deserialize(wire).map_err(|error| format!("a transaction does not decode: {error}"));
    wire.iter().map(decode).collect()
}

/// Runs each input on a thread of its own, freezes the bank, and returns compute units, wall and CPU nanoseconds. Threads
/// are started before the clock.
fn measure<T: Send>(
    bank: &Bank,
    inputs: Vec<T>,
    run: impl Fn(T) -> Result<u64, String> + Sync,
) -> Result<(u64, u64, u64), String> {
    let barrier = Barrier::new(inputs.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = inputs
            .into_iter()
            .map(|input| {
                let (barrier, run) = (&barrier, &run);
                scope.spawn(move || {
                    barrier.wait();
                    run(input)
                })
            })
            .collect();
        let meter = Meter::start();
        barrier.wait();
        let mut compute_units = 0;
        for thread in threads {
            compute_units += thread.join().map_err(|_| "a thread panicked".to_string())??;
        }
        bank.freeze();
        let (wall_ns, cpu_ns) = meter.stop();
        Ok((compute_units, wall_ns, cpu_ns))
    })
}

fn run_decoded(bank: &Bank, transactions: Vec<VersionedTransaction>, batch: usize) -> Result<u64, String> {
    let mut transactions = transactions.into_iter();
    let mut compute_units = 0;
    loop {
        let sanitized = transactions
            .by_ref()
            .take(batch)
            .map(|transaction| {
                let reserved = bank.get_reserved_account_keys();
                RuntimeTransaction::<SanitizedTransaction>::try_create(
                    transaction,
                    MessageHash::Compute,
                    None,
                    bank,
                    reserved,
                )
                .map_err(|error| format!("a transaction is not sane: {error}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if sanitized.is_empty() {
            return Ok(compute_units);
        }
        compute_units += process(bank, &sanitized)?;
    }
}

fn run_wire(bank: &Bank, wire: &[Vec<u8>], batch: usize) -> Result<u64, String> {
    wire.chunks(batch).try_fold(0, |units, chunk| {
        let resolved = chunk
            .iter()
            .map(|wire| {
                let view = SanitizedTransactionView::try_new_sanitized(&wire[..], &SANITIZE)
                    .map_err(|error| format!("a transaction is not sane: {error:?}"))?;
                RuntimeTransaction::<SanitizedTransactionView<_>>::try_new(view, MessageHash::Compute, None)
                    .and_then(|view| Resolved::try_new(view, None, bank.get_reserved_account_keys()))
                    .map_err(|error| format!("a transaction is not sane: {error}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(units + process(bank, &resolved)?)
    })
}

fn process<T: TransactionWithMeta>(bank: &Bank, batch: &[T]) -> Result<u64, String> {
    let locked = bank.prepare_sanitized_batch(batch);
    let (results, _) = bank.load_execute_and_commit_transactions(
        &locked,
        ExecutionRecordingConfig::new_single_setting(false),
        &mut ExecuteTimings::default(),
        None,
    );
    results.into_iter().try_fold(0, |units, result| {
        let committed = result.map_err(|error| format!("a transaction was not committed: {error}"))?;
        committed.status.map_err(|error| format!("a transaction failed: {error}"))?;
        Ok(units + committed.executed_units)
    })
}

fn digest(bank: &Bank, streams: &[Stream]) -> String {
    let mut digest = StateDigest::default();
    for account in streams.iter().flat_map(|stream| &stream.accounts) {
        let now = bank.get_account(&account.key.into()).unwrap_or_default();
        digest.add(&account.key, now.lamports(), &now.owner().to_bytes(), now.data());
    }
    digest.finish()
}

fn main() -> std::io::Result<()> {
    serve(&Agave)
}
