//! Parameters of a request: positional, typed, and refused with the words that Solana's nodes use.

use heddle_types::{Hash, Pubkey};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::RpcError;
use crate::live::Commitment;

/// The `params` array.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<Value>);

impl Params {
    /// Takes `params` as a request has them: an array, or nothing.
    ///
    /// # Errors
    /// Anything else.
    pub fn new(params: Option<Value>) -> Result<Self, RpcError> {
        match params {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(Value::Array(values)) => Ok(Self(values)),
            Some(_) => Err(RpcError::invalid_params("`params` should be an array")),
        }
    }

    /// The parameter at `index`; null is as good as none.
    ///
    /// # Errors
    /// If it is not what it must be.
    pub fn optional<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>, RpcError> {
        match self.0.get(index) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value)
                .map(Some)
                .map_err(|error| RpcError::invalid_params(format!("Invalid params: {error}."))),
        }
    }

    /// The parameter at `index`, or what the type is without it.
    ///
    /// # Errors
    /// As [`Self::optional`].
    pub fn or_default<T: DeserializeOwned + Default>(&self, index: usize) -> Result<T, RpcError> {
        Ok(self.optional(index)?.unwrap_or_default())
    }

    /// The parameter at `index`.
    ///
    /// # Errors
    /// If it is missing or not what it must be.
    pub fn required<T: DeserializeOwned>(&self, index: usize) -> Result<T, RpcError> {
        let missing = || RpcError::invalid_params(format!("`params` should have at least {} argument(s)", index + 1));
        self.optional(index)?.ok_or_else(missing)
    }

    /// An address.
    ///
    /// # Errors
    /// As [`Self::required`]; "WrongSize" or "Invalid" for text that is no address.
    pub fn address(&self, index: usize) -> Result<Pubkey, RpcError> {
        parse_address(&self.required::<String>(index)?)
    }

    /// A list of addresses, at most `count_max`.
    ///
    /// # Errors
    /// As [`Self::address`]; more than may be.
    pub fn addresses(&self, index: usize, count_max: usize) -> Result<Vec<Pubkey>, RpcError> {
        let texts: Vec<String> = self.required(index)?;
        if texts.len() > count_max {
            return Err(RpcError::invalid_params(format!("Too many inputs provided; max {count_max}")));
        }
        texts.iter().map(|text| parse_address(text)).collect()
    }

    /// A signature.
    ///
    /// # Errors
    /// As [`Self::address`].
    pub fn signature(&self, index: usize) -> Result<[u8; 64], RpcError> {
        parse_signature(&self.required::<String>(index)?)
    }

    /// A configuration object that may also be given as the commitment alone, as old clients do.
    ///
    /// # Errors
    /// As [`Self::optional`].
    pub fn config<T: DeserializeOwned + Default>(&self, index: usize) -> Result<T, RpcError> {
        self.or_default(index)
    }
}

/// An address in base58.
///
/// # Errors
/// "Invalid param: WrongSize" or "Invalid param: Invalid".
pub fn parse_address(text: &str) -> Result<Pubkey, RpcError> {
    fixed_base58::<32>(text, 44).map(Pubkey::new_from_array)
}

/// A signature in base58.
///
/// # Errors
/// As [`parse_address`].
pub fn parse_signature(text: &str) -> Result<[u8; 64], RpcError> {
    fixed_base58(text, 88)
}

/// A hash in base58.
///
/// # Errors
/// As [`parse_address`].
pub fn parse_hash(text: &str) -> Result<Hash, RpcError> {
    fixed_base58::<32>(text, 44).map(Hash::new_from_array)
}

fn fixed_base58<const N: usize>(text: &str, length_max: usize) -> Result<[u8; N], RpcError> {
    let invalid = |what: &str| RpcError::invalid_params(format!("Invalid param: {what}"));
    if text.len() > length_max {
        return Err(invalid("WrongSize"));
    }
    let mut bytes = [0; N];
    match bs58::decode(text).onto(&mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        Ok(_) | Err(bs58::decode::Error::BufferTooSmall) => Err(invalid("WrongSize")),
        Err(_) => Err(invalid("Invalid")),
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match &*String::deserialize(deserializer)? {
            // The second names are those of Solana before 1.6, which web3.js still has.
            "processed" | "recent" => Ok(Self::Processed),
            "confirmed" | "single" | "singleGossip" => Ok(Self::Confirmed),
            "finalized" | "root" | "max" => Ok(Self::Finalized),
            other => {
                const LEVELS: &[&str] = &["processed", "confirmed", "finalized"];
                Err(serde::de::Error::unknown_variant(other, LEVELS))
            }
        }
    }
}

/// What most methods take.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContextConfig {
    /// Which state.
    pub commitment: Option<Commitment>,
    /// How young it must be.
    pub min_context_slot: Option<u64>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(value: Value) -> Params {
        Params::new(Some(value)).expect("an array")
    }

    #[test]
    fn addresses_are_refused_as_solana_refuses_them() {
        let refusal = |text: &str| parse_address(text).expect_err(text).message;
        assert_eq!(refusal("xyz"), "Invalid param: WrongSize");
        assert_eq!(refusal(&"1".repeat(45)), "Invalid param: WrongSize");
        assert_eq!(refusal("0OIl0OIl0OIl0OIl0OIl0OIl0OIl0OIl"), "Invalid param: Invalid");
        assert!(parse_address("11111111111111111111111111111111").is_ok());
    }

    #[test]
    fn missing_and_wrong_parameters() {
        let missing = params(json!([])).address(0).expect_err("missing");
        assert_eq!((missing.code, &*missing.message), (-32602, "`params` should have at least 1 argument(s)"));
        let wrong = params(json!([5])).address(0).expect_err("no text");
        assert_eq!(wrong.message, "Invalid params: invalid type: integer `5`, expected a string.");
        assert!(Params::new(Some(json!({ "a": 1 }))).is_err());
        let huge = params(serde_json::from_str("[99999999999999999999999]").expect("JSON"));
        assert!(huge.required::<u64>(0).is_err());
        assert_eq!(params(json!([null])).optional::<u64>(0).expect("none"), None);
    }

    #[test]
    fn commitments_old_and_new() {
        let of = |text: &str| params(json!([{ "commitment": text }])).config::<ContextConfig>(0);
        assert_eq!(of("recent").expect("old").commitment, Some(Commitment::Processed));
        assert_eq!(of("finalized").expect("new").commitment, Some(Commitment::Finalized));
        assert!(of("soon").is_err());
    }
}
