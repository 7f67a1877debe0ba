//! `heddle snapshot` and `heddle db` as scripts see them: JSON keys, exit codes, and databases that go on after a restore.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn heddle(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heddle")).args(arguments).output().expect("the binary runs")
}

/// Twelve blocks of fifty mixed transactions, however often it is called.
fn load(database: &Path, extra: &[&str]) -> Value {
    let small = ["--transactions", "600", "--accounts", "50", "--block-size", "50", "--workload", "mixed", "--json"];
    json(&heddle(&[&["load", "--db", text(database)], &small[..], extra].concat()))
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("one JSON object on stdout")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

fn paths<const N: usize>(names: [&str; N]) -> (tempfile::TempDir, [PathBuf; N]) {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = names.map(|name| directory.path().join(name));
    (directory, paths)
}

#[test]
fn a_restored_database_goes_on_and_verifies() {
    let (_directory, [database, archive, other, small, light]) =
        paths(["db", "all.heddle-snapshot", "other", "small.heddle-snapshot", "light"]);
    let first = load(&database, &[]);
    let made = json(&heddle(&["snapshot", "create", "--db", text(&database), "--out", text(&archive), "--json"]));
    for key in
        ["file", "slot", "height", "state_hash", "block_hash", "size_bytes", "ledger", "blocks_from", "hash", "rows"]
    {
        assert!(made.get(key).is_some(), "no {key} in {made}");
    }
    assert_eq!((&made["state_hash"], &made["slot"]), (&first["state_hash"], &first["slot"]));
    let verified = json(&heddle(&["snapshot", "verify", text(&archive), "--json"]));
    let restored = json(&heddle(&["snapshot", "restore", text(&archive), "--db", text(&other), "--json"]));
    assert_eq!((&verified, &restored), (&made, &made));
    let second = load(&database, &[]);
    assert_eq!(load(&other, &[])["block_hash"], second["block_hash"], "both go on alike");
    let replayed = json(&heddle(&["verify", "--db", text(&other), "--json"]));
    assert_eq!(
        (&replayed["verified"], &replayed["start_slot"], &replayed["ok"]),
        (&24.into(), &0.into(), &true.into())
    );

    let arguments = ["snapshot", "create", "--db", text(&other), "--out", text(&small), "--without-ledger", "--json"];
    assert_eq!(json(&heddle(&arguments))["ledger"], false);
    json(&heddle(&["snapshot", "restore", text(&small), "--db", text(&light), "--json"]));
    // No block to execute yet, but every account and header to check.
    let refused = heddle(&["verify", "--db", text(&light), "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--full-scan"));
    json(&heddle(&["verify", "--db", text(&light), "--full-scan", "--json"]));
    assert_eq!(load(&light, &[])["block_hash"], load(&database, &[])["block_hash"]);
    let replayed = json(&heddle(&["verify", "--db", text(&light), "--json"]));
    assert_eq!(
        (&replayed["verified"], &replayed["blocks"], &replayed["start_slot"]),
        (&12.into(), &12.into(), &24.into())
    );
    assert_eq!(json(&heddle(&["db", "check", "--db", text(&light), "--json"]))["ok"], true);
}

#[test]
fn snapshots_of_a_run_are_listed_and_restore() {
    let (_directory, [database, archives, other]) = paths(["db", "archives", "other"]);
    let report = load(&database, &["--snapshot-every", "2", "--snapshots", text(&archives)]);
    let made = report["snapshots"].as_array().expect("a list");
    assert!(!made.is_empty());
    let list = json(&heddle(&["snapshot", "list", text(&archives), "--json"]));
    let listed = list["snapshots"].as_array().expect("a list");
    let slots = |list: &[Value]| list.iter().map(|one| one["slot"].as_u64().expect("a slot")).collect::<Vec<_>>();
    assert_eq!(slots(listed), slots(made));
    let file = listed[0]["file"].as_str().expect("a path");
    json(&heddle(&["snapshot", "restore", file, "--db", text(&other), "--json"]));
    let replayed = json(&heddle(&["verify", "--db", text(&other), "--json"]));
    assert_eq!((&replayed["ok"], &replayed["verified"]), (&true.into(), &listed[0]["height"]));
    assert_eq!(replayed["state_hash"], listed[0]["state_hash"]);
    let output = heddle(&["snapshot", "list", text(&archives)]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), listed.len());
}

