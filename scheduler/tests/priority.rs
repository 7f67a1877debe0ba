//! The pool and the packer, one property at a time: order, bounds, floods, parking, look-ups, critical path.

use heddle_scheduler::{
    BlockStats, Candidate, PackLimit, PackLimits, PackReport, PoolBounds, Refusal, TransactionIndex, WaitingPool,
};
use heddle_types::{AccountIndex, AccountLock};

const COST: u64 = 1_000;
const HOT: u32 = 0;

type Pool = WaitingPool<u32>;

/// Blocks of ten transactions, five of them on one account, without look-ahead.
fn ten_per_block() -> PackLimits {
    PackLimits { cost: 10 * COST, account_cost: 5 * COST, look_ahead: 0, ..PackLimits::UNLIMITED }
}

fn pool(limits: PackLimits) -> Pool {
    WaitingPool::new(PoolBounds { waiting_max: 200_000, waiting_per_account_max: 200_000 }, limits)
}

/// A payer of its own for each transaction, and more.
fn locks(id: u32, more: &[u32]) -> Vec<AccountLock> {
    std::iter::once(1_000 + id).chain(more.iter().copied()).map(AccountLock::writable).collect()
}

fn insert(pool: &mut Pool, id: u32, more: &[u32], reward: u64) -> Result<Vec<u32>, Refusal> {
    pool.insert(Candidate { id, locks: &locks(id, more), reward, cost: COST, data_bytes: 0 })
}

fn pack(pool: &mut Pool) -> Vec<u32> {
    let packed = pool.pack();
    pool.verify();
    packed.transactions
}

#[test]
fn best_reward_per_cost_first_and_ties_by_arrival() {
    let mut pool = pool(PackLimits::UNLIMITED);
    for (id, reward, cost) in [(0, 100, 100), (1, 300, 100), (2, 4, 2), (3, 600, 300), (4, 0, 0)] {
        let candidate = Candidate { id, locks: &locks(id, &[]), reward, cost, data_bytes: 0 };
        assert_eq!(pool.insert(candidate), Ok(vec![]));
    }
    assert_eq!(pool.iter().collect::<Vec<_>>(), [1, 2, 3, 0, 4]);
    assert_eq!(pack(&mut pool), [1, 2, 3, 0, 4]);
    assert!(pool.is_empty());
}

#[test]
fn a_flood_on_one_account_leaves_room_for_the_rest() {
    let mut pool = pool(ten_per_block());
    for id in 0..1_000 {
        insert(&mut pool, id, &[HOT], 1_000_000).expect("room");
    }
    for id in 1_000..1_005 {
        insert(&mut pool, id, &[], 1).expect("room");
    }
    // Half of the first block is the hot account's, in order of arrival; the cheap ones are not starved.
    assert_eq!(pack(&mut pool), [0, 1, 2, 3, 4, 1_000, 1_001, 1_002, 1_003, 1_004]);
    assert_eq!(pack(&mut pool), [5, 6, 7, 8, 9]);
}

#[test]
fn looking_is_bounded_by_what_is_taken_and_not_by_what_waits() {
    let limits = PackLimits { cost: 1_500 * COST, account_cost: 100 * COST, look_ahead: 7, ..PackLimits::UNLIMITED };
    let mut pool = pool(limits);
    for id in 0..100_000 {
        insert(&mut pool, id, &[HOT], 1_000_000 + u64::from(id)).expect("room");
    }
    for id in 100_000..101_000 {
        insert(&mut pool, id, &[], 1).expect("room");
    }
    let greedy = pool.serial_greedy(pool.limits());
    let first = pool.pack();
    assert_eq!(first.transactions.len(), 100 + 1_000);
    // Eight until the account's queue is closed, and the first arrival, which was queued on its payer: its account was not
    // hot yet.
    assert_eq!((first.parked_count, first.closed_count), (8 + 1, 1));
    assert_eq!(first.look_up_count, 100 + 1_000 + 9, "of 100,000 waiting transactions nine were looked at in vain");
    assert_eq!(PackReport::new(&first, &greedy).lost(), 0);
    for _ in 0..10 {
        assert_eq!(pool.pack().look_up_count, 100 + 8);
    }
}

#[test]
fn what_is_queued_elsewhere_is_moved_once_to_what_keeps_it_out() {
    // 1,000 transactions write the hot account and one that is hotter still when they arrive.
    let other = 1;
    let limits = PackLimits { cost: 2_000 * COST, account_cost: 1_500 * COST, look_ahead: 0, ..PackLimits::UNLIMITED };
    let mut pool = pool(PackLimits { account_cost: 100 * COST, ..limits });
    for id in 0..10 {
        insert(&mut pool, id, &[other], 1).expect("room");
    }
    for id in 10..110 {
        insert(&mut pool, id, &[other, HOT], 50).expect("room");
    }
    for id in 110..210 {
        insert(&mut pool, id, &[HOT], 100).expect("room");
    }
    let first = pool.pack();
    pool.verify();
    assert_eq!(first.transactions.len(), 110, "the hot account's best, and the other's that do not write it");
    assert_eq!(first.parked_count, 100);
    let second = pool.pack();
    assert_eq!((second.transactions.len(), second.parked_count, second.look_up_count), (100, 0, 100));
}

