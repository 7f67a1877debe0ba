//! When blocks are made and what time they show: wall-clock time, moved and stopped at will.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMode {
    /// One each slot time, of what waits then.
    Slots,
    /// As soon as something waits; and one each slot time, which alone adds a blockhash, so that blockhashes live as long
    /// as clients expect.
    Transaction,
}

/// The clock's settings, for whoever shows them.
#[derive(Clone, Copy, Debug)]
pub struct ClockFacts {
    /// When blocks are made.
    pub mode: ClockMode,
    /// Time between two slots.
    pub slot_time: Duration,
    /// Whether time stands still.
    pub is_paused: bool,
    /// Seconds that blocks are ahead of the wall clock.
    pub offset_seconds: i64,
}

/// Makes blocks due.
pub struct BlockClock {
    mode: ClockMode,
    slot_time: Duration,
    state: Mutex<State>,
}

struct State {
    next_tick: Instant,
    offset_seconds: i64,
    /// The time at which it was stopped.
    stopped_at: Option<i64>,
}

impl BlockClock {
    pub(crate) fn new(mode: ClockMode, slot_time: Duration) -> Self {
        let state = State { next_tick: Instant::now() + slot_time, offset_seconds: 0, stopped_at: None };
        Self { mode, slot_time, state: Mutex::new(state) }
    }

    pub(crate) fn facts(&self) -> ClockFacts {
        let state = self.state.lock();
        ClockFacts {
            mode: self.mode,
            slot_time: self.slot_time,
            is_paused: state.stopped_at.is_some(),
            offset_seconds: state.offset_seconds,
        }
    }

    /// When the next slot begins; `None` while time stands still.
    pub(crate) fn next_tick(&self) -> Option<Instant> {
        let state = self.state.lock();
        state.stopped_at.is_none().then_some(state.next_tick)
    }

    /// Whether blocks are made as soon as something waits.
    pub(crate) fn is_eager(&self) -> bool {
        self.mode == ClockMode::Transaction || self.state.lock().stopped_at.is_some()
    }

    /// Notes that a slot began. Slots that were missed are not made up for.
    pub(crate) fn tick(&self) {
        let mut state = self.state.lock();
        state.next_tick = (state.next_tick + self.slot_time).max(Instant::now());
    }

    /// What a block made now shows, in Unix seconds.
    pub(crate) fn unix_timestamp(&self) -> i64 {
        let state = self.state.lock();
        state.stopped_at.unwrap_or_else(|| wall_clock().saturating_add(state.offset_seconds))
    }

    /// Moves the clock so that it shows `unix_timestamp` now.
    pub(crate) fn set_unix_timestamp(&self, unix_timestamp: i64) {
        let mut state = self.state.lock();
        state.offset_seconds = unix_timestamp.saturating_sub(wall_clock());
        if state.stopped_at.is_some() {
            state.stopped_at = Some(unix_timestamp);
        }
    }

    /// Stops time, or lets it go on from where it stood.
    pub(crate) fn set_paused(&self, is_paused: bool) {
        let now = self.unix_timestamp();
        let mut state = self.state.lock();
        match (is_paused, state.stopped_at) {
            (true, None) => state.stopped_at = Some(now),
            (false, Some(at)) => {
                state.stopped_at = None;
                state.offset_seconds = at.saturating_sub(wall_clock());
                state.next_tick = Instant::now() + self.slot_time;
            }
            _ => {}
        }
    }
}

fn wall_clock() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_secs().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_and_goes_on_from_there() {
        let clock = BlockClock::new(ClockMode::Slots, Duration::from_millis(400));
        assert!(!clock.is_eager() && clock.next_tick().is_some());
        clock.set_paused(true);
        clock.set_unix_timestamp(5_000_000_000);
        assert!(clock.is_eager() && clock.next_tick().is_none());
        assert_eq!(clock.unix_timestamp(), 5_000_000_000);
        clock.set_paused(true);
        clock.set_paused(false);
        assert!((5_000_000_000..5_000_000_100).contains(&clock.unix_timestamp()));
    }
}
