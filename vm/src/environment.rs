//! What a transaction may know of its block. Everything here is an input of the block: nothing comes from a clock.

use std::{collections::BTreeMap, sync::Arc};

use heddle_types::{Hash, Pubkey, limits};

use crate::{Clock, EpochSchedule, Rent, SysvarCache};

/// Active stakes of the block's epoch, in lamports: what `sol_get_epoch_stake` tells (SIMD-0133).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochStakes {
    by_vote_account: BTreeMap<Pubkey, u64>,
    total: u64,
}

impl EpochStakes {
    /// Stakes by vote account; their sum is the cluster's.
    pub fn new(by_vote_account: BTreeMap<Pubkey, u64>) -> Self {
        let total = by_vote_account.values().fold(0, |total: u64, stake| total.saturating_add(*stake));
        Self { by_vote_account, total }
    }

    /// Lamports staked to `vote_account`; zero if it is none. O(log n) in the number of vote accounts.
    pub fn of(&self, vote_account: &Pubkey) -> u64 {
        self.by_vote_account.get(vote_account).copied().unwrap_or(0)
    }

    /// Lamports staked in the whole cluster.
    pub fn total(&self) -> u64 {
        self.total
    }
}

/// Facts of the block that a transaction runs in; shared by all workers.
#[derive(Clone, Debug)]
pub struct BlockEnvironment {
    /// Sysvars as of the start of the block.
    pub sysvars: SysvarCache,
    /// The newest blockhash in the queue: what durable nonces advance to.
    pub blockhash: Hash,
    /// Base fee per signature that goes with `blockhash`.
    pub lamports_per_signature: u64,
    /// Stakes of the block's epoch; one set serves every block of the epoch.
    pub epoch_stakes: Arc<EpochStakes>,
}

impl BlockEnvironment {
    /// An environment at `clock` with default rent and fees, and no stakes.
    pub fn new(clock: Clock, blockhash: Hash) -> Self {
        Self {
            sysvars: SysvarCache::new(clock, Rent::default(), EpochSchedule::default()),
            blockhash,
            lamports_per_signature: limits::LAMPORTS_PER_SIGNATURE,
            epoch_stakes: Arc::default(),
        }
    }
}
