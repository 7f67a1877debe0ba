//! Instructions that move stake and lamports: split, withdraw, merge, move stake, move lamports.

use super::{instructions::*, new_case, state::*};
use crate::{
    case::{Case, Expect, SOL, account, address, r, rs, system_account},
    environment::Environment,
    topics::{fees::limit, system::create},
};
use solana_account::Account;
use solana_sdk_ids::{stake, sysvar};

const ANY: Expect = Expect::Anything;
const STAKER: [&str; 2] = ["payer", "staker"];
const WITHDRAWER: [&str; 2] = ["payer", "withdrawer"];

/// The cases of this file.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = split_cases(environment);
    cases.extend(split_refused(environment));
    cases.extend(withdraw_cases(environment));
    cases.extend(withdraw_refused(environment));
    cases.extend(merge_cases(environment));
    cases.extend(merge_refused(environment));
    cases.extend(move_stake_cases(environment));
    cases.extend(move_lamports_cases(environment));
    cases
}

fn with(environment: &Environment, name: &str, stake: Stake) -> Case {
    new_case(environment, name).account(address("stake"), stake.to_account())
}

fn free(lamports: u64) -> Account {
    account(lamports, vec![0; SPACE], stake::ID)
}

fn split_cases(environment: &Environment) -> Vec<Case> {
    let reserve = environment.exempt(SPACE);
    let case = |name: &str, stake: Stake| {
        with(environment, &format!("split_{name}"), stake).account(address("split"), free(reserve))
    };
    let active = Stake::active(environment, 4 * SOL);
    let idle = Stake { extra: 4 * SOL, ..Stake::idle(environment) };
    let make = |lamports: u64| create("payer", "split", lamports, SPACE as u64, stake::ID);
    let to = |name: &str, stake: Stake, lamports: u64| case(name, stake).account(address("split"), free(lamports));
    vec![
        case("active", active).ok(&STAKER, &[split(SOL)]),
        case("active_one_lamport", active).fails(&STAKER, &[split(1)]),
        case("active_all", active).ok(&STAKER, &[split(4 * SOL + reserve)]),
        case("active_all_but_one", active).legacy(ANY, &STAKER, &[split(4 * SOL + reserve - 1)]),
        case("active_all_but_reserve", active).legacy(ANY, &STAKER, &[split(4 * SOL)]),
        case("active_all_but_reserve_and_one", active).fails(&STAKER, &[split(4 * SOL - 1)]),
        case("active_with_extra", Stake { extra: SOL, ..active }).ok(&STAKER, &[split(2 * SOL)]),
        case("active_only_extra", Stake { extra: SOL, ..active }).legacy(ANY, &STAKER, &[split(SOL)]),
        case("activating", Stake::activating(environment, 4 * SOL)).ok(&STAKER, &[split(SOL)]),
        case("deactivating", Stake::deactivating(environment, 4 * SOL)).ok(&STAKER, &[split(SOL)]),
        case("inactive", Stake::inactive(environment, 4 * SOL)).ok(&STAKER, &[split(SOL)]),
        case("idle", idle).ok(&STAKER, &[split(SOL)]),
        case("idle_all", idle).ok(&STAKER, &[split(4 * SOL + reserve)]),
        case("idle_into_reserve", idle).fails(&STAKER, &[split(4 * SOL + 1)]),
        to("unfunded_active", active, 1).legacy(ANY, &STAKER, &[split(SOL)]),
        to("unfunded_activating", Stake::activating(environment, 4 * SOL), 1).legacy(ANY, &STAKER, &[split(SOL)]),
        to("unfunded_idle", idle, 1).legacy(ANY, &STAKER, &[split(SOL)]),
        to("overfunded", active, 2 * reserve).ok(&STAKER, &[split(SOL)]),
        to("overfunded_all", active, 2 * reserve).ok(&STAKER, &[split(4 * SOL + reserve)]),
        case("uninitialized_by_its_key", Stake { form: Form::Uninitialized, ..idle }).ok(
            &["payer", "stake"],
            &[with_account(with_account(split(SOL), 0, crate::case::ws(address("stake"))), 2, rs(address("stake")))],
        ),
        case("uninitialized_not_signed", Stake { form: Form::Uninitialized, ..idle }).fails(&STAKER, &[split(SOL)]),
        case("create_and_split", active)
            .account(address("split"), system_account(0))
            .ok(&["payer", "split", "staker"], &[make(reserve), split(SOL)]),
        case("locked", Stake { locked_epoch: 99, ..active }).ok(&STAKER, &[split(SOL)]),
        case("twice_at_once", active).fails(&STAKER, &[split(SOL), split(SOL)]),
        case("without_history", active)
            .account(sysvar::stake_history::ID, history(environment, &[]))
            .fails(&STAKER, &[split(SOL)]),
    ]
}

