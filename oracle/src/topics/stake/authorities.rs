//! Initialising stakes, handing over their authorities, lockups.

use super::{instructions::*, new_case, state::*};
use crate::{
    case::{Case, Expect, SOL, account, address, r, rs, w},
    environment::Environment,
    topics::{fees::limit, system::create},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_sdk_ids::{stake, system_program};

const ANY: Expect = Expect::Anything;

/// The cases of this file.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = initialize_cases(environment);
    cases.extend(authorize_cases(environment));
    cases.extend(checked_cases(environment));
    cases.extend(seed_cases(environment));
    cases.extend(lockup_cases(environment));
    cases.extend(malformed(environment));
    cases
}

fn with(environment: &Environment, name: &str, stake: Stake) -> Case {
    new_case(environment, name).account(address("stake"), stake.to_account())
}

fn initialize_cases(environment: &Environment) -> Vec<Case> {
    let reserve = environment.exempt(SPACE);
    let case = |name: &str, lamports: u64, data: Vec<u8>| {
        new_case(environment, format!("initialize_{name}"))
            .account(address("stake"), account(lamports, data, stake::ID))
    };
    let empty = |name: &str| case(name, reserve, vec![0; SPACE]);
    let one = ["payer"];
    let checked = ["payer", "withdrawer"];
    let idle = Stake::idle(environment);
    let make = || create("payer", "stake", 2 * SOL, SPACE as u64, stake::ID);
    vec![
        empty("stake").ok(&one, &[initialize(0, 0)]),
        empty("with_lockup").ok(&one, &[initialize(NOW + 1, 9)]),
        empty("without_rent_sysvar").legacy(ANY, &one, &[first_accounts(initialize(0, 0), 1)]),
        empty("wrong_rent_sysvar").legacy(ANY, &one, &[with_account(initialize(0, 0), 1, r(address("rent")))]),
        empty("twice").ok(&one, &[initialize(0, 0)]).fails(&one, &[initialize(0, 0), limit(90_000)]),
        empty("readonly").fails(&one, &[with_account(initialize(0, 0), 0, r(address("stake")))]),
        empty("no_accounts").fails(&one, &[first_accounts(initialize(0, 0), 0)]),
        empty("compute_exhausted").fails(&one, &[limit(1_000), initialize(0, 0)]),
        case("rich", 5 * SOL, vec![0; SPACE]).ok(&one, &[initialize(0, 0)]),
        case("below_reserve", reserve - 1, vec![0; SPACE]).fails(&one, &[initialize(0, 0)]),
        case("too_small", reserve, vec![0; SPACE - 1]).fails(&one, &[initialize(0, 0)]),
        case("too_large", 2 * reserve, vec![0; SPACE + 1]).fails(&one, &[initialize(0, 0)]),
        case("without_data", reserve, vec![]).fails(&one, &[initialize(0, 0)]),
        with(environment, "initialize_initialized", idle).fails(&one, &[initialize(0, 0)]),
        with(environment, "initialize_delegated", Stake::active(environment, SOL)).fails(&one, &[initialize(0, 0)]),
        with(environment, "initialize_pool", Stake { form: Form::RewardsPool, ..idle })
            .fails(&one, &[initialize(0, 0)]),
        with(environment, "initialize_unknown", Stake { form: Form::Unknown, ..idle }).fails(&one, &[initialize(0, 0)]),
        empty("foreign")
            .account(address("stake"), account(SOL, vec![0; SPACE], address("program")))
            .fails(&one, &[initialize(0, 0)]),
        empty("missing")
            .account(address("stake"), account(0, vec![], system_program::ID))
            .fails(&one, &[initialize(0, 0)]),
        empty("create_and_initialize")
            .account(address("stake"), account(0, vec![], system_program::ID))
            .ok(&["payer", "stake"], &[make(), initialize(0, 0)]),
        empty("checked").ok(&checked, &[initialize_checked()]),
        empty("checked_not_signed").fails(&one, &[with_account(initialize_checked(), 3, r(address("withdrawer")))]),
        empty("checked_three_accounts").fails(&one, &[first_accounts(initialize_checked(), 3)]),
        case("checked_below_reserve", reserve - 1, vec![0; SPACE]).fails(&checked, &[initialize_checked()]),
    ]
}

