//! The genesis file: one JSON file that describes the first state of a chain. The README of this crate has an example.

use std::path::{Path, PathBuf};

use heddle_types::{Hash, Pubkey};
use serde_json::Value;

use crate::{
    FieldProblem, GenesisAccounts, GenesisError, ProgramLoader, account_json,
    fields::{Fields, kind},
    json,
    read::read_bounded,
};

/// Longest genesis file; accounts beyond that go into files of their own.
const FILE_BYTES_MAX: u64 = 256 << 20;

const KNOWN: &[&str] = &["accounts", "fund", "programs", "timestamp", "blockhash", "collector"];
const KNOWN_OF_FUND: &[&str] = &["address", "lamports"];
const KNOWN_OF_PROGRAM: &[&str] = &["address", "elf", "loader", "authority"];

/// What a genesis file says beside accounts. What it does not say is the engine's to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GenesisFile {
    /// Time of genesis in Unix seconds.
    pub timestamp: Option<i64>,
    /// The first blockhash that transactions may name.
    pub blockhash: Option<Hash>,
    /// Who gets the fees.
    pub collector: Option<Pubkey>,
}

impl GenesisFile {
    /// Reads the genesis file at `path`, adds its accounts to `accounts`, and returns the rest. Paths within it are
    /// relative to its directory. After an error `accounts` holds a part of them.
    ///
    /// # Errors
    /// [`GenesisError`]: this file or one that it names cannot be read or is not what it must be, or an address is given
    /// twice.
    pub fn read(path: &Path, accounts: &mut GenesisAccounts) -> Result<Self, GenesisError> {
        Self::parse(&read_bounded(path, FILE_BYTES_MAX)?, path, accounts)
    }

    /// As [`Self::read`], of `bytes` as if they were the file at `path`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(bytes: &[u8], path: &Path, accounts: &mut GenesisAccounts) -> Result<Self, GenesisError> {
        let json = json::parse(bytes, path)?;
        let fields = Fields::of(path, "", &json)?;
        fields.check_known(KNOWN)?;
        let file = Self::rest(&fields)?;
        for (name, value) in fields.elements("accounts")? {
            add_account(path, &name, value, accounts)?;
        }
        for (name, value) in fields.elements("fund")? {
            let fund = Fields::of(path, &name, value)?;
            fund.check_known(KNOWN_OF_FUND)?;
            accounts.fund(fund.address("address")?, fund.number("lamports")?, origin(path, &name))?;
        }
        for (name, value) in fields.elements("programs")? {
            add_program(path, &name, value, accounts)?;
        }
        Ok(file)
    }

    fn rest(fields: &Fields) -> Result<Self, GenesisError> {
        let timestamp = fields.optional("timestamp").map(|value| {
            let seconds = value.as_i64();
            seconds.ok_or_else(|| fields.problem("timestamp", kind("Unix seconds, a whole number", value)))
        });
        let blockhash = fields.optional("blockhash").map(|_| fields.parsed("blockhash", "a hash in base58"));
        let collector = fields.optional("collector").map(|_| fields.address("collector"));
        Ok(Self {
            timestamp: timestamp.transpose()?,
            blockhash: blockhash.transpose()?,
            collector: collector.transpose()?,
        })
    }
}

/// An account object, or the path of a file with one. Either must name its address.
fn add_account(path: &Path, name: &str, value: &Value, accounts: &mut GenesisAccounts) -> Result<(), GenesisError> {
    if let Value::String(relative) = value {
        let account_path = beside(path, relative);
        let file = account_json::read_account(&account_path)?;
        accounts.import(file.address(&account_path)?, file.account, account_path.display().to_string())?;
        return Ok(());
    }
    // Asked for first: it names the address within this file, as `AccountFile::address` could not.
    let address = Fields::of(path, name, value)?.address("pubkey")?;
    let file = account_json::account_of(path, name, value)?;
    accounts.import(address, file.account, origin(path, name))?;
    Ok(())
}

