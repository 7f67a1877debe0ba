//! Block production: verified transactions wait in a bounded pool and leave it in blocks, best fee per cost first.
//!
//! [`heddle_scheduler::WaitingPool`] chooses; this file tells it what a transaction earns (what the collector gets), what
//! it can cost (everything it requests), and which accounts it locks, and lets nobody wait who cannot be in a block as
//! things stand: expired, executed already, unable to pay. Execution stays the judge: what it rejects costs the block
//! nothing and does not come back.
//!
//! ```text
//!  submit ──▶ refused, with the reason
//!    │
//!    ▼             displaced by a better one ──▶ handed to who submitted that
//!  waiting ──┬──── blockhash too old ──▶ handed out by `produce`
//!            └──── best that fits ──▶ in the block that `produce` returns
//! ```

use std::collections::{BTreeSet, HashMap, HashSet};

use ahash::RandomState;
use heddle_scheduler::{Candidate, GreedyChoice, PackLimit, PackLimits, Packed, PoolBounds, Refusal, WaitingPool};
use heddle_types::{Account, AccountLock, Hash, Pubkey, TransactionError, ids};
use heddle_vm::{NonceState, Rent};

use crate::{
    Block, Engine, EngineError, VerifiedTransaction,
    cost::Cost,
    engine::Shared,
    fees::{self, Fee},
    plan::{BlockPlan, PlanInputs},
    static_facts,
    waiting_accounts::WaitingAccounts,
};

/// How a producer bounds its pool and its blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProducerConfig {
    /// How much may wait.
    pub bounds: PoolBounds,
    /// What a block may hold, as far as the engine's own [`crate::BlockLimits`] are not narrower. Costs are in compute
    /// units.
    pub limits: PackLimits,
}

/// Why a transaction may not wait. It was not taken; submitting it again later is up to the caller.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// One with the same message waits.
    #[error("the transaction is waiting already")]
    AlreadyWaiting,
    /// One with the same message is in a block.
    #[error("the transaction was processed at slot {slot}")]
    AlreadyProcessed {
        /// The slot of that block.
        slot: u64,
    },
    /// Its blockhash is not among the recent ones, and it is not on the present value of a nonce account either.
    #[error("blockhash {blockhash} is too old or unknown: the transaction has expired")]
    Expired {
        /// What it names.
        blockhash: Hash,
    },
    /// Execution would reject it as things stand.
    #[error("the transaction cannot be in a block: {0}")]
    Rejected(TransactionError),
    /// What it requests is more than a block may hold.
    #[error("the transaction alone exceeds a limit of the block: {0}")]
    OverLimit(PackLimit),
    /// As many as may wait to write this account, and each of them pays no less per cost.
    #[error("{waiting} transactions that pay no less are waiting to write account {account}")]
    AccountFull {
        /// Which account.
        account: Pubkey,
        /// How many write it.
        waiting: usize,
    },
    /// As many as may wait, and each of them pays no less per cost.
    #[error("{waiting} transactions that pay no less are waiting")]
    PoolFull {
        /// How many.
        waiting: usize,
    },
    /// The host failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What [`BlockProducer::produce`] gives.
#[derive(Clone, Debug)]
pub struct Produced {
    /// The next block, which is within the engine's limits whatever its transactions do. Those it holds wait no more,
    /// executed or not.
    pub block: Block,
    /// Transactions that expired while they waited, in the order of their hashes; they wait no more.
    pub expired: Vec<VerifiedTransaction>,
    /// What the block earns at most and sets aside, and the effort it took; transactions by message hash.
    pub packed: Packed<Hash>,
}

/// Fills blocks from a bounded pool of waiting transactions.
///
/// ```
/// use heddle_engine::{BlockProducer, Engine, ProducerConfig, VerifiedTransaction};
/// # use heddle_engine::doc::{alice, transfer};
/// # use heddle_types::Pubkey;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().fund(alice(), 10_000_000_000).workers(2).build()?;
/// # let wire_bytes = transfer(Pubkey::new_from_array([2; 32]), 1_000_000_000, engine.latest_blockhash());
/// let mut producer = BlockProducer::new(&engine, ProducerConfig::default());
/// producer.submit(VerifiedTransaction::new(&wire_bytes)?)?;
/// let block = producer.produce().block;
/// let executed = engine.execute_block(block)?;
/// assert_eq!(engine.commit_block(executed)?.header.transaction_count, 1);
/// # Ok(())
/// # }
/// ```
pub struct BlockProducer {
    engine: Engine,
    pool: WaitingPool<Hash>,
    /// By message hash.
    waiting: HashMap<Hash, Waiting, RandomState>,
    accounts: WaitingAccounts,
    /// Message hashes of those that expire with a blockhash.
    by_blockhash: HashMap<Hash, HashSet<Hash, RandomState>, RandomState>,
    recent: RecentChain,
    plan: BlockPlan,
}

