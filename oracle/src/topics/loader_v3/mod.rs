//! The upgradeable loader: every instruction with its errors, and when what it changes can be invoked.

mod authority;
mod buffers;
mod closing;
mod deployment;
mod elf;
mod extension;
pub mod fixtures;
mod upgrade;
mod visibility;

use crate::{
    case::{Case, Expect, SOL, account, address, instruction, r, rs, system_account, w, ws},
    environment::{Environment, SLOT},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{bpf_loader_upgradeable, system_program, sysvar};

const LOADER: Address = bpf_loader_upgradeable::ID;

const BUFFER_HEADER_BYTES: usize = 37;
const PROGRAM_DATA_HEADER_BYTES: usize = 45;
const PROGRAM_BYTES: usize = 36;

/// Largest account.
const ACCOUNT_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Every key that may have to sign.
const SIGNERS: [&str; 8] =
    ["payer", "authority", "other authority", "new authority", "program", "buffer", "poor", "program data payer"];

/// The topic's cases.
pub fn cases(environment: &Environment) -> Vec<Case> {
    [
        buffers::cases(environment),
        authority::cases(environment),
        closing::cases(environment),
        deployment::cases(environment),
        upgrade::cases(environment),
        extension::cases(environment),
        visibility::cases(environment),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A transaction paid by `payer`, signed by whoever its instructions ask. One that was there before gets another byte at
/// its end, which nobody looks at.
fn run(mut case: Case, expect: Expect, instructions: &[Instruction]) -> Case {
    let is_asked = |name: &&str| {
        let key = address(name);
        instructions.iter().flat_map(|one| &one.accounts).any(|meta| meta.is_signer && meta.pubkey == key)
    };
    let mut signers = vec!["payer"];
    signers.extend(SIGNERS.into_iter().skip(1).filter(is_asked));
    let mut instructions = instructions.to_vec();
    loop {
        case = case.legacy(expect, &signers, &instructions);
        let (last, earlier) = case.transactions.split_last().expect("the transaction");
        if !earlier.iter().any(|(one, _)| one == &last.0) {
            return case;
        }
        case.transactions.pop();
        instructions.last_mut().expect("an instruction").data.push(0);
    }
}

fn fails(case: Case, one: Instruction) -> Case {
    run(case, Expect::Failure, &[one])
}

/// `one` with its accounts changed.
fn with(mut one: Instruction, change: impl FnOnce(&mut Vec<AccountMeta>)) -> Instruction {
    change(&mut one.accounts);
    one
}

// ---- accounts -----------------------------------------------------------------------------------------------------

fn programdata_address(program: &str) -> Address {
    Address::find_program_address(&[address(program).as_ref()], &LOADER).0
}

fn option(authority: Option<&str>) -> Vec<u8> {
    authority.map_or(vec![0; 33], |name| [&[1], address(name).as_ref()].concat())
}

fn owned(environment: &Environment, data: Vec<u8>) -> Account {
    account(environment.exempt(data.len()), data, LOADER)
}

/// A buffer that holds `elf`.
fn buffer(environment: &Environment, authority: Option<&str>, elf: &[u8]) -> Account {
    owned(environment, [&[1, 0, 0, 0], option(authority).as_slice(), elf].concat())
}

pub fn uninitialized(environment: &Environment, space: usize) -> Account {
    owned(environment, vec![0; space])
}

/// A program account that points to its program data.
fn program(environment: &Environment, name: &str) -> Account {
    let data = [&[2, 0, 0, 0], programdata_address(name).as_ref()].concat();
    Account { executable: true, ..owned(environment, data) }
}

/// Program data deployed in `slot`, with `room` zeros behind the program.
fn program_data(environment: &Environment, slot: u64, authority: Option<&str>, elf: &[u8], room: usize) -> Account {
    let mut data = [&[3, 0, 0, 0], slot.to_le_bytes().as_slice(), &option(authority), elf].concat();
    data.resize(data.len() + room, 0);
    owned(environment, data)
}

/// A case with a program `program` of `authority`, deployed in slot 0.
fn deployed(environment: &Environment, name: &str, elf: &[u8], room: usize) -> Case {
    Case::new(environment, name)
        .account(programdata_address("program"), program_data(environment, 0, Some("authority"), elf, room))
        .account(address("program"), program(environment, "program"))
}

/// The same with its program data deployed in this slot, the one before, ...
fn deployed_in(environment: &Environment, name: &str, slot: u64, authority: Option<&str>) -> Case {
    deployed(environment, name, &elf::succeeds(), 0)
        .account(programdata_address("program"), program_data(environment, slot, authority, &elf::succeeds(), 2_000))
}

// ---- instructions -------------------------------------------------------------------------------------------------

fn loader(tag: u32, fields: &[u8], accounts: Vec<AccountMeta>) -> Instruction {
    instruction(LOADER, accounts, [&tag.to_le_bytes(), fields].concat())
}

fn initialize(buffer: &str) -> Instruction {
    loader(0, &[], vec![w(address(buffer)), r(address("authority"))])
}

fn write(buffer: &str, offset: u32, bytes: &[u8]) -> Instruction {
    let fields = [&offset.to_le_bytes(), (bytes.len() as u64).to_le_bytes().as_slice(), bytes].concat();
    loader(1, &fields, vec![w(address(buffer)), rs(address("authority"))])
}

pub fn deploy(max_bytes: usize) -> Instruction {
    let accounts = vec![
        ws(address("payer")),
        w(programdata_address("program")),
        w(address("program")),
        w(address("buffer")),
        r(sysvar::rent::ID),
        r(sysvar::clock::ID),
        r(system_program::ID),
        rs(address("authority")),
    ];
    loader(2, &(max_bytes as u64).to_le_bytes(), accounts)
}

pub fn upgrade() -> Instruction {
    let accounts = vec![
        w(programdata_address("program")),
        w(address("program")),
        w(address("buffer")),
        w(address("spill")),
        r(sysvar::rent::ID),
        r(sysvar::clock::ID),
        rs(address("authority")),
    ];
    loader(3, &[], accounts)
}

fn set_authority(target: Address, next: Option<&str>) -> Instruction {
    let mut accounts = vec![w(target), rs(address("authority"))];
    accounts.extend(next.map(|name| r(address(name))));
    loader(4, &[], accounts)
}

fn set_authority_checked(target: Address, next: &str) -> Instruction {
    loader(7, &[], vec![w(target), rs(address("authority")), rs(address(next))])
}

fn close(target: Address) -> Instruction {
    loader(5, &[], vec![w(target), w(address("recipient")), rs(address("authority"))])
}

pub fn close_program() -> Instruction {
    with(close(programdata_address("program")), |accounts| accounts.push(w(address("program"))))
}

pub fn extend(additional_bytes: u32) -> Instruction {
    let accounts =
        vec![w(programdata_address("program")), w(address("program")), r(system_program::ID), ws(address("payer"))];
    loader(6, &additional_bytes.to_le_bytes(), accounts)
}

pub fn invoke(program: &str) -> Instruction {
    instruction(address(program), vec![], vec![])
}
