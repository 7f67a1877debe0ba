//! The simulation: schedules worked out by hand, bounds that no dispatcher can break, and determinism.

mod common;

use common::Random;
use heddle_scheduler::makespan::{Block, Greedy, Overheads, Policy, bound, optimum, simulate};
use heddle_types::AccountLock;
use proptest::prelude::*;

const POLICIES: [Policy; 5] =
    [Policy::BlockOrder, Policy::Prioritised, Policy::Fifo, Policy::CriticalPathFirst, Policy::Greedy(GREEDY)];
const GREEDY: Greedy = Greedy::AGAVE;
/// Those that never leave a worker idle while a transaction is ready.
const WORK_CONSERVING: [Policy; 4] = [Policy::BlockOrder, Policy::Prioritised, Policy::Fifo, Policy::CriticalPathFirst];
const FREE: Overheads = Overheads { dispatch_ns: 0, steal_ns: 0, spin_ns: 0, wake_ns: 0, scheduler_ns: 0, hop_ns: 0 };

fn w(account: u32) -> AccountLock {
    AccountLock::writable(account)
}

fn r(account: u32) -> AccountLock {
    AccountLock::readonly(account)
}

fn block(transactions: &[(u64, &[AccountLock])]) -> Block {
    let costs_ns = transactions.iter().map(|(cost_ns, _)| *cost_ns).collect::<Vec<_>>();
    let lock_sets = transactions.iter().map(|(_, locks)| locks.to_vec()).collect();
    Block { lock_sets, weights: costs_ns.clone(), costs_ns }
}

/// A block that the seed decides.
fn random_block(seed: u64, transactions: u64, accounts: u64) -> Block {
    let mut random = Random(seed);
    let lock_sets = (0..transactions).map(|_| random.lock_set(accounts, 3, 60)).collect::<Vec<_>>();
    let costs_ns = lock_sets.iter().map(|_| 1 + random.below(40)).collect::<Vec<_>>();
    Block { lock_sets, weights: costs_ns.clone(), costs_ns }
}

fn check(transactions: &[(u64, &[AccountLock])], workers: usize, policy: Policy, overheads: Overheads, makespan: u64) {
    let outcome = simulate(&block(transactions), workers, policy, overheads, 7);
    assert_eq!(outcome.makespan_ns, makespan, "{policy:?} on {workers} workers");
}

#[test]
fn a_chain_runs_on_one_worker_without_any_steal() {
    let chain: &[(u64, &[AccountLock])] = &[(10, &[w(0)]), (20, &[w(0)]), (30, &[w(0)])];
    for policy in POLICIES {
        check(chain, 1, policy, FREE, 60);
        check(chain, 3, policy, FREE, 60);
    }
    let outcome = simulate(&block(chain), 3, Policy::Prioritised, FREE, 7);
    assert_eq!((outcome.steal_count, outcome.wake_count), (0, 0));
}

#[test]
fn the_chain_that_comes_last_starts_first_when_prioritised() {
    let late_chain: &[(u64, &[AccountLock])] =
        &[(30, &[w(0)]), (30, &[w(1)]), (20, &[w(2)]), (20, &[w(2)]), (20, &[w(2)])];
    assert_eq!(bound(&block(late_chain), 2), 60);
    assert_eq!(optimum(&block(late_chain), 2), 60);
    check(late_chain, 2, Policy::Prioritised, FREE, 60);
    check(late_chain, 2, Policy::CriticalPathFirst, FREE, 60);
    // Both short ones first, then the chain alone.
    check(late_chain, 2, Policy::Fifo, FREE, 90);
    // One worker has both short ones, the other the chain: luck.
    check(late_chain, 2, Policy::BlockOrder, FREE, 60);
}

#[test]
fn a_released_chain_does_not_wait_for_the_worker_that_released_it() {
    // The first releases two chains of two; the other worker has short ones of its own and leaves them for a chain.
    let two_chains: &[(u64, &[AccountLock])] = &[
        (10, &[w(0), w(1)]),
        (40, &[w(0)]),
        (40, &[w(0)]),
        (40, &[w(1)]),
        (40, &[w(1)]),
        (5, &[w(2)]),
        (5, &[w(3)]),
        (5, &[w(4)]),
        (5, &[w(5)]),
    ];
    assert_eq!(bound(&block(two_chains), 2), 95);
    check(two_chains, 2, Policy::Prioritised, FREE, 95);
}

#[test]
fn every_cost_of_dispatch_is_counted() {
    let overheads = Overheads { dispatch_ns: 3, steal_ns: 5, spin_ns: 10, wake_ns: 100, ..FREE };
    // One after the other: 10 + 3 each.
    check(&[(10, &[w(0)]), (10, &[w(0)])], 2, Policy::BlockOrder, overheads, 26);
    // The second reader is released at 13; the other worker, spinning since 0, sees it and steals: 5, then 10 + 3.
    let fan: &[(u64, &[AccountLock])] = &[(5, &[w(0)]), (10, &[r(0)]), (10, &[r(0)])];
    check(fan, 2, Policy::BlockOrder, overheads, 8 + 5 + 13);
    // Here it fell asleep and takes 100 to wake; the releasing worker has run both by then.
    let late_fan: &[(u64, &[AccountLock])] = &[(50, &[w(0)]), (10, &[r(0)]), (10, &[r(0)])];
    check(late_fan, 2, Policy::BlockOrder, overheads, 53 + 13 + 13);
}

