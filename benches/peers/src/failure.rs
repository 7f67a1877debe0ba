//! Why a comparison could not be made.

use std::{fmt, io, process::ExitStatus};

/// Ends the run with exit code 1.
#[derive(Debug)]
pub enum Failure {
    /// The operating system refused something.
    Io {
        /// While doing this.
        what: String,
        /// Its reason.
        error: io::Error,
    },
    /// A peer does not build.
    Build {
        /// Its package.
        package: &'static str,
        /// How cargo ended.
        status: ExitStatus,
    },
    /// Cargo does not know where a dependency's sources lie.
    NoSources(String),
    /// A peer said something else than was asked for, or that it failed.
    Peer {
        /// Its name.
        peer: String,
        /// What it said.
        message: String,
    },
    /// Two runs of the same transactions differ in what must not differ.
    Disagreement(Box<Disagreement>),
}

/// What two runs disagree about.
#[derive(Debug)]
pub struct Disagreement {
    /// The workload.
    pub workload: &'static str,
    /// What differs.
    pub what: &'static str,
    /// One of the two, and what came out of it.
    pub one: (String, String),
    /// The other, and what came out of it.
    pub other: (String, String),
}

impl Failure {
    /// An I/O error with its circumstances.
    pub fn io(what: impl Into<String>, error: io::Error) -> Self {
        Self::Io { what: what.into(), error }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { what, error } => write!(formatter, "{what}: {error}"),
            Self::Build { package, status } => write!(formatter, "{package} does not build: cargo ended with {status}"),
            Self::NoSources(dependency) => write!(formatter, "cargo does not say where {dependency}'s sources are"),
            Self::Peer { peer, message } => write!(formatter, "{peer}: {message}"),
            Self::Disagreement(found) => {
                let Disagreement { workload, what, one, other } = &**found;
                write!(formatter, "{workload}: {what} differ: {} in {}, {} in {}", one.1, one.0, other.1, other.0)
            }
        }
    }
}

impl std::error::Error for Failure {}
