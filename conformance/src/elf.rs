//! ELFs: each is loaded, verified and compiled as a deployed program is, then called, compiled and interpreted; both must
//! agree on everything that a call leaves behind. Nothing is expected of what the program does.
//!
//! An ELF that is refused is skipped, with the reason: many that tests carry are made to be.

use heddle_types::{Account, Gates, Hash, Pubkey, ids};
use heddle_vm::{BlockEnvironment, Clock, ProgramEntry, Runtime, costs};

use crate::{
    compare::{Mode, differences_between_ways},
    machine::{AbsentProgram, Case, Harness, InstructionMeta, Visibility},
    programs::ELF_MAGIC,
    report::{CaseReport, Mismatch, Verdict},
    suite::{Format, SuiteFile},
};

/// Compute units of a call: programs that never end take all of them.
const UNIT_LIMIT: u64 = 200_000;

/// Runs ELFs.
pub struct Elf {
    harness: Harness,
    runtime: std::sync::Arc<Runtime>,
    mode: Mode,
}

impl Elf {
    /// Loads ELFs under mainnet's rules.
    pub fn new(mode: Mode) -> Self {
        let runtime = heddle_programs::runtime_builder_with(Gates::mainnet()).build();
        Self { harness: Harness::new([]), runtime, mode }
    }

    fn judge(&self, elf: &[u8]) -> Verdict {
        if let Err(error) = ProgramEntry::try_load(elf, &self.runtime) {
            return Verdict::Skipped(format!("refused: {error}"));
        }
        let mut found = Vec::new();
        for (name, case) in calls(elf) {
            let runs: Result<Vec<_>, _> = self.mode.ways().iter().map(|way| self.harness.run(&case, *way)).collect();
            match runs {
                Ok(runs) => found.extend(
                    differences_between_ways(&runs)
                        .into_iter()
                        .map(|one| Mismatch { field: format!("{name}: {}", one.field), ..one }),
                ),
                Err(error) => found.push(Mismatch::new(name, "a run", error)),
            }
        }
        Verdict::of(found)
    }
}

impl Format for Elf {
    fn foreign(&self, file: &SuiteFile) -> Option<String> {
        let is_elf = file.bytes.starts_with(ELF_MAGIC) || ["so", "elf"].contains(&file.extension().as_str());
        (!is_elf).then(|| "no ELF".into())
    }

    fn run(&self, file: &SuiteFile) -> Vec<CaseReport> {
        vec![file.case(self.judge(&file.bytes))]
    }
}

/// Calls that reach different parts of programs: without anything, with data of several lengths, with accounts, under the
/// oldest loader, with few units.
fn calls(elf: &[u8]) -> Vec<(String, Case)> {
    let counting: Vec<u8> = (0..64).collect();
    let mut calls = vec![("a call without anything".to_owned(), case(elf, &[], 0))];
    for length in [1, 4, 8, 9, 33, 64] {
        calls.push((format!("a call with {length} bytes"), case(elf, &counting[..length], 2)));
    }
    for first in [1, 2, 3, 0xff] {
        calls.push((
            format!("a call with data that begins with {first}"),
            case(elf, &[&[first], &counting[..16]].concat(), 4),
        ));
    }
    let mut deprecated = case(elf, &counting[..8], 2);
    deprecated.accounts[0].1.owner = ids::bpf_loader_deprecated::ID;
    calls.push(("a call under the deprecated loader".to_owned(), deprecated));
    let short = Case { compute_unit_limit: 100, ..case(elf, &counting[..8], 2) };
    calls.push(("a call with 100 units".to_owned(), short));
    calls
}

fn case(elf: &[u8], data: &[u8], account_count: usize) -> Case {
    let key = |index: usize| Pubkey::new_from_array([index as u8 + 1; 32]);
    let program_id = key(100);
    let program = Account { executable: true, ..Account::new(1, elf, ids::bpf_loader::ID) };
    let mut accounts = vec![(program_id, program)];
    for index in 0..account_count {
        // The program's own and the system program's in turn, so that writes are allowed and refused.
        let owner = if index % 2 == 0 { program_id } else { ids::system_program::ID };
        accounts.push((key(index), Account::new(1_000_000_000, &[index as u8; 165], owner)));
    }
    let instruction_accounts = (1..=account_count)
        .map(|index| InstructionMeta { index, is_signer: index == 1, is_writable: index != account_count })
        .collect();
    Case {
        program_id,
        accounts,
        instruction_accounts,
        data: data.to_vec(),
        compute_unit_limit: UNIT_LIMIT,
        heap_size_bytes: costs::HEAP_SIZE_BYTES_MIN,
        block: BlockEnvironment::new(Clock { slot: 1, ..Clock::default() }, Hash::default()),
        gates: Gates::mainnet(),
        visibility: Visibility::Always,
        absent_program: AbsentProgram::Nothing,
    }
}
