//! The conflict graph: which transaction must wait for which, as a pure state machine.
//!
//! # The serial fiction
//! A block means what it means when its transactions run one after the other, in block order, on one thread. The graph
//! keeps that fiction while they run side by side: transaction *j* waits for an earlier *i* if they share an account
//! that at least one of them writes. Two that share nothing writable cannot tell in which order they ran, so every
//! order the graph allows has the same outcome as block order. Insertion order is the only order there is: no clock,
//! no priority and no thread can change who waits for whom.
//!
//! # Edges
//! Only the edges whose transitive closure gives that rule are kept. Per account the graph knows the *last writer* and
//! the *group of readers since* ([`readers`]):
//!
//! ```text
//!   W0 ──▶ R1 ──┐
//!    ├───▶ R2 ──┤▶ (group: 3 left) ──▶ W4        reader: waits for the last writer, joins the group
//!    └───▶ R3 ──┘                                writer: waits for the group, or else for the last writer
//! ```
//!
//! So inserting costs O(locks), whatever the number of readers, and each lock adds at most two edges.
//!
//! # A transaction's life
//! ```text
//!            no predecessor left          pop_ready             complete              reclaim
//!   insert ─▶ PENDING ────────▶ READY ──────────────▶ DISPATCHED ─────────▶ EXECUTED ─────────▶ RECLAIMED
//!      └──────────────────────────▲                                        (successors          (receipt and hash
//!        nothing to wait for                                                may run)             are taken)
//! ```
//!
//! # Invariants
//! - `pending` of a transaction equals the edges into it whose source has not executed; the same for a group's count.
//! - Edges lead from earlier to later transactions, so the graph cannot deadlock: the oldest not executed is never
//!   pending.
//! - The ready queue holds exactly the transactions that are [`TransactionState::Ready`], oldest release first.
//! - Accounts within a lock set are unique. This is a precondition: the engine proves it before it inserts.
//!
//! [`ConflictGraph::verify`] checks all of it. What the graph does not know: threads, clocks, transactions' contents,
//! blocks (the next one may be inserted while this one runs), pubkeys.

mod accounts;
mod links;
mod readers;
mod verify;
mod window;

pub(crate) use links::Successor;
pub(crate) use readers::GroupIndex;
pub use window::{LIVE_TRANSACTIONS_MAX, TransactionIndex, TransactionState};

use accounts::AccountTable;
use heddle_types::{AccountIndex, AccountLock};
use links::{LinkPool, Successors, Target};
use readers::ReaderGroups;
use window::Window;

/// The conflict graph of the transactions inserted and not yet reclaimed.
///
/// ```
/// use heddle_scheduler::ConflictGraph;
/// use heddle_types::AccountLock;
///
/// let mut graph = ConflictGraph::new();
/// let payer = graph.insert(&[AccountLock::writable(0)]);
/// let reader = graph.insert(&[AccountLock::readonly(0), AccountLock::writable(1)]);
/// assert_eq!(graph.pop_ready(), Some(payer));
/// assert_eq!(graph.pop_ready(), None, "the reader waits for the writer");
/// assert_eq!(graph.complete(payer), 1);
/// assert_eq!(graph.pop_ready(), Some(reader));
/// ```
pub struct ConflictGraph {
    window: Window,
    accounts: AccountTable,
    groups: ReaderGroups,
    links: LinkPool,
    ready: ReadyQueue,
}

/// A first-in-first-out list threaded through the ready transactions' nodes.
struct ReadyQueue {
    head: TransactionIndex,
    tail: TransactionIndex,
    len: u32,
}

impl ReadyQueue {
    const EMPTY: Self = Self { head: TransactionIndex::NONE, tail: TransactionIndex::NONE, len: 0 };
}

impl Default for ConflictGraph {
    fn default() -> Self {
        Self::new()
    }
}

