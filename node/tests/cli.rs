//! The command line as scripts see it: JSON keys, exit codes, determinism, continuing a database, bad input.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;

const SMALL: [&str; 8] = ["--transactions", "600", "--accounts", "50", "--block-size", "100", "--seed", "5"];

fn heddle(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heddle")).args(arguments).output().expect("the binary runs")
}

fn load(extra: &[&str]) -> Output {
    let arguments: Vec<&str> = ["load"].iter().chain(&SMALL).chain(extra).chain(&["--json"]).copied().collect();
    heddle(&arguments)
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object on stdout")
}

fn exit_code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

#[test]
fn the_report_keeps_its_contract() {
    let report = json(&load(&["--memory", "--workload", "mixed", "--workers", "2"]));
    for key in [
        "transactions",
        "succeeded",
        "failed",
        "rejected",
        "blocks",
        "workers",
        "seconds",
        "tps",
        "state_hash",
        "block_hash",
        "stages",
        "peak_rss_bytes",
    ] {
        assert!(report.get(key).is_some(), "no {key} in {report}");
    }
    for stage in ["verify", "schedule", "execute", "hash", "commit"] {
        assert!(report["stages"][stage].as_f64().is_some_and(|seconds| seconds > 0.0), "stage {stage} did not move");
    }
    assert_eq!(report["transactions"], 600);
    assert_eq!(report["blocks"], 6);
    assert_eq!(report["workers"], 2);
    let parts = ["succeeded", "failed", "rejected"].map(|key| report[key].as_u64().expect("a number"));
    assert_eq!(parts.iter().sum::<u64>(), 600);
    assert!(parts[0] > 400 && parts[1] > 10, "mixed succeeds mostly and fails sometimes: {parts:?}");
}

#[test]
fn hashes_do_not_depend_on_workers_or_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("db");
    for workload in ["transfer", "token", "mixed", "hot"] {
        let hashes = |extra: &[&str]| {
            let report = json(&load(&[&["--workload", workload], extra].concat()));
            (report["state_hash"].clone(), report["block_hash"].clone())
        };
        let reference = hashes(&["--memory", "--workers", "1"]);
        for workers in ["2", "4", "16"] {
            assert_eq!(hashes(&["--memory", "--workers", workers]), reference, "{workload} with {workers} workers");
        }
        assert_eq!(hashes(&["--memory", "--no-sigverify", "--prove"]), reference, "{workload}, trusted and proved");
        let path = database.with_extension(workload);
        assert_eq!(hashes(&["--db", text(&path)]), reference, "{workload} in RocksDB");
    }
}

#[test]
fn proofs_show_every_way_of_executing() {
    let report = json(&load(&["--memory", "--prove", "--workload", "hot", "--zipf", "1.1"]));
    let proof = &report["proofs"][0];
    assert_eq!(proof["identical"], true);
    for name in ["serial", "1", "2", "4"] {
        assert_eq!(proof["block_hashes"][name], proof["block_hashes"]["serial"]);
    }
    assert!(report["hottest"][0]["waited"].as_u64().expect("a number") > 10, "a hot account is waited for");
}

#[test]
fn a_run_goes_on_from_the_tip_and_verifies() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("db");
    let first = json(&load(&["--db", text(&database)]));
    let second = json(&load(&["--db", text(&database)]));
    assert_eq!((&first["slot"], &second["slot"]), (&6.into(), &12.into()));
    assert_eq!(second["succeeded"], 600);
    let verified = json(&heddle(&["verify", "--db", text(&database), "--json"]));
    assert_eq!(verified["blocks"], 12);
    assert_eq!(verified["verified"], 12);
    assert_eq!(verified["ok"], true);
    assert_eq!(verified["state_hash"], second["state_hash"]);
}

#[test]
fn a_prepared_stream_gives_the_same_hash() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("stream");
    let prepared = load(&["--prepare", text(&file)]);
    assert_eq!(json(&prepared)["transactions"], 600);
    let from = json(&heddle(&["load", "--from", text(&file), "--memory", "--json"]));
    let direct = json(&load(&["--memory"]));
    assert_eq!(from["state_hash"], direct["state_hash"]);
    assert_eq!(from["succeeded"], 600);

    let mut bytes = std::fs::read(&file).expect("readable");
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&file, bytes).expect("writable");
    let truncated = heddle(&["load", "--from", text(&file), "--memory"]);
    assert_eq!(exit_code(&truncated), Some(1));
    assert!(stderr(&truncated).contains("truncated"), "{}", stderr(&truncated));
}