fn add_program(path: &Path, name: &str, value: &Value, accounts: &mut GenesisAccounts) -> Result<(), GenesisError> {
    let fields = Fields::of(path, name, value)?;
    fields.check_known(KNOWN_OF_PROGRAM)?;
    let authority = fields.optional("authority").map(|_| fields.address("authority")).transpose()?;
    let loader = match (fields.text("loader")?, authority) {
        ("v2", None) => ProgramLoader::V2,
        ("v2", Some(_)) => return Err(fields.problem("authority", FieldProblem::AuthorityOfV2)),
        ("v3", authority) => ProgramLoader::V3 { authority },
        _ => return Err(fields.problem("loader", kind("v2 or v3", fields.required("loader")?))),
    };
    let elf = beside(path, fields.text("elf")?);
    accounts.add_program(fields.address("address")?, &elf, loader, &origin(path, name))
}

fn beside(path: &Path, relative: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(relative)
}

fn origin(path: &Path, name: &str) -> String {
    format!("{}: {name}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "8opHzTAnfzRpPEx21XtnrVTX28YQuCpAjcn1PczScKh";
    const TWO: &str = "CiDwVBFgWV9E5MvXWoLgnEgn2hK7rJikbvfWavzAQz3";

    fn parse(text: &str) -> Result<(GenesisFile, Vec<(Pubkey, u64)>), GenesisError> {
        let mut accounts = GenesisAccounts::default();
        let file = GenesisFile::parse(text.as_bytes(), Path::new("/nowhere/g.json"), &mut accounts)?;
        Ok((file, accounts.into_accounts().map(|(key, account)| (key, account.lamports)).collect()))
    }

    fn check_refused(text: &str, told: &str) {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains(told), "{error} should tell {told}");
    }

    #[test]
    fn everything_is_optional() {
        assert_eq!(parse("{}").expect("valid"), Default::default());
        let text = format!(
            r#"{{"timestamp": -5, "blockhash": "{ONE}", "collector": "{TWO}", "fund": [{{"address": "{ONE}", "lamports": 7}}]}}"#
        );
        let (file, accounts) = parse(&text).expect("valid");
        let one: Pubkey = ONE.parse().expect("an address");
        assert_eq!(accounts, [(one, 7)]);
        let blockhash = Some(Hash::new_from_array(one.to_bytes()));
        assert_eq!(file, GenesisFile { timestamp: Some(-5), blockhash, collector: TWO.parse().ok() });
    }

    #[test]
    fn every_bad_field_is_named() {
        check_refused("[]", "/nowhere/g.json: the top of the file is an array");
        check_refused(r#"{"founds": [], "time": 1}"#, r#"unknown fields ["founds", "time"]; known are ["accounts","#);
        check_refused(r#"{"timestamp": 1.5}"#, "timestamp is 1.5, not Unix seconds");
        check_refused(r#"{"blockhash": "x"}"#, "blockhash is \"x\", not a hash");
        check_refused(r#"{"fund": {}}"#, "fund is an object, not an array");
        check_refused(r#"{"fund": [7]}"#, "fund[0] is 7, not an object");
        check_refused(r#"{"fund": [{"lamport": 7}]}"#, r#"unknown fields ["fund[0].lamport"]"#);
        check_refused(&format!(r#"{{"fund": [{{"address": "{ONE}"}}]}}"#), "fund[0].lamports is missing");
        check_refused(r#"{"accounts": [{}]}"#, "accounts[0].pubkey is missing");
        check_refused(&format!(r#"{{"accounts": [{{"pubkey": "{ONE}", "account": 1}}]}}"#), "accounts[0].account is 1");
        check_refused(r#"{"accounts": ["a.json"]}"#, "cannot read /nowhere/a.json");
        let program = |rest: &str| format!(r#"{{"programs": [{{"address": "{ONE}", "elf": "p.so", {rest}}}]}}"#);
        check_refused(&program(r#""loader": "v4""#), "programs[0].loader is \"v4\", not v2 or v3");
        check_refused(&program(r#""loader": "v3", "authority": "x""#), "programs[0].authority is \"x\"");
        check_refused(&program(&format!(r#""loader": "v2", "authority": "{TWO}""#)), "programs[0].authority is for");
        check_refused(&program(r#""loader": "v3", "authority": null"#), "cannot read /nowhere/p.so");
        let twice =
            format!(r#"{{"fund": [{{"address": "{ONE}", "lamports": 7}}, {{"address": "{ONE}", "lamports": 8}}]}}"#);
        check_refused(
            &twice,
            &format!("account {ONE} is given twice, by /nowhere/g.json: fund[0] and by /nowhere/g.json: fund[1]"),
        );
    }
}