impl ConflictGraph {
    /// An empty graph; it allocates as it meets transactions and accounts and keeps what it has.
    pub fn new() -> Self {
        Self {
            window: Window::new(),
            accounts: AccountTable::new(),
            groups: ReaderGroups::new(),
            links: LinkPool::new(),
            ready: ReadyQueue::EMPTY,
        }
    }

    /// Adds the next transaction in block order. O(locks).
    ///
    /// # Panics
    /// If an account occurs twice in `locks` (always when it is written before it is repeated, else only in debug
    /// builds), and beyond [`LIVE_TRANSACTIONS_MAX`] transactions that are not reclaimed.
    pub fn insert(&mut self, locks: &[AccountLock]) -> TransactionIndex {
        debug_assert!(accounts_are_unique(locks), "an account occurs twice in {locks:?}");
        let tx = self.window.push();
        let mut pending = 0;
        for lock in locks {
            let waits = if lock.is_writable() {
                self.lock_writable(tx, lock.account)
            } else {
                self.lock_readonly(tx, lock.account)
            };
            pending += u32::from(waits);
        }
        if pending == 0 {
            self.push_ready(tx);
        } else {
            self.window.get_mut(tx).pending = pending;
        }
        tx
    }

    /// Hands out the transaction that has been ready for longest.
    pub fn pop_ready(&mut self) -> Option<TransactionIndex> {
        let tx = self.ready.head;
        if tx == TransactionIndex::NONE {
            return None;
        }
        let node = self.window.get_mut(tx);
        node.state = TransactionState::Dispatched;
        self.ready.head = node.next_ready;
        self.ready.len -= 1;
        if self.ready.len == 0 {
            self.ready = ReadyQueue::EMPTY;
        }
        Some(tx)
    }

    /// Records that `tx` has executed and queues the transactions it was the last to hold up; returns how many those
    /// are. O(successors).
    ///
    /// # Panics
    /// If `tx` is not dispatched.
    pub fn complete(&mut self, tx: TransactionIndex) -> usize {
        assert_eq!(self.state(tx), Some(TransactionState::Dispatched), "{tx:?} completes");
        let node = self.window.get_mut(tx);
        node.state = TransactionState::Executed;
        let mut successors = std::mem::replace(&mut node.successors, links::SuccessorList::EMPTY);
        let mut released = 0;
        while let Some(successor) = self.links.pop_front(&mut successors) {
            let waiting = match successor {
                Successor::Transaction(waiting) => Some(waiting),
                Successor::Readers(group) => self.groups.leave(group),
            };
            released += waiting.map_or(0, |waiting| usize::from(self.count_down(waiting)));
        }
        released
    }

    /// Gives up the index of an executed transaction: its receipt and hash are taken. O(1) amortised.
    ///
    /// # Panics
    /// If `tx` is not executed or already reclaimed.
    pub fn reclaim(&mut self, tx: TransactionIndex) {
        assert_eq!(self.state(tx), Some(TransactionState::Executed), "{tx:?} is reclaimed");
        self.window.get_mut(tx).state = TransactionState::Reclaimed;
        self.window.forget_reclaimed();
    }

    /// Forgets everything, whatever its state, and keeps the allocations. O(1).
    pub fn clear(&mut self) {
        self.window.clear();
        self.accounts.clear();
        self.groups.clear();
        self.links.clear();
        self.ready = ReadyQueue::EMPTY;
    }

    /// The state of a transaction, none for one that was never inserted or is forgotten.
    pub fn state(&self, tx: TransactionIndex) -> Option<TransactionState> {
        self.window.contains(tx).then(|| self.window.get(tx).state)
    }

    /// Transactions inserted and not yet forgotten.
    pub fn len(&self) -> usize {
        self.window.len() as usize
    }

    /// Whether there is no transaction.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Transactions that [`Self::pop_ready`] can hand out now.
    pub fn ready_count(&self) -> usize {
        self.ready.len as usize
    }

