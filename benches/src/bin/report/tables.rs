//! Markdown tables: one per group of benches, a row per function, a column per parameter.

use std::fmt::Write;

use crate::{
    Report,
    accounts::Accounts,
    groups::GROUPS,
    machine::Machine,
    results::Measurement,
    targets::{Bound, Verdict},
};

/// Everything, as it stands between the markers of a document.
pub(crate) fn render(report: &Report) -> String {
    let mut out = machine(&report.machine, &report.measurements);
    out += &targets(&report.targets);
    for group in GROUPS {
        out += &table(group.name, group.meaning, &report.measurements);
    }
    let mut others: Vec<&str> = report.measurements.iter().map(|one| one.group.as_str()).collect();
    others.retain(|name| GROUPS.iter().all(|group| group.name != *name));
    others.dedup();
    for name in others {
        out += &table(name, "Not described yet.", &report.measurements);
    }
    out += &report.accounts.as_ref().map_or_else(String::new, accounts);
    out
}

fn machine(machine: &Machine, measurements: &[Measurement]) -> String {
    let avx512 = if machine.has_avx512_ifma { "with AVX-512 IFMA" } else { "without AVX-512 IFMA" };
    let commit = machine.commit.as_ref().map_or_else(
        || "an unknown commit".to_owned(),
        |commit| format!("commit {}{}", commit.hash, if commit.is_changed { " with changes" } else { "" }),
    );
    let newest = measurements.iter().map(|one| one.measured_at).max().unwrap_or_default();
    format!(
        "{}, {} cores, {avx512}; {}; {commit}; {}. Medians, and the median absolute deviation of the samples, scaled to \
         a standard deviation, in percent.\n",
        machine.cpu,
        machine.cores,
        machine.rustc,
        date(newest)
    )
}

/// The day of a Unix time (H. Hinnant, "chrono-compatible low-level date algorithms": civil from days).
fn date(unix_seconds: u64) -> String {
    let days = unix_seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

fn targets(verdicts: &[Verdict]) -> String {
    if verdicts.is_empty() {
        return String::new();
    }
    let mut out = "\n| target | measured | must be | |\n|---|---:|---:|---|\n".to_owned();
    for verdict in verdicts {
        let bound = match verdict.bound {
            Bound::Max(bound) => format!("≤ {bound}"),
            Bound::Min(bound) => format!("≥ {bound}"),
        };
        let value =
            if verdict.value < 10.0 { format!("{:.2}", verdict.value) } else { format!("{:.0}", verdict.value) };
        let met = if verdict.is_met { "met" } else { "**missed**" };
        let _ = writeln!(out, "| {} | {value} | {bound} | {met} |", verdict.name);
    }
    out
}

fn table(name: &str, meaning: &str, measurements: &[Measurement]) -> String {
    let measurements: Vec<&Measurement> = measurements.iter().filter(|one| one.group == name).collect();
    if measurements.is_empty() {
        return String::new();
    }
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    for one in &measurements {
        if !rows.contains(&&one.function) {
            rows.push(&one.function);
        }
        if !columns.contains(&&one.value) {
            columns.push(&one.value);
        }
    }
    let mut out = format!("\n### {name}\n{meaning}\n\n|");
    for column in &columns {
        let _ = write!(out, " | {column}");
    }
    let _ = writeln!(out, " |\n|---{}|", "|---:".repeat(columns.len()));
    for row in rows {
        let _ = write!(out, "| {row}");
        for column in &columns {
            let cell = measurements.iter().find(|one| one.function == *row && one.value == **column);
            let _ = write!(out, " | {}", cell.map_or_else(String::new, |one| cell_text(one)));
        }
        out += " |\n";
    }
    out
}

fn cell_text(one: &Measurement) -> String {
    format!("{} ± {:.0}%", duration(one.median_ns), 100.0 * one.deviation_ns / one.median_ns)
}

/// Three digits and a unit.
fn duration(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        1e3..1e6 => (nanoseconds / 1e3, "µs"),
        _ => (nanoseconds / 1e6, "ms"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

fn accounts(accounts: &Accounts) -> String {
    let mut out = "\n### accounts\nPer transfer between random accounts, one worker, no signatures: transfer = ingress + \
                   schedule + execute. It grows with what does not fit the caches.\n\n\
                   | accounts in the engine | transfer (quartiles) | ratio | ingress | schedule | execute | hash | commit |\n\
                   |---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for (one, ratio) in accounts.measured.iter().zip(&accounts.ratios) {
        let transfer = &one.transfer_ns;
        let quartiles = format!("{} to {}", duration(transfer.lower_quartile), duration(transfer.upper_quartile));
        let _ = write!(out, "| {} | {} ({quartiles}) | {ratio:.2}", one.accounts, duration(transfer.median));
        for stage in [&one.ingress_ns, &one.schedule_ns, &one.execute_ns, &one.hash_ns, &one.commit_ns] {
            let _ = write!(out, " | {}", duration(stage.median));
        }
        out += " |\n";
    }
    out += "\nResident memory that an account takes in the engine's table beyond its data, store not counted:\n\n";
    out += "| accounts | data of each | beyond it |\n|---:|---:|---:|\n";
    for one in &accounts.memory {
        if let Some(bytes) = one.bytes_beyond_data {
            let _ = writeln!(out, "| {} | {} bytes | {bytes:.0} bytes |", one.account_count, one.data_bytes);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::measured;

    #[test]
    fn functions_are_rows_and_parameters_columns() {
        let measurements = [
            measured("vm", "no-op", "compiled", 170.4),
            measured("vm", "no-op", "interpreted", 1_234.0),
            measured("vm", "other", "compiled", 2e6),
            measured("parse", "in place", "transfer", 40.0),
        ];
        let expected = "\n### vm\nMeaning.\n\n| | compiled | interpreted |\n|---|---:|---:|\n\
                        | no-op | 170 ns ± 1% | 1.23 µs ± 1% |\n| other | 2.00 ms ± 1% |  |\n";
        assert_eq!(table("vm", "Meaning.", &measurements), expected);
        assert_eq!(table("commit", "Meaning.", &measurements), "");
    }

    #[test]
    fn days_have_dates() {
        for (seconds, expected) in [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_795_219_200, "2026-11-21")] {
            assert_eq!(date(seconds), expected);
        }
    }
}
