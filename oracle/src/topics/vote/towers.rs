//! `TowerSync` and `UpdateVoteState`: towers that may replace one, and every reason why not.

use super::{
    DEPRECATE_LEGACY, SLOT, Topic, VOTER, base, fresh, hash, history, landed, long_update, slot, slot_vote,
    slot_voting, sync, tower, update, vote, voting,
};
use crate::{
    case::{Case, Expect, SOL, address, r, rs, w, ws},
    environment::slot_hash,
    topics::fees::limit,
};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_sdk_ids::sysvar;
use solana_vote_interface::{
    authorized_voters::AuthorizedVoters,
    instruction::VoteInstruction,
    state::{BlockTimestamp, Lockout, TowerSync, VoteStateV4},
};

/// What follows the votes of `base`.
const NEXT: [(u64, u32); 4] = [(10, 4), (9, 3), (8, 2), (7, 1)];
const ROOT: Option<u64> = Some(20);

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    let mut cases = kinds(topic);
    cases.extend(accepted(topic));
    cases.extend(history_refusals(topic));
    cases.extend(shape_refusals(topic));
    cases.extend(rollbacks(topic));
    cases.extend(gaps(topic));
    cases.extend(credits(topic));
    cases.extend(timestamps(topic));
    cases.extend(signers(topic));
    cases.extend(sequences(topic));
    cases
}

/// Each of the six instructions that carry a tower.
fn kinds(topic: &Topic) -> Vec<Case> {
    type Make = fn(TowerSync) -> VoteInstruction;
    let kinds: [(&str, Make); 6] = [
        ("tower_sync", VoteInstruction::TowerSync),
        ("tower_sync_switch", |tower| VoteInstruction::TowerSyncSwitch(tower, Hash::new_from_array([3; 32]))),
        ("update", |tower| VoteInstruction::UpdateVoteState(update(tower))),
        ("update_switch", |tower| VoteInstruction::UpdateVoteStateSwitch(update(tower), Hash::new_from_array([3; 32]))),
        ("compact", |tower| VoteInstruction::CompactUpdateVoteState(update(tower))),
        ("compact_switch", |tower| {
            VoteInstruction::CompactUpdateVoteStateSwitch(update(tower), Hash::new_from_array([3; 32]))
        }),
    ];
    let mut cases = Vec::new();
    for (name, make) in kinds {
        let next = |tower| vote(&make(tower), voting());
        let timed = TowerSync { timestamp: Some(1_700_000_150), ..tower(&NEXT, ROOT) };
        let other_hash = TowerSync { hash: hash(30), ..tower(&NEXT, ROOT) };
        let deprecated = topic.case(&format!("{name}_deprecated")).gates(&[(DEPRECATE_LEGACY, true)]);
        let expect = if name.starts_with("tower") { Expect::Success } else { Expect::Failure };
        cases.extend([
            topic.case(name).ok(&VOTER, &[next(tower(&NEXT, ROOT))]),
            topic.case(&format!("{name}_with_time")).ok(&VOTER, &[next(timed)]),
            topic.case(&format!("{name}_other_hash")).fails(&VOTER, &[next(other_hash)]),
            topic.case(&format!("{name}_empty")).fails(&VOTER, &[next(tower(&[], ROOT))]),
            deprecated.legacy(expect, &VOTER, &[next(tower(&NEXT, ROOT))]),
        ]);
    }
    cases
}

fn full(newest_age: u64) -> Vec<(u64, u32)> {
    (0..31).map(|index| (newest_age + 30 - index, 31 - index as u32)).collect()
}

