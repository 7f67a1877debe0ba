//! Block production: what is submitted is in a block, waits, or was refused with a reason; blocks are within limits and
//! the same on any number of workers.

mod common;

use std::collections::{BTreeMap, HashSet};

use common::*;
use heddle_engine::{
    BlockLimits, BlockProducer, Engine, Outcome, PackLimit, PackLimits, PackReport, Parallelism, PoolBounds, Produced,
    ProducerConfig, SubmitError, VerifiedTransaction,
};
use heddle_types::{Hash, Pubkey, TransactionError, ids, limits};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const PAYERS: u8 = 40;
const HOT: u8 = 200;
const NONCE: u8 = 201;
const LIMIT_UNITS: u32 = 1_000;
/// What a transfer with [`budget`] sets aside: the signature, two write locks, 12 + 5 + 9 + 5 bytes of data, the limit it
/// requests, one page of loaded data.
const TRANSFER_UNITS: u64 = 720 + 600 + 31 / 4 + LIMIT_UNITS as u64 + 8;
const NONCE_SOURCE: Hash = Hash::new_from_array([9; 32]);

fn payer(n: u8) -> Pubkey {
    address(&key(n))
}

fn engine(block_limits: BlockLimits) -> Engine {
    let builder = Engine::builder()
        .workers(1)
        .workers_max(2)
        .block_limits(block_limits)
        .fund(plain(HOT), 1_000_000_000)
        .account(plain(NONCE), nonce_account(payer(1), &NONCE_SOURCE));
    (1..=PAYERS).fold(builder, |builder, n| builder.fund(payer(n), 10_000_000_000)).build().expect("an engine")
}

fn producer(engine: &Engine, bounds: PoolBounds) -> BlockProducer {
    let limits = PackLimits { look_ahead: 0, ..PackLimits::UNLIMITED };
    BlockProducer::new(engine, ProducerConfig { bounds, limits })
}

fn bounds(waiting_max: usize, waiting_per_account_max: usize) -> PoolBounds {
    PoolBounds { waiting_max, waiting_per_account_max }
}

/// Requests a limit, 32 KiB of data, and bids a price in micro-lamports per unit.
fn budget(price: u64) -> [Instruction; 3] {
    let request = |tag: u8, value: &[u8]| Instruction {
        program: ids::compute_budget::ID,
        accounts: vec![],
        data: [&[tag][..], value].concat(),
    };
    [request(2, &LIMIT_UNITS.to_le_bytes()), request(3, &price.to_le_bytes()), request(4, &32_768u32.to_le_bytes())]
}

/// A transfer that bids `price` lamports per thousand units of cost, or about that.
fn bid(engine: &Engine, from: u8, to: Pubkey, price: u64) -> VerifiedTransaction {
    let instructions = [&budget(price * 1_000_000)[..], &[transfer(payer(from), to, 1_000_000)]].concat();
    verified(&instructions, &[&key(from)], engine.latest_blockhash())
}

fn payers_of(transactions: &[VerifiedTransaction]) -> Vec<u8> {
    let by_key: BTreeMap<Pubkey, u8> = (1..=PAYERS).map(|n| (payer(n), n)).collect();
    transactions.iter().map(|one| by_key[&one.transaction().static_keys()[0]]).collect()
}

/// Executes and commits a block; all of it must be processed.
fn execute(engine: &Engine, produced: Produced) {
    let executed = engine.execute_block(produced.block).expect("a produced block is within limits");
    assert!(executed.outcomes().iter().all(|outcome| outcome.receipt().is_some()));
    engine.commit_block(executed).expect("commits");
}

fn empty_block(engine: &Engine) {
    let executed = engine.execute_block(engine.next_block(vec![])).expect("an empty block");
    engine.commit_block(executed).expect("commits");
}

