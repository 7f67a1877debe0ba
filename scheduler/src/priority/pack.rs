//! The choice of one block: best first, under the block's limits; who does not fit is parked on what keeps it out.

use super::accounts::Usage;
use super::rank::Rank;
use super::{Waiting, WaitingPool};
use heddle_types::{AccountIndex, AccountLock, limits};
use std::hash::Hash;

/// What one block may hold, in cost units unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackLimits {
    /// Of all its transactions.
    pub cost: u64,
    /// Of all that write one account.
    pub account_cost: u64,
    /// Of the heaviest chain of conflicting transactions, whatever accounts it runs through.
    pub critical_path_cost: u64,
    /// Account data that its transactions may allocate, in bytes.
    pub data_bytes: u64,
    /// Misfits that one limit may cause before it is taken to be reached: a smaller transaction further down might
    /// still fit. Counted for the block, and for each account.
    pub look_ahead: u32,
}

impl Default for PackLimits {
    /// Mainnet's limits. No chain of conflicts is longer than one account's may be.
    fn default() -> Self {
        Self {
            cost: limits::BLOCK_COMPUTE_UNITS_MAX,
            account_cost: limits::BLOCK_ACCOUNT_COMPUTE_UNITS_MAX,
            critical_path_cost: limits::BLOCK_ACCOUNT_COMPUTE_UNITS_MAX,
            data_bytes: limits::BLOCK_DATA_GROWTH_BYTES_MAX,
            look_ahead: 32,
        }
    }
}

impl PackLimits {
    /// No limits: the block is the whole pool.
    pub const UNLIMITED: Self = Self {
        cost: u64::MAX,
        account_cost: u64::MAX,
        critical_path_cost: u64::MAX,
        data_bytes: u64::MAX,
        look_ahead: u32::MAX,
    };

    /// The same for a block that `workers` can execute in about `makespan` cost units: no chain is longer, and no more
    /// work than they do in that time. Any greedy schedule is done by `cost / workers + (1 − 1/workers) ·
    /// critical_path_cost` (Graham), so in less than twice the makespan; no schedule is done before
    /// `max(critical path, cost / workers)`.
    #[must_use]
    pub fn for_workers(self, workers: u64, makespan: u64) -> Self {
        Self {
            cost: self.cost.min(makespan.saturating_mul(workers)),
            critical_path_cost: self.critical_path_cost.min(makespan),
            ..self
        }
    }

    /// Whether an empty block could take a transaction.
    pub(super) fn check_alone(&self, cost: u64, data_bytes: u64) -> Result<(), PackLimit> {
        let exceeded = [
            (cost > self.cost, PackLimit::Cost),
            (cost > self.account_cost, PackLimit::AccountCost),
            (cost > self.critical_path_cost, PackLimit::CriticalPath),
            (data_bytes > self.data_bytes, PackLimit::DataBytes),
        ];
        exceeded.into_iter().find(|(is_exceeded, _)| *is_exceeded).map_or(Ok(()), |(_, limit)| Err(limit))
    }
}

/// One of [`PackLimits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackLimit {
    /// [`PackLimits::cost`].
    #[error("cost of a block")]
    Cost,
    /// [`PackLimits::account_cost`].
    #[error("cost of what writes one account")]
    AccountCost,
    /// [`PackLimits::critical_path_cost`].
    #[error("cost of a chain of conflicts")]
    CriticalPath,
    /// [`PackLimits::data_bytes`].
    #[error("account data allocated in a block")]
    DataBytes,
}

/// A packed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed<I> {
    /// In block order, which is the order of priority.
    pub transactions: Vec<I>,
    /// What they earn together, in lamports.
    pub reward: u64,
    /// What they may cost together.
    pub cost: u64,
    /// Account data that they may allocate together, in bytes.
    pub data_bytes: u64,
    /// Cost of the heaviest chain of conflicts among them.
    pub critical_path_cost: u64,
    /// Waiting transactions that were looked at: those taken, and those that did not fit.
    pub look_up_count: u64,
    /// Those that an account kept out, and that wait in its queue now.
    pub parked_count: u64,
    /// Accounts whose queues were closed with transactions left in them that nobody looked at.
    pub closed_count: u64,
}

impl<I> Default for Packed<I> {
    fn default() -> Self {
        Self {
            transactions: Vec::new(),
            reward: 0,
            cost: 0,
            data_bytes: 0,
            critical_path_cost: 0,
            look_up_count: 0,
            parked_count: 0,
            closed_count: 0,
        }
    }
}

/// What keeps a transaction out of the block.
enum Misfit {
    /// The block is full.
    Block,
    /// The account is written too much, or waited for too long.
    Account(AccountIndex),
}

/// What is put back when the block is done.
#[derive(Default)]
struct Aside {
    /// Who did not fit, and the queue to wait in.
    waiting: Vec<(u32, Option<AccountIndex>)>,
    closed: Vec<AccountIndex>,
    block_misfit_count: u32,
}