fn split_refused(environment: &Environment) -> Vec<Case> {
    let reserve = environment.exempt(SPACE);
    let active = Stake::active(environment, 4 * SOL);
    let case =
        |name: &str| with(environment, &format!("split_{name}"), active).account(address("split"), free(reserve));
    let into = |name: &str, account: Account| case(name).account(address("split"), account);
    vec![
        case("too_much").fails(&STAKER, &[split(4 * SOL + reserve + 1)]),
        case("max").fails(&STAKER, &[split(u64::MAX)]),
        case("zero").legacy(ANY, &STAKER, &[split(0)]),
        case("not_signed").fails(&["payer"], &[with_account(split(SOL), 2, r(address("staker")))]),
        case("by_withdrawer").fails(&WITHDRAWER, &[with_account(split(SOL), 2, rs(address("withdrawer")))]),
        case("into_itself").fails(&STAKER, &[with_account(split(SOL), 1, crate::case::w(address("stake")))]),
        case("one_account").fails(&["payer"], &[first_accounts(split(SOL), 1)]),
        case("source_readonly").fails(&STAKER, &[with_account(split(SOL), 0, r(address("stake")))]),
        case("target_readonly").fails(&STAKER, &[with_account(split(SOL), 1, r(address("split")))]),
        into("into_initialized", Stake::idle(environment).to_account()).fails(&STAKER, &[split(SOL)]),
        into("into_foreign", account(reserve, vec![0; SPACE], address("program"))).fails(&STAKER, &[split(SOL)]),
        into("into_small", account(reserve, vec![0; SPACE - 1], stake::ID)).fails(&STAKER, &[split(SOL)]),
        into("into_large", account(2 * reserve, vec![0; SPACE + 1], stake::ID)).fails(&STAKER, &[split(SOL)]),
        into("into_missing", system_account(0)).fails(&STAKER, &[split(SOL)]),
        case("pool")
            .account(address("stake"), Stake { form: Form::RewardsPool, ..active }.to_account())
            .fails(&STAKER, &[split(SOL)]),
        case("rewards_active")
            .account(sysvar::epoch_rewards::ID, rewards_active(environment))
            .fails(&STAKER, &[split(SOL)]),
        case("compute_exhausted").fails(&STAKER, &[limit(1_500), split(SOL)]),
    ]
}

