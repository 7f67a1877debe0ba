//! Delegating and deactivating.

use super::{instructions::*, new_case, state::*};
use crate::{
    case::{Case, Expect, SOL, account, address, r, system_account},
    environment::Environment,
    topics::fees::limit,
};
use solana_account::Account;
use solana_sdk_ids::{sysvar, vote as vote_program};

const ANY: Expect = Expect::Anything;
const STAKER: [&str; 2] = ["payer", "staker"];

/// The cases of this file.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = delegate_cases(environment);
    cases.extend(delegate_refused(environment));
    cases.extend(redelegate_cases(environment));
    cases.extend(deactivate_cases(environment));
    cases.extend(delinquent_cases(environment));
    cases
}

fn with(environment: &Environment, name: &str, stake: Stake) -> Case {
    new_case(environment, name)
        .account(address("stake"), stake.to_account())
        .account(address("vote"), vote(environment))
}

fn funded(environment: &Environment) -> Stake {
    Stake { extra: 2 * SOL, ..Stake::idle(environment) }
}

fn delegate_cases(environment: &Environment) -> Vec<Case> {
    let idle = funded(environment);
    let case = |name: &str, stake: Stake| with(environment, &format!("delegate_{name}"), stake);
    let to = |name: &str, vote: Account| case(name, idle).account(address("vote"), vote);
    let history_of = |activated: u64| [(4, 100 * SOL, 0, 0), (activated, 100 * SOL, 50 * SOL, 0)];
    vec![
        case("stake", idle).ok(&STAKER, &[delegate()]),
        case("one_lamport", Stake { extra: 1, ..idle }).fails(&STAKER, &[delegate()]),
        case("nothing", Stake { extra: 0, ..idle }).legacy(ANY, &STAKER, &[delegate()]),
        to("v3", vote_account(environment, VoteVersion::V3, &[(5, 77, 0)])).ok(&STAKER, &[delegate()]),
        to("v1_14_11", vote_account(environment, VoteVersion::V1_14_11, &[(5, 78, 0)])).ok(&STAKER, &[delegate()]),
        to("v4_without_credits", vote_account(environment, VoteVersion::V4, &[])).ok(&STAKER, &[delegate()]),
        case("locked", Stake { locked_epoch: 99, ..idle }).ok(&STAKER, &[delegate()]),
        case("without_unused", idle).legacy(
            ANY,
            &STAKER,
            &[{
                let mut instruction = delegate();
                instruction.accounts.remove(4);
                instruction
            }],
        ),
        case("without_sysvars", idle).legacy(
            ANY,
            &STAKER,
            &[{
                let mut instruction = delegate();
                instruction.accounts.drain(2..5);
                instruction
            }],
        ),
        case("with_history", idle)
            .account(sysvar::stake_history::ID, history(environment, &history_of(3)))
            .ok(&STAKER, &[delegate()]),
        case("compute_exhausted", idle).fails(&STAKER, &[limit(1_000), delegate()]),
        case("minimum", Stake { extra: SOL, ..idle }).ok(&STAKER, &[delegate()]),
        case("below_minimum", Stake { extra: SOL - 1, ..idle }).fails(&STAKER, &[delegate()]),
        case("without_history", Stake::inactive(environment, SOL))
            .account(sysvar::stake_history::ID, history(environment, &[]))
            .fails(&STAKER, &[delegate()]),
        case("twice_at_once", idle).legacy(ANY, &STAKER, &[delegate(), delegate()]),
    ]
}

