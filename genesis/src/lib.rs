//! From files to the accounts of a genesis, and back: account files of Solana's tools, program ELFs, genesis files.
//!
//! Nothing here executes or stores; [`GenesisAccounts`] is what an engine's builder is given. No bytes of a file panic,
//! and every error names the file and, where there is one, the field.
//!
//! ```
//! use heddle_genesis::{GenesisAccounts, parse_account, write_account};
//! use heddle_types::{Account, Pubkey};
//!
//! let key = Pubkey::new_from_array([7; 32]);
//! let mut json = Vec::new();
//! write_account(&mut json, &key, &Account::with_lamports(5))?;
//! let parsed = parse_account(&json, "account.json".as_ref())?;
//! assert_eq!((parsed.address, &parsed.account), (Some(key), &Account::with_lamports(5)));
//!
//! let mut accounts = GenesisAccounts::default();
//! accounts.import(key, parsed.account, "account.json")?;
//! assert!(accounts.fund(key, 1, "--fund").is_err(), "an address is given once");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![doc = include_str!("../README.md")]

mod account_json;
mod accounts;
mod data;
mod error;
mod fields;
mod file;
mod json;
mod program;
mod read;

pub use account_json::{AccountFile, parse_account, read_account, write_account};
pub use accounts::{GenesisAccounts, Imported};
pub use error::{FieldProblem, GenesisError};
pub use file::GenesisFile;
pub use program::{ProgramLoader, program_accounts, read_elf};