/// A transaction in the pool.
struct Waiting {
    transaction: VerifiedTransaction,
    locks: Box<[AccountLock]>,
}

/// What the newest block decides of who may wait.
#[derive(Default)]
struct RecentChain {
    /// Its hash; none before the first look.
    block_hash: Option<Hash>,
    slot: u64,
    blockhashes: ahash::HashSet<Hash>,
    slots: Vec<u64>,
}

/// What the pool must know of a transaction.
struct Assessed {
    reward: u64,
    cost: Cost,
    /// Whether it expires with its blockhash, rather than with a nonce.
    expires: bool,
    /// The accounts that it locks, and whether it may write them.
    locks: Vec<(Pubkey, bool)>,
}

impl BlockProducer {
    /// A producer of blocks that follow `engine`'s newest. Several may exist; each has its own pool.
    ///
    /// # Panics
    /// If a bound of the pool is 0.
    pub fn new(engine: &Engine, config: ProducerConfig) -> Self {
        let block_limits = &engine.shared().limits.block;
        let limits = PackLimits {
            cost: config.limits.cost.min(block_limits.compute_units),
            account_cost: config.limits.account_cost.min(block_limits.account_compute_units),
            data_bytes: config.limits.data_bytes.min(block_limits.allocated_bytes),
            ..config.limits
        };
        Self {
            engine: engine.clone(),
            pool: WaitingPool::new(config.bounds, limits),
            waiting: HashMap::default(),
            accounts: WaitingAccounts::default(),
            by_blockhash: HashMap::default(),
            recent: RecentChain::default(),
            plan: BlockPlan::default(),
        }
    }

    /// Transactions that wait.
    pub fn waiting_count(&self) -> usize {
        self.pool.len()
    }

    /// Whether a transaction with this message waits.
    pub fn is_waiting(&self, message_hash: &Hash) -> bool {
        self.pool.contains(message_hash)
    }

    /// The limits of its blocks.
    pub fn limits(&self) -> &PackLimits {
        self.pool.limits()
    }

    /// Lets a transaction wait for a block; returns those that had to go for it because the pool, or the share of an
    /// account, was full. Waits for a block that is being executed to end.
    ///
    /// # Errors
    /// [`SubmitError`]: why it was not taken.
    pub fn submit(&mut self, transaction: VerifiedTransaction) -> Result<Vec<VerifiedTransaction>, SubmitError> {
        let id = *transaction.message_hash();
        if self.pool.contains(&id) {
            return Err(SubmitError::AlreadyWaiting);
        }
        let assessed = self.assess(&transaction)?;
        let locks = self.accounts.hold(assessed.locks.iter().copied());
        let candidate = Candidate {
            id,
            locks: &locks,
            reward: assessed.reward,
            cost: assessed.cost.compute_units,
            data_bytes: assessed.cost.allocated_bytes,
        };
        let evicted = match self.pool.insert(candidate) {
            Ok(evicted) => evicted,
            Err(refusal) => {
                let error = self.explain(refusal);
                self.accounts.let_go(&locks);
                return Err(error);
            }
        };
        if assessed.expires {
            self.by_blockhash.entry(*transaction.transaction().recent_blockhash()).or_default().insert(id);
        }
        self.waiting.insert(id, Waiting { transaction, locks });
        Ok(evicted.iter().filter_map(|id| self.release(id)).collect())
    }

    /// Takes a transaction back, for instance because a block from elsewhere holds it.
    pub fn withdraw(&mut self, message_hash: &Hash) -> Option<VerifiedTransaction> {
        self.pool.remove(message_hash);
        self.release(message_hash)
    }

    /// Takes the next block out of the pool: best fee per cost first, in that order, under the limits. Empty if nothing
    /// waits. What does not fit goes on waiting.
    pub fn produce(&mut self) -> Produced {
        self.recent.follow(self.engine.shared());
        let expired = self.take_expired();
        let packed = self.pool.pack();
        let transactions = packed.transactions.iter().filter_map(|id| self.release(id)).collect();
        Produced { block: self.engine.next_block(transactions), expired, packed }
    }

    /// What the serial greedy choice under `limits` would take now; before [`Self::produce`], to see what that loses
    /// ([`heddle_scheduler::PackReport`]). O(waiting).
    pub fn serial_greedy(&self, limits: &PackLimits) -> GreedyChoice<Hash> {
        self.pool.serial_greedy(limits)
    }

