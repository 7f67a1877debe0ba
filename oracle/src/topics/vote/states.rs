//! What a vote account may hold: each version and its conversion, sizes and rent, voters by epoch, and bytes that are none.

use super::{
    SPACE, SPACE_V1_14_11, Topic, VOTER, WITHDRAWER, as_v1_14_11, as_v3, base, bls_key, fresh, landed, slot, sync,
    tower, vote, vote_account, voting, withdrawing,
};
use crate::case::{Case, Expect, SOL, address, rs, w};
use solana_instruction::Instruction;
use solana_vote_interface::{
    authorized_voters::AuthorizedVoters,
    instruction::VoteInstruction,
    state::{VoteState1_14_11, VoteStateV3, VoteStateV4, VoteStateVersions},
};

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    let mut cases = versions(topic);
    cases.extend(sizes(topic));
    cases.extend(voters(topic));
    cases.extend(broken(topic));
    cases
}

fn next() -> Instruction {
    sync(tower(&[(10, 4), (9, 3), (8, 2), (7, 1)], Some(20)))
}

fn rooting() -> Instruction {
    sync(tower(&[(2, 2), (1, 1)], Some(3)))
}

fn commission() -> Instruction {
    vote(&VoteInstruction::UpdateCommission(9), withdrawing())
}

fn versions(topic: &Topic) -> Vec<Case> {
    let with_key = VoteStateV4 {
        bls_pubkey_compressed: Some(bls_key("a").bls_pubkey),
        pending_delegator_rewards: 77,
        block_revenue_commission_bps: 123,
        inflation_rewards_collector: address("collector"),
        ..base()
    };
    let mut cases = vec![topic.with("v4_with_every_field", with_key).ok(&VOTER, &[next()]).ok(&VOTER, &[rooting()])];
    for (name, state, space) in [
        ("v3", as_v3(&base()), SPACE),
        ("v1_14_11", as_v1_14_11(&base()), SPACE_V1_14_11),
        ("v1_14_11_large", as_v1_14_11(&base()), SPACE),
    ] {
        let case = |what: &str| topic.stored(&format!("{name}_{what}"), &state, space);
        cases.extend([
            case("votes").ok(&VOTER, &[next()]).ok(&VOTER, &[rooting()]),
            case("commission").ok(&WITHDRAWER, &[commission()]),
            case("withdraw").ok(
                &WITHDRAWER,
                &[vote(
                    &VoteInstruction::Withdraw(1_000),
                    vec![w(address("vote")), w(address("payer")), rs(address("withdrawer"))],
                )],
            ),
            case("wrong_voter")
                .fails(&WITHDRAWER, &[vote(&VoteInstruction::TowerSync(tower(&[(1, 1)], None)), withdrawing())]),
        ]);
    }
    let uninitialized = [
        ("v3", VoteStateVersions::new_v3(VoteStateV3::default())),
        ("v1_14_11", VoteStateVersions::V1_14_11(Box::default())),
        ("v4", VoteStateVersions::new_v4(VoteStateV4::default())),
    ];
    for (name, state) in uninitialized {
        let case = |what: &str| topic.stored(&format!("uninitialized_{name}_{what}"), &state, SPACE);
        cases.extend([case("votes").fails(&VOTER, &[next()]), case("commission").fails(&WITHDRAWER, &[commission()])]);
    }
    cases
}

