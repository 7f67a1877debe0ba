//! Blocks that do more than a block may are refused whole, by the same transaction at any worker count, and leave no trace.

mod common;

use common::*;
use heddle_engine::{Block, BlockLimit, BlockLimits, Cost, Engine, EngineError, Parallelism};
use heddle_types::{Gates, Pubkey};

const PAYERS: u8 = 10;
const MODES: [Parallelism; 3] = [Parallelism::Serial, Parallelism::Workers(1), Parallelism::Workers(2)];
/// 720 for the signature, 600 for two writable accounts, 3 for the data, 150 to run, 8 for the page that was loaded.
const TRANSFER_UNITS: u64 = 1_481;

fn payer(n: u8) -> Pubkey {
    address(&key(n))
}

fn engine(limits: BlockLimits) -> Engine {
    let builder = Engine::builder().workers(1).workers_max(2).block_limits(limits);
    (1..=PAYERS).fold(builder, |builder, n| builder.fund(payer(n), 10_000_000_000)).build().expect("an engine")
}

/// Transfers, each with its own payer; to one account, or each to its own.
fn transfers(engine: &Engine, to: impl Fn(u8) -> Pubkey) -> Block {
    let blockhash = engine.latest_blockhash();
    let one = |n| verified(&[transfer(payer(n), to(n), 1_000_000)], &[&key(n)], blockhash);
    engine.next_block((1..=PAYERS).map(one).collect())
}

fn check(limits: BlockLimits, make: impl Fn(&Engine) -> Block, expected: Option<(usize, BlockLimit)>) {
    for mode in MODES {
        let engine = engine(limits);
        let tip = engine.tip();
        match (engine.execute_block_with(make(&engine), mode), &expected) {
            (Ok(executed), None) => drop(engine.commit_block(executed).expect("commits")),
            (Err(EngineError::OverBlockLimit { position, limit, .. }), Some(expected)) => {
                assert_eq!((position, limit), *expected, "{mode:?}");
                assert_eq!(engine.tip(), tip);
                assert_eq!(engine.account(&payer(1)).expect("readable").expect("funded").lamports, 10_000_000_000);
                // The slot is free, and nothing counts as processed.
                let first = transfers(&engine, |_| plain(99)).transactions.remove(0);
                let block = engine.execute_block_with(engine.next_block(vec![first]), mode).expect("a small block");
                assert_eq!(block.outcomes()[0].receipt().expect("processed").status, Ok(()));
            }
            (other, _) => panic!("{mode:?}: {:?} for {expected:?}", other.map(|block| *block.header())),
        }
    }
}

#[test]
fn the_cost_of_a_transfer() {
    let engine = engine(BlockLimits::default());
    let block = engine.execute_block(transfers(&engine, |_| plain(99))).expect("a block");
    let (transaction, receipt) = block.processed().next().expect("one");
    let cost = Cost::of(transaction, receipt, &Gates::mainnet());
    assert_eq!(cost, Cost { compute_units: TRANSFER_UNITS, allocated_bytes: 0 });
}

#[test]
fn compute_units_of_the_block() {
    let limits = |units| BlockLimits { compute_units: units, ..BlockLimits::UNLIMITED };
    let make = |engine: &Engine| transfers(engine, |n| plain(100 + n));
    check(limits(10 * TRANSFER_UNITS), make, None);
    check(limits(10 * TRANSFER_UNITS - 1), make, Some((9, BlockLimit::ComputeUnits)));
    check(limits(4 * TRANSFER_UNITS), make, Some((4, BlockLimit::ComputeUnits)));
}

#[test]
fn compute_units_of_an_account() {
    let limits = |units| BlockLimits { account_compute_units: units, ..BlockLimits::UNLIMITED };
    let hot = |engine: &Engine| transfers(engine, |_| plain(99));
    check(limits(10 * TRANSFER_UNITS), hot, None);
    check(limits(7 * TRANSFER_UNITS), hot, Some((7, BlockLimit::AccountComputeUnits(plain(99)))));
    // As much work without a hot account is no problem.
    check(limits(7 * TRANSFER_UNITS), |engine| transfers(engine, |n| plain(100 + n)), None);
}

#[test]
fn account_data_of_the_block() {
    const SPACE: u64 = 1_000;
    let make = |engine: &Engine| {
        let create = |n: u8| {
            let new = key(100 + n);
            let instruction = create_account(payer(n), address(&new), 100_000_000, SPACE, plain(7));
            verified(&[instruction], &[&key(n), &new], engine.latest_blockhash())
        };
        engine.next_block((1..=PAYERS).map(create).collect())
    };
    let limits = |bytes| BlockLimits { allocated_bytes: bytes, ..BlockLimits::UNLIMITED };
    check(limits(10 * SPACE), make, None);
    check(limits(3 * SPACE), make, Some((3, BlockLimit::AllocatedBytes)));
}
