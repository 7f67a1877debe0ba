//! A set of ranks that knows its best and its worst. Most accounts are written by a few waiting transactions, so a few
//! are a plain list; many are a tree.

use super::rank::Rank;
use std::collections::BTreeSet;

/// A longer list becomes a tree.
const LIST_LENGTH_MAX: usize = 16;
/// A smaller tree becomes a list again; less than [`LIST_LENGTH_MAX`], so that no set changes form at each step.
const TREE_SIZE_MIN: usize = 8;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) enum RankedSet {
    /// In no order.
    List(Vec<Rank>),
    Tree(BTreeSet<Rank>),
}

impl Default for RankedSet {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl RankedSet {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Tree(tree) => tree.len(),
        }
    }

    /// The one that goes first. O(log n).
    pub(super) fn best(&self) -> Option<Rank> {
        match self {
            Self::List(list) => list.iter().max().copied(),
            Self::Tree(tree) => tree.last().copied(),
        }
    }

    /// The one that goes last. O(log n).
    pub(super) fn worst(&self) -> Option<Rank> {
        match self {
            Self::List(list) => list.iter().min().copied(),
            Self::Tree(tree) => tree.first().copied(),
        }
    }

    /// Adds a rank that is not in the set. O(log n).
    pub(super) fn insert(&mut self, rank: Rank) {
        match self {
            Self::List(list) if list.len() < LIST_LENGTH_MAX => list.push(rank),
            Self::List(list) => *self = Self::Tree(list.drain(..).chain([rank]).collect()),
            Self::Tree(tree) => {
                tree.insert(rank);
            }
        }
    }

    /// Takes a rank out; whether it was there. O(log n).
    pub(super) fn remove(&mut self, rank: &Rank) -> bool {
        match self {
            Self::List(list) => match list.iter().position(|one| one == rank) {
                Some(position) => {
                    list.swap_remove(position);
                    true
                }
                None => false,
            },
            Self::Tree(tree) => {
                let was_there = tree.remove(rank);
                if tree.len() < TREE_SIZE_MIN {
                    *self = Self::List(tree.iter().copied().collect());
                }
                was_there
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_and_worst_in_both_forms() {
        let mut set = RankedSet::default();
        let rank = |n: u64| Rank { reward: n * 7 % 101, cost: 1, arrival: n, slot: n as u32 };
        let mut expected = BTreeSet::new();
        let steps = (0..100).map(|n| (true, n)).chain((0..100).map(|n| (false, n * 37 % 100)));
        for (is_insert, n) in steps {
            if is_insert {
                set.insert(rank(n));
                expected.insert(rank(n));
            } else {
                assert!(set.remove(&rank(n)));
                assert!(!set.remove(&rank(n)));
                expected.remove(&rank(n));
            }
            assert_eq!((set.len(), set.best(), set.worst()), {
                (expected.len(), expected.last().copied(), expected.first().copied())
            });
        }
    }
}
