//! Fixtures that nobody of us wrote, from `$HEDDLE_CORPORA` (default `../shared/corpora` beside the workspace); each test
//! says so and passes where they are absent. The runners take any fixtures of the format.

mod common;

use std::path::Path;

use common::corpus;
use conformance::{
    compare::{Mode, Options},
    machine::Harness,
    mollusk::Mollusk,
    report::{Report, Verdict},
    suite::{self, Format},
    vm::VmInstructions,
    wire::Wire,
};
use heddle_vm::solana_sbpf::program::SBPFVersion;

/// Runs a suite in which nothing may fail.
fn run(folder: &Path, format: &dyn Format) -> Report {
    let report = suite::run_folder(folder, None, format).expect("it can be read");
    let text = report.to_text(true, Default::default());
    eprintln!("{}: {}", folder.display(), text.lines().last().unwrap_or_default());
    assert_eq!(report.failed(), 0, "{text}");
    report
}

/// Compiled and interpreted, and both alike.
#[test]
fn token_fixtures() {
    let Some(folder) = corpus("token-fixtures") else { return };
    let report = run(&folder, &Mollusk::new(Harness::new([]), Options::default()));
    assert!(report.passed() > 0 && report.skipped() == 0, "every fixture can be compared");
}

#[test]
fn sbpf_instructions() {
    let Some(folder) = corpus("instr") else { return };
    let report = run(&folder, &VmInstructions::new(Mode::Both, SBPFVersion::V0));
    assert!(report.passed() > 0 && report.skipped() == 0, "every case can be compared");
}

/// `transaction5.bin` invokes a program that a lookup loads, which Firedancer's parser once allowed and the protocol does
/// not; the first signature of `transaction3.bin` is none.
#[test]
fn serialised_transactions() {
    let Some(folder) = corpus("wire") else { return };
    let report = run(&folder, &Wire { requires_signatures: false });
    for case in report.cases() {
        match (case.name.as_str(), &case.verdict) {
            ("transaction5.bin", verdict) => {
                assert!(matches!(verdict, Verdict::Skipped(reason) if reason.contains("program index")), "{verdict:?}");
            }
            ("transaction3.bin", verdict) => {
                assert!(matches!(verdict, Verdict::Passed(note) if note.contains("signature 0")), "{verdict:?}");
            }
            (name, verdict) => assert!(!matches!(verdict, Verdict::Failed(_)), "{name}: {verdict:?}"),
        }
    }
}
