//! Real data that nobody of us wrote, from `$HEDDLE_CORPORA` (default `../shared/corpora` beside the workspace); each test
//! says so and passes where it is absent. The runners take any data of the format; of files that are known by name they
//! check what is known of them.

mod fixture;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use fixture::{AccountMessage, Fixture, InstructionMessage};
use flate2::read::GzDecoder;
use heddle_engine::{IngressError, Verification, VerifiedTransaction, verify_batch, verify_signatures};
use heddle_programs::ShippedProgram;
use heddle_scheduler::{BlockStats, ConflictGraph, Schedule};
use heddle_types::{Account, AccountLock, InstructionError, Pubkey, SanitizedTransaction, wire::WireField};
use heddle_vm::{BlockEnvironment, ExecutionMode, InvokeContext, ProgramCache, ProgramEntry, ProgramSource, Runtime};
use prost::Message;
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

// ---- single instructions of the token program ---------------------------------------------------------------------

/// The shipped programs, whatever loader their accounts name.
struct ShippedPrograms {
    runtime: Arc<Runtime>,
    shipped: Vec<ShippedProgram>,
    cache: ProgramCache,
}

impl ProgramSource for ShippedPrograms {
    fn program(&self, key: &Pubkey, _account: &Account) -> Option<Arc<ProgramEntry>> {
        let program = self.shipped.iter().find(|program| program.key == *key)?;
        Some(self.cache.get_or_load(key, 0, &self.runtime, &program.elf))
    }

    fn was_program(&self, _key: &Pubkey) -> bool {
        true
    }
}

/// One machine, used for fixture after fixture as a worker uses it.
struct Machine {
    context: InvokeContext,
    programs: Arc<ShippedPrograms>,
}

/// Everything that a run leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    status: Result<(), InstructionError>,
    compute_units: u64,
    logs: Option<Vec<String>>,
    return_program: Pubkey,
    return_data: Vec<u8>,
    /// As the engine would keep them: those before the run if it failed.
    accounts: BTreeMap<Pubkey, Account>,
}

impl Machine {
    fn new(mode: ExecutionMode) -> Self {
        let runtime = heddle_programs::runtime_builder().execution_mode(mode).build();
        let shipped = heddle_programs::shipped_programs();
        let programs = ShippedPrograms { runtime: Arc::clone(&runtime), shipped, cache: ProgramCache::default() };
        let programs = Arc::new(programs);
        let block = Arc::new(BlockEnvironment::new(Default::default(), Default::default()));
        Self { context: InvokeContext::new(runtime, block, programs.clone()), programs }
    }

    fn run(&mut self, input: &InstructionMessage) -> Run {
        let mut block = BlockEnvironment::new(Default::default(), input.sysvars.blockhash());
        block.sysvars = input.sysvars.to_cache();
        self.context.set_block(Arc::new(block), self.programs.clone());
        self.context.begin(input.budget.to_budget(), true);
        let before = self.load(input);
        let status = self.context.execute_instructions().map_err(|(_, error)| error);
        let transaction = &self.context.transaction;
        let after = before.iter().map(|(key, account)| {
            let index = transaction.index_of_key(key).expect("it was loaded");
            (*key, if status.is_ok() { transaction.account_at(index) } else { account }.clone())
        });
        let accounts = after.collect();
        let (return_program, return_data) = transaction.return_data();
        let (return_program, return_data) = (*return_program, return_data.to_vec());
        let compute_units = self.context.consumed_units();
        Run { status, compute_units, logs: self.context.take_logs(), return_program, return_data, accounts }
    }

