//! Block production: a bounded pool of waiting transactions, and the choice of the next block from it.
//!
//! # Order
//! Reward per cost, compared exactly as fractions; the earlier arrival first among equals. Nothing else moves a
//! transaction up or down: neither how long it waited nor how often it was passed over. So the outcome is a function of
//! the calls alone.
//!
//! # Queues
//! Every waiting transaction is in exactly one queue: that of an account it locks, its *home*. The *front* holds the
//! best of each queue, and so the best of all.
//!
//! ```text
//!            queue of account 7       queue of account 9      no account written
//!   front ──▶ best ◀─ … ◀─ worst       best ◀─ worst            best
//!              │ taken: the next of the queue comes to the front
//!              │ does not fit: parked, in the queue of what kept it out; the next comes to the front
//!              └ its account kept out `look_ahead` others before: the queue is closed for this block, nobody else in
//!                it is looked at
//! ```
//!
//! A transaction arrives in the queue of the account that most others wait to write. So the flood on a hot account is
//! one queue, of which a block sees what it can take and [`PackLimits::look_ahead`] more, however long the queue is.
//! What is parked stays where it is parked, in the next block too.
//!
//! # Bounds of the pool
//! [`PoolBounds`]: so many waiting, and so many of them that write one account. Beyond the first, the arriving
//! transaction competes with the worst of all; beyond the second, only with the worst that write the account: a hot
//! account can displace none but its own.
//!
//! # Invariants
//! - The front is exactly the best of each queue, and those that have no home.
//! - A home is among the transaction's locks.
//! - No transaction waits that an empty block could not take: nothing is looked at in vain for ever.
//!
//! [`WaitingPool::verify`] checks them. What the pool does not know: threads, clocks, pubkeys, signatures, blockhashes.

mod accounts;
mod greedy;
mod pack;
mod rank;
mod ranked_set;
mod verify;

pub use greedy::{GreedyChoice, PackReport};
pub use pack::{PackLimit, PackLimits, Packed};

use accounts::Accounts;
use heddle_types::{AccountIndex, AccountLock};
use rank::Rank;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// A transaction that wants to be in a block.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a, I> {
    /// The caller's name for it.
    pub id: I,
    /// Every account once, as for [`crate::ConflictGraph::insert`].
    pub locks: &'a [AccountLock],
    /// What including it earns, in lamports.
    pub reward: u64,
    /// The most it can cost the block, in cost units; 0 counts as 1.
    pub cost: u64,
    /// Account data that it may allocate, in bytes.
    pub data_bytes: u64,
}

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolBounds {
    /// Transactions that wait at once; at least 1.
    pub waiting_max: usize,
    /// Those of them that write one account; at least 1.
    pub waiting_per_account_max: usize,
}

impl Default for PoolBounds {
    /// 65,536 transactions: some twenty full blocks of transfers. A quarter of them on one account.
    fn default() -> Self {
        Self { waiting_max: 1 << 16, waiting_per_account_max: 1 << 14 }
    }
}

/// Why a transaction may not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// One with its id waits.
    #[error("a transaction with this id is waiting already")]
    Duplicate,
    /// It would not fit an empty block.
    #[error("the transaction alone exceeds a limit of the block: {0}")]
    OverLimit(PackLimit),
    /// As many as may wait to write this account, and each of them goes before it.
    #[error("{waiting} transactions that pay no less are waiting to write account {}", account.0)]
    AccountFull {
        /// Which account.
        account: AccountIndex,
        /// How many write it.
        waiting: usize,
    },
    /// As many as may wait, and each of them goes before it.
    #[error("{waiting} transactions that pay no less are waiting")]
    PoolFull {
        /// How many.
        waiting: usize,
    },
}

/// One waiting transaction.
#[derive(Clone, Debug)]
struct Waiting<I> {
    id: I,
    rank: Rank,
    locks: Box<[AccountLock]>,
    data_bytes: u64,
    /// The account in whose queue it is; none if it is in no queue, only in the front.
    home: Option<AccountIndex>,
}

