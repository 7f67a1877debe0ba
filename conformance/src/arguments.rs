//! The command line, as clap sees it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use conformance::{compare::UnitCheck, vm::version_of};
use heddle_types::Pubkey;
use heddle_vm::solana_sbpf::program::SBPFVersion;

/// Runs fixtures of other implementations of Solana's runtime, and tells what differs.
#[derive(Debug, Parser)]
#[command(name = "conformance", version, about, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Mollusk's instruction fixtures (org.mollusk.svm, protobuf)
    Mollusk {
        #[command(flatten)]
        suite: SuiteArguments,
        #[command(flatten)]
        comparison: ComparisonArguments,
        #[command(flatten)]
        program: ProgramArguments,
    },
    /// Firedancer's instruction fixtures (org.solana.sealevel.v1, protobuf)
    Firedancer {
        #[command(flatten)]
        suite: SuiteArguments,
        #[command(flatten)]
        comparison: ComparisonArguments,
        #[command(flatten)]
        program: ProgramArguments,
    },
    /// Firedancer's cases of single sBPF instructions (.instr, text)
    Vm {
        #[command(flatten)]
        suite: SuiteArguments,
        /// How programs run
        #[arg(long, value_enum, default_value_t)]
        mode: ModeArgument,
        /// sBPF version of files that lie in no folder v0, v1, v2, v3 or v4
        #[arg(long, default_value = "0", value_name = "N", value_parser = parse_version)]
        sbpf_version: SBPFVersion,
    },
    /// Serialised transactions, a file each (NAME.expect beside one: verified, bad-signature or refused)
    Wire {
        #[command(flatten)]
        suite: SuiteArguments,
        /// A signature that does not verify is a failure
        #[arg(long)]
        require_signatures: bool,
    },
    /// Programs: load, verify, compile, call compiled and interpreted, compare
    Elf {
        #[command(flatten)]
        suite: SuiteArguments,
    },
    /// What Agave did with transactions, recorded by the oracle workspace (.json)
    Oracle {
        /// Folders of case files, subfolders included; or files
        #[arg(value_name = "DIR|FILE", required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        report: ReportArguments,
    },
    /// Write docs/conformance.md: each rule, and what proves it
    Docs {
        /// Only tell whether the page is up to date and every proof exists
        #[arg(long)]
        check: bool,
        /// Root of the repository
        #[arg(long, default_value = ".", value_name = "DIR")]
        root: PathBuf,
    },
}

/// Arguments of every suite.
#[derive(Debug, Args)]
pub(crate) struct SuiteArguments {
    /// Folder of the cases, subfolders included; or one file
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) report: ReportArguments,
}

/// What is run, and how it is told.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// List skipped cases with the reasons
    #[arg(long, conflicts_with = "json")]
    pub(crate) skipped: bool,
    /// Run only cases whose name contains this
    #[arg(long, value_name = "SUBSTRING")]
    pub(crate) filter: Option<String>,
}

/// How fixtures are run and compared.
#[derive(Debug, Args)]
pub(crate) struct ComparisonArguments {
    /// How programs run; both also compares the two
    #[arg(long, value_enum, default_value_t)]
    pub(crate) mode: ModeArgument,
    /// Do not compare compute units
    #[arg(long)]
    ignore_compute_units: bool,
    /// Compare compute units even of programs that are not the fixture's own
    #[arg(long, conflicts_with = "ignore_compute_units")]
    check_compute_units: bool,
}

impl ComparisonArguments {
    pub(crate) fn unit_check(&self) -> UnitCheck {
        if self.ignore_compute_units {
            UnitCheck::Never
        } else if self.check_compute_units {
            UnitCheck::Always
        } else {
            UnitCheck::OwnPrograms
        }
    }
}

/// A program that fixtures do not hold.
#[derive(Debug, Args)]
pub(crate) struct ProgramArguments {
    /// Address of the program in --elf
    #[arg(long, value_name = "KEY", requires = "elf")]
    program_id: Option<Pubkey>,
    /// ELF to run where a fixture's accounts hold none for --program-id
    #[arg(long, value_name = "FILE", requires = "program_id")]
    elf: Option<PathBuf>,
}

impl ProgramArguments {
    pub(crate) fn supplied(&self) -> Option<(Pubkey, PathBuf)> {
        Some((self.program_id?, self.elf.clone()?))
    }
}

/// How programs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArgument {
    /// Compiled
    Jit,
    /// Interpreted
    Interpreter,
    /// Both ways
    #[default]
    Both,
}

fn parse_version(text: &str) -> Result<SBPFVersion, String> {
    let version = text.trim_start_matches('v').parse().ok().and_then(version_of);
    version.ok_or_else(|| "a version is 0 to 4".into())
}
