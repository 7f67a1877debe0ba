//! `heddle init` and `heddle accounts` as scripts see them: databases from files, files from databases, and what is
//! refused.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use ed25519_dalek::{Signer, SigningKey};
use heddle_engine::Engine;
use heddle_programs::{LoaderV3State, programdata_address, shipped_programs};
use heddle_storage::RocksStore;
use heddle_types::{Account, Hash, Pubkey, ids};
use serde_json::{Value, json};
use tempfile::TempDir;

fn heddle(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heddle")).args(arguments).output().expect("the binary runs")
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("one JSON object on stdout")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

fn init(database: &Path, extra: &[&str]) -> Output {
    heddle(&[&["init", "--db", text(database), "--json"], extra].concat())
}

fn check_refused(output: &Output, code: i32, told: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
    assert!(stderr(output).contains(told), "{} should tell {told}", stderr(output));
}

fn address(n: u8) -> String {
    plain(n).to_string()
}

fn plain(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

fn payer() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn payer_address() -> Pubkey {
    Pubkey::new_from_array(payer().verifying_key().to_bytes())
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// A file with the real memo program.
fn memo(directory: &Path) -> PathBuf {
    let path = directory.join("memo.so");
    let programs = shipped_programs();
    let memo = programs.iter().find(|program| program.name == "memo-3").expect("shipped");
    fs::write(&path, &memo.elf).expect("writable");
    path
}

/// An account file.
fn account_file(directory: &Path, n: u8, lamports: u64) -> PathBuf {
    let path = directory.join(format!("{n}.json"));
    let file = json!({"pubkey": address(n), "account": {
        "lamports": lamports, "data": ["aGVkZGxl", "base64"], "owner": address(99), "executable": false,
        "rentEpoch": u64::MAX, "space": 6,
    }});
    fs::write(&path, file.to_string()).expect("writable");
    path
}

/// A signed legacy transaction that calls `program` with `data` and no accounts.
fn call(program: Pubkey, data: &[u8], blockhash: Hash) -> Vec<u8> {
    let mut message = vec![1, 0, 1, 2];
    message.extend_from_slice(payer_address().as_ref());
    message.extend_from_slice(program.as_ref());
    message.extend_from_slice(blockhash.as_ref());
    message.extend_from_slice(&[1, 1, 0, u8::try_from(data.len()).expect("short data")]);
    message.extend_from_slice(data);
    [&[1][..], &payer().sign(&message).to_bytes(), &message].concat()
}

#[test]
fn programs_given_by_argument_run() {
    let directory = directory();
    let database = directory.path().join("db");
    let elf = memo(directory.path());
    let payer = payer_address().to_string();
    let (plain_program, frozen, open) = (address(21), address(22), address(23));
    let report = json_of(&init(
        &database,
        &[
            &["--fund", &payer, "10000000000", "--timestamp", "1700000000"][..],
            &["--bpf-program", &plain_program, text(&elf)],
            &["--upgradeable-program", &frozen, text(&elf), "none"],
            &["--upgradeable-program", &open, text(&elf), &payer],
        ]
        .concat(),
    ));
    assert_eq!((&report["slot"], &report["timestamp"]), (&json!(0), &json!(1_700_000_000)));
    let shown = json_of(&heddle(&["accounts", "show", "--db", text(&database), &frozen, &plain_program, "--json"]));
    assert_eq!(shown["accounts"][0]["owner"], ids::bpf_loader_upgradeable::ID.to_string());
    assert_eq!(shown["accounts"][1]["owner"], ids::bpf_loader::ID.to_string());
    assert_eq!(shown["accounts"][1]["executable"], true);

    let store = RocksStore::open(&database).expect("what init made");
    let engine = Engine::builder().store(store).record_details(true).build().expect("it goes on");
    assert_eq!(engine.tip().state_hash.to_string(), report["state_hash"]);
    assert_eq!(engine.latest_blockhash().to_string(), report["blockhash"]);
    for n in [21, 22, 23] {
        let receipt = engine.execute(&call(plain(n), b"hello", engine.latest_blockhash())).expect("in a block");
        assert_eq!(receipt.status, Ok(()));
        let logs = receipt.details.expect("recorded").logs.join("\n");
        assert!(logs.contains("Memo (len 5): \"hello\""), "{logs}");
    }
    let authority = |n| {
        let data = engine.account(&programdata_address(&plain(n))).expect("readable").expect("there").data;
        LoaderV3State::from_bytes(&data)
    };
    assert_eq!(authority(22), Some(LoaderV3State::ProgramData { slot: 0, authority: None }));
    assert_eq!(authority(23), Some(LoaderV3State::ProgramData { slot: 0, authority: Some(payer_address()) }));
}

#[test]
fn every_source_adds_up() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    let accounts = path("accounts");
    fs::create_dir(&accounts).expect("a directory");
    account_file(&accounts, 31, 1_000_031);
    account_file(&accounts, 32, 1_000_032);
    fs::write(accounts.join("notes.txt"), "no account").expect("writable");
    let (named, moved) = (account_file(directory.path(), 33, 1_000_033), account_file(directory.path(), 34, 1_000_034));
    account_file(directory.path(), 35, 1_000_035);
    let genesis = json!({"timestamp": -7, "blockhash": address(50), "accounts": ["35.json"],
        "fund": [{"address": address(36), "lamports": 1_000_036}]});
    fs::write(path("genesis.json"), genesis.to_string()).expect("writable");
    let plain_chain = json_of(&init(&path("plain"), &[]));
    let report = json_of(&init(
        &path("db"),
        &[
            &["--account-dir", text(&accounts), "--genesis", text(&path("genesis.json"))][..],
            &["--account", "-", text(&named), "--account", &address(37), text(&moved)],
        ]
        .concat(),
    ));
    let count = |report: &Value, key: &str| report[key].as_u64().expect("a number");
    assert_eq!(count(&report, "accounts"), count(&plain_chain, "accounts") + 6);
    let lamports = (31..=36).map(|n| 1_000_000 + n).sum::<u64>();
    assert_eq!(count(&report, "lamports"), count(&plain_chain, "lamports") + lamports);
    assert_eq!((&report["timestamp"], &report["blockhash"]), (&json!(-7), &json!(address(50))));

    let show = |arguments: &[&str]| heddle(&[&["accounts", "show", "--db", text(&path("db"))], arguments].concat());
    let page = show(&[&address(37), &address(34), &address(36)]);
    check_refused(&page, 1, &format!("no such accounts: {}", address(34)));
    for told in ["1000034", &address(99), "6 bytes", "686564646c65", "1000036"] {
        assert!(stdout(&page).contains(told), "{} should tell {told}", stdout(&page));
    }
    // A time given as an argument counts more than the file's.
    let other = json_of(&init(&path("other"), &["--genesis", text(&path("genesis.json")), "--timestamp", "5"]));
    assert_eq!(other["timestamp"], 5);
}

/// A program account alone, as people save it first, is taken, and they are told what is missing.
#[test]
fn a_program_without_its_data_is_noted() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    let program = LoaderV3State::Program { programdata: plain(9) }.to_bytes();
    let mut file = Vec::new();
    let account = Account::new(1_000_000, &program, ids::bpf_loader_upgradeable::ID);
    heddle_genesis::write_account(&mut file, &plain(22), &account).expect("in memory");
    fs::write(path("program.json"), file).expect("writable");
    let output = init(&path("db"), &["--account", "-", text(&path("program.json"))]);
    json_of(&output);
    let told = format!("program {} cannot run, because its account {} is not given", address(22), address(9));
    assert!(stderr(&output).contains(&told), "{}", stderr(&output));
}

/// The directory of an export makes the same state, with nothing but the directory given.
#[test]
fn an_export_makes_the_same_state() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    let elf = memo(directory.path());
    let file = account_file(directory.path(), 31, 5_000_000);
    let first = json_of(&init(
        &path("first"),
        &[
            &["--fund", &payer_address().to_string(), "10000000000", "--timestamp", "1700000000"][..],
            &["--upgradeable-program", &address(22), text(&elf), "none", "--account", "-", text(&file)],
        ]
        .concat(),
    ));
    let export = |out: &Path, extra: &[&str]| {
        heddle(&[&["accounts", "export", "--db", text(&path("first")), "--out", text(out)], extra].concat())
    };
    let exported = json_of(&export(&path("all"), &["--all", "--json"]));
    assert_eq!(exported["exported"], first["accounts"]);
    assert_eq!(fs::read_dir(path("all")).expect("made").count() as u64, first["accounts"].as_u64().expect("a number"));
    let second = json_of(&init(&path("second"), &["--account-dir", text(&path("all"))]));
    assert_eq!(second, first, "state, hashes, time and counts");

    check_refused(&export(&path("all"), &["--all"]), 1, "is not empty");
    let owned = json_of(&export(&path("owned"), &["--all", "--owner", &address(99), "--json"]));
    assert_eq!(owned["exported"], 1);
    let some = export(&path("some"), &[&address(77), &address(31), &address(78)]);
    check_refused(&some, 1, &format!("no such accounts: {}, {}", address(77), address(78)));
    for out in ["owned", "some"] {
        let written = fs::read(path(out).join(format!("{}.json", address(31)))).expect("written");
        let written: Value = serde_json::from_slice(&written).expect("JSON");
        let read: Value = serde_json::from_slice(&fs::read(&file).expect("readable")).expect("JSON");
        assert_eq!(written, read);
        assert_eq!(fs::read_dir(path(out)).expect("made").count(), 1);
    }
}

