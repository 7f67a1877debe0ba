//! No bytes reach a panic in the vote program: any instruction, any account, on mainnet's gates and on all of them.

mod common;

use common::{Instruction, Meta, World, budget, key};
use heddle_programs::runtime_builder_with;
use heddle_types::{Account, FeatureSet, Pubkey, limits};
use heddle_vm::slot_hashes_to_bytes;
use proptest::{collection::vec, prelude::*, sample::select};
use solana_sdk_ids::{system_program, sysvar, vote};

/// Slots that the history holds, newest first; the block's is 1,000.
const HISTORY: [u64; 6] = [999, 998, 996, 990, 950, 900];

fn world(is_all_on: bool) -> World {
    let mut world = World::new();
    if is_all_on {
        let all = heddle_types::features::SWITCHABLE.iter().map(|(gate, _)| *gate);
        let gates = all.fold(FeatureSet::mainnet(), FeatureSet::activate).gates().expect("switchable");
        world.runtime = runtime_builder_with(gates).build();
    }
    let entries = HISTORY.map(|slot| (slot, heddle_types::Hash::new_from_array([slot as u8; 32])));
    world.block.sysvars.set(sysvar::slot_hashes::ID, &slot_hashes_to_bytes(&entries));
    world
}

/// Data that often begins like an instruction: a tag, and perhaps a compact tower of slots in the history.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let any_fields = vec(any::<u8>(), 0..400);
    let tower = (any::<bool>(), vec((0..40u8, 0..40u8), 0..40), select(HISTORY.to_vec()), vec(any::<u8>(), 0..3))
        .prop_map(|(has_root, votes, last, tail)| {
            let root: u64 = if has_root { 890 } else { u64::MAX };
            let votes: Vec<u8> = votes.into_iter().flat_map(|(distance, count)| [distance, count]).collect();
            let count = [(votes.len() / 2) as u8];
            [&root.to_le_bytes()[..], &count, &votes, &[last as u8; 32], &[0], &[0; 64], &tail].concat()
        });
    (0..22u8, prop_oneof![any_fields, tower]).prop_map(|(tag, rest)| [&[tag, 0, 0, 0][..], &rest].concat())
}

/// Account data that often is a vote state: keys of 1s, 2s, …, small numbers behind them.
fn state() -> impl Strategy<Value = Vec<u8>> {
    let keys = |count: u8| (1..=count).flat_map(|byte| [byte; 32]).collect::<Vec<u8>>();
    let v4 = vec(0..4u8, 0..900).prop_map(move |rest| [&[3, 0, 0, 0][..], &keys(4), &rest].concat());
    let older =
        (1..3u8, vec(0..4u8, 0..2_400)).prop_map(move |(tag, rest)| [&[tag, 0, 0, 0][..], &keys(2), &rest].concat());
    let any_bytes = vec(any::<u8>(), 0..200);
    prop_oneof![v4, older, any_bytes]
}

/// A vote account of version 4 with a voter and a few votes.
fn whole_state() -> impl Strategy<Value = Vec<u8>> {
    (vec((0..40u64, 0..40u32), 0..35), vec((0..4u64, 0..9u64), 0..66), any::<bool>()).prop_map(
        |(votes, credits, has_root)| {
            let mut bytes = [&[3, 0, 0, 0][..], &[1; 32], &[2; 32], &[3; 32], &[4; 32], &[0; 4 + 8 + 1]].concat();
            bytes.extend((votes.len() as u64).to_le_bytes());
            let mut slot = 900;
            for (distance, count) in votes {
                slot += distance / 8;
                bytes.extend([&[1][..], &slot.to_le_bytes(), &count.to_le_bytes()].concat());
            }
            bytes.push(u8::from(has_root));
            if has_root {
                bytes.extend(890u64.to_le_bytes());
            }
            bytes.extend([&1u64.to_le_bytes()[..], &0u64.to_le_bytes(), &[5; 32]].concat());
            bytes.extend((credits.len() as u64).to_le_bytes());
            for (epoch, earned) in credits {
                bytes.extend([epoch, earned, 0].map(u64::to_le_bytes).concat());
            }
            bytes.extend([0; 16]);
            bytes
        },
    )
}

fn metas() -> impl Strategy<Value = Vec<Meta>> {
    let first = (any::<bool>(), any::<bool>()).prop_map(|(is_signer, read_only)| Meta {
        key: key(0x70),
        is_signer,
        is_writable: !(is_signer && read_only),
    });
    let keys = [key(0x70), key(1), key(2), key(5), system_program::ID, sysvar::rent::ID, sysvar::clock::ID];
    let keys = [&keys[..], &[sysvar::slot_hashes::ID]].concat();
    let other = (select(keys), any::<bool>(), any::<bool>());
    let others = vec(other.prop_map(|(key, is_signer, is_writable)| Meta { key, is_signer, is_writable }), 0..5);
    (first, others).prop_map(|(first, others)| [vec![first], others].concat())
}

fn total(accounts: impl Iterator<Item = u64>) -> u128 {
    accounts.map(u128::from).sum()
}

fn check(is_all_on: bool, data: Vec<u8>, metas: Vec<Meta>, state: &[u8], padding: usize) -> Result<(), TestCaseError> {
    let state = [state, &vec![0; padding]].concat();
    let lamports = limits::rent_exempt_minimum(4_000);
    let world = world(is_all_on)
        .with(key(0x70), Account::new(lamports, &state, vote::ID))
        .with(key(1), Account::with_lamports(10_000_000))
        .with(key(2), Account::with_lamports(5));
    let outcome = world.run_all(&[Instruction { program: vote::ID, accounts: metas, data }], budget(60_000));
    if outcome.result.is_ok() {
        let keys: Vec<Pubkey> = outcome.accounts.keys().copied().collect();
        let before = world.accounts.iter().filter(|(key, _)| keys.contains(key));
        let after = total(outcome.accounts.values().map(|account| account.lamports));
        prop_assert_eq!(after, total(before.map(|(_, account)| account.lamports)));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes(on: bool, data in data(), metas in metas(), state in state(), padding in 0..4_000usize) {
        check(on, data, metas, &state, padding)?;
    }

    #[test]
    fn any_instruction_on_a_vote_account(on: bool, data in data(), mut metas in metas(), state in whole_state()) {
        metas.push(Meta { key: key(5), is_signer: true, is_writable: false });
        metas.push(Meta { key: key(2), is_signer: true, is_writable: false });
        check(on, data, metas, &state, 2_000)?;
    }
}
