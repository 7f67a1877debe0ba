//! The command that replays recorded cases on the engine under test, and what it reports.
//!
//! It gets a folder of case files, one case each, as its last argument, and prints one JSON object with `failures`, a list
//! of `{ name, field, expected, actual }`; `name` is `FILE`, `FILE:CASE` or `FILE:CASE[TRANSACTION]`. Exit status 0 says
//! that nothing differs, 1 that something does.

use crate::format::{CaseRecord, TopicFile};
use serde::Deserialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Last characters shown of what a command that fails prints.
const STDERR_SHOWN: usize = 800;

/// In what a case differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Index of the case among those that were replayed.
    pub case: usize,
    /// Index of the first transaction that differs, if the command says.
    pub transaction: Option<usize>,
    /// One line per field.
    pub fields: Vec<String>,
}

/// A replay command and the folder that it reads.
pub struct Replay {
    program: String,
    arguments: Vec<String>,
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Report {
    failures: Vec<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    name: String,
    field: String,
    expected: String,
    actual: String,
}

impl Replay {
    /// Splits `command` at spaces, and makes a folder that is removed with the value.
    ///
    /// # Errors
    /// An empty command; a folder that cannot be made.
    pub fn new(command: &str) -> Result<Self, String> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().ok_or("an empty replay command")?;
        let folder = std::env::temp_dir().join(format!("oracle-hunt-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { program, arguments: words.collect(), folder })
    }

    /// The cases that differ, in their order. A command that a signal kills is run on each case alone.
    ///
    /// # Errors
    /// A command that does not run, ends with another status than 0 or 1, or prints no report.
    pub fn differences(&self, cases: &[CaseRecord]) -> Result<Vec<Difference>, String> {
        self.write(cases).map_err(|error| format!("{}: {error}", self.folder.display()))?;
        let output = Command::new(&self.program).args(&self.arguments).arg(&self.folder).output();
        let output = output.map_err(|error| format!("{}: {error}", self.program))?;
        match output.status.code() {
            Some(0 | 1) => differences_of(&output.stdout).map_err(|error| self.complaint(&error, &output)),
            Some(code) => Err(self.complaint(&format!("exit status {code}"), &output)),
            None if cases.len() == 1 => {
                let fields = vec!["the replay command was killed by a signal".to_owned()];
                Ok(vec![Difference { case: 0, transaction: None, fields }])
            }
            None => {
                let mut found = Vec::new();
                for (index, case) in cases.iter().enumerate() {
                    let alone = self.differences(std::slice::from_ref(case))?;
                    found.extend(alone.into_iter().map(|one| Difference { case: index, ..one }));
                }
                Ok(found)
            }
        }
    }

    /// Writes `000.json`, `001.json`, … and nothing else.
    fn write(&self, cases: &[CaseRecord]) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            fs::remove_file(entry?.path())?;
        }
        for (index, case) in cases.iter().enumerate() {
            let file = TopicFile { topic: "hunt".to_owned(), cases: vec![case.clone()] };
            fs::write(self.folder.join(format!("{index:03}.json")), file.to_text())?;
        }
        Ok(())
    }

    fn complaint(&self, what: &str, output: &Output) -> String {
        let text = String::from_utf8_lossy(&output.stderr);
        let skipped = text.chars().count().saturating_sub(STDERR_SHOWN);
        let tail: String = text.chars().skip(skipped).collect();
        format!("{}: {what}\n{}", self.program, tail.trim_end())
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        // What stays behind is only a temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Reads a report; failures of one case become one difference.
fn differences_of(stdout: &[u8]) -> Result<Vec<Difference>, String> {
    let report: Report = serde_json::from_slice(stdout).map_err(|error| format!("no report: {error}"))?;
    let mut found: Vec<Difference> = Vec::new();
    for failure in report.failures {
        let (case, transaction) = place(&failure.name).ok_or_else(|| format!("no case is named {}", failure.name))?;
        let at = transaction.map(|index| format!("[{index}] ")).unwrap_or_default();
        let field = format!("{at}{}: expected {}, got {}", failure.field, failure.expected, failure.actual);
        match found.iter_mut().find(|difference| difference.case == case) {
            Some(difference) => {
                difference.transaction = difference.transaction.zip(transaction).map(|(a, b)| a.min(b));
                difference.fields.push(field);
            }
            None => found.push(Difference { case, transaction, fields: vec![field] }),
        }
    }
    found.sort_by_key(|difference| difference.case);
    Ok(found)
}

/// Case and transaction of `003.json:name[5]`.
fn place(name: &str) -> Option<(usize, Option<usize>)> {
    let (file, rest) = name.split_once(':').unwrap_or((name, ""));
    let case = Path::new(file).file_stem()?.to_str()?.parse().ok()?;
    let index = rest.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    Some((case, index.and_then(|(_, index)| index.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_places() {
        assert_eq!(place("003.json:mix 4[12]"), Some((3, Some(12))));
        assert_eq!(place("003.json:a [name]: b[1][2]"), Some((3, Some(2))));
        assert_eq!(place("010.json:mix 4"), Some((10, None)));
        assert_eq!(place("/tmp/folder/010.json"), Some((10, None)));
        assert_eq!(place("notes.txt"), None);
    }

    #[test]
    fn failures_of_a_case_are_one_difference() {
        let failure = |name: &str| format!(r#"{{"name":"{name}","field":"fee","expected":"1","actual":"2"}}"#);
        let names = ["002.json:b[4]", "001.json:a[9]", "002.json:b[3]", "001.json"];
        let report = format!(r#"{{"total":9,"failures":[{}]}}"#, names.map(failure).join(","));
        let found = differences_of(report.as_bytes()).expect("a report");
        let places: Vec<_> = found.iter().map(|one| (one.case, one.transaction, one.fields.len())).collect();
        assert_eq!(places, [(1, None, 2), (2, Some(3), 2)]);
        assert_eq!(found[1].fields[0], "[4] fee: expected 1, got 2");
        assert!(differences_of(b"no JSON").is_err());
    }

    #[test]
    fn commands_that_cannot_be_judged_are_errors() {
        assert!(Replay::new("  ").is_err());
        let complaint =
            |command| Replay::new(command).and_then(|replay| replay.differences(&[])).expect_err("no report");
        assert!(complaint("true").contains("no report"));
        assert!(complaint("no-such-command-at-all").contains("no-such-command-at-all"));
    }
}
