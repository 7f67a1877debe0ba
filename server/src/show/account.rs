//! Accounts in every encoding, whole or in part.

use heddle_parse::MintFacts;
use heddle_types::{Account, Pubkey, ids, limits::RENT_EPOCH_EXEMPT};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{base58, base64};
use crate::rpc::RpcError;

/// Longest data that goes out in base58, which takes time in the square of its length.
const BASE58_BYTES_MAX: usize = 128;

/// How account data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum AccountEncoding {
    /// Base58 as a bare string: the oldest form, which is meant if none is named.
    #[serde(rename = "binary")]
    Binary,
    /// `[text, "base58"]`.
    #[serde(rename = "base58")]
    Base58,
    /// `[text, "base64"]`.
    #[serde(rename = "base64")]
    Base64,
    /// Compressed, then `[text, "base64+zstd"]`.
    #[serde(rename = "base64+zstd")]
    Base64Zstd,
    /// What it means, if we know; else base64.
    #[serde(rename = "jsonParsed")]
    JsonParsed,
}

/// A part of the data.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct DataSlice {
    /// First byte.
    pub offset: usize,
    /// At most so many.
    pub length: usize,
}

impl DataSlice {
    fn of(self, data: &[u8]) -> &[u8] {
        let from = self.offset.min(data.len());
        &data[from..from.saturating_add(self.length).min(data.len())]
    }
}

/// Refuses base58 for data that is too long for it.
///
/// # Errors
/// -32600, as Solana's nodes do.
pub fn check_encodable(account: &Account, encoding: AccountEncoding, slice: Option<DataSlice>) -> Result<(), RpcError> {
    let size_bytes = slice.map_or(account.data.len(), |slice| slice.of(&account.data).len());
    let is_base58 = matches!(encoding, AccountEncoding::Binary | AccountEncoding::Base58);
    if is_base58 && size_bytes > BASE58_BYTES_MAX {
        let message = format!(
            "Encoded binary (base 58) data should be less than {BASE58_BYTES_MAX} bytes, please use Base64 encoding."
        );
        return Err(RpcError::invalid_request(message));
    }
    Ok(())
}

/// One account. `mint` is the facts of its mint, for a token account that is shown parsed.
pub fn account(
    key: &Pubkey,
    account: &Account,
    encoding: AccountEncoding,
    slice: Option<DataSlice>,
    mint: Option<&MintFacts>,
) -> Value {
    json!({
        "lamports": account.lamports,
        "data": data(key, account, encoding, slice, mint),
        "owner": account.owner.to_string(),
        "executable": account.executable,
        "rentEpoch": RENT_EPOCH_EXEMPT,
        "space": account.data.len(),
    })
}

fn data(
    key: &Pubkey,
    account: &Account,
    encoding: AccountEncoding,
    slice: Option<DataSlice>,
    mint: Option<&MintFacts>,
) -> Value {
    let bytes = slice.map_or(&account.data[..], |slice| slice.of(&account.data));
    let short_base58 = || {
        if bytes.len() <= BASE58_BYTES_MAX {
            base58(bytes)
        } else {
            "error: data too large for bs58 encoding".to_owned()
        }
    };
    match encoding {
        AccountEncoding::Binary => json!(short_base58()),
        AccountEncoding::Base58 => json!([short_base58(), "base58"]),
        AccountEncoding::Base64 => json!([base64(bytes), "base64"]),
        AccountEncoding::Base64Zstd => match zstd::encode_all(bytes, 0) {
            Ok(compressed) => json!([base64(&compressed), "base64+zstd"]),
            Err(_) => json!([base64(bytes), "base64"]),
        },
        AccountEncoding::JsonParsed => match heddle_parse::parse_account(key, &account.owner, &account.data, mint) {
            Some(parsed) => json!({
                "program": parsed.program,
                "parsed": parsed.parsed,
                "space": account.data.len(),
            }),
            None => json!([base64(bytes), "base64"]),
        },
    }
}

/// An account that is not there, for subscribers of one that was removed.
pub fn absent() -> Account {
    Account { owner: ids::system_program::ID, ..Account::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(encoding: AccountEncoding, slice: Option<DataSlice>) -> Value {
        let shown =
            account(&Pubkey::default(), &Account::new(5, b"hello", ids::system_program::ID), encoding, slice, None);
        shown["data"].clone()
    }

    #[test]
    fn every_encoding() {
        assert_eq!(shown(AccountEncoding::Binary, None), json!("Cn8eVZg"));
        assert_eq!(shown(AccountEncoding::Base58, None), json!(["Cn8eVZg", "base58"]));
        assert_eq!(shown(AccountEncoding::Base64, None), json!(["aGVsbG8=", "base64"]));
        let compressed = shown(AccountEncoding::Base64Zstd, None);
        let bytes = super::super::from_base64(compressed[0].as_str().expect("text")).expect("base64");
        assert_eq!(zstd::decode_all(&bytes[..]).expect("zstd"), b"hello");
        assert_eq!(shown(AccountEncoding::JsonParsed, None), json!(["aGVsbG8=", "base64"]));
    }

    #[test]
    fn slices_end_where_the_data_ends() {
        let slice = |offset, length| shown(AccountEncoding::Base64, Some(DataSlice { offset, length }))[0].clone();
        assert_eq!(slice(1, 3), json!("ZWxs"));
        assert_eq!(slice(4, usize::MAX), json!("bw=="));
        assert_eq!(slice(usize::MAX, 1), json!(""));
    }
}
