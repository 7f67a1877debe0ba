//! The test that only order can pass: X writes A, Y reads A and writes B, Z reads B, each folding what it reads into a
//! hash, while unrelated transactions of all sizes disturb the timing.
//!
//! The accounts are relaxed atomics on purpose: no lock of theirs makes one worker's writes visible to another, only
//! the scheduler's completion does. In every tenth block two transactions wait for each other, so that the test is
//! parallel on the most loaded machine.

mod common;

use common::{Random, lock_sets};
use heddle_scheduler::{Pool, Schedule, TransactionIndex};
use heddle_types::AccountLock;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

const ROUNDS: u64 = 10_000;
const A: u32 = 0;
const B: u32 = 1;
const RESULT: u32 = 2;
const DISTURBANCES: u32 = 12;
const ROUNDS_PER_MEETING: u64 = 10;

/// 32 bytes that nothing but the schedule protects.
#[derive(Default)]
struct Account([AtomicU64; 4]);

impl Account {
    fn load(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(&self.0) {
            chunk.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        bytes
    }

    fn store(&self, bytes: [u8; 32]) {
        for (chunk, word) in bytes.chunks_exact(8).zip(&self.0) {
            word.store(u64::from_le_bytes(chunk.try_into().unwrap()), Ordering::Relaxed);
        }
    }
}

#[derive(Clone, Copy)]
enum Work {
    /// Folds `salt` and the first account into the second.
    Fold { from: u32, to: u32, salt: u64 },
    /// Hashes an own account as often.
    Disturb { account: u32, hashes: u64 },
    /// Waits until both of the two that lock accounts of their own are running.
    Meet { account: u32 },
}

fn fold(accounts: &[Account], from: u32, to: u32, salt: u64) {
    let mut hasher = Sha256::new();
    hasher.update(salt.to_le_bytes());
    hasher.update(accounts[from as usize].load());
    hasher.update(accounts[to as usize].load());
    accounts[to as usize].store(hasher.finalize().into());
}

/// `is_serial`: nobody else could come to the meeting.
fn execute(accounts: &[Account], work: Work, arrived: &AtomicU64, is_serial: bool) {
    match work {
        Work::Meet { .. } => {
            arrived.fetch_add(1, Ordering::Relaxed);
            while arrived.load(Ordering::Relaxed) < 2 && !is_serial {
                std::thread::yield_now();
            }
        }
        Work::Fold { from, to, salt } => fold(accounts, from, to, salt),
        Work::Disturb { account, hashes } => (0..hashes).for_each(|salt| fold(accounts, account, account, salt)),
    }
}

fn locks(work: Work) -> Vec<AccountLock> {
    match work {
        Work::Fold { from, to, .. } if from == to => vec![AccountLock::writable(to)],
        Work::Fold { from, to, .. } => vec![AccountLock::readonly(from), AccountLock::writable(to)],
        Work::Disturb { account, .. } | Work::Meet { account } => vec![AccountLock::writable(account)],
    }
}

/// X, Y and Z in this order, at random places among the disturbances.
fn block(round: u64) -> Vec<Work> {
    let mut random = Random(round);
    let mut works = (0..DISTURBANCES)
        .map(|index| Work::Disturb { account: 3 + index, hashes: random.below(16) * random.below(8) })
        .collect::<Vec<_>>();
    if round.is_multiple_of(ROUNDS_PER_MEETING) {
        works[2] = Work::Meet { account: 5 };
        works[9] = Work::Meet { account: 12 };
    }
    let mut place = 0;
    for (from, to) in [(A, A), (A, B), (B, RESULT)] {
        place += random.below((works.len() - place + 1) as u64) as usize;
        works.insert(place, Work::Fold { from, to, salt: round });
        place += 1;
    }
    works
}

/// What the accounts hold in the end, and how many transactions ran on other threads than the caller's.
fn run_all(workers: usize, rounds: u64) -> (Vec<[u8; 32]>, u64) {
    let accounts = (0..3 + DISTURBANCES).map(|_| Account::default()).collect::<Vec<_>>();
    let mut pool = Pool::new(workers).unwrap();
    let mut states = vec![(); workers];
    let mut schedule = Schedule::new();
    let mut helped_count = 0;
    for round in 0..rounds {
        let works = block(round);
        let locks = works.iter().map(|work| locks(*work)).collect::<Vec<_>>();
        schedule.rebuild(lock_sets(&locks));
        let arrived = AtomicU64::new(0);
        let execute =
            |(): &mut (), tx: TransactionIndex| execute(&accounts, works[tx.0 as usize], &arrived, workers == 1);
        let stats = pool.run(&schedule, &mut states, execute).unwrap();
        helped_count += stats.workers[1..].iter().map(|worker| worker.executed_count).sum::<u64>();
    }
    (accounts.iter().map(Account::load).collect(), helped_count)
}

fn check(workers: usize, rounds: u64, serial: &[[u8; 32]]) {
    let (accounts, helped_count) = run_all(workers, rounds);
    assert_eq!(accounts, serial, "{workers} workers");
    // A run in which one thread did everything proves nothing; each meeting needs two.
    assert!(helped_count >= rounds / ROUNDS_PER_MEETING, "invalid: {helped_count} transactions ran in parallel");
}

#[test]
fn a_chain_of_hashes_comes_out_as_in_block_order() {
    let (serial, _) = run_all(1, ROUNDS);
    assert_ne!(serial[RESULT as usize], [0; 32]);
    for workers in [2, 4] {
        check(workers, ROUNDS, &serial);
    }
}

#[test]
fn many_more_workers_than_cores_agree_too() {
    let (serial, _) = run_all(1, ROUNDS / 10);
    check(16, ROUNDS / 10, &serial);
}
