//! The pool keeps the serial fiction: for any number of workers, conflicting transactions run in block order.

mod common;

use common::{Random, lock_sets};
use heddle_scheduler::{Pool, RunStats, Schedule, TransactionIndex};
use heddle_types::AccountLock;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU32, Ordering};

const WORKERS: [usize; 4] = [1, 2, 4, 16];

/// What happened to one account: each writer, with how many readers came before it. Readers may come in any order
/// among themselves, so they are only counted.
#[derive(Debug, Default)]
struct AccountLog {
    writers: Vec<(u32, u32)>,
    readers: AtomicU32,
}

/// An account's writers and the count of its readers, at the end.
type Outcome = (Vec<(u32, u32)>, u32);

/// Runs one transaction on the logs. A lock that is taken is a bug of the scheduler: two that conflict run at once.
fn touch(logs: &[RwLock<AccountLog>], block: &[Vec<AccountLock>], tx: TransactionIndex) {
    let locks = &block[tx.0 as usize];
    let account = |lock: &AccountLock| &logs[lock.account.0 as usize];
    let (written, read): (Vec<_>, Vec<_>) = locks.iter().partition(|lock| lock.is_writable());
    let write =
        |lock: &&AccountLock| account(lock).try_write().unwrap_or_else(|_| panic!("{tx:?} finds {lock:?} taken"));
    let share =
        |lock: &&AccountLock| account(lock).try_read().unwrap_or_else(|_| panic!("{tx:?} finds {lock:?} taken"));
    let mut written = written.iter().map(write).collect::<Vec<_>>();
    let read = read.iter().map(share).collect::<Vec<_>>();
    for log in &mut written {
        let readers = log.readers.load(Ordering::Relaxed);
        log.writers.push((tx.0, readers));
    }
    for log in &read {
        log.readers.fetch_add(1, Ordering::Relaxed);
    }
}

fn run(
    pool: &mut Pool,
    workers: usize,
    schedule: &Schedule,
    block: &[Vec<AccountLock>],
    accounts: u64,
) -> (Vec<Outcome>, RunStats) {
    let logs = (0..accounts).map(|_| RwLock::default()).collect::<Vec<_>>();
    let mut states = vec![Vec::new(); workers];
    let stats = pool
        .run(schedule, &mut states, |executed: &mut Vec<u32>, tx| {
            touch(&logs, block, tx);
            executed.push(tx.0);
        })
        .unwrap();
    let mut executed = states.concat();
    executed.sort_unstable();
    assert!(executed.iter().copied().eq(0..block.len() as u32), "each transaction runs once");
    let outcome = |log: RwLock<AccountLog>| {
        let log = log.into_inner().unwrap();
        (log.writers, log.readers.into_inner())
    };
    (logs.into_iter().map(outcome).collect(), stats)
}

/// Every number of workers, with and without priorities, leaves the same logs as one worker.
fn check(pools: &mut [Pool], schedule: &mut Schedule, block: &[Vec<AccountLock>], accounts: u64, case: u64) {
    schedule.rebuild(lock_sets(block));
    let mut expected = None;
    for is_prioritised in [false, true] {
        if is_prioritised {
            schedule.prioritise(|tx| u64::from(tx.0 % 7));
        }
        for pool in &mut *pools {
            let workers = pool.workers();
            let (logs, stats) = run(pool, workers, schedule, block, accounts);
            assert_eq!(stats.executed_count(), block.len() as u64);
            let expected = expected.get_or_insert_with(|| logs.clone());
            assert_eq!(logs, *expected, "case {case}, {workers} workers");
        }
    }
}

#[test]
fn conflicting_transactions_run_in_block_order_for_any_number_of_workers() {
    let mut pools = WORKERS.map(|workers| Pool::new(workers).unwrap());
    let mut schedule = Schedule::new();
    for case in 0..300 {
        let mut random = Random(case);
        let accounts = 1 + random.below(60);
        let transactions = random.below(600);
        let (locks_max, writable_percent) = (1 + random.below(8), random.below(101));
        let block =
            (0..transactions).map(|_| random.lock_set(accounts, locks_max, writable_percent)).collect::<Vec<_>>();
        check(&mut pools, &mut schedule, &block, accounts, case);
    }
}

#[test]
fn one_hot_account_among_many_cold_ones() {
    let mut pools = WORKERS.map(|workers| Pool::new(workers).unwrap());
    let mut block = Vec::new();
    for tx in 0..3000_u32 {
        let hot = if tx % 10 == 0 { AccountLock::writable(0) } else { AccountLock::readonly(0) };
        block.push(if tx % 3 == 0 {
            vec![hot, AccountLock::writable(1 + tx % 50)]
        } else {
            vec![AccountLock::writable(1 + tx % 50)]
        });
    }
    check(&mut pools, &mut Schedule::new(), &block, 51, 0);
}

#[test]
fn fewer_states_than_workers_use_fewer_workers() {
    let mut pool = Pool::new(4).unwrap();
    let block = (0..100).map(|tx| vec![AccountLock::writable(tx % 10)]).collect::<Vec<_>>();
    let schedule = Schedule::build(lock_sets(&block));
    for workers in [3, 1, 4, 2] {
        let (_, stats) = run(&mut pool, workers, &schedule, &block, 10);
        assert_eq!(stats.workers.len(), workers);
        assert_eq!(stats.executed_count(), 100);
    }
}