fn accepted(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(name);
    let new = |name: &str| topic.with(name, fresh());
    vec![
        new("tower_first").ok(&VOTER, &[sync(tower(&[(3, 3), (2, 2), (1, 1)], None))]),
        new("tower_first_with_root").ok(&VOTER, &[sync(tower(&[(3, 3), (2, 2), (1, 1)], Some(4)))]),
        new("tower_full").ok(&VOTER, &[sync(tower(&full(1), Some(32)))]),
        new("tower_with_gaps_in_confirmations").ok(&VOTER, &[sync(tower(&[(200, 30), (100, 12), (3, 7)], None))]),
        case("tower_all_votes_expired").ok(&VOTER, &[sync(tower(&[(1, 1)], ROOT))]),
        case("tower_root_moves").ok(&VOTER, &[sync(tower(&[(8, 3), (7, 2), (6, 1)], Some(9)))]),
        case("tower_root_between_votes").ok(&VOTER, &[sync(tower(&[(7, 2), (6, 1)], Some(8)))]),
        case("tower_root_beyond_votes").ok(&VOTER, &[sync(tower(&[(2, 2), (1, 1)], Some(4)))]),
        new("tower_filters_old_votes").ok(&VOTER, &[sync(tower(&[(600, 31), (520, 30), (512, 29), (1, 1)], None))]),
        topic
            .with(
                "tower_keeps_old_votes_cast_before",
                VoteStateV4 { votes: [landed(600, 20, 1), landed(520, 19, 1), landed(300, 18, 1)].into(), ..fresh() },
            )
            .ok(&VOTER, &[sync(tower(&[(600, 20), (550, 20), (520, 19), (300, 18), (1, 1)], None))]),
        topic
            .with("tower_root_older_than_history", old_votes(None))
            .ok(&VOTER, &[sync(tower(&[(600, 20), (1, 1)], Some(640)))]),
        topic
            .with("tower_root_older_than_votes", old_votes(None))
            .ok(&VOTER, &[sync(tower(&[(700, 22), (650, 21), (600, 20), (1, 1)], Some(800)))]),
        topic
            .with("tower_root_older_than_votes_and_root", old_votes(Some(900)))
            .ok(&VOTER, &[sync(tower(&[(700, 22), (650, 21), (600, 20), (1, 1)], Some(1_000)))]),
        new("tower_root_zero").ok(&VOTER, &[sync(TowerSync { root: Some(0), ..tower(&[(2, 2), (1, 1)], None) })]),
        case("tower_read_only_sysvars_beside").ok(
            &VOTER,
            &[vote(
                &VoteInstruction::TowerSync(tower(&NEXT, ROOT)),
                vec![w(address("vote")), r(sysvar::slot_hashes::ID), r(sysvar::clock::ID), rs(address("voter"))],
            )],
        ),
        case("tower_two_in_one")
            .ok(&VOTER, &[sync(tower(&NEXT, ROOT)), sync(tower(&[(10, 5), (9, 4), (8, 3), (7, 2), (6, 1)], ROOT))]),
    ]
}

fn old_votes(root_age: Option<u64>) -> VoteStateV4 {
    VoteStateV4 {
        votes: [landed(700, 22, 1), landed(650, 21, 1), landed(600, 20, 1)].into(),
        root_slot: root_age.map(slot),
        ..fresh()
    }
}

