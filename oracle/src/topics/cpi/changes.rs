//! What caller and callee change, and what the other and the transaction make of it.

use super::{
    ALICE, FIXED, Invocation, PAYER, STORE, STORE_B, Stage, VAULT, nothing, payment, transfer_data, vault_and_bump,
};
use crate::{
    case::{Case, Expect, SOL, address, system_account},
    environment::{Environment, MACHINE, MACHINE_B},
    machine::{Argument::Value, GROWTH_BYTES, HEAP, Image, Layout, Step, copy, exit, load, script, store},
};
use Expect::{Anything, Failure, Success};
use solana_instruction::AccountMeta;
use solana_sdk_ids::system_program;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let stage = Stage::new(environment);
    let mut cases = before_the_call(&stage);
    cases.extend(by_callee(&stage));
    cases.extend(growth(&stage));
    cases.extend(system_calls(environment, &stage));
    cases
}

fn meta(index: usize, writable: bool) -> AccountMeta {
    Stage::meta(index, writable, false)
}

fn set(address: u64, value: u64) -> Step {
    store(3, Value(address), Value(value))
}

/// The caller changes accounts, then calls a program that does nothing, or nothing to that account.
fn before_the_call(stage: &Stage) -> Vec<Case> {
    let layout = &stage.layout;
    let mut cases = Vec::new();
    let mut play = |name: &str, expect, metas: &[AccountMeta], infos: &[usize], before: &[Step], after: &[Step]| {
        for rust in [false, true] {
            let invocation = nothing(metas, infos);
            let invocation = if rust { invocation.rust() } else { invocation };
            let name = format!("before_{name}_{}", if rust { "rust" } else { "c" });
            cases.push(stage.play(&name, expect, &invocation, before, after));
        }
    };
    let paid = [set(layout.lamports(STORE), SOL - 100), set(layout.lamports(ALICE), SOL + 100)];
    let undone = [set(layout.lamports(STORE), SOL), set(layout.lamports(ALICE), SOL)];
    let both = [meta(STORE, true), meta(ALICE, true)];
    let data = [store(0, Value(layout.data(STORE)), Value(0xaa))];
    play("own_lamports_moved", Success, &both, &[STORE, ALICE], &paid, &[]);
    play("own_lamports_moved_and_back", Failure, &both, &[STORE, ALICE], &paid, &undone);
    play("own_lamports_moved_half_given", Anything, &both[..1], &[STORE, ALICE], &paid, &[]);
    play("own_lamports_moved_none_given", Anything, &[], &[], &paid, &[]);
    play(
        "own_lamports_moved_readonly",
        Success,
        &[meta(STORE, false), meta(ALICE, false)],
        &[STORE, ALICE],
        &paid,
        &[],
    );
    play("lamports_made", Failure, &both, &[STORE, ALICE], &paid[1..], &[]);
    play("lamports_made_and_taken_later", Anything, &both, &[STORE, ALICE], &paid[1..], &paid[..1]);
    play("lamports_lost", Failure, &both, &[STORE, ALICE], &paid[..1], &[]);
    play("foreign_lamports_taken", Failure, &[meta(ALICE, true)], &[ALICE], &[set(layout.lamports(ALICE), 5)], &[]);
    play("own_data", Success, &both, &[STORE, ALICE], &data, &[]);
    play("own_data_not_given", Success, &[], &[], &data, &[]);
    play(
        "foreign_data",
        Failure,
        &[meta(STORE_B, true)],
        &[STORE_B],
        &[store(0, Value(layout.data(STORE_B)), Value(1))],
        &[],
    );
    play("foreign_data_not_given", Failure, &[], &[], &[store(0, Value(layout.data(STORE_B)), Value(1))], &[]);
    play(
        "fixed_data",
        Failure,
        &[meta(FIXED, false)],
        &[FIXED],
        &[store(0, Value(layout.data(FIXED)), Value(0x55))],
        &[],
    );
    play("fixed_lamports", Failure, &[meta(FIXED, false)], &[FIXED], &[set(layout.lamports(FIXED), 5)], &[]);
    let own_to_b = [copy(layout.owner(STORE), Value(layout.owner(STORE_B)), 32)];
    play("owner_given_away_with_data", Anything, &both, &[STORE, ALICE], &own_to_b, &[]);
    play(
        "owner_taken",
        Anything,
        &[meta(STORE_B, true)],
        &[STORE_B],
        &[copy(layout.owner(STORE_B), Value(layout.owner(STORE)), 32)],
        &[],
    );
    play("rent_epoch", Anything, &both, &[STORE, ALICE], &[set(layout.rent_epoch(STORE), 5)], &[]);
    play(
        "flags_of_input",
        Anything,
        &[meta(FIXED, false)],
        &[FIXED],
        &[store(0, Value(layout.writable(FIXED)), Value(1))],
        &[],
    );
    play(
        "signer_flag_of_input",
        Failure,
        &[Stage::meta(ALICE, true, true)],
        &[ALICE],
        &[store(0, Value(layout.signer(ALICE)), Value(1))],
        &[],
    );
    play(
        "executable_flag_of_input",
        Anything,
        &both,
        &[STORE, ALICE],
        &[store(0, Value(layout.executable(STORE)), Value(1))],
        &[],
    );
    play("key_of_input", Anything, &both, &[STORE, ALICE], &[store(0, Value(layout.key(STORE)), Value(1))], &[]);
    play("count_of_input", Anything, &both, &[STORE, ALICE], &[set(crate::machine::INPUT, 2)], &[]);
    cases
}

