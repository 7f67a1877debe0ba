//! `docs/conformance.md`: each rule, what proves it, and what is missing. Made from `conformance/src/rules.toml`; nothing
//! in it is taken at its word: a test that is named must be in the tree, oracle cases are counted in their files, and a
//! rule's status follows from its proofs.
//!
//! ```text
//!  rules.toml ─ every test, oracle topic and corpus that it names is looked up ─▶ page
//!             ─ every syscall and every switchable gate of the product must be in it
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use heddle_types::features::SWITCHABLE;
use serde::Deserialize;
use serde_json::Value;

/// The page, from the repository's root.
pub const PAGE: &str = "docs/conformance.md";
/// Where oracle cases are replayed.
const ORACLE_TEST: &str = "conformance/tests/oracle.rs";
/// The oracle topic of differences that a hunt found: of any rule, so no rule has to name it.
const REGRESSIONS: &str = "regressions";
/// Where syscalls are registered.
const SYSCALLS: &str = "vm/src/syscalls";

/// Why the page cannot be made, or is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum DocsError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The rules are no rules.
    #[error("rules.toml: {0}")]
    Rules(#[from] toml::de::Error),
    /// An oracle file is none.
    #[error("{}: {source}", path.display())]
    Oracle {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// References to what is not there, and things that no rule names; one a line.
    #[error("rules.toml does not fit the tree:\n  {}", .0.join("\n  "))]
    Dangling(Vec<String>),
    /// The page in the tree is another.
    #[error("{PAGE} is out of date: run `cargo run -p conformance -- docs`")]
    Stale,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    corpus: Vec<Corpus>,
    group: Vec<Group>,
}

/// Data that nobody of us wrote.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    name: String,
    holds: String,
    test: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    rule: Vec<Rule>,
}

/// A rule and its proofs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    text: String,
    /// `path::function`.
    #[serde(default)]
    tests: Vec<String>,
    /// `topic`, or `topic:prefix` for the cases whose name begins so.
    #[serde(default)]
    oracle: Vec<String>,
    /// Names of [`Corpus`].
    #[serde(default)]
    corpora: Vec<String>,
    /// Syscalls that the rule is about.
    #[serde(default)]
    syscalls: Vec<String>,
    /// Gates that the rule is about.
    #[serde(default)]
    gates: Vec<String>,
    /// What no proof covers yet.
    #[serde(default)]
    missing: String,
}

/// How well a rule is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Proven,
    Tested,
    Partly,
    Missing,
}

const STATUSES: [(Status, &str); 4] =
    [(Status::Proven, "proven"), (Status::Tested, "tested"), (Status::Partly, "partly"), (Status::Missing, "missing")];

impl Rule {
    fn status(&self) -> Status {
        let is_proven_outside = !self.oracle.is_empty() || !self.corpora.is_empty();
        match (self.missing.is_empty(), is_proven_outside || !self.tests.is_empty()) {
            (false, true) => Status::Partly,
            (_, false) => Status::Missing,
            (true, true) if is_proven_outside => Status::Proven,
            (true, true) => Status::Tested,
        }
    }
}

/// Writes the page.
///
/// # Errors
/// Rules that do not fit the tree; an unreadable or unwritable file.
pub fn write(root: &Path) -> Result<(), DocsError> {
    let page = page(root)?;
    let path = root.join(PAGE);
    fs::write(&path, page).map_err(|source| DocsError::File { path, source })
}

/// Compares the page with what would be written.
///
/// # Errors
/// [`DocsError::Stale`] if they differ; as [`write()`] else.
pub fn check(root: &Path) -> Result<(), DocsError> {
    let page = page(root)?;
    if read(&root.join(PAGE))? == page { Ok(()) } else { Err(DocsError::Stale) }
}

fn page(root: &Path) -> Result<String, DocsError> {
    let rules: Rules = toml::from_str(include_str!("rules.toml"))?;
    let tree = Tree::read(root)?;
    let dangling = tree.dangling(&rules);
    if !dangling.is_empty() {
        return Err(DocsError::Dangling(dangling));
    }
    Ok(render(&rules, &tree))
}

fn read(path: &Path) -> Result<String, DocsError> {
    fs::read_to_string(path).map_err(|source| DocsError::File { path: path.to_path_buf(), source })
}

