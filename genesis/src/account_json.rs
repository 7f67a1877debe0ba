//! Account files: the JSON of `solana account ADDRESS --output json`, which `solana-test-validator --account` reads.
//!
//! Fields that nobody needs are ignored. The rent epoch is read and forgotten: accounts of ours have none.

use std::{io, path::Path};

use heddle_types::{Account, Pubkey, limits::RENT_EPOCH_EXEMPT};
use serde::Serialize;
use serde_json::Value;

use crate::{
    FieldProblem, GenesisError, data,
    fields::{Fields, kind},
    json,
    read::read_bounded,
};

/// Longest account file: the base64 of the largest account is 14 MB, and indentation may add to it.
const FILE_BYTES_MAX: u64 = 32 << 20;

/// What an account file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFile {
    /// Where the account was; who imports it may choose another place.
    pub address: Option<Pubkey>,
    /// The account.
    pub account: Account,
}

impl AccountFile {
    /// The address that the file must name, if nobody names another.
    ///
    /// # Errors
    /// [`GenesisError::Field`]: it names none.
    pub fn address(&self, path: &Path) -> Result<Pubkey, GenesisError> {
        let missing = || GenesisError::Field {
            path: path.to_owned(),
            field: "pubkey".to_owned(),
            problem: FieldProblem::Missing,
        };
        self.address.ok_or_else(missing)
    }
}

/// Reads the account file at `path`.
///
/// # Errors
/// [`GenesisError`]: it cannot be read, is no JSON, or a field is not what it must be.
pub fn read_account(path: &Path) -> Result<AccountFile, GenesisError> {
    parse_account(&read_bounded(path, FILE_BYTES_MAX)?, path)
}

/// Reads the bytes of an account file; `path` is for errors.
///
/// # Errors
/// As [`read_account`].
pub fn parse_account(bytes: &[u8], path: &Path) -> Result<AccountFile, GenesisError> {
    account_of(path, "", &json::parse(bytes, path)?)
}

/// The account in `json`, which `name` leads to within the file.
pub(crate) fn account_of(path: &Path, name: &str, json: &Value) -> Result<AccountFile, GenesisError> {
    let file = Fields::of(path, name, json)?;
    let address = file.optional("pubkey").map(|_| file.address("pubkey")).transpose()?;
    let fields = file.object("account")?;
    let data = data::decode(fields.required("data")?).map_err(|problem| fields.problem("data", problem))?;
    check_length(&fields, data.len())?;
    let account = Account {
        lamports: fields.number("lamports")?,
        data: data.into(),
        owner: fields.address("owner")?,
        executable: fields.boolean("executable")?,
    };
    Ok(AccountFile { address, account })
}

/// Old files have neither of the two fields. JavaScript rounds the rent epoch 2^64-1 up, so any number will do.
fn check_length(fields: &Fields, data_bytes: usize) -> Result<(), GenesisError> {
    if let Some(epoch) = fields.optional("rentEpoch").filter(|epoch| !epoch.is_number()) {
        return Err(fields.problem("rentEpoch", kind("a number", epoch)));
    }
    if fields.optional("space").is_none() {
        return Ok(());
    }
    let space = fields.number("space")?;
    if space == data_bytes as u64 {
        return Ok(());
    }
    Err(fields.problem("space", FieldProblem::Space { space, data_bytes }))
}

#[derive(Serialize)]
struct File {
    pubkey: String,
    account: FileAccount,
}

/// The fields in the order in which Solana's command writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileAccount {
    lamports: u64,
    data: [String; 2],
    owner: String,
    executable: bool,
    rent_epoch: u64,
    space: u64,
}

