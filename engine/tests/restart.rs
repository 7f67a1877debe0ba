//! What survives a restart: the state, the statuses and the blockhash queue; and what a failing store leads to.

mod common;

use std::path::Path;

use common::*;
use heddle_engine::{Block, BuildError, Engine, EngineError, Outcome, VerifiedTransaction};
use heddle_storage::{Fault, FaultStore, MemoryStore, RocksStore, VolatileStore};
use heddle_types::{Account, Hash, TransactionError, ids::sysvar};
use heddle_vm::slot_hashes_to_bytes;

fn open(path: &Path) -> Engine {
    Engine::builder()
        .store(RocksStore::open(path).expect("opens"))
        .fund(address(&key(1)), 10_000_000_000)
        .fund(address(&key(2)), 10_000_000_000)
        .build()
        .expect("an engine")
}

fn pay(engine: &Engine, lamports: u64) -> VerifiedTransaction {
    verified(&[transfer(address(&key(1)), address(&key(2)), lamports)], &[&key(1)], engine.latest_blockhash())
}

/// Runs one block with `transactions` and makes it durable.
fn commit(engine: &Engine, transactions: Vec<VerifiedTransaction>) -> Vec<Outcome> {
    let executed = engine.execute_block(engine.next_block(transactions)).expect("executes");
    engine.commit_block(executed).expect("commits").outcomes
}

fn is_success(outcome: &Outcome) -> bool {
    outcome.receipt().is_some_and(|receipt| receipt.status.is_ok())
}

#[test]
fn statuses_and_blockhashes_are_durable() {
    let directory = tempfile::tempdir().expect("a directory");
    let (executed_before, signed_before, tip) = {
        let engine = open(directory.path());
        let (first, second) = (pay(&engine, 1), pay(&engine, 2));
        assert!(is_success(&commit(&engine, vec![first.clone()])[0]));
        (first, second, engine.tip())
    };
    let engine = open(directory.path());
    assert_eq!(engine.tip(), tip, "the chain goes on where it was");
    let outcomes = commit(&engine, vec![executed_before, signed_before.clone(), signed_before.clone()]);
    assert_eq!(outcomes[0], Outcome::Rejected(TransactionError::AlreadyProcessed));
    assert!(is_success(&outcomes[1]), "signed before the restart and not executed: accepted");
    assert_eq!(outcomes[2], Outcome::Rejected(TransactionError::AlreadyProcessed), "but only once");
    drop(engine);
    let engine = open(directory.path());
    let outcomes = commit(&engine, vec![signed_before]);
    assert_eq!(outcomes[0], Outcome::Rejected(TransactionError::AlreadyProcessed));
}

#[test]
fn a_blockhash_lives_150_blocks_restarts_included() {
    let directory = tempfile::tempdir().expect("a directory");
    let engine = open(directory.path());
    let (last_chance, too_late) = (pay(&engine, 1), pay(&engine, 2));
    for _ in 0..150 {
        commit(&engine, vec![]);
    }
    drop(engine);
    let engine = open(directory.path());
    assert!(is_success(&commit(&engine, vec![last_chance])[0]), "150 blocks old");
    let outcome = &commit(&engine, vec![too_late])[0];
    assert_eq!(*outcome, Outcome::Rejected(TransactionError::BlockhashNotFound), "151 blocks old");
}

#[test]
fn the_state_is_the_same_in_both_stores_and_after_reopening() {
    let directory = tempfile::tempdir().expect("a directory");
    let rocks = open(directory.path());
    let memory = Engine::builder()
        .fund(address(&key(1)), 10_000_000_000)
        .fund(address(&key(2)), 10_000_000_000)
        .build()
        .expect("an engine");
    for lamports in 1..20 {
        let transaction = pay(&memory, lamports);
        commit(&memory, vec![transaction.clone()]);
        commit(&rocks, vec![transaction]);
        assert_eq!(memory.tip(), rocks.tip());
    }
    let tip = rocks.tip();
    drop(rocks);
    let reopened = open(directory.path());
    assert_eq!(reopened.tip(), tip);
    let key = address(&key(2));
    assert_eq!(reopened.account(&key).unwrap(), memory.account(&key).unwrap());
}

