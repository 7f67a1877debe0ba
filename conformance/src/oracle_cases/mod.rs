//! Case files of the oracle workspace (`oracle/cases/*.json`): what Agave did with transactions, beside what our engine
//! does, compiled and interpreted.
//!
//! ```text
//!  file ─ format ─▶ case ─ replay ─▶ engine, a block per transaction ─ compare ─▶ verdict per transaction
//! ```
//!
//! Compared are status, compute units, fee, loaded bytes, logs, return data, inner instructions and every account that the
//! transaction names. The common starting state, `oracle/environment.json`, is compiled in.

mod compare;
mod format;
mod replay;

use std::sync::Arc;

use heddle_types::{Account, FeatureSet, Pubkey};
use heddle_vm::{ExecutionMode, Runtime};

use crate::{
    report::{CaseReport, Mismatch, Verdict},
    suite::{Format, SuiteFile},
};
use format::{CaseFile, CaseRecord, Environment};
use replay::Replay;

const ENVIRONMENT: &str = include_str!("../../../oracle/environment.json");
const MODES: [ExecutionMode; 2] = [ExecutionMode::Jit, ExecutionMode::Interpreter];

/// Replays oracle cases.
pub struct OracleCases {
    environment: Vec<(Pubkey, Account)>,
    /// Mainnet's, in the order of [`MODES`].
    runtimes: [Arc<Runtime>; 2],
}

impl Default for OracleCases {
    fn default() -> Self {
        let environment: Environment = serde_json::from_str(ENVIRONMENT).expect("the oracle writes its environment");
        let runtimes = MODES.map(|mode| heddle_programs::runtime_builder().execution_mode(mode).build());
        Self { environment: environment.accounts(), runtimes }
    }
}

impl OracleCases {
    /// The runtimes of a case: mainnet's, unless the case has gates that are not as mainnet has them.
    fn runtimes_of(&self, case: &CaseRecord) -> Result<[Arc<Runtime>; 2], String> {
        if case.gates.is_empty() {
            return Ok(self.runtimes.clone());
        }
        let features = case.gates.iter().fold(FeatureSet::mainnet(), |features, (address, is_active)| {
            if *is_active { features.activate(address.0) } else { features.deactivate(&address.0) }
        });
        let gates = features.gates().map_err(|error| error.to_string())?;
        Ok(MODES.map(|mode| heddle_programs::runtime_builder_with(gates).execution_mode(mode).build()))
    }

    fn run_case(&self, case: &CaseRecord) -> Vec<(Option<usize>, Verdict)> {
        let runtimes = match self.runtimes_of(case) {
            Ok(runtimes) => runtimes,
            Err(reason) => return vec![(None, Verdict::Skipped(reason))],
        };
        let replays: Result<Vec<_>, _> =
            runtimes.into_iter().map(|runtime| Replay::new(case, &self.environment, runtime)).collect();
        let replays = match replays {
            Ok(replays) => replays,
            Err(error) => return vec![(None, Verdict::failed("start", "an engine", error))],
        };
        let judge = |index| {
            let [compiled, interpreted] = [0, 1].map(|mode: usize| replays[mode].mismatches(index));
            Verdict::of(in_both_modes(compiled, interpreted))
        };
        (0..case.transactions.len()).map(|index| (Some(index), judge(index))).collect()
    }
}

impl Format for OracleCases {
    fn foreign(&self, file: &SuiteFile) -> Option<String> {
        (file.extension() != "json").then(|| "no .json file".into())
    }

    /// A case per transaction, `FILE:CASE[INDEX]`.
    fn run(&self, file: &SuiteFile) -> Vec<CaseReport> {
        let cases: CaseFile = match serde_json::from_slice(&file.bytes) {
            Ok(cases) => cases,
            Err(error) => return vec![file.case(Verdict::failed("decode", "a case file", error))],
        };
        let named = |case: &CaseRecord, (index, verdict): (Option<usize>, Verdict)| {
            let index = index.map(|index| format!("[{index}]")).unwrap_or_default();
            CaseReport { name: format!("{}:{}{index}", file.name, case.name), verdict }
        };
        cases.cases.iter().flat_map(|case| self.run_case(case).into_iter().map(move |one| named(case, one))).collect()
    }
}

/// What differs from the record in either mode; said once where it is the same in both.
fn in_both_modes(compiled: Vec<Mismatch>, interpreted: Vec<Mismatch>) -> Vec<Mismatch> {
    if compiled == interpreted {
        return compiled;
    }
    let labelled = |mode: &'static str, found: Vec<Mismatch>| {
        found.into_iter().map(move |one| Mismatch { field: format!("{mode}: {}", one.field), ..one })
    };
    labelled("compiled", compiled).chain(labelled("interpreted", interpreted)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_one_mode_names_the_mode() {
        let (fee, units) = (Mismatch::new("fee", 1, 2), Mismatch::new("compute units", 3, 4));
        assert_eq!(in_both_modes(vec![fee.clone()], vec![fee.clone()]), vec![fee.clone()]);
        let fields: Vec<String> =
            in_both_modes(vec![fee.clone(), units], vec![fee]).into_iter().map(|one| one.field).collect();
        assert_eq!(fields, ["compiled: fee", "compiled: compute units", "interpreted: fee"]);
    }
}
