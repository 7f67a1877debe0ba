//! Accounts: one, some, or all of a program.

use heddle_parse::{MintFacts, TokenAccount};
use heddle_programs::ids::{NATIVE_MINT, NATIVE_MINT_DECIMALS};
use heddle_types::{Account, Pubkey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::with_context;
use crate::{
    live::View,
    rpc::{Context, ContextConfig, Params, RpcError},
    show::{
        account::{self, AccountEncoding, DataSlice},
        from_base64,
    },
};

/// Accounts that may be asked for at once (Solana's `MAX_MULTIPLE_ACCOUNTS`).
const MULTIPLE_ACCOUNTS_MAX: usize = 100;
/// Filters of one request (Solana's `MAX_GET_PROGRAM_ACCOUNT_FILTERS`).
const FILTERS_MAX: usize = 4;
/// Longest bytes to compare with (Solana's `MAX_DATA_SIZE`).
const MEMCMP_BYTES_MAX: usize = 128;

/// How accounts are asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountConfig {
    /// Of which state.
    #[serde(flatten)]
    pub context: ContextConfig,
    /// How their data is written.
    pub encoding: Option<AccountEncoding>,
    /// Which part of it.
    pub data_slice: Option<DataSlice>,
}

impl AccountConfig {
    fn encoding(&self) -> AccountEncoding {
        self.encoding.unwrap_or(AccountEncoding::Binary)
    }
}

/// One account as `encoding` says; reads the mint of a token account that is shown parsed.
///
/// # Errors
/// -32600 for base58 of long data; the store.
pub fn encode_account(
    view: &View,
    key: &Pubkey,
    account: &Account,
    encoding: AccountEncoding,
    slice: Option<DataSlice>,
) -> Result<Value, RpcError> {
    account::check_encodable(account, encoding, slice)?;
    let is_token = encoding == AccountEncoding::JsonParsed && heddle_parse::is_token_program(&account.owner);
    let mint = match is_token.then(|| TokenAccount::read(&account.data)).flatten() {
        Some(token) => mint_facts(view, &token.mint)?,
        None => None,
    };
    Ok(account::account(key, account, encoding, slice, mint.as_ref()))
}

/// What shows amounts of a token; `None` if there is no such mint.
///
/// # Errors
/// The store.
pub(super) fn mint_facts(view: &View, mint: &Pubkey) -> Result<Option<MintFacts>, RpcError> {
    // Its account need not be there.
    if *mint == NATIVE_MINT {
        return Ok(Some(MintFacts::with_decimals(NATIVE_MINT_DECIMALS)));
    }
    let account = view.account(mint)?.filter(|account| heddle_parse::is_token_program(&account.owner));
    Ok(account.and_then(|account| MintFacts::read(&account.data, view.header().unix_timestamp)))
}

pub(super) fn balance(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let key = params.address(0)?;
    let (_, view) = context.view(&params.config(1)?)?;
    Ok(with_context(view.slot(), json!(view.account(&key)?.map_or(0, |account| account.lamports))))
}

pub(super) fn account_info(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let key = params.address(0)?;
    let config: AccountConfig = params.config(1)?;
    let (_, view) = context.view(&config.context)?;
    let shown = match view.account(&key)? {
        Some(account) => encode_account(&view, &key, &account, config.encoding(), config.data_slice)?,
        None => Value::Null,
    };
    Ok(with_context(view.slot(), shown))
}

pub(super) fn multiple_accounts(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let keys = params.addresses(0, MULTIPLE_ACCOUNTS_MAX)?;
    let config: AccountConfig = params.config(1)?;
    let (_, view) = context.view(&config.context)?;
    // The oldest form is not offered for several accounts.
    let encoding = config.encoding.unwrap_or(AccountEncoding::Base64);
    let shown = keys.iter().zip(view.accounts(&keys)?).map(|(key, account)| match account {
        Some(account) => encode_account(&view, key, &account, encoding, config.data_slice),
        None => Ok(Value::Null),
    });
    Ok(with_context(view.slot(), Value::Array(shown.collect::<Result<_, _>>()?)))
}

