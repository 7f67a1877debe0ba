//! The state hash does not depend on how many terms are kept between blocks, whatever happens to blocks in between.

mod common;

use std::collections::BTreeMap;

use common::*;
use heddle_engine::{Block, BlockLimits, Engine, EngineError, Lattice, Parallelism, VerifiedTransaction};
use heddle_types::{Account, Pubkey, ids, limits};
use proptest::prelude::*;

const USERS: u8 = 6;
/// None, as many as two accounts need, and the default.
const CACHES_BYTES: [Option<usize>; 3] = [Some(0), Some(5_000), None];
/// What a block may allocate: less than an account of [`LARGE_BYTES`] takes.
const ALLOCATED_BYTES_MAX: u64 = 100;
const LARGE_BYTES: u64 = 200;

/// What happens to a block.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Committed,
    /// After it was executed and hashed.
    Dropped,
    /// It runs, is found to do too much, and is not hashed.
    Aborted,
}

/// (from, to, lamports); `u64::MAX` is all that there is, which leaves no account.
type Transfer = (u8, u8, u64);

fn user(n: u8) -> Pubkey {
    address(&key(n + 1))
}

fn engine(cache_bytes: Option<usize>) -> Engine {
    let limits = BlockLimits { allocated_bytes: ALLOCATED_BYTES_MAX, ..BlockLimits::UNLIMITED };
    let builder = Engine::builder().workers_max(4).block_limits(limits).fund(address(&key(99)), 1_000_000_000_000);
    let builder = (0..USERS).fold(builder, |builder, n| builder.fund(user(n), 1_000_000_000));
    match cache_bytes {
        Some(size_bytes) => builder.hash_cache_bytes(size_bytes).build(),
        None => builder.build(),
    }
    .expect("an engine")
}

fn sign(transfers: &[Transfer], fate: Fate, engine: &Engine) -> Vec<VerifiedTransaction> {
    let blockhash = engine.latest_blockhash();
    let mut signed: Vec<_> = transfers
        .iter()
        .map(|&(from, to, lamports)| {
            let balance = engine.account(&user(from)).expect("readable").map_or(0, |account| account.lamports);
            let all = balance.saturating_sub(limits::LAMPORTS_PER_SIGNATURE);
            let lamports = if lamports == u64::MAX { all } else { lamports };
            verified(&[transfer(user(from), user(to), lamports)], &[&key(from + 1)], blockhash)
        })
        .collect();
    if matches!(fate, Fate::Aborted) {
        let (payer, new) = (key(99), key(98));
        let lamports = limits::rent_exempt_minimum(LARGE_BYTES as usize);
        let create = create_account(address(&payer), address(&new), lamports, LARGE_BYTES, ids::system_program::ID);
        signed.push(verified(&[create], &[&payer, &new], blockhash));
    }
    signed
}

/// The state from genesis on, hashed without help from the engine.
struct State {
    accounts: BTreeMap<Pubkey, Account>,
    lattice: Lattice,
}

impl State {
    fn genesis(engine: &Engine) -> Self {
        let genesis = engine.store().genesis().expect("readable").expect("a chain");
        let accounts: BTreeMap<_, _> = genesis.accounts.into_iter().collect();
        let lattice = Lattice::of(&accounts);
        Self { accounts, lattice }
    }

    fn apply(&mut self, changes: &[heddle_engine::AccountChange]) {
        for change in changes {
            let before = self.accounts.insert(change.key, change.after.clone()).unwrap_or_default();
            assert_eq!(before, change.before);
            self.lattice.subtract(&change.key, &change.before);
            self.lattice.add(&change.key, &change.after);
        }
    }
}

/// Executes the same block everywhere and does with it what `fate` says.
fn step(engines: &[Engine], state: &mut State, transfers: &[Transfer], fate: Fate) {
    let transactions = sign(transfers, fate, &engines[0]);
    let mut committed = None;
    for (engine, workers) in engines.iter().zip([1, 2, 4]) {
        let block: Block = engine.next_block(transactions.clone());
        let executed = match engine.execute_block_with(block, Parallelism::Workers(workers)) {
            Ok(executed) => executed,
            Err(EngineError::OverBlockLimit { .. }) => continue,
            Err(error) => panic!("{error}"),
        };
        let mut expected = State { accounts: state.accounts.clone(), lattice: state.lattice.clone() };
        expected.apply(executed.changes());
        assert_eq!(executed.lattice(), &expected.lattice);
        assert_eq!(executed.header().state_hash, expected.lattice.state_hash());
        if matches!(fate, Fate::Committed) {
            engine.commit_block(executed).expect("commits");
            committed = Some(expected);
        }
    }
    assert_eq!(committed.is_some(), matches!(fate, Fate::Committed));
    if let Some(committed) = committed {
        *state = committed;
    }
    assert!(engines.iter().all(|engine| engine.tip() == engines[0].tip()));
}

fn block() -> impl Strategy<Value = (Vec<Transfer>, Fate)> {
    let lamports = prop_oneof![8 => 1u64..100_000_000, 2 => Just(u64::MAX)];
    let fate = prop_oneof![6 => Just(Fate::Committed), 2 => Just(Fate::Dropped), 1 => Just(Fate::Aborted)];
    (prop::collection::vec((0..USERS, 0..USERS, lamports), 0..6), fate)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn blocks_that_stay_are_dropped_or_aborted(blocks in prop::collection::vec(block(), 1..16)) {
        let engines = CACHES_BYTES.map(engine);
        let mut state = State::genesis(&engines[0]);
        for (transfers, fate) in blocks {
            step(&engines, &mut state, &transfers, fate);
        }
        prop_assert!(Lattice::of(&state.accounts) == state.lattice);
    }
}

/// The same two accounts in every block: from the third on their terms are kept, and each kind of block that leaves no
/// trace comes between two that do.
#[test]
fn hot_accounts_through_dropped_and_aborted_blocks() {
    let engines = CACHES_BYTES.map(engine);
    let mut state = State::genesis(&engines[0]);
    for round in 0..4 {
        for fate in [Fate::Committed, Fate::Dropped, Fate::Committed, Fate::Aborted, Fate::Committed, Fate::Committed] {
            step(&engines, &mut state, &[(0, 1, 1_000 + round), (1, 2, 3)], fate);
        }
        // Gone, and there again in the next round.
        step(&engines, &mut state, &[(2, 0, u64::MAX)], Fate::Committed);
    }
    assert!(Lattice::of(&state.accounts) == state.lattice);
}
