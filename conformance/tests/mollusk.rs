//! Fixtures of Mollusk's format, written here, through the command: what is right passes, what is wrong fails.

mod common;

use common::{Folder, SYSTEM, conformance, counts, key, run, transfer};
use conformance::{
    compare::Options,
    features,
    machine::Harness,
    mollusk::Mollusk,
    report::Verdict,
    schema::mollusk::{
        AcctState, Clock, ComputeBudget, FeatureSet, InstrAcct, InstrContext, InstrEffects, InstrFixture,
        RecentBlockhashEntry, RecentBlockhashes, Rent, SysvarContext,
    },
    suite::{Format, SuiteFile},
};
use heddle_types::{Hash, Pubkey, ids};
use heddle_vm::{DurableNonce, NonceData, NonceState, NonceVersion};
use prost::Message;

/// Units of a system instruction.
const SYSTEM_UNITS: u64 = 150;

fn account(key: Pubkey, lamports: u64, data: &[u8], owner: Pubkey) -> AcctState {
    AcctState {
        address: key.to_bytes().to_vec(),
        lamports,
        data: data.to_vec(),
        owner: owner.to_bytes().to_vec(),
        ..AcctState::default()
    }
}

fn meta(index: u32, is_signer: bool, is_writable: bool) -> InstrAcct {
    InstrAcct { index, is_signer, is_writable }
}

fn input(data: Vec<u8>, instr_accounts: Vec<InstrAcct>, accounts: Vec<AcctState>) -> InstrContext {
    InstrContext {
        compute_budget: Some(ComputeBudget {
            compute_unit_limit: 200_000,
            invoke_units: 946,
            max_instruction_stack_depth: 5,
            heap_size: 32_768,
        }),
        feature_set: Some(FeatureSet { features: features::mainnet_numbers() }),
        sysvars: None,
        program_id: SYSTEM.to_bytes().to_vec(),
        instr_accounts,
        data,
        accounts,
    }
}

/// A transfer of 30 from an account of 100 to one of 5, which ends with these balances and this result.
fn transfer_fixture(lamports: u64, ends: [u64; 2], program_result: u64) -> InstrFixture {
    let accounts =
        |balances: [u64; 2]| vec![account(key(1), balances[0], &[], SYSTEM), account(key(2), balances[1], &[], SYSTEM)];
    InstrFixture {
        input: Some(input(transfer(lamports), vec![meta(0, true, true), meta(1, false, true)], accounts([100, 5]))),
        output: Some(InstrEffects {
            compute_units_consumed: SYSTEM_UNITS,
            program_result,
            resulting_accounts: accounts(ends),
            ..InstrEffects::default()
        }),
    }
}

/// A nonce account of `lamports` is initialised under a rent of 3480 a year for two years.
fn nonce_fixture(lamports: u64, program_result: u64) -> InstrFixture {
    let sysvar = |key| account(key, 1, &[], ids::sysvar::ID);
    let before = account(key(1), lamports, &[0; NonceState::SIZE_BYTES], SYSTEM);
    let data = NonceData {
        authority: key(9),
        durable_nonce: DurableNonce::from_blockhash(&Hash::default()),
        lamports_per_signature: 5000,
    };
    let mut state = [0; NonceState::SIZE_BYTES];
    assert!(NonceState { version: NonceVersion::Current, data: Some(data) }.write_to(&mut state));
    let after = account(key(1), lamports, if program_result == 0 { &state } else { &before.data }, SYSTEM);
    let sysvars = SysvarContext {
        clock: Some(Clock { slot: 7, ..Clock::default() }),
        rent: Some(Rent { lamports_per_byte_year: 3480, exemption_threshold: 2.0, burn_percent: 50 }),
        ..SysvarContext::default()
    };
    let recent = recent_blockhashes();
    let recent_account = account(ids::sysvar::recent_blockhashes::ID, 1, &recent, ids::sysvar::ID);
    // The rent account is empty, so the fixture's own list of sysvars counts.
    let rent_account = sysvar(ids::sysvar::rent::ID);
    let accounts = |nonce: &AcctState| vec![nonce.clone(), recent_account.clone(), rent_account.clone()];
    let instruction = [&6u32.to_le_bytes()[..], key(9).as_array()].concat();
    let metas = vec![meta(0, false, true), meta(1, false, false), meta(2, false, false)];
    InstrFixture {
        input: Some(InstrContext { sysvars: Some(sysvars), ..input(instruction, metas, accounts(&before)) }),
        output: Some(InstrEffects {
            compute_units_consumed: SYSTEM_UNITS,
            program_result,
            resulting_accounts: accounts(&after),
            ..InstrEffects::default()
        }),
    }
}

