//! Successor lists: one pool of links for the whole graph, so that an edge costs no allocation in the steady state.
//!
//! A list is circular and known by its tail: appending and walking in insertion order are both O(1) per link.

use super::readers::GroupIndex;
use super::window::TransactionIndex;

const NONE: u32 = u32::MAX;

/// What an edge leads to. One bit tells the two kinds apart: transaction indices have 31 bits ([`super::window`]).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target(u32);

/// A decoded [`Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Successor {
    /// A transaction that waits.
    Transaction(TransactionIndex),
    /// A reader group that counts its members down.
    Readers(GroupIndex),
}

impl Target {
    const READERS: u32 = 1 << 31;

    pub(crate) fn transaction(tx: TransactionIndex) -> Self {
        Self(tx.0)
    }

    pub(crate) fn readers(group: GroupIndex) -> Self {
        Self(group.0 | Self::READERS)
    }

    #[inline]
    pub(crate) fn decode(self) -> Successor {
        if self.0 & Self::READERS == 0 {
            Successor::Transaction(TransactionIndex(self.0))
        } else {
            Successor::Readers(GroupIndex(self.0 & !Self::READERS))
        }
    }
}

#[derive(Clone, Copy)]
struct Link {
    target: Target,
    next: u32,
}

/// One list of successors; its links live in a [`LinkPool`].
#[derive(Clone, Copy)]
pub(crate) struct SuccessorList {
    tail: u32,
}

impl SuccessorList {
    pub(crate) const EMPTY: Self = Self { tail: NONE };

    pub(crate) fn is_empty(self) -> bool {
        self.tail == NONE
    }
}

/// Every link of the graph, in use or free.
pub(crate) struct LinkPool {
    links: Vec<Link>,
    /// Head of the free list, which ends in `NONE`.
    free: u32,
}

impl LinkPool {
    pub(crate) fn new() -> Self {
        Self { links: Vec::new(), free: NONE }
    }

    pub(crate) fn clear(&mut self) {
        self.links.clear();
        self.free = NONE;
    }

    #[inline]
    pub(crate) fn append(&mut self, list: &mut SuccessorList, target: Target) {
        let link = self.allocate(target);
        if list.is_empty() {
            self.links[link as usize].next = link;
        } else {
            let tail = &mut self.links[list.tail as usize];
            let head = std::mem::replace(&mut tail.next, link);
            self.links[link as usize].next = head;
        }
        list.tail = link;
    }

    /// Takes the oldest link off the list and frees it.
    #[inline]
    pub(crate) fn pop_front(&mut self, list: &mut SuccessorList) -> Option<Successor> {
        if list.is_empty() {
            return None;
        }
        let head = self.links[list.tail as usize].next;
        let link = self.links[head as usize];
        if head == list.tail {
            *list = SuccessorList::EMPTY;
        } else {
            self.links[list.tail as usize].next = link.next;
        }
        self.links[head as usize].next = self.free;
        self.free = head;
        Some(link.target.decode())
    }

    #[inline]
    pub(crate) fn iter(&self, list: SuccessorList) -> Successors<'_> {
        let next = if list.is_empty() { NONE } else { self.links[list.tail as usize].next };
        Successors { links: &self.links, next, tail: list.tail }
    }

    /// Links ever made: those in lists and those that are free. O(1).
    pub(crate) fn len(&self) -> usize {
        self.links.len()
    }

    /// O(free links).
    pub(crate) fn count_free(&self) -> usize {
        let mut count = 0;
        let mut cursor = self.free;
        while cursor != NONE {
            count += 1;
            assert!(count <= self.links.len(), "the free list of links has a cycle");
            cursor = self.links[cursor as usize].next;
        }
        count
    }

    #[inline]
    fn allocate(&mut self, target: Target) -> u32 {
        let link = self.free;
        if link == NONE {
            let link = self.links.len() as u32;
            assert!(link != NONE, "the link pool is bounded by its 32-bit indices");
            self.links.push(Link { target, next: link });
            return link;
        }
        let slot = &mut self.links[link as usize];
        self.free = slot.next;
        slot.target = target;
        link
    }
}

/// A list's targets, oldest first.
pub(crate) struct Successors<'a> {
    links: &'a [Link],
    next: u32,
    tail: u32,
}

impl Iterator for Successors<'_> {
    type Item = Successor;

    #[inline]
    fn next(&mut self) -> Option<Successor> {
        if self.next == NONE {
            return None;
        }
        let link = self.links[self.next as usize];
        self.next = if self.next == self.tail { NONE } else { link.next };
        Some(link.target.decode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tx(index: u32) -> Successor {
        Successor::Transaction(TransactionIndex(index))
    }

    #[test]
    fn lists_keep_insertion_order_and_links_are_reused() {
        let mut pool = LinkPool::new();
        let (mut a, mut b) = (SuccessorList::EMPTY, SuccessorList::EMPTY);
        for index in 0..3 {
            pool.append(&mut a, Target::transaction(TransactionIndex(index)));
            pool.append(&mut b, Target::readers(GroupIndex(index)));
        }
        assert_eq!(pool.iter(a).collect::<Vec<_>>(), [tx(0), tx(1), tx(2)]);
        assert_eq!(pool.pop_front(&mut a), Some(tx(0)));
        pool.append(&mut a, Target::transaction(TransactionIndex(9)));
        assert_eq!(pool.len(), 6, "the freed link was taken again");
        assert_eq!(pool.iter(a).collect::<Vec<_>>(), [tx(1), tx(2), tx(9)]);
        let groups = (0..3).map(|index| Successor::Readers(GroupIndex(index))).collect::<Vec<_>>();
        assert_eq!(pool.iter(b).collect::<Vec<_>>(), groups);
        while pool.pop_front(&mut a).is_some() {}
        assert!(a.is_empty());
        assert_eq!(pool.count_free(), 3);
    }
}
