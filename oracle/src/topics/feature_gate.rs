//! The feature-gate program: its one instruction takes back an activation that is still pending.

use super::{
    fees::limit,
    system::{system, transfer},
};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, system_account, w, ws},
    environment::Environment,
};
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{feature::ID, incinerator, system_program};
use solana_system_interface::instruction::SystemInstruction;

/// Bytes of a feature: whether it is active, and since which slot.
const SPACE: usize = 9;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    let mut cases = revoke(environment);
    cases.extend(refused(environment));
    cases
}

fn feature(environment: &Environment, data: &[u8]) -> Account {
    account(environment.exempt(SPACE), data.to_vec(), ID)
}

fn metas() -> Vec<AccountMeta> {
    vec![ws(address("feature")), w(incinerator::ID), r(system_program::ID)]
}

fn revoking(metas: Vec<AccountMeta>) -> Instruction {
    instruction(ID, metas, [0])
}

fn revoke(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, data: &[u8]| {
        Case::new(environment, format!("revoke_{name}")).account(address("feature"), feature(environment, data))
    };
    let both = ["payer", "feature"];
    let request = || {
        [
            transfer("payer", "feature", environment.exempt(SPACE)),
            system(&SystemInstruction::Allocate { space: SPACE as u64 }, vec![ws(address("feature"))]),
            system(&SystemInstruction::Assign { owner: ID }, vec![ws(address("feature"))]),
        ]
    };
    let pending = [0; SPACE];
    vec![
        case("pending", &pending).ok(&both, &[revoking(metas())]),
        case("pending_rich", &pending)
            .account(address("feature"), account(5 * SOL, pending.to_vec(), ID))
            .ok(&both, &[revoking(metas())]),
        case("incinerator_funded", &pending)
            .account(incinerator::ID, system_account(SOL))
            .ok(&both, &[revoking(metas())]),
        case("pending_larger", &[0; 20]).ok(&both, &[revoking(metas())]),
        case("pending_with_slot", &[0, 1, 1, 1, 1, 1, 1, 1, 1]).legacy(Expect::Anything, &both, &[revoking(metas())]),
        case("requested_before", &[])
            .account(address("feature"), system_account(0))
            .ok(&both, &request())
            .ok(&both, &[revoking(metas())]),
        case("requested_at_once", &[])
            .account(address("feature"), system_account(0))
            .ok(&both, &[request().to_vec(), vec![revoking(metas())]].concat()),
        case("twice", &pending).ok(&both, &[revoking(metas())]).fails(&both, &[revoking(metas()), limit(90_000)]),
        case("trailing_data", &pending).legacy(Expect::Anything, &both, &[instruction(ID, metas(), [0, 1, 2])]),
        case("extra_account", &pending).ok(&both, &[revoking([metas(), vec![r(address("more"))]].concat())]),
        case("compute_exhausted", &pending).fails(&both, &[limit(1_000), revoking(metas())]),
    ]
}

fn refused(environment: &Environment) -> Vec<Case> {
    let case = |name: &str, data: &[u8]| {
        Case::new(environment, format!("refused_{name}")).account(address("feature"), feature(environment, data))
    };
    let both = ["payer", "feature"];
    let pending = [0; SPACE];
    let with = |index: usize, meta: AccountMeta| {
        let mut metas = metas();
        metas[index] = meta;
        revoking(metas)
    };
    let owned_by = |name: &str, account: Account| case(name, &pending).account(address("feature"), account);
    vec![
        case("active", &[1, 5, 0, 0, 0, 0, 0, 0, 0]).fails(&both, &[revoking(metas())]),
        case("active_at_slot_0", &[1, 0, 0, 0, 0, 0, 0, 0, 0]).fails(&both, &[revoking(metas())]),
        case("unknown_state", &[2, 0, 0, 0, 0, 0, 0, 0, 0]).fails(&both, &[revoking(metas())]),
        case("short", &[0; SPACE - 1]).legacy(Expect::Anything, &both, &[revoking(metas())]),
        case("empty", &[]).fails(&both, &[revoking(metas())]),
        owned_by("foreign", account(SOL, pending.to_vec(), address("program"))).fails(&both, &[revoking(metas())]),
        owned_by("system_owned", account(SOL, pending.to_vec(), system_program::ID)).fails(&both, &[revoking(metas())]),
        owned_by("missing", system_account(0)).fails(&both, &[revoking(metas())]),
        case("not_signed", &pending).fails(&["payer"], &[with(0, w(address("feature")))]),
        case("readonly", &pending).fails(&both, &[with(0, AccountMeta::new_readonly(address("feature"), true))]),
        case("other_recipient", &pending).fails(&both, &[with(1, w(address("thief")))]),
        case("incinerator_readonly", &pending).fails(&both, &[with(1, r(incinerator::ID))]),
        case("wrong_system_program", &pending).legacy(Expect::Anything, &both, &[with(2, r(address("program")))]),
        case("two_accounts", &pending).fails(&both, &[revoking(metas()[..2].to_vec())]),
        case("one_account", &pending).fails(&both, &[revoking(metas()[..1].to_vec())]),
        case("no_accounts", &pending).fails(&["payer"], &[revoking(vec![])]),
        case("empty_data", &pending).fails(&both, &[instruction(ID, metas(), [])]),
        case("unknown_instruction", &pending).fails(&both, &[instruction(ID, metas(), [1])]),
    ]
}