/// Writes an account file.
///
/// # Errors
/// What `writer` says.
pub fn write_account(writer: &mut impl io::Write, key: &Pubkey, account: &Account) -> io::Result<()> {
    let file = File {
        pubkey: key.to_string(),
        account: FileAccount {
            lamports: account.lamports,
            data: [data::encode(&account.data), data::BASE64.to_owned()],
            owner: account.owner.to_string(),
            executable: account.executable,
            rent_epoch: RENT_EPOCH_EXEMPT,
            space: account.data.len() as u64,
        },
    };
    serde_json::to_writer_pretty(&mut *writer, &file)?;
    writer.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `solana account --output json` wrote, but for the values, which are made up.
    const OF_SOLANA: &str = r#"{
  "pubkey": "8opHzTAnfzRpPEx21XtnrVTX28YQuCpAjcn1PczScKh",
  "account": {
    "lamports": 1461600,
    "data": [
      "AQAAAAc=",
      "base64"
    ],
    "owner": "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "executable": false,
    "rentEpoch": 18446744073709551615,
    "space": 5
  }
}
"#;

    fn parse(text: &str) -> Result<AccountFile, GenesisError> {
        parse_account(text.as_bytes(), Path::new("some.json"))
    }

    fn check_refused(from: &str, to: &str, told: &str) {
        assert!(OF_SOLANA.contains(from), "{from}");
        let error = parse(&OF_SOLANA.replace(from, to)).expect_err(to).to_string();
        assert_eq!(error, format!("some.json: {told}"));
    }

    #[test]
    fn writes_what_solana_writes() {
        let AccountFile { address, account } = parse(OF_SOLANA).expect("valid");
        assert_eq!((account.lamports, &account.data[..], account.executable), (1_461_600, &[1, 0, 0, 0, 7][..], false));
        let mut written = Vec::new();
        write_account(&mut written, &address.expect("an address"), &account).expect("in memory");
        assert_eq!(String::from_utf8(written).expect("text"), OF_SOLANA);
    }

    #[test]
    fn what_tools_leave_out_or_add() {
        let expected = parse(OF_SOLANA).expect("valid");
        for (from, to) in [
            (",\n    \"rentEpoch\": 18446744073709551615", ""),
            (",\n    \"space\": 5", ""),
            ("18446744073709551615", "18446744073709552000"),
            ("\"account\":", "\"slot\": [7], \"account\":"),
            ("\"space\"", "\"label\": \"mint\", \"space\""),
            ("[\n      \"AQAAAAc=\",\n      \"base64\"\n    ]", "\"7YXq9Q\""),
        ] {
            assert!(OF_SOLANA.contains(from), "{from}");
            assert_eq!(parse(&OF_SOLANA.replace(from, to)).expect(to), expected, "{to}");
        }
        let nameless = parse(&OF_SOLANA.replace("pubkey", "key")).expect("an address is not needed");
        assert_eq!((nameless.address, &nameless.account), (None, &expected.account));
        let error = nameless.address(Path::new("some.json")).expect_err("there is none").to_string();
        assert_eq!(error, "some.json: pubkey is missing");
    }

    #[test]
    fn every_bad_field_is_named() {
        check_refused(
            "\"8opH",
            "\"80pH",
            "pubkey is \"80pHzTAnfzRpPEx21XtnrVTX28YQuCpAjcn1PczScKh\", not an address in base58",
        );
        check_refused("\"account\"", "\"konto\"", "account is missing");
        check_refused("1461600", "-1", "account.lamports is -1, not a whole number below 2^64");
        check_refused("1461600", "1.5", "account.lamports is 1.5, not a whole number below 2^64");
        check_refused("\"lamports\": 1461600,", "", "account.lamports is missing");
        check_refused("AQAAAAc=", "AQAAAAc", "account.data is no base64: Invalid padding");
        check_refused("\"data\"", "\"daten\"", "account.data is missing");
        check_refused(
            "Tokenkeg",
            "Tokenke",
            "account.owner is \"TokenkeQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA\", not an address in base58",
        );
        check_refused("false", "0", "account.executable is 0, not true or false");
        check_refused("18446744073709551615", "\"x\"", "account.rentEpoch is \"x\", not a number");
        check_refused("\"space\": 5", "\"space\": 6", "account.space is 6, but the data has 5 bytes");
        assert_eq!(
            parse("[]").expect_err("no object").to_string(),
            "some.json: the top of the file is an array, not an object"
        );
        assert!(parse("{").expect_err("no JSON").to_string().starts_with("some.json: EOF"));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        assert!(matches!(parse(&"[".repeat(1_000_000)), Err(GenesisError::Json { .. })));
    }
}
