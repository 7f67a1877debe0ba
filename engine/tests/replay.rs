//! Replay agrees with what was stored, from genesis, from a state that history leads to, and block by block; it names
//! slot, account and field where it does not, and shows what differs in the accounts.

mod common;

use std::sync::Arc;

use common::*;
use heddle_engine::{
    DataDifference, Difference, Engine, Parallelism, ReplayError, ReplayOptions, ReplayReport, ScanProblem,
    bundle::{ExportOptions, export},
    full_scan, replay,
};
use heddle_storage::{
    BlockBatch, BlockHistory, LATTICE_BYTES, Ledger, LedgerOptions, MemoryStore, Store, StoreError, Tip,
};
use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StatusKey, StoredTransaction};

const BLOCKS: u64 = 4;

/// What a store says wrongly of the block at a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    None,
    /// Of the recipient, in the fingerprint and in the account.
    Lamports,
    Owner,
    Executable,
    /// Of the token account.
    Data,
    DataLength,
    /// In the fingerprint only.
    FingerprintOnly,
    MissingChange,
    ComputeUnits,
    LoadedAddresses,
    StateHash,
    ParentHash,
    MissingTransaction,
}

/// A store that tells one lie.
struct Liar {
    honest: Arc<dyn Store>,
    lie: Lie,
    slot: u64,
}

fn liar(honest: Arc<dyn Store>, lie: Lie, slot: u64) -> Arc<dyn Store> {
    Arc::new(Liar { honest, lie, slot })
}

impl Liar {
    fn header_of(&self, header: BlockHeader) -> BlockHeader {
        let mut header = header;
        match self.lie {
            Lie::StateHash if header.slot == self.slot => header.state_hash = header.parent_hash,
            Lie::ParentHash if header.slot == self.slot => header.parent_hash = header.state_hash,
            _ => {}
        }
        header
    }

    /// The account that the lie is about.
    fn key(&self) -> Pubkey {
        if matches!(self.lie, Lie::Data | Lie::DataLength) { token(2) } else { recipient() }
    }

    fn account_of(&self, key: &Pubkey, account: &mut Option<Account>) {
        let Some(account) = account.as_mut().filter(|_| *key == self.key()) else { return };
        match self.lie {
            Lie::Lamports => account.lamports += 1,
            Lie::Owner => account.owner = plain(99),
            Lie::Executable => account.executable = true,
            Lie::Data => account.data.make_mut()[150] ^= 0xff,
            Lie::DataLength => account.data.resize(170),
            _ => {}
        }
    }
}

