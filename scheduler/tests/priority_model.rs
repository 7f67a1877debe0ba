//! The waiting pool against a naive one: a list, sorted when asked. Who is refused, who has to go, what a block takes.

use heddle_scheduler::{
    BlockStats, Candidate, PackLimits, PackReport, PoolBounds, Refusal, TransactionIndex, WaitingPool,
};
use heddle_types::{AccountIndex, AccountLock};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::cmp::Ordering;
use std::collections::BTreeMap;

const BOUNDS: PoolBounds = PoolBounds { waiting_max: 24, waiting_per_account_max: 9 };
const ACCOUNTS: u32 = 8;

#[derive(Clone, Debug)]
struct One {
    id: u32,
    locks: Vec<AccountLock>,
    reward: u64,
    cost: u64,
    data_bytes: u64,
}

impl One {
    fn writes(&self, account: AccountIndex) -> bool {
        self.locks.iter().any(|lock| lock.account == account && lock.is_writable())
    }

    fn written(&self) -> impl Iterator<Item = AccountIndex> {
        self.locks.iter().filter(|lock| lock.is_writable()).map(|lock| lock.account)
    }
}

/// Best first; numbers are small, so that 64 bits do.
fn order(a: &One, b: &One) -> Ordering {
    (b.reward * a.cost).cmp(&(a.reward * b.cost)).then(a.id.cmp(&b.id))
}

/// Everything that waits, in the order of arrival.
#[derive(Default)]
struct Naive(Vec<One>);

impl Naive {
    fn insert(&mut self, one: One) -> Result<Vec<u32>, Refusal> {
        let mut victims: Vec<One> = Vec::new();
        for account in one.written() {
            let writers: Vec<&One> = self.0.iter().filter(|other| other.writes(account)).collect();
            if writers.len() < BOUNDS.waiting_per_account_max || victims.iter().any(|victim| victim.writes(account)) {
                continue;
            }
            let worst = *writers.iter().max_by(|a, b| order(a, b)).expect("a full share");
            if order(worst, &one) == Ordering::Less {
                return Err(Refusal::AccountFull { account, waiting: writers.len() });
            }
            victims.push(worst.clone());
        }
        if victims.is_empty() && self.0.len() == BOUNDS.waiting_max {
            let worst = self.0.iter().max_by(|a, b| order(a, b)).expect("a full pool");
            if order(worst, &one) == Ordering::Less {
                return Err(Refusal::PoolFull { waiting: self.0.len() });
            }
            victims.push(worst.clone());
        }
        let evicted: Vec<u32> = victims.iter().map(|victim| victim.id).collect();
        self.0.retain(|one| !evicted.contains(&one.id));
        self.0.push(one);
        Ok(evicted)
    }

    fn best_first(&self) -> Vec<One> {
        let mut sorted = self.0.clone();
        sorted.sort_by(order);
        sorted
    }

    /// Goes through everything, best first, and measures the block from scratch with each transaction added.
    fn choose(&self, limits: &PackLimits) -> Vec<u32> {
        let mut block: Vec<One> = Vec::new();
        for one in self.best_first() {
            block.push(one);
            if !fits(&block, limits) {
                block.pop();
            }
        }
        block.iter().map(|one| one.id).collect()
    }
}

fn measure(block: &[One]) -> BlockStats {
    BlockStats::measure(block.iter().map(|one| one.locks.as_slice()), |tx: TransactionIndex| block[tx.0 as usize].cost)
}

fn fits(block: &[One], limits: &PackLimits) -> bool {
    let stats = measure(block);
    let written = |account| block.iter().filter(|one| one.writes(account)).map(|one| one.cost).sum::<u64>();
    stats.total_weight() <= limits.cost
        && stats.critical_path_weight() <= limits.critical_path_cost
        && block.iter().map(|one| one.data_bytes).sum::<u64>() <= limits.data_bytes
        && (0..ACCOUNTS).map(AccountIndex).all(|account| written(account) <= limits.account_cost)
}

#[derive(Clone, Debug)]
enum Step {
    Insert { locks: Vec<AccountLock>, reward: u64, cost: u64, data_bytes: u64 },
    Remove(usize),
    Retain(u32),
    Pack,
}

fn step() -> impl Strategy<Value = Step> {
    let lock = |(account, is_writable): (u32, bool)| {
        if is_writable { AccountLock::writable(account) } else { AccountLock::readonly(account) }
    };
    let locks = proptest::collection::btree_map(0..ACCOUNTS, proptest::bool::weighted(0.6), 0..4)
        .prop_map(move |locks: BTreeMap<u32, bool>| locks.into_iter().map(lock).collect());
    prop_oneof![
        40 => (locks, 0..20_u64, 1..10_u64, 0..4_u64)
            .prop_map(|(locks, reward, cost, data_bytes)| Step::Insert { locks, reward, cost, data_bytes }),
        3 => any::<usize>().prop_map(Step::Remove),
        1 => (0..4_u32).prop_map(Step::Retain),
        2 => Just(Step::Pack),
    ]
}