#[test]
fn on_a_contended_account_the_better_fee_goes_first() {
    let engine = engine(BlockLimits { account_compute_units: 2 * TRANSFER_UNITS, ..BlockLimits::UNLIMITED });
    let mut producer = producer(&engine, PoolBounds::default());
    for (from, price) in [(1, 5), (2, 9), (3, 1), (4, 7), (5, 9)] {
        producer.submit(bid(&engine, from, plain(HOT), price)).expect("room");
    }
    for expected in [&[2, 5][..], &[4, 1], &[3], &[]] {
        let produced = producer.produce();
        assert_eq!(payers_of(&produced.block.transactions), expected);
        execute(&engine, produced);
    }
}

#[test]
fn what_a_block_sets_aside_is_what_its_transactions_may_cost() {
    let engine = engine(BlockLimits::default());
    let mut producer = producer(&engine, PoolBounds::default());
    producer.submit(bid(&engine, 1, plain(HOT), 2)).expect("room");
    let greedy = producer.serial_greedy(producer.limits());
    let packed = producer.produce().packed;
    assert_eq!(packed.cost, TRANSFER_UNITS);
    // Half of 5,000 for the signature, and 1,000 units at two lamports.
    assert_eq!(packed.reward, 2_500 + 2_000);
    assert_eq!(PackReport::new(&packed, &greedy).lost(), 0);
}

#[test]
fn a_flood_on_a_hot_account_keeps_nobody_out() {
    let half = BlockLimits {
        compute_units: 8 * TRANSFER_UNITS,
        account_compute_units: 4 * TRANSFER_UNITS,
        ..BlockLimits::UNLIMITED
    };
    let engine = engine(half);
    let mut producer = producer(&engine, bounds(16, 12));
    for from in 1..=30 {
        let result = producer.submit(bid(&engine, from, plain(HOT), 1_000));
        if from <= 12 {
            assert!(result.expect("room").is_empty());
        } else {
            assert!(matches!(result, Err(SubmitError::AccountFull { waiting: 12, account }) if account == plain(HOT)));
        }
    }
    for from in 31..=34 {
        assert!(producer.submit(bid(&engine, from, plain(from), 1)).expect("room").is_empty());
    }
    let produced = producer.produce();
    assert_eq!(payers_of(&produced.block.transactions), [1, 2, 3, 4, 31, 32, 33, 34]);
    execute(&engine, produced);
    assert_eq!(producer.waiting_count(), 8);
}

#[test]
fn a_full_pool_refuses_or_gives_up_its_worst() {
    let engine = engine(BlockLimits::default());
    let mut producer = producer(&engine, bounds(3, 3));
    for from in 1..=3 {
        producer.submit(bid(&engine, from, plain(from), u64::from(from))).expect("room");
    }
    assert!(matches!(producer.submit(bid(&engine, 4, plain(4), 1)), Err(SubmitError::PoolFull { waiting: 3 })));
    let evicted = producer.submit(bid(&engine, 5, plain(5), 9)).expect("better than the worst");
    assert_eq!(payers_of(&evicted), [1]);
    assert!(!producer.is_waiting(evicted[0].message_hash()));
    assert_eq!(payers_of(&producer.produce().block.transactions), [5, 3, 2]);
}

#[test]
fn nothing_is_taken_twice() {
    let engine = engine(BlockLimits::default());
    let mut producer = producer(&engine, PoolBounds::default());
    let one = bid(&engine, 1, plain(HOT), 1);
    producer.submit(one.clone()).expect("room");
    assert!(matches!(producer.submit(one.clone()), Err(SubmitError::AlreadyWaiting)));
    execute(&engine, producer.produce());
    assert!(matches!(producer.submit(one), Err(SubmitError::AlreadyProcessed { slot: 1 })));
    // Withdrawn, it may come again.
    let two = bid(&engine, 2, plain(HOT), 1);
    producer.submit(two.clone()).expect("room");
    assert_eq!(producer.withdraw(two.message_hash()).map(|one| *one.message_hash()), Some(*two.message_hash()));
    assert!(producer.withdraw(two.message_hash()).is_none());
    producer.submit(two).expect("room");
}