impl Store for Liar {
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        self.honest.initialize(genesis, lattice)
    }
    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.honest.tip()
    }
    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        let mut accounts = self.honest.accounts(keys)?;
        if self.slot == BLOCKS {
            keys.iter().zip(&mut accounts).for_each(|(key, account)| self.account_of(key, account));
        }
        Ok(accounts)
    }
    fn commit(&self, batch: &BlockBatch) -> Result<(), StoreError> {
        self.honest.commit(batch)
    }
    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(self.honest.header(slot)?.map(|header| self.header_of(header)))
    }
    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(self.honest.next_header(slot)?.map(|header| self.header_of(header)))
    }
    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        self.honest.recent_headers(count)
    }
    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        let mut transactions = self.honest.transactions(slot)?;
        match self.lie {
            Lie::ComputeUnits if slot == self.slot => transactions[0].receipt.compute_units += 1,
            Lie::LoadedAddresses if slot == self.slot => transactions[0].loaded_addresses = [plain(1)].into(),
            Lie::MissingTransaction if slot == self.slot => drop(transactions.pop()),
            _ => {}
        }
        Ok(transactions)
    }
    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        let mut changes = self.honest.changes(slot)?;
        if slot != self.slot {
            return Ok(changes);
        }
        match self.lie {
            Lie::FingerprintOnly => {
                changes.iter_mut().filter(|change| change.key == recipient()).for_each(|change| change.lamports += 1);
            }
            Lie::MissingChange => changes.retain(|change| change.key != recipient()),
            _ => {
                let (key, past) = (self.key(), heddle_storage::PastStore::at(self.honest.clone(), slot));
                let Ok(past) = past else { return Ok(changes) };
                let mut account = past.accounts(&[key])?.remove(0);
                self.account_of(&key, &mut account);
                let digest = AccountDigest::of(&key, account.as_ref());
                changes.iter_mut().filter(|change| change.key == key).for_each(|change| *change = digest);
            }
        }
        Ok(changes)
    }
    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        self.honest.statuses()
    }
    fn block_statuses(&self, slot: u64) -> Result<Vec<StatusKey>, StoreError> {
        self.honest.block_statuses(slot)
    }
    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        self.honest.genesis()
    }
    fn ledger(&self) -> Result<Ledger, StoreError> {
        self.honest.ledger()
    }
    fn history(&self, slot: u64) -> Result<Option<BlockHistory>, StoreError> {
        let mut history = self.honest.history(slot)?;
        if slot == self.slot + 1 {
            let accounts = history.iter_mut().flat_map(|history| &mut history.accounts);
            accounts.for_each(|(key, account)| self.account_of(key, account));
        }
        Ok(history)
    }
    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        self.honest.for_each_account(&mut |key, account| {
            let mut account = Some(account);
            if self.slot == BLOCKS {
                self.account_of(key, &mut account);
            }
            account.into_iter().for_each(|account| visit(key, account));
        })
    }
}

fn recipient() -> Pubkey {
    address(&key(2))
}

fn token(n: u8) -> Pubkey {
    plain(150 + n)
}

fn builder() -> heddle_engine::Builder {
    Engine::builder()
        .account(plain(200), mint(1 << 40))
        .account(token(1), token_account(plain(200), address(&key(1)), 1_000_000))
        .account(token(2), token_account(plain(200), recipient(), 0))
        .fund(address(&key(1)), 1_000_000_000_000)
        .fund(recipient(), 10_000_000_000)
}

/// Adds a block with a transfer of lamports and one of tokens.
fn extend(engine: &Engine) {
    let number = engine.tip().height + 1;
    let pay = transfer(address(&key(1)), recipient(), number);
    let give = token_transfer(token(1), token(2), address(&key(1)), 256 + number);
    let blockhash = engine.latest_blockhash();
    let transactions = vec![verified(&[pay], &[&key(1)], blockhash), verified(&[give], &[&key(1)], blockhash)];
    // Every third slot has no block.
    let mut block = engine.next_block(transactions);
    block.slot += u64::from(block.slot.is_multiple_of(3) && number > BLOCKS);
    engine.commit_block(engine.execute_block(block).expect("executes")).expect("commits");
}

fn stored_under(options: LedgerOptions, blocks: u64) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_ledger(options));
    let engine = builder().shared_store(store.clone()).build().expect("an engine");
    (0..blocks).for_each(|_| extend(&engine));
    store
}

/// A few blocks with all that takes them back.
fn stored_chain() -> Arc<dyn Store> {
    stored_under(LedgerOptions::EVERYTHING, BLOCKS)
}

fn stored_without_history() -> Arc<dyn Store> {
    stored_under(LedgerOptions { history_slots: 0, ..LedgerOptions::default() }, BLOCKS)
}

fn run(store: &Arc<dyn Store>, from_slot: Option<u64>, to_slot: Option<u64>) -> Result<ReplayReport, ReplayError> {
    replay(store, &ReplayOptions { workers: 2, from_slot, to_slot, ..ReplayOptions::default() }, &mut |_, _| {})
}

fn first_difference(store: &Arc<dyn Store>) -> Difference {
    run(store, None, None).expect("replays").difference.expect("a difference")
}

fn slots(store: &Arc<dyn Store>) -> Vec<u64> {
    let next = |slot: &u64| store.next_header(*slot).expect("readable").map(|header| header.slot);
    std::iter::successors(next(&0), next).collect()
}