fn history_refusals(topic: &Topic) -> Vec<Case> {
    let refused = |name: &str, state: VoteStateV4, one: Instruction| {
        topic.with(&format!("refused_{name}"), state).fails(&VOTER, &[one])
    };
    let at = |slots: &[(u64, u32)], hash| TowerSync {
        lockouts: slots.iter().map(|(slot, count)| Lockout::new_with_confirmation_count(*slot, *count)).collect(),
        hash,
        ..tower(&[], None)
    };
    vec![
        refused("last_vote_again", base(), sync(tower(&[(10, 4), (9, 3), (8, 2)], ROOT))),
        refused("older_than_last_vote", base(), sync(tower(&[(10, 4), (9, 3)], ROOT))),
        refused("older_than_history", fresh(), sync(tower(&[(513, 1)], None))),
        refused("this_slot", fresh(), sync(at(&[(SLOT, 1)], hash(1)))),
        refused("future_slot", fresh(), sync(at(&[(SLOT - 2, 2), (SLOT + 1, 1)], hash(1)))),
        refused("far_future", fresh(), sync(at(&[(u64::MAX, 1)], hash(1)))),
        refused("below_its_root", fresh(), long_update(tower(&[(15, 2), (7, 1)], Some(10)))),
        refused("first_is_root", fresh(), long_update(tower(&[(10, 2), (7, 1)], Some(10)))),
        refused("not_ordered", fresh(), long_update(tower(&[(7, 3), (9, 2), (6, 1)], None))),
        refused("twice_the_same", fresh(), long_update(tower(&[(7, 3), (7, 2), (6, 1)], None))),
        refused("not_ordered_too_old", fresh(), long_update(tower(&[(600, 20), (601, 19), (6, 1)], None))),
        refused("root_in_future", fresh(), long_update(TowerSync { root: Some(SLOT + 5), ..tower(&[(2, 1)], None) })),
        refused("root_after_votes", fresh(), long_update(tower(&[(6, 2), (5, 1)], Some(3)))),
        refused("hash_of_other_slot", fresh(), sync(TowerSync { hash: hash(3), ..tower(&[(3, 2), (2, 1)], None) })),
        refused("zero_hash", fresh(), sync(TowerSync { hash: Hash::default(), ..tower(&[(2, 1)], None) })),
    ]
}

fn shape_refusals(topic: &Topic) -> Vec<Case> {
    let refused = |name: &str, one: Instruction| topic.with(&format!("refused_{name}"), fresh()).fails(&VOTER, &[one]);
    let too_many: Vec<_> = (0..32).map(|index| (1 + 31 - index, 32 - index as u32)).collect();
    let flat_many: Vec<_> = (0..40).map(|index| (40 - index, 40 - index as u32)).collect();
    vec![
        refused("zero_confirmations", sync(tower(&[(3, 2), (2, 0)], None))),
        refused("confirmations_32", sync(tower(&[(3, 32), (2, 1)], None))),
        refused("confirmations_255", sync(tower(&[(3, 255), (2, 1)], None))),
        refused("confirmations_max", long_update(tower(&[(3, u32::MAX), (2, 1)], None))),
        refused("confirmations_equal", sync(tower(&[(3, 2), (2, 2)], None))),
        refused("confirmations_rise", sync(tower(&[(3, 1), (2, 2)], None))),
        refused("beyond_lockout", sync(tower(&[(10, 3), (1, 1)], None))),
        refused("beyond_lockout_by_one", sync(tower(&[(10, 2), (5, 1)], None))),
        refused("too_many", sync(tower(&too_many, Some(40)))),
        refused("far_too_many", sync(tower(&flat_many, Some(50)))),
        topic.with("tower_at_end_of_lockout", fresh()).ok(&VOTER, &[sync(tower(&[(10, 2), (6, 1)], None))]),
        // Too old to be kept, so its confirmations do not matter.
        topic
            .with("tower_old_vote_without_confirmations", fresh())
            .ok(&VOTER, &[sync(tower(&[(600, 0), (2, 1)], None))]),
    ]
}

fn rollbacks(topic: &Topic) -> Vec<Case> {
    let refused = |name: &str, one: Instruction| topic.case(&format!("refused_{name}")).fails(&VOTER, &[one]);
    vec![
        refused("root_rolls_back", sync(tower(&NEXT, Some(21)))),
        refused("root_is_gone", sync(tower(&NEXT, None))),
        refused("confirmations_roll_back", sync(tower(&[(10, 2), (7, 1)], ROOT))),
        refused("lockout_conflict", sync(tower(&[(10, 4), (6, 1)], ROOT))),
        refused("lockout_conflict_at_its_end", sync(tower(&[(10, 4), (9, 3), (6, 1)], ROOT))),
        refused("lockout_conflict_of_first", sync(tower(&[(2, 1)], ROOT))),
        topic.case("tower_lockout_just_over").ok(&VOTER, &[sync(tower(&[(10, 4), (9, 3), (5, 1)], ROOT))]),
        topic.case("tower_same_confirmations").ok(&VOTER, &[sync(tower(&[(10, 3), (9, 2), (5, 1)], ROOT))]),
    ]
}

