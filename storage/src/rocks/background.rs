//! One thread beside the writer: syncs at intervals, and gives back the space of removed blocks.
//!
//! It knows when to do something; what is done is its caller's.

use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{Builder, JoinHandle},
    time::Duration,
};

use super::columns::Column;

/// Longest wait when nothing is to be done at intervals.
const IDLE: Duration = Duration::from_secs(3600);

/// Records that were removed from a column: those of all slots before one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Removed {
    pub(super) column: Column,
    /// How often blocks had been taken back by then: once they are again, other blocks may come to these slots.
    pub(super) revert_count: u64,
    pub(super) until: u64,
}

/// What the thread does.
pub(super) trait Work: Send + 'static {
    /// Called when the interval has passed.
    fn sync(&self);
    /// Called for each [`Removed`].
    fn drop_files(&self, removed: Removed);
}

/// The thread; ends, and is waited for, when this is dropped.
#[derive(Debug)]
pub(super) struct Background {
    /// `None` only while dropping.
    removals: Option<Sender<Removed>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has no more threads.
    pub(super) fn start(interval: Option<Duration>, work: impl Work) -> io::Result<Self> {
        let (removals, received) = mpsc::channel();
        let thread = Builder::new().name("heddle-store".to_owned()).spawn(move || {
            loop {
                match received.recv_timeout(interval.unwrap_or(IDLE)) {
                    Ok(removed) => work.drop_files(removed),
                    Err(RecvTimeoutError::Timeout) if interval.is_some() => work.sync(),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self { removals: Some(removals), thread: Some(thread) })
    }

    /// Has the space of removed records given back some time later.
    pub(super) fn drop_files(&self, removed: Removed) {
        // The thread lives as long as this.
        self.removals.as_ref().map(|removals| removals.send(removed).ok());
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.removals = None;
        if let Some(thread) = self.thread.take() {
            // Its panic is its own: the store reports what fails when it is asked.
            thread.join().ok();
        }
    }
}