    /// The ready transactions, in the order in which `pop_ready` would hand them out.
    pub(crate) fn ready(&self) -> impl Iterator<Item = TransactionIndex> {
        let step = |tx: TransactionIndex| (tx != TransactionIndex::NONE).then_some(tx);
        std::iter::successors(step(self.ready.head), move |tx| step(self.window.get(*tx).next_ready))
    }

    /// Incoming edges of a transaction whose source has not executed.
    pub(crate) fn pending(&self, tx: TransactionIndex) -> u32 {
        self.window.get(tx).pending
    }

    /// Outgoing edges of a transaction that has not executed, oldest first.
    #[inline]
    pub(crate) fn successors(&self, tx: TransactionIndex) -> Successors<'_> {
        self.links.iter(self.window.get(tx).successors)
    }

    pub(crate) fn groups(&self) -> &ReaderGroups {
        &self.groups
    }

    /// True if `tx` has to wait for the account.
    #[inline]
    fn lock_writable(&mut self, tx: TransactionIndex, account: AccountIndex) -> bool {
        let node = self.accounts.touch(account);
        let last_writer = std::mem::replace(&mut node.last_writer, tx);
        let readers = std::mem::replace(&mut node.readers, GroupIndex::NONE);
        assert_ne!(last_writer, tx, "{account:?} occurs twice in a lock set");
        if readers == GroupIndex::NONE {
            return self.wait_for(last_writer, tx);
        }
        // The readers waited for the last writer themselves: no edge from it.
        self.groups.close(readers, tx)
    }

    /// True if `tx` has to wait for the account.
    #[inline]
    fn lock_readonly(&mut self, tx: TransactionIndex, account: AccountIndex) -> bool {
        let node = self.accounts.touch(account);
        let last_writer = node.last_writer;
        assert_ne!(last_writer, tx, "{account:?} occurs twice in a lock set");
        if node.readers == GroupIndex::NONE {
            node.readers = self.groups.open();
        }
        let readers = node.readers;
        self.groups.join(readers);
        self.links.append(&mut self.window.get_mut(tx).successors, Target::readers(readers));
        self.wait_for(last_writer, tx)
    }

    /// Adds the edge `earlier → tx` if `earlier` has yet to execute.
    #[inline]
    fn wait_for(&mut self, earlier: TransactionIndex, tx: TransactionIndex) -> bool {
        if !self.window.contains(earlier) {
            return false;
        }
        let node = self.window.get_mut(earlier);
        let waits = node.state < TransactionState::Executed;
        if waits {
            self.links.append(&mut node.successors, Target::transaction(tx));
        }
        waits
    }

    /// One edge into `tx` is gone; true if it was the last.
    #[inline]
    fn count_down(&mut self, tx: TransactionIndex) -> bool {
        let node = self.window.get_mut(tx);
        node.pending -= 1;
        let released = node.pending == 0;
        if released {
            self.push_ready(tx);
        }
        released
    }

    #[inline]
    fn push_ready(&mut self, tx: TransactionIndex) {
        self.window.get_mut(tx).state = TransactionState::Ready;
        if self.ready.len == 0 {
            self.ready.head = tx;
        } else {
            self.window.get_mut(self.ready.tail).next_ready = tx;
        }
        self.ready.tail = tx;
        self.ready.len += 1;
    }
}

