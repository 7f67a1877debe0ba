//! Long chains on one account: no recursion, no thread hop per link, and workers without work sleep.

use heddle_scheduler::{Pool, Schedule};
use heddle_types::AccountLock;

const LINKS: u32 = 100_000;

#[test]
fn a_chain_of_a_hundred_thousand_runs_in_order() {
    let lock = [AccountLock::writable(7)];
    let schedule = Schedule::build((0..LINKS).map(|_| &lock[..]));
    assert_eq!((schedule.starts().len(), schedule.critical_path(|_| 1)), (1, u64::from(LINKS)));
    for workers in [1, 2, 4, 16] {
        let mut pool = Pool::new(workers).unwrap();
        let mut orders = vec![Vec::new(); workers];
        let stats = pool.run(&schedule, &mut orders, |order: &mut Vec<u32>, tx| order.push(tx.0)).unwrap();
        // One worker ran all of it: whoever took the first link.
        let order = orders.iter().find(|order| !order.is_empty()).unwrap();
        assert!(order.iter().copied().eq(0..LINKS), "{workers} workers");
        assert_eq!(stats.executed_count(), u64::from(LINKS));
        // Nothing is ever queued, so whoever sleeps sleeps to the end (one wakeup may be left from before).
        assert!(stats.workers.iter().all(|worker| worker.park_count <= 2), "{stats:?}");
    }
}

#[test]
fn fans_of_readers_between_writers() {
    let locks = (0..50_000_u32)
        .map(|tx| [if tx % 100 == 0 { AccountLock::writable(0) } else { AccountLock::readonly(0) }])
        .collect::<Vec<_>>();
    let mut schedule = Schedule::build(locks.iter().map(<[_; 1]>::as_slice));
    assert_eq!(schedule.critical_path(|_| 1), 1000);
    schedule.prioritise(|_| 1);
    for workers in [1, 2, 4, 16] {
        let mut counts = vec![0_u64; workers];
        let stats = Pool::new(workers).unwrap().run(&schedule, &mut counts, |count, _| *count += 1).unwrap();
        assert_eq!((stats.executed_count(), counts.iter().sum()), (50_000, 50_000_u64));
    }
}

#[test]
fn the_clock_is_the_caller_s() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let ticks = AtomicU64::new(0);
    let clock = || ticks.fetch_add(1000, Ordering::Relaxed);
    let lock = [AccountLock::writable(0)];
    let schedule = Schedule::build((0..10).map(|_| &lock[..]));
    for workers in [1, 2] {
        let mut pool = Pool::new(workers).unwrap();
        let stats = pool.run_timed(&schedule, &mut vec![(); workers], |(), _| (), Some(&clock)).unwrap();
        assert!(stats.workers.iter().all(|worker| worker.executed_count == 0 || worker.busy_ns >= 1000));
    }
}
