//! Who may call whom: stack height, trace length, reentrancy, and what nested programs see of each other.

use super::{BOOK, Invocation, OTHER, SELF, STORE, Stage, THIRD, nothing, payment};
use crate::{
    case::{Case, Expect, address, instruction},
    environment::{Environment, MACHINE, MACHINE_B, MACHINE_C, MACHINE_LOADER_V1, MACHINE_LOADER_V3, MACHINE_SBPF_V3},
    machine::{
        Argument::Value, HEAP, Image, STEP_BYTES, Step, call, copy, exit, give, load, script, skip_if_result_is, store,
    },
    topics::{
        calls::{UNITS_MAX, with_all_units},
        fees::{heap, limit},
        system,
    },
};
use Expect::{Anything, Failure, Success};
use solana_instruction::AccountMeta;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let stage = Stage::new(environment);
    let mut cases = depths(environment);
    cases.extend(traces(environment));
    cases.extend(reentrancy(environment));
    cases.extend(views(&stage));
    cases.extend(other_machines(&stage));
    cases
}

/// A program that calls itself until the stack height is `height`, then ends with `code`.
fn recursion(environment: &Environment, name: &str, height: u64, expect: Expect, code: u64) -> Case {
    const STEPS: u64 = 7;
    let stage = Stage::with_book(environment, 0);
    let accounts: Vec<AccountMeta> = Stage::metas();
    let mut image = Image::new(HEAP);
    let all: Vec<usize> = (0..accounts.len()).collect();
    let again = Invocation::new(address(MACHINE), &accounts, stage.opening(), &all);
    let mut placed = again.place(&mut image, &stage.layout);
    // The book's info must state its length, which includes the image.
    let bytes = STEPS * STEP_BYTES + image.bytes.len() as u64;
    let at = (placed.infos - HEAP) as usize + BOOK * 56 + 16;
    image.bytes[at..at + 8].copy_from_slice(&bytes.to_le_bytes());
    placed.infos_count = accounts.len() as u64;
    let steps = [
        call("sol_get_stack_height", &[]).logged(),
        skip_if_result_is(height, 3),
        stage.copy_image(&image, STEPS),
        placed.call(false).logged(),
        exit(Value(0)),
        exit(Value(code)),
        exit(Value(0)),
    ];
    assert_eq!(steps.len() as u64, STEPS);
    Stage::play_book(environment, name, expect, &image, &steps)
}

fn depths(environment: &Environment) -> Vec<Case> {
    let mut cases: Vec<Case> = [(1, Success), (2, Success), (4, Success), (5, Success), (6, Failure)]
        .into_iter()
        .map(|(height, expect)| recursion(environment, &format!("height_{height}"), height, expect, 0))
        .collect();
    cases.push(recursion(environment, "height_5_that_fails", 5, Failure, 42));
    cases
}

/// Many invocations one after the other; the limit instruction and the machine's take two of the trace.
fn traces(environment: &Environment) -> Vec<Case> {
    let mut cases = Vec::new();
    for (count, expect) in [(61, Success), (62, Success), (63, Failure)] {
        let stage = Stage::with_book(environment, 0);
        let mut image = Image::new(HEAP);
        let placed = nothing(&[], &[]).place(&mut image, &stage.layout);
        let mut steps = vec![placed.call(false); count];
        steps.push(exit(Value(0)));
        steps.insert(0, stage.copy_image(&image, count as u64 + 2));
        cases.push(Stage::play_book(environment, &format!("{count}_invocations"), expect, &image, &steps));
    }
    cases
}

/// `path` of machines, each calling the next; the first is called by the transaction.
fn chain(stage: &Stage, path: &[&str]) -> Vec<u8> {
    // Each level's heap is its own, so each carries its image in its instruction data.
    let Some((next, rest)) = path.split_first() else { return Vec::new() };
    let data = chain(stage, rest);
    let programs =
        [Stage::meta(SELF, false, false), Stage::meta(OTHER, false, false), Stage::meta(THIRD, false, false)];
    let mut own = Image::new(HEAP);
    let placed = Invocation::new(address(next), &programs, data, &[]).place(&mut own, &stage.layout);
    let steps =
        [copy(HEAP, crate::machine::Argument::Here(0), own.bytes.len()), placed.call(false).logged(), exit(Value(0))];
    script(&steps, &own.bytes)
}

