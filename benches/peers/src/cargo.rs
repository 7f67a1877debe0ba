//! Builds the peers and finds the programs that they run, all through cargo.
//!
//! Every peer is built in release mode from its committed lock file, from the repository root, so that the repository's
//! compiler flags hold for all of them.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{failure::Failure, workloads::Elfs};

/// A peer's package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// The package's name.
    pub name: &'static str,
    /// Its folder, seen from this one.
    pub folder: &'static str,
    /// Whether the versions of Rust that its dependencies declare are to be ignored: they compile on ours.
    pub ignore_rust_version: bool,
}

/// Our engine.
pub const HEDDLE: Package = Package { name: "heddle-peers-heddle", folder: "heddle", ignore_rust_version: false };
/// LiteSVM.
pub const LITESVM: Package = Package { name: "heddle-peers-litesvm", folder: "litesvm", ignore_rust_version: true };
/// Agave's `Bank`.
pub const AGAVE: Package = Package { name: "heddle-peers-agave", folder: "agave", ignore_rust_version: true };

/// This package's folder.
fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(here().join("../.."));
    command
}

/// Where everything is built: `CARGO_TARGET_DIR`, or `target` in this folder.
pub fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
        None => here().join("target"),
    }
}

/// Builds a peer and returns its program. Cargo's own progress goes to standard error.
pub fn build(package: Package) -> Result<PathBuf, Failure> {
    let mut command = cargo();
    command.args(["build", "--release", "--locked", "--message-format", "json-render-diagnostics", "--manifest-path"]);
    command.arg(here().join(package.folder).join("Cargo.toml")).arg("--target-dir").arg(target_folder());
    if package.ignore_rust_version {
        command.arg("--ignore-rust-version");
    }
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| Failure::io("starting cargo", error))?;
    let mut program = None;
    for line in child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines()) {
        let line = line.map_err(|error| Failure::io("reading from cargo", error))?;
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        if message["target"]["name"] == package.name
            && let Some(executable) = message["executable"].as_str()
        {
            program = Some(PathBuf::from(executable));
        }
    }
    let status = child.wait().map_err(|error| Failure::io("waiting for cargo", error))?;
    match program {
        Some(program) if status.success() => Ok(program),
        _ => Err(Failure::Build { package: package.name, status }),
    }
}

/// Reads the token programs out of the crates that carry them: mainnet's from the crate that Heddle ships it from, the one
/// before from LiteSVM's.
pub fn elfs() -> Result<Elfs, Failure> {
    let p_token = source_folder(HEDDLE, "solana-program-binaries")?.join("src/programs/spl_p_token-1.0.0.so");
    let spl_token = source_folder(LITESVM, "litesvm")?.join("src/programs/elf/spl_token-3.5.0.so");
    let read =
        |path: PathBuf| std::fs::read(&path).map_err(|error| Failure::io(format!("reading {}", path.display()), error));
    Ok(Elfs { p_token: read(p_token)?, spl_token: read(spl_token)? })
}

/// Where the sources of `dependency`, a dependency of `package`, lie.
fn source_folder(package: Package, dependency: &str) -> Result<PathBuf, Failure> {
    let manifest = here().join(package.folder).join("Cargo.toml");
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::io("starting cargo metadata", error))?;
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let manifest = packages
        .iter()
        .find(|candidate| candidate["name"] == dependency)
        .and_then(|found| found["manifest_path"].as_str())
        .and_then(|path| Path::new(path).parent());
    manifest.map(Path::to_path_buf).ok_or_else(|| Failure::NoSources(dependency.into()))
}
