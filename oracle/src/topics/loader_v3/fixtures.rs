//! What other scenarios need of this topic: its programs, accounts and instructions.

pub use super::{
    close_program, deploy,
    elf::{forwarded, logs_clock},
    extend, invoke, uninitialized, upgrade,
};

use super::{AccountMeta, PROGRAM_BYTES, buffer, elf, with};
use crate::{
    case::{address, w},
    environment::Environment,
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;

/// Everything that a program needs to be deployed from "buffer", upgraded from "buffer" again, and called.
pub fn world(environment: &Environment) -> Vec<(Address, Account)> {
    vec![
        (address("program"), uninitialized(environment, PROGRAM_BYTES)),
        (address("buffer"), buffer(environment, Some("authority"), &elf::succeeds())),
        (address("second buffer"), buffer(environment, Some("authority"), &elf::succeeds_louder())),
        (address("third buffer"), buffer(environment, Some("authority"), &elf::succeeds())),
        (address("forwarder"), elf::forwarder()),
    ]
}

/// An upgrade from the second buffer.
pub fn upgrade_from_second() -> Instruction {
    with(upgrade(), |accounts: &mut Vec<AccountMeta>| accounts[2] = w(address("second buffer")))
}

/// A deployment to the same address from the third buffer.
pub fn deploy_from_third(max_bytes: usize) -> Instruction {
    with(deploy(max_bytes), |accounts: &mut Vec<AccountMeta>| accounts[3] = w(address("third buffer")))
}