/// A chain that has run leaves sysvars of later slots; a new chain begins with its own.
#[test]
fn an_export_of_a_running_chain_begins_a_new_one() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    let load = ["load", "--transactions", "300", "--accounts", "20", "--block-size", "100", "--workload", "token"];
    json_of(&heddle(&[&load[..], &["--json", "--db", text(&path("first"))]].concat()));
    let exported = heddle(&["accounts", "export", "--db", text(&path("first")), "--all", "--out", text(&path("all"))]);
    assert!(exported.status.success(), "{}", stderr(&exported));
    json_of(&init(&path("second"), &["--account-dir", text(&path("all"))]));
    let accounts = |name: &str| {
        let store = RocksStore::open_read_only(path(name)).expect("a database");
        let mut accounts = Vec::new();
        let mut visit = |key: &Pubkey, account: Account| accounts.push((*key, account));
        heddle_storage::Store::for_each_account(&store, &mut visit).expect("readable");
        let made = [ids::sysvar::clock::ID, ids::sysvar::slot_hashes::ID, ids::sysvar::recent_blockhashes::ID];
        accounts.retain(|(key, _)| !made.contains(key));
        accounts
    };
    assert!(accounts("first").len() > 60, "people, token accounts and programs");
    assert_eq!(accounts("second"), accounts("first"));
    let verified = json_of(&heddle(&["verify", "--db", text(&path("second")), "--json"]));
    assert_eq!(verified["ok"], true);
}

