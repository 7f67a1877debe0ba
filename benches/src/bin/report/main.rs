//! Tables of what the benches measured, for `benches/README.md`, and whether the targets are met.
//!
//! Exit codes: 0 success, 2 bad arguments, 1 anything else. Results go to stdout, notes and errors to stderr.

mod accounts;
mod document;
mod groups;
mod machine;
mod results;
mod tables;
mod targets;

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

use clap::Parser;
use serde::Serialize;

use crate::{accounts::Accounts, machine::Machine, results::Measurement, targets::Verdict};

/// Render what `cargo bench -p heddle-benches` left behind: medians and spread of every bench, as tables or JSON.
///
/// Measurements older than the newest commit of code are left out.
#[derive(Debug, Parser)]
#[command(name = "report")]
struct Arguments {
    /// Criterion's directory (default: `criterion` in cargo's target directory)
    #[arg(long, value_name = "DIR")]
    criterion: Option<PathBuf>,
    /// What `accounts --json` printed, to render too
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Put the tables between the markers `<!-- results -->` and `<!-- /results -->` of FILE
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Keep measurements that are older than the newest commit of code
    #[arg(long)]
    any_age: bool,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
}

/// All that there is to report.
#[derive(Serialize)]
struct Report {
    machine: Machine,
    targets: Vec<Verdict>,
    measurements: Vec<Measurement>,
    accounts: Option<Accounts>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let report = collect(arguments)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if arguments.write.is_none() {
        print!("{}", tables::render(&report));
    }
    if let Some(path) = &arguments.write {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = document::replace(&text, &tables::render(&report))
            .ok_or_else(|| format!("{}: no markers {} … {}", path.display(), document::BEGIN, document::END))?;
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn collect(arguments: &Arguments) -> Result<Report, Box<dyn Error>> {
    let directory = arguments.criterion.clone().unwrap_or_else(criterion_directory);
    let mut measurements = results::read(&directory)?;
    let machine = Machine::here();
    if !arguments.any_age {
        let found = measurements.len();
        measurements.retain(|one| one.measured_at >= machine.commit_time());
        let stale = found - measurements.len();
        if stale > 0 {
            eprintln!("report: left out {stale} measurements that are older than the code (--any-age keeps them)");
        }
    }
    if measurements.is_empty() {
        return Err(format!("no measurements in {}: run `cargo bench -p heddle-benches`", directory.display()).into());
    }
    let accounts = arguments.accounts.as_deref().map(Accounts::read).transpose()?;
    let targets = targets::judge(&measurements, accounts.as_ref());
    Ok(Report { machine, targets, measurements, accounts })
}

fn criterion_directory() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target")).join("criterion")
}
