//! The two ABIs, and account infos that do not tell the truth.

use super::{
    ALICE, FIXED, Invocation, PAYER, STORE, STORE_B, SYSTEM, Stage, VAULT, c_info, nothing, payment, rust_info,
    transfer_data, vault_and_bump,
};
use crate::{
    case::{Case, Expect},
    environment::Environment,
    machine::{Argument::Value, GROWTH_BYTES, HEAP, Image, STACK, TEXT, copy, load, store},
};
use Expect::{Anything, Failure, Success};
use solana_sdk_ids::system_program;

pub fn cases(environment: &Environment) -> Vec<Case> {
    let stage = Stage::new(environment);
    let mut cases = plain(&stage);
    for rust in [false, true] {
        cases.extend(fields(&stage, rust));
        cases.extend(arguments(&stage, rust));
        cases.extend(instructions(&stage, rust));
    }
    cases
}

fn label(rust: bool, name: &str) -> String {
    format!("{}_{name}", if rust { "rust" } else { "c" })
}

fn plain(stage: &Stage) -> Vec<Case> {
    let mut cases = Vec::new();
    for rust in [false, true] {
        let abi = |invocation: Invocation| if rust { invocation.rust() } else { invocation };
        let play = |name: &str, expect, invocation: Invocation| {
            let after = [load(3, Value(stage.layout.lamports(ALICE))).logged()];
            stage.play(&label(rust, name), expect, &abi(invocation), &[], &after)
        };
        let (vault, bump) = vault_and_bump();
        let from_vault = [Stage::meta(VAULT, true, true), Stage::meta(ALICE, true, false)];
        let withdrawal = Invocation::new(system_program::ID, &from_vault, transfer_data(1_000_000), &[VAULT, ALICE]);
        assert_eq!(from_vault[0].pubkey, vault);
        cases.extend([
            play("transfer", Success, payment(1_000_000)),
            play("transfer_of_program_address", Success, withdrawal.clone().signed(&[b"vault", &[bump]])),
            play("transfer_of_program_address_unsigned", Failure, withdrawal.clone()),
            play("transfer_with_other_seeds", Failure, withdrawal.clone().signed(&[b"vaults", &[bump]])),
            play(
                "transfer_signed_twice",
                Success,
                withdrawal.signed(&[b"vault", &[bump]]).signed(&[b"vault", &[bump]]),
            ),
            play("transfer_too_much", Failure, payment(u64::MAX)),
            play("nothing", Success, nothing(&[], &[])),
            play("nothing_with_infos", Success, nothing(&[], &[PAYER, ALICE, STORE])),
            play("nothing_with_accounts", Success, nothing(&Stage::metas(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])),
            play("infos_in_another_order", Success, Invocation { infos: vec![SYSTEM, ALICE, PAYER], ..payment(5_000) }),
            play("infos_twice", Success, Invocation { infos: vec![PAYER, PAYER, ALICE, ALICE], ..payment(5_000) }),
            play("info_missing", Failure, Invocation { infos: vec![PAYER], ..payment(5_000) }),
            play("no_infos", Failure, Invocation { infos: vec![], ..payment(5_000) }),
            play("no_program_info", Success, Invocation { infos: vec![PAYER, ALICE], ..payment(5_000) }),
        ]);
    }
    cases
}

/// Each word of an info changed: key, lamports, length, data, owner, rent epoch, flags.
fn fields(stage: &Stage, rust: bool) -> Vec<Case> {
    let layout = &stage.layout;
    let mut cases = Vec::new();
    let words = if rust {
        ["key", "lamports", "data", "owner", "rent_epoch", "flags"].as_slice()
    } else {
        &["key", "lamports", "length", "data", "owner", "rent_epoch", "flags"]
    };
    for (index, word) in words.iter().enumerate() {
        for (what, value) in [("null", 0), ("heap", HEAP + 0x4000), ("next", layout.key(STORE) + 8), ("max", u64::MAX)]
        {
            for (writable, access) in [(true, "writable"), (false, "readonly")] {
                let invocation = nothing(&[Stage::meta(STORE, writable, false)], &[STORE]);
                let invocation = if rust { invocation.rust() } else { invocation };
                let mut image = Image::new(HEAP);
                let placed = invocation.place(&mut image, layout);
                let at = (placed.infos - HEAP) as usize + index * 8;
                image.bytes[at..at + 8].copy_from_slice(&u64::to_le_bytes(value));
                let name = label(rust, &format!("info_{word}_{what}_{access}"));
                cases.push(stage.play_image(&name, Anything, &image, &[placed.call(rust).logged()]));
            }
        }
    }
    if rust {
        cases.extend(cells(stage));
    } else {
        cases.extend(lengths(stage));
    }
    cases
}

