//! Overrides: accounts set from outside, in blocks of their own. They are committed, dropped and taken back as others are,
//! replayed as given, and in no bundle.

mod common;

use std::sync::Arc;

use common::{program::*, *};
use heddle_engine::{
    Block, BuildError, Engine, EngineError, Lattice, OVERRIDE_COLLECTOR, OverrideError, ReplayError, ReplayOptions,
    ReplayReport,
    bundle::{ExportOptions, export},
    full_scan, replay,
};
use heddle_programs::programdata_address;
use heddle_storage::{LedgerOptions, MemoryStore, RocksStore, Store};
use heddle_types::{Account, InstructionError, Pubkey, TransactionError, ids, limits};

const PROGRAM: u8 = 100;
const OLD_PROGRAM: u8 = 101;

fn user(n: u8) -> Pubkey {
    address(&key(n))
}

fn open(store: Arc<dyn Store>) -> Engine {
    let builder = Engine::builder().shared_store(store).workers(2);
    built(builder).expect("an engine")
}

fn built(builder: heddle_engine::Builder) -> Result<Engine, BuildError> {
    builder
        .fund(user(1), 1_000_000_000_000)
        .fund(user(2), 1_000_000_000)
        .accounts(deployed(plain(PROGRAM), user(1), &elf_of_version(1)))
        .account(plain(OLD_PROGRAM), old_program(1))
        .build()
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::with_ledger(LedgerOptions::EVERYTHING))
}

fn old_program(version: u32) -> Account {
    let elf = elf_of_version(version);
    Account { executable: true, ..Account::new(limits::rent_exempt_minimum(elf.len()), &elf, ids::bpf_loader::ID) }
}

fn set(engine: &Engine, accounts: Vec<(Pubkey, Option<Account>)>) {
    let executed = engine.override_accounts(engine.next_block(vec![]), accounts).expect("overrides");
    engine.commit_block(executed).expect("commits");
}

fn pay(engine: &Engine, lamports: u64) {
    let transaction = verified(&[transfer(user(1), user(2), lamports)], &[&key(1)], engine.latest_blockhash());
    let executed = engine.execute_block(engine.next_block(vec![transaction])).expect("executes");
    assert_eq!(executed.outcomes()[0].receipt().expect("in the block").status, Ok(()));
    engine.commit_block(executed).expect("commits");
}

fn account(engine: &Engine, key: Pubkey) -> Option<Account> {
    engine.account(&key).expect("readable")
}

