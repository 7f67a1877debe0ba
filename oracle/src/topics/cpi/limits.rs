//! Counts and sizes at their limit, and one past it.

use super::{ALICE, Invocation, STORE, Stage, VAULT, nothing, payment, transfer_data, vault_and_bump};
use crate::{
    agave::Agave,
    case::{Case, Expect},
    environment::Environment,
    machine::{Argument::Value, HEAP, Image, Step, UNITS_AFTER_LAST_SYSCALL, copy, store},
    topics::fees::limit,
};
use Expect::{Anything, Failure, Success};
use solana_sdk_ids::system_program;

/// Where tables that a script makes by doubling begin.
const TABLE: u64 = HEAP + 0x2000;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let stage = Stage::new(environment);
    let mut cases = Vec::new();
    for rust in [false, true] {
        cases.extend(counts(&stage, rust));
        cases.extend(seeds(&stage, rust));
        cases.push(units(environment, &stage, rust, "nothing", &nothing(&[], &[])));
        cases.push(units(environment, &stage, rust, "transfer", &payment(5_000)));
        let store = nothing(&[Stage::meta(STORE, true, false)], &[STORE]);
        cases.push(units(environment, &stage, rust, "store", &store));
    }
    cases
}

fn label(rust: bool, name: &str) -> String {
    format!("{}_{name}", if rust { "rust" } else { "c" })
}

/// Addresses of the words of a placed instruction.
struct Words {
    metas: u64,
    metas_count: u64,
    data: u64,
    data_length: u64,
}

impl Words {
    fn new(rust: bool, instruction: u64) -> Self {
        let [metas, metas_count, data, data_length] = if rust { [0, 2, 3, 5] } else { [1, 2, 3, 4] };
        let at = |word: u64| instruction + word * 8;
        Self { metas: at(metas), metas_count: at(metas_count), data: at(data), data_length: at(data_length) }
    }
}

/// Steps that repeat the `size` bytes at `from` at [`TABLE`], `count` times.
fn table(from: u64, size: u64, count: u64) -> Vec<Step> {
    let mut steps = vec![copy(TABLE, Value(from), size as usize)];
    let mut done = 1;
    while done < count {
        let more = done.min(count - done);
        steps.push(copy(TABLE + done * size, Value(TABLE), (more * size) as usize));
        done += more;
    }
    steps
}

fn counts(stage: &Stage, rust: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    let one = nothing(&[Stage::meta(STORE, true, false)], &[STORE]);
    let one = if rust { one.rust() } else { one };
    for (count, expect) in [(64, Success), (128, Success), (254, Success), (255, Success), (256, Failure)] {
        let mut image = Image::new(HEAP);
        let placed = one.place(&mut image, &stage.layout);
        let mut steps = table(placed.infos, if rust { 48 } else { 56 }, count);
        let mut step = placed.call(rust).logged();
        (step.arguments[1], step.arguments[2]) = (Value(TABLE), Value(count));
        steps.push(step);
        cases.push(stage.play_image(&label(rust, &format!("{count}_infos")), expect, &image, &steps));
    }
    for (count, expect) in [(64, Success), (254, Success), (255, Success), (256, Failure)] {
        let mut image = Image::new(HEAP);
        let placed = one.place(&mut image, &stage.layout);
        let words = Words::new(rust, placed.instruction);
        let at = (words.metas - HEAP) as usize;
        let metas = u64::from_le_bytes(image.bytes[at..at + 8].try_into().expect("8 bytes"));
        let mut steps = table(metas, if rust { 34 } else { 16 }, count);
        steps.push(store(3, Value(words.metas), Value(TABLE)));
        steps.push(store(3, Value(words.metas_count), Value(count)));
        steps.push(placed.call(rust).logged());
        cases.push(stage.play_image(&label(rust, &format!("{count}_metas")), expect, &image, &steps));
    }
    for (length, expect) in [(249, Success), (250, Success), (10_239, Success), (10_240, Success), (10_241, Failure)] {
        let mut image = Image::new(HEAP);
        let placed = one.place(&mut image, &stage.layout);
        let words = Words::new(rust, placed.instruction);
        // Zeros are the step that ends with success.
        let steps = [
            store(3, Value(words.data), Value(TABLE)),
            store(3, Value(words.data_length), Value(length)),
            placed.call(rust).logged(),
        ];
        cases.push(stage.play_image(&label(rust, &format!("{length}_bytes_of_data")), expect, &image, &steps));
    }
    cases
}

fn seeds(stage: &Stage, rust: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    let (_, bump) = vault_and_bump();
    let base = nothing(&[], &[]);
    let base = if rust { base.rust() } else { base };
    let mut play = |name: &str, expect, invocation: &Invocation| {
        cases.push(stage.play(&label(rust, name), expect, invocation, &[], &[]));
    };
    let many = |count: usize| Invocation { signers: vec![vec![b"vault".to_vec(), vec![bump]]; count], ..base.clone() };
    play("16_signers", Success, &many(16));
    play("17_signers", Failure, &many(17));
    let of = |count: usize| Invocation { signers: vec![vec![vec![]; count]], ..base.clone() };
    // Whether these are addresses that no key has is luck; the refusal of 17 is not.
    play("1_seed", Anything, &of(1));
    play("15_seeds", Anything, &of(15));
    play("16_seeds", Anything, &of(16));
    play("17_seeds", Failure, &of(17));
    play("no_seeds", Anything, &of(0));
    let long = |length: usize| Invocation { signers: vec![vec![vec![3; length]]], ..base.clone() };
    for length in [31, 32] {
        play(&format!("seed_of_{length}"), Anything, &long(length));
    }
    play("seed_of_33", Failure, &long(33));
    let on_curve = Invocation { signers: vec![vec![b"vault".to_vec(), vec![bump.wrapping_add(1)]]], ..base.clone() };
    play("bump_plus_1", Anything, &on_curve);
    let from_vault = [Stage::meta(VAULT, true, true), Stage::meta(ALICE, true, false)];
    let both = Invocation::new(system_program::ID, &from_vault, transfer_data(5), &[VAULT, ALICE])
        .signed(&[b"vault", &[bump]])
        .signed(&[b"vault", &[bump]]);
    play("signer_twice", Success, &if rust { both.rust() } else { both });
    cases
}

/// The invocation with all the units it takes, with one fewer, and with each number around its end.
fn units(environment: &Environment, stage: &Stage, rust: bool, name: &str, invocation: &Invocation) -> Case {
    let invocation = if rust { invocation.clone().rust() } else { invocation.clone() };
    let mut image = Image::new(HEAP);
    let placed = invocation.place(&mut image, &stage.layout);
    let run = stage.run(&image, &[placed.call(rust)]);
    let probe = stage.case("probe", &[]).ok(&["payer"], &[limit(1_400_000), run.clone()]);
    let outcome = Agave::new(environment, &probe.accounts).execute(&probe.transactions[0].0);
    assert!(outcome.error.is_none(), "{name}: {:?} {:#?}", outcome.error, outcome.logs);
    let used = outcome.compute_units;
    let with = |units: u64| [limit(units as u32), run.clone()];
    let mut case = stage.case(&label(rust, &format!("{name}_units")), &[]).ok(&["payer"], &with(used));
    let after = used - UNITS_AFTER_LAST_SYSCALL;
    for units in
        [used - 1, after, after - 1, after - 4, after - 5, after - 150, after - 151, after - 200, after - 1_100]
    {
        case = case.fails(&["payer"], &with(units));
    }
    case
}
