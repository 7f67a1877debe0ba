//! What the node says of itself while it is driven, and how much memory it takes.

use std::{
    fs,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    client::{Client, Failure},
    sender::Counters,
};

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    pub seconds: f64,
    pub accepted: u64,
    pub refused: u64,
    /// In blocks, since the node was started.
    pub processed: u64,
    pub dropped: u64,
    pub waiting: u64,
    pub slot: u64,
    /// Microseconds from a transaction's arrival to its block, and from the block's execution until it is durable.
    pub queued_p99_us: Option<u64>,
    pub committed_p99_us: Option<u64>,
    pub rss_bytes: Option<u64>,
}

pub fn sample(client: &mut Client, counters: &Counters, began: Instant, pid: Option<u32>) -> Result<Sample, Failure> {
    let stats = client.call("heddle_stats", &json!([]))?;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    Ok(Sample {
        seconds: began.elapsed().as_secs_f64(),
        accepted: counters.accepted.load(Ordering::Relaxed),
        refused: counters.refused.load(Ordering::Relaxed),
        processed: number(&stats["transactions"]["processed"]),
        dropped: number(&stats["transactions"]["dropped"]),
        waiting: number(&stats["mempool"]["waiting"]),
        slot: number(&stats["slot"]["processed"]),
        queued_p99_us: stats["latencyMicros"]["queued"]["p99"].as_u64(),
        committed_p99_us: stats["latencyMicros"]["committed"]["p99"].as_u64(),
        rss_bytes: pid.and_then(rss_bytes),
    })
}

/// Waits until nothing waits in the node any more.
pub fn settle(client: &mut Client, counters: &Counters, began: Instant, pid: Option<u32>) -> Result<Sample, Failure> {
    loop {
        let now = sample(client, counters, began, pid)?;
        if now.waiting == 0 {
            return Ok(now);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

impl Sample {
    pub fn print(&self, before: Option<&Self>) {
        let since =
            |now: u64, before: Option<u64>, seconds: f64| (now - before.unwrap_or_default().min(now)) as f64 / seconds;
        let seconds = self.seconds - before.map_or(0.0, |before| before.seconds);
        println!(
            "{:>6.0} s  slot {:>8}  {:>7.0} sent/s  {:>7.0} in blocks/s  {:>6} waiting  {:>6} refused  {:>4} dropped  queued p99 {:>6} ms  durable p99 {:>5} ms  {:>5} MiB",
            self.seconds,
            self.slot,
            since(self.accepted, before.map(|before| before.accepted), seconds),
            since(self.processed, before.map(|before| before.processed), seconds),
            self.waiting,
            self.refused,
            self.dropped,
            self.queued_p99_us.map_or_else(|| "-".to_owned(), |micros| (micros / 1000).to_string()),
            self.committed_p99_us.map_or_else(|| "-".to_owned(), |micros| (micros / 1000).to_string()),
            self.rss_bytes.map_or_else(|| "-".to_owned(), |bytes| (bytes >> 20).to_string()),
        );
    }
}

/// Resident memory of a process.
fn rss_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}
