//! What came of a suite: verdicts, the table for people, the object for scripts. Knows no format.

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

/// One field in which a case differs from what it expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which: `result`, `compute units`, `account KEY lamports`, …
    pub field: String,
    /// What the fixture says.
    pub expected: String,
    /// What came of our run.
    pub actual: String,
}

impl Mismatch {
    /// A mismatch of anything that can be shown.
    pub fn new(field: impl Into<String>, expected: impl ToString, actual: impl ToString) -> Self {
        Self { field: field.into(), expected: expected.to_string(), actual: actual.to_string() }
    }
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected; the note is for people (whether signatures verify, say) and may be empty.
    Passed(String),
    /// Not comparable, and why.
    Skipped(String),
    /// No case at all: a file of another kind, and which. It counts nowhere.
    Foreign(String),
    /// Different in at least one field.
    Failed(Vec<Mismatch>),
}

impl Verdict {
    /// Passed, if nothing differs.
    pub fn of(mismatches: Vec<Mismatch>) -> Self {
        if mismatches.is_empty() { Self::passed() } else { Self::Failed(mismatches) }
    }

    /// Passed, and nothing to say about it.
    pub fn passed() -> Self {
        Self::Passed(String::new())
    }

    /// Failed in a single field.
    pub fn failed(field: impl Into<String>, expected: impl ToString, actual: impl ToString) -> Self {
        Self::Failed(vec![Mismatch::new(field, expected, actual)])
    }
}

/// One case: the file, and its place in it where a file holds several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReport {
    /// Path relative to the suite's folder, `:line` after it where a file holds several cases.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// What scripts read: exactly these keys.
#[derive(Debug, Serialize)]
pub struct JsonReport<'a> {
    /// Cases, skipped ones included.
    pub total: usize,
    /// Cases as expected.
    pub passed: usize,
    /// Cases that differ.
    pub failed: usize,
    /// Cases that could not be compared.
    pub skipped: usize,
    /// Every differing field of every failed case.
    pub failures: Vec<JsonFailure<'a>>,
}

/// One differing field.
#[derive(Debug, Serialize)]
pub struct JsonFailure<'a> {
    /// The case.
    pub name: &'a str,
    /// The field.
    pub field: &'a str,
    /// What the fixture says.
    pub expected: &'a str,
    /// What came of our run.
    pub actual: &'a str,
}

/// All cases of a suite, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct Report {
    cases: Vec<CaseReport>,
}

impl Report {
    /// A report of these cases, in this order.
    pub fn new(cases: Vec<CaseReport>) -> Self {
        Self { cases }
    }

    /// Every case.
    pub fn cases(&self) -> &[CaseReport] {
        &self.cases
    }

    fn count(&self, test: impl Fn(&Verdict) -> bool) -> usize {
        self.cases.iter().filter(|case| test(&case.verdict)).count()
    }

    /// Cases of any verdict.
    pub fn total(&self) -> usize {
        self.count(|verdict| !matches!(verdict, Verdict::Foreign(_)))
    }

    /// Cases as expected.
    pub fn passed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Passed(_)))
    }

    /// Cases that differ.
    pub fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed(_)))
    }

    /// Cases that could not be compared.
    pub fn skipped(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Skipped(_)))
    }

    fn failures(&self) -> impl Iterator<Item = (&str, &Mismatch)> {
        self.cases.iter().flat_map(|case| {
            let mismatches = if let Verdict::Failed(mismatches) = &case.verdict { &mismatches[..] } else { &[] };
            mismatches.iter().map(|mismatch| (case.name.as_str(), mismatch))
        })
    }

    /// The object for scripts.
    pub fn to_json(&self) -> JsonReport<'_> {
        let failures = self.failures().map(|(name, mismatch)| JsonFailure {
            name,
            field: &mismatch.field,
            expected: &mismatch.expected,
            actual: &mismatch.actual,
        });
        JsonReport {
            total: self.total(),
            passed: self.passed(),
            failed: self.failed(),
            skipped: self.skipped(),
            failures: failures.collect(),
        }
    }

    /// The table for people: failures, notes, skips if asked for, and a summary.
    pub fn to_text(&self, list_skipped: bool, elapsed: Duration) -> String {
        let mut text = failure_table(self.failures());
        for case in &self.cases {
            match &case.verdict {
                Verdict::Passed(note) if !note.is_empty() => _ = writeln!(text, "note    {}: {note}", case.name),
                Verdict::Skipped(reason) if list_skipped => _ = writeln!(text, "skipped {}: {reason}", case.name),
                Verdict::Foreign(reason) if list_skipped => _ = writeln!(text, "ignored {}: {reason}", case.name),
                _ => {}
            }
        }
        let hint = if self.skipped() > 0 && !list_skipped { " (--skipped lists them)" } else { "" };
        _ = writeln!(
            text,
            "{} cases in {:.1} s: {} passed, {} failed, {} skipped{hint}",
            self.total(),
            elapsed.as_secs_f64(),
            self.passed(),
            self.failed(),
            self.skipped(),
        );
        text
    }
}

/// Columns as wide as their widest cell, within bounds; cells of values are cut there.
fn failure_table<'a>(failures: impl Iterator<Item = (&'a str, &'a Mismatch)>) -> String {
    /// Characters of one value; the JSON form has all of it.
    const VALUE_WIDTH_MAX: usize = 60;
    let header = ["case", "field", "expected", "actual"].map(str::to_owned);
    let rows: Vec<[String; 4]> = failures
        .map(|(name, one)| {
            [name.to_owned(), one.field.clone(), cut(&one.expected, VALUE_WIDTH_MAX), cut(&one.actual, VALUE_WIDTH_MAX)]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut widths = [0; 4];
    for row in std::iter::once(&header).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in std::iter::once(&header).chain(&rows) {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

fn cut(value: &str, width: usize) -> String {
    let line = value.replace('\n', " ");
    if line.chars().count() <= width { line } else { line.chars().take(width - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let case = |name: &str, verdict| CaseReport { name: name.into(), verdict };
        Report::new(vec![
            case("a", Verdict::passed()),
            case("b", Verdict::Skipped("a licence".into())),
            case("c", Verdict::Failed(vec![Mismatch::new("result", 0, 1), Mismatch::new("compute units", 150, 151)])),
        ])
    }

    #[test]
    fn counts_cases_and_lists_fields() {
        let json = serde_json::to_string(&report().to_json()).expect("it serialises");
        assert_eq!(
            json,
            r#"{"total":3,"passed":1,"failed":1,"skipped":1,"failures":[{"name":"c","field":"result","expected":"0","actual":"1"},{"name":"c","field":"compute units","expected":"150","actual":"151"}]}"#
        );
    }

    #[test]
    fn shows_failures_and_skips() {
        let text = report().to_text(true, Duration::ZERO);
        assert!(text.contains("c     compute units  150       151"), "{text}");
        assert!(text.contains("skipped b: a licence"), "{text}");
        assert!(!report().to_text(false, Duration::ZERO).contains("a licence"));
    }
}