fn sizes(topic: &Topic) -> Vec<Case> {
    let exempt = |space| topic.environment.exempt(space);
    let sized = |name: &str, state: &VoteStateVersions, space: usize, lamports: u64| {
        let mut data = bincode::serialize(state).expect("a vote state has a binary form");
        data.resize(space.max(data.len()), 0);
        topic.bare(&format!("size_{name}")).account(address("vote"), vote_account(lamports, data))
    };
    let old = as_v1_14_11(&base());
    let current = VoteStateVersions::new_v4(base());
    let crowded = |votes: usize| VoteStateV4 { authorized_voters: many_voters(votes), ..base() };
    vec![
        sized("grows_with_just_enough", &old, SPACE_V1_14_11, exempt(SPACE)).ok(&VOTER, &[next()]),
        sized("cannot_pay_to_grow", &old, SPACE_V1_14_11, exempt(SPACE) - 1).fails(&VOTER, &[next()]),
        sized("cannot_pay_to_grow_and_withdraws", &old, SPACE_V1_14_11, exempt(SPACE) - 1).ok(
            &WITHDRAWER,
            &[vote(
                &VoteInstruction::Withdraw(1),
                vec![w(address("vote")), w(address("payer")), rs(address("withdrawer"))],
            )],
        ),
        sized("cannot_grow_read_only", &old, SPACE_V1_14_11, SOL).fails(
            &VOTER,
            &[vote(
                &VoteInstruction::TowerSync(tower(&[(1, 1)], Some(20))),
                vec![crate::case::r(address("vote")), rs(address("voter"))],
            )],
        ),
        sized("v3_not_exempt", &as_v3(&base()), SPACE, exempt(SPACE) - 1).ok(&VOTER, &[next()]),
        sized("v4_small", &current, 1_000, SOL).ok(&VOTER, &[next()]),
        sized("v4_bare", &current, 0, SOL).ok(&VOTER, &[next()]),
        sized("v4_large", &current, 5_000, SOL).ok(&VOTER, &[next()]),
        sized("v4_large_not_exempt", &current, 5_000, exempt(4_000)).ok(&VOTER, &[next()]),
        sized("v4_no_room_left", &VoteStateVersions::new_v4(crowded(87)), SPACE, SOL).fails(&VOTER, &[next()]),
        sized("v4_little_room_left", &VoteStateVersions::new_v4(crowded(86)), SPACE, SOL).ok(&VOTER, &[next()]),
    ]
}

fn many_voters(count: usize) -> AuthorizedVoters {
    let mut voters = AuthorizedVoters::new(5, address("voter"));
    for epoch in 1..count as u64 {
        voters.insert(5 + epoch, address("voter"));
    }
    voters
}

/// Who may vote in epoch 5.
fn voters(topic: &Topic) -> Vec<Case> {
    let with = |name: &str, entries: &[(u64, &str)]| {
        let mut authorized_voters = AuthorizedVoters::default();
        for (epoch, voter) in entries {
            authorized_voters.insert(*epoch, address(voter));
        }
        topic.with(&format!("voters_{name}"), VoteStateV4 { authorized_voters, ..base() })
    };
    vec![
        with("of_an_earlier_epoch", &[(2, "voter")]).ok(&VOTER, &[next()]),
        with("several_earlier", &[(1, "other"), (2, "other"), (3, "voter")]).ok(&VOTER, &[next()]),
        with("last_and_this", &[(3, "other"), (4, "other"), (5, "voter")]).ok(&VOTER, &[next()]),
        with("next_is_set", &[(4, "voter"), (7, "other")]).ok(&VOTER, &[next()]),
        with("only_next", &[(6, "voter")]).fails(&VOTER, &[next()]),
        with("next_signs", &[(5, "other"), (6, "voter")]).fails(&VOTER, &[next()]),
        with("none", &[]).fails(&VOTER, &[next()]),
        with("max_epoch", &[(0, "voter"), (u64::MAX, "other")]).ok(&VOTER, &[next()]),
    ]
}

