//! `oracle`: records what Solana does with hand-picked and generated transactions, as files that our engine replays.
//!
//! See README.md for the commands, the file format and the limits of the two oracles.

mod agave;
mod case;
mod chain;
mod environment;
mod format;
mod hunt;
mod lite;
mod machine;
mod mix;
mod program;
mod record;
mod replay;
mod rerun;
mod shrink;
mod topics;

use environment::Environment;
use format::TopicFile;
use litesvm::LiteSVM;
use record::Recorded;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};
use topics::{TOPICS, Topic};

const USAGE: &str = "\
Records what Solana (Agave 4.2.2, mainnet's features) does with scenario transactions.

Usage: oracle <COMMAND> [TOPIC]... [--dir DIR]
       oracle hunt [--seed N] [--rounds N] [--out FILE] --replay COMMAND

Commands:
  record  Run the topics and write DIR/<topic>.json and DIR/../environment.json
  check   Run the topics and compare with the files; exit 1 and print the first differences if any
  list    Print the topics and their sizes
  show    Run the topics and print one line per transaction
  chains  Run the chains of blocks and write DIR/../chains.json
  check-chains  Run the chains and compare with the file; exit 1 if they differ
  hunt    Mix scenarios at random, have COMMAND replay them, shrink and keep each case that differs

Options:
  --dir DIR         Where the case files are [default: cases beside the oracle's Cargo.toml]
  --seed N          Of the hunt; the same seed is the same hunt [default: 0]
  --rounds N        Rounds of 16 cases [default: 20]
  --out FILE        Where the hunt's cases go [default: cases/regressions.json beside the oracle's Cargo.toml]
  --replay COMMAND  Compares a folder of case files, its last argument, with an engine; prints JSON
                    (`conformance oracle --json` does), exit status 0 or 1
  -h, --help        Print this

Without TOPIC, all of them, and the cases that hunts kept (topic regressions) if there are any.
Exit status: 0 done and equal, 1 differences or failures, 2 bad arguments or a replay command that does not work.
";

/// Differences printed per topic.
const DIFFERENCES_SHOWN: usize = 5;

