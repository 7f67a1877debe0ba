//! Blocks that add no blockhash: ages, statuses and nonces count blockhashes, however many blocks go by under one.

mod common;

use std::{collections::BTreeSet, sync::Arc};

use common::*;
use heddle_engine::{
    Block, BlockProducer, Engine, Outcome, Parallelism, ProducerConfig, ReplayOptions, SubmitError,
    VerifiedTransaction,
    bundle::{Bundle, ExportOptions, export},
    replay,
};
use heddle_storage::{Durability, LedgerOptions, MemoryStore, RocksOptions, RocksStore, Store};
use heddle_types::{Hash, TransactionError, ids::sysvar, limits};
use proptest::prelude::*;

/// Blocks under one blockhash: many more than the 300 that statuses were once kept for.
const MANY: usize = 3000;
/// Blockhashes before those that matter: more than the chain remembers.
const EARLIER: u64 = 400;

const PROCESSED_ALREADY: Outcome = Outcome::Rejected(TransactionError::AlreadyProcessed);
const TOO_OLD: Outcome = Outcome::Rejected(TransactionError::BlockhashNotFound);

fn open(store: &Arc<dyn Store>) -> Engine {
    let builder = Engine::builder().shared_store(store.clone()).fund(address(&key(1)), 1_000_000_000_000);
    builder.fund(address(&key(2)), 1_000_000_000).build().expect("an engine")
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::with_ledger(LedgerOptions::EVERYTHING))
}

fn pay(engine: &Engine, lamports: u64) -> VerifiedTransaction {
    verified(&[transfer(address(&key(1)), address(&key(2)), lamports)], &[&key(1)], engine.latest_blockhash())
}

/// The next block, under the blockhash of the newest.
fn repeating(engine: &Engine, transactions: Vec<VerifiedTransaction>) -> Block {
    Block { blockhash: engine.latest_blockhash(), ..engine.next_block(transactions) }
}

fn commit(engine: &Engine, block: Block) -> Vec<Outcome> {
    let executed = engine.execute_block(block).expect("executes");
    engine.commit_block(executed).expect("commits").outcomes
}

/// One block that adds a blockhash, or none.
fn run(engine: &Engine, is_repeating: bool, transactions: Vec<VerifiedTransaction>) -> Vec<Outcome> {
    let block = if is_repeating { repeating(engine, transactions) } else { engine.next_block(transactions) };
    commit(engine, block)
}

fn is_success(outcome: &Outcome) -> bool {
    outcome.receipt().is_some_and(|receipt| receipt.status.is_ok())
}

