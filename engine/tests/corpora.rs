//! Real data that nobody of us wrote, from `$HEDDLE_CORPORA` (default `../shared/corpora` beside the workspace); each test
//! says so and passes where it is absent. The runners take any data of the format; of files that are known by name they
//! check what is known of them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use heddle_engine::{IngressError, Verification, VerifiedTransaction, verify_batch, verify_signatures};
use heddle_scheduler::{BlockStats, ConflictGraph, Schedule};
use heddle_types::{AccountLock, SanitizedTransaction, wire::WireField};
use serde_json::Value;

/// The files of one corpus with this extension, in order of name; `None`, and a line that says so, if it is absent.
fn corpus(name: &str, extension: &str) -> Option<Vec<PathBuf>> {
    let root = std::env::var_os("HEDDLE_CORPORA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"));
    let folder = root.join(name);
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("skipped: no corpus at {}", folder.display());
        return None;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    assert!(!files.is_empty(), "no .{extension} in {}", folder.display());
    Some(files)
}

fn name_of(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).expect("a file has a name")
}

// ---- a block of mainnet -------------------------------------------------------------------------------------------

/// Slot 102,815,960 (shared/corpora/README.md).
const KNOWN_BLOCK: &str = "slot-102815960.json.gz";
const KNOWN_TRANSACTIONS: usize = 3177;
const KNOWN_SIGNATURES: usize = 3195;
const KNOWN_NON_VOTES: usize = 638;
const KNOWN_NON_VOTE_WAVES: usize = 116;

#[test]
fn blocks_of_mainnet() {
    let Some(files) = corpus("mainnet-block", "gz") else { return };
    for file in files {
        let block: Value = serde_json::from_reader(GzDecoder::new(fs::File::open(&file).unwrap())).unwrap();
        let is_known = name_of(&file) == KNOWN_BLOCK;
        check_ingress(&block, is_known);
        check_conflicts(&block, is_known);
    }
}

fn transactions_of(block: &Value) -> &[Value] {
    block["txs"].as_array().expect("a list of transactions")
}

/// Every transaction parses, every signature verifies, and none still does after a bit of it has changed.
fn check_ingress(block: &Value, is_known: bool) {
    let wires: Vec<Vec<u8>> = transactions_of(block)
        .iter()
        .map(|recorded| BASE64_STANDARD.decode(recorded["raw"].as_str().unwrap()).unwrap())
        .collect();
    let verified = verify_batch(&wires, Verification::Strict);
    let mut signature_count = 0;
    for (recorded, result) in transactions_of(block).iter().zip(&verified) {
        let transaction = result.as_ref().unwrap_or_else(|error| panic!("{}: {error}", recorded["sig"])).transaction();
        signature_count += transaction.signatures().len();
    }
    let damaged: Vec<_> = verified.iter().flatten().map(|one| damage_last_signature(one.transaction())).collect();
    for (one, result) in verified.iter().flatten().zip(verify_batch(&damaged, Verification::Strict)) {
        let index = one.transaction().signatures().len() - 1;
        assert_eq!(result.err(), Some(IngressError::Signature { index }), "{:?}", one.transaction());
    }
    eprintln!("slot {}: {} transactions, {signature_count} signatures", block["slot"], verified.len());
    if is_known {
        assert_eq!((verified.len(), signature_count), (KNOWN_TRANSACTIONS, KNOWN_SIGNATURES));
    }
}

fn damage_last_signature(transaction: &SanitizedTransaction) -> Vec<u8> {
    let signature = transaction.signatures().last().expect("somebody pays");
    let mut bytes = transaction.wire_bytes().to_vec();
    let at = bytes.windows(signature.len()).position(|window| window == signature).expect("it is on the wire");
    // The first byte of its scalar: what it encodes stays canonical, so the equation has to fail.
    bytes[at + 32] ^= 1;
    bytes
}

/// Three ways to the waves of the block agree: the recurrence over lock sets, the frozen edges, and a graph that is run.
fn check_conflicts(block: &Value, is_known: bool) {
    for with_votes in [false, true] {
        let sets = lock_sets(block, with_votes);
        let stats = BlockStats::measure(sets.iter().map(Vec::as_slice), |_| 1);
        assert_eq!(stats.wave_widths(), run_in_waves(&sets), "votes {with_votes}");
        let schedule = Schedule::build(sets.iter().map(Vec::as_slice));
        assert_eq!(schedule.critical_path(|_| 1), stats.wave_count() as u64, "votes {with_votes}");
        assert_eq!(stats.critical_path().len(), stats.wave_count(), "votes {with_votes}");
        let (count, waves) = (sets.len(), stats.wave_count());
        eprintln!("slot {}, votes {with_votes}: {count} transactions, critical path {waves}", block["slot"]);
        if is_known && !with_votes {
            assert_eq!((count, waves), (KNOWN_NON_VOTES, KNOWN_NON_VOTE_WAVES));
        }
    }
}

