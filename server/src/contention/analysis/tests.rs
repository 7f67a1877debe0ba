//! Blocks made by hand with their exact figures; random ones against a naive analysis and the scheduler's own.

use std::{collections::BTreeMap, time::Duration};

use heddle_scheduler::BlockStats;
use proptest::prelude::*;

use super::*;

const PROGRAM: u8 = 200;

fn key(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

#[derive(Clone, Debug)]
struct Made {
    units: u64,
    /// (account, whether it is written).
    locks: Vec<(u8, bool)>,
}

fn made(units: u64, locks: &[(u8, bool)]) -> Made {
    Made { units, locks: locks.to_vec() }
}

fn w(account: u8) -> (u8, bool) {
    (account, true)
}

fn r(account: u8) -> (u8, bool) {
    (account, false)
}

/// Transaction n has signature n and calls one of two programs.
fn block(work_ns: u64, transactions: &[Made]) -> BlockLocks {
    let mut block = BlockLocks::new(7, Duration::from_nanos(work_ns));
    for (n, one) in (0..).zip(transactions) {
        let locks = one.locks.iter().map(|&(account, is_written)| (key(account), is_written));
        block.add(&[n; 64], one.units, locks, [key(PROGRAM + n % 2)].into_iter());
    }
    block
}

/// The account's figures, and its waiters as (signature, what it waited for).
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    locked: u64,
    written: u64,
    waited: u64,
    waited_ns: u64,
    behind: BTreeMap<Pubkey, u64>,
    programs: BTreeMap<Pubkey, u64>,
    waiting: Vec<(u8, u8)>,
}

fn figures(measured: BlockWaits) -> BTreeMap<Pubkey, Figures> {
    let account = |(address, waits): (Pubkey, Waits)| {
        let Waits { locked, written, waited, waited_ns, behind, programs, waiting } = waits;
        assert!(waiting.iter().all(|waiter| waiter.slot == 7));
        let figures = Figures {
            locked,
            written,
            waited,
            waited_ns,
            behind: Shares::most([&behind].into_iter()).into_iter().collect(),
            programs: Shares::most([&programs].into_iter()).into_iter().collect(),
            waiting: waiting.iter().map(|waiter| (waiter.signature[0], waiter.blocked_by[0])).collect(),
        };
        (address, figures)
    };
    measured.accounts.into_iter().map(account).collect()
}

fn counts(entries: &[(u8, u64)]) -> BTreeMap<Pubkey, u64> {
    entries.iter().map(|&(n, count)| (key(n), count)).collect()
}

#[test]
fn a_chain_waits_for_its_account() {
    let transactions = [made(5, &[w(10), w(1)]), made(5, &[w(11), w(1), r(2)]), made(5, &[w(12), w(1), r(2)])];
    let measured = measure(&block(300, &transactions));
    assert_eq!((measured.transactions, measured.waves), (3, 3));
    let expected = Figures {
        locked: 3,
        written: 3,
        waited: 2,
        waited_ns: 100 + 200,
        behind: counts(&[(11, 1), (12, 1)]),
        programs: counts(&[(PROGRAM, 1), (PROGRAM + 1, 1)]),
        waiting: vec![(2, 1), (1, 0)],
    };
    assert_eq!(figures(measured), BTreeMap::from([(key(1), expected)]));
}

#[test]
fn the_predecessor_that_ends_last_is_blamed_for_what_it_adds() {
    // 1 ends after 100 ns, 2 after 40: without 1 the third would have started at 40.
    let transactions = [made(100, &[w(1)]), made(40, &[w(2)]), made(60, &[w(2), w(1)])];
    let measured = measure(&block(200, &transactions));
    assert_eq!(measured.waves, 2);
    let measured = figures(measured);
    assert_eq!(measured.len(), 1);
    let one = &measured[&key(1)];
    assert_eq!((one.locked, one.waited, one.waited_ns), (2, 1, 60));
    assert_eq!((&one.waiting, &one.behind), (&vec![(2, 0)], &counts(&[(2, 1)])));
}

#[test]
fn readers_wait_for_the_writer_and_a_writer_for_the_last_reader() {
    let transactions = [made(10, &[w(1)]), made(50, &[r(1)]), made(20, &[r(1)]), made(20, &[w(1)])];
    let measured = measure(&block(100, &transactions));
    assert_eq!(measured.waves, 3);
    let one = figures(measured).remove(&key(1)).unwrap();
    assert_eq!((one.locked, one.written, one.waited, one.waited_ns), (4, 2, 3, 10 + 10 + 60));
    assert_eq!(one.waiting, [(3, 1), (2, 0), (1, 0)]);
}

#[test]
fn of_accounts_that_tie_the_first_named_is_blamed_once() {
    // One wallet pays everything, and everything goes to one account.
    let transactions = [made(1, &[w(9), w(1)]), made(1, &[w(9), w(1)])];
    let measured = figures(measure(&block(200, &transactions)));
    assert_eq!(measured.keys().collect::<Vec<_>>(), [&key(9)]);
    let payer = &measured[&key(9)];
    assert_eq!((payer.waited, payer.waited_ns, &payer.behind), (1, 100, &counts(&[(1, 1)])));
}

