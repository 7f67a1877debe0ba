//! Blocks for a store alone: new accounts, rewritten accounts, random reads. Their lattice stays that of genesis: what it
//! costs is measured elsewhere.

use std::{error::Error, time::Instant};

use heddle_benches::{large_state::key, random::Random};
use heddle_storage::{BlockBatch, Store, Tip};
use heddle_types::{Account, BlockHeader, Hash, Pubkey};
use serde::Serialize;

use crate::process;

/// Fees of a million transfers.
const LAMPORTS: u64 = 10_000_000_000;
/// Key and record of an account without data.
const ACCOUNT_BYTES: u64 = 32 + 42;
/// New accounts in a block.
const NEW_ACCOUNTS: u64 = 50_000;
/// Accounts that a rewriting block changes, and such blocks.
const REWRITTEN_ACCOUNTS: u64 = 10_000;
const REWRITING_BLOCKS: u64 = 60;
/// Accounts of one read, and such reads.
const READ_ACCOUNTS: usize = 5_000;
const READS: usize = 40;

/// What commits took.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Commits {
    pub(crate) accounts_per_block: u64,
    pub(crate) accounts_per_second: f64,
    pub(crate) megabytes_per_second: f64,
    /// Bytes written to the disk for each byte of changed accounts, keys included.
    pub(crate) write_amplification: f64,
    pub(crate) median_milliseconds: f64,
    pub(crate) worst_milliseconds: f64,
}

/// What reading random accounts in one call took, in microseconds per account.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reads {
    /// Present in the database, not read before.
    pub(crate) present: f64,
    /// The same again, at once.
    pub(crate) again: f64,
    /// Absent.
    pub(crate) absent: f64,
}

/// A chain that grows without transactions.
pub(crate) struct Filler<'a> {
    store: &'a dyn Store,
    tip: Tip,
}

impl<'a> Filler<'a> {
    pub(crate) fn new(store: &'a dyn Store) -> Result<Self, Box<dyn Error>> {
        let tip = store.tip()?.ok_or("the database holds no chain")?;
        Ok(Self { store, tip })
    }

    /// Adds accounts `0..count`.
    pub(crate) fn fill(&mut self, count: u64, mut progress: impl FnMut(u64)) -> Result<Commits, Box<dyn Error>> {
        let mut measure = Measure::begin()?;
        for first in (0..count).step_by(NEW_ACCOUNTS as usize) {
            let last = (first + NEW_ACCOUNTS).min(count);
            let accounts = (first..last).map(|number| (key(number), Some(Account::with_lamports(LAMPORTS)))).collect();
            // Without fetching what was there: nothing.
            measure.block(last - first, || self.commit(accounts, Some(vec![None; (last - first) as usize])))?;
            progress(last);
        }
        self.store.sync()?;
        measure.end(NEW_ACCOUNTS)
    }

    fn commit(
        &mut self,
        accounts: Vec<(Pubkey, Option<Account>)>,
        before: Option<Vec<Option<Account>>>,
    ) -> Result<(), Box<dyn Error>> {
        let parent = self.tip.header;
        let slot = parent.slot + 1;
        let header = BlockHeader {
            slot,
            parent_slot: parent.slot,
            parent_hash: parent.block_hash,
            height: parent.height + 1,
            transaction_count: 0,
            blockhash: hash(slot, b'b'),
            block_hash: hash(slot, b'h'),
            ..parent
        };
        let lattice = self.tip.lattice.clone();
        let (statuses, transactions) = (Vec::new(), Vec::new());
        let batch = BlockBatch { header, lattice, accounts, before, statuses, transactions, statuses_from_slot: slot };
        self.store.commit(&batch)?;
        self.tip.header = header;
        Ok(())
    }
}

fn hash(slot: u64, label: u8) -> Hash {
    let mut bytes = [label; 32];
    bytes[..8].copy_from_slice(&slot.to_le_bytes());
    Hash::new_from_array(bytes)
}

/// Blocks that each change random accounts out of `count`, as the engine brings them: with the states before.
pub(crate) fn rewrites(store: &dyn Store, count: u64) -> Result<Commits, Box<dyn Error>> {
    let mut chain = Filler::new(store)?;
    let mut random = Random::new(2);
    let mut measure = Measure::begin()?;
    for block in 0..REWRITING_BLOCKS {
        let mut keys: Vec<Pubkey> = (0..REWRITTEN_ACCOUNTS).map(|_| key(random.below(count))).collect();
        keys.sort_unstable();
        keys.dedup();
        let before = Some(vec![Some(Account::with_lamports(LAMPORTS)); keys.len()]);
        let accounts: Vec<_> =
            keys.into_iter().map(|key| (key, Some(Account::with_lamports(LAMPORTS + block + 1)))).collect();
        measure.block(accounts.len() as u64, || chain.commit(accounts, before))?;
    }
    store.sync()?;
    measure.end(REWRITTEN_ACCOUNTS)
}

/// Random reads out of `count` accounts.
pub(crate) fn reads(store: &dyn Store, count: u64) -> Result<Reads, Box<dyn Error>> {
    let mut random = Random::new(3);
    let read = |keys: &[Pubkey], are_there: bool| -> Result<f64, Box<dyn Error>> {
        let began = Instant::now();
        let found = store.accounts(keys)?;
        let microseconds = began.elapsed().as_secs_f64() * 1e6 / keys.len() as f64;
        if found.iter().any(|account| account.is_some() != are_there) {
            return Err("an account is there that should not be, or the other way round".into());
        }
        Ok(microseconds)
    };
    let (mut present, mut again, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..READS {
        let known: Vec<Pubkey> = (0..READ_ACCOUNTS).map(|_| key(random.below(count))).collect();
        let unknown: Vec<Pubkey> = (0..READ_ACCOUNTS).map(|_| random.pubkey()).collect();
        present.push(read(&known, true)?);
        again.push(read(&known, true)?);
        absent.push(read(&unknown, false)?);
    }
    Ok(Reads { present: median(&mut present), again: median(&mut again), absent: median(&mut absent) })
}

/// Times and bytes of many commits.
struct Measure {
    began: Instant,
    written_bytes: u64,
    accounts: u64,
    milliseconds: Vec<f64>,
}

impl Measure {
    fn begin() -> Result<Self, Box<dyn Error>> {
        let written_bytes = process::written_bytes()?;
        Ok(Self { began: Instant::now(), written_bytes, accounts: 0, milliseconds: Vec::new() })
    }

    fn block(
        &mut self,
        accounts: u64,
        commit: impl FnOnce() -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let began = Instant::now();
        commit()?;
        self.milliseconds.push(began.elapsed().as_secs_f64() * 1e3);
        self.accounts += accounts;
        Ok(())
    }

    fn end(mut self, accounts_per_block: u64) -> Result<Commits, Box<dyn Error>> {
        let seconds = self.began.elapsed().as_secs_f64();
        let written_bytes = process::written_bytes()? - self.written_bytes;
        let logical_bytes = self.accounts * ACCOUNT_BYTES;
        Ok(Commits {
            accounts_per_block,
            accounts_per_second: self.accounts as f64 / seconds,
            megabytes_per_second: logical_bytes as f64 / 1e6 / seconds,
            write_amplification: written_bytes as f64 / logical_bytes as f64,
            median_milliseconds: median(&mut self.milliseconds),
            worst_milliseconds: self.milliseconds.last().copied().unwrap_or_default(),
        })
    }
}

/// The median; sorts.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
