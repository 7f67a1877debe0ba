//! Full scan: checks a store against itself, without executing anything. Every account against the state hash, every
//! header against its parent, and every block hash whose lattice is kept.
//!
//! If the accounts do not give the state hash, the fingerprints that blocks (and genesis) recorded tell which account is
//! not what it was.

use std::{collections::HashMap, fmt};

use ahash::RandomState;
use heddle_storage::{Store, StoreError, Tip};
use heddle_types::{Account, AccountDigest, BlockHeader, Hash, Pubkey};

use crate::{
    ReplayError,
    account_diff::{ACCOUNTS_SHOWN_MAX, AccountDifference},
    state_hash::{Lattice, block_hash},
};

/// Accounts that are hashed at once, if they are small.
const ACCOUNTS_AT_ONCE: usize = 4096;
/// Data in bytes that is hashed at once: more accounts are not read before it is.
const DATA_BYTES_AT_ONCE: usize = 16 << 20;

/// How far a scan has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanProgress {
    /// This many accounts were hashed, the last at this address (they come in ascending order).
    Accounts(u64, Pubkey),
    /// This many headers were checked, of as many.
    Headers(u64, u64),
}

/// Outcome of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanReport {
    /// Slot of the newest block.
    pub slot: u64,
    /// Accounts in the store.
    pub accounts: u64,
    /// State hash of all accounts.
    pub state_hash: Hash,
    /// Headers in the store, genesis included.
    pub headers: u64,
    /// Blocks whose lattice is kept, so that their hashes could be computed again.
    pub hashes: u64,
    /// What is wrong, in the order of the scan.
    pub problems: Vec<ScanProblem>,
}

/// Something in a store that contradicts something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanProblem {
    /// The accounts do not give the newest block's state hash.
    StateHash {
        /// Slot of the newest block.
        slot: u64,
        /// What its header says.
        stored: Hash,
        /// What the accounts give.
        computed: Hash,
        /// Accounts that are not what the blocks recorded of them, at most 16. None, if those that differ were changed
        /// before the blocks that are kept.
        accounts: Vec<RecordedAccount>,
        /// How many more there are.
        accounts_more: usize,
    },
    /// A header contradicts its parent's, or the lattice after its block. Only the first is told.
    Header {
        /// Slot of the header.
        slot: u64,
        /// Which of its fields.
        field: &'static str,
        /// What it says.
        stored: String,
        /// What it should say.
        computed: String,
    },
}

/// An account that is not what the last block that changed it recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAccount {
    /// Slot of that block; 0 for genesis.
    pub slot: u64,
    /// Stored: the account; replayed: what is recorded of it.
    pub difference: AccountDifference,
}

impl fmt::Display for ScanProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StateHash { slot, stored, computed, .. } => {
                write!(f, "slot {slot}, state hash of all accounts: stored {stored}, computed {computed}")
            }
            Self::Header { slot, field, stored, computed } => {
                write!(f, "slot {slot}, {field} in the header: stored {stored}, computed {computed}")
            }
        }
    }
}

/// Checks every account and every header of `store`; O(accounts + blocks), in memory that does not grow with either,
/// unless accounts differ.
///
/// # Errors
/// [`ReplayError::Empty`], or what the store says; what is wrong with its contents is part of the report.
pub fn full_scan(store: &dyn Store, progress: &mut dyn FnMut(ScanProgress)) -> Result<ScanReport, ReplayError> {
    let tip = store.tip()?.ok_or(ReplayError::Empty)?;
    let (accounts, lattice) = sum_accounts(store, progress)?;
    let mut report = ScanReport {
        slot: tip.header.slot,
        accounts,
        state_hash: lattice.state_hash(),
        headers: 0,
        hashes: 0,
        problems: Vec::new(),
    };
    if report.state_hash != tip.header.state_hash {
        let (accounts, accounts_more) = unlike_recorded(store)?;
        let (stored, computed) = (tip.header.state_hash, report.state_hash);
        let slot = tip.header.slot;
        report.problems.push(ScanProblem::StateHash { slot, stored, computed, accounts, accounts_more });
    }
    scan_headers(store, &tip, &mut report, progress)?;
    Ok(report)
}

/// How many accounts there are, and the lattice over them.
fn sum_accounts(store: &dyn Store, progress: &mut dyn FnMut(ScanProgress)) -> Result<(u64, Lattice), StoreError> {
    let mut lattice = Lattice::default();
    let mut count = 0;
    let mut waiting: Vec<(Pubkey, Account)> = Vec::with_capacity(ACCOUNTS_AT_ONCE);
    let mut waiting_bytes = 0;
    store.for_each_account(&mut |key, account| {
        count += 1;
        waiting_bytes += account.data.len();
        waiting.push((*key, account));
        if waiting.len() >= ACCOUNTS_AT_ONCE || waiting_bytes >= DATA_BYTES_AT_ONCE {
            lattice = lattice.plus_all(&waiting);
            waiting.clear();
            waiting_bytes = 0;
            progress(ScanProgress::Accounts(count, *key));
        }
    })?;
    Ok((count, lattice.plus_all(&waiting)))
}

