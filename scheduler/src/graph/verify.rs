//! The consistency check of the conflict graph: every invariant recounted from scratch.

use super::links::SuccessorList;
use super::{ConflictGraph, GroupIndex, Successor, TransactionIndex, TransactionState};
use std::collections::HashMap;

/// What the edges say, recounted.
#[derive(Default)]
struct Recount {
    into_transactions: HashMap<TransactionIndex, u32>,
    into_groups: HashMap<u32, u32>,
    links: usize,
}

impl ConflictGraph {
    /// Recounts every invariant of the graph. O(transactions + edges + groups + accounts); for tests.
    ///
    /// # Panics
    /// If one does not hold.
    pub fn verify(&self) {
        let recount = self.recount_edges();
        let free_links = self.links.count_free();
        assert_eq!(recount.links + free_links, self.links.len(), "links are lost");
        self.verify_transactions(&recount);
        self.verify_groups(&recount);
        self.verify_ready_queue();
        self.verify_accounts();
    }

    fn recount_edges(&self) -> Recount {
        let mut recount = Recount::default();
        for tx in self.window.indices() {
            for successor in self.successors(tx) {
                recount.links += 1;
                match successor {
                    Successor::Transaction(later) => {
                        self.assert_order(tx, later);
                        *recount.into_transactions.entry(later).or_default() += 1;
                    }
                    Successor::Readers(group) => {
                        if let Some(writer) = self.groups.writer(group) {
                            self.assert_order(tx, writer);
                        }
                        *recount.into_groups.entry(group.0).or_default() += 1;
                    }
                }
            }
        }
        for index in self.groups_in_use() {
            if let Some(writer) = self.groups.writer(index) {
                *recount.into_transactions.entry(writer).or_default() += 1;
            }
        }
        recount
    }

    fn verify_transactions(&self, recount: &Recount) {
        let (mut pending, mut running) = (0, 0);
        for tx in self.window.indices() {
            let node = self.window.get(tx);
            let edges = recount.into_transactions.get(&tx).copied().unwrap_or_default();
            assert_eq!(node.pending, edges, "{tx:?} counts other edges than it has");
            assert_eq!(node.pending > 0, node.state == TransactionState::Pending, "{tx:?} is {:?}", node.state);
            if node.state >= TransactionState::Executed {
                assert!(SuccessorList::is_empty(node.successors), "{tx:?} has executed and still holds others up");
            }
            pending += u32::from(node.state == TransactionState::Pending);
            running += u32::from(matches!(node.state, TransactionState::Ready | TransactionState::Dispatched));
        }
        assert!(pending == 0 || running > 0, "{pending} transactions wait for nobody who runs");
        for tx in recount.into_transactions.keys() {
            assert!(self.window.contains(*tx), "an edge leads to {tx:?}, which is forgotten");
        }
    }

    fn verify_groups(&self, recount: &Recount) {
        for group in self.groups_in_use() {
            let edges = recount.into_groups.get(&group.0).copied().unwrap_or_default();
            assert_eq!(self.groups.count(group), edges, "{group:?} counts other members than it has");
            assert!(edges > 0 || self.groups.writer(group).is_none(), "{group:?} is closed, empty and not freed");
        }
        let free = self.groups.list_free();
        for group in recount.into_groups.keys() {
            assert!(!free[*group as usize], "an edge leads to the free group {group}");
        }
    }

    fn verify_ready_queue(&self) {
        let ready = self.window.indices().filter(|tx| self.window.get(*tx).state == TransactionState::Ready).count();
        assert_eq!(ready, self.ready_count(), "the ready queue counts other transactions than there are");
        let mut tail = TransactionIndex::NONE;
        let mut queued = 0;
        for tx in self.ready().take(ready + 1) {
            assert_eq!(self.state(tx), Some(TransactionState::Ready), "{tx:?} is queued");
            queued += 1;
            tail = tx;
        }
        // As many as are ready, all of them ready, and no cycle: each of them once.
        assert_eq!(queued, ready, "the ready queue is broken");
        assert_eq!(tail, self.ready.tail, "the ready queue ends elsewhere");
    }

    fn verify_accounts(&self) {
        let mut owners = self.groups.list_free();
        for index in (0..owners.len() as u32).map(GroupIndex) {
            // Closed groups belong to their writer.
            owners[index.0 as usize] |= self.groups.writer(index).is_some();
        }
        for node in self.accounts.touched() {
            assert!(node.last_writer != TransactionIndex::NONE || node.readers != GroupIndex::NONE);
            if node.readers != GroupIndex::NONE {
                let owned = std::mem::replace(&mut owners[node.readers.0 as usize], true);
                assert!(!owned, "{:?} is free, closed or has two accounts", node.readers);
            }
        }
        assert!(owners.iter().all(|owned| *owned), "an open group belongs to no account");
    }

    fn groups_in_use(&self) -> impl Iterator<Item = GroupIndex> {
        let free = self.groups.list_free();
        (0..free.len() as u32).map(GroupIndex).filter(move |group| !free[group.0 as usize])
    }

    fn assert_order(&self, earlier: TransactionIndex, later: TransactionIndex) {
        let first = self.window.indices().next().unwrap_or(earlier);
        assert!(later.distance_from(first) > earlier.distance_from(first), "{earlier:?} precedes {later:?}");
    }
}