fn authorize_cases(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, stake: Stake| with(environment, &format!("authorize_{name}"), stake);
    let idle = Stake::idle(environment);
    let active = Stake::active(environment, SOL);
    let locked = Stake { locked_epoch: EPOCH + 1, ..idle };
    let (staker, withdrawer) = (["payer", "staker"], ["payer", "withdrawer"]);
    let both = ["payer", "withdrawer", "custodian"];
    let custodian = || rs(address("custodian"));
    vec![
        case("staker_by_staker", idle).ok(&staker, &[authorize("staker", STAKER)]),
        case("staker_by_withdrawer", idle).ok(&withdrawer, &[authorize("withdrawer", STAKER)]),
        case("staker_of_delegated", active).ok(&staker, &[authorize("staker", STAKER)]),
        case("withdrawer_by_withdrawer", active).ok(&withdrawer, &[authorize("withdrawer", WITHDRAWER)]),
        case("withdrawer_by_staker", idle).fails(&staker, &[authorize("staker", WITHDRAWER)]),
        case("staker_by_stranger", idle).fails(&["payer", "stranger"], &[authorize("stranger", STAKER)]),
        case("withdrawer_by_stranger", idle).fails(&["payer", "stranger"], &[authorize("stranger", WITHDRAWER)]),
        case("not_signed", idle)
            .fails(&["payer"], &[with_account(authorize("staker", STAKER), 2, r(address("staker")))]),
        case("unknown_role", idle).fails(&staker, &[authorize("staker", 2)]),
        case("without_clock", idle).legacy(
            ANY,
            &staker,
            &[Instruction {
                accounts: vec![w(address("stake")), rs(address("staker"))],
                ..authorize("staker", STAKER)
            }],
        ),
        case("one_account", idle).fails(&["payer"], &[first_accounts(authorize("staker", STAKER), 1)]),
        case("readonly", idle).fails(&staker, &[with_account(authorize("staker", STAKER), 0, r(address("stake")))]),
        case("uninitialized", Stake { form: Form::Uninitialized, ..idle })
            .fails(&staker, &[authorize("staker", STAKER)]),
        case("pool", Stake { form: Form::RewardsPool, ..idle }).fails(&staker, &[authorize("staker", STAKER)]),
        case("locked_staker", locked).ok(&staker, &[authorize("staker", STAKER)]),
        case("locked_without_custodian", locked).fails(&withdrawer, &[authorize("withdrawer", WITHDRAWER)]),
        case("locked_with_custodian", locked)
            .ok(&both, &[and_account(authorize("withdrawer", WITHDRAWER), custodian())]),
        case("locked_custodian_not_signed", locked)
            .fails(&withdrawer, &[and_account(authorize("withdrawer", WITHDRAWER), r(address("custodian")))]),
        case("locked_wrong_custodian", locked).fails(
            &["payer", "withdrawer", "stranger"],
            &[and_account(authorize("withdrawer", WITHDRAWER), rs(address("stranger")))],
        ),
        case("locked_by_time", Stake { locked_until: NOW + 1, ..idle })
            .fails(&withdrawer, &[authorize("withdrawer", WITHDRAWER)]),
        case("lock_ended_now", Stake { locked_until: NOW, locked_epoch: EPOCH, ..idle })
            .ok(&withdrawer, &[authorize("withdrawer", WITHDRAWER)]),
        case("foreign", idle)
            .account(address("stake"), account(SOL, vec![0; SPACE], address("program")))
            .fails(&staker, &[authorize("staker", STAKER)]),
        case("rewards_active", idle)
            .account(solana_sdk_ids::sysvar::epoch_rewards::ID, rewards_active(environment))
            .fails(&staker, &[authorize("staker", STAKER)]),
    ]
}