fn reentrancy(environment: &Environment) -> Vec<Case> {
    let stage = Stage::new(environment);
    let (a, b, c) = (MACHINE, MACHINE_B, MACHINE_C);
    let paths: [(&str, &[&str], Expect); 8] = [
        ("a_b", &[b], Success),
        ("a_a", &[a], Success),
        ("a_a_a", &[a, a], Success),
        ("a_b_c", &[b, c], Success),
        ("a_b_b", &[b, b], Success),
        ("a_b_a", &[b, a], Failure),
        ("a_a_b", &[a, b], Success),
        ("a_a_b_a", &[a, b, a], Failure),
    ];
    paths
        .into_iter()
        .map(|(name, path, expect)| {
            let data = chain(&stage, path);
            let run = instruction(address(MACHINE), Stage::metas(), data);
            let case = stage.case(&format!("reentrancy_{name}"), &[]);
            if super::fits(&run) {
                return case.legacy(expect, &["payer"], &with_all_units(run));
            }
            case.v1(expect, &["payer"], super::large(UNITS_MAX), &[run])
        })
        .collect()
}

/// Return data, heap, stack height, siblings, errors and units across the boundary.
fn views(stage: &Stage) -> Vec<Case> {
    let machine_b = |steps: &[Step], payload: &[u8]| Invocation { data: script(steps, payload), ..nothing(&[], &[]) };
    let out = HEAP + 0x3000;
    let get = call("sol_get_return_data", &[Value(out), Value(64), Value(out + 64)]).logged();
    let here = crate::machine::Argument::Here;
    let gives = machine_b(&[call("sol_set_return_data", &[here(0), Value(6)]), exit(Value(0))], b"result");
    let height = machine_b(&[call("sol_get_stack_height", &[]).logged(), exit(Value(0))], &[]);
    let reads_heap = machine_b(&[load(3, Value(out)).logged(), store(3, Value(out), Value(7)), exit(Value(0))], &[]);
    let gets = machine_b(&[get.clone(), exit(Value(0))], &[]);
    let sibling = |index: u64| {
        call(
            "sol_get_processed_sibling_instruction",
            &[Value(index), Value(out), Value(out + 0x100), Value(out + 0x200), Value(out + 0x400)],
        )
        .logged()
    };
    let play = |name: &str, expect, invocation: &Invocation, before: &[Step], after: &[Step]| {
        stage.play(name, expect, invocation, before, after)
    };
    let mut cases = vec![
        play("return_data_of_callee", Success, &gives, &[], &[get.clone(), give(out, 96)]),
        play("return_data_stays", Success, &gives, &[], &[]),
        play("return_data_cleared_by_call", Success, &nothing(&[], &[]), &[give(HEAP, 8)], &[get.clone()]),
        play("return_data_cleared_for_callee", Success, &gets, &[give(HEAP, 8)], &[]),
        play("return_data_of_builtin", Success, &payment(5), &[give(HEAP, 8)], &[get.clone()]),
        play("stack_height_of_callee", Success, &height, &[call("sol_get_stack_height", &[]).logged()], &[]),
        play(
            "heap_of_callee",
            Success,
            &reads_heap,
            &[store(3, Value(out), Value(5))],
            &[load(3, Value(out)).logged()],
        ),
        play("sibling_after_call", Success, &payment(5), &[], &[sibling(0), sibling(1), give(out, 16)]),
        play("siblings_of_callee", Success, &machine_b(&[sibling(0), exit(Value(0))], &[]), &[], &[]),
        play(
            "callee_logs",
            Success,
            &machine_b(&[call("sol_log_", &[here(0), Value(5)]), exit(Value(0))], b"hello"),
            &[],
            &[],
        ),
        play("callee_panics", Failure, &machine_b(&[call("abort", &[])], &[]), &[], &[]),
        play("callee_faults", Failure, &machine_b(&[load(0, Value(1)).logged()], &[]), &[], &[]),
    ];
    for code in [1, 2, 0xffff_ffff, 1 << 32, 2 << 32, 3 << 32, 6 << 32, 54 << 32, 60 << 32, u64::MAX] {
        let invocation = machine_b(&[exit(Value(code))], &[]);
        cases.push(play(&format!("callee_returns_{code}"), Failure, &invocation, &[], &[]));
    }
    cases.extend(sizes_of_siblings(stage));
    cases.extend(budgets(stage, &machine_b(&[exit(Value(0))], &[])));
    cases
}

