//! Replay agrees with what was stored, and names slot, account and field where it does not.

mod common;

use std::sync::Arc;

use common::*;
use heddle_engine::{Engine, ReplayError, replay, replay_kept};
use heddle_storage::{BlockBatch, LATTICE_BYTES, LedgerOptions, MemoryStore, Store, StoreError, Tip};
use heddle_types::{Account, AccountDigest, BlockHeader, Genesis, Pubkey, StatusEntry, StoredTransaction};

/// What a store says wrongly of the block at slot 2.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    None,
    Lamports,
    MissingChange,
    ComputeUnits,
    StateHash,
    MissingTransaction,
}

/// A store that tells one lie.
struct Liar(Arc<dyn Store>, Lie);

impl Liar {
    fn header_of(&self, header: BlockHeader) -> BlockHeader {
        let mut header = header;
        if self.1 == Lie::StateHash && header.slot == 2 {
            header.state_hash = header.parent_hash;
        }
        header
    }
}

impl Store for Liar {
    fn initialize(&self, genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), StoreError> {
        self.0.initialize(genesis, lattice)
    }
    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.0.tip()
    }
    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, StoreError> {
        self.0.accounts(keys)
    }
    fn commit(&self, batch: &BlockBatch) -> Result<(), StoreError> {
        self.0.commit(batch)
    }
    fn header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        self.0.header(slot)
    }
    fn next_header(&self, slot: u64) -> Result<Option<BlockHeader>, StoreError> {
        Ok(self.0.next_header(slot)?.map(|header| self.header_of(header)))
    }
    fn recent_headers(&self, count: usize) -> Result<Vec<BlockHeader>, StoreError> {
        self.0.recent_headers(count)
    }
    fn transactions(&self, slot: u64) -> Result<Vec<StoredTransaction>, StoreError> {
        let mut transactions = self.0.transactions(slot)?;
        match self.1 {
            Lie::ComputeUnits if slot == 2 => transactions[0].receipt.compute_units += 1,
            Lie::MissingTransaction if slot == 2 => drop(transactions.pop()),
            _ => {}
        }
        Ok(transactions)
    }
    fn changes(&self, slot: u64) -> Result<Vec<AccountDigest>, StoreError> {
        let mut changes = self.0.changes(slot)?;
        let recipient = address(&key(2));
        match self.1 {
            Lie::Lamports if slot == 2 => {
                changes.iter_mut().filter(|change| change.key == recipient).for_each(|change| change.lamports += 1);
            }
            Lie::MissingChange if slot == 2 => changes.retain(|change| change.key != recipient),
            _ => {}
        }
        Ok(changes)
    }
    fn statuses(&self) -> Result<Vec<StatusEntry>, StoreError> {
        self.0.statuses()
    }
    fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        self.0.genesis()
    }
    fn for_each_account(&self, visit: &mut dyn FnMut(&Pubkey, Account)) -> Result<(), StoreError> {
        self.0.for_each_account(visit)
    }
}

/// Three blocks with one transfer each.
fn stored_chain() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    extend(&store, 3);
    store
}

/// A chain of blocks with one transfer each.
fn extend(store: &Arc<dyn Store>, block_count: u64) {
    let engine = Engine::builder()
        .shared_store(store.clone())
        .fund(address(&key(1)), 10_000_000_000)
        .fund(address(&key(2)), 10_000_000_000)
        .build()
        .expect("an engine");
    for lamports in 1..=block_count {
        let pay = transfer(address(&key(1)), address(&key(2)), lamports);
        let block = engine.next_block(vec![verified(&[pay], &[&key(1)], engine.latest_blockhash())]);
        engine.commit_block(engine.execute_block(block).expect("executes")).expect("commits");
    }
}

#[test]
fn agrees_with_an_honest_store_on_any_number_of_workers() {
    let store = stored_chain();
    let tip = store.tip().expect("readable").expect("a tip").header;
    for workers in [1, 4] {
        let mut seen = Vec::new();
        let report = replay(&*store, workers, &mut |header, newest| seen.push((header.slot, newest))).expect("replays");
        assert_eq!((report.blocks, report.verified, report.difference), (3, 3, None));
        assert_eq!(report.state_hash, tip.state_hash);
        assert_eq!(seen, [(1, 3), (2, 3), (3, 3)]);
    }
}

#[test]
fn names_the_first_difference() {
    let recipient = address(&key(2));
    for (lie, account, field) in [
        (Lie::Lamports, Some(recipient), "lamports"),
        (Lie::MissingChange, Some(recipient), "changed"),
        (Lie::ComputeUnits, None, "transaction 0: compute units"),
        (Lie::StateHash, None, "state_hash"),
    ] {
        let store = Liar(stored_chain(), lie);
        let report = replay(&store, 2, &mut |_, _| {}).expect("replays");
        let difference = report.difference.unwrap_or_else(|| panic!("{field} was not noticed"));
        assert_eq!((difference.slot, difference.account, difference.field.as_str()), (2, account, field));
        assert_eq!(report.verified, 1, "it stops there");
    }
}

#[test]
fn notices_a_missing_transaction() {
    let store = Liar(stored_chain(), Lie::MissingTransaction);
    let report = replay(&store, 1, &mut |_, _| {}).expect("replays");
    assert_eq!(report.difference.map(|difference| difference.slot), Some(2));
    let honest = Liar(stored_chain(), Lie::None);
    assert_eq!(replay(&honest, 1, &mut |_, _| {}).expect("replays").difference, None);
}

#[test]
fn what_is_left_of_a_pruned_chain_is_replayed() {
    const BLOCKS: u64 = 12;
    // Kept slots, history, and whether there is a state to begin with: behind the kept blocks, within them, none.
    for (keep_slots, history_slots, begins) in [(4, 100, true), (6, 3, true), (4, 0, false), (100, 0, true)] {
        let options = LedgerOptions { keep_slots: Some(keep_slots), history_slots, ..LedgerOptions::default() };
        let store: Arc<dyn Store> = Arc::new(MemoryStore::with_ledger(options));
        extend(&store, BLOCKS);
        let ledger = store.ledger().expect("readable");
        let result = replay_kept(&store, 2, &mut |_, _| {});
        let from_genesis = replay(&*store, 2, &mut |_, _| {});
        assert_eq!(matches!(from_genesis, Err(ReplayError::NotKept { .. })), ledger.blocks_from > 1);
        let from_slot = ledger.history_from.unwrap_or_default().max(ledger.blocks_from).saturating_sub(1);
        if !begins {
            let message = result.expect_err("no state").to_string();
            assert!(message.starts_with(&format!("blocks are kept from slot {} on", ledger.blocks_from)), "{message}");
            continue;
        }
        let report = result.expect("replays");
        let from_slot = if ledger.blocks_from <= 1 { 0 } else { from_slot };
        assert_eq!((report.from_slot, report.difference), (from_slot, None));
        assert_eq!((report.blocks, report.verified), (BLOCKS - from_slot, BLOCKS - from_slot));
        let tip = store.tip().expect("readable").expect("a tip").header;
        assert_eq!(report.state_hash, tip.state_hash);
    }
    let empty: Arc<dyn Store> = Arc::new(MemoryStore::new());
    assert!(matches!(replay_kept(&empty, 1, &mut |_, _| {}), Err(ReplayError::Empty)));
}
