//! Every native program with any instruction data on any accounts.
//!
//! The list comes from the runtime: a program that is registered later is covered without a change here.

use std::sync::LazyLock;

use heddle_programs::{LoaderV3State, programdata_address};
use heddle_types::{Account, Pubkey};
use heddle_vm::{ComputeBudget, DurableNonce, NonceData, NonceState, NonceVersion};
use solana_sdk_ids::{bpf_loader, bpf_loader_upgradeable, native_loader, system_program, sysvar, vote};

use crate::{
    guest::Assembler,
    input::Input,
    machine::{BLOCKHASH, Entry, Instruction, Programs, Scenario, block, runtime},
};

/// Builtins and precompiles, sorted by address.
static NATIVE: LazyLock<Vec<Pubkey>> = LazyLock::new(|| {
    let mut keys: Vec<_> = runtime().native_programs().copied().collect();
    keys.sort_unstable();
    keys
});

/// Where the program data of the first plain account is.
static PROGRAM_DATA: LazyLock<Pubkey> = LazyLock::new(|| programdata_address(&[1; 32].into()));

/// Sysvars that instructions name.
const SYSVARS: [Pubkey; 6] = [
    sysvar::clock::ID,
    sysvar::rent::ID,
    sysvar::recent_blockhashes::ID,
    sysvar::slot_hashes::ID,
    sysvar::instructions::ID,
    sysvar::epoch_schedule::ID,
];

/// Accounts of no fixed kind; the last has the address of the first one's program data.
const PLAIN_COUNT: usize = 6;
const INSTRUCTIONS_MAX: usize = 3;
const DATA_BYTES_MAX: usize = 1_200;

/// Up to three instructions of any native programs: no panic, lamports are conserved, read-only accounts stay.
pub fn builtins(data: &[u8]) {
    let mut input = Input::new(data);
    let programs = &*NATIVE;
    let first = choose_program(&mut input);
    let mut accounts: Vec<Entry> = (0..PLAIN_COUNT).map(|index| plain(index, &mut input)).collect();
    accounts.extend(SYSVARS.iter().map(|key| {
        let data = block().sysvars.data(key).unwrap_or(&[0; 40]);
        Entry { key: *key, account: Account::new(1, data, sysvar::ID), is_signer: false, is_writable: false }
    }));
    let programs_start = accounts.len();
    accounts.extend(programs.iter().map(|key| Entry {
        key: *key,
        account: Account { executable: true, ..Account::new(1, b"name", native_loader::ID) },
        is_signer: false,
        is_writable: false,
    }));
    let count = 1 + input.below(INSTRUCTIONS_MAX);
    let instructions = (0..count)
        .map(|index| {
            let program = if index == 0 { first } else { choose_program(&mut input) };
            any_instruction(programs_start + program, &accounts, &mut input)
        })
        .collect();
    let compute_unit_limit = input.pick(&[1_400_000, 200_000, 3_000, 100]);
    let budget = ComputeBudget { compute_unit_limit, ..ComputeBudget::default() };
    Scenario { accounts, instructions, budget, programs: Programs::default() }.run();
}

/// An index among the native programs: that whose bytes add up to the input's byte, or nearly. A committed input thereby
/// means the same program when others are added.
fn choose_program(input: &mut Input<'_>) -> usize {
    let byte = input.byte();
    let distance = |key: &Pubkey| key.as_array().iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)) ^ byte;
    let nearest = NATIVE.iter().enumerate().min_by_key(|(_, key)| distance(key));
    nearest.map_or(0, |(index, _)| index)
}

