//! Runs chains on the reference and writes what it says: `chains.json`.

use super::{Block, Chain, GENESIS_TIMESTAMP, blockhash, scenarios};
use crate::{
    agave::Agave,
    environment::{Environment, LAMPORTS_PER_SIGNATURE, slot_hash},
    format::{AccountRecord, ResultRecord, TransactionRecord, json},
    record::{matches_expectation, result_record},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use solana_account::{Account, AccountSharedData, ReadableAccount};
use solana_address::Address;
use solana_clock::Clock;
use solana_hash::Hash;
use solana_lattice_hash::lt_hash::LtHash;
use solana_sdk_ids::sysvar;
use std::collections::BTreeSet;

/// Entries of the slot-hashes sysvar, and its size.
const SLOT_HASHES: (usize, usize) = (512, 20_488);

/// Entries of the recent-blockhashes sysvar, and its size.
const RECENT_BLOCKHASHES: (usize, usize) = (150, 6_008);

/// The file's text, and what did not go as its author expected.
pub fn record(environment: &Environment) -> (String, Vec<String>) {
    let mut surprises = Vec::new();
    let chains: Vec<String> =
        scenarios::chains(environment).iter().map(|chain| record_chain(environment, chain, &mut surprises)).collect();
    (format!("{{\"chains\":[\n{}\n]}}\n", chains.join(",\n")), surprises)
}

#[derive(Serialize)]
struct BlockRecord {
    slot: u64,
    unix_timestamp: i64,
    blockhash: String,
    collector: String,
    collected: u64,
    burned: u64,
    /// BLAKE3 of the lattice of all accounts outside the environment, after the block.
    lattice: String,
    transactions: Vec<TransactionRecord>,
    /// Accounts that the block wrote, as they are after it.
    accounts: Vec<AccountRecord>,
}

fn record_chain(environment: &Environment, chain: &Chain, surprises: &mut Vec<String>) -> String {
    let mut agave = Agave::new(environment, &chain.accounts);
    let mut batched = Agave::new(environment, &chain.accounts);
    let mut slots = vec![0];
    let mut blocks = Vec::new();
    for block in &chain.blocks {
        let sysvars = sysvars(environment, block.slot, &slots, agave.blockhashes());
        agave.begin_block(&clock(block.slot), sysvars.clone());
        batched.begin_block(&clock(block.slot), sysvars);
        slots.push(block.slot);
        let recorded = record_block(environment, &mut agave, chain.name, block, surprises);
        compare_batch(environment, &mut batched, block, &recorded, surprises);
        blocks.push(json(&recorded));
    }
    let accounts: Vec<String> =
        chain.accounts.iter().map(|(address, account)| json(&AccountRecord::new(address, Some(account)))).collect();
    format!(
        "{{\"name\":{},\"blockhash\":{},\"unix_timestamp\":{GENESIS_TIMESTAMP},\n \"accounts\":[\n  {}],\n \"blocks\":[\n  {}]}}",
        json(&chain.name),
        json(&environment.blockhash.to_string()),
        accounts.join(",\n  "),
        blocks.join(",\n  ")
    )
}

fn record_block(
    environment: &Environment,
    agave: &mut Agave,
    name: &str,
    block: &Block,
    surprises: &mut Vec<String>,
) -> BlockRecord {
    let mut transactions = Vec::new();
    for (index, (transaction, expect)) in block.case.transactions.iter().enumerate() {
        let outcome = agave.execute(transaction);
        if !matches_expectation(*expect, &outcome) {
            surprises.push(format!(
                "{name} at {} [{index}]: {expect:?} but {:?} {:?}",
                block.slot, outcome.error, outcome.logs
            ));
        }
        let result = result_record(environment, agave, transaction, outcome);
        let wire = BASE64_STANDARD.encode(wincode::serialize(transaction).expect("a transaction has a wire form"));
        // What the block leaves is enough.
        transactions.push(TransactionRecord { wire, result: ResultRecord { post_accounts: Vec::new(), ..result } });
    }
    let blockhash = blockhash(environment, block.slot);
    let end = agave.end_block(blockhash, &block.collector);
    BlockRecord {
        slot: block.slot,
        unix_timestamp: clock(block.slot).unix_timestamp,
        blockhash: blockhash.to_string(),
        collector: block.collector.to_string(),
        collected: end.collected,
        burned: end.burned,
        lattice: lattice(environment, agave).to_string(),
        transactions,
        accounts: written(agave, &end.written),
    }
}

/// Runs the block as one batch: all else being equal, so must be what it does. Only the reason of a refusal may differ,
/// because a batch is checked before it runs.
fn compare_batch(
    environment: &Environment,
    batched: &mut Agave,
    block: &Block,
    recorded: &BlockRecord,
    surprises: &mut Vec<String>,
) {
    let transactions: Vec<_> = block.case.transactions.iter().map(|(transaction, _)| transaction.clone()).collect();
    for (index, (outcome, one)) in batched.execute_batch(&transactions).iter().zip(&recorded.transactions).enumerate() {
        let error = outcome.error.as_ref().map(|error| format!("{error:?}"));
        let is_equal = outcome.processed == one.result.processed
            && (!outcome.processed || error == one.result.error)
            && outcome.compute_units == one.result.compute_units
            && outcome.fee == one.result.fee
            && outcome.logs == one.result.logs;
        if !is_equal {
            let place = format!("{} [{index}]", block.slot);
            surprises.push(format!("in a batch at {place}: {error:?} {:?}, alone {:?}", outcome.logs, one.result));
        }
    }
    batched.end_block(blockhash(environment, block.slot), &block.collector);
    if lattice(environment, batched).to_string() != recorded.lattice {
        surprises.push(format!("in a batch at {}: other accounts", block.slot));
    }
}

fn written(agave: &Agave, keys: &BTreeSet<Address>) -> Vec<AccountRecord> {
    keys.iter().map(|key| AccountRecord::new(key, agave.account(key))).collect()
}

/// The checksum of Agave's lattice hash over the chain's own accounts.
fn lattice(environment: &Environment, agave: &Agave) -> Hash {
    let mut sum = LtHash::identity();
    for (address, account) in agave.accounts() {
        if !environment.accounts.contains_key(address) {
            sum.mix_in(&LtHash::with(&account_hasher(address, account)));
        }
    }
    Hash::new_from_array(sum.checksum().0)
}

/// What `AccountsDb::lt_hash_account` hashes.
fn account_hasher(address: &Address, account: &AccountSharedData) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&account.lamports().to_le_bytes());
    hasher.update(account.data());
    hasher.update(&[account.executable().into()]);
    hasher.update(account.owner().as_ref());
    hasher.update(address.as_ref());
    hasher
}

