//! Random lives of a database: blocks, closing and opening, other options, blocks taken back, snapshots and what is
//! restored of them; at every step against a plain model, and at the end every row checked. `PROPTEST_CASES` asks for more
//! lives.

mod common;

use common::{
    Model,
    honest::{commit, honest_chain},
};
use heddle_storage::{LedgerOptions, RocksOptions, RocksStore, Snapshot, SnapshotOptions, Store, StoreError};
use proptest::prelude::*;
use tempfile::TempDir;

/// What a life is made of.
#[derive(Clone, Copy, Debug)]
enum Step {
    Reopen,
    /// With these options.
    ReopenKeeping(LedgerOptions),
    /// Slots to go forward.
    Commit(u64),
    /// Blocks to take back.
    Revert(usize),
    /// Archived with the ledger or without, restored, and gone on with.
    Restore {
        ledger: bool,
    },
}

fn any_options() -> impl Strategy<Value = LedgerOptions> {
    let flags = any::<[bool; 3]>();
    (proptest::option::of(1..12u64), 0..12u64, flags).prop_map(|(keep_slots, history_slots, flags)| {
        let [details, signatures, addresses] = flags;
        LedgerOptions { keep_slots, details, signatures, addresses, history_slots }
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Reopen),
        1 => any_options().prop_map(Step::ReopenKeeping),
        16 => (1..4u64).prop_map(Step::Commit),
        4 => (1..6usize).prop_map(Step::Revert),
        2 => any::<bool>().prop_map(|ledger| Step::Restore { ledger }),
    ]
}

/// A database, and what it must hold.
struct Life {
    directory: TempDir,
    /// `None` only while it is opened.
    store: Option<RocksStore>,
    /// After each block that is not taken back; the last is the newest.
    states: Vec<Model>,
    database_count: u32,
}

impl Life {
    fn begin(options: LedgerOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (store, model) = honest_chain(&directory.path().join("0"), options, 0..0);
        Self { directory, store: Some(store), states: vec![model], database_count: 1 }
    }

    fn store(&self) -> &RocksStore {
        self.store.as_ref().unwrap()
    }

    fn reopen(&mut self, ledger: Option<LedgerOptions>) {
        let path = self.store().path().to_owned();
        self.store = None;
        self.store = Some(RocksStore::open_with(path, RocksOptions { ledger, ..RocksOptions::default() }).unwrap());
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Reopen => self.reopen(None),
            Step::ReopenKeeping(options) => self.reopen(Some(options)),
            Step::Commit(gap) => {
                let mut model = self.states.last().unwrap().clone();
                let slot = model.tip.header.slot + gap;
                commit(self.store(), &mut model, slot);
                self.states.push(model);
            }
            Step::Revert(count) => self.revert(count),
            Step::Restore { ledger } => self.restore(ledger),
        }
        let mut expected = self.states.last().unwrap().clone();
        expected.prune(&self.store().ledger().unwrap());
        expected.check(self.store());
    }

    fn revert(&mut self, count: usize) {
        let kept_from = self.store().ledger().unwrap().history_from;
        let target = self.states.len().saturating_sub(count + 1);
        let first_back = self.states.get(target + 1).map(|state| state.tip.header.slot);
        let result = self.store().revert(self.states[target].tip.header.slot);
        if first_back.is_none_or(|first| kept_from.is_some_and(|from| first >= from)) {
            result.unwrap();
            self.states.truncate(target + 1);
            let findings = self.store().check(&mut |_| {}).unwrap().findings.first;
            assert_eq!(findings, [], "nothing is left of what was taken back");
        } else {
            assert!(matches!(result, Err(StoreError::NotKept { .. })));
        }
    }

    fn restore(&mut self, ledger: bool) {
        let archive = self.directory.path().join(format!("{}.archive", self.database_count));
        let target = self.directory.path().join(self.database_count.to_string());
        self.database_count += 1;
        let made =
            Snapshot::create(self.store(), &archive, &SnapshotOptions { ledger, level: 1 }, &mut |_| {}).unwrap();
        assert_eq!(made.manifest.tip, self.states.last().unwrap().tip);
        let restored = Snapshot::restore(&archive, &target, &mut |_| {}).unwrap();
        assert_eq!(restored, made);
        self.store = Some(RocksStore::open_existing(&target).unwrap());
    }
}

fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    // A life opens some ten databases.
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases: 12, ..config } }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn random_lives(options in any_options(), steps in proptest::collection::vec(any_step(), 1..30)) {
        let mut life = Life::begin(options);
        steps.into_iter().for_each(|step| life.step(step));
        let report = life.store().check(&mut |_| {}).unwrap();
        prop_assert_eq!(report.findings.first, vec![]);
        life.step(Step::Restore { ledger: true });
        life.step(Step::Reopen);
    }
}
