//! What methods work with.

use std::{sync::Arc, time::Instant};

use heddle_types::Pubkey;

use super::{ContextConfig, RpcError};
use crate::{
    faucet::Faucet,
    live::{Commitment, LiveChain, LiveHandle, View},
    prices::Prices,
};

/// What a node says of itself.
#[derive(Clone, Debug)]
pub struct NodeFacts {
    /// Who makes the blocks.
    pub identity: Pubkey,
    /// Where requests are served, as told to clients.
    pub rpc_address: String,
    /// Where subscriptions are served.
    pub websocket_address: String,
    /// When it was started.
    pub started: Instant,
}

/// Everything that a method may use. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The chain.
    pub live: LiveHandle,
    /// Who pays for airdrops, if anybody.
    pub faucet: Option<Arc<Faucet>>,
    /// What the node says of itself.
    pub facts: Arc<NodeFacts>,
    /// Recent prices of compute units.
    pub prices: Arc<Prices>,
    /// How many clients there are.
    pub connections: Arc<crate::limits::Connections>,
    /// Whether `heddle_*` methods that change the chain are served.
    pub allows_development: bool,
}

impl Context {
    /// What the database says of itself; null for one in memory.
    pub fn store_facts(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// The chain and the state that `config` asks for; finalized unless it says otherwise.
    ///
    /// # Errors
    /// -32016 if that is older than the client wants.
    pub fn view(&self, config: &ContextConfig) -> Result<(Arc<LiveChain>, View), RpcError> {
        let chain = self.live.chain();
        let view = chain.view(config.commitment.unwrap_or_default());
        if config.min_context_slot.is_some_and(|slot| view.slot() < slot) {
            return Err(RpcError::min_context_slot(view.slot()));
        }
        Ok((chain, view))
    }

    /// As [`Self::view`]; the ledger holds only what is durable, so nothing can be asked for at `processed`.
    ///
    /// # Errors
    /// -32602 for `processed`, as Solana's nodes have it; as [`Self::view`].
    pub fn durable_view(&self, config: &ContextConfig) -> Result<(Arc<LiveChain>, View), RpcError> {
        if config.commitment == Some(Commitment::Processed) {
            return Err(RpcError::invalid_params("Method does not support commitment below `confirmed`"));
        }
        self.view(config)
    }
}