struct Arguments {
    command: String,
    topics: Vec<&'static Topic>,
    /// Whether the cases that hunts kept are among what is asked for.
    regressions: bool,
    dir: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "-h" || argument == "--help") {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if arguments.first().is_some_and(|argument| argument == "hunt") {
        return run_hunt(&arguments[1..]);
    }
    let arguments = match parse(&arguments) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("oracle: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("oracle: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run_hunt(arguments: &[String]) -> ExitCode {
    let out = cases_dir().join(format!("{}.json", hunt::REGRESSIONS));
    match hunt::Options::parse(arguments, out).and_then(|options| hunt::run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("oracle: {message}");
            ExitCode::from(2)
        }
    }
}

fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn parse(arguments: &[String]) -> Result<Arguments, String> {
    let mut dir = cases_dir();
    let mut topics = Vec::new();
    let mut regressions = false;
    let mut arguments = arguments.iter();
    let command = arguments.next().ok_or("a command is missing")?.clone();
    if !["record", "check", "list", "show", "chains", "check-chains"].contains(&command.as_str()) {
        return Err(format!("unknown command {command}"));
    }
    while let Some(argument) = arguments.next() {
        if argument == "--dir" {
            dir = arguments.next().ok_or("--dir needs a value")?.into();
        } else if argument == hunt::REGRESSIONS {
            regressions = true;
        } else {
            let topic = TOPICS.iter().find(|topic| topic.name == argument);
            topics.push(topic.ok_or_else(|| format!("unknown topic {argument}"))?);
        }
    }
    if topics.is_empty() && !regressions {
        topics.extend(TOPICS);
        regressions = true;
    }
    Ok(Arguments { command, topics, regressions, dir })
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    let environment = Environment::new();
    if arguments.command.ends_with("chains") {
        return run_chains(&environment, arguments);
    }
    let lite = lite::base(&environment);
    let mut good = true;
    if arguments.command == "record" {
        fs::create_dir_all(&arguments.dir).map_err(|error| format!("{}: {error}", arguments.dir.display()))?;
        let path = arguments.dir.join("../environment.json");
        fs::write(&path, environment.to_text()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    for topic in &arguments.topics {
        good &= handle(arguments, record::record(&environment, &lite, topic))?;
    }
    if arguments.regressions
        && let Some(recorded) = record_regressions(&environment, &lite, &arguments.dir)?
    {
        good &= handle(arguments, recorded)?;
    }
    Ok(good)
}

/// Runs the cases that hunts kept once more; `None` if there are none.
fn record_regressions(environment: &Environment, lite: &LiteSVM, dir: &Path) -> Result<Option<Recorded>, String> {
    let path = dir.join(format!("{}.json", hunt::REGRESSIONS));
    if !path.exists() {
        return Ok(None);
    }
    let file = read(&path)?;
    let cases: Result<Vec<_>, _> = file.cases.iter().map(|case| rerun::to_case(environment, case)).collect();
    Ok(Some(record::record_cases(environment, lite, hunt::REGRESSIONS, cases?)))
}

fn read(path: &Path) -> Result<TopicFile, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Does with one topic's cases what the command says.
fn handle(arguments: &Arguments, recorded: Recorded) -> Result<bool, String> {
    let topic = &recorded.file.topic;
    let path = arguments.dir.join(format!("{topic}.json"));
    for surprise in &recorded.surprises {
        eprintln!("{topic}: not as the scenario expects: {surprise}");
    }
    let mut good = recorded.surprises.is_empty();
    let text = recorded.file.to_text();
    match arguments.command.as_str() {
        "record" => {
            fs::write(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
            println!("{}", summary(&recorded.file, text.len()));
        }
        "check" => good &= check(&path, &recorded.file, &text)?,
        "show" => show(&recorded.file),
        _ => println!("{}", summary(&recorded.file, text.len())),
    }
    Ok(good)
}

/// Writes or compares the chains' file.
fn run_chains(environment: &Environment, arguments: &Arguments) -> Result<bool, String> {
    let (text, surprises) = chain::record(environment);
    for surprise in &surprises {
        eprintln!("chains: not as the scenario expects: {surprise}");
    }
    let path = arguments.dir.join("../chains.json");
    let mut good = surprises.is_empty();
    if arguments.command == "chains" {
        fs::write(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("chains: {} KiB", text.len() / 1024);
    } else {
        let is_equal = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))? == text;
        println!("chains: {}", if is_equal { "equal" } else { "they differ" });
        good &= is_equal;
    }
    Ok(good)
}

fn summary(file: &TopicFile, size_bytes: usize) -> String {
    let results = || file.cases.iter().flat_map(|case| &case.transactions).map(|transaction| &transaction.result);
    let count = |wanted: fn(&format::ResultRecord) -> bool| results().filter(|result| wanted(result)).count();
    format!(
        "{:<12} {:>4} cases, {:>4} transactions: {:>4} succeed, {:>4} fail, {:>3} rejected; {:>3} cases with a LiteSVM note; {} KiB",
        file.topic,
        file.cases.len(),
        results().count(),
        count(|result| result.processed && result.error.is_none()),
        count(|result| result.processed && result.error.is_some()),
        count(|result| !result.processed),
        file.cases.iter().filter(|case| case.litesvm_note.is_some()).count(),
        size_bytes / 1024,
    )
}

fn check(path: &Path, file: &TopicFile, text: &str) -> Result<bool, String> {
    let recorded = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if recorded == text {
        println!("{:<12} {:>4} cases equal", file.topic, file.cases.len());
        return Ok(true);
    }
    let old: TopicFile = serde_json::from_str(&recorded).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut differences = differences(&old, file);
    if differences.is_empty() {
        differences.push("the same content in another form; record it again".to_owned());
    }
    println!("{:<12} {} differences", file.topic, differences.len());
    for difference in differences.iter().take(DIFFERENCES_SHOWN) {
        println!("  {difference}");
    }
    Ok(false)
}

fn differences(old: &TopicFile, new: &TopicFile) -> Vec<String> {
    let mut differences = Vec::new();
    for case in &old.cases {
        if !new.cases.iter().any(|other| other.name == case.name) {
            differences.push(format!("{}: recorded, but no longer a scenario", case.name));
        }
    }
    for case in &new.cases {
        let Some(before) = old.cases.iter().find(|other| other.name == case.name) else {
            differences.push(format!("{}: a scenario that is not recorded", case.name));
            continue;
        };
        let transactions = before.transactions.iter().zip(&case.transactions).enumerate();
        let changed = transactions.filter(|(_, (a, b))| a != b);
        differences.extend(changed.map(|(index, (a, b))| {
            format!("{} [{index}]:\n    recorded {}\n    now      {}", case.name, format::json(a), format::json(b))
        }));
        if before.transactions.len() != case.transactions.len() || before.accounts != case.accounts {
            differences.push(format!("{}: other accounts or another number of transactions", case.name));
        } else if before.litesvm_note != case.litesvm_note {
            differences.push(format!("{}: note {:?}, now {:?}", case.name, before.litesvm_note, case.litesvm_note));
        }
    }
    differences
}

fn show(file: &TopicFile) {
    for case in &file.cases {
        for (index, transaction) in case.transactions.iter().enumerate() {
            let result = &transaction.result;
            let verdict = match (&result.error, result.processed) {
                (None, _) => "ok".to_owned(),
                (Some(error), true) => format!("failed {error}"),
                (Some(error), false) => format!("rejected {error}"),
            };
            println!("{}/{} [{index}] {verdict} cu={} fee={}", file.topic, case.name, result.compute_units, result.fee);
        }
        if let Some(note) = &case.litesvm_note {
            println!("    note: {note}");
        }
    }
}
