//! What Agave did with single transactions (`oracle/cases/*.json`), beside what this engine does, compiled and interpreted;
//! and the command on such files.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use common::{Folder, conformance, counts, run};
use conformance::{oracle_cases::OracleCases, suite};

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../oracle/cases")
}

fn check_topic(topic: &str) {
    const SHOWN_MAX: usize = 40;
    let path = cases_folder().join(format!("{topic}.json"));
    let report = suite::run_folder(&path, None, &OracleCases::default()).expect("a case file");
    assert_eq!(report.skipped(), 0, "a recorded case needs gates that are none of ours");
    let (failed, total) = (report.failed(), report.cases().len());
    let fields = report.to_json().failures.into_iter().take(SHOWN_MAX);
    let shown: Vec<String> = fields
        .map(|one| format!("{} {}\n    expected {}\n    actual   {}", one.name, one.field, one.expected, one.actual))
        .collect();
    assert!(failed == 0, "{failed} of {total} transactions differ from Solana:\n  {}", shown.join("\n  "));
}

#[test]
fn every_case_file_is_replayed() {
    let entries = fs::read_dir(cases_folder()).expect("a folder").map(|entry| entry.expect("readable").path());
    let topics: Vec<String> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(!topics.is_empty());
    for topic in topics {
        let call = format!("check_topic(\"{topic}\")");
        assert!(include_str!("oracle.rs").contains(&call), "no test replays {topic}.json");
    }
}

/// Cases that a hunt found and shrank; there is a file once there is one.
#[test]
fn regressions() {
    if cases_folder().join("regressions.json").exists() {
        check_topic("regressions");
    }
}

fn memo() -> String {
    fs::read_to_string(cases_folder().join("memo.json")).expect("a case file")
}

#[test]
fn the_command_reports_each_transaction() {
    let count = memo().matches("\"wire\"").count() as u64;
    let folder = Folder::new().with("memo.json", memo()).with("notes.txt", "no case file");
    let (code, report) = run("oracle", &folder, &[]);
    assert_eq!((code, counts(&report)), (0, [count, count, 0, 0]), "{report}");
}

#[test]
fn the_command_tells_what_differs() {
    let first = "\"fee\":5000,";
    assert!(memo().contains(first));
    let folder = Folder::new().with("memo.json", memo().replacen(first, "\"fee\":4999,", 1)).with("no.json", "{}");
    let (code, report) = run("oracle", &folder, &[]);
    assert_eq!((code, counts(&report)[2]), (1, 2), "{report}");
    let failures = report["failures"].as_array().expect("failures");
    let [fee, file] = &failures[..] else { panic!("{report}") };
    let name = fee["name"].as_str().expect("a name");
    assert!(name.starts_with("memo.json:") && name.ends_with("[0]"), "{name}");
    assert_eq!((&fee["field"], &fee["expected"], &fee["actual"]), (&"fee".into(), &"4999".into(), &"5000".into()));
    assert_eq!((&file["name"], &file["field"]), (&"no.json".into(), &"decode".into()));
}

#[test]
fn the_command_takes_several_files_and_a_filter() {
    let path = |topic: &str| cases_folder().join(format!("{topic}.json")).to_string_lossy().into_owned();
    let (memo, config) = (path("memo"), path("config"));
    let arguments = ["oracle", &memo, &config, "--filter", "config.json:", "--json"];
    let output = conformance(&arguments);
    let report = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), counts(&report)), (Some(0), [54, 54, 0, 0]), "{report}");
    assert_eq!(conformance(&["oracle"]).status.code(), Some(2));
    assert_eq!(conformance(&["oracle", "no such folder"]).status.code(), Some(2));
    assert_eq!(conformance(&["oracle", &memo, "--filter", "no such case"]).status.code(), Some(2));
}

#[test]
fn system() {
    check_topic("system");
}

#[test]
fn fees() {
    check_topic("fees");
}

#[test]
fn token() {
    check_topic("token");
}

#[test]
fn token_2022() {
    check_topic("token_2022");
}

#[test]
fn vote() {
    check_topic("vote");
}

#[test]
fn associated_token_account() {
    check_topic("ata");
}

#[test]
fn memos() {
    check_topic("memo");
}

#[test]
fn precompiles() {
    check_topic("precompiles");
}

#[test]
fn generated() {
    check_topic("generated");
}

#[test]
fn address_lookup_table() {
    check_topic("address_lookup_table");
}

#[test]
fn config() {
    check_topic("config");
}

#[test]
fn feature_gate() {
    check_topic("feature_gate");
}

#[test]
fn stake() {
    check_topic("stake");
}

#[test]
fn zk_elgamal_proof() {
    check_topic("zk_elgamal_proof");
}

#[test]
fn syscalls() {
    check_topic("syscalls");
}

#[test]
fn syscall_pointers() {
    check_topic("syscall_pointers");
}

#[test]
fn cpi() {
    check_topic("cpi");
}

#[test]
fn cpi_infos() {
    check_topic("cpi_infos");
}

#[test]
fn vm_limits() {
    check_topic("vm_limits");
}

#[test]
fn verification() {
    check_topic("verification");
}

#[test]
fn generated_programs() {
    check_topic("generated_programs");
}

#[test]
fn loader_v3() {
    check_topic("loader_v3");
}