#[test]
fn agrees_with_an_honest_store_on_any_number_of_workers() {
    let store = stored_chain();
    let tip = store.tip().expect("readable").expect("a tip").header;
    for workers in [1, 4] {
        let mut seen = Vec::new();
        let options = ReplayOptions { workers, ..ReplayOptions::default() };
        let report = replay(&store, &options, &mut |header, last| seen.push((header.slot, last))).expect("replays");
        assert_eq!((report.blocks, report.verified, report.difference), (4, 4, None));
        assert_eq!((report.start_slot, report.state_hash), (0, tip.state_hash));
        assert_eq!(seen, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    }
}

#[test]
fn names_the_first_difference() {
    for (lie, account, field) in [
        (Lie::Lamports, Some(recipient()), "lamports"),
        (Lie::Owner, Some(recipient()), "owner"),
        (Lie::Executable, Some(recipient()), "executable"),
        (Lie::Data, Some(token(2)), "data"),
        (Lie::DataLength, Some(token(2)), "data length"),
        (Lie::FingerprintOnly, Some(recipient()), "lamports"),
        (Lie::MissingChange, Some(recipient()), "changed"),
        (Lie::ComputeUnits, None, "transaction 0: compute units"),
        (Lie::LoadedAddresses, None, "transaction 0: loaded addresses"),
        (Lie::StateHash, None, "state_hash"),
    ] {
        for slot in [2, BLOCKS] {
            let store = liar(stored_chain(), lie, slot);
            let report = run(&store, None, None).expect("replays");
            let difference = report.difference.unwrap_or_else(|| panic!("{lie:?} was not noticed"));
            assert_eq!((difference.slot, difference.account, difference.field.as_str()), (slot, account, field));
            assert_eq!(report.verified, slot - 1, "it stops there");
            let shown: Vec<Pubkey> = difference.accounts.iter().map(|one| *one.address()).collect();
            assert_eq!(shown, Vec::from_iter(account), "{lie:?}: the accounts that differ, and no other");
        }
    }
}

#[test]
fn shows_both_versions_of_an_account() {
    for slot in [2, BLOCKS] {
        let told = first_difference(&liar(stored_chain(), Lie::Data, slot)).accounts.remove(0);
        let DataDifference::Ranges(ranges, 0) = &told.data else { panic!("{told:?}") };
        let range = &ranges[0];
        assert_eq!((ranges.len(), range.begin, range.end), (1, 150, 151));
        assert_eq!((range.stored.as_slice(), range.replayed.as_slice()), (&[0xff][..], &[0][..]));
        assert!(told.to_string().contains("data 150..151 stored ff, replayed 00"), "{told}");

        let told = first_difference(&liar(stored_chain(), Lie::DataLength, slot)).accounts.remove(0);
        let DataDifference::Ranges(ranges, 0) = &told.data else { panic!("{told:?}") };
        assert_eq!((ranges[0].begin, ranges[0].end, ranges[0].replayed.len()), (165, 170, 0));
        assert_eq!((told.stored.data_size_bytes, told.replayed.data_size_bytes), (170, 165));

        let told = first_difference(&liar(stored_chain(), Lie::Lamports, slot)).accounts.remove(0);
        assert_eq!(told.data, DataDifference::Ranges(vec![], 0));
        assert_eq!(told.stored.lamports, told.replayed.lamports + 1);
        let told = first_difference(&liar(stored_chain(), Lie::Owner, slot)).accounts.remove(0);
        assert_eq!(told.stored.owner, plain(99));
    }
}

#[test]
fn tells_by_fingerprints_what_is_not_kept() {
    let told = first_difference(&liar(stored_without_history(), Lie::FingerprintOnly, 2)).accounts.remove(0);
    assert_eq!(told.data, DataDifference::FingerprintOnly);
    assert_eq!(told.stored.lamports, told.replayed.lamports + 1);
    // The account is kept, and is not what its fingerprint says.
    let told = first_difference(&liar(stored_chain(), Lie::FingerprintOnly, 2)).accounts.remove(0);
    assert_eq!(told.data, DataDifference::Contradicted(told.replayed));
}

#[test]
fn notices_a_missing_transaction() {
    let store = liar(stored_chain(), Lie::MissingTransaction, 2);
    assert_eq!(first_difference(&store).slot, 2);
    let honest = liar(stored_chain(), Lie::None, 2);
    assert_eq!(run(&honest, None, None).expect("replays").difference, None);
}

#[test]
fn every_block_can_be_executed_alone() {
    for (store, is_near) in [(stored_chain(), true), (stored_without_history(), false)] {
        for slot in 1..=BLOCKS {
            let report = run(&store, Some(slot), Some(slot)).expect("replays");
            assert_eq!((report.blocks, report.verified, report.difference), (1, 1, None));
            assert_eq!(report.start_slot, if is_near { slot - 1 } else { 0 });
            let header = store.header(slot).expect("readable").expect("a block");
            assert_eq!(report.state_hash, header.state_hash);
        }
        let between = run(&store, Some(2), Some(3)).expect("replays");
        assert_eq!((between.blocks, between.verified), (2, 2));
        let none = run(&store, Some(9), Some(12)).expect_err("there is nothing");
        assert!(matches!(none, ReplayError::NoBlock { from_slot: 9, to_slot: 12, tip_slot: BLOCKS }), "{none}");
    }
}

#[test]
fn a_block_alone_differs_as_it_does_among_others() {
    let store = liar(stored_chain(), Lie::Data, 3);
    let alone = run(&store, Some(3), Some(3)).expect("replays");
    assert_eq!((alone.verified, alone.difference), (0, Some(first_difference(&store))));
    // Its own record is right, but it stands on one that is not.
    let before = run(&store, Some(4), Some(4)).expect("replays");
    assert_eq!(before.difference.map(|found| found.slot), Some(4));
}

#[test]
fn an_export_ends_with_the_block_that_differs() {
    let of = |store: &Arc<dyn Store>, from_slot| {
        let options = ExportOptions { from_slot, to_slot: BLOCKS, workers: 1 };
        export(store, &options, &mut |_, _| {}).expect("exports")
    };
    for lie in [Lie::Data, Lie::Lamports, Lie::ComputeUnits, Lie::LoadedAddresses] {
        let store = liar(stored_chain(), lie, 3);
        let exported = of(&store, 2);
        assert_eq!(exported.difference, Some(first_difference(&store)), "{lie:?}");
        let bundle = Arc::new(exported.bundle.expect("blocks"));
        assert_eq!(bundle.blocks().len(), 2);
        // Who runs it sees the same.
        let run = bundle.run(Parallelism::Workers(2), None).expect("runs");
        assert_eq!((run.blocks.len(), run.difference), (1, exported.difference), "{lie:?}");
    }
    // On the way from genesis to the first block that is asked for.
    let store = liar(stored_without_history(), Lie::ComputeUnits, 2);
    let exported = of(&store, 3);
    assert_eq!((exported.bundle, exported.difference), (None, Some(first_difference(&store))));
    // The account on record is not kept, so the block is left out.
    let store = liar(stored_without_history(), Lie::FingerprintOnly, 2);
    let exported = of(&store, 1);
    assert_eq!(exported.bundle.map(|bundle| bundle.blocks().len()), Some(1));
    assert_eq!(exported.difference.map(|found| found.slot), Some(2));
}

#[test]
fn a_pruned_store_is_executed_from_where_it_can_be() {
    let options = LedgerOptions { keep_slots: Some(16), history_slots: 8, ..LedgerOptions::default() };
    let store = stored_under(options, 40);
    let ledger = store.ledger().expect("readable");
    let all = slots(&store);
    let (blocks_from, history_from) = (ledger.blocks_from, ledger.history_from.expect("kept"));
    assert!(0 < blocks_from && blocks_from < history_from, "{ledger:?}");
    let report = run(&store, None, None).expect("replays");
    let executed: Vec<u64> = all.iter().copied().filter(|slot| *slot >= history_from).collect();
    assert_eq!((report.blocks, report.verified), (executed.len() as u64, executed.len() as u64));
    assert_eq!(report.difference, None);
    assert_eq!(report.start_height, (all.len() - executed.len()) as u64);
    for slot in all {
        let result = run(&store, Some(slot), Some(slot));
        if slot >= history_from {
            assert_eq!(result.expect("replays").difference, None, "slot {slot}");
        } else {
            let error = result.expect_err("the state before is not kept");
            let from = executed[0];
            assert!(
                matches!(error, ReplayError::NotKept { slot: of, executable_from: Some(first), .. }
                    if of == slot && first == from),
                "{error}"
            );
        }
    }
}

#[test]
fn who_keeps_history_longer_than_blocks_starts_at_the_blocks() {
    let options = LedgerOptions { keep_slots: Some(8), history_slots: 64, ..LedgerOptions::default() };
    let store = stored_under(options, 30);
    let ledger = store.ledger().expect("readable");
    assert!(ledger.blocks_from > ledger.history_from.expect("kept"));
    let report = run(&store, None, None).expect("replays");
    let kept = slots(&store).into_iter().filter(|slot| *slot >= ledger.blocks_from).count() as u64;
    assert_eq!((report.verified, report.difference), (kept, None));
}

#[test]
fn nothing_can_be_executed_without_blocks_or_history() {
    for options in [
        LedgerOptions { keep_slots: Some(4), history_slots: 0, ..LedgerOptions::default() },
        LedgerOptions { keep_slots: Some(0), history_slots: 0, ..LedgerOptions::default() },
    ] {
        let store = stored_under(options, 20);
        let error = run(&store, None, None).expect_err("nothing is kept");
        assert!(matches!(error, ReplayError::NotKept { executable_from: None, .. }), "{error}");
        let report = full_scan(&*store, &mut |_| {}).expect("scans");
        assert_eq!((report.problems, report.headers, report.hashes), (vec![], 21, 1));
    }
}

#[test]
fn a_chain_that_only_began_agrees() {
    let store = stored_under(LedgerOptions::default(), 0);
    let report = run(&store, None, None).expect("replays");
    assert_eq!((report.blocks, report.verified, report.difference), (0, 0, None));
    let scan = full_scan(&*store, &mut |_| {}).expect("scans");
    assert_eq!((scan.problems, scan.headers), (vec![], 1));
    let empty: Arc<dyn Store> = Arc::new(MemoryStore::new());
    assert!(matches!(run(&empty, None, None), Err(ReplayError::Empty)));
    assert!(matches!(full_scan(&*empty, &mut |_| {}), Err(ReplayError::Empty)));
}

#[test]
fn a_scan_finds_accounts_and_headers_that_are_not_what_they_were() {
    let store = stored_chain();
    let report = full_scan(&*store, &mut |_| {}).expect("scans");
    let tip = store.tip().expect("readable").expect("a tip").header;
    assert_eq!((&report.problems, report.state_hash), (&vec![], tip.state_hash));
    assert_eq!((report.headers, report.hashes), (BLOCKS + 1, BLOCKS));

    let scan = full_scan(&*liar(stored_chain(), Lie::FingerprintOnly, BLOCKS), &mut |_| {}).expect("scans");
    assert_eq!(scan.problems, [], "fingerprints are looked at only if accounts differ");
    for (slot, field) in [(2, "state hash"), (BLOCKS, "state hash")] {
        let scan = full_scan(&*liar(stored_chain(), Lie::StateHash, slot), &mut |_| {}).expect("scans");
        assert!(
            matches!(&scan.problems[..], [ScanProblem::Header { slot: of, field: told, .. }] if (*of, *told) == (slot, field)),
            "{:?}",
            scan.problems
        );
    }
    let scan = full_scan(&*liar(stored_chain(), Lie::ParentHash, 3), &mut |_| {}).expect("scans");
    assert!(matches!(&scan.problems[..], [ScanProblem::Header { slot: 3, field: "parent hash", .. }]));
}

#[test]
fn a_scan_names_the_account_by_its_fingerprint() {
    /// Only the accounts lie, not the fingerprints.
    struct Changed(Arc<dyn Store>);
    impl Store for Changed {
        fn initialize(&self, _: &Genesis, _: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
            unreachable!("it is read only")
        }
        fn tip(&self) -> Result<Option<Tip>, StoreError> {
            self.0.tip()
        }
        fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
            self.0.accounts(keys)
        }
        fn commit(&self, _: &BlockBatch) -> Result<(), StoreError> {
            unreachable!("it is read only")
        }
        fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
            self.0.header(slot)
        }
        fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
            self.0.next_header(slot)
        }
        fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
            self.0.recent_headers(count)
        }
        fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
            self.0.transactions(slot)
        }
        fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
            self.0.changes(slot)
        }
        fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
            self.0.statuses()
        }
        fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
            self.0.genesis()
        }
        fn ledger(&self) -> Result<Ledger, StoreError> {
            self.0.ledger()
        }
        fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
            self.0.for_each_account(&mut |key, mut account| match key {
                // Changed by the newest block, never changed, gone, and new.
                key if *key == recipient() => {
                    account.lamports += 1;
                    visit(key, account);
                }
                key if *key == plain(200) => {
                    account.data.make_mut()[0] = 1;
                    visit(key, account);
                }
                key if *key == token(1) => visit(&plain(151 + 100), account),
                _ => visit(key, account),
            })
        }
    }
    let store = Changed(stored_chain());
    let scan = full_scan(&store, &mut |_| {}).expect("scans");
    let [ScanProblem::StateHash { accounts, accounts_more: 0, slot: BLOCKS, .. }] = &scan.problems[..] else {
        panic!("{:?}", scan.problems)
    };
    let told: Vec<(Pubkey, u64)> = accounts.iter().map(|one| (*one.difference.address(), one.slot)).collect();
    let mut expected = vec![(recipient(), BLOCKS), (plain(200), 0), (token(1), BLOCKS), (plain(251), 0)];
    expected.sort();
    assert_eq!(told, expected);
}

