//! The `heddle` command: load an engine with real transactions, verify a database, look into it, archive and restore it.
//!
//! Exit codes: 0 success, 2 bad arguments, 1 anything else. Results go to stdout, progress and errors to stderr.

mod arguments;
mod db;
mod failure;
mod interrupt;
mod load;
mod process;
mod progress;
mod snapshot;
mod verify;

use std::process::ExitCode;

use clap::Parser;

/// As the peers' best settings have it; the system allocator costs transactions a tenth of their time.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let command = arguments::Arguments::parse().command;
    let result = match command {
        arguments::Command::Load(arguments) => load::run(&arguments),
        arguments::Command::Verify(arguments) => verify::run(&arguments),
        arguments::Command::Snapshot(command) => snapshot::run(&command),
        arguments::Command::Db(command) => db::run(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("heddle: {failure}");
            failure.exit_code()
        }
    }
}
