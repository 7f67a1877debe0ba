//! The figures, as text and as JSON.

use std::fmt;

use serde::Serialize;

use crate::{
    chain::{Commits, Reads},
    execute::{Execution, HitRate},
};

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) accounts: u64,
    pub(crate) cache_bytes: usize,
    pub(crate) durability: String,
    pub(crate) database_bytes: u64,
    pub(crate) fill: Commits,
    pub(crate) rewrite: Commits,
    pub(crate) reads: Reads,
    pub(crate) hit_rates: Vec<HitRate>,
    pub(crate) execution: Execution,
}

const MIB: u64 = 1 << 20;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} accounts, {} MiB on disk in the end", self.accounts, self.database_bytes / MIB)?;
        for (name, commits) in [("filled, not synced", &self.fill), ("rewritten", &self.rewrite)] {
            writeln!(
                f,
                "{name:>20}: {:.0} accounts/s, {:.1} MB/s; a block of {} in {:.1} ms (worst {:.1}); {:.1} bytes to disk per \
                 byte changed",
                commits.accounts_per_second,
                commits.megabytes_per_second,
                commits.accounts_per_block,
                commits.median_milliseconds,
                commits.worst_milliseconds,
                commits.write_amplification
            )?;
        }
        let Reads { present, again, absent } = self.reads;
        writeln!(f, "{:>20}: {present:.1} µs per account, {again:.1} the second time, {absent:.1} if absent", "read")?;
        let rates = self
            .hit_rates
            .iter()
            .map(|HitRate { hits_percent, microseconds }| format!("{microseconds:.2} at {hits_percent}%"));
        writeln!(
            f,
            "{:>20}: {} µs per account by share held by the engine",
            "of a block",
            rates.collect::<Vec<_>>().join(", ")
        )?;
        let Execution { transfers, parts, peak_resident_bytes, commit_hidden, .. } = &self.execution;
        writeln!(
            f,
            "{:>20}: {transfers} transfers, cache {} MiB, durability {}, {:.0}% of the commits' time hidden",
            "executed",
            self.cache_bytes as u64 / MIB,
            self.durability,
            100.0 * commit_hidden
        )?;
        for part in parts {
            writeln!(
                f,
                "{:>20}  {:.0} transfers/s, {} accounts cached, {} MiB resident",
                "",
                part.transfers_per_second,
                part.cached_accounts,
                part.resident_bytes / MIB
            )?;
        }
        writeln!(f, "{:>20}  {} MiB resident at most", "", peak_resident_bytes / MIB)
    }
}
