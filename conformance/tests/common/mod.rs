//! Folders of cases, the command, and what it prints.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use heddle_types::{Pubkey, ids::system_program};
use serde_json::Value;

/// A key that is easy to tell from others.
pub fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

/// Data of a system transfer.
pub fn transfer(lamports: u64) -> Vec<u8> {
    [&2u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat()
}

/// The system program's address.
pub const SYSTEM: Pubkey = system_program::ID;

/// A folder that goes with the test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Adds a file; its name may hold folders.
    pub fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, bytes).expect("writable");
        self
    }
}

/// Runs the command.
pub fn conformance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance")).args(arguments).output().expect("it starts")
}

/// Runs a suite with `--json`: exit code and the object.
pub fn run(suite: &str, folder: &Folder, options: &[&str]) -> (i32, Value) {
    let folder = folder.path().to_str().expect("a name in UTF-8");
    let output = conformance(&[&[suite, folder, "--json"], options].concat());
    let text = String::from_utf8(output.stdout).expect("text");
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (output.status.code().expect("it ends"), value)
}

/// (total, passed, failed, skipped).
pub fn counts(value: &Value) -> [u64; 4] {
    ["total", "passed", "failed", "skipped"].map(|name| value[name].as_u64().expect("a count"))
}

/// The folder of a corpus; `None`, and a line that says so, if it is absent.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("HEDDLE_CORPORA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"));
    let folder = root.join(name);
    if !folder.is_dir() {
        eprintln!("skipped: no corpus at {}", folder.display());
        return None;
    }
    Some(folder)
}
