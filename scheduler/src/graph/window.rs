//! The window of transactions the graph remembers: a ring that starts at the oldest one not yet reclaimed.
//!
//! Indices count up and wrap after 2^31 transactions. An account node that still names a writer of 2^31 transactions
//! ago may then name a live one: that adds a wait for an earlier transaction, never removes one.

use super::links::SuccessorList;

/// A transaction's position in the order of insertion; the first after `clear` is 0. Wraps after 2^31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionIndex(pub u32);

impl TransactionIndex {
    pub(crate) const NONE: Self = Self(u32::MAX);
    const MASK: u32 = (1 << 31) - 1;

    /// How many transactions after `earlier` this one is, modulo 2^31.
    #[inline]
    pub(crate) fn distance_from(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0) & Self::MASK
    }

    #[inline]
    pub(crate) fn advanced_by(self, distance: u32) -> Self {
        Self(self.0.wrapping_add(distance) & Self::MASK)
    }
}

/// Where a transaction is in its life; the diagram is in `graph.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransactionState {
    /// Some predecessor has not executed.
    Pending,
    /// May run; waits in the ready queue.
    Ready,
    /// Handed out by `pop_ready`.
    Dispatched,
    /// Its writes are visible; its successors may run. The index is still taken.
    Executed,
    /// Receipt and hash are taken; the index is forgotten once all earlier ones are reclaimed too.
    Reclaimed,
}

/// One transaction in the graph.
#[derive(Clone, Copy)]
pub(crate) struct TransactionNode {
    /// Incoming edges whose source has not executed.
    pub(crate) pending: u32,
    pub(crate) successors: SuccessorList,
    /// The next in the ready queue, while `Ready`.
    pub(crate) next_ready: TransactionIndex,
    pub(crate) state: TransactionState,
}

impl TransactionNode {
    const NEW: Self = Self {
        pending: 0,
        successors: SuccessorList::EMPTY,
        next_ready: TransactionIndex::NONE,
        state: TransactionState::Pending,
    };
}

/// Most transactions between the oldest not reclaimed and the newest: 256 MiB of nodes, some hundred full blocks.
pub const LIVE_TRANSACTIONS_MAX: u32 = 1 << 24;

/// A ring of transaction nodes; its capacity is a power of two.
pub(crate) struct Window {
    nodes: Vec<TransactionNode>,
    first: TransactionIndex,
    len: u32,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![TransactionNode::NEW; 64], first: TransactionIndex(0), len: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.first = TransactionIndex(0);
        self.len = 0;
    }

    #[cfg(test)]
    pub(crate) fn start_at(&mut self, first: TransactionIndex) {
        assert_eq!(self.len, 0);
        self.first = first;
    }

    /// Transactions in the window. O(1).
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    #[inline]
    pub(crate) fn push(&mut self) -> TransactionIndex {
        if self.len as usize == self.nodes.len() {
            self.grow();
        }
        let index = self.first.advanced_by(self.len);
        self.len += 1;
        *self.get_mut(index) = TransactionNode::NEW;
        index
    }

    /// False for [`TransactionIndex::NONE`] and for what is forgotten.
    #[inline]
    pub(crate) fn contains(&self, index: TransactionIndex) -> bool {
        index != TransactionIndex::NONE && index.distance_from(self.first) < self.len
    }

    #[inline]
    pub(crate) fn get(&self, index: TransactionIndex) -> &TransactionNode {
        debug_assert!(self.contains(index), "{index:?} is not in the window");
        &self.nodes[index.0 as usize & (self.nodes.len() - 1)]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: TransactionIndex) -> &mut TransactionNode {
        debug_assert!(self.contains(index), "{index:?} is not in the window");
        let mask = self.nodes.len() - 1;
        &mut self.nodes[index.0 as usize & mask]
    }

    /// Forgets the oldest transactions as far as they are reclaimed. O(forgotten).
    #[inline]
    pub(crate) fn forget_reclaimed(&mut self) {
        while self.len > 0 && self.get(self.first).state == TransactionState::Reclaimed {
            self.first = self.first.advanced_by(1);
            self.len -= 1;
        }
    }

    /// Oldest first. O(window).
    pub(crate) fn indices(&self) -> impl Iterator<Item = TransactionIndex> + use<> {
        let first = self.first;
        (0..self.len).map(move |distance| first.advanced_by(distance))
    }

    #[cold]
    fn grow(&mut self) {
        assert!(self.len < LIVE_TRANSACTIONS_MAX, "more than {LIVE_TRANSACTIONS_MAX} transactions not reclaimed");
        let mut nodes = vec![TransactionNode::NEW; self.nodes.len() * 2];
        let mask = nodes.len() - 1;
        for index in self.indices() {
            nodes[index.0 as usize & mask] = *self.get(index);
        }
        self.nodes = nodes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_grows_and_wraps_without_losing_anyone() {
        let mut window = Window::new();
        window.start_at(TransactionIndex(TransactionIndex::MASK - 40));
        let indices = (0..200).map(|_| window.push()).collect::<Vec<_>>();
        assert_eq!(indices[41], TransactionIndex(0));
        for (position, index) in indices.iter().enumerate() {
            window.get_mut(*index).pending = position as u32;
        }
        window.push();
        for (position, index) in indices.iter().enumerate() {
            assert_eq!(window.get(*index).pending, position as u32);
        }
        assert!(!window.contains(TransactionIndex::NONE));
    }

    #[test]
    fn only_a_reclaimed_prefix_is_forgotten() {
        let mut window = Window::new();
        let indices = (0..3).map(|_| window.push()).collect::<Vec<_>>();
        window.get_mut(indices[1]).state = TransactionState::Reclaimed;
        window.forget_reclaimed();
        assert_eq!(window.len(), 3);
        window.get_mut(indices[0]).state = TransactionState::Reclaimed;
        window.forget_reclaimed();
        assert_eq!(window.indices().collect::<Vec<_>>(), [indices[2]]);
    }
}