fn delegate_refused(environment: &Environment) -> Vec<Case> {
    let idle = funded(environment);
    let case = |name: &str, stake: Stake| with(environment, &format!("delegate_{name}"), stake);
    let to = |name: &str, vote: Account| case(name, idle).account(address("vote"), vote);
    let swap = |index: usize, meta| with_account(delegate(), index, meta);
    vec![
        to("to_foreign", Account { owner: address("program"), ..vote(environment) }).fails(&STAKER, &[delegate()]),
        to("to_empty", account(SOL, vec![], vote_program::ID)).fails(&STAKER, &[delegate()]),
        to("to_zeros", account(SOL, vec![0; 3_762], vote_program::ID)).legacy(ANY, &STAKER, &[delegate()]),
        to("to_unknown_version", account(SOL, vec![9; 3_762], vote_program::ID)).fails(&STAKER, &[delegate()]),
        to("to_missing", system_account(0)).fails(&STAKER, &[delegate()]),
        to("to_short", account(SOL, vote(environment).data[..100].to_vec(), vote_program::ID))
            .fails(&STAKER, &[delegate()]),
        case("to_itself", idle).fails(&STAKER, &[swap(1, r(address("stake")))]),
        case("not_signed", idle).fails(&["payer"], &[swap(5, r(address("staker")))]),
        case("by_withdrawer", idle).fails(&["payer", "withdrawer"], &[swap(5, crate::case::rs(address("withdrawer")))]),
        case("readonly", idle).fails(&STAKER, &[swap(0, r(address("stake")))]),
        case("uninitialized", Stake { form: Form::Uninitialized, ..idle }).fails(&STAKER, &[delegate()]),
        case("pool", Stake { form: Form::RewardsPool, ..idle }).fails(&STAKER, &[delegate()]),
        case("foreign", idle)
            .account(address("stake"), account(SOL, vec![0; SPACE], address("program")))
            .fails(&STAKER, &[delegate()]),
        case("one_account", idle).fails(&["payer"], &[first_accounts(delegate(), 1)]),
        case("rewards_active", idle)
            .account(sysvar::epoch_rewards::ID, rewards_active(environment))
            .fails(&STAKER, &[delegate()]),
    ]
}

/// Stakes that are delegated already.
fn redelegate_cases(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, stake: Stake| with(environment, &format!("delegate_again_{name}"), stake);
    let elsewhere = |stake: Stake| Stake { voter: "other vote", ..stake };
    vec![
        case("active", Stake::active(environment, SOL)).fails(&STAKER, &[delegate()]),
        case("active_elsewhere", elsewhere(Stake::active(environment, SOL))).fails(&STAKER, &[delegate()]),
        case("activating", Stake::activating(environment, SOL)).legacy(ANY, &STAKER, &[delegate()]),
        case("activating_elsewhere", elsewhere(Stake::activating(environment, SOL))).legacy(
            ANY,
            &STAKER,
            &[delegate()],
        ),
        case("deactivating", Stake::deactivating(environment, SOL)).ok(&STAKER, &[delegate()]),
        case("deactivating_elsewhere", elsewhere(Stake::deactivating(environment, SOL))).fails(&STAKER, &[delegate()]),
        case("inactive", Stake::inactive(environment, SOL)).ok(&STAKER, &[delegate()]),
        case("inactive_elsewhere_with_more", Stake { extra: SOL, ..elsewhere(Stake::inactive(environment, SOL)) })
            .ok(&STAKER, &[delegate()]),
        case("partly_inactive", elsewhere(Stake::inactive(environment, SOL)))
            .account(
                sysvar::stake_history::ID,
                history(environment, &[(4, 100 * SOL, 0, 60 * SOL), (3, 100 * SOL, 0, 90 * SOL)]),
            )
            .legacy(ANY, &STAKER, &[delegate()]),
    ]
}