#[test]
fn a_chain_is_not_overwritten() {
    let directory = directory();
    let database = directory.path().join("db");
    let first = json_of(&init(&database, &["--fund", &address(41), "5"]));
    for extra in [&["--fund", &address(41), "5"][..], &[]] {
        let again = init(&database, extra);
        check_refused(&again, 1, &format!("{} holds a chain already, its newest block is at slot 0", text(&database)));
    }
    let shown = json_of(&heddle(&["accounts", "show", "--db", text(&database), &address(41), "--json"]));
    assert_eq!((&shown["slot"], &shown["accounts"][0]["lamports"]), (&first["slot"], &json!(5)));
}

#[test]
fn what_is_refused_leaves_no_database() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    let database = path("db");
    let elf = memo(directory.path());
    let file = account_file(directory.path(), 31, 5);
    fs::write(path("broken.so"), b"\x7fELF and nothing else").expect("writable");
    fs::write(path("broken.json"), r#"{"pubkey": "x"}"#).expect("writable");
    fs::write(path("genesis.json"), r#"{"bonus": 1}"#).expect("writable");
    let (one, two) = (address(31), address(32));
    let [broken_elf, broken, genesis, absent] =
        ["broken.so", "broken.json", "genesis.json", "absent"].map(|name| text(&path(name)).to_owned());
    let cases: [(&[&str], i32, String); 13] = [
        (&["--fund", "x", "5"], 2, "--fund: \"x\" is no address".into()),
        (&["--fund", &one, "-5"], 2, "-5".into()),
        (&["--fund", &one, "5.5"], 2, "--fund: \"5.5\" is no balance".into()),
        (&["--fund", &one], 2, "--fund".into()),
        (&["--upgradeable-program", &one, text(&elf), "nobody"], 2, "\"nobody\" is no address".into()),
        (&["--timestamp", "noon"], 2, "--timestamp".into()),
        (&["--fund", &one, "0"], 1, format!("account {one}, given by --fund, has no lamports")),
        (&["--fund", &one, "5", "--account", "-", text(&file)], 1, format!("account {one} is given twice, by --fund")),
        (&["--bpf-program", &one, &broken_elf], 1, format!("program {one}: {broken_elf} cannot run")),
        (&["--account", "-", &broken], 1, "broken.json: pubkey is \"x\"".into()),
        (&["--account", &two, &broken], 1, "broken.json: pubkey is \"x\"".into()),
        (&["--account-dir", &absent], 1, "cannot read".into()),
        (&["--genesis", &genesis], 1, "unknown fields [\"bonus\"]".into()),
    ];
    for (arguments, code, told) in cases {
        check_refused(&init(&database, arguments), code, &told);
        assert!(!database.exists(), "{arguments:?} made a database");
    }
}

#[test]
fn bad_arguments_of_accounts_exit_with_2() {
    let one = address(31);
    for (arguments, told) in [
        (&["accounts"][..], "show"),
        (&["accounts", "show", "--db", "x"], "ADDR"),
        (&["accounts", "show", "--db", "x", "me"], "no address in base58"),
        (&["accounts", "export", "--db", "x", "--out", "y"], "ADDR"),
        (&["accounts", "export", "--db", "x", "--all"], "--out"),
        (&["accounts", "export", "--db", "x", "--out", "y", "--all", &one], "--all"),
        (&["accounts", "export", "--db", "x", "--out", "y", &one, "--owner", &one], "--owner"),
    ] {
        check_refused(&heddle(arguments), 2, told);
    }
    let absent = heddle(&["accounts", "export", "--db", "/nowhere/db", "--out", "/nowhere/out", "--all"]);
    check_refused(&absent, 1, "/nowhere/db");
}
