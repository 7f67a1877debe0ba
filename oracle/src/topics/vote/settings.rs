//! Identity, commission in percent and basis points, and commission collectors.

use super::{
    BASIS_POINTS, CUSTOM_COLLECTOR, DELAY, REVENUE_SHARING, Topic, WITHDRAWER, as_v3, base, vote, withdrawing,
};
use crate::case::{Case, Expect, SOL, account, address, r, rs, w};
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{bpf_loader, system_program, sysvar};
use solana_vote_interface::instruction::{CommissionKind, VoteInstruction};

pub(super) fn cases(topic: &Topic) -> Vec<Case> {
    let mut cases = identity(topic);
    cases.extend(commission(topic));
    cases.extend(basis_points(topic));
    cases.extend(collectors(topic));
    cases
}

fn identity(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(&format!("identity_{name}"));
    let with = |accounts| vote(&VoteInstruction::UpdateValidatorIdentity, accounts);
    let metas = || vec![w(address("vote")), rs(address("new node")), rs(address("withdrawer"))];
    let signers = ["payer", "new node", "withdrawer"];
    vec![
        case("ok").ok(&signers, &[with(metas())]),
        case("without_collector_gate").gates(&[(CUSTOM_COLLECTOR, false)]).ok(&signers, &[with(metas())]),
        case("withdrawer_itself").ok(&WITHDRAWER, &[with(withdrawing())]),
        case("one_account").fails(&["payer"], &[with(vec![w(address("vote"))])]),
        case("node_not_signing")
            .fails(&WITHDRAWER, &[with(vec![w(address("vote")), r(address("new node")), rs(address("withdrawer"))])]),
        case("withdrawer_not_signing").fails(
            &["payer", "new node"],
            &[with(vec![w(address("vote")), rs(address("new node")), r(address("withdrawer"))])],
        ),
        case("without_withdrawer").fails(&["payer", "new node"], &[with(metas()[..2].to_vec())]),
        case("read_only")
            .fails(&signers, &[with(vec![r(address("vote")), rs(address("new node")), rs(address("withdrawer"))])]),
        topic.stored("identity_v3", &as_v3(&base()), super::SPACE).ok(&signers, &[with(metas())]),
        topic
            .stored("identity_v3_without_collector_gate", &as_v3(&base()), super::SPACE)
            .gates(&[(CUSTOM_COLLECTOR, false)])
            .ok(&signers, &[with(metas())]),
    ]
}

fn percent(percent: u8) -> Instruction {
    vote(&VoteInstruction::UpdateCommission(percent), withdrawing())
}

fn commission(topic: &Topic) -> Vec<Case> {
    const MIDDLE: u64 = 5 * 432_000 + 216_000;
    let case = |name: &str| topic.case(&format!("commission_{name}"));
    let timed = |name: &str, slot: u64| case(name).slot(slot).gates(&[(DELAY, false)]);
    let empty = |name: &str, slot: u64| {
        topic.raw(&format!("commission_{name}"), vec![], super::SPACE).slot(slot).gates(&[(DELAY, false)])
    };
    vec![
        case("lower").ok(&WITHDRAWER, &[percent(3)]),
        case("higher").ok(&WITHDRAWER, &[percent(42)]),
        case("max").ok(&WITHDRAWER, &[percent(u8::MAX)]),
        case("by_voter").fails(&super::VOTER, &[vote(&VoteInstruction::UpdateCommission(3), super::voting())]),
        case("without_withdrawer")
            .fails(&["payer"], &[vote(&VoteInstruction::UpdateCommission(3), vec![w(address("vote"))])]),
        case("late_in_epoch").slot(MIDDLE + 1).ok(&WITHDRAWER, &[percent(42)]),
        timed("timed_early_higher", MIDDLE - 1).ok(&WITHDRAWER, &[percent(42)]),
        timed("timed_middle_higher", MIDDLE).ok(&WITHDRAWER, &[percent(42)]),
        timed("timed_late_higher", MIDDLE + 1).fails(&WITHDRAWER, &[percent(42)]),
        // 550 basis points are 5 percent.
        timed("timed_late_equal", MIDDLE + 1).ok(&WITHDRAWER, &[percent(5)]),
        timed("timed_late_higher_by_half", MIDDLE + 1).fails(&WITHDRAWER, &[percent(6)]),
        timed("timed_late_lower", MIDDLE + 1).ok(&WITHDRAWER, &[percent(1)]),
        timed("timed_late_stranger", MIDDLE + 1)
            .fails(&super::VOTER, &[vote(&VoteInstruction::UpdateCommission(9), super::voting())]),
        empty("timed_late_uninitialized", MIDDLE + 1).fails(&WITHDRAWER, &[percent(0)]),
        empty("timed_early_uninitialized", MIDDLE - 1).fails(&WITHDRAWER, &[percent(0)]),
    ]
}

