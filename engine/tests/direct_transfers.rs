//! A plain transfer executed directly comes to what the machine makes of it. Whoever asks for details gets the machine, so
//! the same block goes through both: results, balances and state hash must be equal.

mod common;

use common::{address, key, plain, transfer, verified};
use heddle_engine::{Engine, ExecutedBlock, Outcome, Parallelism, VerifiedTransaction};
use heddle_types::{Account, Hash, Pubkey, Receipt, ids, limits};
use proptest::prelude::*;

const USERS: u8 = 6;
/// Accounts without a key, from this number on.
const PLAIN: u8 = 100;
const PLAINS: u8 = 8;

/// Balances at which a rule changes its mind.
fn lamports() -> impl Strategy<Value = u64> {
    let minimum = limits::rent_exempt_minimum(0);
    let edge =
        prop_oneof![Just(0), Just(5000), Just(minimum), Just(minimum + 5000), Just(2 * minimum), Just(u64::MAX / 2)];
    prop_oneof![3 => (edge, 0..3u64).prop_map(|(edge, more)| edge + more), 2 => 1..10_000_000u64, 1 => 1..u64::MAX / 4]
}

fn account() -> impl Strategy<Value = Account> {
    let owner = prop_oneof![
        6 => Just(ids::system_program::ID),
        1 => Just(plain(77)),
        1 => Just(ids::bpf_loader_upgradeable::ID),
        1 => Just(ids::vote::ID),
    ];
    let data =
        prop_oneof![4 => Just(Vec::new()), 1 => Just(vec![0; 80]), 1 => prop::collection::vec(any::<u8>(), 1..90)];
    (lamports(), owner, data).prop_map(|(lamports, owner, data)| Account::new(lamports, &data, owner))
}

/// Who receives: a user, an account without a key, or one that nothing may be sent to.
fn receiver() -> impl Strategy<Value = Pubkey> {
    prop_oneof![
        4 => (0..USERS).prop_map(user),
        4 => (PLAIN..PLAIN + PLAINS).prop_map(plain),
        1 => Just(ids::incinerator::ID),
        1 => Just(ids::sysvar::clock::ID),
        1 => Just(ids::system_program::ID),
    ]
}

fn user(n: u8) -> Pubkey {
    address(&key(n + 1))
}

#[derive(Clone, Debug)]
struct Case {
    accounts: Vec<Account>,
    transfers: Vec<(u8, Pubkey, u64)>,
}

fn case() -> impl Strategy<Value = Case> {
    let accounts = prop::collection::vec(account(), usize::from(USERS + PLAINS));
    let transfers = prop::collection::vec((0..USERS, receiver(), lamports()), 1..40);
    (accounts, transfers).prop_map(|(accounts, transfers)| Case { accounts, transfers })
}

fn engine(case: &Case, record_details: bool) -> Engine {
    let keys = (0..USERS).map(user).chain((PLAIN..PLAIN + PLAINS).map(plain));
    let accounts = keys.zip(case.accounts.iter().cloned()).filter(|(_, account)| account.exists());
    let builder = Engine::builder().workers_max(4).record_details(record_details);
    accounts.fold(builder, |builder, (key, account)| builder.account(key, account)).build().expect("an engine")
}

/// Signs the transfers of a case; equal ones once, because the second would be a duplicate.
fn sign(case: &Case, blockhash: Hash) -> Vec<VerifiedTransaction> {
    let sign = |&(from, to, lamports): &(u8, Pubkey, u64)| {
        verified(&[transfer(user(from), to, lamports)], &[&key(from + 1)], blockhash)
    };
    case.transfers.iter().map(sign).collect()
}

fn execute(engine: &Engine, case: &Case, parallelism: Parallelism) -> ExecutedBlock {
    let block = engine.next_block(sign(case, engine.latest_blockhash()));
    engine.execute_block_with(block, parallelism).expect("a block")
}

/// What an outcome says beside its details.
fn bare(outcomes: &[Outcome]) -> Vec<Outcome> {
    let without = |receipt: &Receipt| Receipt { details: None, ..receipt.clone() };
    let bare = |outcome: &Outcome| match outcome {
        Outcome::Processed(receipt) => Outcome::Processed(without(receipt)),
        Outcome::Rejected(error) => Outcome::Rejected(error.clone()),
    };
    outcomes.iter().map(bare).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn directly_as_by_the_machine(case in case()) {
        let reference = execute(&engine(&case, true), &case, Parallelism::Serial);
        for parallelism in [Parallelism::Serial, Parallelism::Workers(3)] {
            let direct = execute(&engine(&case, false), &case, parallelism);
            prop_assert_eq!(bare(direct.outcomes()), bare(reference.outcomes()));
            prop_assert_eq!(direct.changes(), reference.changes());
            prop_assert_eq!(direct.header(), reference.header());
        }
    }
}

#[test]
fn the_cases_reach_success_and_failure() {
    let mut case =
        Case { accounts: vec![Account::with_lamports(10_000_000); usize::from(USERS + PLAINS)], transfers: vec![] };
    case.transfers =
        vec![(0, plain(PLAIN), 5_000_000), (0, plain(PLAIN), 5_000_001), (1, user(1), 7), (2, plain(99), 1)];
    let block = execute(&engine(&case, false), &case, Parallelism::Serial);
    let succeeded: Vec<bool> = block
        .outcomes()
        .iter()
        .map(|outcome| outcome.receipt().is_some_and(|receipt| receipt.status.is_ok()))
        .collect();
    assert_eq!(succeeded, [true, false, true, false], "{:?}", block.outcomes());
}
