//! One vote of a tower.

/// Votes of a full tower, and the confirmations of its oldest; also where lockouts stop doubling.
pub(super) const TOWER_HEIGHT_MAX: usize = 31;

/// Latency up to which a vote earns full credits, in slots (SIMD-0033).
const CREDITS_GRACE_SLOTS: u8 = 2;
/// Credits of a vote that landed in time.
const CREDITS_MAX: u8 = 16;

/// A vote for a slot, and what came on top of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LandedVote {
    /// The slot voted for.
    pub(super) slot: u64,
    /// Votes on top, itself included.
    pub(super) confirmation_count: u32,
    /// Slots between the vote's slot and the one in which it landed; 0 if that was never recorded.
    pub(super) latency: u8,
}

impl LandedVote {
    /// The last slot for which a vote on another fork would break this one's lockout.
    pub(super) fn last_locked_out_slot(&self) -> u64 {
        let exponent = self.confirmation_count.min(TOWER_HEIGHT_MAX as u32);
        self.slot.saturating_add(1 << exponent)
    }

    /// What the vote earns when its slot becomes a root.
    pub(super) fn credits(&self) -> u64 {
        if self.latency == 0 {
            return 1;
        }
        let late = self.latency.saturating_sub(CREDITS_GRACE_SLOTS);
        CREDITS_MAX.saturating_sub(late).max(1).into()
    }
}

/// Slots from `voted_slot` to `landed_slot`, 255 at most.
pub(super) fn latency(voted_slot: u64, landed_slot: u64) -> u8 {
    landed_slot.saturating_sub(voted_slot).min(u8::MAX.into()) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_fall_with_latency() {
        let credits = |latency| LandedVote { slot: 1, confirmation_count: 1, latency }.credits();
        let expected = [(0, 1), (1, 16), (2, 16), (3, 15), (16, 2), (17, 1), (18, 1), (255, 1)];
        assert_eq!(expected.map(|(late, _)| credits(late)), expected.map(|(_, earned)| earned));
        assert_eq!([latency(5, 5), latency(5, 260), latency(5, 261), latency(6, 5)], [0, 255, 255, 0]);
    }

    #[test]
    fn lockout_doubles_to_a_limit() {
        let last =
            |slot, confirmation_count| LandedVote { slot, confirmation_count, latency: 0 }.last_locked_out_slot();
        assert_eq!(
            [last(10, 0), last(10, 1), last(10, 31), last(10, u32::MAX)],
            [11, 12, 10 + (1 << 31), 10 + (1 << 31)]
        );
        assert_eq!(last(u64::MAX - 1, 5), u64::MAX);
    }
}
