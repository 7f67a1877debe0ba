//! Everything that makes a command fail, with its exit code.

use std::{path::PathBuf, process::ExitCode};

use heddle_engine::{BuildError, EngineError, IngressError, ReplayError};
use heddle_loadgen::{ConfigError, PreparedError};
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
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("{}: {source}", path.display())]
    Prepared { path: PathBuf, source: PreparedError },
    #[error("transaction {position} of block {block} was refused: {source}")]
    Ingress { block: u64, position: usize, source: IngressError },
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
