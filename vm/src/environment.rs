//! What a transaction may know of its block. Everything here is an input of the block: nothing comes from a clock.

use heddle_types::{Hash, limits};

use crate::{Clock, EpochSchedule, Rent, SysvarCache};

/// Facts of the block that a transaction runs in; shared by all workers.
#[derive(Clone, Debug)]
pub struct BlockEnvironment {
    /// Sysvars as of the start of the block.
    pub sysvars: SysvarCache,
    /// The newest blockhash in the queue: what durable nonces advance to.
    pub blockhash: Hash,
    /// Base fee per signature that goes with `blockhash`.
    pub lamports_per_signature: u64,
}

impl BlockEnvironment {
    /// An environment at `clock` with default rent and fees.
    pub fn new(clock: Clock, blockhash: Hash) -> Self {
        Self {
            sysvars: SysvarCache::new(clock, Rent::default(), EpochSchedule::default()),
            blockhash,
            lamports_per_signature: limits::LAMPORTS_PER_SIGNATURE,
        }
    }
}
