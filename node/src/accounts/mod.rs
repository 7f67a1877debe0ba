//! `heddle accounts`: what a database holds, for people and as files. Opens it read-only.

mod export;
mod show;

use heddle_types::Pubkey;

use crate::{arguments::AccountsCommand, failure::Failure};

pub(crate) fn run(command: &AccountsCommand) -> Result<(), Failure> {
    match command {
        AccountsCommand::Show(arguments) => show::run(arguments),
        AccountsCommand::Export(arguments) => export::run(arguments),
    }
}

/// What was asked for and is not there makes the command fail, after all the rest was done.
fn fail_if_missing(missing: &[Pubkey]) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::NoSuchAccounts { addresses: missing.iter().map(Pubkey::to_string).collect() })
}
