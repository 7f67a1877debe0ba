//! Instructions: the program called tells how to read one.
//!
//! The list of programs is that of crate `solana-transaction-status` 4.3.2, `parse_instruction.rs`.

mod address_lookup_table;
mod associated_token;
mod bpf_loader;
mod bpf_upgradeable_loader;
mod call;
mod memo;
mod stake;
mod system;
mod token;
mod vote;

use heddle_types::{Pubkey, ids};
use serde_json::Value;

pub use self::memo::line as memo_line;

use self::call::Call;
use crate::programs;

/// An instruction, read: `{"program", "programId", "parsed", "stackHeight"}` minus `programId` and `stackHeight`, which
/// the caller adds.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedInstruction {
    /// The program's name; one for both token programs, and one for all memo programs.
    pub program: &'static str,
    /// `{"type", "info"}`, or the text of a memo.
    pub parsed: Value,
}

/// Reads an instruction of `program`.
///
/// `accounts` are the keys of the instruction's accounts, in order. `None`: an unknown program or instruction, or too few
/// accounts; the caller shows it partially decoded.
pub fn parse_instruction(program: &Pubkey, accounts: &[Pubkey], data: &[u8]) -> Option<ParsedInstruction> {
    if programs::is_memo_program(program) {
        return Some(ParsedInstruction { program: "spl-memo", parsed: memo::parse(data)? });
    }
    // Agave parses no call without accounts, not even of those that need none.
    if accounts.is_empty() {
        return None;
    }
    let (program, call) = match *program {
        ids::address_lookup_table::ID => ("address-lookup-table", address_lookup_table::parse(accounts, data)?),
        programs::ASSOCIATED_TOKEN => ("spl-associated-token-account", associated_token::parse(accounts, data)?),
        ids::bpf_loader::ID => ("bpf-loader", bpf_loader::parse(accounts, data)?),
        ids::bpf_loader_upgradeable::ID => ("bpf-upgradeable-loader", bpf_upgradeable_loader::parse(accounts, data)?),
        programs::TOKEN | programs::TOKEN_2022 => ("spl-token", token::parse(accounts, data)?),
        ids::stake::ID => ("stake", stake::parse(accounts, data)?),
        ids::system_program::ID => ("system", system::parse(accounts, data)?),
        ids::vote::ID => ("vote", vote::parse(accounts, data)?),
        _ => return None,
    };
    Some(ParsedInstruction { program, parsed: call.done() })
}
