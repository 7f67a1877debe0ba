//! `Withdraw` and `DepositDelegatorRewards`.

use super::{BASIS_POINTS, CUSTOM_COLLECTOR, REVENUE_SHARING, SPACE, Topic, WITHDRAWER, as_v3, base, fresh, vote};
use crate::{
    case::{Case, Expect, SOL, address, r, rs, w, ws},
    topics::fees::limit,
};
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::system_program;
use solana_vote_interface::{
    instruction::VoteInstruction,
    state::{VoteStateV3, VoteStateV4, VoteStateVersions},
};

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    let mut cases = withdrawals(topic);
    cases.extend(closing(topic));
    cases.extend(deposits(topic));
    cases
}

fn metas() -> Vec<AccountMeta> {
    vec![w(address("vote")), w(address("payer")), rs(address("withdrawer"))]
}

fn withdraw(lamports: u64) -> Instruction {
    vote(&VoteInstruction::Withdraw(lamports), metas())
}

fn withdrawals(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(&format!("withdraw_{name}"));
    let with = |accounts| vote(&VoteInstruction::Withdraw(SOL), accounts);
    let rewards = VoteStateV4 { pending_delegator_rewards: SOL / 2, ..base() };
    let rewards_max = VoteStateV4 { pending_delegator_rewards: u64::MAX, ..base() };
    vec![
        case("some").ok(&WITHDRAWER, &[withdraw(5_000_000)]),
        case("nothing").ok(&WITHDRAWER, &[withdraw(0)]),
        case("all_but_rent").ok(&WITHDRAWER, &[withdraw(SOL)]),
        case("into_rent").fails(&WITHDRAWER, &[withdraw(SOL + 1)]),
        case("more_than_balance").fails(&WITHDRAWER, &[withdraw(100 * SOL)]),
        case("max").fails(&WITHDRAWER, &[withdraw(u64::MAX)]),
        case("to_self")
            .ok(&WITHDRAWER, &[with(vec![w(address("vote")), w(address("vote")), rs(address("withdrawer"))])]),
        case("to_new").ok(&WITHDRAWER, &[with(vec![w(address("vote")), w(address("new")), rs(address("withdrawer"))])]),
        case("to_withdrawer").ok(&WITHDRAWER, &[with(vec![w(address("vote")), ws(address("withdrawer"))])]),
        case("to_read_only")
            .fails(&WITHDRAWER, &[with(vec![w(address("vote")), r(address("new")), rs(address("withdrawer"))])]),
        case("from_read_only")
            .fails(&WITHDRAWER, &[with(vec![r(address("vote")), w(address("new")), rs(address("withdrawer"))])]),
        case("by_voter")
            .fails(&super::VOTER, &[with(vec![w(address("vote")), w(address("new")), rs(address("voter"))])]),
        case("by_nobody")
            .fails(&["payer"], &[with(vec![w(address("vote")), w(address("new")), r(address("withdrawer"))])]),
        case("one_account").fails(&["payer"], &[with(vec![w(address("vote"))])]),
        topic.with("withdraw_beside_rewards", rewards.clone()).ok(&WITHDRAWER, &[withdraw(SOL / 2)]),
        topic.with("withdraw_into_rewards", rewards).fails(&WITHDRAWER, &[withdraw(SOL / 2 + 1)]),
        topic.with("withdraw_endless_rewards", rewards_max).fails(&WITHDRAWER, &[withdraw(1)]),
        topic.raw("withdraw_uninitialized", vec![], SPACE).fails(&WITHDRAWER, &[withdraw(1)]),
        topic
            .stored("withdraw_uninitialized_v3", &VoteStateVersions::new_v3(VoteStateV3::default()), SPACE)
            .fails(&WITHDRAWER, &[withdraw(1)]),
    ]
}