fn withdraw_cases(environment: &Environment) -> Vec<Case> {
    let reserve = environment.exempt(SPACE);
    let case =
        |name: &str, stake: Stake| with(environment, &format!("withdraw_{name}"), stake).lamports("recipient", SOL);
    let idle = Stake { extra: 2 * SOL, ..Stake::idle(environment) };
    let active = Stake { extra: SOL, ..Stake::active(environment, 4 * SOL) };
    let inactive = Stake::inactive(environment, 4 * SOL);
    let cooling = [(4, 100 * SOL, 0, 60 * SOL), (3, 100 * SOL, 0, 90 * SOL)];
    vec![
        case("idle", idle).ok(&WITHDRAWER, &[withdraw(SOL)]),
        case("idle_to_reserve", idle).ok(&WITHDRAWER, &[withdraw(2 * SOL)]),
        case("idle_into_reserve", idle).fails(&WITHDRAWER, &[withdraw(2 * SOL + 1)]),
        case("idle_all", idle).ok(&WITHDRAWER, &[withdraw(2 * SOL + reserve)]),
        case("idle_more", idle).fails(&WITHDRAWER, &[withdraw(2 * SOL + reserve + 1)]),
        case("active_extra", active).ok(&WITHDRAWER, &[withdraw(SOL)]),
        case("active_stake", active).fails(&WITHDRAWER, &[withdraw(SOL + 1)]),
        case("active_all", active).fails(&WITHDRAWER, &[withdraw(5 * SOL + reserve)]),
        case("activating_stake", Stake::activating(environment, 4 * SOL)).fails(&WITHDRAWER, &[withdraw(1)]),
        case("deactivating_stake", Stake::deactivating(environment, 4 * SOL)).fails(&WITHDRAWER, &[withdraw(1)]),
        case("inactive_some", inactive).ok(&WITHDRAWER, &[withdraw(SOL)]),
        case("inactive_all", inactive).ok(&WITHDRAWER, &[withdraw(4 * SOL + reserve)]),
        case("without_history", inactive)
            .account(sysvar::stake_history::ID, history(environment, &[]))
            .fails(&WITHDRAWER, &[withdraw(SOL)]),
        case("idle_without_history", idle).account(sysvar::stake_history::ID, history(environment, &[])).legacy(
            ANY,
            &WITHDRAWER,
            &[withdraw(SOL)],
        ),
        case("cooling_effective", inactive)
            .account(sysvar::stake_history::ID, history(environment, &cooling))
            .fails(&WITHDRAWER, &[withdraw(4 * SOL)]),
        case("cooling_part", inactive).account(sysvar::stake_history::ID, history(environment, &cooling)).legacy(
            ANY,
            &WITHDRAWER,
            &[withdraw(SOL / 2)],
        ),
        case("warming_extra", Stake { activated: 3, ..active })
            .account(
                sysvar::stake_history::ID,
                history(environment, &[(4, 100 * SOL, 60 * SOL, 0), (3, 100 * SOL, 90 * SOL, 0)]),
            )
            .ok(&WITHDRAWER, &[withdraw(SOL)]),
        case("uninitialized", Stake { form: Form::Uninitialized, ..idle }).ok(
            &["payer", "stake"],
            &[{
                let instruction = with_account(withdraw(SOL), 0, crate::case::ws(address("stake")));
                with_account(instruction, 4, rs(address("stake")))
            }],
        ),
        case("uninitialized_all", Stake { form: Form::Uninitialized, ..idle }).ok(
            &["payer", "stake"],
            &[{
                let all = withdraw(2 * SOL + reserve);
                with_account(with_account(all, 0, crate::case::ws(address("stake"))), 4, rs(address("stake")))
            }],
        ),
        case("to_new_account", idle).account(address("recipient"), system_account(0)).ok(&WITHDRAWER, &[withdraw(SOL)]),
        case("to_another_stake", idle)
            .account(address("recipient"), Stake::active(environment, SOL).to_account())
            .ok(&WITHDRAWER, &[withdraw(SOL)]),
    ]
}

