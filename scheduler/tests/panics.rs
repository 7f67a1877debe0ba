//! A panic in a transaction aborts the run, names the transaction, and leaves the pool fit for the next run.

use heddle_scheduler::{Pool, PoolError, Schedule, TransactionIndex, WORKERS_MAX};
use heddle_types::AccountLock;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

fn independent(transactions: u32) -> Schedule {
    let locks = (0..transactions).map(|tx| [AccountLock::writable(tx)]).collect::<Vec<_>>();
    Schedule::build(locks.iter().map(<[_; 1]>::as_slice))
}

fn chain(transactions: u32) -> Schedule {
    let lock = [AccountLock::writable(0)];
    Schedule::build((0..transactions).map(|_| &lock[..]))
}

fn panic_at(pool: &mut Pool, schedule: &Schedule, victim: u32) -> u32 {
    let executed = AtomicU32::new(0);
    let mut states = vec![(); pool.workers()];
    let outcome = pool.run(schedule, &mut states, |(), tx| {
        if tx.0 == victim {
            // A panic without the noise of the hook.
            resume_unwind(Box::new(format!("transaction {victim} is bad")));
        }
        executed.fetch_add(1, Ordering::Relaxed);
    });
    let Err(PoolError::WorkerPanicked { transaction, message }) = outcome else { panic!("it ended well") };
    assert_eq!(transaction, TransactionIndex(victim));
    assert_eq!(message, format!("transaction {victim} is bad"));
    executed.into_inner()
}

#[test]
fn a_panic_aborts_the_run_and_the_pool_lives_on() {
    for workers in [1, 2, 4, 16] {
        let mut pool = Pool::new(workers).unwrap();
        for victim in [0, 499, 999] {
            panic_at(&mut pool, &independent(1000), victim);
            let executed = panic_at(&mut pool, &chain(1000), victim);
            assert_eq!(executed, victim, "nothing runs after a predecessor that panicked");
            let mut states = vec![0_u32; workers];
            let stats = pool.run(&independent(1000), &mut states, |count, _| *count += 1).unwrap();
            assert_eq!((stats.executed_count(), states.iter().sum::<u32>()), (1000, 1000));
        }
    }
}

#[test]
fn other_workers_stop_promptly() {
    const LINKS: u32 = 100_000;
    // Two chains: the second one's first transaction panics, the first chain waits for that and then runs on.
    let locks = (0..2 * LINKS).map(|tx| [AccountLock::writable(tx % 2)]).collect::<Vec<_>>();
    let schedule = Schedule::build(locks.iter().map(<[_; 1]>::as_slice));
    let (is_panicking, executed) = (AtomicBool::new(false), AtomicU32::new(0));
    let outcome = Pool::new(2).unwrap().run(&schedule, &mut [(); 2], |(), tx| {
        if tx.0 == 1 {
            is_panicking.store(true, Ordering::Release);
            resume_unwind(Box::new("at once"));
        }
        while !is_panicking.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        executed.fetch_add(1, Ordering::Relaxed);
        std::thread::yield_now();
    });
    assert!(matches!(outcome, Err(PoolError::WorkerPanicked { transaction: TransactionIndex(1), .. })));
    assert!(executed.into_inner() < LINKS, "the other chain ran to its end");
}

#[test]
fn wrong_counts_of_workers_and_states_are_errors() {
    assert!(matches!(Pool::new(0), Err(PoolError::WorkerCount { workers: 0 })));
    assert!(matches!(Pool::new(WORKERS_MAX + 1), Err(PoolError::WorkerCount { .. })));
    let mut pool = Pool::new(2).unwrap();
    let schedule = independent(1);
    let none: &mut [()] = &mut [];
    assert!(matches!(pool.run(&schedule, none, |(), _| ()), Err(PoolError::StateCount { states: 0, workers: 2 })));
    assert!(matches!(pool.run(&schedule, &mut [(); 3], |(), _| ()), Err(PoolError::StateCount { states: 3, .. })));
}
