//! Whole blocks: determinism, signatures, uniqueness, and what a run leaves of the balances.

use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ed25519_dalek::{Signature, VerifyingKey};
use heddle_types::{Hash, Pubkey, limits::LAMPORTS_PER_SIGNATURE};

use super::*;
use crate::token_layout::TOKEN_PROGRAM_ID;

fn blockhash(block: u64) -> Hash {
    Hash::new_from_array(keys::derive(b"test blockhash", 0, block))
}

fn generator(config: WorkloadConfig) -> Arc<Generator> {
    Arc::new(Generator::new(config, 2, &|_| {}).unwrap())
}

fn stream(generator: &Arc<Generator>, first_block: u64, transactions: u64, threads: usize) -> TransactionStream {
    let range = BlockRange::new(generator.config(), first_block, transactions).unwrap();
    TransactionStream::spawn(generator, range, threads, blockhash)
}

/// A wire transaction of ours, taken apart.
struct Parsed<'a> {
    signature: Signature,
    message: &'a [u8],
    keys: Vec<Pubkey>,
    data: &'a [u8],
}

fn parse(wire: &[u8]) -> Parsed<'_> {
    let message = &wire[65..];
    let key_count = message[3] as usize;
    let keys: Vec<_> =
        message[4..][..32 * key_count].chunks_exact(32).map(|key| Pubkey::try_from(key).unwrap()).collect();
    let instruction = &message[4 + 32 * key_count + 32..];
    assert_eq!(instruction[..2], [1, key_count as u8 - 1]);
    let account_count = instruction[2] as usize;
    let data = &instruction[4 + account_count..];
    assert_eq!(data.len(), instruction[3 + account_count] as usize);
    Parsed { signature: Signature::from_slice(&wire[1..65]).unwrap(), message, keys, data }
}

#[test]
fn a_seed_s_bytes_do_not_depend_on_threads_or_where_a_run_begins() {
    for workload in Workload::ALL {
        let config = WorkloadConfig { workload, accounts: 500, block_size: 70, zipf: 0.9, ..Default::default() };
        let generator = generator(config);
        let expected: Vec<_> = stream(&generator, 0, 1_000, 1).collect();
        assert_eq!(expected.len(), 15);
        for threads in [2, 4, 0, 1000] {
            assert_eq!(stream(&generator, 0, 1_000, threads).collect::<Vec<_>>(), expected, "{threads} threads");
        }
        assert_eq!(stream(&generator, 6, 1_000 - 6 * 70, 3).collect::<Vec<_>>(), expected[6..]);
    }
}

/// Changes only together with a note in the changelog: recorded runs depend on it.
#[test]
fn the_bytes_of_seed_1_are_the_recorded_ones() {
    let digest = |workload, zipf| {
        let config = WorkloadConfig { workload, accounts: 1_000, block_size: 100, zipf, ..Default::default() };
        let mut hasher = blake3::Hasher::new();
        stream(&generator(config), 0, 200, 2).for_each(|block| {
            block.transactions().for_each(|wire| {
                hasher.update(wire);
            });
        });
        hasher.finalize().to_hex()[..16].to_owned()
    };
    let found = [(Workload::Transfer, 0.0), (Workload::Token, 1.1), (Workload::Mixed, 1.0), (Workload::Hot, 0.5)]
        .map(|(workload, zipf)| digest(workload, zipf));
    assert_eq!(found, ["56e53b9488def6d5", "83418cfb29369a81", "f963601241f3b123", "f856825447f4e2e1"]);
}

#[test]
fn another_seed_gives_other_transactions() {
    let wire = |seed| {
        let generator = generator(WorkloadConfig { seed, accounts: 100, ..Default::default() });
        stream(&generator, 0, 1, 1).next().unwrap().get(0).unwrap().to_vec()
    };
    assert_ne!(wire(1), wire(2));
}

#[test]
fn every_signature_is_strictly_valid_and_names_the_block_s_blockhash() {
    let generator =
        generator(WorkloadConfig { workload: Workload::Mixed, accounts: 300, block_size: 400, ..Default::default() });
    for block in stream(&generator, 0, 1_000, 2) {
        assert_eq!(block.blockhash(), blockhash(block.index()));
        for wire in block.transactions() {
            let parsed = parse(wire);
            let payer = VerifyingKey::from_bytes(&parsed.keys[0].to_bytes()).unwrap();
            payer.verify_strict(parsed.message, &parsed.signature).unwrap();
            let blockhash_at = 4 + 32 * parsed.keys.len();
            assert_eq!(parsed.message[blockhash_at..][..32], *block.blockhash().as_ref());
        }
    }
}