/// What the repository really holds.
struct Tree {
    root: PathBuf,
    /// Cases by topic: (name, transactions).
    oracle: BTreeMap<String, Vec<(String, usize)>>,
    /// Distinct results among all recorded transactions.
    errors: BTreeSet<String>,
    replayed: String,
    syscalls: BTreeSet<String>,
}

impl Tree {
    fn read(root: &Path) -> Result<Self, DocsError> {
        let mut tree = Self {
            root: root.to_path_buf(),
            oracle: BTreeMap::new(),
            errors: BTreeSet::new(),
            replayed: read(&root.join(ORACLE_TEST))?,
            syscalls: registered_syscalls(&root.join(SYSCALLS))?,
        };
        for path in files(&root.join("oracle/cases"), "json")? {
            tree.read_cases(&path)?;
        }
        Ok(tree)
    }

    fn read_cases(&mut self, path: &Path) -> Result<(), DocsError> {
        let file: Value = serde_json::from_str(&read(path)?)
            .map_err(|source| DocsError::Oracle { path: path.to_path_buf(), source })?;
        let topic = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut cases = Vec::new();
        for case in file["cases"].as_array().into_iter().flatten() {
            // A case is a list of transactions, or of blocks of them.
            let transactions: Vec<&Value> = match case["transactions"].as_array() {
                Some(transactions) => transactions.iter().collect(),
                None => lists(&case["blocks"]).flat_map(|block| lists(&block["transactions"])).collect(),
            };
            let errors = transactions.iter().map(|transaction| &transaction["result"]["error_json"]);
            self.errors.extend(errors.filter(|error| !error.is_null()).map(Value::to_string));
            cases.push((case["name"].as_str().unwrap_or_default().to_owned(), transactions.len()));
        }
        self.oracle.insert(topic, cases);
        Ok(())
    }

    /// (cases, transactions) of `topic` or `topic:prefix`.
    fn count(&self, reference: &str) -> (usize, usize) {
        let (topic, prefix) = reference.split_once(':').unwrap_or((reference, ""));
        let cases = self.oracle.get(topic).into_iter().flatten().filter(|(name, _)| name.starts_with(prefix));
        cases.fold((0, 0), |(cases, transactions), (_, count)| (cases + 1, transactions + count))
    }

    /// Everything that is named and not there, or there and not named.
    fn dangling(&self, rules: &Rules) -> Vec<String> {
        let mut found = Vec::new();
        let all = || rules.group.iter().flat_map(|group| &group.rule);
        for rule in all() {
            if rule.status() == Status::Missing && rule.missing.is_empty() {
                found.push(format!("{}: neither a proof nor what is missing", rule.text));
            }
            found.extend(rule.tests.iter().filter_map(|test| self.dangling_test(test)));
            found.extend(rule.oracle.iter().filter_map(|reference| self.dangling_cases(reference)));
            let unknown = rule.corpora.iter().filter(|name| !rules.corpus.iter().any(|corpus| corpus.name == **name));
            found.extend(unknown.map(|name| format!("corpus {name}")));
        }
        found.extend(rules.corpus.iter().filter_map(|corpus| self.dangling_test(&corpus.test)));
        let syscalls = all().flat_map(|rule| rule.syscalls.iter().cloned()).collect();
        found.extend(differences("syscall", &self.syscalls, &syscalls));
        let gates = SWITCHABLE.iter().map(|(_, name)| (*name).to_owned()).collect();
        found.extend(differences("gate", &gates, &all().flat_map(|rule| rule.gates.iter().cloned()).collect()));
        let topics: BTreeSet<&str> =
            all().flat_map(|rule| &rule.oracle).map(|one| one.split(':').next().unwrap_or_default()).collect();
        let unnamed =
            self.oracle.keys().filter(|topic| !topics.contains(topic.as_str()) && topic.as_str() != REGRESSIONS);
        found.extend(unnamed.map(|topic| format!("oracle topic {topic}: no rule names it")));
        found
    }

    fn dangling_test(&self, test: &str) -> Option<String> {
        let Some((path, function)) = test.split_once("::") else { return Some(format!("{test}: no path::function")) };
        let source = fs::read_to_string(self.root.join(path)).unwrap_or_default();
        let is_there = ["(", "<"].iter().any(|end| source.contains(&format!("fn {function}{end}")));
        (!is_there).then(|| format!("{test}: no such test"))
    }