    /// Gives the machine the accounts, each address once (the first mention counts), and the instruction. Returns the
    /// accounts that the fixture named.
    fn load(&mut self, input: &InstructionMessage) -> BTreeMap<Pubkey, Account> {
        let transaction = &mut self.context.transaction;
        let mut named = BTreeMap::new();
        for (key, account) in input.accounts.iter().map(AccountMessage::to_account) {
            if let Entry::Vacant(place) = named.entry(key) {
                transaction.add_account(key, account.clone());
                place.insert(account);
            }
        }
        let program = fixture::pubkey(&input.program_id);
        if !named.contains_key(&program) {
            transaction.add_account(program, program_account(&program));
        }
        let index_of = |key: &Pubkey| transaction.index_of_key(key).expect("it was loaded") as u8;
        let index_at = |index: u32| index_of(&fixture::pubkey(&input.accounts[index as usize].address));
        let indices: Vec<u8> = input.instruction_accounts.iter().map(|account| index_at(account.index)).collect();
        let program_index = index_of(&program).into();
        // One account has the same privileges wherever a message mentions it.
        let mentions = |index: usize| {
            let all = indices.iter().zip(&input.instruction_accounts);
            all.filter(move |(mentioned, _)| usize::from(**mentioned) == index).map(|(_, account)| account)
        };
        transaction.add_instruction(program_index, &indices, &input.data, |index| {
            (mentions(index).any(|account| account.is_signer), mentions(index).any(|account| account.is_writable))
        });
        named
    }
}

/// The account of a builtin or of a shipped program.
fn program_account(key: &Pubkey) -> Account {
    let accounts = heddle_programs::genesis_accounts();
    let found = accounts.into_iter().find(|(candidate, _)| candidate == key);
    found.unwrap_or_else(|| panic!("{key} is a program that Heddle does not ship")).1
}

/// What Mollusk records of a status: the program's return value, or all ones for an error that no program can return.
fn program_result(status: &Result<(), InstructionError>) -> u64 {
    /// Codes in the upper half of a return value (`solana-program-error`): `Custom(0)` to `IncorrectAuthority`.
    const CODES: RangeInclusive<u64> = 1..=26;
    match status {
        Ok(()) => 0,
        Err(InstructionError::Custom(code)) if *code != 0 => u64::from(*code),
        Err(error) => {
            let mut values = CODES.map(|code| code << 32);
            values.find(|value| InstructionError::from(*value) == *error).unwrap_or(u64::MAX)
        }
    }
}

/// Everything in which a run differs from the fixture.
fn differences(run: &Run, fixture: &Fixture) -> Vec<String> {
    let expected = &fixture.output;
    let mut found = Vec::new();
    if program_result(&run.status) != expected.program_result {
        found.push(format!("result: expected {:#x}, got {:?}", expected.program_result, run.status));
    }
    if run.return_data != expected.return_data {
        found.push(format!("return data: expected {:?}, got {:?}", expected.return_data, run.return_data));
    }
    for (key, expected) in expected.accounts.iter().map(AccountMessage::to_account) {
        let actual = run.accounts.get(&key);
        if actual != Some(&expected) {
            found.push(format!("account {key}: expected {expected:?}, got {actual:?}"));
        }
    }
    found
}

#[test]
fn token_fixtures() {
    let Some(files) = corpus("token-fixtures", "fix") else { return };
    let mut compiled = Machine::new(ExecutionMode::Jit);
    let mut interpreted = Machine::new(ExecutionMode::Interpreter);
    let (mut failed_count, mut failures) = (0, Vec::new());
    for file in &files {
        let name = name_of(file);
        let decoded = Fixture::decode(fs::read(file).unwrap().as_slice());
        let fixture = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
        let run = compiled.run(&fixture.input);
        assert_eq!(interpreted.run(&fixture.input), run, "{name}: interpreted and compiled");
        assert_ne!(run.compute_units, 0, "{name}: nothing ran");
        failed_count += usize::from(run.status.is_err());
        let found = differences(&run, &fixture);
        if !found.is_empty() {
            let logs = run.logs.unwrap_or_default();
            failures.push(format!("{name}:\n    {}\n    logs {logs:#?}", found.join("\n    ")));
        }
    }
    eprintln!("{} fixtures, {failed_count} of them of failing instructions", files.len());
    assert!(failures.is_empty(), "{} of {} differ:\n  {}", failures.len(), files.len(), failures.join("\n  "));
}
