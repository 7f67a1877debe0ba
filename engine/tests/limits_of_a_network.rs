//! Limits of a test network: compute units that every transaction has, accounts that it may lock.

mod common;

use std::sync::Arc;

use common::*;
use ed25519_dalek::Signer;
use heddle_engine::{
    BlockLimits, BlockProducer, BuildError, Builder, Engine, Outcome, ProducerConfig, ReplayOptions, SubmitError,
    VerifiedTransaction, replay,
};
use heddle_storage::{MemoryStore, Store};
use heddle_types::{Account, Hash, InstructionError, Pubkey, Receipt, TransactionError, ids, limits};

/// Every key that a transaction can have beside its payer and its program.
const LOOKED_UP_MAX: usize = limits::TRANSACTION_ACCOUNT_COUNT_MAX - 2;

fn looked_up(n: usize) -> Pubkey {
    let mut bytes = [7; 32];
    bytes[0] = n as u8;
    Pubkey::new_from_array(bytes)
}

/// A lookup table that holds all of them.
fn table() -> Account {
    let mut data = [&1u32.to_le_bytes()[..], &u64::MAX.to_le_bytes(), &[0; 44]].concat();
    (0..LOOKED_UP_MAX).for_each(|n| data.extend_from_slice(looked_up(n).as_ref()));
    Account::new(limits::rent_exempt_minimum(data.len()), &data, ids::address_lookup_table::ID)
}

fn builder() -> Builder {
    Engine::builder().fund(address(&key(1)), 1_000_000_000_000).account(plain(60), table())
}

/// A length as the wire has it.
fn compact(length: usize) -> Vec<u8> {
    if length < 0x80 { vec![length as u8] } else { vec![(length & 0x7f) as u8 | 0x80, (length >> 7) as u8] }
}

/// A v0 transaction that sends `lamports` to its payer and names `count` accounts, all but two by the table.
fn naming(count: usize, lamports: u64, blockhash: Hash) -> VerifiedTransaction {
    let payer = key(1);
    let mut message = vec![0x80, 1, 0, 1, 2];
    message.extend_from_slice(address(&payer).as_ref());
    message.extend_from_slice(ids::system_program::ID.as_ref());
    message.extend_from_slice(blockhash.as_ref());
    message.extend_from_slice(&[1, 1, 2, 0, 0, 12, 2, 0, 0, 0]);
    message.extend_from_slice(&lamports.to_le_bytes());
    message.push(1);
    message.extend_from_slice(plain(60).as_ref());
    message.extend(compact(count - 2));
    message.extend((0..count - 2).map(|index| index as u8));
    message.push(0);
    let wire = [&[1][..], &payer.sign(&message).to_bytes(), &message].concat();
    VerifiedTransaction::new(&wire).expect("well-formed")
}

/// A transaction that asks for `units` compute units, and pays for them.
fn asking(units: u32, lamports: u64, blockhash: Hash) -> VerifiedTransaction {
    let ask = |data: Vec<u8>| Instruction { program: ids::compute_budget::ID, accounts: vec![], data };
    let limit = ask([&[2][..], &units.to_le_bytes()].concat());
    let price = ask([&[3][..], &1_000_000u64.to_le_bytes()].concat());
    let user = address(&key(1));
    verified(&[limit, price, transfer(user, user, lamports)], &[&key(1)], blockhash)
}

fn run(engine: &Engine, transaction: VerifiedTransaction) -> Outcome {
    let executed = engine.execute_block(engine.next_block(vec![transaction])).expect("executes");
    engine.commit_block(executed).expect("commits").outcomes.remove(0)
}

fn receipt(outcome: Outcome) -> Receipt {
    outcome.receipt().cloned().expect("in the block")
}

