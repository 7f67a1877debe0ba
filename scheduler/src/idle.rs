//! Who looks for work, who sleeps, and whom to wake.
//!
//! ```text
//!              start_search              announce_sleep            park
//!   WORKING ───────────────▶ SEARCHING ─────────────────▶ DROWSY ────────▶ ASLEEP
//!      ▲        end_search     │  ▲        retract_sleep     │                │
//!      └───────────────────────┘  └──────────────────────────┴── notify ◀─────┘
//! ```
//!
//! # Why no wakeup is lost
//! A drowsy worker looks at every deque once more before it parks. `announce_sleep` and `notify` both have a `SeqCst`
//! fence between their write (the sleeper's bit, the pushed task) and their read (the deques, the bit): at least one
//! of the two sees the other's write, so either the sleeper finds the task or the pusher finds the sleeper. A pusher
//! wakes nobody while another worker searches: that one becomes drowsy after the push and looks again, or it finds a
//! task and, as the last searcher, looks whether there are more and passes the wakeup on. Parking leaves a token, so an unpark between the last look and the park is not lost either.
//!
//! Nothing but speed hangs on a wakeup for a task: a task lies in the deque of a worker that empties it before it
//! sleeps. Only the end of the run must reach everybody, and it unparks every worker whatever its state.

use crate::sync::{AtomicU32, AtomicU64, Ordering, Unparker, fence};
use crossbeam::utils::CachePadded;

/// Most workers of one pool: the bits of the sleepers' mask.
pub const WORKERS_MAX: usize = 64;

/// The state of idleness shared by the workers of a pool.
pub(crate) struct Idle {
    /// Bit *i*: worker *i* is drowsy or asleep, and nobody has undertaken to wake it.
    sleeping: CachePadded<AtomicU64>,
    /// Workers that look for work, including those just woken.
    searching: CachePadded<AtomicU32>,
    unparkers: Vec<Unparker>,
}

impl Idle {
    pub(crate) fn new(unparkers: Vec<Unparker>) -> Self {
        assert!(unparkers.len() <= WORKERS_MAX);
        Self {
            sleeping: CachePadded::new(AtomicU64::new(0)),
            searching: CachePadded::new(AtomicU32::new(0)),
            unparkers,
        }
    }

    pub(crate) fn start_search(&self) {
        self.searching.fetch_add(1, Ordering::SeqCst);
    }

    /// True if nobody else searches: pushers relied on the caller, so if it has found one task and leaves others, it
    /// has to [`Self::notify`] of them.
    pub(crate) fn end_search(&self) -> bool {
        let is_last = self.searching.fetch_sub(1, Ordering::SeqCst) == 1;
        fence(Ordering::SeqCst);
        is_last
    }

    /// After this, `worker` must look at every deque and at the end of the run once more, and only then may park.
    pub(crate) fn announce_sleep(&self, worker: usize) {
        self.sleeping.fetch_or(1 << worker, Ordering::SeqCst);
        self.searching.fetch_sub(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// `worker` searches again, whether it was woken, woke by itself or never slept.
    pub(crate) fn retract_sleep(&self, worker: usize) {
        let bit = 1 << worker;
        let was_waked = self.sleeping.fetch_and(!bit, Ordering::SeqCst) & bit == 0;
        // Who wakes a worker counts it as searching at once, so that the next pusher does not wake another.
        if !was_waked {
            self.start_search();
        }
    }

    /// Tells a sleeper, if there is one and nobody searches, that the caller has pushed a task.
    pub(crate) fn notify(&self) {
        fence(Ordering::SeqCst);
        if self.searching.load(Ordering::SeqCst) > 0 {
            return;
        }
        let mut sleeping = self.sleeping.load(Ordering::SeqCst);
        while sleeping != 0 {
            let worker = sleeping.trailing_zeros();
            let bit = 1 << worker;
            let before = self.sleeping.fetch_and(!bit, Ordering::SeqCst);
            if before & bit != 0 {
                self.start_search();
                self.unparkers[worker as usize].unpark();
                return;
            }
            sleeping = before;
        }
    }

    /// Wakes everybody, now or at their next park.
    pub(crate) fn wake_all(&self) {
        for unparker in &self.unparkers {
            unparker.unpark();
        }
    }
}