#[test]
fn a_failed_commit_poisons_the_engine_until_reopened() {
    let store = FaultStore::new(std::sync::Arc::new(MemoryStore::new()), Fault::BeforeCommit(1));
    let engine = Engine::builder().store(store).fund(address(&key(1)), 10_000_000_000).build().expect("an engine");
    commit(&engine, vec![pay(&engine, 1_000_000_000)]);
    let executed = engine.execute_block(engine.next_block(vec![pay(&engine, 1_000_000_001)])).expect("executes");
    assert!(matches!(engine.commit_block(executed), Err(EngineError::Store(_))));
    assert!(matches!(engine.execute_block(engine.next_block(vec![])), Err(EngineError::Poisoned { .. })));
    assert!(engine.account(&address(&key(1))).is_ok(), "reads go on");
}

#[test]
fn blocks_are_committed_in_order_and_dropped_from_the_end() {
    let engine = Engine::builder().fund(address(&key(1)), 10_000_000_000).build().expect("an engine");
    let genesis = engine.tip();
    let first = engine.execute_block(engine.next_block(vec![pay(&engine, 1_000_000_000)])).expect("executes");
    let second_transaction = pay(&engine, 1_000_000_001);
    let second = engine.execute_block(engine.next_block(vec![second_transaction.clone()])).expect("executes");
    let error = engine.commit_block(second).expect_err("its parent is not committed");
    assert!(matches!(error, EngineError::CommitOutOfOrder { expected: 1, got: 2 }));
    // The refused block is gone; executed again it is the same.
    let second = engine.execute_block(engine.next_block(vec![second_transaction])).expect("executes again");
    assert!(is_success(&second.outcomes()[0]));
    drop(second);
    drop(first);
    assert_eq!(engine.tip(), genesis);
    assert_eq!(engine.account(&address(&key(1))).unwrap().unwrap().lamports, 10_000_000_000);
}

#[test]
fn dropping_a_parent_under_its_child_is_told() {
    let engine = Engine::builder().fund(address(&key(1)), 10_000_000_000).build().expect("an engine");
    let first = engine.execute_block(engine.next_block(vec![pay(&engine, 1_000_000_000)])).expect("executes");
    let second = engine.execute_block(engine.next_block(vec![])).expect("executes");
    drop(first);
    assert!(matches!(engine.commit_block(second), Err(EngineError::Poisoned { .. })));
}

/// Readers on other threads wait for the open block: they never disturb its workers and never see its middle.
#[test]
fn readers_beside_running_blocks() {
    let engine = Engine::builder()
        .fund(address(&key(1)), 1_000_000_000_000)
        .fund(address(&key(2)), 1_000_000_000_000)
        .workers(2)
        .build()
        .expect("an engine");
    let both = [address(&key(1)), address(&key(2))];
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..30 {
                let block = (0..200).map(|n| pay(&engine, 1 + round * 200 + n)).collect();
                assert!(commit(&engine, block).iter().all(is_success));
            }
        });
        while !writer.is_finished() {
            let lamports = engine.account(&both[1]).expect("readable").expect("it exists").lamports - 1_000_000_000_000;
            // Block k ends with the sum of 1 to 200 × (k + 1): any other sum is the middle of a block.
            let is_block_end = (0..=30u64).any(|blocks| lamports == 100 * blocks * (200 * blocks + 1));
            assert!(is_block_end, "{lamports} lamports are no end of a block");
        }
        writer.join().expect("blocks are not disturbed");
    });
}

