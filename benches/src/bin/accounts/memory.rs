//! Memory as the operating system counts it: what the process holds, whatever the allocator makes of it.

use std::{fs, io};

use serde::Serialize;

/// Accounts that were filled into an engine, and what the process grew by.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct AccountMemory {
    /// Accounts interned and loaded.
    pub(crate) account_count: u64,
    /// Data of each.
    pub(crate) data_bytes: usize,
    /// Growth of resident memory.
    pub(crate) resident_bytes: u64,
}

impl AccountMemory {
    /// Fewer accounts than this take less than what the process grows by anyway.
    const ACCOUNT_COUNT_MIN: u64 = 100_000;

    /// Bytes per account beyond its data; `None` for too few accounts to tell.
    pub(crate) fn bytes_beyond_data(&self) -> Option<f64> {
        let each = self.resident_bytes as f64 / self.account_count as f64;
        (self.account_count >= Self::ACCOUNT_COUNT_MIN).then_some(each - self.data_bytes as f64)
    }
}

/// Resident memory of this process in bytes, counted page by page (`VmRSS` lags behind).
pub(crate) fn resident_bytes() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/smaps_rollup")?;
    let kibibytes =
        text.lines().find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    kibibytes.map(|kibibytes: u64| kibibytes * 1024).ok_or_else(|| io::Error::other("smaps_rollup has no Rss"))
}
