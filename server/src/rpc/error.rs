//! JSON-RPC errors, with the codes and messages that Solana's clients match on.
//!
//! Codes and texts: crate `solana-rpc-client-api` 4.2, `custom_error`.

use std::fmt::Display;

use heddle_storage::StoreError;
use heddle_types::TransactionError;
use serde_json::{Value, json};

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// The code.
    pub code: i64,
    /// For people.
    pub message: String,
    /// For programs.
    pub data: Option<Value>,
}

impl RpcError {
    /// An error without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    fn with_data(code: i64, message: impl Into<String>, data: Value) -> Self {
        Self { code, message: message.into(), data: Some(data) }
    }

    /// The bytes are no JSON.
    pub fn parse() -> Self {
        Self::new(-32700, "Parse error")
    }

    /// The JSON is no request, or asks for what cannot be.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    /// There is no such method.
    pub fn method_not_found() -> Self {
        Self::new(-32601, "Method not found")
    }

    /// Parameters are not what they must be.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// The node failed.
    pub fn internal(error: impl Display) -> Self {
        Self::new(-32603, format!("Internal error: {error}"))
    }

    /// A block was removed from the ledger.
    pub fn block_cleaned_up(slot: u64, first_available_block: u64) -> Self {
        let message =
            format!("Block {slot} cleaned up, does not exist on node. First available block: {first_available_block}");
        Self::new(-32001, message)
    }

    /// The preflight simulation failed; `simulation` is what `simulateTransaction` would have answered.
    pub fn preflight_failure(message: impl Into<String>, simulation: Value) -> Self {
        Self::with_data(-32002, message, simulation)
    }

    /// A signature does not verify.
    pub fn signature_verification() -> Self {
        Self::new(-32003, "Transaction signature verification failure")
    }

    /// No block is at this slot yet.
    pub fn block_not_available(slot: u64) -> Self {
        Self::new(-32004, format!("Block not available for slot {slot}"))
    }

    /// The node cannot do its work.
    pub fn unhealthy(cause: impl Display) -> Self {
        Self::with_data(-32005, format!("Node is unhealthy: {cause}"), json!({ "numSlotsBehind": null }))
    }

    /// As many transactions as may are waiting.
    pub fn overloaded(cause: impl Display) -> Self {
        Self::new(-32005, format!("Node is overloaded: {cause}"))
    }

    /// More requests from one address than are allowed.
    pub fn too_many_requests() -> Self {
        Self::new(-32005, "Too many requests")
    }

    /// No block was made at this slot.
    pub fn slot_skipped(slot: u64) -> Self {
        Self::new(-32007, format!("Slot {slot} was skipped, or missing due to ledger jump to recent snapshot"))
    }

    /// There are no snapshots.
    pub fn no_snapshot() -> Self {
        Self::new(-32008, "No snapshot")
    }

    /// Old transactions are not kept, or not found by what was given.
    pub fn history_not_available() -> Self {
        Self::new(-32011, "Transaction history is not available from this node")
    }

    /// The client does not know this version of transactions.
    pub fn unsupported_transaction_version(version: u8) -> Self {
        let message = format!(
            "Transaction version ({version}) is not supported by the requesting client. Please try the request again with \
             the following configuration parameter: \"maxSupportedTransactionVersion\": {version}"
        );
        Self::new(-32015, message)
    }

    /// The state is older than the client wants.
    pub fn min_context_slot(context_slot: u64) -> Self {
        Self::with_data(-32016, "Minimum context slot has not been reached", json!({ "contextSlot": context_slot }))
    }

    /// As a JSON-RPC error object.
    pub fn to_json(&self) -> Value {
        let mut object = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            object["data"] = data.clone();
        }
        object
    }
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store cannot be read");
        Self::internal(error)
    }
}

/// A transaction's error as Solana's JSON has it.
pub fn transaction_error(error: &TransactionError) -> Value {
    serde_json::to_value(error).unwrap_or_else(|_| Value::String(error.to_string()))
}

/// A transaction's status as Solana's JSON has it: `{"Ok":null}` or `{"Err":…}`.
pub fn transaction_status(status: &Result<(), TransactionError>) -> Value {
    match status {
        Ok(()) => json!({ "Ok": null }),
        Err(error) => json!({ "Err": transaction_error(error) }),
    }
}
