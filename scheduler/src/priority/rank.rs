//! Who goes first: reward per cost, compared exactly, earlier arrivals first among equals.

use std::cmp::Ordering;

/// Place of one waiting transaction in the order of priority; greater goes first. A total order: two waiting
/// transactions never compare as equal, because arrival numbers are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    /// What including it earns, in lamports.
    pub(super) reward: u64,
    /// What including it costs the block, in cost units; never 0.
    pub(super) cost: u64,
    /// Number of the arrival.
    pub(super) arrival: u64,
    /// Where the pool keeps it.
    pub(super) slot: u32,
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let own = u128::from(self.reward) * u128::from(other.cost);
        let others = u128::from(other.reward) * u128::from(self.cost);
        own.cmp(&others).then_with(|| other.arrival.cmp(&self.arrival))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(reward: u64, cost: u64, arrival: u64) -> Rank {
        Rank { reward, cost, arrival, slot: 0 }
    }

    #[test]
    fn ratios_are_compared_exactly() {
        assert!(rank(3, 2, 9) > rank(4, 3, 0));
        // Equal as 64-bit floats, not as fractions.
        assert!(rank(u64::MAX, u64::MAX - 1, 9) > rank(u64::MAX - 1, u64::MAX - 1, 0));
        assert!(rank(u64::MAX, 1, 9) > rank(u64::MAX - 1, 1, 0));
        assert!(rank(0, 1, 9) < rank(1, u64::MAX, 9));
    }

    #[test]
    fn of_equal_ratios_the_earlier_goes_first() {
        assert!(rank(2, 4, 0) > rank(1, 2, 1));
        assert!(rank(0, 7, 0) > rank(0, 1, 1));
    }
}
