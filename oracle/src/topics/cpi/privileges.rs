//! Privileges that a caller has not, accounts named twice, and programs that are not given.

use super::{ALICE, FIXED, Invocation, OTHER, PAYER, STORE, STORE_B, Stage, VAULT, nothing, payment, vault_and_bump};
use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, w, ws},
    environment::{Environment, MACHINE, MACHINE_B},
    machine::{Argument::Value, HEAP, Image, Layout, Slot, call, copy, exit, load, script, store},
    topics::calls::with_all_units,
};
use Expect::{Anything, Failure, Success};
use solana_instruction::AccountMeta;
use solana_sdk_ids::sysvar;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let stage = Stage::new(environment);
    let mut cases = escalations(&stage);
    cases.extend(missing(&stage));
    cases.extend(duplicates(&stage));
    cases.extend(caller_duplicates(environment));
    cases
}

fn meta(index: usize, writable: bool, signer: bool) -> AccountMeta {
    Stage::meta(index, writable, signer)
}

fn escalations(stage: &Stage) -> Vec<Case> {
    let (_, bump) = vault_and_bump();
    let mut cases = Vec::new();
    let mut play = |name: &str, expect, invocation: Invocation| {
        cases.push(stage.play(&format!("privilege_{name}_c"), expect, &invocation, &[], &[]));
        cases.push(stage.play(&format!("privilege_{name}_rust"), expect, &invocation.rust(), &[], &[]));
    };
    play("signer_gained", Failure, nothing(&[meta(ALICE, true, true)], &[ALICE]));
    play("signer_gained_readonly", Failure, nothing(&[meta(ALICE, false, true)], &[ALICE]));
    play("writable_gained", Failure, nothing(&[meta(FIXED, true, false)], &[FIXED]));
    play("both_gained", Failure, nothing(&[meta(FIXED, true, true)], &[FIXED]));
    play("writable_program", Failure, nothing(&[meta(OTHER, true, false)], &[OTHER]));
    play("signer_dropped", Success, nothing(&[meta(PAYER, true, false)], &[PAYER]));
    play("writable_dropped", Success, nothing(&[meta(PAYER, false, true)], &[PAYER]));
    play(
        "writable_dropped_for_transfer",
        Failure,
        Invocation { metas: vec![meta(PAYER, false, true), meta(ALICE, true, false)], ..payment(5_000) },
    );
    play("signer_by_seeds", Success, nothing(&[meta(VAULT, true, true)], &[VAULT]).signed(&[b"vault", &[bump]]));
    play(
        "signer_by_seeds_of_another",
        Failure,
        nothing(&[meta(STORE, true, true)], &[STORE]).signed(&[b"vault", &[bump]]),
    );
    play("two_gained", Failure, nothing(&[meta(ALICE, true, true), meta(FIXED, true, false)], &[ALICE, FIXED]));
    cases
}

fn missing(stage: &Stage) -> Vec<Case> {
    let elsewhere = |name: &str| AccountMeta::new_readonly(address(name), false);
    let mut cases = Vec::new();
    let mut play = |name: &str, expect, invocation: Invocation| {
        cases.push(stage.play(&format!("missing_{name}"), expect, &invocation, &[], &[]));
    };
    play("account", Failure, nothing(&[elsewhere("nowhere")], &[]));
    play("program", Failure, Invocation { program: address("nowhere"), ..nothing(&[], &[]) });
    play("info_of_readonly", Failure, nothing(&[meta(FIXED, false, false)], &[STORE]));
    play("info_of_program", Success, nothing(&[meta(OTHER, false, false)], &[]));
    play("info_of_duplicate", Failure, nothing(&[meta(STORE, true, false), meta(STORE, true, false)], &[STORE_B]));
    play(
        "compute_budget_program",
        Failure,
        Invocation { program: solana_sdk_ids::compute_budget::ID, ..nothing(&[], &[]) },
    );
    play("sysvar_not_given", Failure, nothing(&[AccountMeta::new_readonly(sysvar::clock::ID, false)], &[]));
    cases
}

