//! `heddle bundle`: blocks in a file that needs nothing else.

mod common;

use std::{fs, process::Command};

use common::*;

#[test]
fn a_bundle_needs_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = database(directory.path());
    let verified = success(&heddle(&["verify", "--db", text(&path), "--json", "--to", "4"]));
    let empty = tempfile::tempdir().expect("a directory");
    let file = empty.path().join("blocks.bundle");
    let exported =
        success(&heddle(&["bundle", "export", "--db", text(&path), "--slots", "3..4", text(&file), "--json"]));
    assert_eq!(
        (&exported["blocks"], &exported["first_slot"], &exported["last_slot"]),
        (&2.into(), &3.into(), &4.into())
    );
    drop(directory);

    for workers in ["serial", "1", "2", "4", "16"] {
        let output = Command::new(env!("CARGO_BIN_EXE_heddle"))
            .args(["bundle", "run", "blocks.bundle", "--workers", workers, "--repeat", "3", "--json"])
            .current_dir(empty.path())
            .env_clear()
            .output()
            .expect("the binary runs");
        let report = success(&output);
        assert_eq!((&report["ok"], &report["verified"], &report["repeat"]), (&true.into(), &2.into(), &3.into()));
        assert_eq!(report["state_hash"], verified["state_hash"]);
        assert!(report["tps_median"].as_f64().is_some_and(|tps| tps > 0.0), "{report}");
        assert!(report["seconds_min"].as_f64() <= report["seconds_median"].as_f64(), "{report}");
        assert_eq!(report["per_block"].as_array().map(Vec::len), Some(2));
    }
    let shown = success(&heddle(&["bundle", "show", text(&file), "--json"]));
    assert_eq!((&shown["parent_slot"], &shown["transactions"]), (&2.into(), &exported["transactions"]));
    assert_eq!(shown["blocks"][1]["state_hash"], verified["state_hash"]);
    assert!(shown["blocks"][0]["failed"].as_u64().is_some_and(|failed| failed > 0), "mixed: {shown}");
    assert_eq!(fs::read_dir(empty.path()).expect("readable").count(), 1, "nothing was made");
}

#[test]
fn the_newest_block_and_every_other_can_be_exported() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = database(directory.path());
    for slots in ["1", "6", "6..6", "1..6", "0..100"] {
        let file = directory.path().join("bundle");
        success(&heddle(&["bundle", "export", "--db", text(&path), "--slots", slots, text(&file), "--json"]));
        let run = heddle(&["bundle", "run", text(&file)]);
        assert!(run.status.success(), "{slots}: {}", stderr(&run));
        let told = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(told.contains("and equal") && told.contains("state hash"), "{told}");
        assert!(heddle(&["bundle", "show", text(&file)]).status.success());
    }
    let file = directory.path().join("nothing");
    let export = heddle(&["bundle", "export", "--db", text(&path), "--slots", "7..9", text(&file)]);
    check_refused(&export, 1, "no block in slots 7 to 9; the newest is at slot 6");
    assert!(!file.exists());
}

#[test]
fn damaged_bundles_are_refused_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = database(directory.path());
    let file = directory.path().join("bundle");
    success(&heddle(&["bundle", "export", "--db", text(&path), "--slots", "1..2", text(&file), "--json"]));
    let bytes = fs::read(&file).expect("readable");
    for command in ["run", "show"] {
        for at in [40, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            fs::write(&file, damaged).expect("writable");
            check_refused(&heddle(&["bundle", command, text(&file)]), 1, "the bundle is damaged");
        }
        fs::write(&file, &bytes[..bytes.len() - 100]).expect("writable");
        check_refused(&heddle(&["bundle", command, text(&file)]), 1, "truncated");
        fs::write(&file, "not a bundle but a letter to a friend").expect("writable");
        check_refused(&heddle(&["bundle", command, text(&file)]), 1, "this is no bundle");
        check_refused(&heddle(&["bundle", command, text(&path)]), 1, "cannot read");
    }
}

#[test]
fn bad_arguments_exit_with_2() {
    for (arguments, told) in [
        (&["bundle", "export", "--db", "x", "--slots", "5..3", "f"][..], "before slot 5"),
        (&["bundle", "export", "--db", "x", "--slots", "a..b", "f"], "no slot"),
        (&["bundle", "export", "--db", "x", "f"], "--slots"),
        (&["bundle", "run", "f", "--workers", "0"], "workers"),
        (&["bundle", "run", "f", "--workers", "65"], "64"),
        (&["bundle", "run", "f", "--workers", "many"], "serial"),
        (&["bundle", "run", "f", "--repeat", "0"], "repeat"),
        (&["bundle"], "Usage"),
    ] {
        check_refused(&heddle(arguments), 2, told);
    }
}