fn withdraw_refused(environment: &Environment) -> Vec<Case> {
    let idle = Stake { extra: 2 * SOL, ..Stake::idle(environment) };
    let locked = Stake { locked_epoch: EPOCH + 1, ..idle };
    let case =
        |name: &str, stake: Stake| with(environment, &format!("withdraw_{name}"), stake).lamports("recipient", SOL);
    let swap = |index: usize, meta| with_account(withdraw(SOL), index, meta);
    vec![
        case("locked", locked).fails(&WITHDRAWER, &[withdraw(SOL)]),
        case("locked_by_time", Stake { locked_until: NOW + 1, ..idle }).fails(&WITHDRAWER, &[withdraw(SOL)]),
        case("locked_with_custodian", locked)
            .ok(&["payer", "withdrawer", "custodian"], &[and_account(withdraw(SOL), rs(address("custodian")))]),
        case("locked_custodian_not_signed", locked)
            .fails(&WITHDRAWER, &[and_account(withdraw(SOL), r(address("custodian")))]),
        case("locked_wrong_custodian", locked)
            .fails(&["payer", "withdrawer", "stranger"], &[and_account(withdraw(SOL), rs(address("stranger")))]),
        case("by_staker", idle).fails(&STAKER, &[swap(4, rs(address("staker")))]),
        case("not_signed", idle).fails(&["payer"], &[swap(4, r(address("withdrawer")))]),
        case("to_itself", idle).legacy(ANY, &WITHDRAWER, &[swap(1, crate::case::w(address("stake")))]),
        case("readonly", idle).fails(&WITHDRAWER, &[swap(0, r(address("stake")))]),
        case("recipient_readonly", idle).fails(&WITHDRAWER, &[swap(1, r(address("recipient")))]),
        case("zero", idle).ok(&WITHDRAWER, &[withdraw(0)]),
        case("max", idle).fails(&WITHDRAWER, &[withdraw(u64::MAX)]),
        case("pool", Stake { form: Form::RewardsPool, ..idle }).fails(&WITHDRAWER, &[withdraw(SOL)]),
        case("three_accounts", idle).fails(&["payer"], &[first_accounts(withdraw(SOL), 3)]),
        case("without_sysvars", idle).legacy(
            ANY,
            &WITHDRAWER,
            &[{
                let mut instruction = withdraw(SOL);
                instruction.accounts.drain(2..4);
                instruction
            }],
        ),
        case("rewards_active", idle)
            .account(sysvar::epoch_rewards::ID, rewards_active(environment))
            .fails(&WITHDRAWER, &[withdraw(SOL)]),
    ]
}

fn merge_cases(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, into: Stake, from: Stake| {
        with(environment, &format!("merge_{name}"), into).account(address("source"), from.to_account())
    };
    let idle = Stake::idle(environment);
    let active = Stake::active(environment, 2 * SOL);
    let activating = Stake::activating(environment, 2 * SOL);
    let deactivating = Stake::deactivating(environment, 2 * SOL);
    let inactive = Stake::inactive(environment, 2 * SOL);
    let merged = || [merge()];
    vec![
        case("idle_idle", idle, Stake { extra: SOL, ..idle }).ok(&STAKER, &merged()),
        case("idle_inactive", idle, inactive).ok(&STAKER, &merged()),
        case("inactive_inactive", inactive, inactive).ok(&STAKER, &merged()),
        case("inactive_idle", inactive, idle).ok(&STAKER, &merged()),
        case("active_active", active, Stake { amount: 3 * SOL, ..active }).ok(&STAKER, &merged()),
        case("active_active_with_extra", active, Stake { extra: SOL, ..active }).ok(&STAKER, &merged()),
        case("active_active_other_credits", active, Stake { credits: CREDITS + 1_000, ..active })
            .ok(&STAKER, &merged()),
        case("active_active_activated_apart", active, Stake { activated: 2, ..active }).ok(&STAKER, &merged()),
        case("activating_activating", activating, activating).ok(&STAKER, &merged()),
        case("activating_idle", activating, Stake { extra: SOL, ..idle }).ok(&STAKER, &merged()),
        case("activating_inactive", activating, inactive).legacy(ANY, &STAKER, &merged()),
        case("idle_activating", idle, activating).legacy(ANY, &STAKER, &merged()),
        case("active_idle", active, idle).legacy(ANY, &STAKER, &merged()),
        case("idle_active", idle, active).fails(&STAKER, &merged()),
        case("active_activating", active, activating).fails(&STAKER, &merged()),
        case("active_inactive", active, inactive).fails(&STAKER, &merged()),
        case("deactivating_deactivating", deactivating, deactivating).fails(&STAKER, &merged()),
        case("active_deactivating", active, deactivating).fails(&STAKER, &merged()),
        case("idle_deactivating", idle, deactivating).fails(&STAKER, &merged()),
        case("flags_differ", activating, Stake { flags: 1, ..activating }).legacy(ANY, &STAKER, &merged()),
        case("warming", Stake { activated: 3, ..active }, Stake { activated: 3, ..active })
            .account(
                sysvar::stake_history::ID,
                history(environment, &[(4, 100 * SOL, 60 * SOL, 0), (3, 100 * SOL, 90 * SOL, 0)]),
            )
            .fails(&STAKER, &merged()),
    ]
}

