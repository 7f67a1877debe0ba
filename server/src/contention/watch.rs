//! The thread that measures each block once it is executed, and what it found.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use parking_lot::Mutex;

use super::{
    analysis,
    locks::BlockLocks,
    window::{Report, Window},
};
use crate::live::{LiveHandle, Notice, NoticeReceiver, OpenBlock};

/// Notices that may wait for this thread.
const NOTICES_MAX: usize = 1024;

/// What transactions waited for in the last minute.
pub struct Contention {
    began: Instant,
    window: Mutex<Window>,
    missed: AtomicU64,
}

impl Default for Contention {
    fn default() -> Self {
        Self { began: Instant::now(), window: Mutex::default(), missed: AtomicU64::new(0) }
    }
}

impl Contention {
    /// The last minute, with the hottest `top` accounts.
    pub fn report(&self, top: usize) -> Report {
        self.window.lock().report(self.second(), top)
    }

    /// Blocks that were not measured, because this could not keep up.
    pub fn missed_blocks(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    fn second(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    fn measure(&self, block: &OpenBlock) {
        let waits = analysis::measure(&BlockLocks::of(block));
        self.window.lock().add(self.second(), waits);
    }

    /// What was measured is of another past.
    fn forget(&self) {
        self.window.lock().clear();
    }
}

/// Starts the thread; it runs until the chain has stopped.
///
/// # Errors
/// What the system says.
pub fn start_watch(live: LiveHandle, contention: Arc<Contention>) -> io::Result<JoinHandle<()>> {
    let mut notices = live.listen(NOTICES_MAX);
    let run = move || {
        let mut heights = Heights::default();
        loop {
            watch(&contention, &notices, &mut heights);
            if live.is_stopped() {
                return;
            }
            tracing::warn!("blocks go on without their contention being measured: {NOTICES_MAX} notices wait");
            notices = live.listen(NOTICES_MAX);
        }
    };
    thread::Builder::new().name("contention".to_owned()).spawn(run)
}

/// Measures what comes until the channel is closed.
fn watch(contention: &Contention, notices: &NoticeReceiver, heights: &mut Heights) {
    for notice in notices {
        match notice {
            Notice::Processed(block) => {
                match heights.follow(block.header.height) {
                    Gap::None => {}
                    Gap::Blocks(count) => {
                        contention.missed.fetch_add(count, Ordering::Relaxed);
                    }
                    Gap::AnotherPast => contention.forget(),
                }
                if !block.transactions.is_empty() {
                    contention.measure(&block);
                }
            }
            Notice::Confirmed(_) => {}
            Notice::TakenBack(header) => {
                heights.last = Some(header.height);
                contention.forget();
            }
        }
    }
}

/// What is between two blocks that were heard of.
#[derive(Debug, PartialEq, Eq)]
enum Gap {
    None,
    Blocks(u64),
    /// Blocks were taken back in between.
    AnotherPast,
}

/// The height of the newest block that was heard of.
#[derive(Default)]
struct Heights {
    last: Option<u64>,
}

impl Heights {
    fn follow(&mut self, height: u64) -> Gap {
        let last = self.last.replace(height);
        match last.map(|last| height.checked_sub(last + 1)) {
            None | Some(Some(0)) => Gap::None,
            Some(Some(count)) => Gap::Blocks(count),
            Some(None) => Gap::AnotherPast,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_were_not_heard_of_are_counted() {
        let mut heights = Heights::default();
        let gaps = [7, 8, 11, 12, 9].map(|height| heights.follow(height));
        assert_eq!(gaps, [Gap::None, Gap::None, Gap::Blocks(2), Gap::None, Gap::AnotherPast]);
    }
}
