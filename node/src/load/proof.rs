//! `--prove`: the same block executed serially and with several worker counts, each time taken back, hashes compared.

use std::time::Duration;

use heddle_engine::{Engine, Parallelism, VerifiedTransaction};
use heddle_types::Hash;

use super::PROVED_WORKERS;
use crate::failure::Failure;

/// One way of executing a block and what it gave.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    /// `serial`, or the number of workers.
    pub(crate) name: String,
    pub(crate) block_hash: Hash,
    pub(crate) execute: Duration,
}

/// The executions of one block.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) slot: u64,
    pub(crate) transactions: usize,
    pub(crate) executions: Vec<Execution>,
    /// Whether receipts, changed accounts and hashes were equal in all of them.
    pub(crate) is_identical: bool,
}

/// Executes `transactions` as the next block in every way and takes each back.
pub(crate) fn prove(engine: &Engine, transactions: &[VerifiedTransaction]) -> Result<Proof, Failure> {
    let block = engine.next_block(transactions.to_vec());
    let slot = block.slot;
    let reference = engine.execute_block_with(block.clone(), Parallelism::Serial)?;
    let (header, outcomes, changes) =
        (*reference.header(), reference.outcomes().to_vec(), reference.changes().to_vec());
    let mut executions =
        vec![Execution { name: "serial".into(), block_hash: header.block_hash, execute: reference.times().execute }];
    drop(reference);
    let mut is_identical = true;
    for workers in PROVED_WORKERS {
        let executed = engine.execute_block_with(block.clone(), Parallelism::Workers(workers))?;
        is_identical &=
            *executed.header() == header && executed.outcomes() == outcomes && executed.changes() == changes;
        executions.push(Execution {
            name: workers.to_string(),
            block_hash: executed.header().block_hash,
            execute: executed.times().execute,
        });
    }
    Ok(Proof { slot, transactions: transactions.len(), executions, is_identical })
}
