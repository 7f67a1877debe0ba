//! The whole concurrent half under shuttle: the real worker loop, countdown and idle protocol, every step of which is
//! a point where another worker may come in. Run with
//! `RUSTFLAGS="--cfg shuttle" cargo test -p heddle-scheduler --lib --target-dir target/shuttle`.
//!
//! A lost wakeup shows as a deadlock, an early release as a failed `try_lock` or a wrong log. A failure prints the
//! schedule to replay.

use crate::countdown::Countdown;
use crate::dispatch::{self, Dispatch};
use crate::graph::TransactionIndex;
use crate::idle::Idle;
use crate::pool::PoolError;
use crate::schedule::Schedule;
use crate::sync::{AtomicU64, Mutex};
use crate::worker::{Run, Seat};
use heddle_types::AccountLock;

const ITERATIONS: usize = 5_000;
const SEED: u64 = 0x4865_6464_6c65;
/// Depth of the rare orders that probabilistic concurrency testing looks for.
const PCT_DEPTH: usize = 3;

fn w(account: u32) -> AccountLock {
    AccountLock::writable(account)
}

fn r(account: u32) -> AccountLock {
    AccountLock::readonly(account)
}

fn run_once(
    workers: usize,
    block: &[Vec<AccountLock>],
    is_prioritised: bool,
    execute: impl Fn(TransactionIndex) + Sync,
) -> Result<(), PoolError> {
    let mut schedule = Schedule::build(block.iter().map(Vec::as_slice));
    if is_prioritised {
        schedule.prioritise(|tx| 1 + u64::from(tx.0 % 3));
    }
    let mut countdown = Countdown::default();
    countdown.reset(&schedule);
    let mut seats = (0..workers).map(|_| Seat::new()).collect::<Vec<_>>();
    let victims = seats.iter().map(|seat| seat.tasks.victim()).collect::<Vec<_>>();
    let idle = Idle::new(seats.iter().map(|seat| seat.parker.unparker().clone()).collect());
    // All with one worker: the others have to steal.
    let offered = AtomicU64::new(dispatch::deal(&schedule, 1, seats.iter_mut().map(|seat| &mut seat.tasks)));
    let dispatch = Dispatch { schedule: &schedule, countdown: &countdown, victims: &victims, offered: &offered };
    let run = Run::new(dispatch, &idle, None);
    shuttle::thread::scope(|scope| {
        for (index, seat) in seats.iter_mut().enumerate() {
            let (run, execute) = (&run, &execute);
            scope.spawn(move || run.work(index, seat, execute));
        }
    });
    run.finish()
}

/// Every account logs its writers, and the readers that came before each; that must be as in block order.
fn check_block(workers: usize, block: &[Vec<AccountLock>], is_prioritised: bool, accounts: usize) {
    let logs = (0..accounts).map(|_| Mutex::new(Vec::new())).collect::<Vec<_>>();
    let holders = (0..accounts).map(|_| std::sync::RwLock::new(())).collect::<Vec<_>>();
    let outcome = run_once(workers, block, is_prioritised, |tx| {
        let locks = &block[tx.0 as usize];
        let account = |lock: &AccountLock| &holders[lock.account.0 as usize];
        let (written, read): (Vec<_>, Vec<_>) = locks.iter().partition(|lock| lock.is_writable());
        let _written = written.iter().map(|lock| account(lock).try_write().unwrap()).collect::<Vec<_>>();
        let _read = read.iter().map(|lock| account(lock).try_read().unwrap()).collect::<Vec<_>>();
        for lock in locks {
            logs[lock.account.0 as usize].lock().unwrap().push((tx.0, lock.is_writable()));
        }
    });
    outcome.unwrap();
    for (account, log) in logs.into_iter().enumerate() {
        let mut log = log.into_inner().unwrap();
        // Readers between two writers may come in any order.
        log.chunk_by_mut(|(_, a), (_, b)| !a && !b).for_each(<[_]>::sort_unstable);
        let lock_of = |locks: &Vec<AccountLock>| locks.iter().find(|lock| lock.account.0 as usize == account).copied();
        let serial = (0_u32..).zip(block).filter_map(|(tx, locks)| lock_of(locks).map(|lock| (tx, lock.is_writable())));
        assert!(log.iter().copied().eq(serial), "account {account}: {log:?}");
    }
}

fn explore(workers: usize, block: &'static [&'static [AccountLock]], accounts: usize) {
    for is_prioritised in [false, true] {
        let check = move || {
            let block = block.iter().map(|locks| locks.to_vec()).collect::<Vec<_>>();
            check_block(workers, &block, is_prioritised, accounts);
        };
        shuttle::check_random_with_seed(check, SEED, ITERATIONS);
        shuttle::check_pct(check, ITERATIONS, PCT_DEPTH);
    }
}

fn leak(block: Vec<Vec<AccountLock>>) -> &'static [&'static [AccountLock]] {
    let sets = block.into_iter().map(|locks| &*locks.leak());
    sets.collect::<Vec<_>>().leak()
}

#[test]
fn chains_and_fans() {
    let block = vec![vec![w(0)], vec![r(0), w(1)], vec![r(0), w(2)], vec![r(0)], vec![w(0), w(3)], vec![r(3), r(1)]];
    explore(2, leak(block.clone()), 4);
    explore(3, leak(block), 4);
}

#[test]
fn a_join_of_many_is_released_once() {
    let block = vec![vec![w(0)], vec![w(1)], vec![w(2)], vec![w(0), w(1), w(2)], vec![r(1)], vec![r(1)], vec![w(1)]];
    explore(3, leak(block), 3);
}

#[test]
fn sleepers_wake_for_a_late_fan() {
    // One at first, then four at once, then one again: workers fall asleep and must come back.
    let fan = (1..5).map(|account| vec![r(0), w(account)]);
    let block = [vec![w(0)]].into_iter().chain(fan).chain([vec![w(0)], vec![r(0), w(1)], vec![r(0), w(2)]]);
    let block = leak(block.collect());
    explore(2, block, 5);
    explore(4, block, 5);
}

/// Transactions that wait for each other can only end if each gets a worker of its own: a wakeup lost is a deadlock.
#[test]
fn every_sleeper_wakes_when_there_is_work_for_all() {
    for (workers, is_prioritised) in [(2_u32, false), (3, false), (4, false), (2, true), (3, true), (4, true)] {
        let check = move || {
            let first = vec![w(0)];
            let fan = (1..=workers).map(|account| vec![r(0), w(account)]);
            let block = [first].into_iter().chain(fan).collect::<Vec<_>>();
            let barrier = shuttle::sync::Barrier::new(workers as usize);
            let meet = |tx: TransactionIndex| {
                if tx.0 > 0 {
                    barrier.wait();
                }
            };
            run_once(workers as usize, &block, is_prioritised, meet).unwrap();
        };
        shuttle::check_random_with_seed(check, SEED, ITERATIONS);
        shuttle::check_pct(check, ITERATIONS, PCT_DEPTH);
    }
}

#[test]
fn a_panic_reaches_every_worker() {
    let check = || {
        let block = (0..6).map(|tx| vec![w(tx % 3)]).collect::<Vec<_>>();
        let outcome = run_once(3, &block, true, |tx| {
            if tx.0 == 1 {
                std::panic::resume_unwind(Box::new("bad"));
            }
        });
        let Err(PoolError::WorkerPanicked { transaction, .. }) = outcome else { panic!("it ended well") };
        assert_eq!(transaction, TransactionIndex(1));
    };
    shuttle::check_random_with_seed(check, SEED, ITERATIONS);
}