/// Thousands of blocks under one blockhash; `reopen` gives the store anew.
fn check_many(mut reopen: impl FnMut() -> Arc<dyn Store>) {
    let engine = open(&reopen());
    for _ in 0..=EARLIER {
        run(&engine, false, vec![]);
    }
    let (spent, unspent) = (pay(&engine, 1), pay(&engine, 2));
    let blockhash = engine.latest_blockhash();
    assert!(is_success(&run(&engine, true, vec![spent.clone()])[0]));
    for n in 0..MANY {
        let transactions = if n % 100 == 0 { vec![spent.clone()] } else { vec![] };
        assert!(run(&engine, true, transactions).iter().all(|outcome| *outcome == PROCESSED_ALREADY));
    }
    assert_eq!((engine.blockhash_count(), engine.tip().height), (EARLIER + 1, EARLIER + MANY as u64 + 2));
    assert_eq!(engine.blockhash_age(&blockhash), Some(0));
    drop(engine);

    let engine = open(&reopen());
    assert_eq!((engine.blockhash_count(), engine.blockhash_age(&blockhash)), (EARLIER + 1, Some(0)));
    assert_eq!(run(&engine, true, vec![spent.clone()]), [PROCESSED_ALREADY], "after reopening");
    engine.revert_to(EARLIER + 1000).expect("history is kept");
    assert_eq!(engine.blockhash_count(), EARLIER + 1);
    assert_eq!(run(&engine, true, vec![spent.clone()]), [PROCESSED_ALREADY], "after going back");
    for _ in 0..limits::BLOCKHASH_AGE_BLOCKS_MAX {
        assert_eq!(run(&engine, false, vec![spent.clone()]), [PROCESSED_ALREADY]);
        run(&engine, true, vec![]);
    }
    assert_eq!(engine.blockhash_age(&blockhash), Some(limits::BLOCKHASH_AGE_BLOCKS_MAX));
    drop(engine);

    let engine = open(&reopen());
    assert_eq!(engine.blockhash_count(), EARLIER + 1 + limits::BLOCKHASH_AGE_BLOCKS_MAX);
    let outcomes = run(&engine, true, vec![spent.clone(), unspent.clone()]);
    assert_eq!(outcomes[0], PROCESSED_ALREADY);
    assert!(is_success(&outcomes[1]) && engine.is_blockhash_valid(&blockhash), "its last chance");
    assert_eq!(run(&engine, false, vec![unspent.clone()]), [PROCESSED_ALREADY]);
    assert_eq!(run(&engine, true, vec![spent.clone(), unspent]), [TOO_OLD, TOO_OLD]);
    assert!(!engine.is_blockhash_valid(&blockhash));
    engine.revert_to(EARLIER + 1).expect("history is kept");
    assert_eq!((engine.blockhash_count(), engine.latest_blockhash()), (EARLIER + 1, blockhash));
    assert!(is_success(&run(&engine, true, vec![spent])[0]), "its block was taken back");
}

#[test]
fn thousands_of_blocks_under_one_blockhash_in_memory() {
    let store = memory();
    check_many(|| store.clone());
}

#[test]
fn thousands_of_blocks_under_one_blockhash_on_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = RocksOptions {
        durability: Durability::None,
        ledger: Some(LedgerOptions::EVERYTHING),
        ..RocksOptions::default()
    };
    check_many(|| Arc::new(RocksStore::open_with(directory.path(), options).expect("opens")));
}

#[test]
fn the_sysvar_and_the_producer_count_blockhashes() {
    let engine = open(&memory());
    run(&engine, false, vec![]);
    let mut producer = BlockProducer::new(&engine, ProducerConfig::default());
    let waiting = pay(&engine, 1);
    producer.submit(waiting.clone()).expect("waits");
    let listed = |engine: &Engine| {
        let account = engine.account(&sysvar::recent_blockhashes::ID).expect("readable").expect("there");
        u64::from_le_bytes(*account.data.first_chunk().expect("a count"))
    };
    for _ in 0..500 {
        run(&engine, true, vec![]);
    }
    assert_eq!(listed(&engine), 2, "genesis' and one more");
    let produced = producer.produce();
    assert!(produced.expired.is_empty() && produced.block.transactions.len() == 1);
    producer.submit(waiting).expect("waits again");
    for _ in 0..=limits::BLOCKHASH_AGE_BLOCKS_MAX {
        run(&engine, false, vec![]);
        run(&engine, true, vec![]);
    }
    assert_eq!(listed(&engine), 150);
    assert_eq!(producer.produce().expired.len(), 1);
    let late = verified(&[transfer(address(&key(1)), address(&key(2)), 1)], &[&key(1)], Hash::default());
    assert!(matches!(producer.submit(late), Err(SubmitError::Expired { .. })));
}

