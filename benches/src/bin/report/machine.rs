//! The machine and the code that was measured, as they are when the report is made.

use std::{fs, process::Command, thread::available_parallelism};

use serde::Serialize;

/// Where figures come from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// As `/proc/cpuinfo` names it.
    pub(crate) cpu: String,
    /// Whether it has the AVX-512 instructions that signature verification uses.
    pub(crate) has_avx512_ifma: bool,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// What `rustc --version` says.
    pub(crate) rustc: String,
    /// The newest commit that changed more than documents; `None` outside of a repository.
    pub(crate) commit: Option<Commit>,
}

/// A commit of code.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Commit {
    /// Abbreviated.
    pub(crate) hash: String,
    /// In seconds since the Unix epoch.
    pub(crate) time: u64,
    /// Whether code differs from it.
    pub(crate) is_changed: bool,
}

impl Machine {
    /// This machine and this repository.
    pub(crate) fn here() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let flags: String = field("flags").unwrap_or_default();
        Self {
            cpu: field("model name").unwrap_or_else(|| format!("unknown {} CPU", std::env::consts::ARCH)),
            has_avx512_ifma: flags.split(' ').any(|flag| flag == "avx512ifma"),
            cores: available_parallelism().map_or(1, usize::from),
            rustc: output("rustc", &["--version"]).unwrap_or_else(|| "unknown rustc".to_owned()),
            commit: commit(),
        }
    }

    /// When the code was committed; 0 if nobody knows.
    pub(crate) fn commit_time(&self) -> u64 {
        self.commit.as_ref().map_or(0, |commit| commit.time)
    }
}

fn commit() -> Option<Commit> {
    const CODE: [&str; 3] = ["--", ":(top)", ":(top,exclude)*.md"];
    let git = |arguments: &[&str]| output("git", &[&["-C", env!("CARGO_MANIFEST_DIR")], arguments, &CODE].concat());
    let newest = git(&["log", "-1", "--format=%h %ct"])?;
    let (hash, time) = newest.split_once(' ')?;
    let changes = git(&["status", "--porcelain"])?;
    Some(Commit { hash: hash.to_owned(), time: time.parse().ok()?, is_changed: !changes.is_empty() })
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