fn recent_blockhashes() -> Vec<u8> {
    [&1u64.to_le_bytes()[..], &[3; 32], &5000u64.to_le_bytes()].concat()
}

#[test]
fn what_is_right_passes() {
    let folder = Folder::new()
        .with("transfer.fix", transfer_fixture(30, [70, 35], 0).encode_to_vec())
        .with("nested/refused.fix", transfer_fixture(101, [100, 5], 1).encode_to_vec())
        .with("LICENSE", "a licence")
        .with("notes/README.md", "notes");
    let (code, report) = run("mollusk", &folder, &[]);
    assert_eq!((code, counts(&report)), (0, [2, 2, 0, 0]), "{report}");
    let (code, report) = run("mollusk", &folder, &["--filter", "nested"]);
    assert_eq!((code, counts(&report)), (0, [1, 1, 0, 0]), "{report}");
    for mode in ["jit", "interpreter", "both"] {
        assert_eq!(run("mollusk", &folder, &["--mode", mode]).0, 0);
    }
}

#[test]
fn wrong_lamports_fail() {
    let folder = Folder::new()
        .with("right.fix", transfer_fixture(30, [70, 35], 0).encode_to_vec())
        .with("wrong.fix", transfer_fixture(30, [70, 36], 0).encode_to_vec());
    let (code, report) = run("mollusk", &folder, &[]);
    assert_eq!((code, counts(&report)), (1, [2, 1, 1, 0]));
    let expected = serde_json::json!([{
        "name": "wrong.fix", "field": format!("account {} lamports", key(2)), "expected": "36", "actual": "35"
    }]);
    assert_eq!(report["failures"], expected);
    let keys: Vec<&String> = report.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["total", "passed", "failed", "skipped", "failures"]);
}

#[test]
fn wrong_results_units_data_and_owners_fail() {
    let mut units = transfer_fixture(30, [70, 35], 0);
    units.output.as_mut().expect("output").compute_units_consumed = 151;
    let mut data = transfer_fixture(30, [70, 35], 0);
    data.output.as_mut().expect("output").resulting_accounts[0].data = vec![1];
    let mut owner = transfer_fixture(30, [70, 35], 0);
    owner.output.as_mut().expect("output").resulting_accounts[1].owner = key(8).to_bytes().to_vec();
    let mut returned = transfer_fixture(30, [70, 35], 0);
    returned.output.as_mut().expect("output").return_data = vec![7];
    let mut unlisted = transfer_fixture(30, [70, 35], 0);
    unlisted.output.as_mut().expect("output").resulting_accounts.pop();
    let folder = Folder::new()
        .with("data.fix", data.encode_to_vec())
        .with("owner.fix", owner.encode_to_vec())
        .with("result.fix", transfer_fixture(30, [70, 35], 1).encode_to_vec())
        .with("returned.fix", returned.encode_to_vec())
        .with("units.fix", units.encode_to_vec())
        .with("unlisted.fix", unlisted.encode_to_vec());
    let (code, report) = run("mollusk", &folder, &[]);
    assert_eq!((code, counts(&report)), (1, [6, 0, 6, 0]));
    let failures = report["failures"].as_array().expect("a list");
    let fields: Vec<&str> = failures.iter().map(|failure| failure["field"].as_str().expect("a field")).collect();
    let account = |index: u8, name: &str| format!("account {}{name}", key(index));
    let expected = [
        account(1, " data"),
        account(2, " owner"),
        "result".into(),
        "return data".into(),
        "compute units".into(),
        account(2, ""),
    ];
    assert_eq!(fields, expected);
    let (_, report) = run("mollusk", &folder, &["--ignore-compute-units", "--filter", "units"]);
    assert_eq!(counts(&report), [1, 1, 0, 0]);
}