fn merge_refused(environment: &Environment) -> Vec<Case> {
    let active = Stake::active(environment, 2 * SOL);
    let locked = Stake { locked_epoch: EPOCH + 1, ..active };
    let ended = Stake { locked_epoch: EPOCH, ..active };
    let case = |name: &str, into: Stake, from: Stake| {
        with(environment, &format!("merge_{name}"), into).account(address("source"), from.to_account())
    };
    let swap = |index: usize, meta| with_account(merge(), index, meta);
    let merged = || [merge()];
    vec![
        case("other_voter", active, Stake { voter: "other vote", ..active }).fails(&STAKER, &merged()),
        case("other_staker", active, Stake { staker: "stranger", ..active }).fails(&STAKER, &merged()),
        case("other_withdrawer", active, Stake { withdrawer: "stranger", ..active }).fails(&STAKER, &merged()),
        case("same_lockup", locked, locked).ok(&STAKER, &merged()),
        case("one_locked", active, locked).fails(&STAKER, &merged()),
        case("lockups_ended", active, ended).ok(&STAKER, &merged()),
        case("locked_other_custodian", locked, Stake { custodian: "stranger", ..locked }).fails(&STAKER, &merged()),
        case("with_itself", active, active).fails(&STAKER, &[swap(1, crate::case::w(address("stake")))]),
        case("not_signed", active, active).fails(&["payer"], &[swap(4, r(address("staker")))]),
        case("by_withdrawer", active, active).fails(&WITHDRAWER, &[swap(4, rs(address("withdrawer")))]),
        case("source_uninitialized", active, Stake { form: Form::Uninitialized, ..active }).fails(&STAKER, &merged()),
        case("target_uninitialized", Stake { form: Form::Uninitialized, ..active }, active).fails(&STAKER, &merged()),
        case("source_foreign", active, active)
            .account(address("source"), account(SOL, vec![0; SPACE], address("program")))
            .fails(&STAKER, &merged()),
        case("source_readonly", active, active).fails(&STAKER, &[swap(1, r(address("source")))]),
        case("target_readonly", active, active).fails(&STAKER, &[swap(0, r(address("stake")))]),
        case("one_account", active, active).fails(&["payer"], &[first_accounts(merge(), 1)]),
        case("without_sysvars", active, active).legacy(
            ANY,
            &STAKER,
            &[{
                let mut instruction = merge();
                instruction.accounts.drain(2..4);
                instruction
            }],
        ),
        case("twice", active, active).ok(&STAKER, &merged()).fails(&STAKER, &[merge(), limit(90_000)]),
        case("rewards_active", active, active)
            .account(sysvar::epoch_rewards::ID, rewards_active(environment))
            .fails(&STAKER, &merged()),
    ]
}