fn broken(topic: &Topic) -> Vec<Case> {
    let whole = |state: &VoteStateVersions| bincode::serialize(state).expect("a vote state has a binary form");
    let v4 = whole(&VoteStateVersions::new_v4(base()));
    let v3 = whole(&as_v3(&base()));
    let raw = |name: &str, data: &[u8], space: usize| topic.raw(&format!("broken_{name}"), data.to_vec(), space);
    let at = |data: &[u8], offset: usize, bytes: &[u8]| {
        let mut data = data.to_vec();
        data[offset..offset + bytes.len()].copy_from_slice(bytes);
        data
    };
    // Version 4: tag, four keys, commissions, rewards; then the option of a BLS key, and the count of votes.
    let (option, votes) = (4 + 128 + 4 + 8, 4 + 128 + 4 + 8 + 1);
    // Version 3: the flag after the prior voters is before two epochs of credits and the timestamp.
    let flag = v3.len() - 16 - 2 * 24 - 8 - 1;
    let unordered = VoteStateV4 { votes: [landed(8, 1, 0), landed(10, 3, 1)].into(), ..base() };
    let many = VoteStateV4 {
        votes: (0..60).map(|index| landed(400 - index, 1, 1)).collect(),
        root_slot: Some(slot(500)),
        ..fresh()
    };
    vec![
        raw("empty", &[], 0).fails(&VOTER, &[next()]),
        raw("three_bytes", &[3, 0, 0], 3).fails(&VOTER, &[next()]),
        raw("zeros", &[], SPACE).fails(&VOTER, &[next()]),
        raw("zeros_commission", &[], SPACE).fails(&WITHDRAWER, &[commission()]),
        raw("unknown_tag", &[4, 0, 0, 0], SPACE).fails(&VOTER, &[next()]),
        raw("cut", &v4[..v4.len() - 1], v4.len() - 1).fails(&VOTER, &[next()]),
        raw("cut_v3", &v3[..v3.len() - 1], v3.len() - 1).fails(&VOTER, &[next()]),
        raw("option", &at(&v4, option, &[2]), SPACE).fails(&VOTER, &[next()]),
        raw("vote_count", &at(&v4, votes, &u64::MAX.to_le_bytes()), SPACE).fails(&VOTER, &[next()]),
        raw("vote_count_of_account", &at(&v4, votes, &300u64.to_le_bytes()), SPACE).fails(&VOTER, &[next()]),
        raw("prior_voters_flag", &at(&v3, flag, &[2]), SPACE).fails(&VOTER, &[next()]),
        raw("prior_voters_set", &at(&v3, flag, &[0]), SPACE).ok(&VOTER, &[next()]),
        topic.with("broken_order_of_votes", unordered).legacy(Expect::Anything, &VOTER, &[next()]),
        topic.with("broken_too_many_votes", many.clone()).legacy(
            Expect::Anything,
            &VOTER,
            &[sync(tower(&[(1, 1)], Some(330)))],
        ),
        topic.with("broken_too_many_votes_slot_vote", many).legacy(
            Expect::Anything,
            &VOTER,
            &[vote(&VoteInstruction::Vote(super::slot_vote(&[3])), super::slot_voting())],
        ),
        topic.raw("broken_two_voters_of_an_epoch", two_voters_of_an_epoch(), SPACE).ok(&VOTER, &[next()]),
        topic
            .case("other_owner")
            .account(address("vote"), crate::case::account(SOL, v4, address("owner")))
            .fails(&VOTER, &[vote(&VoteInstruction::TowerSync(tower(&[(1, 1)], None)), voting())]),
    ]
}

/// Voters as nobody stores them: out of order, and two for epoch 5, of whom the last counts.
fn two_voters_of_an_epoch() -> Vec<u8> {
    let whole = |state| bincode::serialize(&VoteStateVersions::new_v4(state)).expect("a vote state has a binary form");
    let none = whole(VoteStateV4 { authorized_voters: AuthorizedVoters::default(), ..base() });
    // After the count of voters come two epochs of credits and the timestamp.
    let count = none.len() - 16 - 2 * 24 - 8 - 8;
    let mut entries = 4u64.to_le_bytes().to_vec();
    for (epoch, voter) in [(6u64, "other"), (5, "other"), (4, "node"), (5, "voter")] {
        entries.extend(epoch.to_le_bytes());
        entries.extend(address(voter).to_bytes());
    }
    [&none[..count], &entries, &none[count + 8..]].concat()
}
