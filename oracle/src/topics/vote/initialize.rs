//! `InitializeAccount`, and `InitializeAccountV2` under the gates that allow it.

use super::{
    BASIS_POINTS, BLS, CUSTOM_COLLECTOR, INITIALIZE_V2, REVENUE_SHARING, SPACE, SPACE_V1_14_11, Topic, as_v3, base,
    bls_key, vote, vote_account,
};
use crate::{
    case::{Case, Expect, SOL, account, address, r, rs, w, ws},
    topics::{fees::limit, system::create},
};
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{bpf_loader, sysvar, vote as vote_program};
use solana_vote_interface::{
    instruction::VoteInstruction,
    state::{VoteInit, VoteInitV2, VoteState1_14_11, VoteStateV3, VoteStateV4, VoteStateVersions},
};

const NODE: [&str; 2] = ["payer", "node"];

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    let mut cases = first(topic);
    cases.extend(first_accounts(topic));
    cases.extend(second(topic));
    cases.extend(second_collectors(topic));
    cases
}

fn new() -> VoteInstruction {
    VoteInstruction::InitializeAccount(VoteInit {
        node_pubkey: address("node"),
        authorized_voter: address("voter"),
        authorized_withdrawer: address("withdrawer"),
        commission: 55,
    })
}

fn metas() -> Vec<AccountMeta> {
    vec![w(address("vote")), r(sysvar::rent::ID), r(sysvar::clock::ID), rs(address("node"))]
}

fn initialize() -> Instruction {
    vote(&new(), metas())
}

fn first(topic: &Topic) -> Vec<Case> {
    let exempt = topic.environment.exempt(SPACE);
    let zeros = |name: &str, lamports: u64, space: usize| {
        topic.bare(&format!("initialize_{name}")).account(address("vote"), vote_account(lamports, vec![0; space]))
    };
    let holding =
        |name: &str, state: &VoteStateVersions| topic.stored(&format!("initialize_over_{name}"), state, SPACE);
    let signers = ["payer", "node", "vote"];
    let commission_max = VoteInstruction::InitializeAccount(VoteInit { commission: u8::MAX, ..VoteInit::default() });
    vec![
        topic
            .bare("initialize_created")
            .ok(&signers, &[create("payer", "vote", exempt, SPACE as u64, vote_program::ID), initialize()]),
        topic
            .bare("initialize_created_small")
            .fails(&signers, &[create("payer", "vote", exempt, SPACE_V1_14_11 as u64, vote_program::ID), initialize()]),
        zeros("zeros", exempt, SPACE).ok(&NODE, &[initialize()]),
        zeros("twice", exempt, SPACE).ok(&NODE, &[initialize()]).fails(&NODE, &[limit(300_000), initialize()]),
        zeros("not_exempt", exempt - 1, SPACE).fails(&NODE, &[initialize()]),
        zeros("small", SOL, SPACE_V1_14_11).fails(&NODE, &[initialize()]),
        zeros("large", SOL, SPACE + 1).fails(&NODE, &[initialize()]),
        zeros("empty", SOL, 0).fails(&NODE, &[initialize()]),
        zeros("node_is_system_program", SOL, SPACE).fails(&NODE, &[vote(&commission_max, metas())]),
        zeros("with_read_only", SOL, SPACE).fails(
            &NODE,
            &[vote(&new(), vec![r(address("vote")), r(sysvar::rent::ID), r(sysvar::clock::ID), rs(address("node"))])],
        ),
        holding("v4", &VoteStateVersions::new_v4(base())).fails(&NODE, &[initialize()]),
        holding("v4_default", &VoteStateVersions::new_v4(VoteStateV4::default())).fails(&NODE, &[initialize()]),
        holding("v3", &as_v3(&base())).fails(&NODE, &[initialize()]),
        holding("v3_default", &VoteStateVersions::new_v3(VoteStateV3::default())).ok(&NODE, &[initialize()]),
        holding("v1_14_11_default", &VoteStateVersions::V1_14_11(Box::default())).ok(&NODE, &[initialize()]),
        holding("uninitialized", &VoteStateVersions::Uninitialized).ok(&NODE, &[initialize()]),
        topic
            .raw("initialize_over_garbage", vec![3, 0, 0, 0].into_iter().chain([255; 900]).collect(), SPACE)
            .fails(&NODE, &[initialize()]),
        topic.raw("initialize_over_unknown", vec![9], SPACE).fails(&NODE, &[initialize()]),
        topic
            .raw("initialize_over_zeros_and_more", [vec![0; 40], vec![7; 99]].concat(), SPACE)
            .ok(&NODE, &[initialize()]),
    ]
}

fn first_accounts(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| {
        topic.bare(&format!("initialize_accounts_{name}")).account(address("vote"), vote_account(SOL, vec![0; SPACE]))
    };
    let account = || w(address("vote"));
    let (rent, clock) = (|| r(sysvar::rent::ID), || r(sysvar::clock::ID));
    vec![
        case("none").fails(&["payer"], &[vote(&new(), vec![])]),
        case("one").fails(&["payer"], &[vote(&new(), vec![account()])]),
        case("two").fails(&["payer"], &[vote(&new(), vec![account(), rent()])]),
        case("without_node").fails(&["payer"], &[vote(&new(), vec![account(), rent(), clock()])]),
        case("node_not_signing")
            .fails(&["payer"], &[vote(&new(), vec![account(), rent(), clock(), r(address("node"))])]),
        case("swapped").fails(&NODE, &[vote(&new(), vec![account(), clock(), rent(), rs(address("node"))])]),
        case("clock_is_another").fails(&NODE, &[vote(&new(), vec![account(), rent(), rent(), rs(address("node"))])]),
        case("more")
            .ok(&NODE, &[vote(&new(), vec![account(), rent(), clock(), r(address("other")), rs(address("node"))])]),
    ]
}

