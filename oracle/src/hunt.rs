//! Looks for transactions that another engine executes otherwise than Agave: records random cases, has a command replay
//! them, shrinks each case that differs, and keeps it as a regression case.
//!
//! ```text
//!  mix ─▶ record on Agave ─▶ replay ─ all equal ─▶ next round
//!                              │ a case differs
//!                              └▶ shrink: smaller? ─▶ rerun on Agave ─▶ replay ─▶ … ─▶ regressions.json
//! ```

use crate::{
    case::Case,
    environment::Environment,
    format::{CaseRecord, TopicFile},
    lite,
    mix::Mixer,
    record,
    replay::{Difference, Replay},
    rerun,
    shrink::shrink,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    cell::Cell,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// The topic of the cases that hunts keep.
pub const REGRESSIONS: &str = "regressions";

/// Cases recorded and replayed together.
const CASES_PER_ROUND: usize = 16;

/// Rounds, if none are asked for.
const ROUNDS_DEFAULT: u64 = 20;

/// Differences that one hunt shrinks; more are counted only.
const KEPT_MAX: usize = 16;

/// Variants tried for one difference.
const VARIANTS_MAX: usize = 400;

/// Fields shown of a difference.
const FIELDS_SHOWN: usize = 6;

/// What to hunt, and where.
#[derive(Debug, PartialEq)]
pub struct Options {
    seed: u64,
    rounds: u64,
    out: PathBuf,
    replay: String,
}

impl Options {
    /// Reads the arguments after `hunt`; shrunk cases go to `out` unless they say otherwise.
    ///
    /// # Errors
    /// Unknown arguments, no numbers where there should be some, no replay command.
    pub fn parse(arguments: &[String], out: PathBuf) -> Result<Self, String> {
        let mut options = Self { seed: 0, rounds: ROUNDS_DEFAULT, out, replay: String::new() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = || arguments.clone().next().ok_or(format!("{argument} needs a value"));
            let number = || value()?.parse().map_err(|error| format!("{argument}: {error}"));
            match argument.as_str() {
                "--seed" => options.seed = number()?,
                "--rounds" => options.rounds = number()?,
                "--out" => options.out = value()?.into(),
                "--replay" => options.replay.clone_from(value()?),
                _ => return Err(format!("unknown argument {argument}")),
            }
            arguments.next();
        }
        if options.replay.trim().is_empty() {
            return Err("hunt needs --replay COMMAND".to_owned());
        }
        Ok(options)
    }
}

/// Hunts, and tells whether no case differs.
///
/// # Errors
/// A replay command that cannot be judged; a file that cannot be read or written.
pub fn run(options: &Options) -> Result<bool, String> {
    let environment = Environment::new();
    let hunt = Hunt { environment: &environment, replay: Replay::new(&options.replay)? };
    let mixer = Mixer::new(&environment);
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let (mut cases_count, mut transactions_count, mut found, mut kept) = (0, 0, 0, 0);
    for round in 0..options.rounds {
        let numbers: Vec<u32> = (0..CASES_PER_ROUND).map(|_| random.random()).collect();
        let record = |(kind, number): (usize, &u32)| hunt.record(|| mixer.case(kind, *number));
        let cases: Vec<CaseRecord> = numbers.iter().enumerate().filter_map(record).collect();
        cases_count += cases.len();
        transactions_count += cases.iter().map(|case| case.transactions.len()).sum::<usize>();
        for difference in hunt.replay.differences(&cases)? {
            found += 1;
            if kept < KEPT_MAX {
                kept += usize::from(hunt.keep(&cases[difference.case], &difference, &options.out)?);
            }
        }
        eprintln!("round {} of {}: {cases_count} cases, {found} differ", round + 1, options.rounds);
    }
    println!("{cases_count} cases, {transactions_count} transactions: {found} cases differ, {kept} kept");
    Ok(found == 0)
}

/// Agave on one side, the replay command on the other.
struct Hunt<'a> {
    environment: &'a Environment,
    replay: Replay,
}

impl Hunt<'_> {
    /// A case as Agave runs it; `None`, with a line that says so, where the generator or Agave panics.
    fn record(&self, case: impl FnOnce() -> Case) -> Option<CaseRecord> {
        let record = || record::record_case(self.environment, None, case(), &mut Vec::new());
        let recorded = catch_unwind(AssertUnwindSafe(record));
        recorded.inspect_err(|_| eprintln!("a case that cannot be recorded is left out")).ok()
    }

    /// Shrinks `case`, shows in what it differs, and adds it to the file at `out`; false if the file has it already.
    fn keep(&self, case: &CaseRecord, difference: &Difference, out: &Path) -> Result<bool, String> {
        eprintln!("{}: shrinking {} transactions", case.name, case.transactions.len());
        let variants = Cell::new(0);
        let small = shrink(case, difference.transaction, |variant| {
            variants.set(variants.get() + 1);
            variants.get() <= VARIANTS_MAX && self.try_again(variant).is_some()
        });
        let Some(difference) = self.try_again(&small) else {
            return Err(format!("{}: differs no more when it is run again", case.name));
        };
        let (transactions, accounts) = (small.transactions.len(), small.accounts.len());
        println!("{}: {transactions} transactions, {accounts} accounts, {} variants", case.name, variants.get());
        for field in difference.fields.iter().take(FIELDS_SHOWN) {
            println!("  {field}");
        }
        let case = rerun::to_case(self.environment, &small)?;
        let lite = lite::base(self.environment);
        append(out, record::record_case(self.environment, Some(&lite), case, &mut Vec::new()))
    }

    /// Runs a variant on Agave again and replays it: in what it differs.
    fn try_again(&self, variant: &CaseRecord) -> Option<Difference> {
        let case = rerun::to_case(self.environment, variant).ok()?;
        let recorded = self.record(|| case)?;
        self.replay.differences(&[recorded]).ok()?.into_iter().next()
    }
}

/// Adds `case` to the regressions at `path`; false if there is one of its name.
fn append(path: &Path, case: CaseRecord) -> Result<bool, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut file = match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| failed(&error))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            TopicFile { topic: REGRESSIONS.to_owned(), cases: Vec::new() }
        }
        Err(error) => return Err(failed(&error)),
    };
    if file.cases.iter().any(|other| other.name == case.name) {
        return Ok(false);
    }
    file.cases.push(case);
    fs::write(path, file.to_text()).map_err(|error| failed(&error))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Result<Options, String> {
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        Options::parse(&arguments, "default.json".into())
    }

    #[test]
    fn arguments() {
        let options = |seed, rounds, out: &str| Options { seed, rounds, out: out.into(), replay: "true".to_owned() };
        assert_eq!(parse("--replay true"), Ok(options(0, ROUNDS_DEFAULT, "default.json")));
        assert_eq!(parse("--seed 7 --rounds 3 --out x --replay true"), Ok(options(7, 3, "x")));
        for wrong in ["--seed 7", "--replay", "--seed x --replay true", "--rounds --replay true", "hop --replay true"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