#[test]
fn what_used_no_units_counts_as_one() {
    let transactions = [made(0, &[w(1)]), made(3, &[w(2)]), made(0, &[w(1), w(2)])];
    let measured = figures(measure(&block(500, &transactions)));
    assert_eq!((measured[&key(2)].waited_ns, measured.len()), (300 - 100, 1));
    // Without a clock nothing takes time, and waits are still counted.
    let measured = figures(measure(&block(0, &transactions)));
    assert_eq!(measured.values().map(|figures| (figures.waited, figures.waited_ns)).collect::<Vec<_>>(), [(1, 0)]);
}

#[test]
fn blocks_without_conflicts_or_transactions() {
    let transactions = [made(1, &[w(1), r(3)]), made(1, &[w(2), r(3)])];
    let measured = measure(&block(100, &transactions));
    assert_eq!((measured.transactions, measured.waves, measured.accounts.len()), (2, 1, 0));
    assert_eq!(measure(&block(100, &[])), BlockWaits::default());
}

#[test]
fn a_block_keeps_its_hottest_accounts() {
    let mut transactions = Vec::new();
    for n in 0..=250 {
        transactions.extend([made(1 + u64::from(n), &[w(n)]), made(1, &[w(n)])]);
    }
    let mut block = BlockLocks::new(7, Duration::from_nanos(transactions.iter().map(|one| one.units).sum()));
    for one in &transactions {
        block.add(&[0; 64], one.units, one.locks.iter().map(|&(n, is_written)| (key(n), is_written)), [].into_iter());
    }
    let mut kept: Vec<u64> = measure(&block).accounts.iter().map(|(_, waits)| waits.waited_ns).collect();
    kept.sort_unstable();
    assert_eq!(kept, (252 - ACCOUNTS_MAX as u64..=251).collect::<Vec<_>>());
}

/// Every earlier transaction that conflicts, one by one: O(n²).
fn naive(work_ns: u64, transactions: &[Made]) -> BTreeMap<Pubkey, Figures> {
    let units: u64 = transactions.iter().map(|one| one.units.max(1)).sum();
    let mut ends: Vec<u64> = Vec::new();
    let mut all: BTreeMap<Pubkey, Figures> = BTreeMap::new();
    for (n, one) in transactions.iter().enumerate() {
        // By account: when the last that conflicts there ends, and which that is.
        let ends_at = |&(account, is_written): &(u8, bool)| {
            let conflicts = |earlier: &usize| {
                let locks = &transactions[*earlier].locks;
                locks.iter().any(|&(other, writes)| other == account && (writes || is_written))
            };
            let last = (0..n).filter(conflicts).map(|earlier| (ends[earlier], Reverse(earlier))).max()?;
            Some((account, last.0, last.1.0))
        };
        let predecessors: Vec<(u8, u64, usize)> = one.locks.iter().filter_map(ends_at).collect();
        let start = predecessors.iter().map(|&(_, end, _)| end).max().unwrap_or(0);
        ends.push(start + work_ns * one.units.max(1) / units);
        let Some(&(account, _, by)) = predecessors.iter().find(|&&(_, end, _)| end == start) else { continue };
        let otherwise = predecessors.iter().map(|&(_, end, _)| end).filter(|end| *end < start).max().unwrap_or(0);
        let figures = all.entry(key(account)).or_default();
        figures.waited += 1;
        figures.waited_ns += start - otherwise;
        figures.waiting.insert(0, (n as u8, by as u8));
        figures.waiting.truncate(SHOWN_MAX);
        *figures.programs.entry(key(PROGRAM + n as u8 % 2)).or_default() += 1;
        for &(other, is_written) in &one.locks {
            if is_written && other != account {
                *figures.behind.entry(key(other)).or_default() += 1;
            }
        }
    }
    for (address, figures) in &mut all {
        let locks = transactions.iter().flat_map(|one| &one.locks).filter(|(account, _)| key(*account) == *address);
        figures.locked = locks.clone().count() as u64;
        figures.written = locks.filter(|(_, is_written)| *is_written).count() as u64;
    }
    all
}

fn any_transaction() -> impl Strategy<Value = Made> {
    let locks = proptest::collection::btree_map(0..7u8, any::<bool>(), 0..5);
    // In any order: it matters which account is named first.
    let locks = locks.prop_map(|locks| locks.into_iter().collect::<Vec<_>>()).prop_shuffle();
    (0..50u64, locks).prop_map(|(units, locks)| Made { units, locks })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_agrees_with_the_naive_analysis_and_the_scheduler(
        transactions in proptest::collection::vec(any_transaction(), 0..30),
        scale in 1..1000u64,
    ) {
        // Enough that everything takes time; else it is chance which of two equal ends is the later.
        let work_ns = scale * transactions.iter().map(|one| one.units.max(1)).sum::<u64>();
        let block = block(work_ns, &transactions);
        let stats = BlockStats::measure((0..transactions.len()).map(|one| block.locks(one)), |_| 1);
        let measured = measure(&block);
        prop_assert_eq!(measured.waves, stats.wave_count() as u64);
        for heat in stats.hottest(usize::MAX) {
            if let Some((_, waits)) = measured.accounts.iter().find(|(address, _)| *address == block.key(heat.account.0)) {
                prop_assert_eq!((waits.locked, waits.written), (heat.locked_count.into(), heat.written_count.into()));
                prop_assert!(waits.waited <= heat.waited_count.into());
            }
        }
        prop_assert_eq!(figures(measured), naive(work_ns, &transactions));
    }
}