#[test]
fn what_is_damaged_or_in_the_way_exits_with_1() {
    let (directory, [database, archive, other]) = paths(["db", "one.heddle-snapshot", "other"]);
    load(&database, &[]);
    let create = ["snapshot", "create", "--db", text(&database), "--out", text(&archive)];
    assert!(heddle(&create).status.success());
    let again = heddle(&create);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("is there already"), "{}", stderr(&again));
    let restore = ["snapshot", "restore", text(&archive), "--db"];
    let taken = heddle(&[&restore[..], &[text(&database)]].concat());
    assert_eq!(taken.status.code(), Some(1));

    let mut bytes = std::fs::read(&archive).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&archive, &bytes).expect("writable");
    for refused in [heddle(&[&restore[..], &[text(&other)]].concat()), heddle(&["snapshot", "verify", text(&archive)])]
    {
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains(text(&archive)), "{}", stderr(&refused));
    }
    assert!(!other.exists());
    bytes.truncate(middle);
    std::fs::write(&archive, bytes).expect("writable");
    let list = heddle(&["snapshot", "list", text(directory.path()), "--json"]);
    assert_eq!(list.status.code(), Some(1));
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON all the same");
    assert_eq!((list["snapshots"].as_array(), list["refused"][0]["file"].as_str()), (Some(&vec![]), archive.to_str()));
}

#[test]
fn bad_arguments_exit_with_2() {
    for (arguments, told) in [
        (&["snapshot"][..], "create"),
        (&["snapshot", "create", "--db", "x"], "--out"),
        (&["snapshot", "create", "--db", "x", "--out", "y", "--level", "20"], "20"),
        (&["snapshot", "restore", "x"], "--db"),
        (&["snapshot", "list"], "DIR"),
        (&["db", "check"], "--db"),
        (&["load", "--db", "x", "--snapshot-every", "5"], "--snapshots"),
        (&["load", "--memory", "--snapshot-every", "5", "--snapshots", "y"], "--memory"),
    ] {
        let output = heddle(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(told), "{arguments:?} should mention {told}: {}", stderr(&output));
    }
}

#[test]
fn a_check_tells_what_is_there_and_what_is_wrong() {
    let (_directory, [database]) = paths(["db"]);
    let state_hash = load(&database, &[])["state_hash"].clone();
    for extra in [&["--quick"][..], &[]] {
        let report = json(&heddle(&[&["db", "check", "--db", text(&database), "--json"], extra].concat()));
        assert_eq!(
            (&report["ok"], &report["slot"], &report["acknowledged_slot"]),
            (&true.into(), &12.into(), &12.into())
        );
        assert_eq!((&report["state_hash"], &report["read"]), (&state_hash, &extra.is_empty().into()));
        assert_eq!(report["columns"].as_array().map(Vec::len), Some(11));
    }
    // Rows that open fine and are wrong: a table with a flipped bit.
    let output = heddle(&["db", "check", "--db", text(&database)]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("every row was read and is as it should be"));
    let files = std::fs::read_dir(&database).expect("readable").map(|file| file.expect("a file").path());
    for log in files.filter(|file| file.extension().is_some_and(|extension| extension == "log")) {
        let mut bytes = std::fs::read(&log).expect("readable");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&log, bytes).expect("writable");
    }
    let output = heddle(&["db", "check", "--db", text(&database)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(text(&database)), "{}", stderr(&output));
}
