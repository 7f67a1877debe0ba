//! Errors of the engine: the host failed, or the caller asked for what cannot be. A failing transaction is no error.

use crate::{BlockLimit, OverrideError};
use heddle_scheduler::PoolError;
use heddle_storage::StoreError;
use heddle_types::{Hash, Pubkey, TransactionError, UnsupportedFeature, WireError};

/// Why an engine could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Blocks without a state hash were asked for, over a store that keeps them.
    #[error("blocks without a state hash need a store that forgets them")]
    StateHashNeeded,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The worker pool could not be made.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The store holds a chain that began otherwise than the builder says.
    #[error("the store was initialised with another genesis: its state hash is {stored}, the builder's is {given}")]
    OtherGenesis {
        /// What the store holds.
        stored: Hash,
        /// What the builder would have made.
        given: Hash,
    },
    /// A feature gate was asked for in a form that no rule has.
    #[error(transparent)]
    UnsupportedFeature(#[from] UnsupportedFeature),
    /// Both a runtime and features were given: a runtime has its features already.
    #[error("features were given beside a runtime: give them to the runtime (heddle_programs::runtime_builder_with)")]
    FeaturesBesideRuntime,
    /// No transaction has so many accounts.
    #[error("a transaction cannot lock {given} accounts: it has at most {max}")]
    AccountLockLimit {
        /// The limit that was asked for.
        given: usize,
        /// The largest.
        max: usize,
    },
    /// The same account was given twice.
    #[error("genesis account {0} is given twice")]
    DuplicateGenesisAccount(Pubkey),
}

/// Why a block could not be executed or committed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A worker panicked; the block was dropped.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The block does not follow the newest executed one.
    #[error("a block at slot {got} cannot follow slot {tip}")]
    SlotNotAfterTip {
        /// Slot of the newest executed block.
        tip: u64,
        /// Slot of the refused block.
        got: u64,
    },
    /// The block does more than a block may ([`crate::BlockLimits`]); it was taken back.
    #[error("transaction {position} takes the block at slot {slot} over a limit: {limit}")]
    OverBlockLimit {
        /// Slot of the refused block.
        slot: u64,
        /// Position of the first transaction over the limit.
        position: usize,
        /// The limit.
        limit: BlockLimit,
    },
    /// The accounts may not be overridden so.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// The block names the collector of overrides ([`crate::OVERRIDE_COLLECTOR`]) and is none.
    #[error("the block at slot {slot} names the collector that tells overrides")]
    OverrideCollector {
        /// Slot of the refused block.
        slot: u64,
    },
    /// Executed blocks must be committed or dropped first.
    #[error("the block at slot {slot} is neither committed nor dropped")]
    BlocksOpen {
        /// Slot of the oldest of them.
        slot: u64,
    },
    /// The engine refuses to go on; open it again.
    #[error("the engine takes no more blocks until it is opened again, because {cause}")]
    Poisoned {
        /// What happened.
        cause: String,
    },
    /// Blocks are committed in the order of execution.
    #[error("block at slot {got} was committed before its parent at slot {expected}")]
    CommitOutOfOrder {
        /// Slot that had to be committed first.
        expected: u64,
        /// Slot that was given.
        got: u64,
    },
}

/// Why a transaction was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IngressError {
    /// The bytes are no transaction.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A signature does not verify.
    #[error("signature {index} does not verify")]
    Signature {
        /// Which of the transaction's signatures, the first that failed.
        index: usize,
    },
}

/// Why a single transaction has no receipt.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// It was not taken.
    #[error(transparent)]
    Ingress(#[from] IngressError),
    /// It cannot be in a block: no fee was charged.
    #[error("transaction rejected: {0}")]
    Rejected(TransactionError),
    /// The host failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