fn checked_cases(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, stake: Stake| with(environment, &format!("authorize_checked_{name}"), stake);
    let idle = Stake::idle(environment);
    let locked = Stake { locked_epoch: EPOCH + 1, ..idle };
    let heir = ["payer", "staker", "heir"];
    let withdrawer = ["payer", "withdrawer", "heir"];
    vec![
        case("staker", idle).ok(&heir, &[authorize_checked("staker", STAKER)]),
        case("withdrawer", idle).ok(&withdrawer, &[authorize_checked("withdrawer", WITHDRAWER)]),
        case("heir_not_signed", idle)
            .fails(&["payer", "staker"], &[with_account(authorize_checked("staker", STAKER), 3, r(address("heir")))]),
        case("heir_missing", idle)
            .fails(&["payer", "staker"], &[first_accounts(authorize_checked("staker", STAKER), 3)]),
        case("not_signed", idle)
            .fails(&["payer", "heir"], &[with_account(authorize_checked("staker", STAKER), 2, r(address("staker")))]),
        case("locked", locked).fails(&withdrawer, &[authorize_checked("withdrawer", WITHDRAWER)]),
        case("locked_with_custodian", locked).ok(
            &["payer", "withdrawer", "heir", "custodian"],
            &[and_account(authorize_checked("withdrawer", WITHDRAWER), rs(address("custodian")))],
        ),
    ]
}

fn seed_cases(environment: &Environment) -> Vec<Case> {
    let owner = address("program");
    let derived = Address::create_with_seed(&address("base"), "seed", &owner).expect("a short seed");
    // A stake whose authorities are the derived address, which has no name.
    let derive = |name: &str, from: usize| {
        let mut account = Stake::idle(environment).to_account();
        account.data[from..from + 32].copy_from_slice(derived.as_ref());
        new_case(environment, format!("authorize_seed_{name}")).account(address("stake"), account)
    };
    let (staker, withdrawer) = (12, 44);
    let base = ["payer", "base"];
    let all = ["payer", "base", "heir"];
    let long = "x".repeat(33);
    vec![
        derive("staker", staker).ok(&base, &[authorize_with_seed(STAKER, "seed", owner)]),
        derive("withdrawer", withdrawer).ok(&base, &[authorize_with_seed(WITHDRAWER, "seed", owner)]),
        derive("staker_by_withdrawer", withdrawer).ok(&base, &[authorize_with_seed(STAKER, "seed", owner)]),
        derive("wrong_seed", staker).fails(&base, &[authorize_with_seed(STAKER, "sead", owner)]),
        derive("wrong_owner", staker).fails(&base, &[authorize_with_seed(STAKER, "seed", address("other"))]),
        derive("seed_too_long", staker).fails(&base, &[authorize_with_seed(STAKER, &long, owner)]),
        derive("base_not_signed", staker)
            .fails(&["payer"], &[with_account(authorize_with_seed(STAKER, "seed", owner), 1, r(address("base")))]),
        derive("one_account", staker)
            .fails(&["payer"], &[first_accounts(authorize_with_seed(STAKER, "seed", owner), 1)]),
        derive("checked_staker", staker).ok(&all, &[authorize_checked_with_seed(STAKER, "seed", owner)]),
        derive("checked_withdrawer", withdrawer).ok(&all, &[authorize_checked_with_seed(WITHDRAWER, "seed", owner)]),
        derive("checked_heir_not_signed", staker)
            .fails(&base, &[with_account(authorize_checked_with_seed(STAKER, "seed", owner), 3, r(address("heir")))]),
        derive("checked_wrong_seed", staker).fails(&all, &[authorize_checked_with_seed(STAKER, "", owner)]),
    ]
}