/// Rust's counted cells: their references changed, and they themselves in other regions.
fn cells(stage: &Stage) -> Vec<Case> {
    let layout = &stage.layout;
    let mut cases = Vec::new();
    let true_info = |image: &mut Image| rust_info(image, layout, STORE);
    for (name, word, value, expect) in [
        ("lamports_reference_elsewhere", 3, layout.lamports(STORE_B), Failure),
        ("lamports_reference_null", 3, 0, Failure),
        ("lamports_borrowed", 2, 1, Success),
        ("data_reference_elsewhere", 7, layout.data(STORE) + 8, Failure),
        ("data_reference_null", 7, 0, Failure),
        ("data_length_0", 8, 0, Success),
        ("data_length_more", 8, 65, Success),
        ("data_length_most", 8, 64 + GROWTH_BYTES, Success),
        ("data_length_too_much", 8, 65 + GROWTH_BYTES, Failure),
        ("data_length_max", 8, u64::MAX, Failure),
    ] {
        let mut image = Image::new(HEAP);
        let info = true_info(&mut image);
        image.bytes[word * 8..word * 8 + 8].copy_from_slice(&u64::to_le_bytes(value));
        let mut placed = nothing(&[Stage::meta(STORE, true, false)], &[]).rust().place(&mut image, layout);
        (placed.infos, placed.infos_count) = (image.put(info), 1);
        let after = [placed.call(true).logged(), load(3, Value(layout.data_length(STORE))).logged()];
        cases.push(stage.play_image(
            &format!("rust_cell_{name}"),
            if expect == Success { Anything } else { expect },
            &image,
            &after,
        ));
    }
    for (name, word, value) in [
        ("lamports_in_input", 1, layout.data(STORE)),
        ("lamports_in_stack", 1, STACK + 64),
        ("data_in_input", 2, layout.data(STORE)),
        ("data_in_stack", 2, STACK + 128),
        ("lamports_unaligned", 1, HEAP + 1),
        ("data_unaligned", 2, HEAP + 33),
    ] {
        let mut image = Image::new(HEAP);
        let mut info = true_info(&mut image);
        info[word * 8..word * 8 + 8].copy_from_slice(&u64::to_le_bytes(value));
        let mut placed = nothing(&[Stage::meta(STORE, true, false)], &[]).rust().place(&mut image, layout);
        (placed.infos, placed.infos_count) = (image.put(info), 1);
        let steps =
            [copy(STACK + 64, Value(HEAP), 32), copy(STACK + 128, Value(HEAP + 32), 40), placed.call(true).logged()];
        cases.push(stage.play_image(&format!("rust_cell_{name}"), Anything, &image, &steps));
    }
    cases
}

/// The length of data as the C info says it.
fn lengths(stage: &Stage) -> Vec<Case> {
    let layout = &stage.layout;
    let mut cases = Vec::new();
    for (length, writable) in [
        (0, true),
        (0, false),
        (63, true),
        (63, false),
        (65, true),
        (65, false),
        (64 + GROWTH_BYTES, true),
        (65 + GROWTH_BYTES, true),
        (65 + GROWTH_BYTES, false),
        (1 << 40, true),
        (u64::MAX, true),
    ] {
        for (account, owned) in [(STORE, "own"), (STORE_B, "foreign"), (FIXED, "fixed")] {
            if account == FIXED && writable {
                continue;
            }
            let mut image = Image::new(HEAP);
            let mut info = c_info(layout, account);
            info[16..24].copy_from_slice(&u64::to_le_bytes(length));
            let mut placed = nothing(&[Stage::meta(account, writable, false)], &[]).place(&mut image, layout);
            (placed.infos, placed.infos_count) = (image.put(info), 1);
            let after = [
                placed.call(false).logged(),
                load(3, Value(placed.infos + 16)).logged(),
                load(3, Value(layout.data_length(account))).logged(),
            ];
            let access = if writable { "writable" } else { "readonly" };
            cases.push(stage.play_image(&format!("c_length_{length}_{owned}_{access}"), Anything, &image, &after));
        }
    }
    cases
}

