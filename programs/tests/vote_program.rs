//! The vote program where the oracle's chain does not reach: no history, no sysvar, short epochs; and what a vote costs.

mod common;

use common::{Instruction, Meta, Outcome, World, budget, key, r, s, w};
use heddle_programs::runtime_builder_with;
use heddle_types::{Account, FeatureSet, Hash, InstructionError, Pubkey, features::gate, limits};
use heddle_vm::{Clock, EpochSchedule, SysvarCache, slot_hashes_to_bytes};
use solana_sdk_ids::{sysvar, vote};

const VOTE_ACCOUNT_BYTES: usize = 3762;
const SLOT: u64 = 1_000;

fn vote_account() -> Pubkey {
    key(0x70)
}

fn hash(slot: u64) -> [u8; 32] {
    [slot as u8; 32]
}

/// A block at slot 1,000 whose ancestors are `history`, newest first, and a zeroed account of the vote program.
fn world(history: &[u64]) -> World {
    let entries: Vec<_> = history.iter().map(|slot| (*slot, Hash::new_from_array(hash(*slot)))).collect();
    let lamports = limits::rent_exempt_minimum(VOTE_ACCOUNT_BYTES);
    let mut world = World::new().with(vote_account(), Account::new(lamports, &[0; VOTE_ACCOUNT_BYTES], vote::ID));
    world.block.sysvars.set(sysvar::slot_hashes::ID, &slot_hashes_to_bytes(&entries));
    world
}

fn instruction(tag: u32, fields: &[u8], accounts: Vec<Meta>) -> Instruction {
    Instruction { program: vote::ID, accounts, data: [&tag.to_le_bytes()[..], fields].concat() }
}

/// Node 1s, voter 2s, withdrawer 3s, commission 7 percent.
fn initialize() -> Instruction {
    let accounts = vec![w(vote_account()), r(sysvar::rent::ID), r(sysvar::clock::ID), s(key(1))];
    instruction(0, &[&[1; 32][..], &[2; 32], &[3; 32], &[7]].concat(), accounts)
}

fn initialized(history: &[u64]) -> World {
    let world = world(history);
    let outcome = world.run(&initialize());
    assert_eq!(outcome.result, Ok(()));
    World { accounts: world.accounts.clone().into_iter().chain(outcome.accounts).collect(), ..world }
}

/// `TowerSync` without a root: (slot, confirmations), oldest first.
fn tower_sync(votes: &[(u64, u8)]) -> Instruction {
    let mut fields = u64::MAX.to_le_bytes().to_vec();
    fields.push(votes.len() as u8);
    let mut before = 0;
    for (slot, confirmations) in votes {
        let distance = slot - before;
        before = *slot;
        fields.extend(leb128(distance));
        fields.push(*confirmations);
    }
    fields.extend(hash(before));
    fields.extend([0; 33]);
    instruction(14, &fields, vec![w(vote_account()), s(key(2))])
}