#[test]
fn a_nonce_advances_once_under_one_blockhash() {
    let source = Hash::new_from_array([9; 32]);
    let (nonce, owner) = (plain(180), address(&key(1)));
    let engine = Engine::builder()
        .fund(owner, 1_000_000_000_000)
        .account(nonce, nonce_account(owner, &source))
        .build()
        .expect("an engine");
    let pay_on_nonce = |lamports| {
        let account = engine.account(&nonce).expect("readable").expect("a nonce account");
        let state = heddle_vm::NonceState::from_bytes(&account.data).and_then(|state| state.data);
        let value = state.expect("initialised").durable_nonce.0;
        verified(&[advance_nonce(nonce, owner), transfer(owner, owner, lamports)], &[&key(1)], value)
    };
    let first = pay_on_nonce(1);
    assert!(is_success(&run(&engine, true, vec![first.clone()])[0]));
    let second = pay_on_nonce(2);
    for _ in 0..400 {
        assert_eq!(run(&engine, true, vec![second.clone(), first.clone()]), [TOO_OLD, TOO_OLD]);
    }
    run(&engine, false, vec![]);
    assert!(is_success(&run(&engine, true, vec![second])[0]));
}

/// A status is not forgotten for a block that may yet be dropped.
#[test]
fn dropping_hundreds_of_open_blocks_forgets_nothing() {
    let engine = open(&memory());
    run(&engine, false, vec![]);
    let spent = pay(&engine, 1);
    assert!(is_success(&run(&engine, true, vec![spent.clone()])[0]));
    let mut open_blocks = Vec::new();
    for _ in 0..2 * limits::STATUS_CACHE_BLOCKS {
        open_blocks.push(engine.execute_block(engine.next_block(vec![])).expect("executes"));
    }
    while let Some(newest) = open_blocks.pop() {
        drop(newest);
    }
    assert_eq!(engine.blockhash_count(), 1);
    assert_eq!(run(&engine, true, vec![spent]), [PROCESSED_ALREADY]);
}

/// What happens to a chain.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Blocks that add a blockhash each.
    Add(u8),
    /// Blocks that add none.
    Repeat(u16),
    /// A block of a new transaction and some old ones, which adds a blockhash or not.
    Spend {
        is_repeating: bool,
        old: u64,
    },
    /// The same, dropped again.
    Drop {
        is_repeating: bool,
        old: u64,
    },
    Reopen,
    /// To this part of the chain, of 256.
    Revert(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => prop_oneof![1..4u8, 70..160u8].prop_map(Event::Add),
        3 => prop_oneof![1..4u16, 100..700u16].prop_map(Event::Repeat),
        8 => any::<(bool, u64)>().prop_map(|(is_repeating, old)| Event::Spend { is_repeating, old }),
        3 => any::<(bool, u64)>().prop_map(|(is_repeating, old)| Event::Drop { is_repeating, old }),
        2 => Just(Event::Reopen),
        1 => (150..=255u8).prop_map(Event::Revert),
    ]
}

/// A transaction that was once signed.
struct Signed {
    transaction: VerifiedTransaction,
    /// Where it is in the chain.
    spent_at: Option<u64>,
}

/// A chain, and the simplest account of what must become of a transaction: a list of all blockhashes ever.
struct Life {
    store: Arc<dyn Store>,
    engine: Engine,
    /// Blockhash by height.
    blockhashes: Vec<Hash>,
    signed: Vec<Signed>,
}

impl Life {
    fn new() -> Self {
        let store = memory();
        let engine = open(&store);
        let blockhashes = vec![engine.latest_blockhash()];
        let mut life = Self { store, engine, blockhashes, signed: Vec::new() };
        life.empty(false, EARLIER as usize);
        life
    }

    fn age(&self, blockhash: &Hash) -> Option<u64> {
        let mut distinct = self.blockhashes.clone();
        distinct.dedup();
        let age = distinct.iter().rev().position(|other| other == blockhash)? as u64;
        (age <= limits::BLOCKHASH_AGE_BLOCKS_MAX).then_some(age)
    }

    /// A new transaction and three old ones.
    fn choose(&mut self, old: u64) -> Vec<usize> {
        let transaction = pay(&self.engine, 1 + self.signed.len() as u64);
        self.signed.push(Signed { transaction, spent_at: None });
        let count = self.signed.len() as u64;
        let chosen = [old % count, (old >> 16) % count, (old >> 32) % count, count - 1];
        BTreeSet::from(chosen).into_iter().map(|index| index as usize).collect()
    }

