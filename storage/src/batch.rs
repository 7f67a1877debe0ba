//! What every store checks and derives before it writes: one place, so that no two stores disagree.
//!
//! Knows nothing of how a store keeps things.

use heddle_types::{
    Account, AccountDigest, BlockHeader, Genesis, Hash, Pubkey, StoredTransaction, limits::ACCOUNT_DATA_BYTES_MAX,
};

use crate::{BlockBatch, LATTICE_BYTES, Malformed, StoreError, codec};

/// One account that a block writes.
#[derive(Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) key: &'a Pubkey,
    /// After the block; `None`: absent, whether the batch said so or gave it no lamports.
    pub(crate) after: Option<&'a Account>,
    /// Where the batch has it.
    position: u32,
}

/// Checks that the block of `batch` follows `tip`.
///
/// # Errors
/// [`StoreError::NotNext`].
pub(crate) fn check_next(tip: &BlockHeader, next: &BlockHeader) -> Result<(), StoreError> {
    let expected_height = tip.height.saturating_add(1);
    let follows = next.slot > tip.slot
        && next.parent_slot == tip.slot
        && next.parent_hash == tip.block_hash
        && next.height == expected_height;
    if follows {
        return Ok(());
    }
    Err(StoreError::NotNext {
        expected_parent_slot: tip.slot,
        expected_parent_hash: tip.block_hash,
        expected_height,
        got_slot: next.slot,
        got_parent_slot: next.parent_slot,
        got_parent_hash: next.parent_hash,
        got_height: next.height,
    })
}

/// The accounts that the batch changes, in ascending order of key; O(n log n).
///
/// # Errors
/// As [`check`].
pub(crate) fn changes(batch: &BlockBatch) -> Result<Vec<Change<'_>>, Malformed> {
    check_header(batch)?;
    // By the keys' first bytes, which nearly always tell; keys themselves lie scattered.
    let mut order: Vec<(u64, u32)> = prefixes(batch).zip(0..).collect();
    let key = |position: u32| &batch.accounts[position as usize].0;
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))));
    let change = |position: u32| {
        let (key, account) = &batch.accounts[position as usize];
        Change { key, after: existing(account), position }
    };
    let changes: Vec<Change<'_>> = order.into_iter().map(|(_, position)| change(position)).collect();
    if let Some(pair) = changes.windows(2).find(|pair| pair[0].key == pair[1].key) {
        return Err(Malformed::AccountTwice { slot: batch.header.slot, key: *pair[0].key });
    }
    check_sizes(batch)?;
    Ok(changes)
}

/// The accounts before the block, in the order of `changes`. `read` gives those of keys that the batch does not bring.
///
/// # Errors
/// What `read` says.
pub(crate) fn before(
    batch: &BlockBatch,
    changes: &[Change<'_>],
    read: impl FnOnce(&[Pubkey]) -> Result<Vec<Option<Account>>, StoreError>,
) -> Result<Vec<(Pubkey, Option<Account>)>, StoreError> {
    let keys = changes.iter().map(|change| *change.key);
    if let Some(before) = &batch.before {
        let states = changes.iter().map(|change| existing(&before[change.position as usize]).cloned());
        return Ok(keys.zip(states).collect());
    }
    let keys: Vec<Pubkey> = keys.collect();
    let states = read(&keys)?;
    Ok(keys.into_iter().zip(states).collect())
}

/// The account, if it exists.
pub(crate) fn existing(account: &Option<Account>) -> Option<&Account> {
    account.as_ref().filter(|account| account.exists())
}

/// Checks that the batch does not contradict itself, without putting anything in order; O(n log n).
///
/// # Errors
/// [`Malformed`].
pub(crate) fn check(batch: &BlockBatch) -> Result<(), Malformed> {
    check_header(batch)?;
    check_keys_differ(batch)?;
    check_sizes(batch)
}

fn check_header(batch: &BlockBatch) -> Result<(), Malformed> {
    check_state_hash(&batch.header, &batch.lattice)?;
    if batch.header.transaction_count != batch.transactions.len() as u64 {
        let (slot, header_count) = (batch.header.slot, batch.header.transaction_count);
        return Err(Malformed::TransactionCount { slot, header_count, count: batch.transactions.len() });
    }
    let count = batch.accounts.len();
    let before_count = batch.before.as_ref().map_or(count, Vec::len);
    if before_count != count {
        return Err(Malformed::BeforeCount { slot: batch.header.slot, count, before_count });
    }
    Ok(())
}

fn check_sizes(batch: &BlockBatch) -> Result<(), Malformed> {
    let mut accounts = batch.accounts.iter();
    accounts.try_for_each(|(key, account)| existing(account).map_or(Ok(()), |one| check_size(key, one)))
}

fn check_keys_differ(batch: &BlockBatch) -> Result<(), Malformed> {
    let mut sorted: Vec<u64> = prefixes(batch).collect();
    sorted.sort_unstable();
    if sorted.windows(2).all(|pair| pair[0] != pair[1]) {
        return Ok(());
    }
    let mut keys: Vec<&Pubkey> = batch.accounts.iter().map(|(key, _)| key).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Malformed::AccountTwice { slot: batch.header.slot, key: *pair[0] }),
        None => Ok(()),
    }
}

