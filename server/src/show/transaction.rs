//! Transactions and what came of them, in every encoding.
//!
//! Shapes: Solana's `getTransaction`, as Agave 4.2 answers it.

use heddle_parse::MintFacts;
use heddle_types::{Pubkey, Receipt, ReceiptDetails, SanitizedTransaction, TokenBalance, TransactionVersion};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{base58, base64};
use crate::{
    rpc::{RpcError, transaction_error, transaction_status},
    writable,
};

/// How transactions are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TransactionEncoding {
    /// Base58 as a bare string: the oldest form.
    Binary,
    /// `[text, "base64"]`.
    Base64,
    /// `[text, "base58"]`.
    Base58,
    /// Its parts.
    #[default]
    Json,
    /// Its parts, and what its instructions mean where we know.
    JsonParsed,
}

/// A transaction that is shown: its parts by reference.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// As it was signed.
    pub transaction: &'a SanitizedTransaction,
    /// The keys that came through lookup tables.
    pub loaded_addresses: &'a [Pubkey],
    /// What came of it.
    pub receipt: &'a Receipt,
}

/// Decimals of a mint; `None` if there is no such mint.
pub type DecimalsOf<'a> = &'a dyn Fn(&Pubkey) -> Option<u8>;

/// Refuses versions that the client does not know, and tells what to answer as `version`: nothing, if the client named none.
///
/// # Errors
/// -32015.
pub fn check_version(transaction: &SanitizedTransaction, version_max: Option<u8>) -> Result<Option<Value>, RpcError> {
    let number = match transaction.version() {
        TransactionVersion::Legacy => return Ok(version_max.map(|_| json!("legacy"))),
        TransactionVersion::V0 => 0,
        TransactionVersion::V1 => 1,
    };
    match version_max {
        Some(max) if number <= max => Ok(Some(json!(number))),
        _ => Err(RpcError::unsupported_transaction_version(number)),
    }
}

/// `transaction` of an answer.
pub fn transaction(shown: Shown<'_>, encoding: TransactionEncoding) -> Value {
    let wire = shown.transaction.wire_bytes();
    match encoding {
        TransactionEncoding::Binary => json!(base58(wire)),
        TransactionEncoding::Base58 => json!([base58(wire), "base58"]),
        TransactionEncoding::Base64 => json!([base64(wire), "base64"]),
        TransactionEncoding::Json | TransactionEncoding::JsonParsed => json!({
            "signatures": signatures(shown.transaction),
            "message": message(shown, encoding == TransactionEncoding::JsonParsed),
        }),
    }
}

/// Signatures in base58.
pub fn signatures(transaction: &SanitizedTransaction) -> Vec<String> {
    transaction.signatures().iter().map(|signature| base58(signature)).collect()
}

fn message(shown: Shown<'_>, is_parsed: bool) -> Value {
    let transaction = shown.transaction;
    let mut message = Map::new();
    if is_parsed {
        message.insert("accountKeys".to_owned(), parsed_keys(shown));
    } else {
        let header = transaction.header();
        message.insert(
            "header".to_owned(),
            json!({
                "numRequiredSignatures": header.required_signatures,
                "numReadonlySignedAccounts": header.readonly_signed,
                "numReadonlyUnsignedAccounts": header.readonly_unsigned,
            }),
        );
        let keys: Vec<String> = transaction.static_keys().iter().map(ToString::to_string).collect();
        message.insert("accountKeys".to_owned(), json!(keys));
    }
    message.insert("recentBlockhash".to_owned(), json!(transaction.recent_blockhash().to_string()));
    let keys = all_keys(shown);
    let instructions = transaction.instructions().map(|instruction| {
        let parts = InstructionParts {
            program_index: instruction.program_index,
            account_indices: instruction.account_indices,
            data: instruction.data,
            stack_height: 1,
        };
        show_instruction(&parts, &keys, is_parsed)
    });
    message.insert("instructions".to_owned(), instructions.collect());
    if transaction.version() == TransactionVersion::V0 {
        let lookups = transaction.lookups().map(|lookup| {
            json!({
                "accountKey": lookup.table.to_string(),
                "writableIndexes": lookup.writable_indices,
                "readonlyIndexes": lookup.readonly_indices,
            })
        });
        message.insert("addressTableLookups".to_owned(), lookups.collect());
    }
    Value::Object(message)
}

/// Every key, lookup tables resolved.
pub fn all_keys(shown: Shown<'_>) -> Vec<Pubkey> {
    shown.transaction.static_keys().iter().chain(shown.loaded_addresses).copied().collect()
}

/// Keys with what the transaction may do with them.
pub fn parsed_keys(shown: Shown<'_>) -> Value {
    let transaction = shown.transaction;
    let static_count = transaction.static_keys().len();
    let keys = writable::keys(transaction, shown.loaded_addresses).enumerate();
    let shown_keys = keys.map(|(index, (key, is_writable))| {
        let is_static = index < static_count;
        json!({
            "pubkey": key.to_string(),
            "writable": is_writable,
            "signer": is_static && transaction.is_signer(index),
            "source": if is_static { "transaction" } else { "lookupTable" },
        })
    });
    shown_keys.collect()
}