/// The lock sets of the recorded keys, accounts numbered as they come.
fn lock_sets(block: &Value, with_votes: bool) -> Vec<Vec<AccountLock>> {
    let mut indices = BTreeMap::<&str, u32>::new();
    let mut sets = Vec::new();
    for recorded in transactions_of(block) {
        if recorded["vote"].as_bool().expect("a flag") && !with_votes {
            continue;
        }
        let mut locks = Vec::new();
        for (list, lock) in [("w", AccountLock::writable as fn(u32) -> AccountLock), ("r", AccountLock::readonly)] {
            for key in recorded[list].as_array().expect("a list of keys") {
                let next = indices.len() as u32;
                locks.push(lock(*indices.entry(key.as_str().expect("a key")).or_insert(next)));
            }
        }
        sets.push(locks);
    }
    sets
}

/// Runs all that is ready, then all that has become ready, and so on; returns how many ran each time.
fn run_in_waves(sets: &[Vec<AccountLock>]) -> Vec<u32> {
    let mut graph = ConflictGraph::new();
    for locks in sets {
        graph.insert(locks);
    }
    let mut widths = Vec::new();
    loop {
        let wave: Vec<_> = std::iter::from_fn(|| graph.pop_ready()).collect();
        if wave.is_empty() {
            break;
        }
        for &transaction in &wave {
            graph.complete(transaction);
        }
        widths.push(wave.len() as u32);
    }
    assert_eq!(widths.iter().sum::<u32>() as usize, sets.len(), "every transaction ran");
    widths
}

// ---- single transactions on the wire ------------------------------------------------------------------------------

/// What ingress makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Verified,
    /// It parses; this signature is the first that does not verify.
    BadSignature(usize),
    /// It breaks a rule of this field.
    Refused(WireField),
}

impl Verdict {
    fn of<T>(result: &Result<T, IngressError>) -> Self {
        match result {
            Ok(_) => Self::Verified,
            Err(IngressError::Signature { index }) => Self::BadSignature(*index),
            Err(IngressError::Wire(error)) => Self::Refused(error.field),
        }
    }
}

/// The files of shared/corpora/wire. `transaction5.bin` invokes a program that a lookup loads, which Firedancer's parser
/// once allowed and the protocol does not (`solana-message`: a program must be a static key).
const KNOWN_WIRE: [(&str, Verdict); 13] = [
    ("transaction1.bin", Verdict::Verified),
    ("transaction2.bin", Verdict::Verified),
    ("transaction3.bin", Verdict::BadSignature(0)),
    ("transaction4.bin", Verdict::Verified),
    ("transaction5.bin", Verdict::Refused(WireField::ProgramIndex)),
    ("transaction6.bin", Verdict::Verified),
    ("txn1.bin", Verdict::Verified),
    ("txn2.bin", Verdict::Verified),
    ("txn3.bin", Verdict::Verified),
    ("txn4.bin", Verdict::Verified),
    ("txn5.bin", Verdict::Verified),
    ("txn6.bin", Verdict::Verified),
    ("txn7.bin", Verdict::Verified),
];

#[test]
fn serialised_transactions() {
    let Some(files) = corpus("wire", "bin") else { return };
    let wires: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    for (file, (bytes, batched)) in files.iter().zip(wires.iter().zip(verify_batch(&wires, Verification::Strict))) {
        let name = name_of(file);
        let verdict = Verdict::of(&batched);
        assert_eq!(Verdict::of(&VerifiedTransaction::new(bytes)), verdict, "{name}: alone and in a batch");
        let parsed = SanitizedTransaction::parse(bytes).map_err(IngressError::from);
        let stepwise = parsed.and_then(|transaction| verify_signatures(&transaction));
        assert_eq!(Verdict::of(&stepwise), verdict, "{name}: in one step and in two");
        eprintln!("{name}: {verdict:?}");
        if let Some((_, known)) = KNOWN_WIRE.iter().find(|(known, _)| *known == name) {
            assert_eq!(verdict, *known, "{name}");
        }
    }
}
