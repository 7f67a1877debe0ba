//! State larger than memory: accounts are given up and read again, ahead and on demand, and nothing changes by it.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use heddle_engine::{BlockProducer, Builder, Engine, ProducerConfig, SubmitError, VerifiedTransaction};
use heddle_storage::{MemoryStore, RocksStore};
use heddle_types::{BlockHeader, Pubkey};

const USERS: u8 = 60;
/// Slot and share of the index.
const ACCOUNT_BYTES: usize = 144;

fn user(n: u64) -> Pubkey {
    address(&key((n % u64::from(USERS)) as u8 + 1))
}

/// An account that nobody has the key of.
fn sink(n: u64) -> Pubkey {
    Pubkey::new_from_array(*blake3::hash(&(n % 400).to_le_bytes()).as_bytes())
}

fn builder() -> Builder {
    let mut builder = Engine::builder().workers(2);
    for n in 0..u64::from(USERS) {
        builder = builder.fund(user(n), 1_000_000_000_000);
    }
    for n in 0..400 {
        builder = builder.fund(sink(n), 1_000_000);
    }
    builder
}

/// Transfers of block `number`, to accounts that move on from block to block.
fn transfers(engine: &Engine, number: u64) -> Vec<VerifiedTransaction> {
    let one = |n: u64| {
        let from = number * 7 + n;
        let payer = key((from % u64::from(USERS)) as u8 + 1);
        let pay =
            [transfer(user(from), sink(number * 11 + n * n), 5 + n), transfer(user(from), user(from + n), number + 1)];
        verified(&pay, &[&payer], engine.latest_blockhash())
    };
    (0..80).map(one).collect()
}

fn run_plainly(engine: &Engine, blocks: u64) -> Vec<BlockHeader> {
    (0..blocks)
        .map(|number| {
            let executed = engine.execute_block(engine.next_block(transfers(engine, number))).expect("executes");
            engine.commit_block(executed).expect("commits").header
        })
        .collect()
}

#[test]
fn memory_is_bounded_and_hashes_are_the_same() {
    let expected = run_plainly(&builder().build().expect("an engine"), 30);
    let directory = tempfile::tempdir().expect("a directory");
    for cached in [0, 40, 200, 10_000] {
        let store = RocksStore::open(directory.path().join(cached.to_string())).expect("a database");
        let engine = builder().store(store).cache_bytes(cached * ACCOUNT_BYTES).build().expect("an engine");
        assert_eq!(run_plainly(&engine, 30), expected, "a cache of {cached} accounts");
        // What is left besides is the last block's.
        let most = cached as u64 + 80 * 3 + 20;
        assert!(engine.cached_account_count() <= most, "{} of {cached}", engine.cached_account_count());
        assert!(engine.cached_bytes() >= engine.cached_account_count() as usize * ACCOUNT_BYTES);
        assert_eq!(engine.account(&sink(3)).expect("readable"), engine.account(&sink(403)).expect("readable"));
        assert_eq!(engine.durable_slot().expect("readable"), 30);
    }
}

/// Commits lag behind execution, blocks are dropped, and a reader asks for accounts of other blocks all the time.
#[test]
fn reading_ahead_and_committing_late_change_nothing() {
    const BLOCKS: u64 = 60;
    let reference = builder().build().expect("an engine");
    let mut blocks = Vec::new();
    let mut expected = Vec::new();
    for number in 0..BLOCKS {
        let transactions = transfers(&reference, number);
        let executed = reference.execute_block(reference.next_block(transactions.clone())).expect("executes");
        expected.push(reference.commit_block(executed).expect("commits").header);
        blocks.push(transactions);
    }
    let engine = builder().cache_bytes(50 * ACCOUNT_BYTES).build().expect("an engine");
    let is_done = AtomicBool::new(false);
    let (sender, committed) = std::sync::mpsc::sync_channel(3);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in (0..blocks.len()).cycle().map(|n| (n * 17) % blocks.len()) {
                if is_done.load(Ordering::Relaxed) {
                    return;
                }
                engine.prefetch(&blocks[number]).expect("reads ahead");
            }
        });
        scope.spawn(|| {
            for executed in committed {
                engine.commit_block(executed).expect("commits");
            }
        });
        for (number, (transactions, header)) in blocks.iter().zip(&expected).enumerate() {
            if number % 5 == 2 {
                drop(engine.execute_block(engine.next_block(transactions.clone())).expect("executes"));
            }
            let executed = engine.execute_block(engine.next_block(transactions.clone())).expect("executes");
            assert_eq!(executed.header(), header, "block {number}");
            sender.send(executed).expect("somebody commits");
        }
        drop(sender);
        is_done.store(true, Ordering::Relaxed);
    });
    for n in 0..400 {
        assert_eq!(engine.account(&sink(n)).unwrap(), reference.account(&sink(n)).unwrap());
    }
}

