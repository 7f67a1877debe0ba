//! Serialised transactions, a file each.
//!
//! ```text
//!  parsed and sanitised? ── no, though it has the shape of one ─▶ skipped: refused, with the rule
//!        │ yes             no ─────────────────────────────────▶ failed
//!  serialised anew, the same bytes? ── no ─▶ failed
//!        │ yes
//!  signatures verify (strictly)? ── no ─▶ passed, with a note; failed if signatures are required
//! ```
//!
//! A file `NAME.expect` beside a transaction holds one word that turns its state into a verdict: `verified`,
//! `bad-signature` or `refused`.

use std::{fs, path::Path};

use heddle_engine::{IngressError, verify_signatures};
use heddle_types::SanitizedTransaction;

use crate::{
    report::{CaseReport, Verdict},
    suite::{Format, SuiteFile},
    wire_structure,
};

/// Runs serialised transactions.
pub struct Wire {
    /// Whether a signature that does not verify is a failure.
    pub requires_signatures: bool,
}

/// What ingress makes of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Verified { signature_count: usize },
    BadSignature { index: usize },
    Refused { rule: String, is_shaped: bool },
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            Self::Verified { .. } => "verified",
            Self::BadSignature { .. } => "bad-signature",
            Self::Refused { .. } => "refused",
        }
    }
}

impl Format for Wire {
    fn foreign(&self, file: &SuiteFile) -> Option<String> {
        (file.extension() == EXPECTATION).then(|| "an expectation".into())
    }

    fn run(&self, file: &SuiteFile) -> Vec<CaseReport> {
        vec![file.case(self.judge(&file.bytes, expectation(&file.path).as_deref()))]
    }
}

const EXPECTATION: &str = "expect";

/// The word in the file beside `path`.
fn expectation(path: &Path) -> Option<String> {
    let mut name = path.file_name()?.to_os_string();
    name.push(format!(".{EXPECTATION}"));
    let text = fs::read_to_string(path.with_file_name(name)).ok()?;
    Some(text.trim().to_owned())
}

impl Wire {
    fn judge(&self, bytes: &[u8], expected: Option<&str>) -> Verdict {
        let (state, encoded) = examine(bytes);
        if encoded.is_some_and(|encoded| encoded != bytes) {
            return Verdict::failed("round trip", "the same bytes", "other bytes");
        }
        if let Some(expected) = expected {
            let is_met = expected == state.word();
            return if is_met { Verdict::passed() } else { Verdict::failed("state", expected, describe(&state)) };
        }
        match &state {
            State::Verified { .. } => Verdict::passed(),
            State::BadSignature { .. } if self.requires_signatures => {
                Verdict::failed("signatures", "all verify", describe(&state))
            }
            State::BadSignature { .. } => Verdict::Passed(describe(&state)),
            State::Refused { is_shaped: true, .. } => Verdict::Skipped(describe(&state)),
            State::Refused { is_shaped: false, rule } => Verdict::failed("decode", "a transaction", rule),
        }
    }
}

/// What becomes of `bytes`, and what an accepted transaction is serialised to.
fn examine(bytes: &[u8]) -> (State, Option<Vec<u8>>) {
    let transaction = match SanitizedTransaction::parse(bytes) {
        Ok(transaction) => transaction,
        Err(error) => {
            let is_shaped = wire_structure::is_transaction(bytes);
            return (State::Refused { rule: error.to_string(), is_shaped }, None);
        }
    };
    let encoded = wire_structure::encode(&transaction);
    let state = match verify_signatures(&transaction) {
        Ok(()) => State::Verified { signature_count: transaction.signatures().len() },
        Err(IngressError::Signature { index }) => State::BadSignature { index },
        Err(IngressError::Wire(error)) => State::Refused { rule: error.to_string(), is_shaped: true },
    };
    (state, Some(encoded))
}

fn describe(state: &State) -> String {
    match state {
        State::Verified { signature_count } => format!("verified, {signature_count} signatures"),
        State::BadSignature { index } => format!("bad-signature: signature {index} does not verify"),
        State::Refused { rule, .. } => format!("refused: {rule}"),
    }
}