fn basis_points(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(&format!("basis_points_{name}"));
    let with =
        |commission_bps, kind| vote(&VoteInstruction::UpdateCommissionBps { commission_bps, kind }, withdrawing());
    let rewards = |bps| with(bps, CommissionKind::InflationRewards);
    let revenue = |bps| with(bps, CommissionKind::BlockRevenue);
    let by_voter = VoteInstruction::UpdateCommissionBps { commission_bps: 1, kind: CommissionKind::InflationRewards };
    vec![
        case("rewards").ok(&WITHDRAWER, &[rewards(1_234)]),
        case("rewards_max").ok(&WITHDRAWER, &[rewards(u16::MAX)]).ok(&WITHDRAWER, &[percent(2)]),
        case("revenue").fails(&WITHDRAWER, &[revenue(1_234)]),
        case("revenue_shared").gates(&[(REVENUE_SHARING, true)]).ok(&WITHDRAWER, &[revenue(1_234)]),
        case("without_gate").gates(&[(BASIS_POINTS, false)]).fails(&WITHDRAWER, &[rewards(1_234)]),
        case("without_delay").gates(&[(DELAY, false)]).fails(&WITHDRAWER, &[rewards(1_234)]),
        case("by_voter").fails(&super::VOTER, &[vote(&by_voter, super::voting())]),
        topic.stored("basis_points_v3", &as_v3(&base()), super::SPACE).ok(&WITHDRAWER, &[rewards(77)]),
        topic.raw("basis_points_uninitialized", vec![], super::SPACE).fails(&WITHDRAWER, &[rewards(77)]),
        topic.raw("basis_points_revenue_uninitialized", vec![], super::SPACE).fails(&WITHDRAWER, &[revenue(77)]),
    ]
}

fn collectors(topic: &Topic) -> Vec<Case> {
    let case = |name: &str| topic.case(&format!("collector_{name}")).lamports("collector", SOL);
    let with = |kind, collector: AccountMeta| {
        vote(
            &VoteInstruction::UpdateCommissionCollector(kind),
            vec![w(address("vote")), collector, rs(address("withdrawer"))],
        )
    };
    let rewards = |collector| with(CommissionKind::InflationRewards, collector);
    let revenue = |collector| with(CommissionKind::BlockRevenue, collector);
    let data = VoteInstruction::UpdateCommissionCollector(CommissionKind::BlockRevenue);
    let named = || w(address("collector"));
    vec![
        case("rewards").ok(&WITHDRAWER, &[rewards(named())]),
        case("revenue").ok(&WITHDRAWER, &[revenue(named())]),
        case("vote_account").ok(&WITHDRAWER, &[revenue(w(address("vote")))]),
        case("payer").ok(&WITHDRAWER, &[rewards(w(address("payer")))]),
        case("without_gate").gates(&[(CUSTOM_COLLECTOR, false)]).fails(&WITHDRAWER, &[rewards(named())]),
        case("read_only").fails(&WITHDRAWER, &[rewards(r(address("collector")))]),
        case("missing").fails(&WITHDRAWER, &[rewards(w(address("nothing")))]),
        case("not_exempt").lamports("collector", 1_000).fails(&WITHDRAWER, &[rewards(named())]),
        case("foreign")
            .account(address("collector"), account(SOL, vec![], bpf_loader::ID))
            .fails(&WITHDRAWER, &[rewards(named())]),
        case("with_data_not_exempt")
            .account(address("collector"), account(1_000_000, vec![1; 200], system_program::ID))
            .fails(&WITHDRAWER, &[rewards(named())]),
        case("sysvar").fails(&WITHDRAWER, &[rewards(w(sysvar::clock::ID))]),
        case("system_program").legacy(Expect::Failure, &WITHDRAWER, &[rewards(w(system_program::ID))]),
        case("by_voter").fails(&super::VOTER, &[vote(&data, vec![w(address("vote")), named(), rs(address("voter"))])]),
        case("by_nobody_read_only").fails(
            &super::VOTER,
            &[vote(&data, vec![w(address("vote")), r(address("collector")), rs(address("voter"))])],
        ),
        case("two_accounts").fails(&["payer"], &[vote(&data, vec![w(address("vote")), named()])]),
        topic
            .stored("collector_v3", &as_v3(&base()), super::SPACE)
            .lamports("collector", SOL)
            .ok(&WITHDRAWER, &[rewards(named())]),
    ]
}
