//! What methods work with.

use std::{sync::Arc, time::Instant};

use heddle_storage::StorePressure;
use heddle_types::Pubkey;
use serde_json::{Value, json};

use super::{ContextConfig, RpcError};
use crate::{
    contention::Contention,
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
    /// What transactions waited for lately.
    pub contention: Arc<Contention>,
    /// How many clients there are.
    pub connections: Arc<crate::limits::Connections>,
    /// Whether `heddle_*` methods that change the chain are served.
    pub allows_development: bool,
}

impl Context {
    /// What the database says of itself; null for one in memory.
    pub fn store_facts(&self) -> Value {
        self.store_pressure().map_or(Value::Null, |pressure| {
            json!({
                "memtableBytes": pressure.memtable_bytes,
                "tableBytes": pressure.table_bytes,
                "stalledWrites": u8::from(pressure.is_write_stopped),
                "compactionPendingBytes": pressure.compaction_pending_bytes,
                "runningCompactions": pressure.running_compaction_count,
            })
        })
    }

    /// How the database keeps up; `None` for one in memory, or that does not tell.
    pub fn store_pressure(&self) -> Option<StorePressure> {
        let pressure = self.live.chain().store().pressure();
        pressure.unwrap_or_else(|error| {
            tracing::warn!(%error, "the database does not tell how it is");
            None
        })
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