#[test]
fn a_pool_of_waiting_transactions_outlives_their_accounts() {
    let engine = builder().cache_bytes(0).build().expect("an engine");
    let mut producer = BlockProducer::new(&engine, ProducerConfig::default());
    let waiting = transfers(&engine, 0);
    for transaction in &waiting {
        producer.submit(transaction.clone()).expect("waits");
    }
    // Other accounts take the places of those that wait.
    let other = engine.execute_block(engine.next_block(transfers(&engine, 5))).expect("executes");
    engine.commit_block(other).expect("commits");
    assert!(matches!(producer.submit(waiting[3].clone()), Err(SubmitError::AlreadyWaiting)));
    assert_eq!(producer.waiting_count(), waiting.len());
    let produced = producer.produce();
    assert_eq!(produced.block.transactions.len(), waiting.len());
    let executed = engine.execute_block(produced.block).expect("executes");
    assert!(executed.outcomes().iter().all(|outcome| outcome.receipt().is_some_and(|one| one.status.is_ok())));
}

#[test]
fn a_chain_can_be_taken_back_and_goes_another_way() {
    let directory = tempfile::tempdir().expect("a directory");
    let durable = || builder().store(RocksStore::open(directory.path().join("db")).expect("a database"));
    for engine in [durable().build().unwrap(), builder().store(MemoryStore::new()).cache_bytes(0).build().unwrap()] {
        let headers = run_plainly(&engine, 12);
        let again = transfers(&engine, 12);
        for back_to in [11, 7, 7, 3] {
            engine.revert_to(back_to).expect("history is kept");
            assert_eq!(engine.tip(), headers[back_to as usize - 1]);
            assert_eq!(engine.durable_slot().unwrap(), back_to);
        }
        // Signed under a blockhash that is gone.
        let rejected = engine.execute_block(engine.next_block(again)).expect("executes");
        assert!(rejected.outcomes().iter().all(|outcome| outcome.receipt().is_none()));
        let message = engine.revert_to(2).unwrap_err().to_string();
        assert_eq!(message, "the block at slot 4 is neither committed nor dropped");
        drop(rejected);
        // The same way again, and to the beginning.
        let forward: Vec<BlockHeader> = (3..12)
            .map(|number| {
                let executed = engine.execute_block(engine.next_block(transfers(&engine, number))).expect("executes");
                engine.commit_block(executed).expect("commits").header
            })
            .collect();
        assert_eq!(forward, headers[3..]);
        engine.revert_to(0).expect("all history is kept");
        assert_eq!(run_plainly(&engine, 12), headers);
        assert!(engine.revert_to(99).is_err());
        assert_eq!(engine.tip(), headers[11], "a refusal changes nothing");
    }
    let reopened = durable().build().expect("an engine");
    assert_eq!(reopened.tip().height, 12);
}

/// What was executed once may be executed again after it was taken back, and only then.
#[test]
fn statuses_go_with_their_blocks() {
    let engine = builder().build().expect("an engine");
    run_plainly(&engine, 3);
    let transactions = transfers(&engine, 3);
    let run = |expected: bool| {
        let executed = engine.execute_block(engine.next_block(transactions.clone())).expect("executes");
        assert!(executed.outcomes().iter().all(|outcome| outcome.receipt().is_some() == expected));
        engine.commit_block(executed).expect("commits").header
    };
    let first = run(true);
    run(false);
    engine.revert_to(3).expect("history is kept");
    assert_eq!(run(true), first);
    run(false);
}
