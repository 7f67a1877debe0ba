//! The `heddle` command: run a node; load an engine with real transactions; make, verify, look into, archive and restore
//! databases; take blocks out of them.
//!
//! Exit codes: 0 success, 2 bad arguments, 1 anything else. Results go to stdout, progress and errors to stderr.

mod accounts;
mod arguments;
mod bundle;
mod byte_size;
mod db;
mod difference;
mod failure;
mod genesis_arguments;
mod init;
mod interrupt;
mod keypair;
mod load;
mod node;
mod process;
mod progress;
mod snapshot;
mod store_arguments;
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
        arguments::Command::Bundle(command) => bundle::run(&command),
        arguments::Command::Init(arguments) => init::run(&arguments),
        arguments::Command::Accounts(command) => accounts::run(&command),
        arguments::Command::Snapshot(command) => snapshot::run(&command),
        arguments::Command::Db(command) => db::run(&command),
        arguments::Command::Node(arguments) => node::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("heddle: {failure}");
            failure.exit_code()
        }
    }
}