/// The callee's list names an account more than once.
fn duplicates(stage: &Stage) -> Vec<Case> {
    let mut cases = Vec::new();
    let first = Layout::new(&[Slot::Account(64), Slot::Duplicate(0)]);
    let writes = script(
        &[
            store(0, Value(first.data(0)), Value(0xee)),
            load(0, Value(first.data(1))).logged(),
            load(3, Value(first.instruction_data() - 16)).logged(),
            exit(Value(0)),
        ],
        &[],
    );
    for (name, one, two) in [
        ("both_writable", (true, false), (true, false)),
        ("first_writable", (true, false), (false, false)),
        ("second_writable", (false, false), (true, false)),
        ("none_writable", (false, false), (false, false)),
    ] {
        let metas = [meta(STORE_B, one.0, one.1), meta(STORE_B, two.0, two.1)];
        let invocation = Invocation { data: writes.clone(), ..nothing(&metas, &[STORE_B]) };
        let after = [load(0, Value(stage.layout.data(STORE_B))).logged()];
        cases.push(stage.play(&format!("duplicate_{name}"), Anything, &invocation, &[], &after));
    }
    for (name, one, two) in [
        ("signer_first", (true, true), (true, false)),
        ("signer_second", (true, false), (true, true)),
        ("signer_second_readonly_first", (false, false), (true, true)),
    ] {
        let flags = Layout::new(&[Slot::Account(0), Slot::Duplicate(0)]);
        let steps =
            [load(0, Value(flags.signer(0))).logged(), load(0, Value(flags.writable(0))).logged(), exit(Value(0))];
        let metas = [meta(PAYER, one.0, one.1), meta(PAYER, two.0, two.1)];
        let invocation = Invocation { data: script(&steps, &[]), ..nothing(&metas, &[PAYER]) };
        cases.push(stage.play(&format!("duplicate_{name}"), Success, &invocation, &[], &[]));
    }
    let to_itself = Invocation { metas: vec![meta(PAYER, true, true), meta(PAYER, true, false)], ..payment(5_000) };
    cases.push(stage.play("duplicate_transfer_to_itself", Success, &to_itself, &[], &[]));
    let gained = nothing(&[meta(ALICE, true, false), meta(ALICE, true, true)], &[ALICE]);
    cases.push(stage.play("duplicate_signer_gained_by_second", Failure, &gained, &[], &[]));
    cases
}

/// The caller's own list names accounts more than once.
fn caller_duplicates(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    let program_space = environment.accounts[&address(MACHINE_B)].clone();
    let program_bytes = solana_account::ReadableAccount::data(&program_space).len() as u64;
    for (name, metas, slots) in [
        (
            "store_twice",
            vec![w(address("store")), w(address("store")), r(address(MACHINE_B)), ws(address("payer"))],
            vec![Slot::Account(64), Slot::Duplicate(0), Slot::Account(program_bytes), Slot::Account(0)],
        ),
        (
            "store_readonly_then_writable",
            vec![r(address("store")), w(address("store")), r(address(MACHINE_B)), ws(address("payer"))],
            vec![Slot::Account(64), Slot::Duplicate(0), Slot::Account(program_bytes), Slot::Account(0)],
        ),
        (
            "payer_and_program_twice",
            vec![
                w(address("store")),
                ws(address("payer")),
                r(address(MACHINE_B)),
                r(address(MACHINE_B)),
                r(address("payer")),
            ],
            vec![
                Slot::Account(64),
                Slot::Account(0),
                Slot::Account(program_bytes),
                Slot::Duplicate(2),
                Slot::Duplicate(1),
            ],
        ),
    ] {
        let layout = Layout::new(&slots);
        let infos: Vec<usize> = (0..slots.len()).collect();
        let invocation = nothing(&[w(address("store")), r(address("payer"))], &infos);
        let mut image = Image::new(HEAP);
        let placed = invocation.place(&mut image, &layout);
        let steps = [
            copy(HEAP, crate::machine::Argument::Here(0), image.bytes.len()),
            store(0, Value(layout.data(0)), Value(0x77)),
            placed.call(false).logged(),
            call("sol_log_64_", &[Value(layout.data_length(0)), Value(layout.instruction_data())]),
            exit(Value(0)),
        ];
        let run = instruction(address(MACHINE), metas, script(&steps, &image.bytes));
        let case = Case::bare(environment, format!("caller_duplicate_{name}"))
            .lamports("payer", SOL)
            .account(address("store"), account(SOL, vec![1; 64], address(MACHINE)));
        cases.push(case.legacy(Success, &["payer"], &with_all_units(run)));
    }
    cases
}