    fn dangling_cases(&self, reference: &str) -> Option<String> {
        let topic = reference.split(':').next().unwrap_or_default();
        if self.count(reference).0 == 0 {
            return Some(format!("oracle {reference}: no such case"));
        }
        let is_replayed = self.replayed.contains(&format!("\"{topic}\""));
        (!is_replayed).then(|| format!("oracle {topic}: {ORACLE_TEST} does not replay it"))
    }
}

fn lists(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn differences(kind: &str, there: &BTreeSet<String>, named: &BTreeSet<String>) -> Vec<String> {
    let unnamed = there.difference(named).map(|name| format!("{kind} {name}: no rule names it"));
    let absent = named.difference(there).map(|name| format!("{kind} {name}: the product has none"));
    unnamed.chain(absent).collect()
}

/// Files of `folder` with this extension, by name.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, DocsError> {
    let unreadable = |source| DocsError::File { path: folder.to_path_buf(), source };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

/// The names in `add::<…>(loader, "name")`, and the one that a constant holds.
fn registered_syscalls(folder: &Path) -> Result<BTreeSet<String>, DocsError> {
    let mut names = BTreeSet::from(["sol_alloc_free_".to_owned()]);
    for path in files(folder, "rs")? {
        let source = read(&path)?;
        let calls = source.split("add::<").skip(1).filter_map(|call| call.split_once("(loader, \""));
        let calls = calls.filter(|(kind, _)| kind.len() < 64 && kind.ends_with('>'));
        names.extend(calls.filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned())));
    }
    Ok(names)
}

const INTRODUCTION: &str = "# Conformance

What this engine must do, what proves that it does, and what is not proven yet. `cargo run -p conformance -- docs` writes
this page from `conformance/src/rules.toml`; every test, oracle case, syscall and gate that it names was looked up in the
tree, and CI fails when the page is out of date.

| status | means |
|---|---|
| proven | data that nobody of us wrote agrees: transactions recorded from Agave 4.2.2, or fixtures of other implementations |
| tested | tests of our own, written from the rule's source |
| partly | as above, but for what is named |
| missing | nothing yet |

";

fn render(rules: &Rules, tree: &Tree) -> String {
    let mut page = INTRODUCTION.to_owned();
    let (cases, transactions) =
        tree.oracle.keys().map(|topic| tree.count(topic)).fold((0, 0), |sum, topic| (sum.0 + topic.0, sum.1 + topic.1));
    _ = writeln!(
        page,
        "The oracle's {} topics hold {cases} cases, {transactions} transactions, which end in {} distinct errors; each is \
         compared in status, units, fee, loaded bytes, logs, return data, inner instructions and accounts.\n",
        tree.oracle.len(),
        tree.errors.len(),
    );
    page.push_str("| group | proven | tested | partly | missing |\n|---|---:|---:|---:|---:|\n");
    for group in &rules.group {
        let count = |status| group.rule.iter().filter(|rule| rule.status() == status).count().to_string();
        let counts: Vec<String> = STATUSES.iter().map(|(status, _)| count(*status)).collect();
        _ = writeln!(page, "| [{}](#{}) | {} |", group.name, anchor(&group.name), counts.join(" | "));
    }
    for group in &rules.group {
        _ = writeln!(page, "\n## {}\n\n| rule | proof | status |\n|---|---|---|", group.name);
        for rule in &group.rule {
            _ = writeln!(page, "| {} | {} | {} |", rule.text, proof(rule, tree), status_text(rule));
        }
    }
    page.push_str("\n## Corpora\n\nThey are not in the repository; tests that use them say so and pass where they are absent.\n\n");
    page.push_str("| corpus | holds | test |\n|---|---|---|\n");
    for corpus in &rules.corpus {
        _ = writeln!(page, "| {} | {} | `{}` |", corpus.name, corpus.holds, corpus.test);
    }
    page
}

fn status_text(rule: &Rule) -> String {
    let status = rule.status();
    let name = STATUSES.iter().find(|(known, _)| *known == status).map_or("", |(_, name)| name);
    if rule.missing.is_empty() { name.to_owned() } else { format!("**{name}**: {}", rule.missing) }
}

