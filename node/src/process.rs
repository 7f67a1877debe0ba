//! What the operating system says of this process.

use std::{sync::Arc, time::Instant};

use heddle_engine::StageClock;

/// Peak resident memory in bytes (`VmHWM`); 0 where the system does not tell.
pub(crate) fn peak_rss_bytes() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|value| value.trim().strip_suffix("kB"))
        .and_then(|value| value.trim().parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes * 1024)
}

/// A clock for stage times.
pub(crate) fn stage_clock() -> StageClock {
    let began = Instant::now();
    Arc::new(move || began.elapsed())
}

/// Cores this process may use.
pub(crate) fn core_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