/// The first eight bytes of every key, in their order.
fn prefixes(batch: &BlockBatch) -> impl Iterator<Item = u64> + '_ {
    batch.accounts.iter().map(|(key, _)| u64::from_be_bytes(*key.as_array().first_chunk().expect("a key has 32 bytes")))
}

/// Fingerprints of the changed accounts; O(bytes of their data).
pub(crate) fn digests(changes: &[Change<'_>]) -> Vec<AccountDigest> {
    changes.iter().map(|change| AccountDigest::of(change.key, change.after)).collect()
}

/// The record of a block's transactions.
///
/// Only the durable store makes it.
///
/// # Errors
/// [`Malformed::Transaction`] if one has no stored form.
#[cfg(feature = "rocksdb")]
pub(crate) fn encode_transactions(slot: u64, transactions: &[StoredTransaction]) -> Result<Vec<u8>, Malformed> {
    codec::encode_transactions(transactions).map_err(|(transaction_index, source)| Malformed::Transaction {
        slot,
        transaction_index,
        source,
    })
}

/// Checks that the block's transactions have a stored form, without making it.
///
/// # Errors
/// As [`encode_transactions`].
pub(crate) fn check_transactions(slot: u64, transactions: &[StoredTransaction]) -> Result<(), Malformed> {
    codec::check_transactions(transactions).map_err(|(transaction_index, source)| Malformed::Transaction {
        slot,
        transaction_index,
        source,
    })
}

/// Checks a genesis state; O(accounts).
///
/// # Errors
/// [`Malformed`] if it contradicts itself.
pub(crate) fn check_genesis(genesis: &Genesis, lattice: &[u8; LATTICE_BYTES]) -> Result<(), Malformed> {
    let BlockHeader { slot, height, transaction_count, .. } = genesis.header;
    if (slot, height, transaction_count) != (0, 0, 0) {
        return Err(Malformed::GenesisHeader { slot, height, transaction_count });
    }
    check_state_hash(&genesis.header, lattice)?;
    if let Some(pair) = genesis.accounts.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        return Err(Malformed::GenesisOrder { key: pair[1].0 });
    }
    for (key, account) in &genesis.accounts {
        if !account.exists() {
            return Err(Malformed::GenesisAccountEmpty { key: *key });
        }
        check_size(key, account)?;
    }
    Ok(())
}

/// Whether `header` is the header of a state with this lattice.
pub(crate) fn is_state_hash(header: &BlockHeader, lattice: &[u8; LATTICE_BYTES]) -> bool {
    header.state_hash == Hash::new_from_array(*blake3::hash(lattice).as_bytes())
}

fn check_state_hash(header: &BlockHeader, lattice: &[u8; LATTICE_BYTES]) -> Result<(), Malformed> {
    if is_state_hash(header, lattice) {
        return Ok(());
    }
    Err(Malformed::StateHash { slot: header.slot, state_hash: header.state_hash })
}

fn check_size(key: &Pubkey, account: &Account) -> Result<(), Malformed> {
    let size_bytes = account.data.len();
    if size_bytes > ACCOUNT_DATA_BYTES_MAX {
        return Err(Malformed::AccountTooLarge { key: *key, size_bytes });
    }
    Ok(())
}
