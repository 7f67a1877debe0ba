//! Blocks to commit, and a plain model of what a store must then hold.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod disk;
pub mod honest;
pub mod seeded;
pub mod subject;

use std::collections::BTreeMap;

use heddle_storage::{BlockBatch, LATTICE_BYTES, Ledger, Store, StoreError, Tip};
use heddle_types::{
    Account, AccountDigest, BlockHeader, Genesis, Hash, InstructionError, Pubkey, Receipt, ReceiptDetails, StatusEntry,
    StatusKey, StoredTransaction, TransactionError,
};

/// Column families beside `default`.
pub const COLUMNS: [&str; 10] = [
    "accounts",
    "statuses",
    "headers",
    "transactions",
    "changes",
    "details",
    "history",
    "signatures",
    "addresses",
    "genesis_accounts",
];

pub type Lattice = Box<[u8; LATTICE_BYTES]>;

pub fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

pub fn hash(label: &str, number: u64) -> Hash {
    Hash::new_from_array(*blake3::hash(format!("{label} {number}").as_bytes()).as_bytes())
}

pub fn lattice(number: u64) -> Lattice {
    let mut lanes = Box::new([0; LATTICE_BYTES]);
    lanes[..8].copy_from_slice(&number.to_le_bytes());
    lanes
}

pub fn state_hash(lattice: &Lattice) -> Hash {
    Hash::new_from_array(*blake3::hash(&lattice[..]).as_bytes())
}

pub fn account(lamports: u64, data_size_bytes: usize) -> Account {
    let data: Vec<u8> = (0..data_size_bytes).map(|index| (index as u64 * 31 + lamports) as u8).collect();
    Account::new(lamports, &data, key(lamports as u8))
}

pub fn status(slot: u64, number: u64) -> StatusKey {
    StatusKey { blockhash: hash("blockhash", slot), message_hash: hash("message", number) }
}

/// A transaction that parses: signed by nobody, naming `keys`.
pub fn indexed_transaction(number: u64, keys: &[Pubkey], loaded: &[Pubkey]) -> StoredTransaction {
    let mut wire = vec![1];
    wire.extend_from_slice(&signature(number));
    wire.extend_from_slice(&[1, 0, 0, keys.len() as u8]);
    keys.iter().for_each(|key| wire.extend_from_slice(key.as_ref()));
    wire.extend_from_slice(hash("blockhash", 0).as_ref());
    wire.push(0);
    StoredTransaction { wire: wire.into(), loaded_addresses: loaded.into(), ..transaction(number) }
}

/// The signature of [`indexed_transaction`].
pub fn signature(number: u64) -> [u8; 64] {
    let mut bytes = [0xab; 64];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// A transaction whose receipt is of another kind for each number.
pub fn transaction(number: u64) -> StoredTransaction {
    let status = match number % 4 {
        0 => Ok(()),
        1 => Err(TransactionError::InsufficientFundsForRent { account_index: number as u8 }),
        2 => Err(TransactionError::InstructionError(1, InstructionError::Custom(number as u32))),
        _ => Err(TransactionError::ProgramAccountNotFound),
    };
    let receipt = Receipt {
        executed: number % 4 != 3,
        status,
        fee_lamports: 5000 + number,
        compute_units: number * 7,
        loaded_data_bytes: number as u32,
        details: None,
    };
    let loaded_addresses = (0..number % 3).map(|address| key(address as u8)).collect();
    StoredTransaction { wire: number.to_le_bytes().repeat(1 + number as usize % 20).into(), loaded_addresses, receipt }
}

pub fn genesis_of(accounts: Vec<(Pubkey, Account)>) -> (Genesis, Lattice) {
    let lattice = lattice(0);
    let header = BlockHeader {
        unix_timestamp: 1_700_000_000,
        blockhash: hash("blockhash", 0),
        state_hash: state_hash(&lattice),
        block_hash: hash("block", 0),
        ..BlockHeader::default()
    };
    (Genesis { header, accounts }, lattice)
}

/// Accounts 10, 20 and 30.
pub fn genesis() -> (Genesis, Lattice) {
    genesis_of([10, 20, 30].map(|number| (key(number), account(number.into(), 5))).to_vec())
}

/// A block without content.
pub fn empty_block(parent: &BlockHeader, slot: u64) -> BlockBatch {
    let lattice = lattice(slot);
    let header = BlockHeader {
        slot,
        parent_slot: parent.slot,
        height: parent.height + 1,
        unix_timestamp: parent.unix_timestamp + 1,
        blockhash: hash("blockhash", slot),
        collector: key(99),
        parent_hash: parent.block_hash,
        transaction_count: 0,
        signature_count: 3,
        state_hash: state_hash(&lattice),
        block_hash: hash("block", slot),
    };
    let (accounts, statuses, transactions) = (vec![], vec![], vec![]);
    BlockBatch { header, lattice, accounts, before: None, statuses, transactions, statuses_from_slot: 0 }
}

/// A block whose content follows from its slot alone: it changes, adds and removes accounts.
pub fn block(parent: &BlockHeader, slot: u64) -> BlockBatch {
    let mut block = empty_block(parent, slot);
    let removed = key((slot % 7) as u8 + 100);
    block.accounts = vec![
        (key(30), Some(account(slot, 700))),
        (removed, None),
        (key(((slot + 1) % 7) as u8 + 100), Some(account(slot + 1, slot as usize % 50))),
        (key(10), Some(account(slot * 3, 0))),
    ];
    block.statuses = (0..slot % 4).map(|number| status(slot, number)).collect();
    with_transactions(&mut block, slot..slot + slot % 5);
    block.statuses_from_slot = slot.saturating_sub(5);
    block
}

pub fn with_transactions(block: &mut BlockBatch, numbers: std::ops::Range<u64>) {
    block.transactions = numbers.map(transaction).collect();
    block.header.transaction_count = block.transactions.len() as u64;
}

/// Everything a store must answer, kept the plainest way.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub tip: Tip,
    pub genesis: Genesis,
    pub accounts: BTreeMap<Pubkey, Account>,
    pub headers: BTreeMap<u64, BlockHeader>,
    pub transactions: BTreeMap<u64, Vec<StoredTransaction>>,
    pub changes: BTreeMap<u64, Vec<AccountDigest>>,
    pub statuses: Vec<StatusEntry>,
}

