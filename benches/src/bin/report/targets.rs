//! What the engine is meant to reach, and whether it does.

use serde::Serialize;

use crate::{accounts::Accounts, results::Measurement};

/// One target, measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// What is measured.
    pub(crate) name: &'static str,
    /// The figure.
    pub(crate) value: f64,
    /// What it must reach.
    pub(crate) bound: Bound,
    /// Whether it does.
    pub(crate) is_met: bool,
}

/// Which side of a figure is good.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    /// At most this.
    Max(f64),
    /// At least this.
    Min(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::Max(bound) => value <= bound,
            Self::Min(bound) => value >= bound,
        }
    }
}

/// The targets of which everything was measured.
pub(crate) fn judge(measurements: &[Measurement], accounts: Option<&Accounts>) -> Vec<Verdict> {
    let median = |group: &str, function: &str, value: &str| {
        let is_it = |one: &&Measurement| one.group == group && one.function == function && one.value == value;
        measurements.iter().find(is_it).map(|one| one.median_ns)
    };
    let quotient = |group: &str, function: &str, [above, below]: [&str; 2]| {
        Some(median(group, function, above)? / median(group, function, below)?)
    };
    let targets = [
        ("parse of a transfer, ns", median("parse", "in place", "transfer"), Bound::Max(50.0)),
        (
            "conflict graph, 3 accounts: insert + dispatch + complete, ns",
            median("conflict_graph, all three", "no conflict", "3 accounts"),
            Bound::Max(150.0),
        ),
        (
            "execution stage, transfers without conflict: 1 → 2 workers, times as fast",
            quotient("execution stage", "transfer, no conflict", ["1 worker", "2 workers"]),
            Bound::Min(1.8),
        ),
        (
            "execution stage, transfers on one hot pair: serial → 2 workers, times as fast",
            quotient("execution stage", "transfer, one hot pair", ["serial", "2 workers"]),
            Bound::Min(0.95),
        ),
        (
            "cost per transfer with the most accounts over that with the fewest",
            accounts.and_then(Accounts::largest_ratio),
            Bound::Max(1.6),
        ),
        (
            "memory per cached account beyond its data, bytes",
            accounts.and_then(Accounts::bytes_beyond_data_max),
            Bound::Max(160.0),
        ),
    ];
    let judged = |(name, value, bound): (&'static str, Option<f64>, Bound)| {
        let value = value?;
        Some(Verdict { name, value, bound, is_met: bound.holds(value) })
    };
    targets.into_iter().filter_map(judged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::measured;

    #[test]
    fn only_what_was_measured_is_judged() {
        let mut measurements = vec![measured("parse", "in place", "transfer", 51.0)];
        let verdicts = judge(&measurements, None);
        assert_eq!(verdicts.len(), 1);
        assert!(!verdicts[0].is_met);
        for (value, median_ns) in [("serial", 90.0), ("2 workers", 100.0)] {
            measurements.push(measured("execution stage", "transfer, one hot pair", value, median_ns));
        }
        let verdicts = judge(&measurements, None);
        assert_eq!((verdicts.len(), verdicts[1].value, verdicts[1].is_met), (2, 0.9, false));
    }
}
