//! What was measured, as JSON and as tables.

use std::{collections::BTreeMap, fmt::Write};

use serde::Serialize;
use serde_json::json;

use crate::{
    compare::{OURS, RULES, Ratio, key, ratio},
    measure::Series,
    statistics::Spread,
    workloads::{self, Name},
};

/// All that a run of the comparison found.
#[derive(Serialize)]
pub struct Report {
    /// Where it ran.
    machine: Machine,
    /// Rounds measured, after one that was not.
    rounds: usize,
    /// Sizes of the workloads.
    workload: serde_json::Value,
    /// Peer's median time over ours; null where one of the two was not measured.
    ratios: BTreeMap<String, Option<f64>>,
    /// The ratios with their parts.
    pub comparisons: Vec<Ratio>,
    /// Every setting of every peer.
    series: Vec<SeriesSummary>,
}

#[derive(Serialize)]
struct Machine {
    cpu: String,
    cores: usize,
}

#[derive(Serialize)]
struct SeriesSummary {
    workload: Name,
    peer: String,
    version: String,
    setting: String,
    workers: usize,
    state_hash: bool,
    from_wire: bool,
    compute_units_per_transaction: f64,
    /// BLAKE3 over the touched accounts after the last round: equal for all that ran as many workers.
    state: String,
    wall_us: Spread,
    cpu_us: Spread,
    /// Medians.
    stages_us: Vec<(String, f64)>,
}

impl SeriesSummary {
    fn of(series: &Series) -> Option<Self> {
        let last = series.reports.last()?;
        let stages = last.stages.iter().enumerate();
        Some(Self {
            workload: series.workload,
            peer: series.peer.clone(),
            version: series.version.clone(),
            setting: series.setting.name.clone(),
            workers: series.setting.workers,
            state_hash: series.setting.state_hash,
            from_wire: series.setting.from_wire,
            compute_units_per_transaction: last.compute_units as f64 / last.transactions as f64,
            state: last.state.clone(),
            wall_us: Spread::of(&series.wall_us())?,
            cpu_us: Spread::of(&series.cpu_us())?,
            stages_us: stages
                .filter_map(|(index, (name, _))| Some((name.clone(), Spread::of(&series.stage_us(index))?.median)))
                .collect(),
        })
    }
}

impl Report {
    /// Of all series.
    pub fn new(all: &[Series], rounds: usize) -> Self {
        let pairs = || RULES.iter().flat_map(|rule| rule.workloads.iter().map(move |workload| (rule, *workload)));
        let comparisons: Vec<Ratio> = pairs().filter_map(|(rule, workload)| ratio(all, rule, workload)).collect();
        let ratios = pairs()
            .map(|(rule, workload)| {
                let key = key(rule, workload);
                let found = comparisons.iter().find(|one| one.key == key).map(|one| one.ratio);
                (key, found)
            })
            .collect();
        Self {
            machine: Machine {
                cpu: cpu_model().unwrap_or_else(|| "unknown".into()),
                cores: std::thread::available_parallelism().map_or(0, usize::from),
            },
            rounds,
            workload: json!({
                "pairs": workloads::PAIRS,
                "transactions_per_worker": workloads::TRANSACTIONS,
                "warm_up_per_worker": workloads::WARM_UP,
            }),
            ratios,
            comparisons,
            series: all.iter().filter_map(SeriesSummary::of).collect(),
        }
    }

    /// The machine in words.
    pub fn machine(&self) -> String {
        format!("{}, {} cores", self.machine.cpu, self.machine.cores)
    }

    /// The tables that people read.
    pub fn tables(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_tables(&mut out);
        out
    }