#[test]
fn what_expires_is_refused_or_handed_out() {
    let engine = engine(BlockLimits::default());
    let mut producer = producer(&engine, PoolBounds::default());
    let old = engine.latest_blockhash();
    let waiting = bid(&engine, 1, plain(HOT), 1);
    let late = bid(&engine, 2, plain(HOT), 1);
    producer.submit(waiting).expect("room");
    for _ in 0..=limits::BLOCKHASH_AGE_BLOCKS_MAX {
        empty_block(&engine);
    }
    producer.submit(bid(&engine, 3, plain(HOT), 1)).expect("a new blockhash");
    assert!(matches!(producer.submit(late), Err(SubmitError::Expired { blockhash }) if blockhash == old));
    let produced = producer.produce();
    assert_eq!(payers_of(&produced.expired), [1]);
    assert_eq!(payers_of(&produced.block.transactions), [3]);
    assert_eq!(producer.waiting_count(), 0);
}

#[test]
fn a_durable_nonce_does_not_expire_until_it_is_used() {
    let engine = engine(BlockLimits::default());
    let mut producer = producer(&engine, PoolBounds::default());
    let nonce = heddle_vm::DurableNonce::from_blockhash(&NONCE_SOURCE);
    let on_nonce = |lamports| {
        let instructions = [advance_nonce(plain(NONCE), payer(1)), transfer(payer(1), plain(HOT), lamports)];
        verified(&instructions, &[&key(1)], nonce.0)
    };
    producer.submit(on_nonce(1_000)).expect("the present value");
    for _ in 0..=limits::BLOCKHASH_AGE_BLOCKS_MAX {
        empty_block(&engine);
    }
    let produced = producer.produce();
    assert_eq!((produced.block.transactions.len(), produced.expired.len()), (1, 0));
    execute(&engine, produced);
    assert!(matches!(producer.submit(on_nonce(2_000)), Err(SubmitError::Expired { .. })));
}

#[test]
fn what_cannot_be_in_a_block_is_refused() {
    let engine = engine(BlockLimits { compute_units: 2 * TRANSFER_UNITS, ..BlockLimits::UNLIMITED });
    let mut producer = producer(&engine, PoolBounds::default());
    let mut refusal = |instructions: &[Instruction], from: u8| {
        producer.submit(verified(instructions, &[&key(from)], engine.latest_blockhash())).expect_err("refused")
    };
    let poor = [transfer(payer(99), plain(HOT), 1)];
    assert!(matches!(refusal(&poor, 99), SubmitError::Rejected(TransactionError::AccountNotFound)));
    let dear = [&budget(1 << 60)[..], &[transfer(payer(1), plain(HOT), 1)]].concat();
    assert!(matches!(refusal(&dear, 1), SubmitError::Rejected(TransactionError::InsufficientFundsForFee)));
    let twice = [budget(1)[0].clone(), budget(1)[0].clone()];
    assert!(matches!(refusal(&twice, 1), SubmitError::Rejected(TransactionError::DuplicateInstruction(1))));
    // Without a request for less, 64 MiB of loaded data are set aside.
    let large = [transfer(payer(1), plain(HOT), 1)];
    assert!(matches!(refusal(&large, 1), SubmitError::OverLimit(PackLimit::Cost)));
}

#[test]
fn what_execution_rejects_does_not_come_back() {
    let engine = engine(BlockLimits::default());
    let mut producer = producer(&engine, PoolBounds::default());
    // Everything the payer has goes away before its second, cheaper transaction is executed.
    let all = 10_000_000_000 - 5_000 - 1_000 * 50;
    let first = [&budget(50_000_000)[..], &[transfer(payer(1), plain(HOT), all)]].concat();
    producer.submit(verified(&first, &[&key(1)], engine.latest_blockhash())).expect("room");
    producer.submit(bid(&engine, 1, plain(2), 1)).expect("room");
    let executed = engine.execute_block(producer.produce().block).expect("a block");
    assert!(matches!(executed.outcomes(), [Outcome::Processed(_), Outcome::Rejected(_)]));
    assert_eq!(producer.waiting_count(), 0);
}