/// 208 bytes × 3480 × 2 years.
#[test]
fn sysvars_of_the_fixture_are_honoured() {
    const INSUFFICIENT_FUNDS: u64 = 6 << 32;
    let folder = Folder::new()
        .with("exempt.fix", nonce_fixture(1_447_680, 0).encode_to_vec())
        .with("short.fix", nonce_fixture(1_447_679, INSUFFICIENT_FUNDS).encode_to_vec());
    let (code, report) = run("mollusk", &folder, &[]);
    assert_eq!((code, counts(&report)), (0, [2, 2, 0, 0]), "{report}");
    let mut dearer = nonce_fixture(1_447_680, 0);
    let sysvars = dearer.input.as_mut().and_then(|input| input.sysvars.as_mut()).expect("sysvars");
    sysvars.rent.as_mut().expect("rent").lamports_per_byte_year += 1;
    let (code, _) = run("mollusk", &Folder::new().with("dearer.fix", dearer.encode_to_vec()), &[]);
    assert_eq!(code, 1);
    // Sysvars among the accounts come before the fixture's own list.
    let mut listed = nonce_fixture(1_447_680, 0);
    let entry = RecentBlockhashEntry { blockhash: vec![4; 32], lamports_per_signature: 1 };
    let sysvars = listed.input.as_mut().and_then(|input| input.sysvars.as_mut()).expect("sysvars");
    sysvars.recent_blockhashes = Some(RecentBlockhashes { entries: vec![entry] });
    let (code, report) = run("mollusk", &Folder::new().with("listed.fix", listed.encode_to_vec()), &[]);
    assert_eq!(code, 0, "{report}");
}

