//! Chains whose state hashes are those of their accounts: what checks of a whole database or archive accept.

use std::{collections::BTreeMap, path::Path};

use heddle_storage::{BlockBatch, LATTICE_BYTES, LedgerOptions, RocksOptions, RocksStore, Store};
use heddle_types::{Account, Genesis, Pubkey};

use super::{Lattice, Model, account, block, genesis, indexed_transaction, key, state_hash, status, with_details};

/// The definition (SIMD-0215), lane by lane.
pub fn lattice_of(accounts: &BTreeMap<Pubkey, Account>) -> Lattice {
    let mut lattice = Box::new([0; LATTICE_BYTES]);
    for (key, account) in accounts {
        let mut term = [0; LATTICE_BYTES];
        let mut hasher = blake3::Hasher::new();
        hasher.update(&account.lamports.to_le_bytes()).update(&account.data).update(&[account.executable.into()]);
        hasher.update(account.owner.as_ref()).update(key.as_ref()).finalize_xof().fill(&mut term);
        for (lane, term) in lattice.chunks_exact_mut(2).zip(term.chunks_exact(2)) {
            let sum = u16::from_le_bytes([lane[0], lane[1]]).wrapping_add(u16::from_le_bytes([term[0], term[1]]));
            lane.copy_from_slice(&sum.to_le_bytes());
        }
    }
    lattice
}

pub fn honest_genesis() -> (Genesis, Lattice) {
    let (mut genesis, _) = genesis();
    let lattice = lattice_of(&genesis.accounts.iter().cloned().collect());
    genesis.header.state_hash = state_hash(&lattice);
    (genesis, lattice)
}

/// A block of three transactions that name accounts 1, 2 and (through a table) 3, and change others.
pub fn honest_block(model: &Model, slot: u64) -> BlockBatch {
    let mut next = block(&model.tip.header, slot);
    let [a, b, c] = [1, 2, 3].map(key);
    next.transactions = vec![
        indexed_transaction(10 * slot, &[a], &[]),
        indexed_transaction(10 * slot + 1, &[a, b], &[]),
        with_details(indexed_transaction(10 * slot + 2, &[b], &[c])),
    ];
    next.header.transaction_count = 3;
    next.statuses = (0..slot % 4).map(|number| status(slot, number)).collect();
    next.accounts.push((key(200), Some(account(slot, 3 * slot as usize % 2000))));
    let mut after = model.clone();
    after.commit(&next);
    next.lattice = lattice_of(&after.accounts);
    next.header.state_hash = state_hash(&next.lattice);
    next
}

/// Commits a block to both.
pub fn commit(store: &dyn Store, model: &mut Model, slot: u64) {
    let next = honest_block(model, slot);
    store.commit(&next).unwrap();
    model.commit(&next);
}

/// A store at `path` that keeps what `options` say, with blocks at `slots`, and its model.
pub fn honest_chain(path: &Path, options: LedgerOptions, slots: impl Iterator<Item = u64>) -> (RocksStore, Model) {
    let options = RocksOptions { ledger: Some(options), ..RocksOptions::default() };
    let store = RocksStore::open_with(path, options).unwrap();
    let (genesis, lattice) = honest_genesis();
    store.initialize(&genesis, &lattice).unwrap();
    let mut model = Model::new(&genesis, &lattice);
    slots.for_each(|slot| commit(&store, &mut model, slot));
    (store, model)
}
