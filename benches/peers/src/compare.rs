//! Ratios: a peer's time at its best setting over ours, for the pairs of settings that compare like with like.

use serde::Serialize;

use crate::{measure::Series, statistics::Spread, workloads::Name};

/// Our engine's name among the peers.
pub const OURS: &str = "Heddle";

/// What is held against what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Follows the workload in a ratio's key: `vs_litesvm`.
    pub suffix: &'static str,
    /// The peer's name.
    pub peer: &'static str,
    /// Workers on both sides.
    pub workers: usize,
    /// Whether the state hash belongs to it.
    pub state_hash: bool,
    /// For people.
    pub title: &'static str,
    /// Workloads compared.
    pub workloads: &'static [Name],
}

/// The two comparisons.
pub const RULES: [Rule; 2] = [
    Rule {
        suffix: "vs_litesvm",
        peer: "LiteSVM",
        workers: 1,
        state_hash: false,
        title: "one worker, no signatures, no state hash",
        workloads: &Name::ALL,
    },
    Rule {
        suffix: "vs_agave2",
        peer: "Agave Bank",
        workers: 2,
        state_hash: true,
        title: "two workers, no signatures, with the state hash, wall time",
        workloads: &[Name::Transfer, Name::PToken, Name::SplToken],
    },
];

/// One ratio and where it comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// `transfer_vs_litesvm` and so on.
    pub key: String,
    /// The workload.
    pub workload: Name,
    /// The peer.
    pub peer: String,
    /// The peer's setting: of those that fit, the one with the lowest median.
    pub peer_setting: String,
    /// The peer's wall time in microseconds per transaction.
    pub peer_us: Spread,
    /// Our setting.
    pub our_setting: String,
    /// Our wall time in microseconds per transaction.
    pub our_us: Spread,
    /// Whether our time holds a state hash although the comparison is one without.
    pub our_state_hash_counted: bool,
    /// Peer's median over ours.
    pub ratio: f64,
    /// The ratios of the single rounds.
    pub ratio_of_rounds: Spread,
    /// The same ratio of CPU time of all threads: what another load on the machine disturbs less.
    pub cpu_ratio: f64,
}

/// The key of a ratio.
pub fn key(rule: &Rule, workload: Name) -> String {
    format!("{}_{}", workload.id(), rule.suffix)
}

/// The ratio of `rule` and `workload`; `None` if one of the two was not measured.
pub fn ratio(all: &[Series], rule: &Rule, workload: Name) -> Option<Ratio> {
    let fits = |series: &&Series| series.workload == workload && series.setting.workers == rule.workers;
    let of_peer = |series: &&Series| series.peer == rule.peer && series.setting.state_hash == rule.state_hash;
    let ours: Vec<&Series> = all.iter().filter(fits).filter(|series| series.peer == OURS).collect();
    let like = ours.iter().copied().filter(|series| series.setting.state_hash == rule.state_hash);
    // What does more than is asked for may stand in for what is asked for, not the other way round.
    let more = ours.iter().copied().filter(|series| series.setting.state_hash && !rule.state_hash);
    let our = fastest(like).or_else(|| fastest(more))?;
    let peer = fastest(all.iter().filter(fits).filter(of_peer))?;
    let (our_us, peer_us) = (Spread::of(&our.wall_us())?, Spread::of(&peer.wall_us())?);
    let of_rounds: Vec<f64> = peer.wall_us().iter().zip(our.wall_us()).map(|(peer, our)| peer / our).collect();
    let (our_cpu_us, peer_cpu_us) = (Spread::of(&our.cpu_us())?, Spread::of(&peer.cpu_us())?);
    Some(Ratio {
        key: key(rule, workload),
        workload,
        peer: peer.peer.clone(),
        peer_setting: peer.setting.name.clone(),
        peer_us,
        our_setting: our.setting.name.clone(),
        our_us,
        our_state_hash_counted: our.setting.state_hash && !rule.state_hash,
        ratio: peer_us.median / our_us.median,
        ratio_of_rounds: Spread::of(&of_rounds)?,
        cpu_ratio: peer_cpu_us.median / our_cpu_us.median,
    })
}

fn fastest<'a>(series: impl Iterator<Item = &'a Series>) -> Option<&'a Series> {
    let timed = series.filter_map(|series| Some((series, Spread::of(&series.wall_us())?.median)));
    timed.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(series, _)| series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::tests::series;

    #[test]
    fn the_peer_is_taken_at_its_best() {
        let all = [
            series(Name::Transfer, OURS, 1, true, &[2.0]),
            series(Name::Transfer, OURS, 1, false, &[1.0, 1.0, 1.5]),
            series(Name::Transfer, "LiteSVM", 1, false, &[6.0, 5.0, 7.0]),
            series(Name::Transfer, "LiteSVM", 1, false, &[4.0, 4.0, 3.0]),
            series(Name::Noop, "LiteSVM", 1, false, &[0.1]),
        ];
        let [litesvm, agave] = &RULES;
        let ratio = ratio(&all, litesvm, Name::Transfer).expect("both were measured");
        assert_eq!((ratio.key.as_str(), ratio.ratio), ("transfer_vs_litesvm", 4.0));
        assert_eq!((ratio.ratio_of_rounds.min, ratio.ratio_of_rounds.max), (2.0, 4.0));
        assert_eq!(ratio.cpu_ratio, 4.0);
        assert!(!ratio.our_state_hash_counted);
        assert!(super::ratio(&all, litesvm, Name::Noop).is_none(), "ours was not measured");
        assert!(super::ratio(&all, agave, Name::Transfer).is_none(), "the peer was not measured");
    }

    #[test]
    fn what_does_less_never_stands_in() {
        let [litesvm, agave] = &RULES;
        let all = [
            series(Name::PToken, OURS, 1, true, &[2.0]),
            series(Name::PToken, OURS, 2, false, &[1.0]),
            series(Name::PToken, "LiteSVM", 1, false, &[4.0]),
            series(Name::PToken, "Agave Bank", 2, true, &[4.0]),
        ];
        let hashed = ratio(&all, litesvm, Name::PToken).expect("ours does more");
        assert!(hashed.our_state_hash_counted && hashed.ratio == 2.0);
        assert!(ratio(&all, agave, Name::PToken).is_none(), "ours does less");
    }
}
