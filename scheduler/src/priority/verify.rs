//! The pool's invariants, checked the slow way: for tests.

use super::WaitingPool;
use super::rank::Rank;
use std::collections::BTreeSet;
use std::hash::Hash;

impl<I: Copy + Eq + Hash> WaitingPool<I> {
    /// Checks every invariant of the pool. O(n · locks · log n).
    ///
    /// # Panics
    /// If one does not hold.
    pub fn verify(&self) {
        let waiting = || self.waiting.iter().enumerate().filter_map(|(slot, one)| Some((slot as u32, one.as_ref()?)));
        assert_eq!(waiting().count(), self.len(), "as many wait as have a slot");
        assert!(self.len() <= self.bounds.waiting_max, "the pool is bounded");
        assert_eq!(self.ranks.len(), self.len());
        assert_eq!(self.free.len() + self.len(), self.waiting.len(), "each slot is taken or free");
        for (slot, one) in waiting() {
            assert_eq!((one.rank.slot, self.slots.get(&one.id)), (slot, Some(&slot)));
            assert!(self.ranks.contains(&one.rank));
            assert!(self.limits.check_alone(one.rank.cost, one.data_bytes).is_ok(), "an empty block can take it");
            assert!(one.home.is_none_or(|home| one.locks.iter().any(|lock| lock.account == home)), "home is locked");
        }
        let mut front: BTreeSet<Rank> =
            waiting().filter(|(_, one)| one.home.is_none()).map(|(_, one)| one.rank).collect();
        for (account, lock_count, node) in self.accounts.iter() {
            let locks = || waiting().flat_map(|(_, one)| one.locks.iter().map(move |lock| (one, lock)));
            let of_account = || locks().filter(|(_, lock)| lock.account == account);
            assert_eq!(of_account().count(), lock_count as usize, "locks of {account:?}");
            let writers = of_account().filter(|(_, lock)| lock.is_writable()).count();
            assert_eq!(writers, node.writers.len(), "writers of {account:?}");
            assert!(writers <= self.bounds.waiting_per_account_max, "the share of {account:?} is bounded");
            let queued: BTreeSet<Rank> =
                waiting().filter(|(_, one)| one.home == Some(account)).map(|(_, one)| one.rank).collect();
            assert_eq!(queued.len(), node.queue.len(), "queue of {account:?}");
            assert_eq!(queued.last().copied(), node.queue.best(), "best of {account:?}");
            front.extend(queued.last());
        }
        assert_eq!(front, self.front, "the front is the best of each queue");
    }
}
