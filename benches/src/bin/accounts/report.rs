//! Medians and quartiles, as text and as JSON.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::{
    memory::AccountMemory,
    population::{BLOCK_TRANSFERS, Sample},
};

/// Nanoseconds per transfer over many blocks.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    median: f64,
    lower_quartile: f64,
    upper_quartile: f64,
}

impl Spread {
    fn of(samples: &[Sample], part: impl Fn(&Sample) -> Duration) -> Self {
        let mut times: Vec<f64> =
            samples.iter().map(|sample| part(sample).as_nanos() as f64 / BLOCK_TRANSFERS as f64).collect();
        times.sort_by(f64::total_cmp);
        let at = |quarter: usize| times[(times.len() - 1) * quarter / 4];
        Self { median: at(2), lower_quartile: at(1), upper_quartile: at(3) }
    }
}

/// One engine's times.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    accounts: u64,
    transfers: u64,
    /// Ingress, schedule and execution together.
    transfer_ns: Spread,
    ingress_ns: Spread,
    schedule_ns: Spread,
    execute_ns: Spread,
    hash_ns: Spread,
    commit_ns: Spread,
}

impl Measured {
    pub(crate) fn new(accounts: u64, samples: &[Sample]) -> Self {
        Self {
            accounts,
            transfers: samples.len() as u64 * BLOCK_TRANSFERS,
            transfer_ns: Spread::of(samples, Sample::transfer),
            ingress_ns: Spread::of(samples, |sample| sample.ingress),
            schedule_ns: Spread::of(samples, |sample| sample.schedule),
            execute_ns: Spread::of(samples, |sample| sample.execute),
            hash_ns: Spread::of(samples, |sample| sample.hash),
            commit_ns: Spread::of(samples, |sample| sample.commit),
        }
    }
}

/// Memory of one engine's accounts.
#[derive(Debug, Serialize)]
struct Memory {
    #[serde(flatten)]
    filled: AccountMemory,
    bytes_beyond_data: Option<f64>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    measured: Vec<Measured>,
    /// Median of each engine's `transfer_ns` over the first engine's.
    ratios: Vec<f64>,
    memory: Vec<Memory>,
}

impl Report {
    pub(crate) fn new(measured: Vec<Measured>, memory: Vec<AccountMemory>) -> Self {
        let base = measured[0].transfer_ns.median;
        let ratios = measured.iter().map(|one| one.transfer_ns.median / base).collect();
        let with_bytes = |filled: AccountMemory| Memory { bytes_beyond_data: filled.bytes_beyond_data(), filled };
        Self { measured, ratios, memory: memory.into_iter().map(with_bytes).collect() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "median ns per transfer, one worker, no signatures; a transfer is ingress + schedule + execute")?;
        writeln!(
            f,
            "{:>12} {:>10} {:>17} {:>6} {:>9} {:>9} {:>9} {:>7} {:>7}",
            "accounts", "transfer", "quartiles", "ratio", "ingress", "schedule", "execute", "hash", "commit"
        )?;
        for (one, ratio) in self.measured.iter().zip(&self.ratios) {
            let Spread { median, lower_quartile, upper_quartile } = one.transfer_ns;
            let quartiles = format!("{lower_quartile:.0} to {upper_quartile:.0}");
            let stages = [one.ingress_ns, one.schedule_ns, one.execute_ns].map(|stage| stage.median);
            let [ingress, schedule, execute] = stages;
            let (hash, commit) = (one.hash_ns.median, one.commit_ns.median);
            writeln!(
                f,
                "{:>12} {median:>10.0} {quartiles:>17} {ratio:>6.2} {ingress:>9.0} {schedule:>9.0} {execute:>9.0} \
                 {hash:>7.0} {commit:>7.0}",
                one.accounts
            )?;
        }
        writeln!(f, "\nresident memory per account in the engine's table, beyond its data")?;
        for Memory { filled, bytes_beyond_data } in &self.memory {
            let AccountMemory { account_count, data_bytes, .. } = filled;
            match bytes_beyond_data {
                Some(bytes) => writeln!(f, "{account_count:>12} of {data_bytes:>3} bytes: {bytes:.0} bytes each")?,
                None => writeln!(f, "{account_count:>12} of {data_bytes:>3} bytes: too few to tell")?,
            }
        }
        Ok(())
    }
}
