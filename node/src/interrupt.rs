//! Ctrl-C: the first asks the command to stop after the block it is at, the second ends the process at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Set once the user wants to stop.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts listening.
    pub(crate) fn listen() -> Result<Self, ctrlc::Error> {
        let flag = Arc::new(AtomicBool::new(false));
        let handler_flag = flag.clone();
        ctrlc::set_handler(move || {
            if handler_flag.swap(true, Ordering::Relaxed) {
                std::process::exit(1);
            }
            eprintln!("\nheddle: stopping after the open block (again to stop at once)");
        })?;
        Ok(Self(flag))
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