fn deactivate_cases(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, stake: Stake| with(environment, &format!("deactivate_{name}"), stake);
    let active = Stake::active(environment, SOL);
    let swap = |index: usize, meta| with_account(deactivate(), index, meta);
    vec![
        case("active", active).ok(&STAKER, &[deactivate()]),
        case("activating", Stake::activating(environment, SOL)).ok(&STAKER, &[deactivate()]),
        case("must_fully_activate_first", Stake { flags: 1, ..Stake::activating(environment, SOL) }).legacy(
            ANY,
            &STAKER,
            &[deactivate()],
        ),
        case("deactivating", Stake::deactivating(environment, SOL)).fails(&STAKER, &[deactivate()]),
        case("inactive", Stake::inactive(environment, SOL)).fails(&STAKER, &[deactivate()]),
        case("twice", active).fails(&STAKER, &[deactivate(), deactivate()]),
        case("idle", funded(environment)).fails(&STAKER, &[deactivate()]),
        case("uninitialized", Stake { form: Form::Uninitialized, ..active }).fails(&STAKER, &[deactivate()]),
        case("not_signed", active).fails(&["payer"], &[swap(2, r(address("staker")))]),
        case("by_withdrawer", active)
            .fails(&["payer", "withdrawer"], &[swap(2, crate::case::rs(address("withdrawer")))]),
        case("without_clock", active).legacy(
            ANY,
            &STAKER,
            &[{
                let mut instruction = deactivate();
                instruction.accounts.remove(1);
                instruction
            }],
        ),
        case("one_account", active).fails(&["payer"], &[first_accounts(deactivate(), 1)]),
        case("readonly", active).fails(&STAKER, &[swap(0, r(address("stake")))]),
        case("rewards_active", active)
            .account(sysvar::epoch_rewards::ID, rewards_active(environment))
            .fails(&STAKER, &[deactivate()]),
    ]
}

fn delinquent_cases(environment: &Environment) -> Vec<Case> {
    let good: Vec<(u64, u64, u64)> = (1..=EPOCH).map(|epoch| (epoch, epoch * 10, (epoch - 1) * 10)).collect();
    let votes = |credits: &[(u64, u64, u64)]| vote_account(environment, VoteVersion::V4, credits);
    let case = |name: &str, delinquent: &[(u64, u64, u64)], reference: &[(u64, u64, u64)]| {
        with(environment, &format!("delinquent_{name}"), Stake::active(environment, SOL))
            .account(address("vote"), votes(delinquent))
            .account(address("reference"), votes(reference))
    };
    let one = ["payer"];
    let send = || [deactivate_delinquent()];
    let gap = [(0, 1, 0), (1, 2, 1), (3, 3, 2), (4, 4, 3), (5, 5, 4)];
    vec![
        case("never_voted", &[], &good).ok(&one, &send()),
        case("voted_in_epoch_0", &[(0, 5, 0)], &good).ok(&one, &send()),
        case("voted_in_epoch_1", &[(1, 5, 0)], &good).fails(&one, &send()),
        case("voting", &good, &good).fails(&one, &send()),
        case("reference_short", &[], &good[1..]).fails(&one, &send()),
        case("reference_with_gap", &[], &gap).fails(&one, &send()),
        case("reference_ended", &[], &good[..4]).fails(&one, &send()),
        case("reference_v3", &[], &[])
            .account(address("reference"), vote_account(environment, VoteVersion::V3, &good))
            .ok(&one, &send()),
        case("reference_foreign", &[], &good)
            .account(address("reference"), Account { owner: address("program"), ..votes(&good) })
            .fails(&one, &send()),
        case("vote_foreign", &[], &good)
            .account(address("vote"), Account { owner: address("program"), ..votes(&[]) })
            .fails(&one, &send()),
        case("other_vote_account", &[], &good)
            .account(address("stake"), Stake { voter: "other vote", ..Stake::active(environment, SOL) }.to_account())
            .fails(&one, &send()),
        case("idle", &[], &good).account(address("stake"), funded(environment).to_account()).fails(&one, &send()),
        case("deactivating", &[], &good)
            .account(address("stake"), Stake::deactivating(environment, SOL).to_account())
            .fails(&one, &send()),
        case("two_accounts", &[], &good).fails(&one, &[first_accounts(deactivate_delinquent(), 2)]),
    ]
}