fn move_stake_cases(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, from: Stake, to: Stake| {
        with(environment, &format!("move_stake_{name}"), to).account(address("source"), from.to_account())
    };
    let idle = Stake::idle(environment);
    let active = Stake::active(environment, 2 * SOL);
    let inactive = Stake::inactive(environment, SOL);
    let sent = |lamports: u64| [move_stake(lamports)];
    let swap = |index: usize, meta| with_account(move_stake(SOL), index, meta);
    vec![
        case("active_active", active, active).ok(&STAKER, &sent(SOL)),
        case("active_active_all", active, active).ok(&STAKER, &sent(2 * SOL)),
        case("active_inactive", active, inactive).ok(&STAKER, &sent(SOL)),
        case("active_inactive_all", active, inactive).ok(&STAKER, &sent(2 * SOL)),
        case("active_idle", active, idle).legacy(ANY, &STAKER, &sent(SOL)),
        case("active_active_other_credits", active, Stake { credits: CREDITS * 2, ..active }).ok(&STAKER, &sent(SOL)),
        case("too_much", active, active).fails(&STAKER, &sent(2 * SOL + 1)),
        case("zero", active, active).fails(&STAKER, &sent(0)),
        case("inactive_active", inactive, active).fails(&STAKER, &sent(SOL)),
        case("activating_active", Stake::activating(environment, SOL), active).fails(&STAKER, &sent(SOL)),
        case("active_activating", active, Stake::activating(environment, SOL)).fails(&STAKER, &sent(SOL)),
        case("active_deactivating", active, Stake::deactivating(environment, SOL)).fails(&STAKER, &sent(SOL)),
        case("other_voter", active, Stake { voter: "other vote", ..active }).fails(&STAKER, &sent(SOL)),
        case("other_staker", active, Stake { staker: "stranger", ..active }).fails(&STAKER, &sent(SOL)),
        case("one_locked", active, Stake { locked_epoch: EPOCH + 1, ..active }).fails(&STAKER, &sent(SOL)),
        case("to_itself", active, active).fails(&STAKER, &[swap(0, crate::case::w(address("stake")))]),
        case("not_signed", active, active).fails(&["payer"], &[swap(2, r(address("staker")))]),
        case("by_withdrawer", active, active).fails(&WITHDRAWER, &[swap(2, rs(address("withdrawer")))]),
        case("source_readonly", active, active).fails(&STAKER, &[swap(0, r(address("source")))]),
        case("target_readonly", active, active).fails(&STAKER, &[swap(1, r(address("stake")))]),
        case("two_accounts", active, active).fails(&["payer"], &[first_accounts(move_stake(SOL), 2)]),
        case("rewards_active", active, active)
            .account(sysvar::epoch_rewards::ID, rewards_active(environment))
            .fails(&STAKER, &sent(SOL)),
    ]
}

fn move_lamports_cases(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, from: Stake, to: Stake| {
        with(environment, &format!("move_lamports_{name}"), to).account(address("source"), from.to_account())
    };
    let reserve = environment.exempt(SPACE);
    let idle = Stake { extra: 2 * SOL, ..Stake::idle(environment) };
    let active = Stake { extra: 2 * SOL, ..Stake::active(environment, 2 * SOL) };
    let inactive = Stake::inactive(environment, 2 * SOL);
    let activating = Stake::activating(environment, SOL);
    let sent = |lamports: u64| [move_lamports(lamports)];
    vec![
        case("idle_idle", idle, idle).ok(&STAKER, &sent(SOL)),
        case("idle_all_but_reserve", idle, idle).ok(&STAKER, &sent(2 * SOL)),
        case("idle_into_reserve", idle, idle).fails(&STAKER, &sent(2 * SOL + 1)),
        case("idle_all", idle, idle).fails(&STAKER, &sent(2 * SOL + reserve)),
        case("active_extra", active, idle).ok(&STAKER, &sent(2 * SOL)),
        case("active_stake", active, idle).fails(&STAKER, &sent(2 * SOL + 1)),
        case("inactive_stake", inactive, active).ok(&STAKER, &sent(2 * SOL)),
        case("to_activating", idle, activating).ok(&STAKER, &sent(SOL)),
        case("to_deactivating", idle, Stake::deactivating(environment, SOL)).fails(&STAKER, &sent(SOL)),
        case("from_activating", Stake { extra: SOL, ..activating }, idle).fails(&STAKER, &sent(SOL)),
        case("from_deactivating", Stake { extra: SOL, ..Stake::deactivating(environment, SOL) }, idle)
            .fails(&STAKER, &sent(SOL)),
        case("zero", idle, idle).fails(&STAKER, &sent(0)),
        case("other_staker", idle, Stake { staker: "stranger", ..idle }).fails(&STAKER, &sent(SOL)),
        case("other_voter", active, Stake { voter: "other vote", ..active }).ok(&STAKER, &sent(SOL)),
        case("to_itself", idle, idle)
            .fails(&STAKER, &[with_account(move_lamports(SOL), 0, crate::case::w(address("stake")))]),
        case("not_signed", idle, idle).fails(&["payer"], &[with_account(move_lamports(SOL), 2, r(address("staker")))]),
        case("uninitialized", Stake { form: Form::Uninitialized, ..idle }, idle).fails(&STAKER, &sent(SOL)),
    ]
}