struct InstructionParts<'a> {
    program_index: u8,
    account_indices: &'a [u8],
    data: &'a [u8],
    stack_height: u8,
}

fn show_instruction(parts: &InstructionParts<'_>, keys: &[Pubkey], is_parsed: bool) -> Value {
    if !is_parsed {
        return json!({
            "programIdIndex": parts.program_index,
            "accounts": parts.account_indices,
            "data": base58(parts.data),
            "stackHeight": parts.stack_height,
        });
    }
    let key = |index: &u8| keys.get(usize::from(*index)).copied().unwrap_or_default();
    let program = key(&parts.program_index);
    let accounts: Vec<Pubkey> = parts.account_indices.iter().map(key).collect();
    match heddle_parse::parse_instruction(&program, &accounts, parts.data) {
        Some(parsed) => json!({
            "program": parsed.program,
            "programId": program.to_string(),
            "parsed": parsed.parsed,
            "stackHeight": parts.stack_height,
        }),
        None => json!({
            "programId": program.to_string(),
            "accounts": accounts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "data": base58(parts.data),
            "stackHeight": parts.stack_height,
        }),
    }
}

/// `innerInstructions`: those of each top-level instruction that has some.
pub fn inner_instructions(details: &ReceiptDetails, keys: &[Pubkey], is_parsed: bool) -> Value {
    let groups = details.inner_instructions.chunk_by(|a, b| a.top_level_index == b.top_level_index);
    let shown_groups = groups.map(|group| {
        let instructions = group.iter().map(|inner| {
            let parts = InstructionParts {
                program_index: inner.program_index,
                account_indices: &inner.account_indices,
                data: &inner.data,
                stack_height: inner.stack_height,
            };
            show_instruction(&parts, keys, is_parsed)
        });
        json!({ "index": group[0].top_level_index, "instructions": instructions.collect::<Value>() })
    });
    shown_groups.collect()
}

/// `meta` of an answer. What needs details is null where they are not kept.
pub fn meta(shown: Shown<'_>, encoding: TransactionEncoding, decimals: DecimalsOf<'_>) -> Value {
    let receipt = shown.receipt;
    let details = receipt.details.as_deref();
    let is_parsed = encoding == TransactionEncoding::JsonParsed;
    let mut meta = Map::new();
    let mut put = |name: &str, value: Value| meta.insert(name.to_owned(), value);
    put("err", receipt.status.as_ref().err().map_or(Value::Null, transaction_error));
    put("status", transaction_status(&receipt.status));
    put("fee", json!(receipt.fee_lamports));
    put("preBalances", json!(details.map(|details| &details.pre_balances)));
    put("postBalances", json!(details.map(|details| &details.post_balances)));
    let keys = all_keys(shown);
    put("innerInstructions", details.map_or(Value::Null, |details| inner_instructions(details, &keys, is_parsed)));
    put("logMessages", json!(details.map(|details| &details.logs)));
    let (pre, post) = details.map_or_else(Default::default, |details| token_balances(details, decimals));
    put("preTokenBalances", pre);
    put("postTokenBalances", post);
    put("rewards", json!([]));
    if !is_parsed {
        put("loadedAddresses", loaded_addresses(shown));
    }
    if let Some(data) = details.and_then(|details| details.return_data.as_ref()) {
        put("returnData", return_data(data));
    }
    put("computeUnitsConsumed", json!(receipt.compute_units));
    Value::Object(meta)
}

/// `loadedAddresses` of an answer.
pub fn loaded_addresses(shown: Shown<'_>) -> Value {
    let writable_count = shown.transaction.looked_up_key_count().0.min(shown.loaded_addresses.len());
    let (writable, readonly) = shown.loaded_addresses.split_at(writable_count);
    let texts = |keys: &[Pubkey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({ "writable": texts(writable), "readonly": texts(readonly) })
}

/// `returnData` of an answer.
pub fn return_data(data: &heddle_types::ReturnData) -> Value {
    json!({ "programId": data.program.to_string(), "data": [base64(&data.data), "base64"] })
}

/// `preTokenBalances` and `postTokenBalances` of an answer. A balance whose mint is gone has no decimals and is left out.
pub fn token_balances(details: &ReceiptDetails, decimals: DecimalsOf<'_>) -> (Value, Value) {
    let shown = |balances: &[TokenBalance]| {
        let shown = balances.iter().filter_map(|balance| {
            let facts = MintFacts::with_decimals(decimals(&balance.mint)?);
            Some(json!({
                "accountIndex": balance.account_index,
                "mint": balance.mint.to_string(),
                "owner": balance.owner.to_string(),
                "programId": balance.program.to_string(),
                "uiTokenAmount": heddle_parse::token_amount(balance.amount, &facts),
            }))
        });
        shown.collect::<Value>()
    };
    (shown(&details.pre_token_balances), shown(&details.post_token_balances))
}
