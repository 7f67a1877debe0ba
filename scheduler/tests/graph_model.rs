//! The conflict graph against the naive reference: the same states after every step of any history.

mod common;
mod naive;

use heddle_scheduler::{BlockStats, ConflictGraph, Schedule, TransactionIndex, TransactionState};
use heddle_types::AccountLock;
use naive::NaiveGraph;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;

/// One step of a history. Numbers choose among those that can take the step, modulo how many they are.
#[derive(Clone, Debug)]
enum Step {
    Insert(Vec<AccountLock>),
    Pop,
    Complete(usize),
    Reclaim(usize),
}

fn locks() -> impl Strategy<Value = Vec<AccountLock>> {
    let lock = |(account, is_writable): (u32, bool)| {
        if is_writable { AccountLock::writable(account) } else { AccountLock::readonly(account) }
    };
    proptest::collection::btree_map(0..8_u32, proptest::bool::weighted(0.4), 0..5)
        .prop_map(move |locks: BTreeMap<u32, bool>| locks.into_iter().map(lock).collect())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => locks().prop_map(Step::Insert),
        4 => Just(Step::Pop),
        4 => any::<usize>().prop_map(Step::Complete),
        3 => any::<usize>().prop_map(Step::Reclaim),
    ]
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0048_6564_646c_6500),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The graph and the reference, moved together.
#[derive(Default)]
struct Pair {
    graph: ConflictGraph,
    naive: NaiveGraph,
}

impl Pair {
    fn take(&mut self, step: Step) {
        let choose = |candidates: Vec<u32>, choice: usize| {
            (!candidates.is_empty()).then(|| candidates[choice % candidates.len()])
        };
        match step {
            Step::Insert(locks) => {
                assert_eq!(self.graph.insert(&locks).0 as usize, self.naive.len());
                self.naive.insert(locks);
            }
            Step::Pop => self.pop(),
            Step::Complete(choice) => {
                if let Some(tx) = choose(self.naive.list(TransactionState::Dispatched), choice) {
                    self.complete(tx);
                }
            }
            Step::Reclaim(choice) => {
                if let Some(tx) = choose(self.naive.list(TransactionState::Executed), choice) {
                    self.graph.reclaim(TransactionIndex(tx));
                    self.naive.set(tx, TransactionState::Reclaimed);
                }
            }
        }
        self.check();
    }

    fn pop(&mut self) {
        let ready = self.naive.list(TransactionState::Ready);
        let popped = self.graph.pop_ready();
        assert_eq!(popped.is_none(), ready.is_empty());
        if let Some(tx) = popped {
            assert!(ready.contains(&tx.0), "{tx:?} is not ready");
            self.naive.set(tx.0, TransactionState::Dispatched);
        }
    }

    fn complete(&mut self, tx: u32) {
        let ready_before = self.naive.list(TransactionState::Ready).len();
        let released = self.graph.complete(TransactionIndex(tx));
        self.naive.set(tx, TransactionState::Executed);
        assert_eq!(released, self.naive.list(TransactionState::Ready).len() - ready_before);
    }

    fn check(&self) {
        self.graph.verify();
        let mut is_prefix_reclaimed = true;
        for tx in 0..self.naive.len() as u32 {
            let expected = self.naive.state(tx);
            is_prefix_reclaimed &= expected == TransactionState::Reclaimed;
            let expected = (!is_prefix_reclaimed).then_some(expected);
            assert_eq!(self.graph.state(TransactionIndex(tx)), expected, "transaction {tx}");
        }
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn every_history_agrees_with_the_reference(steps in proptest::collection::vec(step(), 0..120)) {
        let mut pair = Pair::default();
        for step in steps {
            pair.take(step);
        }
        // From wherever the history ends, the rest can be run to the end.
        loop {
            pair.take(Step::Pop);
            let dispatched = pair.naive.list(TransactionState::Dispatched);
            let Some(tx) = dispatched.last() else { break };
            pair.complete(*tx);
        }
        prop_assert_eq!(pair.naive.list(TransactionState::Pending), Vec::<u32>::new());
    }

    #[test]
    fn waves_and_critical_path_agree_with_the_reference(block in proptest::collection::vec(locks(), 0..60)) {
        let waves = naive::waves(&block);
        let stats = BlockStats::measure(common::lock_sets(&block), |_| 1);
        prop_assert_eq!(stats.wave_count(), waves.iter().copied().max().unwrap_or_default());
        for (wave, width) in stats.wave_widths().iter().enumerate() {
            prop_assert_eq!(*width as usize, waves.iter().filter(|other| **other == wave + 1).count());
        }
        let mut schedule = Schedule::build(common::lock_sets(&block));
        prop_assert_eq!(schedule.critical_path(|_| 1), stats.wave_count() as u64);
        let weight = |tx: TransactionIndex| u64::from(tx.0 * 7919 % 31);
        let weighed = BlockStats::measure(common::lock_sets(&block), weight);
        prop_assert_eq!(schedule.critical_path(weight), weighed.critical_path_weight());
        let path_weight = weighed.critical_path().iter().map(|step| weight(step.transaction)).sum::<u64>();
        prop_assert_eq!(path_weight, weighed.critical_path_weight());
        schedule.prioritise(weight);
        let mut starts = schedule.starts().to_vec();
        starts.sort_unstable();
        let first_wave = (0..block.len() as u32).filter(|tx| waves[*tx as usize] == 1).map(TransactionIndex);
        prop_assert_eq!(starts, first_wave.collect::<Vec<_>>());
    }
}