/// A bounded pool of waiting transactions, from which blocks are packed by reward per cost.
///
/// ```
/// use heddle_scheduler::{Candidate, PackLimits, PoolBounds, WaitingPool};
/// use heddle_types::AccountLock;
///
/// let mut pool = WaitingPool::new(PoolBounds::default(), PackLimits::default());
/// for (id, reward) in [("low", 10), ("high", 30), ("middle", 20)] {
///     let locks = [AccountLock::writable(0)];
///     pool.insert(Candidate { id, locks: &locks, reward, cost: 1_000, data_bytes: 0 })?;
/// }
/// assert_eq!(pool.pack().transactions, ["high", "middle", "low"]);
/// # Ok::<(), heddle_scheduler::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct WaitingPool<I> {
    bounds: PoolBounds,
    limits: PackLimits,
    waiting: Vec<Option<Waiting<I>>>,
    free: Vec<u32>,
    slots: HashMap<I, u32>,
    ranks: BTreeSet<Rank>,
    front: BTreeSet<Rank>,
    accounts: Accounts,
    arrival_count: u64,
}

impl<I: Copy + Eq + Hash> WaitingPool<I> {
    /// An empty pool.
    ///
    /// # Panics
    /// If a bound is 0.
    pub fn new(bounds: PoolBounds, limits: PackLimits) -> Self {
        assert!(bounds.waiting_max > 0 && bounds.waiting_per_account_max > 0, "a pool without room: {bounds:?}");
        Self {
            bounds,
            limits,
            waiting: Vec::new(),
            free: Vec::new(),
            slots: HashMap::new(),
            ranks: BTreeSet::new(),
            front: BTreeSet::new(),
            accounts: Accounts::default(),
            arrival_count: 0,
        }
    }

    /// Transactions that wait.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether the transaction waits.
    pub fn contains(&self, id: &I) -> bool {
        self.slots.contains_key(id)
    }

    /// The limits of the blocks it packs.
    pub fn limits(&self) -> &PackLimits {
        &self.limits
    }

    /// Waiting transactions that write `account`.
    pub fn writer_count(&self, account: AccountIndex) -> usize {
        self.accounts.writer_count(account)
    }

    /// Lets a transaction wait; returns those that have to go for it, which is at most one for each account it writes.
    /// O(locks · log n).
    ///
    /// # Errors
    /// [`Refusal`]; the pool is then as before.
    pub fn insert(&mut self, candidate: Candidate<'_, I>) -> Result<Vec<I>, Refusal> {
        if self.slots.contains_key(&candidate.id) {
            return Err(Refusal::Duplicate);
        }
        let cost = candidate.cost.max(1);
        self.limits.check_alone(cost, candidate.data_bytes).map_err(Refusal::OverLimit)?;
        let mut rank = Rank { reward: candidate.reward, cost, arrival: self.arrival_count, slot: u32::MAX };
        let victims = self.victims(&rank, candidate.locks)?;
        let evicted = victims.into_iter().map(|slot| self.take_out(slot).id).collect();

        rank.slot = self.free.pop().unwrap_or_else(|| {
            self.waiting.push(None);
            (self.waiting.len() - 1) as u32
        });
        self.arrival_count += 1;
        let home = self.most_wanted(candidate.locks);
        self.accounts.lock(rank, candidate.locks);
        self.ranks.insert(rank);
        self.slots.insert(candidate.id, rank.slot);
        self.waiting[rank.slot as usize] = Some(Waiting {
            id: candidate.id,
            rank,
            locks: candidate.locks.into(),
            data_bytes: candidate.data_bytes,
            home: None,
        });
        self.enqueue(rank.slot, home);
        Ok(evicted)
    }

    /// Takes a transaction out, because it expired or was executed elsewhere; whether it waited. O(locks · log n).
    pub fn remove(&mut self, id: &I) -> bool {
        let slot = self.slots.get(id).copied();
        slot.map(|slot| self.take_out(slot)).is_some()
    }