fn limits() -> impl Strategy<Value = PackLimits> {
    let or_none = |range: std::ops::Range<u64>| prop_oneof![3 => range, 1 => Just(u64::MAX)];
    (or_none(10..80), or_none(10..40), or_none(10..40), or_none(4..20)).prop_map(
        |(cost, account_cost, critical_path_cost, data_bytes)| PackLimits {
            cost,
            account_cost,
            critical_path_cost,
            data_bytes,
            look_ahead: u32::MAX,
        },
    )
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0048_6564_646c_6504),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Takes a step with the pool and the naive one.
fn take(pool: &mut WaitingPool<u32>, naive: &mut Naive, id: u32, step: Step) {
    match step {
        Step::Insert { locks, reward, cost, data_bytes } => {
            let candidate = Candidate { id, locks: &locks, reward, cost, data_bytes };
            let got = pool.insert(candidate);
            assert_eq!(got, naive.insert(One { id, locks, reward, cost, data_bytes }));
        }
        Step::Remove(choice) if !naive.0.is_empty() => {
            let gone = naive.0.remove(choice % naive.0.len());
            assert!(pool.remove(&gone.id));
        }
        Step::Remove(_) => assert!(!pool.remove(&id)),
        Step::Retain(rest) => {
            let mut gone = pool.retain(|id| id % 4 != rest);
            gone.sort_unstable();
            let (keep, leave): (Vec<One>, Vec<One>) = naive.0.drain(..).partition(|one| one.id % 4 != rest);
            assert_eq!(gone, leave.iter().map(|one| one.id).collect::<Vec<_>>());
            naive.0 = keep;
        }
        Step::Pack => {
            let greedy_limits = PackLimits { critical_path_cost: u64::MAX, ..*pool.limits() };
            let greedy = pool.serial_greedy(pool.limits());
            assert_eq!(greedy.transactions, naive.choose(&greedy_limits));
            let expected = naive.choose(pool.limits());
            let packed = pool.pack();
            assert_eq!(packed.transactions, expected);
            assert_eq!(packed.look_up_count, naive.0.len() as u64, "nobody is looked at twice");
            let taken: Vec<One> = naive.best_first().into_iter().filter(|one| expected.contains(&one.id)).collect();
            naive.0.retain(|one| !expected.contains(&one.id));
            assert_eq!(packed.reward, taken.iter().map(|one| one.reward).sum::<u64>());
            let stats = measure(&taken);
            assert_eq!((packed.cost, packed.critical_path_cost), (stats.total_weight(), stats.critical_path_weight()));
            let report = PackReport::new(&packed, &greedy);
            assert_eq!(report.lost(), i128::from(greedy.reward) - i128::from(packed.reward));
        }
    }
}

proptest! {
    #![proptest_config(config(400))]

    /// With unlimited look-ahead the block is the greedy one; each step agrees with the naive pool.
    #[test]
    fn agrees_with_a_sorted_list(limits in limits(), steps in proptest::collection::vec(step(), 1..150)) {
        let mut pool = WaitingPool::new(BOUNDS, limits);
        let mut naive = Naive::default();
        for (id, step) in (0..).zip(steps) {
            take(&mut pool, &mut naive, id, step);
            pool.verify();
            let sorted: Vec<u32> = naive.best_first().iter().map(|one| one.id).collect();
            prop_assert_eq!(pool.iter().collect::<Vec<_>>(), sorted);
        }
    }

    /// Whatever the look-ahead: blocks keep every limit, are in the order of priority, and take everything in the end.
    #[test]
    fn every_transaction_is_in_one_block(
        limits in limits(),
        look_ahead in 0..4_u32,
        steps in proptest::collection::vec(step(), 1..100),
    ) {
        let limits = PackLimits { look_ahead, ..limits };
        let mut pool = WaitingPool::new(BOUNDS, limits);
        let mut naive = Naive::default();
        for (id, step) in (0..).zip(steps) {
            if matches!(step, Step::Insert { .. }) {
                take(&mut pool, &mut naive, id, step);
            }
        }
        while !naive.0.is_empty() {
            let packed = pool.pack();
            pool.verify();
            prop_assert!(!packed.transactions.is_empty(), "the best of all always fits");
            let block: Vec<One> =
                naive.best_first().into_iter().filter(|one| packed.transactions.contains(&one.id)).collect();
            prop_assert_eq!(&packed.transactions, &block.iter().map(|one| one.id).collect::<Vec<_>>());
            prop_assert!(fits(&block, &limits));
            naive.0.retain(|one| !packed.transactions.contains(&one.id));
        }
        prop_assert!(pool.is_empty());
    }
}