#[test]
fn every_transaction_has_the_units_of_the_network() {
    let exceeded = |instruction| {
        Err(TransactionError::InstructionError(instruction, InstructionError::ComputationalBudgetExceeded))
    };
    for (limit, statuses) in
        [(None, [exceeded(2), Ok(())]), (Some(450), [Ok(()), Ok(())]), (Some(200), [exceeded(1), exceeded(1)])]
    {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let mut builder = builder().shared_store(store.clone());
        if let Some(limit) = limit {
            builder = builder.compute_unit_limit(limit);
        }
        let engine = builder.build().expect("an engine");
        for (asked, status) in [400, 600].into_iter().zip(statuses) {
            let simulated = engine.simulate(&asking(asked, 1, engine.latest_blockhash())).expect("simulates");
            let receipt = receipt(run(&engine, asking(asked, 1, engine.latest_blockhash())));
            assert_eq!((&receipt.status, receipt.fee_lamports), (&status, 5000 + u64::from(asked)), "{limit:?}");
            assert_eq!(simulated.outcome.receipt().map(|one| &one.status), Some(&status));
        }
        let options = ReplayOptions { compute_unit_limit: limit, ..ReplayOptions::default() };
        assert_eq!(replay(&store, &options, &mut |_, _| {}).expect("replays").difference, None);
        let difference = replay(&store, &ReplayOptions::default(), &mut |_, _| {}).expect("replays").difference;
        assert_eq!(difference.is_some(), limit.is_some(), "another limit, other results");
    }
}

/// What a block may hold is reckoned with what its transactions can use.
#[test]
fn a_producer_sets_the_units_of_the_network_aside() {
    let limits = BlockLimits { compute_units: 50_000, ..BlockLimits::default() };
    let cost_of = |limit: Option<u32>| {
        let mut builder = builder().block_limits(limits);
        if let Some(limit) = limit {
            builder = builder.compute_unit_limit(limit);
        }
        let engine = builder.build().expect("an engine");
        let mut producer = BlockProducer::new(&engine, ProducerConfig::default());
        producer.submit(asking(600, 1, engine.latest_blockhash())).map(|_| producer.produce().packed.cost)
    };
    let (asked, given) = (cost_of(None).expect("waits"), cost_of(Some(10_600)).expect("waits"));
    assert_eq!(given, asked + 10_000);
    assert!(matches!(cost_of(Some(60_000)), Err(SubmitError::OverLimit(_))));
}

#[test]
fn a_transaction_locks_as_many_accounts_as_the_network_says() {
    let too_many = Outcome::Rejected(TransactionError::TooManyAccountLocks);
    for (limit, most) in [(None, 64), (Some(10), 10), (Some(130), 130), (Some(256), 256)] {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let mut builder = builder().shared_store(store.clone()).workers(2);
        if let Some(limit) = limit {
            builder = builder.account_lock_limit(limit);
        }
        let engine = builder.build().expect("an engine");
        // The table was extended in slot 0.
        let receipt = receipt(run(&engine, naming(most, 1, engine.latest_blockhash())));
        assert_eq!(receipt.status, Ok(()), "{most} accounts");
        if most < limits::TRANSACTION_ACCOUNT_COUNT_MAX {
            assert_eq!(run(&engine, naming(most + 1, 2, engine.latest_blockhash())), too_many);
            let mut producer = BlockProducer::new(&engine, ProducerConfig::default());
            let refused = producer.submit(naming(most + 1, 3, engine.latest_blockhash())).map(|_| ());
            assert!(matches!(refused, Err(SubmitError::Rejected(TransactionError::TooManyAccountLocks))));
        }
        let options = ReplayOptions { account_lock_limit: limit, ..ReplayOptions::default() };
        assert_eq!(replay(&store, &options, &mut |_, _| {}).expect("replays").difference, None);
    }
    let error = builder().account_lock_limit(257).build().map(|_| ()).expect_err("no transaction has so many");
    assert!(matches!(error, BuildError::AccountLockLimit { given: 257, max: 256 }));
}