/// The sibling's header matched: program, data and accounts are written.
fn sizes_of_siblings(stage: &Stage) -> Vec<Case> {
    let out = HEAP + 0x3000;
    let sibling = |places: [u64; 4]| {
        let [header, program, data, accounts] = places.map(Value);
        call("sol_get_processed_sibling_instruction", &[Value(0), header, program, data, accounts]).logged()
    };
    let prepare =
        |data: u64, accounts: u64| [store(3, Value(out), Value(data)), store(3, Value(out + 8), Value(accounts))];
    let mut cases = Vec::new();
    let all = [out, out + 0x100, out + 0x120, out + 0x140];
    for (name, data, accounts, places, expect) in [
        ("exact", 12, 2, all, Success),
        ("data_too_short", 11, 2, all, Success),
        ("too_many_accounts", 12, 3, all, Success),
        ("null_program", 12, 2, [out, 0, out + 0x120, out + 0x140], Failure),
        ("null_data", 12, 2, [out, out + 0x100, 0, out + 0x140], Failure),
        ("null_accounts", 12, 2, [out, out + 0x100, out + 0x120, 0], Failure),
        ("data_over_program", 12, 2, [out, out + 0x100, out + 0x11f, out + 0x140], Failure),
        ("data_over_header", 12, 2, [out, out + 0x100, out + 8, out + 0x140], Failure),
        ("accounts_over_data", 12, 2, [out, out + 0x100, out + 0x120, out + 0x12b], Failure),
        ("accounts_behind_data", 12, 2, [out, out + 0x100, out + 0x120, out + 0x12c], Success),
    ] {
        let [first, second] = prepare(data, accounts);
        let run = stage.run(&Image::new(HEAP), &[first, second, sibling(places), give(out, 0x190)]);
        let transfer = system::transfer("payer", "alice", 5);
        let instructions = [limit(UNITS_MAX), transfer, run];
        cases.push(stage.case(&format!("sibling_{name}"), &[]).legacy(expect, &["payer"], &instructions));
    }
    cases
}

/// A callee that runs out of units, and one with a larger heap.
fn budgets(stage: &Stage, callee: &Invocation) -> Vec<Case> {
    let mut image = Image::new(HEAP);
    let placed = callee.place(&mut image, &stage.layout);
    let run = stage.run(&image, &[placed.call(false)]);
    let mut case = stage.case("units_end_near_the_callee", &[]);
    for units in (1_200..1_800).step_by(40) {
        case = case.legacy(Anything, &["payer"], &[limit(units), run.clone()]);
    }
    let last = Invocation {
        data: script(&[load(0, Value(HEAP + 0xffff)).logged(), exit(Value(0))], &[]),
        ..nothing(&[], &[])
    };
    let mut image = Image::new(HEAP);
    let placed = last.place(&mut image, &stage.layout);
    let run = stage.run(&image, &[load(0, Value(HEAP + 0xffff)).logged(), placed.call(false)]);
    let big = stage
        .case("heap_of_64_kib", &[])
        .ok(&["payer"], &[heap(64 * 1024), run.clone()])
        .ok(&["payer"], &[heap(128 * 1024), run.clone()])
        .ok(&["payer"], &[heap(256 * 1024), run.clone()])
        .fails(&["payer"], &[heap(63 * 1024), run.clone()])
        .fails(&["payer"], &[run]);
    vec![case, big]
}

/// Callers and callees of the other loaders and of sBPF v3.
fn other_machines(stage: &Stage) -> Vec<Case> {
    let mut cases = Vec::new();
    for machine in [MACHINE_SBPF_V3, MACHINE_LOADER_V1, MACHINE_LOADER_V3, MACHINE_B] {
        let mut metas = Stage::metas();
        metas.push(crate::case::r(address(machine)));
        let callee_data = script(&[call("sol_get_stack_height", &[]).logged(), exit(Value(0))], &[]);
        let callee = Invocation::new(address(machine), &[Stage::meta(STORE, true, false)], callee_data, &[STORE]);
        let mut image = Image::new(HEAP);
        let placed = callee.place(&mut image, &stage.layout);
        let run = instruction(address(MACHINE), metas, stage.run(&image, &[placed.call(false).logged()]).data);
        let case = stage.case(&format!("calls {machine}"), &[]);
        cases.push(case.legacy(Anything, &["payer"], &with_all_units(run)));
        for rust in [false, true] {
            let caller = if rust { payment(7_000).rust() } else { payment(7_000) };
            let mut image = Image::new(HEAP);
            let placed = caller.place(&mut image, &stage.layout);
            let data = stage.run(&image, &[placed.call(rust).logged()]).data;
            let run = instruction(address(machine), Stage::metas(), data);
            let name = format!("{machine} calls, {}", if rust { "rust" } else { "c" });
            let case = stage.case(&name, &[]);
            cases.push(match super::fits(&run) {
                true => case.legacy(Anything, &["payer"], &with_all_units(run)),
                false => case.v1(Anything, &["payer"], super::large(UNITS_MAX), &[run]),
            });
        }
    }
    cases
}
