//! Instructions of the stake program, with the accounts that clients give them.

use crate::case::{address, instruction, r, rs, w};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::{stake::ID, sysvar};

/// Formerly the stake configuration; clients still name it.
pub const UNUSED: Address = Address::from_str_const("StakeConfig11111111111111111111111111111111");

/// Roles that can be handed over.
pub const STAKER: u32 = 0;
/// The other.
pub const WITHDRAWER: u32 = 1;

fn stake(tag: u32, accounts: Vec<AccountMeta>, parts: &[&[u8]]) -> Instruction {
    instruction(ID, accounts, [&[tag.to_le_bytes().as_slice()], parts].concat().concat())
}

fn clock() -> AccountMeta {
    r(sysvar::clock::ID)
}

fn history() -> AccountMeta {
    r(sysvar::stake_history::ID)
}

fn named(name: &str) -> AccountMeta {
    w(address(name))
}

/// A string or list as the program's encoding has it: length u64, bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    [(bytes.len() as u64).to_le_bytes().as_slice(), bytes].concat()
}

fn optional<const SIZE: usize>(value: Option<[u8; SIZE]>) -> Vec<u8> {
    value.map_or_else(|| vec![0], |bytes| [[1].as_slice(), &bytes].concat())
}

/// Any tag and data on `stake`, signed by staker and withdrawer.
pub fn raw(tag: u32, data: &[u8]) -> Instruction {
    stake(tag, vec![named("stake"), clock(), rs(address("staker")), rs(address("withdrawer"))], &[data])
}

pub fn initialize(locked_until: i64, locked_epoch: u64) -> Instruction {
    let keys = ["staker", "withdrawer"].map(|name| address(name).to_bytes()).concat();
    let lockup = [locked_until.to_le_bytes(), locked_epoch.to_le_bytes()].concat();
    let custodian = address("custodian").to_bytes();
    stake(0, vec![named("stake"), r(sysvar::rent::ID)], &[&keys, &lockup, &custodian])
}

pub fn initialize_checked() -> Instruction {
    let accounts = vec![named("stake"), r(sysvar::rent::ID), r(address("staker")), rs(address("withdrawer"))];
    stake(9, accounts, &[])
}

pub fn authorize(authority: &str, role: u32) -> Instruction {
    let accounts = vec![named("stake"), clock(), rs(address(authority))];
    stake(1, accounts, &[&address("heir").to_bytes(), &role.to_le_bytes()])
}

pub fn authorize_checked(authority: &str, role: u32) -> Instruction {
    let accounts = vec![named("stake"), clock(), rs(address(authority)), rs(address("heir"))];
    stake(10, accounts, &[&role.to_le_bytes()])
}

pub fn authorize_with_seed(role: u32, seed: &str, owner: Address) -> Instruction {
    let accounts = vec![named("stake"), rs(address("base")), clock()];
    let heir = address("heir").to_bytes();
    stake(8, accounts, &[&heir, &role.to_le_bytes(), &sized(seed.as_bytes()), &owner.to_bytes()])
}

pub fn authorize_checked_with_seed(role: u32, seed: &str, owner: Address) -> Instruction {
    let accounts = vec![named("stake"), rs(address("base")), clock(), rs(address("heir"))];
    stake(11, accounts, &[&role.to_le_bytes(), &sized(seed.as_bytes()), &owner.to_bytes()])
}

pub fn set_lockup(authority: &str, until: Option<i64>, epoch: Option<u64>, custodian: Option<&str>) -> Instruction {
    let custodian = custodian.map(|name| address(name).to_bytes());
    let parts = [optional(until.map(i64::to_le_bytes)), optional(epoch.map(u64::to_le_bytes)), optional(custodian)];
    stake(6, vec![named("stake"), rs(address(authority))], &[&parts.concat()])
}

pub fn set_lockup_checked(authority: &str, until: Option<i64>, epoch: Option<u64>, heir: bool) -> Instruction {
    let mut accounts = vec![named("stake"), rs(address(authority))];
    accounts.extend(heir.then(|| rs(address("heir"))));
    stake(12, accounts, &[&optional(until.map(i64::to_le_bytes)), &optional(epoch.map(u64::to_le_bytes))])
}

pub fn delegate() -> Instruction {
    stake(2, vec![named("stake"), r(address("vote")), clock(), history(), r(UNUSED), rs(address("staker"))], &[])
}

pub fn deactivate() -> Instruction {
    stake(5, vec![named("stake"), clock(), rs(address("staker"))], &[])
}

pub fn deactivate_delinquent() -> Instruction {
    stake(14, vec![named("stake"), r(address("vote")), r(address("reference"))], &[])
}

pub fn split(lamports: u64) -> Instruction {
    stake(3, vec![named("stake"), named("split"), rs(address("staker"))], &[&lamports.to_le_bytes()])
}

pub fn withdraw(lamports: u64) -> Instruction {
    let accounts = vec![named("stake"), named("recipient"), clock(), history(), rs(address("withdrawer"))];
    stake(4, accounts, &[&lamports.to_le_bytes()])
}

pub fn merge() -> Instruction {
    stake(7, vec![named("stake"), named("source"), clock(), history(), rs(address("staker"))], &[])
}

pub fn minimum_delegation() -> Instruction {
    stake(13, vec![], &[])
}

pub fn move_stake(lamports: u64) -> Instruction {
    stake(16, move_accounts(), &[&lamports.to_le_bytes()])
}

pub fn move_lamports(lamports: u64) -> Instruction {
    stake(17, move_accounts(), &[&lamports.to_le_bytes()])
}

fn move_accounts() -> Vec<AccountMeta> {
    vec![named("source"), named("stake"), rs(address("staker"))]
}

/// `instruction` with one account replaced.
pub fn with_account(mut instruction: Instruction, index: usize, meta: AccountMeta) -> Instruction {
    instruction.accounts[index] = meta;
    instruction
}

/// `instruction` with one account more.
pub fn and_account(mut instruction: Instruction, meta: AccountMeta) -> Instruction {
    instruction.accounts.push(meta);
    instruction
}

/// `instruction` with its first accounts only.
pub fn first_accounts(mut instruction: Instruction, count: usize) -> Instruction {
    instruction.accounts.truncate(count);
    instruction
}
