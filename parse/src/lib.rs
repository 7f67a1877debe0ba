//! What accounts and instructions of known programs mean, as the `jsonParsed` JSON of Solana's RPC.
//!
//! Names, nesting, program names and what is left unparsed follow Agave 4.3.2 (crates `solana-account-decoder` and
//! `solana-transaction-status`) to the letter: clients match on them. The order of an object's fields says nothing:
//! Agave's service sorts all of them. Nothing here panics, whatever the bytes are, and nothing but the arguments is read.
#![doc = include_str!("../README.md")]

mod accounts;
mod instructions;
mod programs;
mod reader;
mod token;

pub use accounts::{ParsedAccount, parse_account};
pub use instructions::{ParsedInstruction, memo_line, parse_instruction};
pub use programs::{is_memo_program, is_token_program};
pub use token::{
    amount::{MintFacts, token_amount},
    state::{Mint, TokenAccount, TokenAccountState},
};