/// A chain may begin with the slot hashes of blocks that are not its own; they leave as its own blocks come.
#[test]
fn given_sysvars_are_carried_on() {
    let given: Vec<(u64, Hash)> = (0..512).map(|age| (10_000 - age, Hash::new_from_array([7; 32]))).collect();
    let history = [&1u64.to_le_bytes()[..], &[3; 32]].concat();
    let with_given = |builder: heddle_engine::Builder| {
        builder
            .account(sysvar::slot_hashes::ID, Account::new(1, &slot_hashes_to_bytes(&given), sysvar::ID))
            .account(sysvar::stake_history::ID, Account::new(1, &history, sysvar::ID))
            .build()
            .expect("an engine")
    };
    let run = |engine: &Engine, slot: u64| {
        let block = Block { slot, ..engine.next_block(vec![]) };
        engine.commit_block(engine.execute_block(block).expect("executes")).expect("commits");
    };
    let slots = |engine: &Engine| -> Vec<u64> {
        let account = engine.account(&sysvar::slot_hashes::ID).expect("readable").expect("there");
        let (entries, _) = account.data[8..].as_chunks::<40>();
        entries.iter().map(|entry| u64::from_le_bytes(*entry.first_chunk().expect("a slot"))).collect()
    };
    let directory = tempfile::tempdir().expect("a directory");
    let reopened = with_given(Engine::builder().store(RocksStore::open(directory.path()).expect("opens")));
    let unbroken = with_given(Engine::builder().store(MemoryStore::new()));
    for engine in [&reopened, &unbroken] {
        run(engine, 10_001);
        assert_eq!((slots(engine)[0], slots(engine)[511]), (10_000, 9_489), "genesis at slot 0 is older than all");
        run(engine, 10_005);
    }
    drop(reopened);
    let reopened = with_given(Engine::builder().store(RocksStore::open(directory.path()).expect("opens")));
    for engine in [&reopened, &unbroken] {
        run(engine, 10_006);
        assert_eq!(slots(engine)[..3], [10_005, 10_001, 10_000]);
        assert_eq!(slots(engine).len(), 512);
        let account = engine.account(&sysvar::stake_history::ID).expect("readable").expect("there");
        assert_eq!(account.data[..40], history[..]);
    }
    assert_eq!(reopened.tip(), unbroken.tip());
}

/// When the epoch began is known after a restart, however many blocks ago it was.
#[test]
fn the_epoch_goes_on_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let epoch_start = |engine: &Engine| {
        let clock = engine.account(&sysvar::clock::ID).expect("readable").expect("there");
        i64::from_le_bytes(clock.data[8..16].try_into().expect("eight bytes"))
    };
    let engine = open(directory.path());
    let first = Block { slot: 432_000, unix_timestamp: 1_234_567, ..engine.next_block(vec![]) };
    engine.commit_block(engine.execute_block(first).expect("executes")).expect("commits");
    for _ in 0..520 {
        commit(&engine, vec![]);
    }
    assert_eq!(epoch_start(&engine), 1_234_567);
    drop(engine);
    let engine = open(directory.path());
    commit(&engine, vec![]);
    assert_eq!(epoch_start(&engine), 1_234_567);
}

/// Without a state hash nothing else changes, and only a store that forgets blocks will do.
#[test]
fn blocks_without_a_state_hash_are_for_stores_that_forget() {
    let builder = || Engine::builder().fund(address(&key(1)), 10_000_000_000).fund(address(&key(2)), 10_000_000_000);
    assert!(matches!(builder().state_hash(false).build(), Err(BuildError::StateHashNeeded)));
    let [hashed, unhashed] =
        [true, false].map(|hash| builder().store(VolatileStore::new()).state_hash(hash).build().expect("an engine"));
    let genesis = unhashed.tip().state_hash;
    let outcomes = [&hashed, &unhashed].map(|engine| commit(engine, vec![pay(engine, 3)]));
    assert!(is_success(&outcomes[0][0]) && outcomes[0] == outcomes[1]);
    let account = |engine: &Engine| engine.account(&address(&key(2))).expect("readable");
    assert_eq!(account(&hashed), account(&unhashed));
    assert_eq!(unhashed.tip().state_hash, genesis);
    assert_ne!(hashed.tip().state_hash, genesis);
}