#[test]
fn what_is_parked_keeps_its_place() {
    let mut pool = pool(ten_per_block());
    for id in 0..12 {
        insert(&mut pool, id, &[HOT], 100 - u64::from(id)).expect("room");
    }
    assert_eq!(pack(&mut pool), [0, 1, 2, 3, 4]);
    // A later one goes before those passed over if it pays more, and behind them if it pays as much.
    insert(&mut pool, 50, &[HOT], 95).expect("room");
    insert(&mut pool, 51, &[HOT], 96).expect("room");
    assert_eq!(pack(&mut pool), [51, 5, 50, 6, 7]);
    assert_eq!(pack(&mut pool), [8, 9, 10, 11]);
}

#[test]
fn look_ahead_finds_what_still_fits() {
    let limits = PackLimits { account_cost: 10, look_ahead: 1, ..PackLimits::UNLIMITED };
    for (look_ahead, expected) in [(0, &[0][..]), (1, &[0]), (2, &[0, 3])] {
        let mut pool = pool(PackLimits { look_ahead, ..limits });
        for (id, cost) in [(0, 8), (1, 4), (2, 3), (3, 2)] {
            let candidate =
                Candidate { id, locks: &locks(id, &[HOT]), reward: 100 * cost - u64::from(id), cost, data_bytes: 0 };
            pool.insert(candidate).expect("room");
        }
        assert_eq!(pool.serial_greedy(pool.limits()).transactions, [0, 3]);
        assert_eq!(pack(&mut pool), expected, "look-ahead {look_ahead}");
    }
}

#[test]
fn a_full_pool_keeps_the_best() {
    let bounds = PoolBounds { waiting_max: 3, waiting_per_account_max: 3 };
    let mut pool = Pool::new(bounds, PackLimits::UNLIMITED);
    for id in 0..3 {
        insert(&mut pool, id, &[], 10 + u64::from(id)).expect("room");
    }
    assert_eq!(insert(&mut pool, 3, &[], 10), Err(Refusal::PoolFull { waiting: 3 }), "paying as much is not enough");
    assert_eq!(insert(&mut pool, 4, &[], 11), Ok(vec![0]));
    assert_eq!(insert(&mut pool, 4, &[], 99), Err(Refusal::Duplicate));
    pool.verify();
    assert_eq!(pack(&mut pool), [2, 1, 4]);
}

#[test]
fn a_hot_account_displaces_none_but_its_own() {
    let bounds = PoolBounds { waiting_max: 10, waiting_per_account_max: 4 };
    let mut pool = Pool::new(bounds, PackLimits::UNLIMITED);
    for id in 0..6 {
        insert(&mut pool, id, &[], 1).expect("room");
    }
    for id in 10..14 {
        insert(&mut pool, id, &[HOT], 100).expect("room");
    }
    let full = Refusal::AccountFull { account: AccountIndex(HOT), waiting: 4 };
    assert_eq!(insert(&mut pool, 14, &[HOT], 100), Err(full));
    for (id, worst) in [(20, 13), (21, 12), (22, 11), (23, 10)] {
        assert_eq!(insert(&mut pool, id, &[HOT], 1_000_000), Ok(vec![worst]));
        pool.verify();
    }
    assert_eq!(insert(&mut pool, 24, &[HOT], 1_000_000), Err(full));
    assert_eq!(pool.writer_count(AccountIndex(HOT)), 4);
    assert!((0..6).all(|id| pool.contains(&id)), "nobody else had to go");
}

#[test]
fn one_departure_makes_room_on_several_accounts() {
    let bounds = PoolBounds { waiting_max: 10, waiting_per_account_max: 2 };
    let mut pool = Pool::new(bounds, PackLimits::UNLIMITED);
    insert(&mut pool, 0, &[1, 2], 1).expect("room");
    insert(&mut pool, 1, &[1], 9).expect("room");
    insert(&mut pool, 2, &[2], 9).expect("room");
    assert_eq!(insert(&mut pool, 3, &[1, 2], 5), Ok(vec![0]));
    // Now each account's worst is the same transaction; another one needs more than that on account 2.
    assert_eq!(insert(&mut pool, 4, &[1, 2], 6), Ok(vec![3]));
    pool.verify();
    assert!(matches!(insert(&mut pool, 5, &[2, 1], 6), Err(Refusal::AccountFull { waiting: 2, .. })));
}