/// A history in which slots are missing: they were on other forks.
fn gaps(topic: &Topic) -> Vec<Case> {
    let slots: Vec<u64> = [1, 3, 4, 7, 9, 12, 20].into_iter().chain((30..).step_by(3)).take(512).map(slot).collect();
    let case = |name: &str| {
        let account = history(topic.environment, &slots);
        topic.with(&format!("gaps_{name}"), fresh()).account(sysvar::slot_hashes::ID, account)
    };
    let from_zero = |name: &str| {
        let account = history(topic.environment, &[9, 5, 3, 0]);
        topic.with(&format!("gaps_{name}"), fresh()).account(sysvar::slot_hashes::ID, account)
    };
    let early = |slots: &[(u64, u32)], root| TowerSync {
        lockouts: slots.iter().map(|(slot, count)| Lockout::new_with_confirmation_count(*slot, *count)).collect(),
        root,
        hash: Hash::new_from_array(slot_hash(slots[slots.len() - 1].0)),
        ..tower(&[], None)
    };
    let cast = |ages: &[u64]| vote(&VoteInstruction::Vote(slot_vote(ages)), slot_voting());
    vec![
        case("towers")
            .fails(&VOTER, &[sync(tower(&[(12, 4), (9, 3), (5, 2), (4, 1)], Some(20)))])
            .fails(&VOTER, &[sync(tower(&[(4, 2), (2, 1)], None))])
            .fails(&VOTER, &[sync(tower(&[(9, 3), (7, 2), (4, 1)], Some(10)))])
            .fails(&VOTER, &[sync(tower(&[(9, 3), (7, 2), (4, 1)], Some(21)))])
            .ok(&VOTER, &[sync(tower(&[(12, 4), (9, 3), (7, 2), (4, 1)], Some(20)))]),
        case("slot_votes").fails(&VOTER, &[cast(&[20, 11, 9])]).ok(&VOTER, &[cast(&[20, 12, 9])]),
        from_zero("root_zero_is_no_root").ok(&VOTER, &[long_update(early(&[(0, 3), (3, 2), (5, 1)], Some(0)))]),
        from_zero("root_three").fails(&VOTER, &[long_update(early(&[(3, 2), (5, 1)], Some(3)))]),
        topic.with("root_is_oldest", fresh()).ok(&VOTER, &[sync(tower(&[(3, 2), (1, 1)], Some(512)))]),
        topic.with("root_is_too_old", fresh()).ok(&VOTER, &[sync(tower(&[(3, 2), (1, 1)], Some(513)))]),
    ]
}

/// Credits by latency, and how epochs come and go.
fn credits(topic: &Topic) -> Vec<Case> {
    let rooting = |name: &str, state: VoteStateV4| {
        topic.with(&format!("credits_{name}"), state).ok(&VOTER, &[sync(tower(&[(2, 2), (1, 1)], Some(3)))])
    };
    let latencies = [0, 1, 2, 3, 4, 10, 16, 17, 18, 19, 100, 255];
    let votes =
        latencies.iter().enumerate().map(|(index, latency)| landed(30 - index as u64, 12 - index as u32, *latency));
    let full_history: Vec<_> = (0..64).map(|index| (index, index * 10 + 10, index * 10)).collect();
    let over_full: Vec<_> = (0..66).map(|index| (index + 100, index * 10 + 10, index * 10)).collect();
    let with = |epoch_credits| VoteStateV4 { epoch_credits, ..base() };
    vec![
        rooting("by_latency", VoteStateV4 { votes: votes.collect(), root_slot: Some(slot(40)), ..fresh() }),
        rooting("none_before", with(vec![])),
        rooting("new_epoch", with(vec![(3, 50, 40)])),
        rooting("epoch_without_credits", with(vec![(2, 20, 10), (3, 20, 20)])),
        rooting("only_epoch_without_credits", with(vec![(3, 0, 0)])),
        rooting("epochs_full", with(full_history)),
        rooting("epochs_over_full", with(over_full)),
        rooting("epoch_in_future", with(vec![(9, 50, 40)])),
        rooting("saturate", with(vec![(5, u64::MAX - 3, 0)])),
        topic.with("credits_root_stays", with(vec![(3, 50, 40)])).ok(&VOTER, &[sync(tower(&NEXT, ROOT))]),
        topic
            .with("credits_first_root", VoteStateV4 { root_slot: None, ..with(vec![]) })
            .ok(&VOTER, &[sync(tower(&NEXT, ROOT))]),
    ]
}

