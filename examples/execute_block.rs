//! Blocks: verify a batch, execute it on several workers, look at what it would change, drop it or commit it.

use std::sync::Arc;

use heddle_engine::{Engine, Parallelism, Verification, VerifiedTransaction, chain_blockhash, verify_batch};
use heddle_loadgen::{BlockRange, Generator, Workload, WorkloadConfig};
use heddle_types::Hash;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Really signed token transfers between 1,000 accounts, and the genesis state that they need.
    let config = WorkloadConfig { workload: Workload::Token, accounts: 1_000, block_size: 2_000, ..Default::default() };
    let generator = Arc::new(Generator::new(config, 2, &|_| {})?);
    let genesis_blockhash = Hash::new_from_array([7; 32]);
    let engine = Engine::builder()
        .accounts(generator.genesis_accounts())
        .genesis_blockhash(genesis_blockhash)
        .workers(2)
        .workers_max(4)
        .build()?;

    let range = BlockRange::new(generator.config(), 0, 4_000)?;
    let blocks: Vec<Vec<VerifiedTransaction>> = (0..2)
        .map(|index| {
            let blockhash = if index == 0 { genesis_blockhash } else { chain_blockhash(&genesis_blockhash, 1) };
            let signed = generator.sign_block(&range, index, blockhash);
            let bytes: Vec<&[u8]> = signed.transactions().collect();
            verify_batch(&bytes, Verification::Strict).into_iter().collect::<Result<_, _>>()
        })
        .collect::<Result<_, _>>()?;

    // The same block on any number of workers gives the same receipts, accounts and hashes. Dropped: nothing happened.
    let block = engine.next_block(blocks[0].clone());
    let reference = *engine.execute_block_with(block.clone(), Parallelism::Serial)?.header();
    for workers in [1, 2, 4] {
        let executed = engine.execute_block_with(block.clone(), Parallelism::Workers(workers))?;
        assert_eq!(*executed.header(), reference);
        println!("{workers} workers: block hash {}", executed.header().block_hash);
    }
    assert_eq!(engine.tip().height, 0);

    for transactions in blocks {
        let executed = engine.execute_block(engine.next_block(transactions))?;
        let succeeded = executed.processed().filter(|(_, receipt)| receipt.status.is_ok()).count();
        println!(
            "slot {}: {succeeded} succeeded, {} accounts changed",
            executed.header().slot,
            executed.changes().len()
        );
        let _committed = engine.commit_block(executed)?;
    }
    println!("state hash {}", engine.tip().state_hash);
    Ok(())
}
