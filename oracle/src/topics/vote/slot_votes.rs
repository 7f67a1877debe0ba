//! `Vote` and `VoteSwitch`: votes slot by slot.

use super::{
    DEPRECATE_LEGACY, Topic, VOTER, as_v1_14_11, as_v3, base, fresh, hash, landed, slot, slot_vote, slot_voting, vote,
};
use crate::case::{Case, address, r, rs, w};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_sdk_ids::sysvar;
use solana_vote_interface::{
    instruction::VoteInstruction,
    state::{Vote, VoteStateV4},
};

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    let mut cases = votes(topic);
    cases.extend(accounts(topic));
    cases.extend(lockouts(topic));
    cases
}

fn cast(ages: &[u64]) -> Instruction {
    with(slot_vote(ages))
}

fn with(votes: Vote) -> Instruction {
    vote(&VoteInstruction::Vote(votes), slot_voting())
}

fn votes(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(&format!("vote_{name}"));
    let switch = VoteInstruction::VoteSwitch(slot_vote(&[7, 6]), Hash::new_from_array([3; 32]));
    let timed = |ages: &[u64], seconds| with(Vote { timestamp: Some(seconds), ..slot_vote(ages) });
    vec![
        case("one").ok(&VOTER, &[cast(&[7])]),
        case("several").ok(&VOTER, &[cast(&[7, 6, 5, 3, 1])]),
        case("switch").ok(&VOTER, &[vote(&switch, slot_voting())]),
        case("deprecated").gates(&[(DEPRECATE_LEGACY, true)]).fails(&VOTER, &[cast(&[7])]),
        case("switch_deprecated").gates(&[(DEPRECATE_LEGACY, true)]).fails(&VOTER, &[vote(&switch, slot_voting())]),
        case("overlapping").ok(&VOTER, &[cast(&[9, 8, 7, 6])]),
        case("cast_before").fails(&VOTER, &[cast(&[9, 8])]),
        case("none").fails(&VOTER, &[cast(&[])]),
        case("all_too_old").fails(&VOTER, &[cast(&[600, 513])]),
        case("some_too_old").ok(&VOTER, &[cast(&[600, 513, 7])]),
        case("future").fails(&VOTER, &[with(Vote::new(vec![super::SLOT + 1], hash(1)))]),
        case("this_slot").fails(&VOTER, &[with(Vote::new(vec![super::SLOT], hash(1)))]),
        case("other_hash").fails(&VOTER, &[with(Vote::new(vec![slot(7)], hash(6)))]),
        case("hash_of_first").fails(&VOTER, &[with(Vote::new(vec![slot(7), slot(6)], hash(7)))]),
        case("not_ordered").fails(&VOTER, &[cast(&[6, 7, 5])]),
        case("twice_the_same").fails(&VOTER, &[cast(&[6, 6])]),
        case("time").ok(&VOTER, &[timed(&[7], 1_700_000_140)]),
        case("time_back").fails(&VOTER, &[timed(&[7], 1_700_000_000)]),
        case("time_of_highest")
            .ok(&VOTER, &[with(Vote { hash: hash(5), timestamp: Some(1_700_000_140), ..slot_vote(&[5, 600, 8]) })]),
        case("time_without_slots").fails(&VOTER, &[timed(&[], 1_700_000_140)]),
        topic.stored("vote_v3", &as_v3(&base()), super::SPACE).ok(&VOTER, &[cast(&[7])]),
        topic.stored("vote_v1_14_11", &as_v1_14_11(&base()), super::SPACE_V1_14_11).ok(&VOTER, &[cast(&[7])]),
    ]
}

fn accounts(topic: &Topic) -> Vec<Case> {
    let data = VoteInstruction::Vote(slot_vote(&[7]));
    let account = || w(address("vote"));
    let (hashes, clock) = (|| r(sysvar::slot_hashes::ID), || r(sysvar::clock::ID));
    let voter = || rs(address("voter"));
    let case = |name: &str| topic.case(&format!("vote_accounts_{name}"));
    vec![
        case("none").fails(&["payer"], &[vote(&data, vec![])]),
        case("one").fails(&["payer"], &[vote(&data, vec![account()])]),
        case("two").fails(&["payer"], &[vote(&data, vec![account(), hashes()])]),
        case("without_voter").fails(&["payer"], &[vote(&data, vec![account(), hashes(), clock()])]),
        case("sysvars_swapped").fails(&VOTER, &[vote(&data, vec![account(), clock(), hashes(), voter()])]),
        case("clock_is_another").fails(&VOTER, &[vote(&data, vec![account(), hashes(), r(sysvar::rent::ID), voter()])]),
        case("no_sysvars").fails(&VOTER, &[vote(&data, vec![account(), voter(), r(address("voter"))])]),
        case("wrong_voter")
            .fails(&super::WITHDRAWER, &[vote(&data, vec![account(), hashes(), clock(), rs(address("withdrawer"))])]),
    ]
}

/// Towers that grow, lose expired votes, and root their oldest.
fn lockouts(topic: &Topic) -> Vec<Case> {
    let full = |latency: u8| VoteStateV4 {
        votes: (0..31).map(|index| landed(50 - index, 31 - index as u32, latency)).collect(),
        root_slot: Some(slot(60)),
        ..fresh()
    };
    let stale = VoteStateV4 {
        votes: [landed(300, 9, 1), landed(200, 5, 1), landed(100, 3, 1), landed(90, 1, 1)].into(),
        ..fresh()
    };
    let ages: Vec<u64> = (1..=40).rev().collect();
    vec![
        topic.with("vote_from_nothing", fresh()).ok(&VOTER, &[cast(&ages[..35])]),
        topic.with("vote_all_slots", fresh()).ok(&VOTER, &[cast(&ages)]),
        topic.with("vote_roots_oldest", full(1)).ok(&VOTER, &[cast(&[19])]),
        topic.with("vote_roots_late", full(12)).ok(&VOTER, &[cast(&[19, 18, 17])]),
        topic.with("vote_roots_unknown_latency", full(0)).ok(&VOTER, &[cast(&[19])]),
        topic.with("vote_full_and_expired", full(1)).ok(&VOTER, &[cast(&[15])]),
        topic.with("vote_pops_expired", stale.clone()).ok(&VOTER, &[cast(&[80])]),
        topic.with("vote_pops_and_goes_on", stale).ok(&VOTER, &[cast(&[89, 80, 60, 30, 29, 28])]),
        topic
            .with("vote_one_by_one", fresh())
            .ok(&VOTER, &[cast(&[9])])
            .ok(&VOTER, &[cast(&[8])])
            .ok(&VOTER, &[cast(&[3])])
            .ok(&VOTER, &[cast(&[2, 1])]),
    ]
}
