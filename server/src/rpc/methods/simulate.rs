//! Transactions that are tried and not kept.

use heddle_engine::{Outcome, Simulation, VerifiedTransaction};
use heddle_types::{Pubkey, Receipt, SanitizedTransaction, TransactionError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{blocks::decimals, encode_account, submit::WireEncoding, with_context};
use crate::{
    live::{Commitment, View},
    rpc::{Context, ContextConfig, Params, RpcError, parse_address, transaction_error},
    show::{
        account::AccountEncoding,
        transaction::{self, Shown},
    },
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SimulateConfig {
    sig_verify: bool,
    replace_recent_blockhash: bool,
    #[serde(flatten)]
    context: ContextConfig,
    encoding: Option<WireEncoding>,
    accounts: Option<AccountsConfig>,
    inner_instructions: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountsConfig {
    encoding: Option<AccountEncoding>,
    addresses: Vec<String>,
}

pub(super) fn simulate_transaction(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let text: String = params.required(0)?;
    let config: SimulateConfig = params.config(1)?;
    let mut sanitized = config.encoding.unwrap_or_default().decode(&text)?;
    let (chain, view) = context.view(&config.context)?;
    let mut replacement = Value::Null;
    if config.replace_recent_blockhash {
        if config.sig_verify {
            return Err(RpcError::invalid_params("sigVerify may not be used with replaceRecentBlockhash"));
        }
        let blockhash = chain.engine().latest_blockhash();
        sanitized = with_blockhash(&sanitized, blockhash.as_ref())?;
        replacement = json!({
            "blockhash": blockhash.to_string(),
            "lastValidBlockHeight":
                chain.engine().blockhash_count() + heddle_types::limits::BLOCKHASH_AGE_BLOCKS_MAX,
        });
    }
    if config.sig_verify && heddle_engine::verify_signatures(&sanitized).is_err() {
        return Err(RpcError::signature_verification());
    }
    let verified = VerifiedTransaction::without_verification(sanitized);
    let wanted = config.accounts.as_ref().map(|wanted| Wanted::of(wanted, &verified)).transpose()?;
    let simulation = chain.engine().simulate(&verified).map_err(RpcError::internal)?;
    let now = chain.view(Commitment::Processed);
    let mut shown = describe(&simulation, &verified, &now, config.inner_instructions);
    if let Some(wanted) = wanted {
        shown["accounts"] = wanted.show(&simulation, &now)?;
    }
    if config.replace_recent_blockhash {
        shown["replacementBlockhash"] = replacement;
    }
    Ok(with_context(view.slot(), shown))
}

/// The transaction with another blockhash; its signatures do not fit it any more.
fn with_blockhash(transaction: &SanitizedTransaction, blockhash: &[u8]) -> Result<SanitizedTransaction, RpcError> {
    let mut bytes: Box<[u8]> = transaction.wire_bytes().into();
    let place = std::ptr::from_ref(transaction.recent_blockhash()).addr() - transaction.wire_bytes().as_ptr().addr();
    bytes[place..place + blockhash.len()].copy_from_slice(blockhash);
    SanitizedTransaction::from_bytes(bytes).map_err(RpcError::internal)
}

/// Accounts that are to be shown as they are afterwards.
struct Wanted {
    keys: Vec<Pubkey>,
    encoding: AccountEncoding,
}

impl Wanted {
    fn of(config: &AccountsConfig, transaction: &VerifiedTransaction) -> Result<Self, RpcError> {
        let encoding = config.encoding.unwrap_or(AccountEncoding::Base64);
        if matches!(encoding, AccountEncoding::Binary | AccountEncoding::Base58) {
            return Err(RpcError::invalid_params("base58 encoding not supported"));
        }
        let count_max = transaction.transaction().total_key_count();
        if config.addresses.len() > count_max {
            return Err(RpcError::invalid_params(format!("Too many accounts provided; max {count_max}")));
        }
        let keys = config.addresses.iter().map(|text| parse_address(text)).collect::<Result<_, _>>()?;
        Ok(Self { keys, encoding })
    }

    fn show(&self, simulation: &Simulation, view: &View) -> Result<Value, RpcError> {
        let has_succeeded = simulation.outcome.receipt().is_some_and(|receipt| receipt.status.is_ok());
        let shown = self.keys.iter().map(|key| {
            let after = simulation.accounts.iter().find(|(of, _)| of == key).map(|(_, account)| account.clone());
            let account = match after {
                Some(account) => Some(account).filter(heddle_types::Account::exists),
                None => view.account(key)?,
            };
            match account.filter(|_| has_succeeded) {
                Some(account) => encode_account(view, key, &account, self.encoding, None),
                None => Ok(Value::Null),
            }
        });
        Ok(Value::Array(shown.collect::<Result<_, RpcError>>()?))
    }
}

/// Tries a transaction before it is taken.
///
/// # Errors
/// -32002 with the simulation, if it fails.
pub(super) fn preflight(context: &Context, transaction: &VerifiedTransaction) -> Result<(), RpcError> {
    let chain = context.live.chain();
    let simulation = chain.engine().simulate(transaction).map_err(RpcError::internal)?;
    let error = match &simulation.outcome {
        Outcome::Rejected(error) => error,
        Outcome::Processed(Receipt { status: Err(error), .. }) => error,
        Outcome::Processed(_) => return Ok(()),
    };
    let message = format!("Transaction simulation failed: {error}");
    let view = chain.view(Commitment::Processed);
    Err(RpcError::preflight_failure(message, describe(&simulation, transaction, &view, false)))
}

/// The answer about a transaction that cannot even be tried.
pub(super) fn failure_without_run(error: &TransactionError) -> Value {
    let mut shown = json!({ "err": transaction_error(error) });
    for (name, value) in [("logs", json!([])), ("accounts", Value::Null), ("unitsConsumed", json!(0))] {
        shown[name] = value;
    }
    for name in ["loadedAccountsDataSize", "returnData", "innerInstructions", "replacementBlockhash"] {
        shown[name] = Value::Null;
    }
    shown
}

/// `value` of an answer, without accounts.
fn describe(
    simulation: &Simulation,
    transaction: &VerifiedTransaction,
    view: &View,
    shows_inner_instructions: bool,
) -> Value {
    let receipt = match &simulation.outcome {
        Outcome::Rejected(error) => return failure_without_run(error),
        Outcome::Processed(receipt) => receipt,
    };
    let sanitized = transaction.transaction();
    let loaded: Vec<Pubkey> =
        simulation.accounts.iter().skip(sanitized.static_keys().len()).map(|(key, _)| *key).collect();
    let shown = Shown { transaction: sanitized, loaded_addresses: &loaded, receipt };
    let keys = transaction::all_keys(shown);
    let details = receipt.details.clone().unwrap_or_default();
    let mut value = Map::new();
    let mut put = |name: &str, part: Value| value.insert(name.to_owned(), part);
    put("err", receipt.status.as_ref().err().map_or(Value::Null, transaction_error));
    put("logs", json!(details.logs));
    put("accounts", Value::Null);
    put("unitsConsumed", json!(receipt.compute_units));
    put("loadedAccountsDataSize", json!(receipt.loaded_data_bytes));
    put("returnData", details.return_data.as_ref().map_or(Value::Null, transaction::return_data));
    let inner = || transaction::inner_instructions(&details, &keys, true);
    put("innerInstructions", if shows_inner_instructions { inner() } else { Value::Null });
    put("replacementBlockhash", Value::Null);
    put("fee", json!(receipt.fee_lamports));
    put("preBalances", json!(details.pre_balances));
    put("postBalances", json!(details.post_balances));
    let (pre, post) = transaction::token_balances(&details, &|mint: &Pubkey| decimals(view, mint));
    put("preTokenBalances", pre);
    put("postTokenBalances", post);
    put("loadedAddresses", transaction::loaded_addresses(shown));
    Value::Object(value)
}

#[cfg(test)]
mod tests {
    use heddle_engine::doc::transfer;
    use heddle_types::Hash;

    use super::*;

    #[test]
    fn only_the_blockhash_changes() {
        let bytes = transfer(Pubkey::new_from_array([2; 32]), 5, Hash::new_from_array([3; 32]));
        let before = SanitizedTransaction::parse(&bytes).expect("valid");
        let after = with_blockhash(&before, &[9; 32]).expect("valid");
        assert_eq!(*after.recent_blockhash(), Hash::new_from_array([9; 32]));
        let differing = before.wire_bytes().iter().zip(after.wire_bytes()).filter(|(a, b)| a != b).count();
        assert_eq!(differing, 32);
    }
}
