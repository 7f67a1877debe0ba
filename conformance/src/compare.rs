//! A run beside what a fixture expects, field by field; and the modes that a fixture can be run in.

use std::collections::BTreeMap;

use heddle_types::{Account, Pubkey};
use heddle_vm::ExecutionMode;

use crate::{
    features::Departure,
    machine::{Case, Harness, Run},
    report::{Mismatch, Verdict},
    xxh64::xxh64,
};

/// Name of the field that holds the result.
pub const RESULT: &str = "result";
/// Name of the field that holds the compute units.
pub const COMPUTE_UNITS: &str = "compute units";

/// How sBPF programs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Compiled.
    Jit,
    /// Interpreted.
    Interpreter,
    /// Both ways, which must agree.
    #[default]
    Both,
}

impl Mode {
    /// The ways, the reference first.
    pub fn ways(self) -> &'static [ExecutionMode] {
        match self {
            Self::Jit => &[ExecutionMode::Jit],
            Self::Interpreter => &[ExecutionMode::Interpreter],
            Self::Both => &[ExecutionMode::Interpreter, ExecutionMode::Jit],
        }
    }
}

/// Whether compute units are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnitCheck {
    /// If every program that ran is the fixture's own: another build costs other units.
    #[default]
    OwnPrograms,
    /// Never.
    Never,
    /// Always.
    Always,
}

/// How cases are run and compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Compiled, interpreted or both.
    pub mode: Mode,
    /// Compute units.
    pub units: UnitCheck,
}

/// Data that a fixture expects: all of it, or its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedData {
    /// The bytes.
    Bytes(Vec<u8>),
    /// XXH64 of the bytes; 0 for none.
    Hash(u64),
}

impl ExpectedData {
    fn mismatch(&self, field: String, actual: &[u8]) -> Option<Mismatch> {
        match self {
            Self::Bytes(expected) if expected == actual => None,
            Self::Bytes(expected) => {
                let at =
                    expected.iter().zip(actual).position(|(a, b)| a != b).unwrap_or(expected.len().min(actual.len()));
                Some(Mismatch::new(field, excerpt(expected, at), excerpt(actual, at)))
            }
            Self::Hash(expected) => {
                let hash = if actual.is_empty() { 0 } else { xxh64(actual) };
                (*expected != hash)
                    .then(|| Mismatch::new(field, format!("xxh64 {expected:016x}"), format!("xxh64 {hash:016x}")))
            }
        }
    }
}

/// What differs, from the first byte that does.
fn excerpt(bytes: &[u8], at: usize) -> String {
    const BYTES_MAX: usize = 16;
    let part = &bytes[at.min(bytes.len())..bytes.len().min(at + BYTES_MAX)];
    let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} bytes, at {at}: {}", bytes.len(), if hex.is_empty() { "end" } else { &hex })
}

/// An account that a fixture expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedAccount {
    /// Where.
    pub key: Pubkey,
    /// Balance.
    pub lamports: u64,
    /// Data.
    pub data: ExpectedData,
    /// Owner.
    pub owner: Pubkey,
    /// Whether it is a program.
    pub executable: bool,
}

impl ExpectedAccount {
    pub(crate) fn mismatches(&self, actual: &Account) -> Vec<Mismatch> {
        let field = |name: &str| format!("account {} {name}", self.key);
        let mut found = Vec::new();
        if self.lamports != actual.lamports {
            found.push(Mismatch::new(field("lamports"), self.lamports, actual.lamports));
        }
        if self.owner != actual.owner {
            found.push(Mismatch::new(field("owner"), self.owner, actual.owner));
        }
        if self.executable != actual.executable {
            found.push(Mismatch::new(field("executable"), self.executable, actual.executable));
        }
        found.extend(self.data.mismatch(field("data"), &actual.data));
        found
    }
}

/// What a fixture expects. Rent epochs are left out: nothing reads them any more.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Results, as text that names number and error; equal texts are equal results.
    pub result: String,
    /// Units consumed.
    pub compute_units: u64,
    /// Return data.
    pub return_data: ExpectedData,
    /// Accounts; those that are not listed must be as before.
    pub accounts: Vec<ExpectedAccount>,
}

