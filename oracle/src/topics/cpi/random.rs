//! Random invocations over the stage's accounts: mostly sensible, with privileges, infos, seeds and bytes that may be wrong.

use super::{ALICE, Invocation, OTHER, PAYER, STORE, STORE_B, Stage, VAULT, transfer_data, vault_and_bump};
use crate::{
    case::{Case, SOL, address},
    environment::{Environment, MACHINE, MACHINE_B, MACHINE_C},
    machine::{Argument::Value, HEAP, Image, Layout, Step, call, exit, load, script, store},
};
use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use solana_instruction::Instruction;
use solana_sdk_ids::system_program;

/// Accounts that invocations pass on.
const PASSED: [usize; 6] = [PAYER, ALICE, STORE, STORE_B, VAULT, OTHER];

/// The stage's accounts without any transaction.
pub fn world(environment: &Environment, name: &str) -> Case {
    Stage::new(environment).case(name, &[])
}

/// An instruction of the first machine that changes something, invokes one or two programs, and changes something.
pub fn instruction(environment: &Environment, random: &mut ChaCha8Rng) -> Instruction {
    let stage = Stage::new(environment);
    let mut image = Image::new(HEAP);
    let mut steps = changes(&stage.layout, &[STORE, STORE_B, ALICE], random);
    for _ in 0..random.random_range(1..3) {
        let invocation = invocation(random);
        let placed = invocation.place(&mut image, &stage.layout);
        steps.push(placed.call(invocation.rust).logged());
    }
    steps.extend(changes(&stage.layout, &[STORE, STORE_B, ALICE], random));
    steps.push(call("sol_get_return_data", &[Value(HEAP + 0x6000), Value(8), Value(HEAP + 0x6100)]).logged());
    if random.random_range(0..100) < 12 {
        let at = random.random_range(0..image.bytes.len());
        image.bytes[at] ^= 1 << random.random_range(0..8);
    }
    stage.run(&image, &steps)
}

fn invocation(random: &mut ChaCha8Rng) -> Invocation {
    let signed = |mut invocation: Invocation, random: &mut ChaCha8Rng| {
        let (_, bump) = vault_and_bump();
        if random.random_range(0..100) < 60 {
            invocation = invocation.signed(&[b"vault", &[bump]]);
        }
        if random.random_range(0..2) == 0 { invocation.rust() } else { invocation }
    };
    if random.random_range(0..100) < 35 {
        let from = *[PAYER, VAULT, ALICE].choose(random).expect("three");
        let to = *PASSED.choose(random).expect("six");
        let metas = [Stage::meta(from, true, from != ALICE), Stage::meta(to, to != OTHER, false)];
        let lamports = random.random_range(0..SOL / 4);
        let transfer = Invocation::new(system_program::ID, &metas, transfer_data(lamports), &[from, to]);
        return signed(transfer, random);
    }
    let accounts: Vec<usize> = PASSED.iter().copied().filter(|_| random.random_range(0..2) == 0).collect();
    let spoiled = random.random_range(0..100) < 12;
    let metas: Vec<_> = accounts
        .iter()
        .map(|index| {
            let writable = *index != OTHER && random.random_range(0..100) < 70;
            Stage::meta(*index, writable, (*index == PAYER || spoiled) && random.random_range(0..2) == 0)
        })
        .collect();
    let infos: Vec<usize> = match random.random_range(0..100) {
        0..90 => PASSED.to_vec(),
        _ => PASSED.iter().copied().filter(|_| random.random_range(0..4) > 0).collect(),
    };
    let lengths: Vec<u64> =
        accounts.iter().map(|index| if [STORE, STORE_B].contains(index) { 64 } else { 0 }).collect();
    let program = *[MACHINE, MACHINE_B, MACHINE_B, MACHINE_C].choose(random).expect("four");
    // The machine itself, where it is among the accounts, has data; scripts leave what lies behind it alone.
    let plain = accounts.iter().position(|index| *index == OTHER).unwrap_or(accounts.len());
    let indices: Vec<usize> = (0..plain).collect();
    let mut steps = changes(&Layout::of(&lengths), &indices, random);
    match random.random_range(0..10) {
        0 => steps.push(exit(Value(random.random_range(0..70) << 32))),
        1 => steps.push(call("sol_set_return_data", &[Value(crate::machine::INPUT), Value(8)])),
        2 => steps.push(call("sol_get_stack_height", &[]).logged()),
        _ => {}
    }
    steps.push(exit(Value(0)));
    signed(Invocation::new(address(program), &metas, script(&steps, &[]), &infos), random)
}

/// Up to two changes to the accounts at `indices`.
fn changes(layout: &Layout, indices: &[usize], random: &mut ChaCha8Rng) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..random.random_range(0..3) {
        let Some(index) = indices.choose(random) else { return steps };
        let other = *indices.choose(random).expect("not empty");
        let lamports = random.random_range(SOL / 2..SOL);
        match random.random_range(0..8) {
            0 if other != *index => {
                steps.push(store(3, Value(layout.lamports(*index)), Value(lamports)));
                steps.push(store(3, Value(layout.lamports(other)), Value(2 * SOL - lamports)));
            }
            1 => steps.push(store(3, Value(layout.data_length(*index)), Value(random.random_range(0..200)))),
            2..5 => {
                let at = layout.data(*index) + random.random_range(0..64);
                steps.push(store(0, Value(at), Value(random.random_range(0..256))));
            }
            5 => steps.push(load(3, Value(layout.data_length(*index))).logged()),
            6 => steps.push(load(3, Value(layout.lamports(*index))).logged()),
            _ => steps.push(load(0, Value(layout.data(*index) + 5)).logged()),
        }
    }
    steps
}