    fn write_tables(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "{}; {} rounds; microseconds per transaction\n", self.machine(), self.rounds)?;
        for rule in &RULES {
            let found: Vec<&Ratio> = self.comparisons.iter().filter(|one| one.key.ends_with(rule.suffix)).collect();
            if found.is_empty() {
                continue;
            }
            writeln!(out, "{}", rule.title)?;
            let row = ["workload", OURS, "±", rule.peer, "±", "ratio", "of rounds", "of CPU", "its best setting"];
            let rows = found.iter().map(|one| {
                [
                    one.workload.title().to_string(),
                    format!("{:.2}{}", one.our_us.median, if one.our_state_hash_counted { "*" } else { "" }),
                    format!("{:.2}", one.our_us.interquartile()),
                    format!("{:.2}", one.peer_us.median),
                    format!("{:.2}", one.peer_us.interquartile()),
                    format!("{:.2}x", one.ratio),
                    format!("{:.2}–{:.2}", one.ratio_of_rounds.min, one.ratio_of_rounds.max),
                    format!("{:.2}x", one.cpu_ratio),
                    one.peer_setting.clone(),
                ]
            });
            write_table(out, &row, rows.collect())?;
            if found.iter().any(|one| one.our_state_hash_counted) {
                writeln!(out, "  * with its state hash counted")?;
            }
            writeln!(out)?;
        }
        writeln!(out, "every setting; ± is the distance of the quartiles, CPU that of all threads of the process")?;
        let head = ["workload", "peer", "setting", "median", "±", "min", "max", "CPU", "units"];
        let rows = self.series.iter().map(|one| {
            [
                one.workload.title().to_string(),
                format!("{} {}", one.peer, one.version),
                one.setting.clone(),
                format!("{:.2}", one.wall_us.median),
                format!("{:.2}", one.wall_us.interquartile()),
                format!("{:.2}", one.wall_us.min),
                format!("{:.2}", one.wall_us.max),
                format!("{:.2}", one.cpu_us.median),
                format!("{:.0}", one.compute_units_per_transaction),
            ]
        });
        write_table(out, &head, rows.collect())?;
        self.write_stages(out)
    }

    fn write_stages(&self, out: &mut String) -> std::fmt::Result {
        let staged: Vec<&SeriesSummary> = self.series.iter().filter(|one| !one.stages_us.is_empty()).collect();
        let Some(first) = staged.first() else { return Ok(()) };
        writeln!(out, "\nstages, medians of wall time")?;
        let mut head = vec!["workload", "peer", "setting"];
        head.extend(first.stages_us.iter().map(|(name, _)| name.as_str()));
        let rows = staged.iter().map(|one| {
            let mut row = vec![one.workload.title().to_string(), one.peer.clone(), one.setting.clone()];
            row.extend(one.stages_us.iter().map(|(_, us)| format!("{us:.3}")));
            row
        });
        write_table(out, &head, rows.collect())
    }
}

/// Columns as wide as their widest cell.
fn write_table<R: AsRef<[String]>>(out: &mut String, head: &[&str], rows: Vec<R>) -> std::fmt::Result {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.as_ref().get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut line = |cells: &[&str]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        writeln!(out, "  {}", line.trim_end())
    };
    line(head)?;
    for row in &rows {
        line(&row.as_ref().iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// What Linux says of the processor.
fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_string())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::measure::tests::series;

    pub fn sample() -> Report {
        let mut all = Vec::new();
        for name in Name::ALL {
            all.push(series(name, OURS, 1, false, &[1.0, 1.25, 0.75]));
            all.push(series(name, OURS, 2, true, &[2.0, 2.0, 2.0]));
            all.push(series(name, "LiteSVM", 1, false, &[4.0, 5.0, 6.0]));
        }
        Report::new(&all, 3)
    }

    #[test]
    fn every_key_is_there_and_what_was_not_measured_is_null() {
        let value = serde_json::to_value(sample()).expect("plain data");
        let ratios = value["ratios"].as_object().expect("an object");
        let keys: Vec<&str> = ratios.keys().map(String::as_str).collect();
        let expected = [
            "noop_vs_litesvm",
            "p_token_vs_agave2",
            "p_token_vs_litesvm",
            "spl_token_vs_agave2",
            "spl_token_vs_litesvm",
            "transfer_vs_agave2",
            "transfer_vs_litesvm",
        ];
        assert_eq!(keys, expected);
        assert_eq!(value["ratios"]["transfer_vs_litesvm"], 5.0);
        assert!(value["ratios"]["transfer_vs_agave2"].is_null());
        assert_eq!(value["series"].as_array().map(Vec::len), Some(12));
    }

    #[test]
    fn tables_hold_the_figures() {
        let tables = sample().tables();
        assert!(tables.contains("system transfer           1.00    0.25  5.00     1.00  5.00x"), "{tables}");
        assert!(tables.contains("stages, medians of wall time"), "{tables}");
        assert!(!tables.contains("Agave"), "{tables}");
    }
}