impl<I: Copy + Eq + Hash> WaitingPool<I> {
    /// Takes the next block out of the pool: best first, skipping who does not fit. O(locks · log n) for each
    /// transaction that is looked at; those are the ones taken, and per limit that is reached
    /// [`PackLimits::look_ahead`] more. Only a transaction that is queued on another account than the one that keeps it
    /// out costs a look-up beyond that; from then on it is queued there.
    pub fn pack(&mut self) -> Packed<I> {
        self.accounts.open_block();
        let mut packed = Packed::default();
        let mut aside = Aside::default();
        while aside.block_misfit_count <= self.limits.look_ahead
            && let Some(rank) = self.front.last().copied()
        {
            packed.look_up_count += 1;
            let verdict = self.find_place(rank.slot, &packed);
            let home = self.at(rank.slot).home;
            self.dequeue(rank.slot);
            match verdict {
                Ok(start) => self.take(rank.slot, start, &mut packed),
                Err(Misfit::Block) => {
                    aside.block_misfit_count += 1;
                    aside.waiting.push((rank.slot, home));
                }
                Err(Misfit::Account(account)) => {
                    packed.parked_count += 1;
                    aside.waiting.push((rank.slot, Some(account)));
                    self.count_misfit(account, &mut aside);
                }
            }
            self.hold_back(home);
        }
        packed.closed_count = self.put_back(aside);
        packed
    }

    /// When a transaction would start in this block, counted in cost of what it waits for; or what keeps it out.
    fn find_place(&self, slot: u32, packed: &Packed<I>) -> Result<u64, Misfit> {
        let Waiting { rank: Rank { cost, .. }, ref locks, data_bytes, .. } = *self.at(slot);
        if packed.cost.saturating_add(cost) > self.limits.cost
            || packed.data_bytes.saturating_add(data_bytes) > self.limits.data_bytes
        {
            return Err(Misfit::Block);
        }
        let mut last = (0, None);
        for lock in locks {
            let usage = self.accounts.usage(lock.account);
            if lock.is_writable() && usage.written_cost.saturating_add(cost) > self.limits.account_cost {
                return Err(Misfit::Account(lock.account));
            }
            let free_at = usage.free_at(*lock);
            if free_at > last.0 {
                last = (free_at, Some(lock.account));
            }
        }
        match last {
            (start, Some(account)) if start.saturating_add(cost) > self.limits.critical_path_cost => {
                Err(Misfit::Account(account))
            }
            (start, _) => Ok(start),
        }
    }

    /// Puts a transaction, which has left its queue, into the block.
    fn take(&mut self, slot: u32, start: u64, packed: &mut Packed<I>) {
        let Waiting { id, rank, locks, data_bytes, .. } = self.waiting[slot as usize].as_ref().expect("it waits");
        let end = start.saturating_add(rank.cost);
        packed.transactions.push(*id);
        packed.reward = packed.reward.saturating_add(rank.reward);
        packed.cost += rank.cost;
        packed.data_bytes += data_bytes;
        packed.critical_path_cost = packed.critical_path_cost.max(end);
        for lock in locks {
            self.accounts.usage_mut(lock.account).add(*lock, rank.cost, end);
        }
        self.forget(slot);
    }

    /// Closes the account's queue after one misfit too many.
    fn count_misfit(&mut self, account: AccountIndex, aside: &mut Aside) {
        let usage = self.accounts.usage_mut(account);
        usage.misfit_count = usage.misfit_count.saturating_add(1);
        if usage.misfit_count > self.limits.look_ahead && !usage.is_closed {
            usage.is_closed = true;
            aside.closed.push(account);
            self.hold_back(Some(account));
        }
    }

    /// Takes the best of a closed queue out of the front.
    fn hold_back(&mut self, home: Option<AccountIndex>) {
        let Some(node) = home.and_then(|home| self.accounts.get(home)) else { return };
        let Some(best) = node.queue.best() else { return };
        if home.is_some_and(|home| self.accounts.usage(home).is_closed) {
            self.front.remove(&best);
        }
    }

    /// Everybody waits again, each in its queue, and all queues are open; returns how many were closed and not empty.
    fn put_back(&mut self, aside: Aside) -> u64 {
        let mut closed_count = 0;
        for account in aside.closed {
            let best = self.accounts.node(account).queue.best();
            closed_count += u64::from(best.is_some());
            self.front.extend(best);
        }
        for (slot, home) in aside.waiting {
            self.enqueue(slot, home);
        }
        closed_count
    }
}

impl Usage {
    /// When who locks the account so may start.
    fn free_at(&self, lock: AccountLock) -> u64 {
        if lock.is_writable() { self.write_end.max(self.read_end) } else { self.write_end }
    }

    /// Adds a transaction that locks the account so and ends at `end`.
    fn add(&mut self, lock: AccountLock, cost: u64, end: u64) {
        if lock.is_writable() {
            self.written_cost += cost;
            self.write_end = end;
            self.read_end = 0;
        } else {
            self.read_end = self.read_end.max(end);
        }
    }
}
