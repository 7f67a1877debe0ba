//! LiteSVM 0.18.1 as a peer: one thread, one transaction after the other.
//!
//! Signature checks and transaction history are off in all settings. Sanitising and the message hash are part of
//! `send_transaction` and thus measured; decoding wire bytes is measured in the settings that say so.

use std::hint::black_box;

use heddle_peers_workload::{Greeting, Meter, Peer, RunReport, Setting, StateDigest, Workload, serve};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_address::Address;
use solana_transaction::versioned::VersionedTransaction;

#[global_allocator]
static GLOBAL: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const LOADER_V2: Address = Address::from_str_const("BPFLoader2111111111111111111111111111111111");

/// Name, whether logs are recorded, whether the blockhash is checked, whether decoding is measured.
const SETTINGS: [(&str, bool, bool, bool); 5] = [
    ("default logs", true, true, false),
    ("no logs", false, true, false),
    ("no logs, no blockhash check", false, false, false),
    ("from wire", true, true, true),
    ("from wire, no logs, no blockhash check", false, false, true),
];

struct LiteSvm;

impl Peer for LiteSvm {
    fn greeting(&self) -> Greeting {
        let setting = |(name, _, _, from_wire): (&str, bool, bool, bool)| Setting {
            name: name.into(),
            workers: 1,
            state_hash: false,
            from_wire,
        };
        Greeting {
            peer: "LiteSVM".into(),
            version: "0.18.1".into(),
            settings: SETTINGS.into_iter().map(setting).collect(),
        }
    }

    fn run(&self, workload: &Workload, setting: &Setting) -> Result<RunReport, String> {
        let (_, logs, check, from_wire) =
            SETTINGS.into_iter().find(|known| known.0 == setting.name).ok_or("unknown setting")?;
        let stream = workload.streams.first().ok_or("a workload without streams")?;
        let mut svm = open(workload, logs, check)?;
        run_decoded(&mut svm, decode_all(&stream.warm_up)?)?;

        let (compute_units, (wall_ns, cpu_ns)) = if from_wire {
            let meter = Meter::start();
            (run_wire(&mut svm, &stream.transactions)?, meter.stop())
        } else {
            let transactions = decode_all(&stream.transactions)?;
            let meter = Meter::start();
            (run_decoded(&mut svm, transactions)?, meter.stop())
        };
        Ok(RunReport {
            transactions: stream.transactions.len() as u64,
            wall_ns,
            cpu_ns,
            compute_units,
            state: digest(&svm, workload),
            stages: Vec::new(),
        })
    }
}

fn open(workload: &Workload, logs: bool, check: bool) -> Result<LiteSVM, String> {
    let mut svm = LiteSVM::new().with_sigverify(false).with_transaction_history(0).with_blockhash_check(check);
    if !logs {
        svm = svm.with_log_bytes_limit(Some(0));
    }
    if svm.latest_blockhash().to_bytes() != workload.blockhash {
        return Err("the workload names another blockhash than LiteSVM's first".into());
    }
    for program in &workload.programs {
        svm.add_program_with_loader(program.key, &program.elf, LOADER_V2).map_err(|error| error.to_string())?;
    }
    let accounts = workload.streams.first().into_iter().flat_map(|stream| &stream.accounts);
    for account in accounts {
        let value = Account {
            lamports: account.lamports,
            data: account.data.clone(),
            owner: account.owner.into(),
            executable: false,
            rent_epoch: u64::MAX,
        };
        svm.set_account(account.key.into(), value).map_err(|error| error.to_string())?;
    }
    Ok(svm)
}

fn decode(wire: &[u8]) -> Result<VersionedTransaction, String> {
    wincode::deserialize(wire).map_err(|error| format!("a transaction does not decode: {error}"))
}

fn decode_all(wire: &[Vec<u8>]) -> Result<Vec<VersionedTransaction>, String> {
    wire.iter().map(|wire| decode(wire)).collect()
}

fn send(svm: &mut LiteSVM, transaction: VersionedTransaction) -> Result<u64, String> {
    match svm.send_transaction(transaction) {
        Ok(meta) => Ok(black_box(meta).compute_units_consumed),
        Err(failed) => Err(format!("a transaction failed: {}", failed.err)),
    }
}

fn run_decoded(svm: &mut LiteSVM, transactions: Vec<VersionedTransaction>) -> Result<u64, String> {
    transactions.into_iter().try_fold(0, |units, transaction| Ok(units + send(svm, transaction)?))
}

fn run_wire(svm: &mut LiteSVM, wire: &[Vec<u8>]) -> Result<u64, String> {
    wire.iter().try_fold(0, |units, wire| Ok(units + send(svm, decode(wire)?)?))
}

fn digest(svm: &LiteSVM, workload: &Workload) -> String {
    let mut digest = StateDigest::default();
    for account in workload.streams.first().into_iter().flat_map(|stream| &stream.accounts) {
        let now = svm.get_account(&account.key.into()).unwrap_or_default();
        digest.add(&account.key, now.lamports, &now.owner.to_bytes(), &now.data);
    }
    digest.finish()
}

fn main() -> std::io::Result<()> {
    serve(&LiteSvm)
}
