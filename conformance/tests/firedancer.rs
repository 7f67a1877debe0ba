//! Fixtures of Firedancer's format in both generations, written here, through the command.

mod common;

use common::{Folder, SYSTEM, counts, key, run, transfer};
use conformance::{
    features,
    firedancer::{self, ENTRY_POINT},
    machine::Harness,
    schema::firedancer::{
        AcctState, EpochContext, FeatureSet, FixtureMetadata, InstrAcct, InstrContext, InstrEffects, InstrFixture,
        SlotContext,
    },
    xxh64::xxh64,
};
use heddle_programs::{LoaderV3State, shipped_programs};
use heddle_types::{Pubkey, ids};
use heddle_vm::{Clock, ExecutionMode};
use prost::Message;

const UNITS: u64 = 200_000;
const SYSTEM_UNITS: u64 = 150;
/// One more than the index of the error.
const CUSTOM: i32 = 26;
const UNSUPPORTED_PROGRAM: i32 = 31;

#[derive(Clone, Copy, PartialEq)]
enum Generation {
    Older,
    Newer,
}

fn account(generation: Generation, key: Pubkey, lamports: u64, data: &[u8], owner: Pubkey) -> AcctState {
    let (older, newer) =
        if generation == Generation::Older { (data.to_vec(), None) } else { (vec![], Some(data.to_vec())) };
    AcctState {
        address: key.to_bytes().to_vec(),
        lamports,
        data: older,
        new_data: newer,
        owner: owner.to_bytes().to_vec(),
        ..AcctState::default()
    }
}

/// As effects of the newer generation have it.
fn hashed(account: AcctState) -> AcctState {
    let data = account.new_data.clone().unwrap_or_default();
    let hash = if data.is_empty() { 0 } else { xxh64(&data) };
    AcctState { new_data: None, data_hash: Some(hash), ..account }
}

fn clock(generation: Generation, slot: u64) -> AcctState {
    let clock = Clock { slot, ..Clock::default() };
    account(generation, ids::sysvar::clock::ID, 1, &clock.to_bytes(), ids::sysvar::ID)
}

fn context(generation: Generation, program: Pubkey, data: Vec<u8>, accounts: Vec<AcctState>) -> InstrContext {
    let features = FeatureSet { features: features::mainnet_numbers() };
    let is_older = generation == Generation::Older;
    InstrContext {
        program_id: program.to_bytes().to_vec(),
        accounts,
        instr_accounts: vec![],
        data,
        cu_avail: UNITS,
        slot_context: is_older.then_some(SlotContext { slot: 20 }),
        epoch_context: is_older.then(|| EpochContext { features: Some(features.clone()) }),
        features: (!is_older).then_some(features),
    }
}

fn fixture(input: InstrContext, output: InstrEffects) -> Vec<u8> {
    let metadata = Some(FixtureMetadata { fn_entrypoint: ENTRY_POINT.into() });
    InstrFixture { metadata, input: Some(input), output: Some(output) }.encode_to_vec()
}

fn transfer_input(generation: Generation, lamports: u64) -> InstrContext {
    let native = account(generation, SYSTEM, 1, b"system_program", ids::native_loader::ID);
    let accounts = vec![
        account(generation, key(1), 100, &[], SYSTEM),
        account(generation, key(2), 5, b"data", key(3)),
        AcctState { executable: true, ..native },
    ];
    let instr_accounts = vec![
        InstrAcct { index: 0, is_writable: true, is_signer: true },
        InstrAcct { index: 1, is_writable: true, is_signer: false },
    ];
    InstrContext { instr_accounts, ..context(generation, SYSTEM, transfer(lamports), accounts) }
}

fn transfer_effects(generation: Generation, ends: [u64; 2]) -> InstrEffects {
    let accounts =
        [account(generation, key(1), ends[0], &[], SYSTEM), account(generation, key(2), ends[1], b"data", key(3))];
    let modified_accounts =
        if generation == Generation::Newer { accounts.map(hashed).to_vec() } else { accounts.to_vec() };
    InstrEffects { modified_accounts, cu_avail: UNITS - SYSTEM_UNITS, ..InstrEffects::default() }
}

#[test]
fn both_generations_pass() {
    for generation in [Generation::Older, Generation::Newer] {
        let succeeds = fixture(transfer_input(generation, 30), transfer_effects(generation, [70, 35]));
        let effects =
            InstrEffects { result: CUSTOM, custom_err: 1, cu_avail: UNITS - SYSTEM_UNITS, ..InstrEffects::default() };
        let fails = fixture(transfer_input(generation, 101), effects);
        let (code, report) = run("firedancer", &Folder::new().with("a.fix", succeeds).with("b.fix", fails), &[]);
        assert_eq!((code, counts(&report)), (0, [2, 2, 0, 0]), "{report}");
    }
}