fn closing(topic: &Topic) -> Vec<Case> {
    let everything = topic.environment.exempt(SPACE) + SOL;
    let with =
        |name: &str, epoch_credits| topic.with(&format!("close_{name}"), VoteStateV4 { epoch_credits, ..fresh() });
    let rewards = VoteStateV4 { pending_delegator_rewards: 1, ..fresh() };
    vec![
        with("never_voted", vec![]).ok(&WITHDRAWER, &[withdraw(everything)]),
        with("active", vec![(5, 9, 1)]).fails(&WITHDRAWER, &[withdraw(everything)]),
        with("active_last_epoch", vec![(4, 9, 1)]).fails(&WITHDRAWER, &[withdraw(everything)]),
        with("idle", vec![(3, 9, 1)]).ok(&WITHDRAWER, &[withdraw(everything)]),
        with("future", vec![(8, 9, 1)]).fails(&WITHDRAWER, &[withdraw(everything)]),
        with("active_read_only", vec![]).fails(
            &WITHDRAWER,
            &[vote(
                &VoteInstruction::Withdraw(everything),
                vec![r(address("vote")), w(address("payer")), rs(address("withdrawer"))],
            )],
        ),
        with("to_self", vec![]).legacy(
            Expect::Anything,
            &WITHDRAWER,
            &[vote(
                &VoteInstruction::Withdraw(everything),
                vec![w(address("vote")), w(address("vote")), rs(address("withdrawer"))],
            )],
        ),
        with("and_go_on", vec![]).fails(&WITHDRAWER, &[withdraw(everything), withdraw(0)]),
        topic.with("close_with_rewards", rewards).fails(&WITHDRAWER, &[withdraw(everything)]),
        topic
            .stored("close_v3", &as_v3(&VoteStateV4 { epoch_credits: vec![(3, 9, 1)], ..base() }), SPACE)
            .ok(&WITHDRAWER, &[withdraw(everything)]),
    ]
}

fn deposits(topic: &Topic) -> Vec<Case> {
    let gates = [(REVENUE_SHARING, true)];
    let case = |name: &str| topic.case(&format!("deposit_{name}")).gates(&gates).lamports("source", SOL);
    let with = |deposit, accounts| vote(&VoteInstruction::DepositDelegatorRewards { deposit }, accounts);
    let metas = || vec![w(address("vote")), ws(address("source")), r(system_program::ID)];
    let signers = ["payer", "source"];
    let nearly = VoteStateV4 { pending_delegator_rewards: u64::MAX - 5, ..base() };
    let case_v3 = topic.stored("deposit_v3", &as_v3(&base()), SPACE).gates(&gates).lamports("source", SOL);
    vec![
        case("ok").ok(&signers, &[with(7_000_000, metas())]).ok(&signers, &[with(3, metas())]),
        case("nothing").ok(&signers, &[with(0, metas())]),
        case("everything").ok(&signers, &[with(SOL, metas())]),
        case("too_much").fails(&signers, &[with(SOL + 1, metas())]),
        case("into_rent").legacy(Expect::Failure, &signers, &[with(SOL - 1, metas())]),
        case("without_system_program").fails(&signers, &[with(1, metas()[..2].to_vec())]),
        case("one_account").fails(&["payer"], &[with(1, vec![w(address("vote"))])]),
        case("not_signing")
            .fails(&["payer"], &[with(1, vec![w(address("vote")), w(address("source")), r(system_program::ID)])]),
        case("source_read_only")
            .fails(&signers, &[with(1, vec![w(address("vote")), rs(address("source")), r(system_program::ID)])]),
        case("vote_read_only")
            .fails(&signers, &[with(1, vec![r(address("vote")), ws(address("source")), r(system_program::ID)])]),
        case("from_itself").fails(
            &["payer", "vote"],
            &[with(1, vec![ws(address("vote")), ws(address("vote")), r(system_program::ID)])],
        ),
        case("out_of_units").fails(&signers, &[limit(2_200), with(1, metas())]),
        topic
            .with("deposit_overflow", nearly)
            .gates(&gates)
            .lamports("source", SOL)
            .fails(&signers, &[with(6, metas())]),
        case_v3.fails(&signers, &[with(1, metas())]),
        topic
            .raw("deposit_uninitialized", vec![], SPACE)
            .gates(&gates)
            .lamports("source", SOL)
            .fails(&signers, &[with(1, metas())]),
        topic.case("deposit_mainnet").lamports("source", SOL).fails(&signers, &[with(1, metas())]),
        case("without_basis_points").gates(&[(BASIS_POINTS, false)]).fails(&signers, &[with(1, metas())]),
        case("without_collector").gates(&[(CUSTOM_COLLECTOR, false)]).fails(&signers, &[with(1, metas())]),
    ]
}