    /// What must come of the chosen: `None` is success.
    fn expected(&self, chosen: &[usize]) -> Vec<Option<Outcome>> {
        let outcome = |index: &usize| {
            let signed = &self.signed[*index];
            let is_young = self.age(signed.transaction.transaction().recent_blockhash()).is_some();
            if !is_young { Some(TOO_OLD) } else { signed.spent_at.map(|_| PROCESSED_ALREADY) }
        };
        chosen.iter().map(outcome).collect()
    }

    fn block(&mut self, is_repeating: bool, old: u64, is_kept: bool) {
        let chosen = self.choose(old);
        let expected = self.expected(&chosen);
        let transactions = chosen.iter().map(|&index| self.signed[index].transaction.clone()).collect();
        let engine = &self.engine;
        let block = if is_repeating { repeating(engine, transactions) } else { engine.next_block(transactions) };
        let blockhash = block.blockhash;
        let executed = engine.execute_block(block).expect("executes");
        for (outcome, expected) in executed.outcomes().iter().zip(expected) {
            match expected {
                Some(expected) => assert_eq!(*outcome, expected),
                None => assert!(is_success(outcome), "{outcome:?}"),
            }
        }
        if !is_kept {
            return;
        }
        let committed = engine.commit_block(executed).expect("commits");
        self.blockhashes.push(blockhash);
        for (index, outcome) in chosen.into_iter().zip(committed.outcomes) {
            if outcome.receipt().is_some() {
                self.signed[index].spent_at = Some(committed.header.slot);
            }
        }
    }

    fn empty(&mut self, is_repeating: bool, count: usize) {
        for _ in 0..count {
            run(&self.engine, is_repeating, vec![]);
            self.blockhashes.push(self.engine.latest_blockhash());
        }
    }

    fn go(&mut self, event: Event) {
        match event {
            Event::Add(count) => self.empty(false, count.into()),
            Event::Repeat(count) => self.empty(true, count.into()),
            Event::Spend { is_repeating, old } => self.block(is_repeating, old, true),
            Event::Drop { is_repeating, old } => self.block(is_repeating, old, false),
            Event::Reopen => self.engine = open(&self.store),
            Event::Revert(part) => {
                let slot = self.engine.tip().slot * u64::from(part) / 256;
                self.engine.revert_to(slot).expect("history is kept");
                self.blockhashes.truncate(slot as usize + 1);
                for signed in &mut self.signed {
                    signed.spent_at = signed.spent_at.filter(|spent| *spent <= slot);
                }
            }
        }
        let mut distinct = self.blockhashes.clone();
        distinct.dedup();
        assert_eq!(self.engine.blockhash_count() + 1, distinct.len() as u64);
        for signed in &self.signed {
            let blockhash = signed.transaction.transaction().recent_blockhash();
            assert_eq!(self.engine.blockhash_age(blockhash), self.age(blockhash));
        }
    }

    /// Replays the chain, and a bundle of its end.
    fn prove(&self) {
        let tip = self.engine.tip();
        let report = replay(&self.store, &ReplayOptions::default(), &mut |_, _| {}).expect("replays");
        assert_eq!((report.difference, report.verified), (None, tip.height));
        if tip.slot == 0 {
            return;
        }
        let options = ExportOptions { from_slot: tip.slot.saturating_sub(20).max(1), to_slot: tip.slot, workers: 1 };
        let exported = export(&self.store, &options, &mut |_, _| {}).expect("exports");
        let file = exported.bundle.expect("there are blocks").encode().expect("encodes");
        let run = Arc::new(Bundle::decode(&file).expect("decodes")).run(Parallelism::Workers(1), None).expect("runs");
        assert_eq!((run.difference, run.state_hash), (None, tip.state_hash));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_life_refuses_what_was_spent_and_takes_the_rest(events in prop::collection::vec(event(), 1..40)) {
        let mut life = Life::new();
        for event in events {
            life.go(event);
        }
        life.prove();
    }
}