const SECOND: [(solana_address::Address, bool); 2] = [(REVENUE_SHARING, true), (INITIALIZE_V2, true)];

fn new_v2() -> VoteInitV2 {
    let key = bls_key("a");
    VoteInitV2 {
        node_pubkey: address("node"),
        authorized_voter: address("voter"),
        authorized_voter_bls_pubkey: key.bls_pubkey,
        authorized_voter_bls_proof_of_possession: key.bls_proof_of_possession,
        authorized_withdrawer: address("withdrawer"),
        inflation_rewards_commission_bps: 1_234,
        block_revenue_commission_bps: 4_321,
    }
}

fn metas_v2(inflation_rewards: &str, block_revenue: &str) -> Vec<AccountMeta> {
    vec![w(address("vote")), rs(address("node")), w(address(inflation_rewards)), w(address(block_revenue))]
}

fn with_v2(new: VoteInitV2, accounts: Vec<AccountMeta>) -> Instruction {
    vote(&VoteInstruction::InitializeAccountV2(new), accounts)
}

fn case_v2(topic: &Topic, name: &str) -> Case {
    topic
        .bare(&format!("initialize_v2_{name}"))
        .account(address("vote"), vote_account(SOL, vec![0; SPACE]))
        .lamports("rewards", SOL)
        .lamports("revenue", SOL)
}

fn second(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| case_v2(topic, name).gates(&SECOND);
    let ok = || with_v2(new_v2(), metas_v2("rewards", "revenue"));
    let other_proof =
        VoteInitV2 { authorized_voter_bls_proof_of_possession: bls_key("b").bls_proof_of_possession, ..new_v2() };
    let zero_key = VoteInitV2 { authorized_voter_bls_pubkey: [0; 48], ..new_v2() };
    let with = |accounts| with_v2(new_v2(), accounts);
    let mut cases = vec![
        case("ok").ok(&NODE, &[ok()]).ok(&super::VOTER, &[super::sync(super::tower(&[(1, 1)], None))]),
        case_v2(topic, "mainnet").fails(&NODE, &[ok()]),
        case("twice").ok(&NODE, &[ok()]).fails(&NODE, &[limit(300_000), ok()]),
        case("other_proof").fails(&NODE, &[with_v2(other_proof, metas_v2("rewards", "revenue"))]),
        case("zero_key").fails(&NODE, &[with_v2(zero_key, metas_v2("rewards", "revenue"))]),
        case("out_of_units").fails(&NODE, &[limit(36_000), ok()]),
        case("units_just_enough").ok(&NODE, &[limit(2_100 + 34_500 + 150), ok()]),
        case("three_accounts").fails(&NODE, &[with(metas_v2("rewards", "revenue")[..3].to_vec())]),
        case("one_account").fails(&["payer"], &[with(vec![w(address("vote"))])]),
        case("node_not_signing").fails(
            &["payer"],
            &[with(vec![w(address("vote")), r(address("node")), w(address("rewards")), w(address("revenue"))])],
        ),
        case("small").account(address("vote"), vote_account(SOL, vec![0; SPACE - 1])).fails(&NODE, &[ok()]),
        case("not_exempt")
            .account(address("vote"), vote_account(topic.environment.exempt(SPACE) - 1, vec![0; SPACE]))
            .legacy(Expect::Anything, &NODE, &[ok()]),
    ];
    for (name, gate) in [
        ("bls", BLS),
        ("basis_points", BASIS_POINTS),
        ("collector", CUSTOM_COLLECTOR),
        ("sharing", REVENUE_SHARING),
        ("itself", INITIALIZE_V2),
    ] {
        let on: Vec<_> = SECOND.into_iter().filter(|(address, _)| *address != gate).chain([(gate, false)]).collect();
        cases.push(case_v2(topic, &format!("without_gate_{name}")).gates(&on).fails(&NODE, &[ok()]));
    }
    cases
}

fn second_collectors(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| case_v2(topic, &format!("collector_{name}")).gates(&SECOND);
    let with = |accounts| with_v2(new_v2(), accounts);
    let foreign: Account = account(SOL, vec![], bpf_loader::ID);
    vec![
        case("vote_account").ok(&NODE, &[with(metas_v2("vote", "vote"))]),
        case("one_is_vote_account").ok(&NODE, &[with(metas_v2("vote", "revenue"))]),
        case("other_is_vote_account").ok(&NODE, &[with(metas_v2("rewards", "vote"))]),
        case("twice_the_same").fails(&NODE, &[with(metas_v2("rewards", "rewards"))]),
        case("payer_and_node").lamports("node", SOL).ok(
            &NODE,
            &[with(vec![w(address("vote")), ws(address("node")), ws(address("payer")), ws(address("node"))])],
        ),
        case("missing").fails(&NODE, &[with(metas_v2("nothing", "revenue"))]),
        case("foreign")
            .account(address("rewards"), foreign.clone())
            .fails(&NODE, &[with(metas_v2("rewards", "revenue"))]),
        case("second_foreign")
            .account(address("revenue"), foreign)
            .fails(&NODE, &[with(metas_v2("rewards", "revenue"))]),
        case("not_exempt").lamports("rewards", 100).fails(&NODE, &[with(metas_v2("rewards", "revenue"))]),
        case("read_only").fails(
            &NODE,
            &[with(vec![w(address("vote")), rs(address("node")), r(address("rewards")), w(address("revenue"))])],
        ),
        case("sysvar").fails(
            &NODE,
            &[with(vec![w(address("vote")), rs(address("node")), w(sysvar::clock::ID), w(address("revenue"))])],
        ),
    ]
}
