//! Syscalls as the call machine makes them: a catalogue of calls that succeed, with what a scenario needs to spoil them.

use crate::{
    agave::Agave,
    case::{Case, Expect, SOL, address, instruction},
    environment::{Environment, MACHINE},
    machine::{Argument, HEAP, Image, Step, UNITS_AFTER_LAST_SYSCALL, call, exit, give, script},
    topics::fees::limit,
};
use Argument::Value;
use solana_instruction::Instruction;
use solana_message::v1::TransactionConfig;

mod bls12_381;
mod bn254;
mod curve25519;
mod general;
mod hashes;
mod memory;
mod program_addresses;
mod sysvars;

/// Where calls write their first result.
pub const OUT: u64 = HEAP + 0x1000;

/// Where calls write their second result.
pub const OUT_2: u64 = HEAP + 0x2000;

/// The most compute units that a transaction may ask for.
pub const UNITS_MAX: u32 = 1_400_000;

/// A syscall with all that it reads.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    pub syscall: &'static str,
    pub arguments: Vec<Argument>,
    /// Which arguments are addresses.
    pub pointers: &'static [usize],
    /// Which arguments are lengths or counts.
    pub lengths: &'static [usize],
    pub image: Image,
    /// Steps before the call.
    pub before: Vec<Step>,
    /// Memory to give as return data afterwards: address and length.
    pub result: Option<(u64, u64)>,
    pub expect: Expect,
}

impl Call {
    /// A call that succeeds.
    pub fn new(name: impl Into<String>, syscall: &'static str, image: Image, arguments: &[u64]) -> Self {
        Self {
            name: name.into(),
            syscall,
            arguments: arguments.iter().map(|word| Value(*word)).collect(),
            pointers: &[],
            lengths: &[],
            image,
            before: Vec::new(),
            result: None,
            expect: Expect::Success,
        }
    }

    /// States which arguments are addresses and which are lengths.
    pub fn with(mut self, pointers: &'static [usize], lengths: &'static [usize]) -> Self {
        (self.pointers, self.lengths) = (pointers, lengths);
        self
    }

    /// Gives this memory as return data afterwards.
    pub fn gives(mut self, address: u64, length: u64) -> Self {
        self.result = Some((address, length));
        self
    }

    /// Does these steps first.
    pub fn after_steps(mut self, steps: &[Step]) -> Self {
        self.before.extend(steps.iter().cloned());
        self
    }

    /// The program fails in the call.
    pub fn aborts(mut self) -> Self {
        self.expect = Expect::Failure;
        self
    }

    /// The same with another value of an argument, and another name.
    pub fn but(&self, name: impl Into<String>, argument: usize, value: u64) -> Self {
        let mut changed = Self { name: name.into(), ..self.clone() };
        changed.arguments[argument] = Value(value);
        changed
    }

    /// The script that logs what the call returns and gives its result.
    pub fn script(&self) -> Vec<u8> {
        let mut steps = self.before.clone();
        steps.push(call(self.syscall, &self.arguments).logged());
        steps.extend(self.result.map(|(address, length)| give(address, length)));
        steps.push(exit(Value(0)));
        script(&steps, &self.image.bytes)
    }

    /// The script that ends after the call.
    pub fn bare_script(&self) -> Vec<u8> {
        let mut steps = self.before.clone();
        steps.push(call(self.syscall, &self.arguments));
        steps.push(exit(Value(0)));
        script(&steps, &self.image.bytes)
    }
}

/// An instruction of the machine, without accounts.
pub fn run(script: Vec<u8>) -> Instruction {
    instruction(address(MACHINE), vec![], script)
}

/// A transaction's instructions: all the compute units there are, and `instruction`.
pub fn with_all_units(instruction: Instruction) -> [Instruction; 2] {
    [limit(UNITS_MAX), instruction]
}

/// Instruction data for which a legacy transaction with a payer and the limit has room.
const DATA_BYTES_MAX: usize = 990;

/// Adds a transaction of all the units there are and `run`, in the form that has room for it.
pub fn play(case: Case, expect: Expect, run: Instruction) -> Case {
    if run.data.len() <= DATA_BYTES_MAX {
        return case.legacy(expect, &["payer"], &with_all_units(run));
    }
    case.v1(expect, &["payer"], large(UNITS_MAX), &[run])
}

/// The budget of a v1 transaction, which has room for more.
pub fn large(units: u32) -> TransactionConfig {
    TransactionConfig {
        priority_fee: None,
        compute_unit_limit: Some(units),
        loaded_accounts_data_size_limit: Some(1 << 20),
        heap_size: None,
    }
}

/// A case with a payer only.
pub fn case(environment: &Environment, name: impl Into<String>) -> Case {
    Case::bare(environment, name).lamports("payer", SOL)
}

/// The call with as many units as it takes, and with fewer: one for the whole program, those that end just after the
/// call, and one less, which the call itself lacks.
pub fn unit_limits(environment: &Environment, call: &Call) -> Case {
    let script = call.bare_script();
    let base = case(environment, format!("{}_units", call.name));
    let probe = case(environment, "probe").ok(&["payer"], &with_all_units(run(script.clone())));
    let outcome = Agave::new(environment, &probe.accounts).execute(&probe.transactions[0].0);
    let used = outcome.compute_units;
    assert!(outcome.error.is_none(), "{}: {:?} {:#?}", call.name, outcome.error, outcome.logs);
    let with = |units: u64| [limit(units as u32), run(script.clone())];
    base.ok(&["payer"], &with(used))
        .fails(&["payer"], &with(used - 1))
        .fails(&["payer"], &with(used - UNITS_AFTER_LAST_SYSCALL))
        .fails(&["payer"], &with(used - UNITS_AFTER_LAST_SYSCALL - 1))
}

/// One call of each kind, all of which succeed.
pub fn catalogue() -> Vec<Call> {
    let mut calls = general::calls();
    calls.extend(program_addresses::calls());
    calls.extend(hashes::calls());
    calls.extend(curve25519::calls());
    calls.extend(bls12_381::calls());
    calls.extend(bn254::calls());
    calls.extend(sysvars::calls());
    calls.extend(memory::calls());
    calls
}

/// Calls that return an error code, abort, or succeed at the edge of what is allowed.
pub fn edges() -> Vec<Call> {
    let mut calls = general::edges();
    calls.extend(program_addresses::edges());
    calls.extend(hashes::edges());
    calls.extend(curve25519::edges());
    calls.extend(bls12_381::edges());
    calls.extend(bn254::edges());
    calls.extend(sysvars::edges());
    calls.extend(memory::edges());
    calls
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// `bytes` with each run of `size` reversed: the other byte order of a list of numbers.
fn swapped(bytes: &[u8], size: usize) -> Vec<u8> {
    bytes.chunks(size).flat_map(|chunk| chunk.iter().rev().copied()).collect()
}

/// `modulus - number`, both big-endian and of one length.
fn negated(modulus: &[u8], number: &[u8]) -> Vec<u8> {
    let mut borrow = 0i16;
    let mut result = vec![0; number.len()];
    for index in (0..number.len()).rev() {
        let difference = i16::from(modulus[index]) - i16::from(number[index]) - borrow;
        borrow = i16::from(difference < 0);
        result[index] = difference.rem_euclid(256) as u8;
    }
    result
}