impl Model {
    pub fn new(genesis: &Genesis, lattice: &Lattice) -> Self {
        Self {
            tip: Tip { header: genesis.header, lattice: lattice.clone() },
            genesis: genesis.clone(),
            accounts: genesis.accounts.iter().cloned().collect(),
            headers: BTreeMap::from([(0, genesis.header)]),
            transactions: BTreeMap::from([(0, vec![])]),
            changes: BTreeMap::from([(0, vec![])]),
            statuses: vec![],
        }
    }

    pub fn commit(&mut self, block: &BlockBatch) {
        let slot = block.header.slot;
        let changed: BTreeMap<_, _> = block.accounts.iter().map(|(key, account)| (key, account.as_ref())).collect();
        self.changes.insert(slot, changed.iter().map(|(key, account)| AccountDigest::of(key, *account)).collect());
        for (key, account) in changed {
            match account.filter(|account| account.lamports > 0) {
                Some(account) => drop(self.accounts.insert(*key, account.clone())),
                None => drop(self.accounts.remove(key)),
            }
        }
        self.headers.insert(slot, block.header);
        self.transactions.insert(slot, block.transactions.iter().cloned().map(without_details).collect());
        self.statuses.extend(block.statuses.iter().map(|&key| StatusEntry { key, slot }));
        self.statuses.retain(|entry| entry.slot >= block.statuses_from_slot);
        self.tip = Tip { header: block.header, lattice: block.lattice.clone() };
    }

    /// Forgets the blocks that `ledger` does not keep.
    pub fn prune(&mut self, ledger: &Ledger) {
        let is_old = |slot: &u64| *slot > 0 && *slot < ledger.blocks_from;
        self.transactions.iter_mut().filter(|(slot, _)| is_old(slot)).for_each(|(_, list)| list.clear());
        self.changes.iter_mut().filter(|(slot, _)| is_old(slot)).for_each(|(_, list)| list.clear());
    }

    /// All that `store` holds, read in every way there is; `None` if it holds no chain.
    pub fn read(store: &dyn Store) -> Result<Option<Self>, StoreError> {
        let Some(tip) = store.tip()? else { return Ok(None) };
        let mut accounts = BTreeMap::new();
        let mut last_key = None;
        store.for_each_account(&mut |key, account| {
            assert!(last_key.replace(*key) < Some(*key), "ascending, each once");
            accounts.insert(*key, account);
        })?;
        let headers: BTreeMap<_, _> =
            store.recent_headers(usize::MAX)?.into_iter().map(|header| (header.slot, header)).collect();
        let mut in_order = Vec::new();
        store.for_each_header(&mut |header| in_order.push(*header))?;
        assert!(in_order.iter().eq(headers.values()), "all headers, oldest first");
        let mut transactions = BTreeMap::new();
        let mut changes = BTreeMap::new();
        for (&slot, header) in &headers {
            assert_eq!(store.header(slot)?.as_ref(), Some(header));
            transactions.insert(slot, store.transactions(slot)?);
            changes.insert(slot, store.changes(slot)?);
        }
        let genesis = store.genesis()?.expect("a chain has a genesis state");
        Ok(Some(Self { tip, genesis, accounts, headers, transactions, changes, statuses: store.statuses()? }))
    }

    /// Checks that `store` holds exactly this, also in the lookups that [`Model::read`] does not make.
    pub fn check(&self, store: &dyn Store) {
        assert_eq!(Self::read(store).unwrap().as_ref(), Some(self));
        let keys: Vec<Pubkey> = (0..=255).rev().map(key).collect();
        let expected: Vec<_> = keys.iter().map(|key| self.accounts.get(key).cloned()).collect();
        assert_eq!(store.accounts(&keys).unwrap(), expected);
        let slots: Vec<u64> = self.headers.keys().copied().collect();
        for pair in slots.windows(2) {
            for slot in [pair[0], pair[1] - 1] {
                assert_eq!(store.next_header(slot).unwrap().unwrap().slot, pair[1]);
            }
        }
        assert_eq!(store.next_header(*slots.last().unwrap()).unwrap(), None);
    }
}

pub fn without_details(mut transaction: StoredTransaction) -> StoredTransaction {
    transaction.receipt.details = None;
    transaction
}

pub fn with_details(mut transaction: StoredTransaction) -> StoredTransaction {
    transaction.receipt.details = Some(Box::new(ReceiptDetails { logs: vec!["log".to_owned()], ..Default::default() }));
    transaction
}