fn refused(engine: &Engine, accounts: Vec<(Pubkey, Option<Account>)>) -> OverrideError {
    match engine.override_accounts(engine.next_block(vec![]), accounts).map(|_| ()) {
        Err(EngineError::Override(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn replayed(store: &Arc<dyn Store>) -> Result<ReplayReport, ReplayError> {
    replay(store, &ReplayOptions::default(), &mut |_, _| {})
}

#[test]
fn accounts_are_set_made_and_removed_durably() {
    let directory = tempfile::tempdir().expect("a directory");
    let open_store = || -> Arc<dyn Store> { Arc::new(RocksStore::open(directory.path()).expect("opens")) };
    let engine = open(open_store());
    pay(&engine, 1);
    let before = engine.tip();
    let made = Account { executable: true, ..Account::new(7, &[1, 2, 3], plain(9)) };
    let zero = Account::new(0, &[1], plain(9));
    let accounts = vec![
        (plain(1), Some(made.clone())),
        (user(2), None),
        (plain(2), Some(zero)),
        (user(1), Some(Account::with_lamports(9))),
    ];
    let block = engine.next_block(vec![]);

    let dropped = engine.override_accounts(block.clone(), accounts.clone()).expect("overrides");
    let header = *dropped.header();
    assert_eq!(account(&engine, plain(1)), Some(made.clone()));
    drop(dropped);
    assert_eq!((account(&engine, plain(1)), engine.tip()), (None, before));
    assert_eq!(account(&engine, user(2)).expect("there again").lamports, 1_000_000_001);

    let executed = engine.override_accounts(block, accounts).expect("overrides");
    assert_eq!((*executed.header(), executed.outcomes().len()), (header, 0));
    assert_eq!((header.collector, header.transaction_count), (OVERRIDE_COLLECTOR, 0));
    assert!(executed.changes().iter().any(|change| change.key == ids::sysvar::clock::ID), "time goes on");
    engine.commit_block(executed).expect("commits");
    drop(engine);

    let engine = open(open_store());
    assert_eq!(engine.tip(), header);
    assert_eq!((account(&engine, plain(1)), account(&engine, user(2))), (Some(made), None));
    assert_eq!((account(&engine, plain(2)), account(&engine, OVERRIDE_COLLECTOR)), (None, None));
    let mut lattice = Lattice::default();
    engine.store().for_each_account(&mut |key, account| lattice.add(key, &account)).expect("readable");
    assert_eq!(lattice.state_hash(), header.state_hash);
    engine.revert_to(before.slot).expect("history is kept");
    assert_eq!((account(&engine, plain(1)), engine.tip()), (None, before));
    pay(&engine, 2);
}

#[test]
fn what_may_not_be_overridden_is_refused() {
    let engine = open(memory());
    let some = || Some(Account::with_lamports(1));
    for key in
        [ids::sysvar::clock::ID, ids::sysvar::stake_history::ID, ids::system_program::ID, ids::ed25519_program::ID]
    {
        assert_eq!(refused(&engine, vec![(plain(1), some()), (key, some())]), OverrideError::Reserved { key });
        assert_eq!(refused(&engine, vec![(key, None)]), OverrideError::Reserved { key });
    }
    let twice = vec![(plain(1), some()), (plain(2), None), (plain(1), None)];
    assert_eq!(refused(&engine, twice), OverrideError::Repeated { key: plain(1) });
    let size_bytes = limits::ACCOUNT_DATA_BYTES_MAX + 1;
    let large = Account::new(1, &vec![0; size_bytes], plain(9));
    assert_eq!(refused(&engine, vec![(plain(1), Some(large))]), OverrideError::TooLarge { key: plain(1), size_bytes });
    let transaction = verified(&[transfer(user(1), user(2), 1)], &[&key(1)], engine.latest_blockhash());
    let error = engine.override_accounts(engine.next_block(vec![transaction]), vec![]).map(|_| ());
    assert!(matches!(error, Err(EngineError::Override(OverrideError::Transactions { count: 1 }))));
    let past = Block { slot: 0, ..engine.next_block(vec![]) };
    let error = engine.override_accounts(past, vec![]).map(|_| ());
    assert!(matches!(error, Err(EngineError::SlotNotAfterTip { tip: 0, got: 0 })));
    let collector = Block { collector: OVERRIDE_COLLECTOR, ..engine.next_block(vec![]) };
    let error = engine.execute_block(collector).map(|_| ());
    assert!(matches!(error, Err(EngineError::OverrideCollector { slot: 1 })));
    assert_eq!((engine.tip().slot, account(&engine, plain(1))), (0, None), "nothing came of any");
    set(&engine, vec![]);
    assert_eq!(engine.tip().slot, 1);
}

/// Which version of the program answers.
fn version(engine: &Engine, program: u8) -> u32 {
    let call = Instruction { program: plain(program), accounts: vec![], data: vec![] };
    let unique = transfer(user(1), user(1), engine.tip().slot);
    let transaction = verified(&[call, unique], &[&key(1)], engine.latest_blockhash());
    let executed = engine.execute_block(engine.next_block(vec![transaction])).expect("executes");
    let status = executed.outcomes()[0].receipt().expect("in the block").status.clone();
    engine.commit_block(executed).expect("commits");
    match status {
        Err(TransactionError::InstructionError(0, InstructionError::Custom(version))) => version,
        other => panic!("{other:?}"),
    }
}

#[test]
fn programs_are_those_that_were_set() {
    let store = memory();
    let engine = open(store.clone());
    let versions = |engine: &Engine| [PROGRAM, OLD_PROGRAM].map(|program| version(engine, program));
    // The same deployment slot, other bytes.
    let other = |number: u32| {
        let [_, data] = deployed(plain(PROGRAM), user(1), &elf_of_version(number));
        vec![(data.0, Some(data.1)), (plain(OLD_PROGRAM), Some(old_program(number)))]
    };
    assert_eq!(versions(&engine), [1, 1]);
    let before = engine.tip().slot;
    set(&engine, other(2));
    assert_eq!(versions(&engine), [2, 2]);
    let dropped = engine.override_accounts(engine.next_block(vec![]), other(3)).expect("overrides");
    let call = Instruction { program: plain(PROGRAM), accounts: vec![], data: vec![] };
    let transaction = verified(&[call], &[&key(1)], engine.latest_blockhash());
    drop(engine.execute_block(engine.next_block(vec![transaction])).expect("compiles version 3"));
    drop(dropped);
    assert_eq!(versions(&engine), [2, 2]);
    engine.revert_to(before).expect("history is kept");
    assert_eq!(versions(&engine), [1, 1]);
    set(&engine, vec![(plain(PROGRAM), None), (programdata_address(&plain(PROGRAM)), None)]);
    set(&engine, deployed(plain(PROGRAM), user(1), &elf_of_version(5)).map(|(key, one)| (key, Some(one))).to_vec());
    assert_eq!(versions(&engine), [5, 1]);
    let report = replayed(&store).expect("replays");
    assert_eq!((report.difference, report.overrides), (None, 2));
}

/// Blocks 1, 3 and 5 pay, 2 and 4 override.
fn chain(options: LedgerOptions) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_ledger(options));
    let engine = open(store.clone());
    pay(&engine, 1);
    set(
        &engine,
        vec![(user(1), Some(Account::with_lamports(5_000_000_000))), (plain(7), Some(Account::new(3, &[4], plain(9))))],
    );
    pay(&engine, 3);
    set(&engine, vec![(plain(7), None), (ids::incinerator::ID, Some(Account::with_lamports(5)))]);
    pay(&engine, 5);
    store
}

#[test]
fn a_replay_takes_them_as_given_and_counts_them() {
    let store = chain(LedgerOptions::EVERYTHING);
    let tip = store.tip().expect("readable").expect("a tip").header;
    let report = replayed(&store).expect("replays");
    assert_eq!((report.difference, report.verified, report.overrides), (None, 5, 2));
    assert_eq!(report.state_hash, tip.state_hash);
    for slot in 1..=5 {
        let options =
            ReplayOptions { from_slot: Some(slot), to_slot: Some(slot), workers: 2, ..ReplayOptions::default() };
        let report = replay(&store, &options, &mut |_, _| {}).expect("replays");
        assert_eq!((report.difference, report.verified, report.overrides), (None, 1, u64::from(slot % 2 == 0)));
    }
    assert!(full_scan(&*store, &mut |_| {}).expect("readable").problems.is_empty());
}

#[test]
fn without_history_they_cannot_be_replayed() {
    let store = chain(LedgerOptions { history_slots: 0, ..LedgerOptions::default() });
    let error = replayed(&store).expect_err("what was written is gone");
    assert!(matches!(error, ReplayError::OverrideNotKept { slot: 2 }), "{error}");
    let newest: Arc<dyn Store> =
        Arc::new(MemoryStore::with_ledger(LedgerOptions { history_slots: 0, ..LedgerOptions::default() }));
    set(&open(newest.clone()), vec![(plain(7), Some(Account::with_lamports(3)))]);
    let report = replayed(&newest).expect("the newest state is there");
    assert_eq!((report.difference, report.verified, report.overrides), (None, 1, 1));
}

#[test]
fn no_bundle_holds_one() {
    let store = chain(LedgerOptions::EVERYTHING);
    let exported = |from_slot, to_slot| {
        export(&store, &ExportOptions { from_slot, to_slot, workers: 1 }, &mut |_, _| {})
            .map(|exported| exported.bundle.map(|bundle| bundle.blocks().len()))
    };
    for (from, to, slot) in [(1, 5, 2), (2, 2, 2), (3, 4, 4)] {
        let error = exported(from, to).expect_err("a bundle could not check it");
        assert!(matches!(error, ReplayError::OverrideInBundle { slot: at } if at == slot), "{error}");
    }
    for slot in [1, 3, 5] {
        assert_eq!(exported(slot, slot).expect("exports"), Some(1));
    }
}