/// The callee changes accounts; the caller looks and changes on.
fn by_callee(stage: &Stage) -> Vec<Case> {
    let outer = &stage.layout;
    let inner = Layout::of(&[64, 64, 0]);
    let (b, own, alice) = (0, 1, 2);
    let metas = [meta(STORE_B, true), meta(STORE, true), meta(ALICE, true)];
    let mut cases = Vec::new();
    let mut play = |name: &str, expect, metas: &[AccountMeta], steps: &[Step], after: &[Step]| {
        let steps = [steps, &[exit(Value(0))]].concat();
        for rust in [false, true] {
            let invocation = Invocation { data: script(&steps, &[]), ..nothing(metas, &[STORE, STORE_B, ALICE]) };
            let invocation = if rust { invocation.rust() } else { invocation };
            let name = format!("callee_{name}_{}", if rust { "rust" } else { "c" });
            cases.push(stage.play(&name, expect, &invocation, &[], after));
        }
    };
    let write = [store(0, Value(inner.data(b)), Value(0xbb))];
    let look = [load(0, Value(outer.data(STORE_B))).logged(), load(3, Value(outer.lamports(STORE_B))).logged()];
    play("writes_own", Success, &metas, &write, &look);
    play("writes_own_readonly", Failure, &[meta(STORE_B, false)], &write, &look);
    play("writes_callers", Failure, &metas, &[store(0, Value(inner.data(own)), Value(1))], &look);
    play("writes_same_byte_to_callers", Success, &metas, &[store(0, Value(inner.data(own)), Value(0))], &look);
    play("reads_callers", Success, &metas, &[load(3, Value(inner.data(own) + 8)).logged()], &look);
    let pay = [set(inner.lamports(b), SOL - 9), set(inner.lamports(alice), SOL + 9)];
    play("pays", Success, &metas, &pay, &look);
    play(
        "pays_from_callers",
        Failure,
        &metas,
        &[set(inner.lamports(own), SOL - 9), set(inner.lamports(b), SOL + 9)],
        &look,
    );
    play("pays_too_much", Failure, &metas, &pay[1..], &look);
    play("loses", Failure, &metas, &pay[..1], &look);
    play("empties", Anything, &metas, &[set(inner.lamports(b), 0), set(inner.lamports(alice), 2 * SOL)], &look);
    play(
        "gives_to_callers",
        Success,
        &metas,
        &[set(inner.lamports(b), SOL - 9), set(inner.lamports(own), SOL + 9)],
        &look,
    );
    play(
        "writes_then_caller_writes_callees",
        Failure,
        &metas,
        &write,
        &[store(0, Value(outer.data(STORE_B)), Value(1))],
    );
    play(
        "pays_then_caller_pays",
        Success,
        &metas,
        &[set(inner.lamports(b), SOL - 9), set(inner.lamports(own), SOL + 9)],
        &[set(outer.lamports(STORE), SOL - 91), set(outer.lamports(ALICE), SOL + 100)],
    );
    let zero = [call_memset(inner.data(b), 64), copy(inner.owner(b), Value(inner.owner(own)), 32)];
    play(
        "gives_account_away_empty",
        Success,
        &metas,
        &zero,
        &[store(0, Value(outer.data(STORE_B)), Value(3)), load(3, Value(outer.owner(STORE_B))).logged()],
    );
    play("gives_account_away_full", Anything, &metas, &zero[1..], &look);
    play(
        "gives_away_and_writes",
        Failure,
        &metas,
        &[zero[0].clone(), zero[1].clone(), store(0, Value(inner.data(b)), Value(1))],
        &look,
    );
    cases
}

