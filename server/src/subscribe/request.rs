//! Requests to subscribe and to unsubscribe, as clients send them.

use heddle_types::Pubkey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::registry::{Outbox, Registry};
use crate::{
    live::Commitment,
    rpc::{
        Context, Params, RpcError,
        methods::{AccountConfig, AccountFilter},
        parse_address,
    },
    show::{
        account::{AccountEncoding, DataSlice},
        block::{BlockShape, TransactionDetails},
        transaction::TransactionEncoding,
    },
};

/// What is wanted.
#[derive(Clone, Debug)]
pub enum Topic {
    /// Changes of one account.
    Account { key: Pubkey, encoding: AccountEncoding, slice: Option<DataSlice> },
    /// Changes of the accounts of a program.
    Program { key: Pubkey, encoding: AccountEncoding, slice: Option<DataSlice>, filters: Vec<AccountFilter> },
    /// Logs of every transaction, or of those that name an account.
    Logs { mentions: Option<Pubkey> },
    /// What becomes of a transaction; told once.
    Signature { signature: [u8; 64], tells_receipt: bool },
    /// New slots.
    Slot,
    /// Steps of every slot.
    SlotsUpdates,
    /// Durable slots.
    Root,
    /// Durable blocks, or only what in them names an account.
    Block { mentions: Option<Pubkey>, shape: BlockShape },
    /// Votes: there are none.
    Vote,
}

/// A subscription: what, and of which state.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What.
    pub topic: Topic,
    /// Of which state.
    pub commitment: Commitment,
}

impl Topic {
    /// The method of its notifications.
    pub fn notification(&self) -> &'static str {
        match self {
            Self::Account { .. } => "accountNotification",
            Self::Program { .. } => "programNotification",
            Self::Logs { .. } => "logsNotification",
            Self::Signature { .. } => "signatureNotification",
            Self::Slot => "slotNotification",
            Self::SlotsUpdates => "slotsUpdatesNotification",
            Self::Root => "rootNotification",
            Self::Block { .. } => "blockNotification",
            Self::Vote => "voteNotification",
        }
    }
}

/// Whether `method` is one of these.
pub fn is_subscription_method(method: &str) -> bool {
    method.ends_with("Subscribe") || method.ends_with("Unsubscribe")
}

/// Carries out a subscription. `answer` makes the client's answer of its number; it is in the outbox when this returns.
///
/// # Errors
/// -32601 for an unknown method; -32602 for bad parameters; too many subscriptions.
pub fn subscribe(
    context: &Context,
    registry: &Registry,
    outbox: &Outbox,
    method: &str,
    params: &Params,
    answer: impl FnOnce(u64) -> String,
) -> Result<(), RpcError> {
    registry.add(context, outbox, wanted(method, params)?, answer)
}

/// Ends a subscription of this connection.
///
/// # Errors
/// -32602 if there is no such subscription.
pub fn unsubscribe(registry: &Registry, outbox: &Outbox, params: &Params) -> Result<Value, RpcError> {
    let id: u64 = params.required(0)?;
    if registry.remove(outbox, id) {
        Ok(json!(true))
    } else {
        Err(RpcError::invalid_params("Invalid subscription id."))
    }
}

fn wanted(method: &str, params: &Params) -> Result<Wanted, RpcError> {
    match method {
        "accountSubscribe" => account(params),
        "programSubscribe" => program(params),
        "logsSubscribe" => logs(params),
        "signatureSubscribe" => signature(params),
        "blockSubscribe" => block(params),
        "slotSubscribe" => Ok(Wanted { topic: Topic::Slot, commitment: Commitment::Processed }),
        "slotsUpdatesSubscribe" => Ok(Wanted { topic: Topic::SlotsUpdates, commitment: Commitment::Processed }),
        "rootSubscribe" => Ok(Wanted { topic: Topic::Root, commitment: Commitment::Finalized }),
        "voteSubscribe" => Ok(Wanted { topic: Topic::Vote, commitment: Commitment::Processed }),
        _ => Err(RpcError::method_not_found()),
    }
}

fn account(params: &Params) -> Result<Wanted, RpcError> {
    let key = params.address(0)?;
    let config: AccountConfig = params.config(1)?;
    let encoding = config.encoding.unwrap_or(AccountEncoding::Binary);
    let topic = Topic::Account { key, encoding, slice: config.data_slice };
    Ok(Wanted { topic, commitment: config.context.commitment.unwrap_or_default() })
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProgramConfig {
    #[serde(flatten)]
    account: AccountConfig,
    filters: Option<Vec<AccountFilter>>,
}

fn program(params: &Params) -> Result<Wanted, RpcError> {
    let key = params.address(0)?;
    let config: ProgramConfig = params.config(1)?;
    let filters = AccountFilter::check_all(config.filters.unwrap_or_default())?;
    let encoding = config.account.encoding.unwrap_or(AccountEncoding::Binary);
    let topic = Topic::Program { key, encoding, slice: config.account.data_slice, filters };
    Ok(Wanted { topic, commitment: config.account.context.commitment.unwrap_or_default() })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitmentConfig {
    commitment: Option<Commitment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum LogsFilter {
    All,
    AllWithVotes,
    Mentions(Vec<String>),
}

fn logs(params: &Params) -> Result<Wanted, RpcError> {
    let mentions = match params.required(0)? {
        LogsFilter::All | LogsFilter::AllWithVotes => None,
        LogsFilter::Mentions(keys) => match keys.as_slice() {
            [key] => Some(parse_address(key)?),
            _ => return Err(RpcError::invalid_params("Invalid Request: Only 1 address supported")),
        },
    };
    let config: CommitmentConfig = params.config(1)?;
    Ok(Wanted { topic: Topic::Logs { mentions }, commitment: config.commitment.unwrap_or_default() })
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SignatureConfig {
    commitment: Option<Commitment>,
    enable_received_notification: Option<bool>,
}

fn signature(params: &Params) -> Result<Wanted, RpcError> {
    let signature = params.signature(0)?;
    let config: SignatureConfig = params.config(1)?;
    let topic = Topic::Signature { signature, tells_receipt: config.enable_received_notification == Some(true) };
    Ok(Wanted { topic, commitment: config.commitment.unwrap_or_default() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum BlockFilter {
    All,
    MentionsAccountOrProgram(String),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BlockConfig {
    commitment: Option<Commitment>,
    encoding: Option<TransactionEncoding>,
    transaction_details: Option<TransactionDetails>,
    show_rewards: Option<bool>,
    max_supported_transaction_version: Option<u8>,
}

fn block(params: &Params) -> Result<Wanted, RpcError> {
    let mentions = match params.required(0)? {
        BlockFilter::All => None,
        BlockFilter::MentionsAccountOrProgram(key) => Some(parse_address(&key)?),
    };
    let config: BlockConfig = params.config(1)?;
    if config.commitment == Some(Commitment::Processed) {
        return Err(RpcError::invalid_params("Method does not support commitment below `confirmed`"));
    }
    let shape = BlockShape {
        encoding: config.encoding.unwrap_or(TransactionEncoding::Base64),
        details: config.transaction_details.unwrap_or_default(),
        rewards: config.show_rewards.unwrap_or(true),
        version_max: config.max_supported_transaction_version,
    };
    Ok(Wanted { topic: Topic::Block { mentions, shape }, commitment: Commitment::Finalized })
}