#[test]
fn what_is_wrong_fails() {
    for generation in [Generation::Older, Generation::Newer] {
        let lamports = fixture(transfer_input(generation, 30), transfer_effects(generation, [70, 36]));
        let mut effects = transfer_effects(generation, [70, 35]);
        match generation {
            Generation::Older => effects.modified_accounts[1].data[0] ^= 1,
            Generation::Newer => effects.modified_accounts[1].data_hash = Some(5),
        }
        let data = fixture(transfer_input(generation, 30), effects);
        let mut effects = transfer_effects(generation, [70, 35]);
        effects.modified_accounts.pop();
        let unlisted = fixture(transfer_input(generation, 30), effects);
        let effects = InstrEffects { result: CUSTOM, custom_err: 2, ..transfer_effects(generation, [100, 5]) };
        let code_of_error = fixture(transfer_input(generation, 101), effects);
        let units = InstrEffects { cu_avail: UNITS, ..transfer_effects(generation, [70, 35]) };
        let folder = Folder::new()
            .with("a.fix", lamports)
            .with("b.fix", data)
            .with("c.fix", unlisted)
            .with("d.fix", code_of_error)
            .with("e.fix", fixture(transfer_input(generation, 30), units));
        let (code, report) = run("firedancer", &folder, &[]);
        assert_eq!((code, counts(&report)), (1, [5, 0, 5, 0]), "{report}");
        let fields: Vec<&str> = report["failures"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|failure| failure["field"].as_str())
            .collect();
        let account = |name: &str| format!("account {}{name}", key(2));
        assert_eq!(
            fields,
            [account(" lamports"), account(" data"), account(""), "result".into(), "compute units".into()]
        );
    }
}

/// A memo program behind loader v3, deployed in `deployed`, called in slot 20.
fn program_input(generation: Generation, deployed: u64) -> InstrContext {
    let shipped = shipped_programs();
    let memo = shipped.iter().find(|program| program.name == "memo-3").expect("it is shipped");
    let (program, programdata) = (key(40), key(41));
    let program_state = LoaderV3State::Program { programdata }.to_bytes();
    let mut data = LoaderV3State::ProgramData { slot: deployed, authority: None }.to_bytes();
    data.resize(LoaderV3State::PROGRAM_DATA_HEADER_BYTES, 0);
    data.extend_from_slice(&memo.elf);
    let loader = ids::bpf_loader_upgradeable::ID;
    let accounts = vec![
        AcctState { executable: true, ..account(generation, program, 1, &program_state, loader) },
        account(generation, programdata, 1, &data, loader),
        clock(generation, 20),
    ];
    context(generation, program, b"hello".to_vec(), accounts)
}

/// The units that the program really takes; the fixture's then are its own, so they are compared.
fn program_units(generation: Generation) -> u64 {
    let (case, _) = firedancer::case(&program_input(generation, 3)).expect("complete");
    let run = Harness::new([]).run(&case, ExecutionMode::Interpreter).expect("it runs");
    assert_eq!((run.result, run.elfs.len(), run.has_foreign_elf), (Ok(()), 1, false), "{:?}", run.logs);
    run.compute_units
}

#[test]
fn a_loader_v3_program_runs() {
    for generation in [Generation::Older, Generation::Newer] {
        let cu_avail = UNITS - program_units(generation);
        let right = InstrEffects { cu_avail, ..InstrEffects::default() };
        let wrong = InstrEffects { cu_avail: cu_avail - 1, ..InstrEffects::default() };
        let folder = Folder::new()
            .with("right.fix", fixture(program_input(generation, 3), right))
            .with("wrong.fix", fixture(program_input(generation, 3), wrong));
        let (code, report) = run("firedancer", &folder, &[]);
        assert_eq!((code, counts(&report)), (1, [2, 1, 1, 0]), "{report}");
        assert_eq!(report["failures"][0]["field"], "compute units");
    }
}

#[test]
fn the_clock_decides_what_is_deployed() {
    let effects = InstrEffects { result: UNSUPPORTED_PROGRAM, cu_avail: UNITS, ..InstrEffects::default() };
    let today = fixture(program_input(Generation::Older, 20), effects);
    let (code, report) = run("firedancer", &Folder::new().with("today.fix", today), &[]);
    assert_eq!(code, 0, "{report}");
}

#[test]
fn fixtures_of_other_harnesses_are_no_cases() {
    let other = InstrFixture {
        metadata: Some(FixtureMetadata { fn_entrypoint: "sol_compat_txn_execute_v1".into() }),
        input: None,
        output: None,
    };
    let folder = Folder::new()
        .with("a.fix", other.encode_to_vec())
        .with("b.fix", fixture(transfer_input(Generation::Older, 30), transfer_effects(Generation::Older, [70, 35])));
    let (code, report) = run("firedancer", &folder, &[]);
    assert_eq!((code, counts(&report)), (0, [1, 1, 0, 0]), "{report}");
}
