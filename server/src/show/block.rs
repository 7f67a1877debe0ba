//! Blocks, as Solana's `getBlock` and `blockSubscribe` have them.

use heddle_types::{BlockHeader, SanitizedTransaction, StoredTransaction};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    base58,
    transaction::{self, DecimalsOf, Shown, TransactionEncoding},
};
use crate::rpc::RpcError;

/// How much of a block's transactions is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TransactionDetails {
    /// Everything.
    #[default]
    Full,
    /// Signatures, keys and what came of them.
    Accounts,
    /// Only signatures.
    Signatures,
    /// Nothing.
    None,
}

/// What is asked of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockShape {
    /// How transactions are written.
    pub encoding: TransactionEncoding,
    /// How much of them is told.
    pub details: TransactionDetails,
    /// Whether who got the fees is told.
    pub rewards: bool,
    /// The newest version of transactions that the client knows.
    pub version_max: Option<u8>,
}

/// A block that is shown.
pub struct ShownBlock<'a> {
    /// Its header.
    pub header: &'a BlockHeader,
    /// Its parent's blockhash.
    pub previous_blockhash: String,
    /// In block order.
    pub transactions: &'a [(SanitizedTransaction, &'a StoredTransaction)],
}

/// A whole block.
///
/// # Errors
/// -32015 if it holds a transaction of a version that the client does not know.
pub fn block(shown: &ShownBlock<'_>, shape: &BlockShape, decimals: DecimalsOf<'_>) -> Result<Value, RpcError> {
    let header = shown.header;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("previousBlockhash", json!(shown.previous_blockhash));
    put("blockhash", json!(header.blockhash.to_string()));
    put("parentSlot", json!(header.parent_slot));
    match shape.details {
        TransactionDetails::Full | TransactionDetails::Accounts => {
            let shown_transactions = shown.transactions.iter().map(|(sanitized, stored)| {
                let shown = Shown {
                    transaction: sanitized,
                    loaded_addresses: &stored.loaded_addresses,
                    receipt: &stored.receipt,
                };
                one_of_block(shown, shape, decimals)
            });
            put("transactions", Value::Array(shown_transactions.collect::<Result<_, _>>()?));
        }
        TransactionDetails::Signatures => {
            let signatures = shown.transactions.iter().map(|(sanitized, _)| json!(base58(&sanitized.signatures()[0])));
            put("signatures", signatures.collect());
        }
        TransactionDetails::None => {}
    }
    if shape.rewards {
        put("rewards", json!([]));
    }
    put("blockTime", json!(header.unix_timestamp));
    put("blockHeight", json!(header.height));
    Ok(Value::Object(object))
}

fn one_of_block(shown: Shown<'_>, shape: &BlockShape, decimals: DecimalsOf<'_>) -> Result<Value, RpcError> {
    let version = transaction::check_version(shown.transaction, shape.version_max)?;
    let (body, meta) = if shape.details == TransactionDetails::Accounts {
        let body = json!({
            "signatures": transaction::signatures(shown.transaction),
            "accountKeys": transaction::parsed_keys(shown),
        });
        let mut meta = transaction::meta(shown, TransactionEncoding::Json, decimals);
        if let Some(meta) = meta.as_object_mut() {
            for absent in
                ["innerInstructions", "logMessages", "rewards", "loadedAddresses", "returnData", "computeUnitsConsumed"]
            {
                meta.shift_remove(absent);
            }
        }
        (body, meta)
    } else {
        (transaction::transaction(shown, shape.encoding), transaction::meta(shown, shape.encoding, decimals))
    };
    let mut object = json!({ "transaction": body, "meta": meta });
    if let Some(version) = version {
        object["version"] = version;
    }
    Ok(object)
}