fn call_memset(address: u64, length: u64) -> Step {
    crate::machine::call("sol_memset_", &[Value(address), Value(0), Value(length)])
}

/// Growth and shrinking on both sides.
fn growth(stage: &Stage) -> Vec<Case> {
    let outer = &stage.layout;
    let inner = Layout::of(&[64]);
    let mut cases = Vec::new();
    for (name, length, expect) in [
        ("by_one", 65, Success),
        ("most", 64 + GROWTH_BYTES, Success),
        ("one_too_many", 65 + GROWTH_BYTES, Failure),
        ("to_nothing", 0, Success),
        ("by_one_less", 63, Success),
        ("max", u64::MAX, Failure),
    ] {
        for rust in [false, true] {
            let abi = if rust { "rust" } else { "c" };
            let steps = [set(inner.data_length(0), length), exit(Value(0))];
            let grow = Invocation { data: script(&steps, &[]), ..nothing(&[meta(STORE_B, true)], &[STORE_B]) };
            let grow = if rust { grow.rust() } else { grow };
            let mut image = Image::new(HEAP);
            let placed = grow.place(&mut image, outer);
            let info_length = if rust { placed.infos - 8 } else { placed.infos + 16 };
            let after = [
                placed.call(rust).logged(),
                load(3, Value(outer.data_length(STORE_B))).logged(),
                load(3, Value(info_length)).logged(),
                load(3, Value(outer.data(STORE_B) + 56)).logged(),
            ];
            cases.push(stage.play_image(&format!("callee_resizes_{name}_{abi}"), expect, &image, &after));
            let readonly = Invocation { metas: vec![meta(STORE_B, false)], ..grow.clone() };
            cases.push(stage.play(&format!("callee_resizes_readonly_{name}_{abi}"), Failure, &readonly, &[], &[]));
            cases.push(caller_resizes(stage, name, length, rust));
            if length < 10_000 && expect == Success {
                // What one instruction has grown, the next one may grow by as much again, seen from its own start.
                let again = [
                    placed.call(rust).logged(),
                    placed.call(rust).logged(),
                    set(outer.data_length(STORE), length),
                    load(3, Value(outer.data_length(STORE_B))).logged(),
                ];
                cases.push(stage.play_image(&format!("callee_resizes_twice_{name}_{abi}"), Anything, &image, &again));
            }
        }
    }
    let grow_foreign = [set(inner.data_length(0), 65), exit(Value(0))];
    let foreign = Invocation { data: script(&grow_foreign, &[]), ..nothing(&[meta(STORE, true)], &[STORE]) };
    cases.push(stage.play("callee_resizes_foreign", Failure, &foreign, &[], &[]));
    cases
}