#[test]
fn two_hundred_thousand_transactions_under_one_blockhash_are_all_different() {
    const TRANSACTIONS: u64 = 200_000;
    for workload in Workload::ALL {
        // Few accounts, so that pairs repeat all the time.
        let generator = generator(WorkloadConfig { workload, accounts: 3, block_size: 5_000, ..Default::default() });
        let range = BlockRange::new(generator.config(), 0, TRANSACTIONS).unwrap();
        let mut signatures = HashSet::new();
        for block in TransactionStream::spawn(&generator, range, 2, |_| Hash::default()) {
            for wire in block.transactions() {
                assert!(signatures.insert(parse(wire).signature.to_bytes()), "{workload}");
            }
        }
        assert_eq!(signatures.len() as u64, TRANSACTIONS);
    }
}

#[test]
fn keys_refer_to_genesis_and_token_accounts_to_their_signer() {
    let generator = generator(WorkloadConfig { workload: Workload::Token, accounts: 50, ..Default::default() });
    let genesis: HashMap<_, _> = generator.genesis_accounts().into_iter().collect();
    for block in stream(&generator, 0, 500, 1) {
        for wire in block.transactions() {
            let Parsed { keys, data, .. } = parse(wire);
            let [owner, source, destination, program] = keys[..] else { panic!("{keys:?}") };
            assert_eq!((program, data.len(), data[0]), (TOKEN_PROGRAM_ID, 9, 3));
            assert_eq!(genesis[&source].data[32..64], *owner.as_ref());
            assert_eq!(genesis[&source].data[..32], genesis[&destination].data[..32]);
            assert_ne!(source, destination);
            assert!(genesis[&owner].data.is_empty());
        }
    }
}

/// Applies the transfers of the most skewed runs and looks at who came closest to ruin.
#[test]
fn balances_outlast_a_skewed_run() {
    for (workload, zipf) in [(Workload::Transfer, 1.5), (Workload::Hot, 0.0), (Workload::Hot, 1.2)] {
        let config = WorkloadConfig { workload, accounts: 1_000, zipf, ..Default::default() };
        let sampler = sampler::IndexSampler::new(config.accounts, config.zipf);
        let mut balances = vec![config.genesis_lamports() as i64; config.accounts as usize];
        for number in 0..500_000 {
            let action = workloads::Draw::new(&sampler, [8; 32], number * 33).action(workload);
            let workloads::Action::Transfer { source, destination, lamports } = action else { unreachable!() };
            balances[source as usize] -= (lamports + LAMPORTS_PER_SIGNATURE) as i64;
            balances[destination as usize] += lamports as i64;
        }
        // 200 such runs are 100 million transactions.
        let lost_max = balances.iter().map(|balance| config.genesis_lamports() as i64 - balance).max().unwrap();
        assert!(lost_max < config.genesis_lamports() as i64 / 200, "{workload} {zipf}: {lost_max}");
    }
}

#[test]
fn a_dropped_stream_stops_its_workers_and_time_is_counted() {
    let generator = generator(WorkloadConfig { accounts: 100, block_size: 100, ..Default::default() });
    let mut stream = stream(&generator, 0, u64::MAX / 200, 3);
    assert_eq!(stream.next().unwrap().index(), 0);
    assert!(stream.signing_cpu_seconds() > 0.0);
    drop(stream); // Hangs if a worker goes on.
}

#[test]
fn a_panic_in_a_worker_reaches_the_consumer() {
    let generator = generator(WorkloadConfig { accounts: 100, block_size: 10, ..Default::default() });
    let range = BlockRange::new(generator.config(), 0, 100).unwrap();
    let mut stream = TransactionStream::spawn(&generator, range, 2, |block| match block {
        4 => panic!("no blockhash for {block}"),
        _ => Hash::default(),
    });
    assert_eq!(stream.by_ref().take(4).count(), 4);
    let panic = catch_unwind(AssertUnwindSafe(|| stream.next())).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "no blockhash for 4");
    assert!(stream.next().is_none());
}

#[test]
#[ignore = "a measurement, for a release build"]
fn rate() {
    const ACCOUNTS: u64 = 1_000_000;
    const TRANSACTIONS: u64 = 200_000;
    for (workload, zipf) in [(Workload::Transfer, 0.0), (Workload::Transfer, 1.0), (Workload::Token, 0.0)] {
        let start_nanos = stream::thread_cpu_nanos();
        let config = WorkloadConfig { workload, accounts: ACCOUNTS, zipf, ..Default::default() };
        let generator = Arc::new(Generator::new(config, 1, &|_| {}).unwrap());
        let keys_us = (stream::thread_cpu_nanos() - start_nanos) as f64 / 1e3 / ACCOUNTS as f64;
        let mut stream = stream(&generator, 0, TRANSACTIONS, 1);
        stream.by_ref().for_each(drop);
        let sign_us = stream.signing_cpu_seconds() * 1e6 / TRANSACTIONS as f64;
        println!("{workload} zipf {zipf}: key {keys_us:.2} µs, transaction {sign_us:.2} µs ({:.0}/s)", 1e6 / sign_us);
    }
}