/// A small tag, as most native programs begin with, then keys and words; or bytes alone.
fn any_instruction(program: usize, accounts: &[Entry], input: &mut Input<'_>) -> Instruction {
    let count = input.below(8);
    let indices = (0..count).map(|_| {
        let choice = usize::from(input.byte());
        // The plain ones most of the time.
        (if choice < 192 { choice % PLAIN_COUNT } else { choice % accounts.len() }) as u8
    });
    let indices = indices.collect();
    let mut data = Vec::new();
    match input.byte() % 4 {
        0 => data.extend(input.blob(DATA_BYTES_MAX)),
        1 => {
            data.push(input.byte() % 24);
            data.extend(input.blob(DATA_BYTES_MAX));
        }
        _ => {
            data.extend(u32::from(input.byte() % 24).to_le_bytes());
            for _ in 0..input.below(8) {
                match input.byte() % 4 {
                    0 => data.extend(u64::from(input.u16()).to_le_bytes()),
                    1 => data.extend(accounts[input.below(accounts.len())].key.as_ref()),
                    2 => data.extend(u32::from(input.byte()).to_le_bytes()),
                    _ => data.extend(input.blob(64)),
                }
            }
        }
    }
    Instruction { program: program as u16, accounts: indices, data }
}

/// An account owned by a program that might look at it, holding something it might take for its own.
fn plain(index: usize, input: &mut Input<'_>) -> Entry {
    let key = if index + 1 == PLAIN_COUNT { *PROGRAM_DATA } else { Pubkey::new_from_array([index as u8 + 1; 32]) };
    let native = &*NATIVE;
    let kind = input.byte();
    let (owner, data) = match kind % 8 {
        0 => (system_program::ID, vec![]),
        1 => (system_program::ID, nonce(input)),
        2 => (bpf_loader_upgradeable::ID, loader_v3(input)),
        3 => (vote::ID, vec![0; 3_762]),
        4 => (native[input.below(native.len())], vec![0; usize::from(input.byte())]),
        5 => (native[input.below(native.len())], input.blob(DATA_BYTES_MAX).to_vec()),
        6 => (bpf_loader::ID, program_elf()),
        _ => (Pubkey::new_from_array([input.byte() % 8; 32]), input.blob(100).to_vec()),
    };
    let lamports = match input.byte() % 4 {
        0 => 10_000_000_000,
        1 => block().sysvars.rent.minimum_balance(data.len()) + u64::from(input.byte()),
        2 => 0,
        _ => input.u64(),
    };
    let flags = input.byte();
    let account = Account { executable: kind > 240, ..Account::new(lamports, &data, owner) };
    Entry { key, account, is_signer: flags & 1 == 0, is_writable: flags & 2 == 0 }
}

fn nonce(input: &mut Input<'_>) -> Vec<u8> {
    let mut bytes = [0; NonceState::SIZE_BYTES];
    let data = NonceData {
        authority: Pubkey::new_from_array([input.byte() % 6; 32]),
        durable_nonce: DurableNonce::from_blockhash(&if input.flag() { BLOCKHASH } else { Default::default() }),
        lamports_per_signature: 5_000,
    };
    let version = if input.flag() { NonceVersion::Current } else { NonceVersion::Legacy };
    let state = NonceState { version, data: input.flag().then_some(data) };
    assert!(state.write_to(&mut bytes), "the buffer is as long as a state");
    bytes.to_vec()
}

/// A header of each kind, then a program, or part of one.
fn loader_v3(input: &mut Input<'_>) -> Vec<u8> {
    let authority = input.flag().then(|| Pubkey::new_from_array([input.byte() % 6; 32]));
    let tag = u32::from(input.byte() % 5);
    let mut bytes = tag.to_le_bytes().to_vec();
    if tag == 2 {
        bytes.extend(PROGRAM_DATA.as_ref());
        return bytes;
    }
    if tag == 0 && input.flag() {
        bytes.resize(LoaderV3State::PROGRAM_BYTES, 0);
        return bytes;
    }
    if tag == 3 {
        bytes.extend(u64::from(input.u16()).to_le_bytes());
    }
    bytes.push(authority.is_some().into());
    bytes.extend(authority.unwrap_or_default().as_ref());
    if tag == 3 {
        bytes.resize(LoaderV3State::PROGRAM_DATA_HEADER_BYTES, 0);
    }
    bytes.extend(program_elf());
    bytes.resize(bytes.len() + usize::from(input.byte()), 0);
    bytes.truncate(bytes.len() - usize::from(input.byte() / 64 * 16));
    bytes
}

fn program_elf() -> Vec<u8> {
    Assembler::new(3).finish_returning(0).to_elf()
}
