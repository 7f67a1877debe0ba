//! `heddle bundle`: blocks of a database in one file that executes anywhere.

mod export;
mod run;
mod show;

use std::{fs, path::Path};

use heddle_engine::bundle::Bundle;

use crate::{arguments::BundleCommand, failure::Failure};

pub(crate) fn run(command: &BundleCommand) -> Result<(), Failure> {
    match command {
        BundleCommand::Export(arguments) => export::run(arguments),
        BundleCommand::Run(arguments) => run::run(arguments),
        BundleCommand::Show(arguments) => show::run(arguments),
    }
}

/// Reads and checks a bundle; also its size.
fn read(path: &Path) -> Result<(Bundle, usize), Failure> {
    let bytes = fs::read(path).map_err(|source| Failure::ReadFile { path: path.to_owned(), source })?;
    let bundle = Bundle::decode(&bytes).map_err(|source| Failure::Bundle { path: path.to_owned(), source })?;
    Ok((bundle, bytes.len()))
}

/// First and last slot.
fn slots(bundle: &Bundle) -> (u64, u64) {
    let slot = |block: Option<&heddle_engine::bundle::BundleBlock>| block.map_or(0, |block| block.header().slot);
    (slot(bundle.blocks().first()), slot(bundle.blocks().last()))
}

/// Transactions of all blocks.
fn transaction_count(bundle: &Bundle) -> u64 {
    bundle.blocks().iter().map(|block| block.transactions().len() as u64).sum()
}