fn timestamps(topic: &Topic) -> Vec<Case> {
    let timed = |seconds| sync(TowerSync { timestamp: Some(seconds), ..tower(&NEXT, ROOT) });
    let stamp = |slot, timestamp| VoteStateV4 { last_timestamp: BlockTimestamp { slot, timestamp }, ..base() };
    vec![
        topic.case("time_same").ok(&VOTER, &[timed(1_700_000_100)]),
        topic.case("time_back").fails(&VOTER, &[timed(1_700_000_099)]),
        topic.case("time_max").ok(&VOTER, &[timed(i64::MAX)]),
        topic.case("time_negative").fails(&VOTER, &[timed(-1)]),
        topic.with("time_slot_back", stamp(slot(6), 0)).fails(&VOTER, &[timed(5)]),
        topic.with("time_same_slot_same_time", stamp(slot(7), 5)).ok(&VOTER, &[timed(5)]),
        topic.with("time_same_slot_later", stamp(slot(7), 5)).fails(&VOTER, &[timed(6)]),
        topic.with("time_from_before_1970", stamp(0, i64::MIN)).ok(&VOTER, &[timed(-7)]),
    ]
}

fn signers(topic: &Topic) -> Vec<Case> {
    let data = VoteInstruction::TowerSync(tower(&NEXT, ROOT));
    let with = |name: &str| topic.case(&format!("tower_{name}"));
    vec![
        with("without_accounts").fails(&["payer"], &[vote(&data, vec![])]),
        with("without_voter").fails(&["payer"], &[vote(&data, vec![w(address("vote"))])]),
        with("voter_not_signing").fails(&["payer"], &[vote(&data, vec![w(address("vote")), r(address("voter"))])]),
        with("withdrawer_signing").fails(&super::WITHDRAWER, &[vote(&data, super::withdrawing())]),
        with("read_only").fails(&VOTER, &[vote(&data, vec![r(address("vote")), rs(address("voter"))])]),
        with("without_account").fails(&VOTER, &[vote(&data, vec![w(address("nothing")), rs(address("voter"))])]),
        with("account_of_system").fails(&VOTER, &[vote(&data, vec![w(address("payer")), rs(address("voter"))])]),
        topic
            .with(
                "tower_account_votes_for_itself",
                VoteStateV4 { authorized_voters: AuthorizedVoters::new(5, address("vote")), ..base() },
            )
            .ok(&["payer", "vote"], &[vote(&data, vec![ws(address("vote"))])]),
        with("paid_by_voter").lamports("voter", SOL).ok(&["voter"], &[sync(tower(&NEXT, ROOT))]),
        with("out_of_units").fails(&VOTER, &[limit(2_099), sync(tower(&NEXT, ROOT))]),
        with("units_just_enough").ok(&VOTER, &[limit(2_250), sync(tower(&NEXT, ROOT))]),
    ]
}

/// A validator that votes for every slot, and one that skips; each transaction is the next tower.
fn sequences(topic: &Topic) -> Vec<Case> {
    let mut every = topic.with("sequence_of_every_slot", fresh());
    for age in (1..=40).rev().step_by(3) {
        let height = 41 - age;
        let root = (height > 31).then_some(age + 31);
        let votes: Vec<_> = (0..height.min(31)).rev().map(|depth| (age + depth, depth as u32 + 1)).collect();
        every = every.ok(&VOTER, &[sync(tower(&votes, root))]);
    }
    vec![every]
}
