//! How close dispatch comes to the shortest possible time: simulated makespan ÷ bound for 1 to 128 workers, for the
//! product's dispatch and for others, on a mainnet block and on made ones. `docs/makespan.md` explains the figures.

mod blocks;
mod contenders;
mod mainnet;
mod plot;
mod report;

use clap::Parser;
use contenders::CONTENDERS;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Simulates blocks on virtual workers and compares the time they take with its lower bound.
#[derive(Debug, Parser)]
#[command(name = "makespan")]
struct Arguments {
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Draw the ratios into this file, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Where the mainnet block is: the folder that holds mainnet-block/ [default: $HEDDLE_CORPORA, or ../shared/corpora]
    #[arg(long, value_name = "DIR")]
    corpora: Option<PathBuf>,
    /// Numbers of workers
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,2,4,8,16,32,64,128",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Vec<u16>,
    /// Only these dispatchers
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = CONTENDERS.map(|contender| contender.name))]
    policy: Vec<String>,
    /// Decides made blocks, errors of estimates, and who of several workers comes first
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("makespan: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let from_environment = || std::env::var_os("HEDDLE_CORPORA").map(PathBuf::from);
    let corpora = arguments.corpora.clone().or_else(from_environment).unwrap_or_else(|| "../shared/corpora".into());
    let mut workloads = mainnet::read_blocks(&corpora)?.unwrap_or_else(|| {
        eprintln!("skipped: no mainnet block in {} (--corpora)", corpora.display());
        Vec::new()
    });
    workloads.extend(blocks::make_workloads(arguments.seed));
    let is_chosen = |name: &str| arguments.policy.is_empty() || arguments.policy.iter().any(|chosen| chosen == name);
    let contenders = CONTENDERS.into_iter().filter(|contender| is_chosen(contender.name)).collect::<Vec<_>>();
    let workers = arguments.workers.iter().map(|count| usize::from(*count)).collect::<Vec<_>>();
    let report = report::Report::measure(&workloads, &contenders, &workers, arguments.seed);
    if let Some(path) = &arguments.plot {
        std::fs::write(path, plot::draw(&report))?;
        eprintln!("drawn: {}", path.display());
    }
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        report.print();
    }
    Ok(())
}