    /// Takes out every transaction for which `keep` is false; returns them. O(n), and O(locks · log n) for each of them.
    pub fn retain(&mut self, mut keep: impl FnMut(&I) -> bool) -> Vec<I> {
        let leaving = self.waiting.iter().flatten().filter(|one| !keep(&one.id)).map(|one| one.rank.slot);
        let leaving: Vec<u32> = leaving.collect();
        leaving.into_iter().map(|slot| self.take_out(slot).id).collect()
    }

    /// Every waiting transaction, best first.
    pub fn iter(&self) -> impl Iterator<Item = I> {
        self.ranks.iter().rev().map(|rank| self.at(rank.slot).id)
    }

    /// Who must go so that a transaction of this rank and these locks may come.
    fn victims(&self, rank: &Rank, locks: &[AccountLock]) -> Result<Vec<u32>, Refusal> {
        let mut victims: Vec<u32> = Vec::new();
        for lock in locks.iter().filter(|lock| lock.is_writable()) {
            let Some(node) = self.accounts.get(lock.account) else { continue };
            let waiting = node.writers.len();
            let is_freed = || victims.iter().any(|&slot| self.at(slot).locks.contains(lock));
            if waiting < self.bounds.waiting_per_account_max || is_freed() {
                continue;
            }
            match node.writers.worst() {
                Some(worst) if worst < *rank => victims.push(worst.slot),
                _ => return Err(Refusal::AccountFull { account: lock.account, waiting }),
            }
        }
        if victims.is_empty() && self.len() >= self.bounds.waiting_max {
            match self.ranks.first() {
                Some(worst) if worst < rank => victims.push(worst.slot),
                _ => return Err(Refusal::PoolFull { waiting: self.len() }),
            }
        }
        Ok(victims)
    }

    /// The account that most wait to write, of those that `locks` writes; of equal ones the first.
    fn most_wanted(&self, locks: &[AccountLock]) -> Option<AccountIndex> {
        let written = locks.iter().filter(|lock| lock.is_writable()).map(|lock| lock.account);
        written.rev().max_by_key(|&account| self.accounts.writer_count(account))
    }

    fn at(&self, slot: u32) -> &Waiting<I> {
        self.waiting[slot as usize].as_ref().expect("a rank leads to a waiting transaction")
    }

    /// Queues a transaction that is in no queue.
    fn enqueue(&mut self, slot: u32, home: Option<AccountIndex>) {
        let waiting = self.waiting[slot as usize].as_mut().expect("only who waits is queued");
        waiting.home = home;
        let rank = waiting.rank;
        let Some(home) = home else {
            self.front.insert(rank);
            return;
        };
        let queue = &mut self.accounts.node_mut(home).queue;
        let best = queue.best();
        queue.insert(rank);
        if best.is_none_or(|best| rank > best) {
            best.map(|best| self.front.remove(&best));
            self.front.insert(rank);
        }
    }

    /// Takes a transaction out of its queue; the next comes to the front.
    fn dequeue(&mut self, slot: u32) {
        let Waiting { rank, home, .. } = *self.at(slot);
        let was_in_front = self.front.remove(&rank);
        let Some(home) = home else { return };
        let queue = &mut self.accounts.node_mut(home).queue;
        assert!(queue.remove(&rank), "a waiting transaction is in the queue of its home");
        if was_in_front {
            self.front.extend(queue.best());
        }
    }

    /// Takes a transaction out of the pool.
    fn take_out(&mut self, slot: u32) -> Waiting<I> {
        self.dequeue(slot);
        self.forget(slot)
    }

    /// Takes a transaction that is in no queue out of the pool.
    fn forget(&mut self, slot: u32) -> Waiting<I> {
        let waiting = self.waiting[slot as usize].take().expect("only who waits can leave");
        self.accounts.unlock(&waiting.rank, &waiting.locks);
        self.ranks.remove(&waiting.rank);
        self.slots.remove(&waiting.id);
        self.free.push(slot);
        waiting
    }
}
