//! How the driver drives a peer: one JSON object per line, over the child's standard input and output.
//!
//! ```text
//! driver                                   peer
//!                                  ◀────── {"greeting": {peer, version, settings}}
//! {"load": "FILE"}                 ──────▶
//!                                  ◀────── "loaded"  or  {"failed": "…"}
//! {"run": {"setting": "…"}}        ──────▶ builds fresh state, warms up, measures, digests, drops the state
//!                                  ◀────── {"ran": {…}}  or  {"failed": "…"}
//! end of input                     ──────▶ exits
//! ```
//!
//! A peer works only between a request and its reply: while it measures, the others sleep.

use std::{
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::Workload;

/// A way in which a peer can be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Short and unique within the peer.
    pub name: String,
    /// Streams of the workload that it runs, each on a worker of its own.
    pub workers: usize,
    /// Whether the state hash is computed and waited for.
    pub state_hash: bool,
    /// Whether decoding wire bytes is within the measured time.
    pub from_wire: bool,
}

/// What a peer says of itself when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// Its name.
    pub peer: String,
    /// Its version.
    pub version: String,
    /// What it can be asked to run.
    pub settings: Vec<Setting>,
}

/// What one run measured. Times are of all transactions together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// Transactions measured; all of them succeeded.
    pub transactions: u64,
    /// From the first byte looked at to the last account written (and hashed, if the setting hashes).
    pub wall_ns: u64,
    /// CPU time of all threads of the process meanwhile.
    pub cpu_ns: u64,
    /// Compute units that the measured transactions consumed.
    pub compute_units: u64,
    /// [`crate::StateDigest`] over all accounts of the streams that ran.
    pub state: String,
    /// Parts of `wall_ns`, where the peer knows them.
    pub stages: Vec<(String, u64)>,
}

/// A line from the driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Read this workload file and forget the one before.
    Load(PathBuf),
    /// Run the loaded workload once.
    Run {
        /// Name of the setting.
        setting: String,
    },
}

/// A line from a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// First line.
    Greeting(Greeting),
    /// The workload is in memory.
    Loaded,
    /// The run is over and its state dropped.
    Ran(RunReport),
    /// The request could not be met, for this reason.
    Failed(String),
}

/// A peer of the comparison.
pub trait Peer {
    /// Who it is and what it can run.
    fn greeting(&self) -> Greeting;

    /// Runs `workload` once, from fresh state.
    ///
    /// # Errors
    /// In words, if it cannot be run or a transaction does not succeed.
    fn run(&self, workload: &Workload, setting: &Setting) -> Result<RunReport, String>;
}

/// Wall time and the process's CPU time since it was started.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    wall: Instant,
    cpu: Duration,
}

impl Meter {
    /// Starts both clocks.
    pub fn start() -> Self {
        let cpu = process_cpu();
        Self { wall: Instant::now(), cpu }
    }

    /// Nanoseconds of wall and of CPU time so far.
    pub fn stop(&self) -> (u64, u64) {
        let wall = self.wall.elapsed();
        (nanoseconds(wall), nanoseconds(process_cpu().saturating_sub(self.cpu)))
    }
}

fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // Neither part of a CPU clock is negative.
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Serves requests from standard input until it ends: the whole `main` of a peer.
///
/// # Errors
/// If standard input or output fail, or a line is no request.
pub fn serve(peer: &impl Peer) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let greeting = peer.greeting();
    send(&mut output, &Reply::Greeting(greeting.clone()))?;
    let mut workload = None;
    for line in io::stdin().lock().lines() {
        let reply = match serde_json::from_str(&line?)? {
            Request::Load(path) => load(&path, &mut workload),
            Request::Run { setting } => match (&workload, greeting.settings.iter().find(|one| one.name == setting)) {
                (Some(workload), Some(setting)) => peer.run(workload, setting).map_or_else(Reply::Failed, Reply::Ran),
                (None, _) => Reply::Failed("no workload is loaded".into()),
                (_, None) => Reply::Failed(format!("no setting {setting:?}")),
            },
        };
        send(&mut output, &reply)?;
    }
    Ok(())
}

fn load(path: &Path, workload: &mut Option<Workload>) -> Reply {
    match Workload::read(path) {
        Ok(read) => {
            *workload = Some(read);
            Reply::Loaded
        }
        Err(error) => Reply::Failed(error.to_string()),
    }
}

fn send(output: &mut impl Write, reply: &Reply) -> io::Result<()> {
    serde_json::to_writer(&mut *output, reply)?;
    output.write_all(b"\n")?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_documented() {
        let run = Request::Run { setting: "best".into() };
        assert_eq!(serde_json::to_string(&run).expect("plain data"), r#"{"run":{"setting":"best"}}"#);
        assert_eq!(
            serde_json::from_str::<Request>(r#"{"load":"FILE"}"#).expect("a request"),
            Request::Load("FILE".into())
        );
        assert_eq!(serde_json::to_string(&Reply::Loaded).expect("plain data"), r#""loaded""#);
        assert_eq!(serde_json::to_string(&Reply::Failed("why".into())).expect("plain data"), r#"{"failed":"why"}"#);
    }

    #[test]
    fn cpu_time_advances_with_work() {
        let meter = Meter::start();
        let mut sum = 0u64;
        while meter.stop().1 == 0 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(meter.stop().0 > 0);
    }
}
