//! Everything that makes a command fail, with its exit code.

use std::{io, path::PathBuf, process::ExitCode};

use heddle_engine::{BuildError, EngineError, IngressError, ReplayError, bundle::BundleError};
use heddle_genesis::GenesisError;
use heddle_loadgen::{ConfigError, PreparedError};
use heddle_server::StartError;
use heddle_storage::{SnapshotError, StoreError};

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("cannot open the database: {0}")]
    Open(StoreError),
    #[error("cannot read the database: {0}")]
    Read(StoreError),
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    #[error("{} holds a chain already, its newest block is at slot {tip_slot}", path.display())]
    HoldsChain { path: PathBuf, tip_slot: u64 },
    #[error("no such accounts: {}", .addresses.join(", "))]
    NoSuchAccounts { addresses: Vec<String> },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is not empty: accounts of before would mix with those of now", path.display())]
    DirectoryNotEmpty { path: PathBuf },
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("{0}; --full-scan can still check every account and every header")]
    NothingToExecute(ReplayError),
    #[error("{}: {source}", path.display())]
    Bundle { path: PathBuf, source: BundleError },
    #[error("cannot read {}: {source}", path.display())]
    ReadFile { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Prepared { path: PathBuf, source: PreparedError },
    #[error("transaction {position} of block {block} was refused: {source}")]
    Ingress { block: u64, position: usize, source: IngressError },
    #[error("{} is no keypair: a JSON list of 64 bytes", path.display())]
    NoKeypair { path: PathBuf },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot remove {}: {source}", path.display())]
    Remove { path: PathBuf, source: io::Error },
    #[error("the node stopped: {0}")]
    Halted(String),
    #[error("{0}")]
    Different(String),
    #[error("interrupted; {committed} transactions of this run are committed")]
    Interrupted { committed: u64 },
    #[error("cannot write the result: {0}")]
    Output(#[from] serde_json::Error),
    #[error("cannot handle interrupts: {0}")]
    Interrupt(#[from] ctrlc::Error),
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    #[error("a thread of the pipeline panicked")]
    Panicked,
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Config(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