/// A condition on accounts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountFilter {
    /// Length of the data in bytes.
    DataSize(u64),
    /// Bytes that the data must have somewhere.
    Memcmp(Memcmp),
    /// An initialised token account.
    TokenAccountState,
}

/// Bytes at an offset.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memcmp {
    offset: usize,
    bytes: MemcmpBytes,
    encoding: Option<MemcmpEncoding>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum MemcmpBytes {
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MemcmpEncoding {
    Base58,
    Base64,
    Bytes,
}

impl AccountFilter {
    /// Decodes the bytes to compare with, once.
    ///
    /// # Errors
    /// More filters than may be, bytes that do not decode or are too many.
    pub fn check_all(filters: Vec<Self>) -> Result<Vec<Self>, RpcError> {
        if filters.len() > FILTERS_MAX {
            let message = format!("Too many filters provided; max {FILTERS_MAX}");
            return Err(RpcError::invalid_params(message));
        }
        filters.into_iter().map(Self::decoded).collect()
    }

    fn decoded(self) -> Result<Self, RpcError> {
        let Self::Memcmp(Memcmp { offset, bytes, encoding }) = self else { return Ok(self) };
        let invalid = |what: &str| RpcError::invalid_params(format!("Invalid filter: {what}"));
        let bytes = match (bytes, encoding) {
            (MemcmpBytes::Bytes(bytes), _) => bytes,
            (MemcmpBytes::Text(text), None | Some(MemcmpEncoding::Base58)) => {
                // Base58 of 128 bytes is never longer.
                if text.len() > 175 {
                    return Err(invalid("encoded binary data should be less than 129 bytes"));
                }
                bs58::decode(text).into_vec().map_err(|_| invalid("base58 decode error"))?
            }
            (MemcmpBytes::Text(text), Some(MemcmpEncoding::Base64)) => {
                from_base64(&text).ok_or_else(|| invalid("base64 decode error"))?
            }
            (MemcmpBytes::Text(_), Some(MemcmpEncoding::Bytes)) => return Err(invalid("bytes are a list of numbers")),
        };
        if bytes.len() > MEMCMP_BYTES_MAX {
            return Err(invalid("decoded binary data should be less than 129 bytes"));
        }
        Ok(Self::Memcmp(Memcmp { offset, bytes: MemcmpBytes::Bytes(bytes), encoding: None }))
    }

    /// Whether the account meets the condition.
    pub fn allows(&self, account: &Account) -> bool {
        match self {
            Self::DataSize(size) => account.data.len() as u64 == *size,
            Self::Memcmp(Memcmp { offset, bytes: MemcmpBytes::Bytes(bytes), .. }) => {
                account.data.get(*offset..).is_some_and(|from| from.starts_with(bytes))
            }
            Self::Memcmp(_) => false,
            Self::TokenAccountState => TokenAccount::read(&account.data).is_some(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProgramAccountsConfig {
    #[serde(flatten)]
    account: AccountConfig,
    filters: Option<Vec<AccountFilter>>,
    with_context: Option<bool>,
}

pub(super) fn program_accounts(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let program = params.address(0)?;
    let config: ProgramAccountsConfig = params.config(1)?;
    let filters = AccountFilter::check_all(config.filters.unwrap_or_default())?;
    let (chain, view) = context.view(&config.account.context)?;
    let mut accounts = chain.owned_by(&program, &view)?;
    accounts.retain(|(_, account)| filters.iter().all(|filter| filter.allows(account)));
    let shown = encode_keyed(&view, &accounts, config.account.encoding(), config.account.data_slice)?;
    Ok(if config.with_context == Some(true) { with_context(view.slot(), shown) } else { shown })
}

/// `[{pubkey, account}]`.
///
/// # Errors
/// As [`encode_account`].
pub(super) fn encode_keyed(
    view: &View,
    accounts: &[(Pubkey, Account)],
    encoding: AccountEncoding,
    slice: Option<DataSlice>,
) -> Result<Value, RpcError> {
    let shown = accounts.iter().map(|(key, account)| {
        let account = encode_account(view, key, account, encoding, slice)?;
        Ok(json!({ "pubkey": key.to_string(), "account": account }))
    });
    Ok(Value::Array(shown.collect::<Result<_, RpcError>>()?))
}