impl Expectation {
    /// Every field in which `run` differs; `result` is its result in the fixture's terms.
    pub fn mismatches(&self, case: &Case, run: &Run, result: String, units: UnitCheck) -> Vec<Mismatch> {
        let mut found = Vec::new();
        if result != self.result {
            found.push(Mismatch::new(RESULT, &self.result, result));
        }
        let are_units_checked = match units {
            UnitCheck::OwnPrograms => !run.has_foreign_elf,
            UnitCheck::Never => false,
            UnitCheck::Always => true,
        };
        if are_units_checked && run.compute_units != self.compute_units {
            found.push(Mismatch::new(COMPUTE_UNITS, self.compute_units, run.compute_units));
        }
        found.extend(self.return_data.mismatch("return data".into(), &run.return_data));
        // What a failed instruction did to accounts is rolled back, and implementations differ in how far they got.
        if run.result.is_ok() {
            found.extend(self.account_mismatches(case, &run.accounts));
        }
        found
    }

    fn account_mismatches(&self, case: &Case, actual: &BTreeMap<Pubkey, Account>) -> Vec<Mismatch> {
        let mut found = Vec::new();
        for expected in &self.accounts {
            match actual.get(&expected.key) {
                Some(account) => found.extend(expected.mismatches(account)),
                None => found.push(Mismatch::new(format!("account {}", expected.key), "among the accounts", "absent")),
            }
        }
        for (key, before) in &case.accounts {
            let is_listed = self.accounts.iter().any(|expected| expected.key == *key);
            if let Some(after) = actual.get(key).filter(|after| !is_listed && *after != before) {
                let lamports = (before.lamports, after.lamports);
                let field = format!("account {key}");
                found.push(Mismatch::new(
                    field,
                    "unchanged",
                    format!("changed, lamports {} to {}", lamports.0, lamports.1),
                ));
            }
        }
        found
    }
}

/// Runs `case` in every way that `options` name and compares each with `expected`, and the ways with each other.
/// `result` puts a run's result into the fixture's terms. A difference that a departure of ours may explain is no
/// failure: such a case is skipped, with the departure as the reason.
pub fn judge(
    harness: &Harness,
    case: &Case,
    departures: &[Departure],
    expected: &Expectation,
    options: Options,
    result: impl Fn(&Run) -> String,
) -> Verdict {
    let mut runs = Vec::new();
    for way in options.mode.ways() {
        match harness.run(case, *way) {
            Ok(run) => runs.push(run),
            Err(error) => return Verdict::Skipped(error.to_string()),
        }
    }
    let found = differences_between_ways(&runs);
    if !found.is_empty() {
        return Verdict::Failed(found);
    }
    let run = &runs[0];
    let found = expected.mismatches(case, run, result(run), options.units);
    let explanation = departures.iter().find(|departure| !found.is_empty() && departure.may_explain(run, &found));
    if let Some(departure) = explanation {
        let fields: Vec<&str> = found.iter().map(|mismatch| mismatch.field.as_str()).collect();
        return Verdict::Skipped(format!("wants {departure}, which may explain: {}", fields.join(", ")));
    }
    Verdict::of(found)
}

/// Everything in which two runs of one case differ; nothing if there is one run.
pub fn differences_between_ways(runs: &[Run]) -> Vec<Mismatch> {
    let [interpreted, compiled] = runs else { return Vec::new() };
    let mut found = Vec::new();
    let mut compare = |field: &str, expected: String, actual: String| {
        if expected != actual {
            found.push(Mismatch::new(format!("compiled and interpreted: {field}"), expected, actual));
        }
    };
    compare(RESULT, format!("{:?}", interpreted.result), format!("{:?}", compiled.result));
    compare(COMPUTE_UNITS, interpreted.compute_units.to_string(), compiled.compute_units.to_string());
    compare("return data", format!("{:?}", interpreted.return_data), format!("{:?}", compiled.return_data));
    compare("logs", interpreted.logs.join("\n"), compiled.logs.join("\n"));
    for (key, account) in &interpreted.accounts {
        let other = compiled.accounts.get(key);
        if other != Some(account) {
            compare(&format!("account {key}"), format!("{account:?}"), format!("{other:?}"));
        }
    }
    found
}