fn accounts_are_unique(locks: &[AccountLock]) -> bool {
    locks.iter().enumerate().all(|(position, lock)| locks[..position].iter().all(|other| other.account != lock.account))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn w(account: u32) -> AccountLock {
        AccountLock::writable(account)
    }

    fn r(account: u32) -> AccountLock {
        AccountLock::readonly(account)
    }

    /// Runs everything that is ready, oldest first, until nothing is; the rounds are the waves.
    fn check_waves(lock_sets: &[&[AccountLock]], expected: &[&[u32]]) {
        let mut graph = ConflictGraph::new();
        for locks in lock_sets {
            graph.insert(locks);
            graph.verify();
        }
        let mut waves = Vec::new();
        while graph.ready_count() > 0 {
            let wave = std::iter::from_fn(|| graph.pop_ready()).collect::<Vec<_>>();
            for tx in &wave {
                graph.complete(*tx);
                graph.verify();
            }
            waves.push(wave.iter().map(|tx| tx.0).collect::<Vec<_>>());
        }
        assert_eq!(waves, expected);
    }

    #[test]
    fn readers_share_and_writers_exclude() {
        check_waves(&[&[w(0)], &[r(0)], &[r(0)], &[w(0)], &[r(0)]], &[&[0], &[1, 2], &[3], &[4]]);
        check_waves(&[&[r(0)], &[r(0)], &[r(0)]], &[&[0, 1, 2]]);
        check_waves(&[&[w(0)], &[w(1)], &[w(2)], &[]], &[&[0, 1, 2, 3]]);
    }

    #[test]
    fn a_transaction_waits_for_every_account() {
        check_waves(&[&[w(0)], &[w(1)], &[w(0), w(1)], &[r(0), r(1)]], &[&[0, 1], &[2], &[3]]);
        check_waves(&[&[w(0), r(1)], &[w(1), r(0)], &[w(0), w(1)]], &[&[0], &[1], &[2]]);
    }

    #[test]
    fn many_readers_cost_their_writer_one_edge() {
        let mut graph = ConflictGraph::new();
        for _ in 0..1000 {
            graph.insert(&[r(0)]);
        }
        let writer = graph.insert(&[w(0)]);
        assert_eq!(graph.pending(writer), 1);
        graph.verify();
    }

    #[test]
    fn executed_predecessors_hold_nobody_up() {
        let mut graph = ConflictGraph::new();
        let writer = graph.insert(&[w(0)]);
        graph.pop_ready();
        graph.complete(writer);
        let reader = graph.insert(&[r(0)]);
        assert_eq!(graph.state(reader), Some(TransactionState::Ready));
        graph.pop_ready();
        graph.complete(reader);
        let next = graph.insert(&[w(0)]);
        assert_eq!(graph.state(next), Some(TransactionState::Ready));
        graph.verify();
    }

    #[test]
    fn reclaiming_in_any_order_forgets_and_keeps_the_order_of_conflicts() {
        let mut graph = ConflictGraph::new();
        graph.window.start_at(TransactionIndex(0).advanced_by((1 << 31) - 100));
        let mut dispatched = Vec::new();
        for round in 0..500_u32 {
            let tx = graph.insert(&[w(round % 3), r(100 + round % 2)]);
            dispatched.extend(std::iter::from_fn(|| graph.pop_ready()));
            if round >= 3 {
                let done = dispatched.remove(0);
                graph.complete(done);
                graph.reclaim(done);
                dispatched.extend(std::iter::from_fn(|| graph.pop_ready()));
            }
            graph.verify();
            assert!(graph.state(tx).is_some());
        }
        assert!(graph.len() <= 4, "{} are still remembered", graph.len());
    }

    #[test]
    fn clear_forgets_transactions_in_any_state() {
        let mut graph = ConflictGraph::new();
        graph.insert(&[w(0), r(1)]);
        graph.insert(&[w(0), r(1)]);
        graph.pop_ready();
        graph.clear();
        graph.verify();
        assert_eq!(graph.insert(&[w(0), w(1)]), TransactionIndex(0));
        assert_eq!(graph.ready_count(), 1);
        graph.verify();
    }

    #[test]
    #[should_panic(expected = "completes")]
    fn completing_twice_is_a_bug() {
        let mut graph = ConflictGraph::new();
        let tx = graph.insert(&[w(0)]);
        graph.pop_ready();
        graph.complete(tx);
        graph.complete(tx);
    }

    #[test]
    #[should_panic(expected = "occurs twice")]
    fn a_duplicate_account_is_a_bug() {
        ConflictGraph::new().insert(&[w(0), r(0)]);
    }
}