/// Each argument of the syscall itself.
fn arguments(stage: &Stage, rust: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    let invocation = nothing(&[Stage::meta(STORE, true, false)], &[STORE]).signed(&[b"x"]);
    let invocation = if rust { invocation.rust() } else { invocation };
    let mut image = Image::new(HEAP);
    let placed = invocation.place(&mut image, &stage.layout);
    let input = stage.layout.data(STORE);
    for (argument, name) in ["instruction", "infos", "infos_count", "signers", "signers_count"].iter().enumerate() {
        let is_count = name.ends_with("count");
        let values: &[u64] = if is_count {
            &[0, 2, 17, 1 << 20, u64::MAX / 56, u64::MAX]
        } else {
            &[0, HEAP + 0x4001, TEXT, STACK + 0x1000, HEAP + 0x8000, input, u64::MAX - 7]
        };
        for (index, value) in values.iter().enumerate() {
            let mut step = placed.call(rust).logged();
            step.arguments[argument] = Value(*value);
            cases.push(stage.play_image(&label(rust, &format!("{name}_{index}")), Anything, &image, &[step]));
        }
    }
    let mut at_end = image.clone();
    let infos = at_end.bytes[(placed.infos - HEAP) as usize..][..if rust { 48 } else { 56 }].to_vec();
    let end = HEAP + 0x8000 - infos.len() as u64;
    let from = at_end.put(&infos);
    let mut step = placed.call(rust).logged();
    step.arguments[1] = Value(end);
    let steps = [copy(end, Value(from), infos.len()), step];
    cases.push(stage.play_image(&label(rust, "infos_at_heap_end"), Anything, &at_end, &steps));
    cases
}

/// Words of the instruction and of its metas.
fn instructions(stage: &Stage, rust: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    let invocation = Invocation { data: vec![0; 48], ..nothing(&[Stage::meta(STORE, true, false)], &[STORE]) };
    let invocation = if rust { invocation.rust() } else { invocation };
    let words = if rust {
        ["metas", "metas_capacity", "metas_count", "data", "data_capacity", "data_length", "program"].as_slice()
    } else {
        &["program", "metas", "metas_count", "data", "data_length"]
    };
    for (index, word) in words.iter().enumerate() {
        for (name, value) in
            [("zero", 0), ("odd", HEAP + 0x4001), ("max", u64::MAX), ("large", 1 << 32), ("text", TEXT)]
        {
            let mut image = Image::new(HEAP);
            let placed = invocation.place(&mut image, &stage.layout);
            let at = (placed.instruction - HEAP) as usize + index * 8;
            image.bytes[at..at + 8].copy_from_slice(&u64::to_le_bytes(value));
            let name = label(rust, &format!("instruction_{word}_{name}"));
            cases.push(stage.play_image(&name, Anything, &image, &[placed.call(rust).logged()]));
        }
    }
    let flags = if rust { [32, 33] } else { [8, 9] };
    for (offset, value) in [(flags[0], 2), (flags[1], 2), (flags[0], 255), (flags[1], 0x80)] {
        let mut image = Image::new(HEAP);
        let placed = invocation.place(&mut image, &stage.layout);
        let metas = if rust { placed.instruction } else { placed.instruction + 8 };
        let at = (metas - HEAP) as usize;
        let metas = u64::from_le_bytes(image.bytes[at..at + 8].try_into().expect("8 bytes"));
        let steps = [store(0, Value(metas + offset), Value(value)), placed.call(rust).logged()];
        let name = label(rust, &format!("meta_flag_{offset}_is_{value}"));
        cases.push(stage.play_image(&name, Failure, &image, &steps));
    }
    let mut image = Image::new(HEAP);
    let placed = invocation.place(&mut image, &stage.layout);
    let step = placed.call(!rust).logged();
    cases.push(stage.play_image(&label(rust, "given_to_the_other_abi"), Anything, &image, &[step]));
    cases
}
