//! What the pool knows of each account that a waiting transaction locks: who waits to write it, who is queued on it,
//! and what the block being packed does to it already.

use super::rank::Rank;
use super::ranked_set::RankedSet;
use heddle_types::{AccountIndex, AccountLock};

/// An account without a node.
const NONE: u32 = u32::MAX;

/// One account.
#[derive(Clone, Debug, Default)]
pub(super) struct AccountNode {
    /// Waiting transactions that lock it; the node goes when there is none.
    lock_count: u32,
    /// Every waiting transaction that writes it.
    pub(super) writers: RankedSet,
    /// Those that are queued on it: its own queue of candidates.
    pub(super) queue: RankedSet,
    /// What the block does to it, valid for that block alone.
    usage: Usage,
}

/// What the open block does to one account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    block: u64,
    /// Cost of the block's transactions that write it.
    pub(super) written_cost: u64,
    /// When the last of them ends, on as many workers as wanted: cost of the heaviest chain up to and with it.
    pub(super) write_end: u64,
    /// When the last reader since ends.
    pub(super) read_end: u64,
    /// Transactions that it kept out of the block.
    pub(super) misfit_count: u32,
    /// Whether its queue offers no more candidates to this block.
    pub(super) is_closed: bool,
}

/// Nodes of the accounts that waiting transactions lock. Memory: a node per such account, and four bytes per account
/// index ever seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    /// Number of the node, by account index.
    directory: Vec<u32>,
    nodes: Vec<AccountNode>,
    free: Vec<u32>,
    /// Number of the open block; 0 before the first.
    block: u64,
}

impl Accounts {
    /// Forgets what the block before did.
    pub(super) fn open_block(&mut self) {
        self.block += 1;
    }

    /// Adds a waiting transaction.
    pub(super) fn lock(&mut self, rank: Rank, locks: &[AccountLock]) {
        for lock in locks {
            let node = self.touch(lock.account);
            node.lock_count += 1;
            if lock.is_writable() {
                node.writers.insert(rank);
            }
        }
    }

    /// Takes a waiting transaction out, which is queued on none of its accounts any more.
    pub(super) fn unlock(&mut self, rank: &Rank, locks: &[AccountLock]) {
        for lock in locks {
            let number = self.directory[lock.account.0 as usize];
            let node = &mut self.nodes[number as usize];
            node.lock_count -= 1;
            if lock.is_writable() {
                assert!(node.writers.remove(rank), "a waiting transaction is among the writers of what it writes");
            }
            // What the open block did to the account may go too: only who waits can still join the block.
            if node.lock_count == 0 {
                debug_assert_eq!(node.queue.len(), 0, "only who locks an account is queued on it");
                *node = AccountNode::default();
                self.directory[lock.account.0 as usize] = NONE;
                self.free.push(number);
            }
        }
    }

    fn touch(&mut self, account: AccountIndex) -> &mut AccountNode {
        let index = account.0 as usize;
        if index >= self.directory.len() {
            self.directory.resize(index + 1, NONE);
        }
        if self.directory[index] == NONE {
            self.directory[index] = self.free.pop().unwrap_or_else(|| {
                self.nodes.push(AccountNode::default());
                (self.nodes.len() - 1) as u32
            });
        }
        &mut self.nodes[self.directory[index] as usize]
    }

    /// The node of an account, if any waiting transaction locks it.
    pub(super) fn get(&self, account: AccountIndex) -> Option<&AccountNode> {
        let number = *self.directory.get(account.0 as usize)?;
        self.nodes.get(number as usize)
    }

    /// The node of an account that a waiting transaction locks.
    pub(super) fn node(&self, account: AccountIndex) -> &AccountNode {
        &self.nodes[self.directory[account.0 as usize] as usize]
    }

    /// As [`Self::node`].
    pub(super) fn node_mut(&mut self, account: AccountIndex) -> &mut AccountNode {
        &mut self.nodes[self.directory[account.0 as usize] as usize]
    }

    /// What the open block does to an account that a waiting transaction locks.
    pub(super) fn usage(&self, account: AccountIndex) -> Usage {
        let usage = self.node(account).usage;
        if usage.block == self.block { usage } else { Usage { block: self.block, ..Usage::default() } }
    }

    /// As [`Self::usage`], to be changed.
    pub(super) fn usage_mut(&mut self, account: AccountIndex) -> &mut Usage {
        let usage = self.usage(account);
        let node = self.node_mut(account);
        node.usage = usage;
        &mut node.usage
    }

    /// Waiting transactions that write the account.
    pub(super) fn writer_count(&self, account: AccountIndex) -> usize {
        self.get(account).map_or(0, |node| node.writers.len())
    }

    /// Accounts that waiting transactions lock, with how many do.
    pub(super) fn iter(&self) -> impl Iterator<Item = (AccountIndex, u32, &AccountNode)> {
        self.directory.iter().enumerate().filter(|(_, number)| **number != NONE).map(|(index, number)| {
            let node = &self.nodes[*number as usize];
            (AccountIndex(index as u32), node.lock_count, node)
        })
    }
}