/// A gate that we cannot follow may explain another result of an sBPF program, never another balance of one that succeeds.
#[test]
fn gates_that_we_cannot_follow_are_named() {
    let memo = heddle_programs::ids::MEMO_3;
    let fixture = |program_result, is_balance_wrong| {
        let accounts = |lamports| vec![account(key(1), lamports, &[], SYSTEM)];
        let mut fixture = InstrFixture {
            input: Some(input(b"hello".to_vec(), vec![meta(0, true, false)], accounts(100))),
            output: Some(InstrEffects { program_result, ..InstrEffects::default() }),
        };
        let direct_mapping: Pubkey = "CR3dVN2Yoo95Y96kLSTaziWDAQT2MNEpiWh5cqVq2pNE".parse().expect("an address");
        let input = fixture.input.as_mut().expect("input");
        input.program_id = memo.to_bytes().to_vec();
        input.feature_set.as_mut().expect("gates").features.push(features::number_of(&direct_mapping));
        let lamports = if is_balance_wrong { 101 } else { 100 };
        fixture.output.as_mut().expect("output").resulting_accounts = accounts(lamports);
        fixture.encode_to_vec()
    };
    let folder = Folder::new()
        .with("a.fix", fixture(0, false))
        .with("b.fix", fixture(u64::MAX, false))
        .with("c.fix", fixture(0, true));
    let (code, report) = run("mollusk", &folder, &[]);
    assert_eq!((code, counts(&report)), (1, [3, 1, 1, 1]), "{report}");
    let output = conformance(&["mollusk", folder.path().to_str().expect("a name"), "--skipped"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("skipped b.fix: wants feature gate account_data_direct_mapping active"), "{text}");
}

#[test]
fn an_elf_can_be_supplied() {
    let shipped = heddle_programs::shipped_programs();
    let memo = shipped.iter().find(|program| program.name == "memo-3").expect("it is shipped");
    let mut fixture = transfer_fixture(30, [100, 5], 0);
    let input = fixture.input.as_mut().expect("input");
    input.program_id = key(77).to_bytes().to_vec();
    input.data = b"hello".to_vec();
    input.instr_accounts.truncate(1);
    let folder = Folder::new().with("memo.fix", fixture.encode_to_vec());
    let elf = Folder::new().with("memo.so", &memo.elf);
    let elf = elf.path().join("memo.so");
    let program = key(77).to_string();
    let options = ["--program-id", &program, "--elf", elf.to_str().expect("a name")];
    let (code, report) = run("mollusk", &folder, &options);
    assert_eq!((code, counts(&report)), (0, [1, 1, 0, 0]), "{report}");
    assert_eq!(run("mollusk", &folder, &[&options[..], &["--check-compute-units"]].concat()).0, 1);
    assert_eq!(run("mollusk", &folder, &[]).0, 1, "nobody has that program");
    assert_eq!(conformance(&["mollusk", "x", "--elf", "y"]).status.code(), Some(2));
}

/// Whatever becomes of a fixture's bytes, a verdict comes of it.
#[test]
fn damaged_fixtures_end_as_verdicts() {
    let bytes = nonce_fixture(1_447_680, 0).encode_to_vec();
    let runner = Mollusk::new(Harness::new([]), Options::default());
    let verdict = |bytes: &[u8]| {
        let file = SuiteFile { name: "a".into(), path: "a".into(), bytes: bytes.to_vec() };
        runner.run(&file).remove(0).verdict
    };
    assert_eq!(verdict(&bytes), Verdict::passed());
    for end in (0..bytes.len()).step_by(7) {
        assert_ne!(verdict(&bytes[..end]), Verdict::passed(), "cut at {end}");
    }
    let mut changed = 0;
    for index in (0..bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[index] ^= 0x41;
        changed += usize::from(verdict(&damaged) != Verdict::passed());
    }
    assert!(changed > 0);
}

#[test]
fn nothing_to_run_is_an_error() {
    let run = |folder: &Folder, options: &[&str]| {
        let folder = folder.path().to_str().expect("a name").to_owned();
        conformance(&[&["mollusk", &folder], options].concat()).status.code()
    };
    assert_eq!(run(&Folder::new(), &[]), Some(2));
    assert_eq!(run(&Folder::new().with("README.md", "nothing"), &[]), Some(2));
    let folder = Folder::new().with("a.fix", transfer_fixture(30, [70, 35], 0).encode_to_vec());
    assert_eq!(run(&folder, &["--filter", "nowhere"]), Some(2));
    assert_eq!(conformance(&["mollusk", "/no/such/folder"]).status.code(), Some(2));
    assert_eq!(conformance(&["nonsense"]).status.code(), Some(2));
    for suite in ["mollusk", "firedancer", "vm", "wire", "elf", "docs"] {
        assert_eq!(conformance(&[suite, "--help"]).status.code(), Some(0), "{suite}");
    }
}

#[test]
fn a_file_that_is_no_fixture_fails() {
    let (code, report) = run("mollusk", &Folder::new().with("a.fix", b"\xff\xff\xff"), &[]);
    assert_eq!((code, report["failures"][0]["field"].as_str()), (1, Some("decode")));
    let (code, report) = run("mollusk", &Folder::new().with("a.fix", InstrFixture::default().encode_to_vec()), &[]);
    assert_eq!((code, report["failures"][0]["actual"].as_str()), (1, Some("no input")));
}
