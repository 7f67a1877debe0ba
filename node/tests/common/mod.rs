//! Shared by the tests of databases and bundles: the command, and databases made by it or beside it.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

pub fn heddle(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heddle")).args(arguments).output().expect("the binary runs")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The JSON object that a command printed, whether it succeeded or not.
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

/// As [`json`], of a command that succeeded.
pub fn success(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    json(output)
}

pub fn check_refused(output: &Output, code: i32, told: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
    assert!(stderr(output).contains(told), "{} should tell {told}", stderr(output));
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

/// A database of six blocks with mixed transactions.
pub fn database(directory: &Path) -> PathBuf {
    let path = directory.join("db");
    let load = ["load", "--transactions", "600", "--accounts", "50", "--block-size", "100", "--seed", "5"];
    success(&heddle(&[&load[..], &["--workload", "mixed", "--json", "--db", text(&path)]].concat()));
    path
}

/// Changes a stored record behind the store's back, in a way that RocksDB does not see.
pub fn change(path: &Path, column: &str, key: &[u8], change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let options = rocksdb::Options::default();
    let columns = rocksdb::DB::list_cf(&options, path).expect("a database");
    let db = rocksdb::DB::open_cf(&options, path, columns).expect("opens");
    let column = db.cf_handle(column).expect("a column");
    let record = db.get_cf(column, key).expect("readable").expect("a record");
    db.put_cf(column, key, change(record)).expect("writable");
}
