//! Transactions that come in, and airdrops.

use std::{
    thread,
    time::{Duration, Instant},
};

use crossbeam::channel;
use heddle_engine::{IngressError, SubmitError, VerifiedTransaction};
use heddle_types::{SanitizedTransaction, TransactionError, ids, limits};
use serde::Deserialize;
use serde_json::{Value, json};

use super::simulate;
use crate::{
    live::{BLOCKHASH_TIME_MIN, ClockMode, Commitment, Stage},
    rpc::{Context, ContextConfig, Params, RpcError, parse_hash, transaction_error},
    show::{base58, from_base64},
};

/// How long a transaction may wait for a place in the pool; the producer answers between two blocks.
const SUBMIT_TIME_MAX: Duration = Duration::from_secs(10);

/// How a transaction is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WireEncoding {
    #[default]
    Base58,
    Base64,
}

impl WireEncoding {
    /// Reads a transaction.
    ///
    /// # Errors
    /// -32602, as Solana's nodes say it.
    pub(super) fn decode(self, text: &str) -> Result<SanitizedTransaction, RpcError> {
        let raw_max = limits::TRANSACTION_V1_SIZE_BYTES_MAX;
        let (name, text_max) = match self {
            Self::Base58 => ("base58", raw_max * 138 / 100 + 1),
            Self::Base64 => ("base64", raw_max.div_ceil(3) * 4),
        };
        let too_large = |what: &str, size: usize| {
            RpcError::invalid_params(format!(
                "{what} solana_transaction::versioned::VersionedTransaction too large: {size} bytes (max: encoded/raw \
                 {text_max}/{raw_max})"
            ))
        };
        if text.len() > text_max {
            return Err(too_large(&format!("{name} encoded"), text.len()));
        }
        let bytes = match self {
            Self::Base58 => bs58::decode(text).into_vec().ok(),
            Self::Base64 => from_base64(text),
        };
        let bytes = bytes.ok_or_else(|| RpcError::invalid_params(format!("invalid {name} encoding")))?;
        if bytes.len() > raw_max {
            return Err(too_large("decoded", bytes.len()));
        }
        SanitizedTransaction::from_bytes(bytes.into()).map_err(|error| {
            RpcError::invalid_params(format!(
                "failed to deserialize solana_transaction::versioned::VersionedTransaction: {error}"
            ))
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SendConfig {
    skip_preflight: bool,
    preflight_commitment: Option<Commitment>,
    encoding: Option<WireEncoding>,
    /// How often a node sends it on; here it is taken once and waits.
    #[serde(rename = "maxRetries")]
    _max_retries: Option<u64>,
    min_context_slot: Option<u64>,
}

pub(super) fn send_transaction(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let text: String = params.required(0)?;
    let config: SendConfig = params.config(1)?;
    let transaction = config.encoding.unwrap_or_default().decode(&text)?;
    let verified = verify(context, transaction)?;
    let attempt = || {
        if !config.skip_preflight {
            let view =
                ContextConfig { commitment: config.preflight_commitment, min_context_slot: config.min_context_slot };
            context.view(&view)?;
            if let Some(cause) = context.live.halted() {
                return Err(RpcError::unhealthy(cause));
            }
            simulate::preflight(context, &verified)?;
        }
        submit(context, verified.clone())
    };
    match attempt() {
        Err(error) if is_blockhash_not_found(&error) && advances_nonce(&verified) => {
            await_blockhash(context)?;
            attempt()
        }
        result => result,
    }
}

fn is_blockhash_not_found(error: &RpcError) -> bool {
    error.data.as_ref().is_some_and(|data| data["err"] == transaction_error(&TransactionError::BlockhashNotFound))
}

/// Whether it names a nonce in the place of a blockhash.
fn advances_nonce(transaction: &VerifiedTransaction) -> bool {
    const ADVANCE_NONCE_TAG: [u8; 4] = 4u32.to_le_bytes();
    let transaction = transaction.transaction();
    transaction.instructions().next().is_some_and(|first| {
        transaction.static_keys().get(usize::from(first.program_index)) == Some(&ids::system_program::ID)
            && first.data.starts_with(&ADVANCE_NONCE_TAG)
    })
}

/// A nonce can be advanced once per blockhash. Where blocks come faster than blockhashes a client must not notice: so there
/// is another one.
fn await_blockhash(context: &Context) -> Result<(), RpcError> {
    if context.live.clock().mode == ClockMode::Transaction {
        thread::sleep(BLOCKHASH_TIME_MIN);
        context.live.add_blockhash().map_err(RpcError::overloaded)?;
    }
    Ok(())
}

/// Verifies every signature.
fn verify(context: &Context, transaction: SanitizedTransaction) -> Result<VerifiedTransaction, RpcError> {
    let began = Instant::now();
    let verified =
        heddle_engine::verify_signatures(&transaction).map(|()| VerifiedTransaction::without_verification(transaction));
    context.live.stats().add_stage(Stage::Verify, began.elapsed());
    verified.map_err(|error| match error {
        IngressError::Signature { .. } => RpcError::signature_verification(),
        IngressError::Wire(error) => RpcError::invalid_params(error.to_string()),
    })
}

/// Lets a transaction wait for its block; its signature. One that waits already, or is in a block, is as good as taken: clients send
/// again what they do not hear of.
fn submit(context: &Context, transaction: VerifiedTransaction) -> Result<Value, RpcError> {
    let signature = base58(&transaction.transaction().signatures()[0]);
    let (answer, answered) = channel::bounded(1);
    let tell = move |result| {
        let _nobody_waits = answer.send(result);
    };
    context.live.submit(transaction, tell).map_err(RpcError::overloaded)?;
    let result = answered.recv_timeout(SUBMIT_TIME_MAX);
    match result.map_err(|_| RpcError::overloaded("the chain did not take the transaction in time"))? {
        Ok(()) | Err(SubmitError::AlreadyWaiting | SubmitError::AlreadyProcessed { .. }) => Ok(json!(signature)),
        Err(error) => Err(refusal(error)),
    }
}

/// Why a transaction may not wait, as Solana's nodes say it where they have words for it.
fn refusal(error: SubmitError) -> RpcError {
    let rejected = |error: &TransactionError| {
        let message = format!("Transaction simulation failed: {error}");
        RpcError::preflight_failure(message, simulate::failure_without_run(error))
    };
    match &error {
        SubmitError::Rejected(error) => rejected(error),
        SubmitError::Expired { .. } => rejected(&TransactionError::BlockhashNotFound),
        SubmitError::OverLimit(_) => rejected(&TransactionError::WouldExceedMaxBlockCostLimit),
        SubmitError::AccountFull { .. } | SubmitError::PoolFull { .. } => RpcError::overloaded(error),
        SubmitError::Engine(error) => RpcError::unhealthy(error),
        SubmitError::AlreadyWaiting | SubmitError::AlreadyProcessed { .. } => RpcError::internal(error),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AirdropConfig {
    #[serde(rename = "commitment")]
    _commitment: Option<Commitment>,
    recent_blockhash: Option<String>,
}

pub(super) fn request_airdrop(context: &Context, params: &Params) -> Result<Value, RpcError> {
    let to = params.address(0)?;
    let lamports: u64 = params.required(1)?;
    let config: AirdropConfig = params.config(2)?;
    let faucet = context.faucet.as_ref().ok_or_else(|| {
        RpcError::invalid_request("airdrops are off: this node was started without a faucet (--faucet-sol)")
    })?;
    let blockhash = match config.recent_blockhash {
        Some(text) => parse_hash(&text)?,
        None => context.live.chain().engine().latest_blockhash(),
    };
    let transaction = faucet.transfer(&to, lamports, &blockhash);
    let verified = VerifiedTransaction::without_verification(
        SanitizedTransaction::from_bytes(transaction.into()).map_err(RpcError::internal)?,
    );
    simulate::preflight(context, &verified)?;
    submit(context, verified)
}