fn clock(slot: u64) -> Clock {
    Clock {
        slot,
        epoch_start_timestamp: GENESIS_TIMESTAMP,
        epoch: 0,
        leader_schedule_epoch: 1,
        unix_timestamp: GENESIS_TIMESTAMP + slot as i64 * 2 / 5,
    }
}

/// The sysvars that change with every block, after blocks at `slots`.
fn sysvars(
    environment: &Environment,
    slot: u64,
    slots: &[u64],
    blockhashes: &[Hash],
) -> Vec<(Address, AccountSharedData)> {
    let clock = clock(slot);
    let mut clock_data = clock.slot.to_le_bytes().to_vec();
    clock_data.extend(clock.epoch_start_timestamp.to_le_bytes());
    clock_data.extend(clock.epoch.to_le_bytes());
    clock_data.extend(clock.leader_schedule_epoch.to_le_bytes());
    clock_data.extend(clock.unix_timestamp.to_le_bytes());

    let slots: Vec<u64> = slots.iter().rev().take(SLOT_HASHES.0).copied().collect();
    let mut slot_hashes = (slots.len() as u64).to_le_bytes().to_vec();
    for slot in slots {
        slot_hashes.extend(slot.to_le_bytes());
        slot_hashes.extend(slot_hash(slot));
    }
    slot_hashes.resize(SLOT_HASHES.1, 0);

    let hashes: Vec<&Hash> = blockhashes.iter().rev().take(RECENT_BLOCKHASHES.0).collect();
    let mut recent = (hashes.len() as u64).to_le_bytes().to_vec();
    for hash in hashes {
        recent.extend(hash.to_bytes());
        recent.extend(LAMPORTS_PER_SIGNATURE.to_le_bytes());
    }
    recent.resize(RECENT_BLOCKHASHES.1, 0);

    let account = |data: Vec<u8>| -> AccountSharedData {
        let lamports = environment.exempt(data.len());
        Account { lamports, data, owner: sysvar::ID, executable: false, rent_epoch: u64::MAX }.into()
    };
    vec![
        (sysvar::clock::ID, account(clock_data)),
        (sysvar::slot_hashes::ID, account(slot_hashes)),
        (sysvar::recent_blockhashes::ID, account(recent)),
    ]
}