    /// Plans the transaction against the newest state and finds what it earns, costs and locks.
    fn assess(&mut self, transaction: &VerifiedTransaction) -> Result<Assessed, SubmitError> {
        let shared = self.engine.shared();
        let message = transaction.transaction();
        let mut requested = transaction.facts().limits.clone().map_err(SubmitError::Rejected)?;
        requested.compute_unit_limit = shared.limits.compute_units.unwrap_or(requested.compute_unit_limit);
        // Accounts are looked at: nobody may be writing them.
        let mut executor = shared.executor.lock();
        if let Some(slot) = executor.statuses.slot(transaction.message_hash()) {
            return Err(SubmitError::AlreadyProcessed { slot });
        }
        shared.table.shrink();
        // What is planned here is no block that runs.
        executor.planner.serial.0 += 1;
        self.recent.follow(shared);
        let blockhash = *message.recent_blockhash();
        let expired = || SubmitError::Expired { blockhash };
        let expires = self.recent.blockhashes.contains(&blockhash);
        let nonce = if expires { None } else { Some(static_facts::advanced_nonce(message).ok_or_else(expired)?) };
        let inputs = PlanInputs {
            table: &shared.table,
            store: &*shared.store,
            slot: self.recent.slot + 1,
            recent_slots: &self.recent.slots,
            lock_count_max: shared.limits.account_locks,
            recent_blockhashes: &self.recent.blockhashes,
            block: executor.planner.serial,
        };
        self.plan.make(std::slice::from_ref(transaction), &inputs).map_err(EngineError::from)?;
        let planned = self.plan.transaction(0);
        if let Some(error) = &planned.rejected {
            return Err(SubmitError::Rejected(error.clone()));
        }
        let keys = self.plan.keys_of(planned);
        if nonce.is_some_and(|position| !shared.table.with(keys[position], |account| holds_nonce(account, &blockhash)))
        {
            return Err(expired());
        }
        let fee = Fee {
            base: fees::base_fee(message.signatures().len() as u64 + transaction.facts().cost.precompile_signatures),
            priority: requested.priority_fee_lamports,
        };
        let mut payer = shared.table.read(keys[0]);
        fees::charge(&mut payer, fee.total(), &Rent::default()).map_err(SubmitError::Rejected)?;
        let cost = Cost::requested(transaction, &requested, shared.runtime.gates());
        let locks = self.plan.lock_sets().next().unwrap_or_default();
        let locks = locks.iter().map(|lock| (shared.table.slot(lock.account).key(), lock.is_writable())).collect();
        Ok(Assessed { reward: fee.collected(), cost, expires, locks })
    }

    fn explain(&self, refusal: Refusal) -> SubmitError {
        match refusal {
            Refusal::Duplicate => SubmitError::AlreadyWaiting,
            Refusal::OverLimit(limit) => SubmitError::OverLimit(limit),
            Refusal::AccountFull { account, waiting } => {
                SubmitError::AccountFull { account: self.accounts.key(account), waiting }
            }
            Refusal::PoolFull { waiting } => SubmitError::PoolFull { waiting },
        }
    }

    /// Takes out everything whose blockhash has become too old.
    fn take_expired(&mut self) -> Vec<VerifiedTransaction> {
        let recent = &self.recent.blockhashes;
        let old = self.by_blockhash.extract_if(|blockhash, _| !recent.contains(blockhash));
        // Sorted: the order of a hash map must not be seen.
        let expired: BTreeSet<Hash> = old.flat_map(|(_, ids)| ids).collect();
        expired.iter().filter_map(|id| self.withdraw(id)).collect()
    }

    /// Forgets a transaction that has left the pool.
    fn release(&mut self, id: &Hash) -> Option<VerifiedTransaction> {
        let Waiting { transaction, locks } = self.waiting.remove(id)?;
        self.accounts.let_go(&locks);
        let blockhash = transaction.transaction().recent_blockhash();
        if let Some(ids) = self.by_blockhash.get_mut(blockhash) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_blockhash.remove(blockhash);
            }
        }
        Some(transaction)
    }
}

impl RecentChain {
    /// Catches up with the newest executed block.
    fn follow(&mut self, shared: &Shared) {
        let chain = shared.chain.read();
        let header = &chain.tip.header;
        if self.block_hash == Some(header.block_hash) {
            return;
        }
        *self = Self {
            block_hash: Some(header.block_hash),
            slot: header.slot,
            blockhashes: chain.tip.blockhashes.recent().copied().collect(),
            slots: chain.tip.slot_hashes.iter().map(|(slot, _)| *slot).collect(),
        };
    }
}

/// Whether `blockhash` is the present value of this nonce account. Whether the transaction may advance it, execution
/// finds out.
fn holds_nonce(account: &Account, blockhash: &Hash) -> bool {
    account.owner == ids::system_program::ID
        && NonceState::from_bytes(&account.data).is_some_and(|state| state.verify_recent(blockhash).is_some())
}
