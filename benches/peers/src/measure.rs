//! Rounds: within each, every workload is run by the peers in turn, and what they end with is compared.

use std::{path::PathBuf, time::Instant};

use heddle_peers_workload::{RunReport, Setting};

use crate::{
    child::PeerProcess,
    failure::{Disagreement, Failure},
    workloads::Name,
};

/// All samples of one peer, setting and workload, one per round.
#[derive(Clone, Debug)]
pub struct Series {
    /// The workload.
    pub workload: Name,
    /// The peer's name.
    pub peer: String,
    /// Its version.
    pub version: String,
    /// How it was run.
    pub setting: Setting,
    /// What each round measured.
    pub reports: Vec<RunReport>,
}

impl Series {
    /// Wall time of each round in microseconds per transaction.
    pub fn wall_us(&self) -> Vec<f64> {
        self.each(|report| report.wall_ns)
    }

    /// CPU time of all threads of each round in microseconds per transaction.
    pub fn cpu_us(&self) -> Vec<f64> {
        self.each(|report| report.cpu_ns)
    }

    /// One stage's time of each round in microseconds per transaction.
    pub fn stage_us(&self, stage: usize) -> Vec<f64> {
        self.each(|report| report.stages[stage].1)
    }

    fn each(&self, nanoseconds: impl Fn(&RunReport) -> u64) -> Vec<f64> {
        let per_transaction = |report| nanoseconds(report) as f64 / 1_000.0 / report.transactions as f64;
        self.reports.iter().map(per_transaction).collect()
    }
}

/// Measures `rounds` times after one round that is thrown away.
pub fn measure(
    peers: &mut [PeerProcess],
    workloads: &[(Name, PathBuf)],
    rounds: usize,
) -> Result<Vec<Series>, Failure> {
    let mut all: Vec<Series> = workloads.iter().flat_map(|(name, _)| series_of(peers, *name)).collect();
    for round in 0..=rounds {
        for (name, path) in workloads {
            let began = Instant::now();
            for peer in &mut *peers {
                peer.load(path)?;
            }
            // Who begins changes from round to round: nobody is always the first to run on a machine that has cooled.
            for (peer, setting) in turns(peers, round) {
                let report = peers[peer].run(&setting)?;
                let peer = &peers[peer].greeting().peer;
                let series = all
                    .iter_mut()
                    .find(|one| one.workload == *name && one.peer == *peer && one.setting.name == setting);
                let Some(series) = series else { unreachable!("a series was made for every setting") };
                series.reports.push(report);
            }
            check(&all, *name)?;
            let label = if round == 0 { "warm-up".to_string() } else { format!("round {round} of {rounds}") };
            eprintln!("{label}: {} in {:.1} s", name.title(), began.elapsed().as_secs_f64());
        }
        if round == 0 {
            all.iter_mut().for_each(|series| series.reports.clear());
        }
    }
    Ok(all)
}

fn series_of(peers: &[PeerProcess], workload: Name) -> Vec<Series> {
    let of_peer = |peer: &PeerProcess| {
        let greeting = peer.greeting().clone();
        greeting.settings.into_iter().map(move |setting| Series {
            workload,
            peer: greeting.peer.clone(),
            version: greeting.version.clone(),
            setting,
            reports: Vec::new(),
        })
    };
    peers.iter().flat_map(of_peer).collect()
}

/// The order of a round: one setting of each peer, then the next setting of each, beginning with another peer per round.
fn turns(peers: &[PeerProcess], round: usize) -> Vec<(usize, String)> {
    let settings: Vec<Vec<&str>> = peers
        .iter()
        .map(|peer| peer.greeting().settings.iter().map(|setting| setting.name.as_str()).collect())
        .collect();
    order(&settings, round).into_iter().map(|(peer, setting)| (peer, settings[peer][setting].to_string())).collect()
}

fn order<T>(settings: &[Vec<T>], round: usize) -> Vec<(usize, usize)> {
    let longest = settings.iter().map(Vec::len).max().unwrap_or(0);
    let peers = settings.len();
    (0..longest)
        .flat_map(|setting| (0..peers).map(move |turn| ((turn + round) % peers, setting)))
        .filter(|(peer, setting)| *setting < settings[*peer].len())
        .collect()
}

/// Runs of as many workers ran the same transactions: they must have consumed the same compute units and ended alike.
fn check(all: &[Series], workload: Name) -> Result<(), Failure> {
    let last: Vec<(&Series, &RunReport)> = all
        .iter()
        .filter(|series| series.workload == workload)
        .filter_map(|series| Some((series, series.reports.last()?)))
        .collect();
    for (series, report) in &last {
        let Some((first, expected)) = last.iter().find(|(one, _)| one.setting.workers == series.setting.workers) else {
            continue;
        };
        let compared = [
            ("transaction counts", expected.transactions.to_string(), report.transactions.to_string()),
            ("compute units", expected.compute_units.to_string(), report.compute_units.to_string()),
            ("final states", expected.state.clone(), report.state.clone()),
        ];
        for (what, expected, got) in compared {
            if expected != got {
                let name = |series: &Series| format!("{} ({})", series.peer, series.setting.name);
                let (one, other) = ((name(first), expected), (name(series), got));
                let found = Disagreement { workload: workload.title(), what, one, other };
                return Err(Failure::Disagreement(found.into()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A series whose rounds took `wall_us` microseconds per transaction.
    pub fn series(workload: Name, peer: &str, workers: usize, state_hash: bool, wall_us: &[f64]) -> Series {
        let setting = Setting { name: format!("{workers} workers"), workers, state_hash, from_wire: true };
        let report = |us: &f64| RunReport {
            transactions: 10,
            wall_ns: (us * 10_000.0) as u64,
            cpu_ns: (us * 10_000.0) as u64,
            compute_units: 1_500,
            state: "same".into(),
            stages: vec![("execute".into(), 10_000)],
        };
        let reports = wall_us.iter().map(report).collect();
        Series { workload, peer: peer.into(), version: "1".into(), setting, reports }
    }

    #[test]
    fn peers_take_turns_and_another_begins_each_round() {
        let settings = [vec!["a", "b"], vec!["c"], vec!["d", "e", "f"]];
        assert_eq!(order(&settings, 0), [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (2, 2)]);
        assert_eq!(order(&settings, 1), [(1, 0), (2, 0), (0, 0), (2, 1), (0, 1), (2, 2)]);
        assert_eq!(order::<u8>(&[], 0), []);
    }

    #[test]
    fn different_ends_are_found() {
        let one = series(Name::Noop, "one", 1, false, &[1.0]);
        let mut two = series(Name::Noop, "two", 1, false, &[2.0]);
        check(&[one.clone(), two.clone()], Name::Noop).expect("alike");
        two.reports[0].state = "other".into();
        let failure = check(&[one.clone(), two.clone()], Name::Noop).expect_err("not alike");
        assert_eq!(
            failure.to_string(),
            "no-op program: final states differ: same in one (1 workers), other in two (1 workers)"
        );
        check(&[one.clone(), two.clone()], Name::Transfer).expect("another workload");
        two.setting.workers = 2;
        check(&[one, two], Name::Noop).expect("more workers run more transactions");
    }

    #[test]
    fn units() {
        let series = series(Name::Noop, "one", 1, false, &[2.5]);
        assert_eq!(series.wall_us(), [2.5]);
        assert_eq!(series.stage_us(0), [1.0]);
    }
}