fn proof(rule: &Rule, tree: &Tree) -> String {
    let mut proofs = Vec::new();
    proofs.extend(cases_by_topic(&rule.oracle, tree));
    proofs.extend(rule.corpora.iter().map(|name| format!("[{name}](#corpora)")));
    proofs.extend(tests_by_file(&rule.tests));
    if proofs.is_empty() { "–".into() } else { proofs.join("; ") }
}

/// Cases and transactions of each topic, whatever prefixes they are named by.
fn cases_by_topic(references: &[String], tree: &Tree) -> Vec<String> {
    let mut by_topic: Vec<(&str, Vec<&str>, usize, usize)> = Vec::new();
    for reference in references {
        let (topic, prefix) = reference.split_once(':').unwrap_or((reference, ""));
        let (cases, transactions) = tree.count(reference);
        if !by_topic.iter().any(|known| known.0 == topic) {
            by_topic.push((topic, Vec::new(), 0, 0));
        }
        let known = by_topic.iter_mut().find(|known| known.0 == topic).expect("it was added");
        known.1.extend((!prefix.is_empty()).then_some(prefix));
        known.2 += cases;
        known.3 += transactions;
    }
    let text = |(topic, prefixes, cases, transactions): (&str, Vec<&str>, usize, usize)| {
        let names = prefixes.iter().map(|prefix| format!("`{prefix}…`")).collect::<Vec<_>>().join(", ");
        let names = if names.is_empty() { names } else { format!("{names}: ") };
        format!("oracle `{topic}` ({names}{cases} cases, {transactions} transactions)")
    };
    by_topic.into_iter().map(text).collect()
}

/// `file`: names, one file after the other.
fn tests_by_file(tests: &[String]) -> Vec<String> {
    let mut by_file: Vec<(&str, Vec<&str>)> = Vec::new();
    for (path, function) in tests.iter().filter_map(|test| test.split_once("::")) {
        match by_file.iter_mut().find(|(known, _)| *known == path) {
            Some((_, functions)) => functions.push(function),
            None => by_file.push((path, vec![function])),
        }
    }
    by_file.into_iter().map(|(path, functions)| format!("`{path}`: {}", functions.join(", "))).collect()
}

fn anchor(name: &str) -> String {
    let kept = name.chars().filter(|character| character.is_alphanumeric() || *character == ' ' || *character == '-');
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn dangling(toml: &str) -> Vec<String> {
        let rules: Rules = toml::from_str(toml).expect("rules");
        Tree::read(&root()).expect("a tree").dangling(&rules)
    }

    #[test]
    fn the_page_is_up_to_date() {
        check(&root()).unwrap_or_else(|error| panic!("{error}"));
    }

    #[test]
    fn what_is_not_there_is_told() {
        let found = dangling(
            r#"
            corpus = []
            [[group]]
            name = "A group"
            rule = [
                { text = "a", tests = ["vm/src/sysvars.rs::no_such_test"] },
                { text = "b", oracle = ["fees:no_such_case"] },
                { text = "c", corpora = ["nowhere"] },
                { text = "d" },
                { text = "e", syscalls = ["sol_no_such"], missing = "all" },
            ]
            "#,
        );
        for expected in [
            "vm/src/sysvars.rs::no_such_test: no such test",
            "oracle fees:no_such_case: no such case",
            "corpus nowhere",
            "d: neither a proof nor what is missing",
            "syscall sol_no_such: the product has none",
            "syscall sol_sha256: no rule names it",
            "gate blake3_syscall_enabled: no rule names it",
            "oracle topic system: no rule names it",
        ] {
            assert!(found.contains(&expected.to_owned()), "{expected} in {found:#?}");
        }
    }

    #[test]
    fn status_follows_from_proofs() {
        let status = |toml: &str| toml::from_str::<Rule>(toml).expect("a rule").status();
        assert_eq!(status("text = 'a'\noracle = ['fees']"), Status::Proven);
        assert_eq!(status("text = 'a'\ntests = ['a::b']"), Status::Tested);
        assert_eq!(status("text = 'a'\noracle = ['fees']\nmissing = 'much'"), Status::Partly);
        assert_eq!(status("text = 'a'\nmissing = 'all'"), Status::Missing);
    }
}