fn lockup_cases(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, stake: Stake| with(environment, &format!("lockup_{name}"), stake);
    let idle = Stake::idle(environment);
    let locked = Stake { locked_epoch: EPOCH + 1, ..idle };
    let (withdrawer, custodian) = (["payer", "withdrawer"], ["payer", "custodian"]);
    let later = Some(NOW + 1_000);
    vec![
        case("by_withdrawer", idle).ok(&withdrawer, &[set_lockup("withdrawer", later, Some(20), Some("heir"))]),
        case("nothing", idle).ok(&withdrawer, &[set_lockup("withdrawer", None, None, None)]),
        case("only_epoch", idle).ok(&withdrawer, &[set_lockup("withdrawer", None, Some(9), None)]),
        case("of_delegated", Stake::active(environment, SOL))
            .ok(&withdrawer, &[set_lockup("withdrawer", later, None, None)]),
        case("by_custodian_not_in_force", idle).fails(&custodian, &[set_lockup("custodian", later, None, None)]),
        case("in_force_by_withdrawer", locked).fails(&withdrawer, &[set_lockup("withdrawer", later, None, None)]),
        case("in_force_by_custodian", locked).ok(&custodian, &[set_lockup("custodian", Some(0), Some(0), None)]),
        case("by_staker", idle).fails(&["payer", "staker"], &[set_lockup("staker", later, None, None)]),
        case("not_signed", idle).fails(
            &["payer"],
            &[with_account(set_lockup("withdrawer", later, None, None), 1, r(address("withdrawer")))],
        ),
        case("one_account", idle).fails(&["payer"], &[first_accounts(set_lockup("withdrawer", later, None, None), 1)]),
        case("uninitialized", Stake { form: Form::Uninitialized, ..idle })
            .fails(&withdrawer, &[set_lockup("withdrawer", later, None, None)]),
        case("checked", idle)
            .ok(&["payer", "withdrawer", "heir"], &[set_lockup_checked("withdrawer", later, Some(8), true)]),
        case("checked_without_heir", idle).ok(&withdrawer, &[set_lockup_checked("withdrawer", later, None, false)]),
        case("checked_heir_not_signed", idle).fails(
            &withdrawer,
            &[with_account(set_lockup_checked("withdrawer", later, None, true), 2, r(address("heir")))],
        ),
        case("checked_in_force", locked)
            .ok(&["payer", "custodian", "heir"], &[set_lockup_checked("custodian", None, Some(0), true)]),
    ]
}

fn malformed(environment: &Environment) -> Vec<Case> {
    let case = |name: &str| with(environment, &format!("malformed_{name}"), Stake::idle(environment));
    let signers = ["payer", "staker", "withdrawer"];
    let mut cases = vec![
        case("redelegate").fails(&signers, &[raw(15, &[])]),
        case("tag_18").fails(&signers, &[raw(18, &[])]),
        case("tag_max").fails(&signers, &[raw(u32::MAX, &[])]),
        case("empty").fails(&signers, &[Instruction { data: vec![], ..raw(0, &[]) }]),
        case("tag_short").fails(&signers, &[Instruction { data: vec![13, 0, 0], ..raw(0, &[]) }]),
        case("trailing_data").legacy(
            ANY,
            &["payer"],
            &[Instruction { data: vec![13, 0, 0, 0, 7], ..minimum_delegation() }],
        ),
        case("minimum_delegation").ok(&["payer"], &[minimum_delegation()]),
        case("minimum_delegation_exhausted").fails(&["payer"], &[limit(200), minimum_delegation()]),
        case("minimum_delegation_rewards_active")
            .account(solana_sdk_ids::sysvar::epoch_rewards::ID, rewards_active(environment))
            .ok(&["payer"], &[minimum_delegation()]),
    ];
    // Data cut short, for each instruction that has any.
    for tag in [0, 1, 3, 4, 6, 8, 10, 11, 12, 16, 17] {
        cases.push(case(&format!("cut_{tag}")).fails(&signers, &[raw(tag, &[])]));
    }
    cases
}