#[test]
fn what_no_block_can_take_is_refused() {
    let limits = PackLimits { cost: 40, account_cost: 20, critical_path_cost: 10, data_bytes: 5, look_ahead: 0 };
    let mut pool = Pool::new(PoolBounds::default(), limits);
    for (cost, data_bytes, limit) in [
        (41, 0, PackLimit::Cost),
        (21, 0, PackLimit::AccountCost),
        (11, 0, PackLimit::CriticalPath),
        (10, 6, PackLimit::DataBytes),
    ] {
        let candidate = Candidate { id: 0, locks: &locks(0, &[]), reward: 1, cost, data_bytes };
        assert_eq!(pool.insert(candidate), Err(Refusal::OverLimit(limit)));
    }
    assert_eq!(pool.insert(Candidate { id: 0, locks: &locks(0, &[]), reward: 1, cost: 10, data_bytes: 5 }), Ok(vec![]));
}

#[test]
fn what_leaves_is_gone_and_the_next_takes_its_place() {
    let mut pool = pool(ten_per_block());
    for id in 0..20 {
        insert(&mut pool, id, &[HOT], 100 - u64::from(id)).expect("room");
    }
    assert!(pool.remove(&0) && !pool.remove(&0));
    assert_eq!(pool.retain(|id| id % 2 == 0), (1..20).step_by(2).collect::<Vec<_>>());
    pool.verify();
    assert_eq!(pack(&mut pool), [2, 4, 6, 8, 10]);
    assert_eq!(insert(&mut pool, 2, &[HOT], 1), Ok(vec![]), "an id may come again");
    assert_eq!(pool.retain(|_| false).len(), pool.retain(|_| true).len() + 5);
    assert!(pool.is_empty());
}

/// Ten chains: transaction *n* of a chain writes what the one before wrote and what the next will write, so that no
/// account is written by more than two and the whole chain waits.
fn chains(pool: &mut Pool) {
    for step in 0..20 {
        for chain in 0..10 {
            let id = 20 * chain + step;
            let locks = [AccountLock::writable(100 * chain + step), AccountLock::writable(100 * chain + step + 1)];
            let candidate = Candidate { id, locks: &locks, reward: 1_000 - u64::from(id), cost: COST, data_bytes: 0 };
            pool.insert(candidate).expect("room");
        }
    }
}

#[test]
fn no_chain_is_longer_than_its_bound() {
    let mut pool = pool(PackLimits { critical_path_cost: 5 * COST, ..PackLimits::UNLIMITED });
    chains(&mut pool);
    // Five of each chain, one parked, five more: who is left out chains nobody.
    let first = pool.pack();
    pool.verify();
    assert_eq!((first.critical_path_cost, first.cost, first.parked_count), (5 * COST, 170 * COST, 30));
    let second = pool.pack();
    assert_eq!((second.critical_path_cost, second.cost), (COST, 30 * COST));
    assert!(pool.is_empty());
}

#[test]
fn readers_of_one_account_are_no_chain() {
    let mut pool = pool(PackLimits { critical_path_cost: 2 * COST, ..PackLimits::UNLIMITED });
    let mut add = |id, lock| {
        let locks = [AccountLock::writable(1_000 + id), lock];
        pool.insert(Candidate { id, locks: &locks, reward: 100 - u64::from(id), cost: COST, data_bytes: 0 })
    };
    for id in 0..50 {
        add(id, AccountLock::readonly(HOT)).expect("room");
    }
    for id in 50..53 {
        add(id, AccountLock::writable(HOT)).expect("room");
    }
    let packed = pool.pack();
    assert_eq!(packed.transactions, (0..51).collect::<Vec<_>>(), "all readers, and one writer after them");
    assert_eq!(packed.critical_path_cost, 2 * COST);
    assert_eq!(pack(&mut pool), [51, 52]);
}

#[test]
fn limits_for_workers_bound_the_makespan() {
    let limits = PackLimits { cost: 100 * COST, account_cost: 50 * COST, ..PackLimits::UNLIMITED };
    let limits = limits.for_workers(4, 10 * COST);
    let mut pool = pool(limits);
    let mut lock_sets = Vec::new();
    for id in 0..400 {
        // The hot account pays best.
        let is_hot = id < 200;
        insert(&mut pool, id, if is_hot { &[HOT] } else { &[] }, if is_hot { 100 } else { 1 }).expect("room");
        lock_sets.push(locks(id, if is_hot { &[HOT] } else { &[] }));
    }
    let packed = pool.pack();
    let block = packed.transactions.iter().map(|&id| lock_sets[id as usize].as_slice());
    let stats = BlockStats::measure(block, |_: TransactionIndex| COST);
    assert_eq!((stats.total_weight(), stats.critical_path_weight()), (40 * COST, 10 * COST));
    assert_eq!((packed.cost, packed.critical_path_cost), (40 * COST, 10 * COST));
    assert!(stats.makespan_bound(4) < 2 * 10 * COST);
}
