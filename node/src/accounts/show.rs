//! `heddle accounts show`: the fields of some accounts.

use heddle_storage::{RocksStore, Store};
use heddle_types::{Account, Pubkey};
use serde::Serialize;

use super::fail_if_missing;
use crate::{arguments::ShowArguments, failure::Failure};

/// Bytes of data that are shown.
const SHOWN_BYTES_MAX: usize = 64;

/// The JSON of `heddle accounts show --json`.
#[derive(Serialize)]
struct Report {
    slot: u64,
    accounts: Vec<Shown>,
    missing: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    address: String,
    lamports: u64,
    owner: String,
    executable: bool,
    data_bytes: usize,
    /// The first bytes of the data.
    data_begin: String,
}

pub(crate) fn run(arguments: &ShowArguments) -> Result<(), Failure> {
    let store = RocksStore::open_read_only(&arguments.db).map_err(Failure::Open)?;
    let slot = store.tip().map_err(Failure::Read)?.map_or(0, |tip| tip.header.slot);
    let mut report = Report { slot, accounts: Vec::new(), missing: Vec::new() };
    let mut missing = Vec::new();
    for (key, account) in arguments.addresses.iter().zip(store.accounts(&arguments.addresses).map_err(Failure::Read)?) {
        match account {
            Some(account) => report.accounts.push(Shown::new(key, &account)),
            None => missing.push(*key),
        }
    }
    report.missing = missing.iter().map(Pubkey::to_string).collect();
    report.print(arguments.json)?;
    fail_if_missing(&missing)
}

impl Shown {
    fn new(key: &Pubkey, account: &Account) -> Self {
        let begin = account.data.iter().take(SHOWN_BYTES_MAX);
        Self {
            address: key.to_string(),
            lamports: account.lamports,
            owner: account.owner.to_string(),
            executable: account.executable,
            data_bytes: account.data.len(),
            data_begin: begin.map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl Report {
    fn print(&self, as_json: bool) -> Result<(), Failure> {
        if as_json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(());
        }
        for account in &self.accounts {
            println!("{}", account.address);
            println!("  lamports   {}", account.lamports);
            println!("  owner      {}", account.owner);
            println!("  executable {}", if account.executable { "yes" } else { "no" });
            println!("  data       {} bytes", account.data_bytes);
            if account.data_bytes > 0 {
                let more = if account.data_bytes > SHOWN_BYTES_MAX { "…" } else { "" };
                println!("             {}{more}", account.data_begin);
            }
        }
        Ok(())
    }
}
