//! Where epochs begin: the inverse of [`EpochSchedule::epoch`].

use heddle_vm::EpochSchedule;

/// Slots of the first epoch of a warm-up; each has twice as many as the one before (crate `solana-epoch-schedule`).
const WARMUP_SLOTS_MIN: u64 = 32;

/// The first slot of `epoch`.
pub fn first_slot(schedule: &EpochSchedule, epoch: u64) -> u64 {
    if epoch >= schedule.first_normal_epoch {
        let epochs = epoch - schedule.first_normal_epoch;
        return epochs.saturating_mul(schedule.slots_per_epoch).saturating_add(schedule.first_normal_slot);
    }
    ((1u64 << epoch.min(58)) - 1).saturating_mul(WARMUP_SLOTS_MIN)
}

/// How many slots `epoch` has.
pub fn slots_in_epoch(schedule: &EpochSchedule, epoch: u64) -> u64 {
    first_slot(schedule, epoch.saturating_add(1)).saturating_sub(first_slot(schedule, epoch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_begin_where_the_schedule_says() {
        let warm = EpochSchedule {
            slots_per_epoch: 256,
            warmup: true,
            first_normal_epoch: 3,
            first_normal_slot: 224,
            ..EpochSchedule::default()
        };
        for schedule in [EpochSchedule::default(), warm] {
            for epoch in 0..10 {
                let first = first_slot(&schedule, epoch);
                assert_eq!(schedule.epoch(first), epoch);
                assert_eq!(schedule.epoch(first + slots_in_epoch(&schedule, epoch) - 1), epoch);
            }
        }
    }
}