#[test]
fn bad_arguments_exit_with_2() {
    for (arguments, told) in [
        (&["load", "--memory", "--workload", "swap"][..], "swap"),
        (&["load"], "--db"),
        (&["load", "--memory", "--zipf", "99"], "zipf"),
        (&["load", "--memory", "--accounts", "1"], "accounts"),
        (&["load", "--memory", "--workers", "0"], "workers"),
        (&["load", "--memory", "--workers", "65"], "workers"),
        (&["load", "--memory", "--db", "x"], "--db"),
        (&["load", "--db", "x", "--durability", "often"], "often"),
        (&["load", "--db", "x", "--cache-bytes", "much"], "much"),
        (&["load", "--memory", "--durability", "none"], "--durability"),
        (&["verify"], "--db"),
        (&["fly"], "fly"),
    ] {
        let output = heddle(arguments);
        assert_eq!(exit_code(&output), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(told), "{arguments:?} should mention {told}: {}", stderr(&output));
    }
}

#[test]
fn bad_databases_exit_with_1_and_say_why() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "not a directory").expect("writable");
    let foreign = directory.path().join("foreign");
    std::fs::create_dir(&foreign).expect("a directory");
    std::fs::write(foreign.join("letter.txt"), "somebody's files").expect("writable");
    let missing = directory.path().join("missing");
    for (path, command) in [(&file, "load"), (&foreign, "load"), (&file, "verify"), (&missing, "verify")] {
        let output = heddle(&[command, "--db", text(path)]);
        assert_eq!(exit_code(&output), Some(1), "{command} {}: {}", path.display(), stderr(&output));
        assert!(stderr(&output).contains(text(path)), "the path is named: {}", stderr(&output));
    }
    assert!(!missing.exists(), "verify creates nothing");
    assert_eq!(std::fs::read_dir(&foreign).expect("readable").count(), 1, "nothing was put among foreign files");
}

#[test]
fn another_configuration_does_not_continue_a_database() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("db");
    json(&load(&["--db", text(&database)]));
    let other = heddle(&["load", "--db", text(&database), "--accounts", "60", "--transactions", "10"]);
    assert_eq!(exit_code(&other), Some(1));
    assert!(stderr(&other).contains("genesis"), "{}", stderr(&other));
}

/// A database whose files are damaged is refused or proves unharmed; it never gives another state silently.
#[test]
fn a_damaged_database_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("db");
    let state_hash = json(&load(&["--db", text(&database)]))["state_hash"].clone();
    let current = database.join("CURRENT");
    assert!(current.exists(), "a RocksDB directory");
    std::fs::write(&current, "MANIFEST-999999\n").expect("writable");
    let output = heddle(&["verify", "--db", text(&database), "--json"]);
    if output.status.success() {
        assert_eq!(json(&output)["state_hash"], state_hash);
    } else {
        assert_eq!(exit_code(&output), Some(1));
        assert!(stderr(&output).starts_with("heddle: "), "{}", stderr(&output));
    }
}

/// However a database is kept, the result is the same, and the report says how.
#[test]
fn neither_durability_nor_memory_nor_indexes_change_a_hash() {
    let directory = tempfile::tempdir().expect("a directory");
    let reference = json(&load(&["--memory", "--workload", "mixed"]));
    assert!(reference.get("durability").is_none());
    let settings: [(&str, &[&str]); 5] = [
        ("block", &[]),
        ("interval 20 ms", &["--durability", "interval", "20"]),
        ("none", &["--durability", "none", "--cache-bytes", "0"]),
        ("block", &["--ledger-keep-slots", "2", "--history-slots", "0"]),
        ("block", &["--index", "both", "--cache-bytes", "64KiB"]),
    ];
    for (number, (durability, arguments)) in settings.iter().enumerate() {
        let database = directory.path().join(number.to_string());
        let report = json(&load(&[&["--db", text(&database), "--workload", "mixed"], *arguments].concat()));
        assert_eq!(report["state_hash"], reference["state_hash"], "{arguments:?}");
        assert_eq!(report["durability"], *durability);
        let hidden = report["commit_hidden"].as_f64().expect("a share");
        assert!((0.0..=1.0).contains(&hidden), "{hidden}");
    }
    let small = directory.path().join("2");
    let again = json(&load(&["--db", text(&small), "--cache-bytes", "0", "--workload", "mixed"]));
    // Only what the last blocks touched is in memory.
    assert!(again["cached_bytes"].as_u64().expect("bytes") < 200_000, "{again}");
}

/// Ctrl-C ends a run between blocks: what is stored verifies, and the next run goes on.
#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_whole_blocks() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("db");
    let mut child = Command::new(env!("CARGO_BIN_EXE_heddle"))
        .args(["load", "--transactions", "5000000", "--accounts", "50", "--block-size", "100", "--seed", "5"])
        .args(["--db", text(&database)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    // Wait until it has begun to write blocks: the database's log grows.
    let grown = || {
        let files = std::fs::read_dir(&database).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum::<u64>() > 4_000_000
    };
    while !grown() {
        assert!(child.try_wait().expect("a child").is_none(), "it should still be running");
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(interrupt.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let verified = json(&heddle(&["verify", "--db", text(&database), "--json"]));
    assert_eq!(verified["ok"], true);
    assert!(verified["blocks"].as_u64().expect("a number") > 0);
    let next = json(&load(&["--db", text(&database)]));
    assert_eq!(next["succeeded"], 600, "the next run goes on");
}
