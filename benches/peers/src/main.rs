//! Heddle, LiteSVM and Agave's `Bank` on the same pre-signed transactions, in turn.
//!
//! This program depends on none of them. It makes the workloads, builds each peer as a program of its own, drives them as
//! child processes of which only one works at a time, checks that all end in the same state, and reports.

mod cargo;
mod child;
mod compare;
mod failure;
mod measure;
mod plot;
mod report;
mod statistics;
mod wire;
mod workloads;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;

use crate::{child::PeerProcess, failure::Failure, report::Report, workloads::Name};

/// Compares Heddle with LiteSVM and Agave's Bank on the same pre-signed transactions.
///
/// Builds all of them first, which takes long the first time. Exit code 0: measured; 1: something failed, or two peers
/// ended in different states; 2: usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// Rounds to measure, after one that is thrown away.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Where to draw the plot (default: peers.svg in the target folder).
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Measure this workload only; may be repeated.
    #[arg(long, value_name = "WORKLOAD")]
    only: Vec<Name>,
    /// Leave LiteSVM out.
    #[arg(long)]
    skip_litesvm: bool,
    /// Leave Agave out.
    #[arg(long)]
    skip_agave: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut programs = Vec::new();
    for (package, skip) in
        [(cargo::HEDDLE, false), (cargo::LITESVM, arguments.skip_litesvm), (cargo::AGAVE, arguments.skip_agave)]
    {
        if !skip {
            eprintln!("building {} …", package.name);
            programs.push(cargo::build(package)?);
        }
    }
    let folder = tempfile::tempdir().map_err(|error| Failure::io("making a temporary folder", error))?;
    let workloads = write_workloads(arguments, folder.path())?;
    let mut peers = programs.iter().map(|program| PeerProcess::start(program)).collect::<Result<Vec<_>, _>>()?;
    let rounds = usize::from(arguments.rounds);
    let report = Report::new(&measure::measure(&mut peers, &workloads, rounds)?, rounds);

    let plot = arguments.plot.clone().unwrap_or_else(|| cargo::target_folder().join("peers.svg"));
    std::fs::write(&plot, plot::svg(&report))
        .map_err(|error| Failure::io(format!("writing {}", plot.display()), error))?;
    eprintln!("plot: {}", plot.display());
    if arguments.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::io("JSON", error.into()))?;
        println!("{text}");
    } else {
        print!("{}", report.tables());
    }
    Ok(())
}

/// Makes the wanted workloads, each a file in `folder`.
fn write_workloads(arguments: &Arguments, folder: &Path) -> Result<Vec<(Name, PathBuf)>, Failure> {
    let elfs = cargo::elfs()?;
    let wanted = Name::ALL.into_iter().filter(|name| arguments.only.is_empty() || arguments.only.contains(name));
    wanted
        .map(|name| {
            eprintln!("signing transactions: {} …", name.title());
            let path = folder.join(name.id());
            workloads::generate(name, &elfs)
                .write(&path)
                .map_err(|error| Failure::io(format!("writing {}", path.display()), error))?;
            Ok((name, path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
        let arguments = Arguments::parse_from(["peers", "--only", "p_token", "--only", "noop", "--rounds", "3"]);
        assert_eq!(arguments.only, [Name::PToken, Name::Noop]);
        assert!(Arguments::try_parse_from(["peers", "--rounds", "0"]).is_err());
    }
}