/// The caller resizes its account, in the input and in the info, then calls.
fn caller_resizes(stage: &Stage, name: &str, length: u64, rust: bool) -> Case {
    let outer = &stage.layout;
    let steps = [load(3, Value(Layout::of(&[64]).data_length(0))).logged(), exit(Value(0))];
    let see = Invocation { data: script(&steps, &[]), ..nothing(&[meta(STORE, true)], &[STORE]) };
    let see = if rust { see.rust() } else { see };
    let mut image = Image::new(HEAP);
    let placed = see.place(&mut image, outer);
    let info_length = if rust { placed.infos - 8 } else { placed.infos + 16 };
    let steps = [
        set(outer.data_length(STORE), length),
        set(info_length, length),
        store(0, Value(outer.data(STORE) + 70), Value(0x70)),
        placed.call(rust).logged(),
        load(3, Value(outer.data_length(STORE))).logged(),
        load(0, Value(outer.data(STORE) + 70)).logged(),
    ];
    let abi = if rust { "rust" } else { "c" };
    stage.play_image(&format!("caller_resizes_{name}_{abi}"), Anything, &image, &steps)
}

/// The system program through CPI, with a signer that only seeds make.
fn system_calls(environment: &Environment, stage: &Stage) -> Vec<Case> {
    let (_, bump) = vault_and_bump();
    let vault = Stage::meta(VAULT, true, true);
    let seeds: [&[u8]; 2] = [b"vault", &[bump]];
    let of = |data: Vec<u8>, metas: &[AccountMeta]| {
        Invocation::new(system_program::ID, metas, data, &[PAYER, VAULT, ALICE]).signed(&seeds)
    };
    let number = |kind: u32| kind.to_le_bytes().to_vec();
    let assign = |owner: &str| [number(1), address(owner).to_bytes().to_vec()].concat();
    let allocate = |space: u64| [number(8), space.to_le_bytes().to_vec()].concat();
    let create = |space: u64| {
        let balance = environment.exempt(space as usize);
        let words = [balance.to_le_bytes(), space.to_le_bytes()].concat();
        [number(0), words, address(MACHINE).to_bytes().to_vec()].concat()
    };
    let payer = Stage::meta(PAYER, true, true);
    let outer = &stage.layout;
    let see = [
        load(3, Value(outer.data_length(VAULT))).logged(),
        load(3, Value(outer.owner(VAULT))).logged(),
        load(3, Value(outer.lamports(VAULT))).logged(),
    ];
    let used = [see.as_slice(), &[store(0, Value(outer.data(VAULT)), Value(9))]].concat();
    let mut cases = vec![
        stage.play("system_assign", Success, &of(assign(MACHINE), &[vault.clone()]), &[], &see),
        stage.play(
            "system_assign_to_other_and_write_behind",
            Success,
            &of(assign(MACHINE_B), &[vault.clone()]),
            &[],
            &used,
        ),
        stage.play("system_allocate", Failure, &of(allocate(100), &[vault.clone()]), &[], &see),
        stage.play("system_allocate_10240", Failure, &of(allocate(10_240), &[vault.clone()]), &[], &see),
        stage.play("system_allocate_10241", Failure, &of(allocate(10_241), &[vault.clone()]), &[], &see),
        stage.play("system_create_in_use", Failure, &of(create(8), &[payer.clone(), vault.clone()]), &[], &used),
        stage.play(
            "system_transfer_then_lamports",
            Success,
            &payment(50),
            &[],
            &[load(3, Value(outer.lamports(PAYER))).logged()],
        ),
    ];
    for case in &mut cases {
        // A vault that grows without a balance for it fails in the end, which is what these three are to show; see `rent`.
        if case.name.starts_with("system_allocate") {
            case.transactions[0].1 = Anything;
        }
    }
    for space in [0, 8, 10_240, 10_241] {
        let name = format!("system_create_{space}");
        let case = stage.play(&name, Anything, &of(create(space), &[payer.clone(), vault.clone()]), &[], &used);
        cases.push(case.account(super::vault(), system_account(0)));
    }
    let drain =
        Invocation::new(system_program::ID, &[vault, meta(ALICE, true)], transfer_data(SOL - 5), &[VAULT, ALICE]);
    cases.push(stage.play("system_transfer_leaves_too_little", Failure, &drain.signed(&seeds), &[], &see));
    cases
}