fn leb128(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// `Vote` for one slot.
fn slot_vote(slot: u64) -> Instruction {
    let fields = [&1u64.to_le_bytes()[..], &slot.to_le_bytes(), &hash(slot), &[0]].concat();
    let accounts = vec![w(vote_account()), r(sysvar::slot_hashes::ID), r(sysvar::clock::ID), s(key(2))];
    instruction(2, &fields, accounts)
}

fn state(outcome: &Outcome) -> &[u8] {
    &outcome.accounts[&vote_account()].data
}

#[test]
fn a_new_account_holds_version_4() {
    let outcome = world(&[]).run(&initialize());
    assert_eq!((outcome.result.clone(), outcome.compute_units), (Ok(()), 2_100));
    assert_eq!(outcome.messages(), [""; 0]);
    let mut expected = [&[3, 0, 0, 0][..], &[1; 32], &[3; 32], &[0x70; 32], &[1; 32]].concat();
    expected.extend(700u16.to_le_bytes());
    expected.extend(10_000u16.to_le_bytes());
    // Rewards, BLS key, votes, root.
    expected.extend([0; 8 + 1 + 8 + 1]);
    expected.extend([&1u64.to_le_bytes()[..], &0u64.to_le_bytes(), &[2; 32]].concat());
    expected.resize(VOTE_ACCOUNT_BYTES, 0);
    assert_eq!(state(&outcome), expected);
}

#[test]
fn a_vote_remembers_how_late_it_was() {
    let outcome = initialized(&[999, 990]).run(&tower_sync(&[(990, 2), (999, 1)]));
    assert_eq!(outcome.error(), Some(InstructionError::Custom(7)), "slot 994 is the last that 990 allows");
    let outcome = initialized(&[994, 990]).run(&tower_sync(&[(990, 2), (994, 1)]));
    assert_eq!((outcome.result.clone(), outcome.compute_units), (Ok(()), 2_100));
    let votes = 4 + 4 * 32 + 4 + 8 + 1;
    let vote = |slot: u64, confirmations: u32| {
        [&[(SLOT - slot) as u8][..], &slot.to_le_bytes(), &confirmations.to_le_bytes()].concat()
    };
    let expected = [&2u64.to_le_bytes()[..], &vote(990, 2), &vote(994, 1), &[0]].concat();
    assert_eq!(state(&outcome)[votes..votes + expected.len()], expected);
}

#[test]
fn without_history_there_is_nothing_to_vote_for() {
    let world = initialized(&[]);
    assert_eq!(world.run(&tower_sync(&[(990, 1)])).error(), Some(InstructionError::Custom(1)));
    assert_eq!(world.run(&slot_vote(990)).error(), Some(InstructionError::Custom(0)));
}

#[test]
fn a_history_that_is_cut_is_none() {
    let mut world = initialized(&[994, 990]);
    let hostile = [&u64::MAX.to_le_bytes()[..], &[1; 80]].concat();
    world.block.sysvars.set(sysvar::slot_hashes::ID, &hostile);
    for one in [tower_sync(&[(990, 1)]), slot_vote(990)] {
        assert_eq!(world.run(&one).error(), Some(InstructionError::UnsupportedSysvar));
    }
}

#[test]
fn epochs_without_end_leave_no_later_voter() {
    let mut world = initialized(&[]);
    let clock = Clock { slot: SLOT, leader_schedule_epoch: u64::MAX, ..Clock::default() };
    world.block.sysvars.set(sysvar::clock::ID, &clock.to_bytes());
    let accounts = vec![w(vote_account()), r(sysvar::clock::ID), s(key(3))];
    let authorize = instruction(1, &[&[9; 32][..], &[0; 4]].concat(), accounts);
    assert_eq!(world.run(&authorize).error(), Some(InstructionError::InvalidAccountData));
}

#[test]
fn costs_are_taken_before_anything_is_looked_at() {
    let nothing = Instruction { program: vote::ID, accounts: vec![], data: vec![] };
    let outcome = world(&[]).run_all(&[nothing], budget(2_099));
    assert_eq!(outcome.error(), Some(InstructionError::ComputationalBudgetExceeded));
}

#[test]
fn a_block_without_sysvars_supports_nothing_that_reads_them() {
    let mut world = initialized(&[994, 990]);
    world.block.sysvars = SysvarCache::empty();
    let withdrawer = || vec![w(vote_account()), s(key(3))];
    let withdraw = instruction(3, &1u64.to_le_bytes(), withdrawer());
    for one in [tower_sync(&[(990, 1)]), slot_vote(990), initialize(), withdraw, instruction(5, &[1], withdrawer())] {
        assert_eq!(world.run(&one).error(), Some(InstructionError::UnsupportedSysvar));
    }
    let bps = instruction(18, &[5, 0, 0, 0, 0, 0], withdrawer());
    assert_eq!(world.run(&bps).result, Ok(()));
}

#[test]
fn epochs_are_counted_from_the_first_of_full_length() {
    let gates = FeatureSet::mainnet().deactivate(&gate::delay_commission_updates).gates().expect("switchable");
    let mut world = World { runtime: runtime_builder_with(gates).build(), ..initialized(&[]) };
    let raise = || instruction(5, &[9], vec![w(vote_account()), s(key(3))]);
    for (first_normal_slot, expected) in [(0, Some(InstructionError::Custom(19))), (901, None)] {
        let schedule = EpochSchedule { slots_per_epoch: 900, first_normal_slot, ..EpochSchedule::default() };
        world.block.sysvars.set(sysvar::epoch_schedule::ID, &schedule.to_bytes());
        let clock = Clock { slot: 900 + 451, ..Clock::default() };
        world.block.sysvars.set(sysvar::clock::ID, &clock.to_bytes());
        assert_eq!(world.run(&raise()).error(), expected, "first normal slot {first_normal_slot}");
    }
}
