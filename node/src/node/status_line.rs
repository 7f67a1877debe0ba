//! One line on a terminal that says how the node is doing.

use std::time::{Duration, Instant};

use heddle_server::live::{Commitment, LiveHandle};
use indicatif::{ProgressBar, ProgressStyle};

/// How often it changes.
const EVERY: Duration = Duration::from_millis(500);

pub(super) struct StatusLine {
    bar: ProgressBar,
    shown: Instant,
    processed: u64,
}

impl StatusLine {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Self { bar, shown: Instant::now(), processed: 0 }
    }

    pub(super) fn update(&mut self, live: &LiveHandle) {
        let elapsed = self.shown.elapsed();
        if elapsed < EVERY {
            return;
        }
        let stats = live.stats();
        let processed = stats.processed();
        let rate = (processed - self.processed) as f64 / elapsed.as_secs_f64();
        let chain = live.chain();
        let (slot, durable) = (chain.slot(Commitment::Processed), chain.slot(Commitment::Finalized));
        let state = match live.halted() {
            Some(cause) => format!("no more blocks: {cause}"),
            None => format!("{rate:.0} transactions/s · {} waiting", stats.waiting()),
        };
        self.bar.set_message(format!("slot {slot} (durable {durable}) · {processed} transactions · {state}"));
        self.bar.tick();
        (self.shown, self.processed) = (Instant::now(), processed);
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
