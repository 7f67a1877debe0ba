//! Seeded random transactions of call machines: syscalls with spoiled arguments, and invocations of invocations.

use super::{
    calls::{self, Call, OUT, UNITS_MAX},
    cpi::random,
    fees::{heap, limit},
};
use crate::{
    case::{Case, Expect, address},
    environment::{Environment, MACHINE, MACHINE_LOADER_V1, MACHINE_LOADER_V3, MACHINE_SBPF_V3},
    machine::{HEAP, INPUT, STACK, TEXT},
};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use solana_instruction::Instruction;
use solana_message::{Message, VersionedMessage};

const SEQUENCES: u64 = 40;
const TRANSACTIONS_PER_SEQUENCE: usize = 15;

/// Bytes of instruction data that a legacy transaction has room for here.
const DATA_BYTES_MAX: usize = 680;

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    (0..SEQUENCES).map(|seed| sequence(environment, seed)).collect()
}

/// The sequence of `seed`; the topic has the first few.
pub fn sequence(environment: &Environment, seed: u64) -> Case {
    let mut calls = calls::catalogue();
    calls.extend(calls::edges());
    let mut random = ChaCha8Rng::seed_from_u64(0x7072_6f67_7261_6d73 + seed);
    let mut case = random::world(environment, &format!("programs {seed}"));
    for _ in 0..TRANSACTIONS_PER_SEQUENCE {
        case = transaction(environment, case, &calls, &mut random);
    }
    case
}

fn transaction(environment: &Environment, case: Case, calls: &[Call], random: &mut ChaCha8Rng) -> Case {
    let run = if random.random_range(0..100) < 55 {
        random::instruction(environment, random)
    } else {
        syscall(calls, random)
    };
    let units = if random.random_range(0..100) < 80 { UNITS_MAX } else { random.random_range(200..12_000) };
    if run.data.len() > DATA_BYTES_MAX {
        return case.v1(Expect::Anything, &["payer"], calls::large(units), &[run]);
    }
    let mut instructions = vec![limit(units)];
    if random.random_range(0..100) < 15 {
        instructions.push(heap(random.random_range(32..257) * 1024));
    }
    instructions.push(run);
    let message = Message::new_with_blockhash(&instructions, Some(&address("payer")), &environment.blockhash);
    case.message(Expect::Anything, &["payer"], VersionedMessage::Legacy(message))
}

/// A call of the catalogue or the edges, half of them with an argument changed.
fn syscall(calls: &[Call], random: &mut ChaCha8Rng) -> Instruction {
    let mut call = calls.choose(random).expect("a catalogue").clone();
    if random.random_range(0..2) == 0 && !call.arguments.is_empty() {
        let argument = random.random_range(0..call.arguments.len());
        let value = value(random);
        call = call.but("", argument, value);
    }
    let machines = [MACHINE, MACHINE, MACHINE, MACHINE_SBPF_V3, MACHINE_LOADER_V1, MACHINE_LOADER_V3];
    let machine = *machines.choose(random).expect("six");
    Instruction { program_id: address(machine), ..calls::run(call.script()) }
}

fn value(random: &mut ChaCha8Rng) -> u64 {
    match random.random_range(0..8) {
        0 => random.random_range(0..300),
        1 => HEAP + random.random_range(0..0x8100),
        2 => STACK + random.random_range(0..0x8_0100),
        3 => INPUT + random.random_range(0..0x500),
        4 => TEXT + random.random_range(0..0x1800),
        5 => OUT + 8 * random.random_range(0..16),
        6 => 1 << random.random_range(0..64),
        _ => random.random(),
    }
}