/// Accounts that are not what the newest record of them says, in ascending order of address, and how many more.
fn unlike_recorded(store: &dyn Store) -> Result<(Vec<RecordedAccount>, usize), StoreError> {
    let mut recorded = newest_records(store)?;
    let mut found: Vec<(u64, AccountDigest, AccountDigest)> = Vec::new();
    store.for_each_account(&mut |key, account| {
        let digest = AccountDigest::of(key, Some(&account));
        if let Some((slot, expected)) = recorded.records.remove(key) {
            if expected != digest {
                found.push((slot, digest, expected));
            }
        } else if recorded.are_all {
            found.push((0, digest, AccountDigest::of(key, None)));
        }
    })?;
    let missing = recorded.records.into_iter().filter(|(_, (_, expected))| expected.lamports != 0);
    found.extend(missing.map(|(key, (slot, expected))| (slot, AccountDigest::of(&key, None), expected)));
    found.sort_unstable_by_key(|(_, digest, _)| digest.key);
    let more = found.len().saturating_sub(ACCOUNTS_SHOWN_MAX);
    found.truncate(ACCOUNTS_SHOWN_MAX);
    let shown = found.into_iter().map(|(slot, digest, expected)| RecordedAccount {
        slot,
        difference: AccountDifference::of(digest, None, expected, None),
    });
    Ok((shown.collect(), more))
}

/// The newest fingerprint of each account, and the slot of the block that recorded it.
struct Records {
    records: HashMap<Pubkey, (u64, AccountDigest), RandomState>,
    /// Whether every account that ever was has one.
    are_all: bool,
}

/// What genesis and the kept blocks recorded; memory for every account that they name.
fn newest_records(store: &dyn Store) -> Result<Records, StoreError> {
    let mut records = Records { records: HashMap::default(), are_all: false };
    let blocks_from = store.ledger()?.blocks_from;
    let first = store.next_header(0)?;
    if first.is_none_or(|first| first.slot >= blocks_from) {
        let genesis = store.genesis()?.map(|genesis| genesis.accounts).unwrap_or_default();
        let digests = genesis.iter().map(|(key, account)| (*key, (0, AccountDigest::of(key, Some(account)))));
        records.records.extend(digests);
        records.are_all = true;
    }
    let mut slot = blocks_from.saturating_sub(1);
    while let Some(header) = store.next_header(slot)? {
        slot = header.slot;
        let changes = store.changes(slot)?;
        records.records.extend(changes.into_iter().map(|digest| (digest.key, (slot, digest))));
    }
    Ok(records)
}

/// Walks the chain of headers up to the first that is wrong.
fn scan_headers(
    store: &dyn Store,
    tip: &Tip,
    report: &mut ScanReport,
    progress: &mut dyn FnMut(ScanProgress),
) -> Result<(), ReplayError> {
    let mut parent = store.header(0)?.ok_or(ReplayError::Empty)?;
    report.headers = 1;
    while let Some(header) = store.next_header(parent.slot)? {
        let lattice = lattice_after(store, &header, tip)?;
        report.headers += 1;
        report.hashes += u64::from(lattice.is_some());
        progress(ScanProgress::Headers(report.headers, tip.header.height.saturating_add(1)));
        if let Some(problem) = check_header(&parent, &header, lattice.as_ref()) {
            report.problems.push(problem);
            return Ok(());
        }
        parent = header;
    }
    if parent != tip.header {
        let (slot, field) = (parent.slot, "the newest block");
        let (stored, computed) = (format!("{:?}", tip.header), format!("{parent:?}"));
        report.problems.push(ScanProblem::Header { slot, field, stored, computed });
    }
    Ok(())
}

/// The lattice after a block: the newest block's is kept, others are those before the next block.
fn lattice_after(store: &dyn Store, header: &BlockHeader, tip: &Tip) -> Result<Option<Lattice>, StoreError> {
    if header.slot == tip.header.slot {
        return Ok(Some(Lattice::from_bytes(&tip.lattice)));
    }
    let Some(next) = store.next_header(header.slot)? else { return Ok(None) };
    Ok(store.history(next.slot)?.map(|history| Lattice::from_bytes(&history.lattice)))
}

fn check_header(parent: &BlockHeader, header: &BlockHeader, lattice: Option<&Lattice>) -> Option<ScanProblem> {
    let slot = header.slot;
    let check = |field, stored: String, computed: String| {
        (stored != computed).then_some(ScanProblem::Header { slot, field, stored, computed })
    };
    let hashes = |lattice: &Lattice| {
        let computed = block_hash(&header.parent_hash, header.signature_count, &header.blockhash, lattice);
        check("state hash", header.state_hash.to_string(), lattice.state_hash().to_string())
            .or_else(|| check("block hash", header.block_hash.to_string(), computed.to_string()))
    };
    check("parent slot", header.parent_slot.to_string(), parent.slot.to_string())
        .or_else(|| check("parent hash", header.parent_hash.to_string(), parent.block_hash.to_string()))
        .or_else(|| check("height", header.height.to_string(), parent.height.saturating_add(1).to_string()))
        .or_else(|| lattice.and_then(hashes))
}
