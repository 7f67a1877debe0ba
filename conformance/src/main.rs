//! The `conformance` command.
//!
//! Exit codes: 0 every case passed or was skipped with a reason, 1 failures, 2 bad arguments or nothing that could be run.
//! Results go to stdout, progress and errors to stderr.

mod arguments;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use arguments::{Arguments, Command, ReportArguments, SuiteArguments};
use clap::Parser;
use conformance::{
    compare::{Mode, Options},
    docs::{self, DocsError},
    elf::Elf,
    firedancer::Firedancer,
    machine::Harness,
    mollusk::Mollusk,
    oracle_cases::OracleCases,
    suite::{self, Format, SuiteError},
    vm::VmInstructions,
    wire::Wire,
};

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Suite(#[from] SuiteError),
    #[error("cannot read {}: {source}", path.display())]
    Elf { path: PathBuf, source: io::Error },
    #[error("cannot write the result: {0}")]
    Output(#[from] serde_json::Error),
    #[error(transparent)]
    Docs(#[from] DocsError),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Failure::Docs(error)) => {
            eprintln!("conformance: {error}");
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("conformance: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything is as it should be.
fn run(command: Command) -> Result<bool, Failure> {
    match command {
        Command::Mollusk { suite, comparison, program } => {
            let format = Mollusk::new(harness(program.supplied().as_ref())?, comparison.options());
            run_suite(&suite, &format)
        }
        Command::Firedancer { suite, comparison, program } => {
            let format = Firedancer::new(harness(program.supplied().as_ref())?, comparison.options());
            run_suite(&suite, &format)
        }
        Command::Vm { suite, mode, sbpf_version } => run_suite(&suite, &VmInstructions::new(mode.into(), sbpf_version)),
        Command::Wire { suite, require_signatures } => {
            run_suite(&suite, &Wire { requires_signatures: require_signatures })
        }
        Command::Elf { suite } => run_suite(&suite, &Elf::new(Mode::Both)),
        Command::Oracle { paths, report } => run_paths(&paths, &report, &OracleCases::default()),
        Command::Docs { check, root } => run_docs(&root, check),
    }
}

fn harness(supplied: Option<&(heddle_types::Pubkey, PathBuf)>) -> Result<Harness, Failure> {
    let Some((key, path)) = supplied else { return Ok(Harness::new([])) };
    let elf = fs::read(path).map_err(|source| Failure::Elf { path: path.clone(), source })?;
    Ok(Harness::new([(*key, elf)]))
}

fn run_suite(arguments: &SuiteArguments, format: &dyn Format) -> Result<bool, Failure> {
    run_paths(std::slice::from_ref(&arguments.folder), &arguments.report, format)
}

fn run_paths(paths: &[PathBuf], arguments: &ReportArguments, format: &dyn Format) -> Result<bool, Failure> {
    let start = Instant::now();
    let report = suite::run_paths(paths, arguments.filter.as_deref(), format)?;
    if arguments.json {
        print(&format!("{}\n", serde_json::to_string(&report.to_json())?));
    } else {
        print(&report.to_text(arguments.skipped, start.elapsed()));
    }
    Ok(report.failed() == 0)
}

/// Prints to whoever still reads: `conformance … | head` is no error.
fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn run_docs(root: &Path, check: bool) -> Result<bool, Failure> {
    if check {
        docs::check(root)?;
        println!("{} is up to date", docs::PAGE);
    } else {
        docs::write(root)?;
        println!("{} written", docs::PAGE);
    }
    Ok(true)
}

impl From<arguments::ModeArgument> for Mode {
    fn from(mode: arguments::ModeArgument) -> Self {
        match mode {
            arguments::ModeArgument::Jit => Self::Jit,
            arguments::ModeArgument::Interpreter => Self::Interpreter,
            arguments::ModeArgument::Both => Self::Both,
        }
    }
}

impl arguments::ComparisonArguments {
    fn options(&self) -> Options {
        Options { mode: self.mode.into(), units: self.unit_check() }
    }
}