/// One submission of a random stream.
#[derive(Clone, Copy, Debug)]
struct Submission {
    from: u8,
    to: u8,
    price: u64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Submit(Submission),
    Produce,
}

fn step() -> impl Strategy<Value = Step> {
    let to = prop_oneof![2 => Just(HOT), 1 => 100..110u8, 1 => 1..=PAYERS];
    prop_oneof![
        12 => (1..=PAYERS, to, 0..6u64).prop_map(|(from, to, price)| Step::Submit(Submission { from, to, price })),
        1 => Just(Step::Produce),
    ]
}

/// Where each submitted transaction is.
#[derive(Default)]
struct Ledger {
    waiting: HashSet<Hash>,
    gone: HashSet<Hash>,
}

impl Ledger {
    fn leave(&mut self, transactions: &[VerifiedTransaction]) {
        for one in transactions {
            assert!(self.waiting.remove(one.message_hash()), "only who waits can leave");
            assert!(self.gone.insert(*one.message_hash()), "nobody leaves twice");
        }
    }
}

/// Executes serially, on one worker and on two; all must agree. Then commits.
fn execute_all_ways(engine: &Engine, produced: &Produced) {
    let modes = [Parallelism::Serial, Parallelism::Workers(1), Parallelism::Workers(2)];
    let headers: Vec<_> = modes
        .iter()
        .map(|&mode| {
            let executed = engine.execute_block_with(produced.block.clone(), mode).expect("within limits");
            (*executed.header(), executed.outcomes().to_vec())
        })
        .collect();
    assert!(headers.iter().all(|one| *one == headers[0]));
    let executed = engine.execute_block(produced.block.clone()).expect("within limits");
    engine.commit_block(executed).expect("commits");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(0x0048_6564_646c_6505),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Each submitted transaction is in one block, still waits, was displaced, or was refused with a reason.
    #[test]
    fn nothing_is_lost_or_doubled(steps in proptest::collection::vec(step(), 1..120)) {
        let block_limits = BlockLimits {
            compute_units: 12 * TRANSFER_UNITS,
            account_compute_units: 5 * TRANSFER_UNITS,
            ..BlockLimits::UNLIMITED
        };
        let engine = engine(block_limits);
        let mut producer = producer(&engine, bounds(20, 8));
        let mut ledger = Ledger::default();
        for step in steps.into_iter().chain([Step::Produce; 20]) {
            match step {
                Step::Submit(Submission { from, to, price }) => {
                    let to = if to <= PAYERS { payer(to) } else { plain(to) };
                    let one = bid(&engine, from, to, price);
                    let hash = *one.message_hash();
                    let was_known = ledger.waiting.contains(&hash) || ledger.gone.contains(&hash);
                    match producer.submit(one) {
                        Ok(evicted) => {
                            ledger.gone.remove(&hash);
                            prop_assert!(ledger.waiting.insert(hash));
                            ledger.leave(&evicted);
                        }
                        Err(SubmitError::AlreadyWaiting | SubmitError::AlreadyProcessed { .. }) => {
                            prop_assert!(was_known);
                        }
                        Err(SubmitError::AccountFull { waiting: 8, .. } | SubmitError::PoolFull { waiting: 20 }) => {}
                        Err(other) => prop_assert!(false, "{other}"),
                    }
                }
                Step::Produce => {
                    let produced = producer.produce();
                    prop_assert!(produced.expired.is_empty());
                    prop_assert!(produced.packed.cost <= block_limits.compute_units);
                    ledger.leave(&produced.block.transactions);
                    execute_all_ways(&engine, &produced);
                }
            }
            prop_assert_eq!(producer.waiting_count(), ledger.waiting.len());
            prop_assert!(ledger.waiting.iter().all(|hash| producer.is_waiting(hash)));
        }
        prop_assert_eq!(producer.waiting_count(), 0, "twenty blocks are enough for all");
    }
}