#[test]
fn the_greedy_model_locks_accounts_to_threads() {
    // Two on account 0 queue on one thread, the third conflicts with both threads and waits for their batches.
    let across: &[(u64, &[AccountLock])] =
        &[(10, &[w(0)]), (10, &[w(1)]), (10, &[w(0)]), (10, &[w(0), w(1)]), (10, &[w(2)])];
    check(across, 2, Policy::Greedy(GREEDY), FREE, 30);
    // Each pass looks at what waits (2 each), each batch travels there and back (5 each way).
    let overheads = Overheads { scheduler_ns: 2, hop_ns: 5, ..FREE };
    check(&[(10, &[w(0)])], 2, Policy::Greedy(GREEDY), overheads, 2 + 5 + 10);
    // Without room beyond one unit per thread, a thread gets the next batch only after the scheduler has the last.
    let greedy = Policy::Greedy(Greedy { target_units: 1, ..GREEDY });
    let overheads = Overheads { hop_ns: 5, ..FREE };
    check(&[(10, &[w(0)]), (10, &[w(1)])], 1, greedy, overheads, 5 + 10 + 5 + 5 + 10);
}

#[test]
fn the_optimum_is_better_than_any_list() {
    // 1 and 3 follow 0, and 4 follows both. Whoever begins 2 at once holds up 3, and with it 4.
    let idle: &[(u64, &[AccountLock])] =
        &[(1, &[w(0), w(1)]), (3, &[w(0)]), (6, &[]), (3, &[w(1)]), (6, &[w(0), w(1)])];
    assert_eq!(bound(&block(idle), 2), 10);
    assert_eq!(optimum(&block(idle), 2), 10);
    for policy in WORK_CONSERVING {
        check(idle, 2, policy, FREE, 13);
    }
    // Thirds and halves.
    let parts: &[(u64, &[AccountLock])] = &[(3, &[]), (3, &[]), (2, &[]), (2, &[]), (2, &[])];
    assert_eq!(optimum(&block(parts), 2), 6);
    assert_eq!(simulate(&block(parts), 2, Policy::CriticalPathFirst, FREE, 7).makespan_ns, 7);
}

#[test]
fn an_empty_block_takes_no_time() {
    for policy in POLICIES {
        assert_eq!(simulate(&Block::default(), 4, policy, FREE, 7).makespan_ns, 0);
    }
    assert_eq!((bound(&Block::default(), 4), optimum(&Block::default(), 4)), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nobody_beats_the_bound_and_dispatch_keeps_the_promise_of_list_scheduling(
        seed: u64, transactions in 1_u64..120, accounts in 1_u64..60, workers in 1_usize..20,
    ) {
        let block = random_block(seed, transactions, accounts);
        let least = bound(&block, workers);
        let work = block.costs_ns.iter().sum::<u64>();
        let path = bound(&block, work as usize);
        for policy in POLICIES {
            let outcome = simulate(&block, workers, policy, FREE, seed);
            prop_assert!(outcome.makespan_ns >= least, "{policy:?} takes {} of {least}", outcome.makespan_ns);
            prop_assert_eq!(outcome, simulate(&block, workers, policy, FREE, seed));
        }
        // Makespan ≤ W/P + (1 − 1/P)·CP, times P.
        for policy in WORK_CONSERVING {
            let makespan = simulate(&block, workers, policy, FREE, seed).makespan_ns;
            let promise = work + (workers as u64 - 1) * path;
            prop_assert!(makespan * workers as u64 <= promise, "{policy:?} takes {makespan}: more than {promise}/P");
        }
    }

    #[test]
    fn nobody_beats_the_optimum(seed: u64, transactions in 1_u64..8, accounts in 1_u64..8, workers in 1_usize..4) {
        let block = random_block(seed, transactions, accounts);
        let best = optimum(&block, workers);
        prop_assert!(best >= bound(&block, workers));
        for policy in POLICIES {
            let makespan = simulate(&block, workers, policy, FREE, seed).makespan_ns;
            prop_assert!(makespan >= best, "{policy:?} takes {makespan}, the optimum is {best}");
        }
    }

    #[test]
    fn costs_of_dispatch_never_lose_a_transaction(
        seed: u64, transactions in 1_u64..80, accounts in 1_u64..40, workers in 1_usize..12,
    ) {
        let block = random_block(seed, transactions, accounts);
        let overheads =
            Overheads { dispatch_ns: 2, steal_ns: 3, spin_ns: 5, wake_ns: 11, scheduler_ns: 1, hop_ns: 4 };
        // A run asserts that every transaction was executed.
        for policy in POLICIES {
            let makespan = simulate(&block, workers, policy, overheads, seed).makespan_ns;
            prop_assert!(makespan >= bound(&block, workers));
        }
    }
}