/// What an override wrote is taken from the record, so a record that lies must contradict itself.
#[test]
fn a_lie_about_an_override_is_told() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_ledger(LedgerOptions::EVERYTHING));
    let engine = builder().shared_store(store.clone()).build().expect("an engine");
    extend(&engine);
    let given = [(recipient(), Some(Account::with_lamports(20_000_000_000)))];
    let given = given.into_iter().chain([(token(2), Some(token_account(plain(200), recipient(), 77)))]).collect();
    let executed = engine.override_accounts(engine.next_block(vec![]), given).expect("overrides");
    engine.commit_block(executed).expect("commits");
    (2..BLOCKS).for_each(|_| extend(&engine));
    assert_eq!(run(&store, None, None).expect("replays").difference, None);
    let lies = [
        (Lie::Lamports, "state_hash"),
        (Lie::Owner, "state_hash"),
        (Lie::Executable, "state_hash"),
        (Lie::Data, "state_hash"),
        (Lie::DataLength, "state_hash"),
        (Lie::MissingChange, "state_hash"),
        (Lie::StateHash, "state_hash"),
        (Lie::ParentHash, "header"),
        (Lie::FingerprintOnly, "lamports"),
    ];
    for (lie, field) in lies {
        let found = first_difference(&liar(store.clone(), lie, 2));
        assert_eq!((found.slot, found.field.as_str()), (2, field), "{lie:?}: {found}");
    }
}
