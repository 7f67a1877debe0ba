//! What a child does: opens the database, commits blocks, closes it, several times over; and says what it was told.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use heddle_storage::{BlockBatch, Durability, RocksOptions, RocksStore, Store, StoreError};
use heddle_types::BlockHeader;

use crate::common::{Model, block, genesis, status};

/// Statuses of a large block: a MiB that does not compress.
const LARGE_STATUS_COUNT: u64 = 16 * 1024;

/// Which blocks are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    name: &'static str,
    /// The slot at which each session ends.
    sessions: &'static [u64],
    /// Blocks from this slot on are large.
    large_from_slot: u64,
    /// Blocks are synced together, this many at a time; `None`: each by its commit.
    sync_every: Option<u64>,
}

/// Opens and closes often: each time the log goes to tables and the manifest begins anew, and the tables of a column
/// are merged once there are four.
pub const REOPENS: Script =
    Script { name: "reopens", sessions: &[3, 5, 6, 7, 8, 10], large_from_slot: u64::MAX, sync_every: None };
/// Fills the write buffer of a column: a table is written and a second log begins while blocks are committed.
pub const FLUSHES: Script = Script { name: "flushes", sessions: &[15], large_from_slot: 3, sync_every: None };
/// The same, with a sync after every fourth block.
pub const LATE_SYNCS: Script = Script { name: "late syncs", sync_every: Some(4), ..FLUSHES };
/// Three blocks in one session.
pub const THREE: Script = Script { name: "three", sessions: &[3], large_from_slot: u64::MAX, sync_every: None };
/// Goes on from the first session of [`THREE`].
pub const THREE_MORE: Script =
    Script { name: "three more", sessions: &[6], large_from_slot: u64::MAX, sync_every: None };
/// Goes on from the first session of [`THREE`] with large blocks.
pub const LARGE: Script = Script { name: "large", sessions: &[9], large_from_slot: 4, sync_every: None };

const ALL: [Script; 6] = [REOPENS, FLUSHES, LATE_SYNCS, THREE, THREE_MORE, LARGE];

impl Script {
    /// Environment of the child.
    pub fn variables(&self) -> [(&'static str, &'static str); 1] {
        [("HEDDLE_TEST_SCRIPT", self.name)]
    }

    /// The script that this process was started for.
    pub fn of_this_child() -> Option<Self> {
        let name = std::env::var("HEDDLE_TEST_SCRIPT").ok()?;
        ALL.into_iter().find(|script| script.name == name)
    }

    pub fn block(&self, parent: &BlockHeader, slot: u64) -> BlockBatch {
        let mut next = block(parent, slot);
        if slot >= self.large_from_slot {
            next.statuses = (0..LARGE_STATUS_COUNT).map(|number| status(slot, number)).collect();
        }
        next
    }

    pub fn last_slot(&self) -> u64 {
        self.sessions.iter().copied().max().unwrap_or(0)
    }

    /// The model after each slot.
    pub fn models(&self) -> Vec<Model> {
        let (genesis, lattice) = genesis();
        let mut models = vec![Model::new(&genesis, &lattice)];
        for slot in 1..=self.last_slot() {
            let mut model = models.last().unwrap().clone();
            model.commit(&self.block(&model.tip.header, slot));
            models.push(model);
        }
        models
    }

    /// Runs the script in this process and says: `arm`, then per block `tries SLOT`, `acknowledged SLOT` or
    /// `failed SLOT: ERROR`, per refused opening `refused: ERROR`. Stops at the first error. Slot 0 is the genesis state.
    pub fn run(&self) {
        let mut said = Said::new();
        said.say("arm");
        let path = PathBuf::from(std::env::var_os("HEDDLE_TEST_DATABASE").unwrap());
        let end = self.sessions.iter().try_for_each(|last_slot| self.session(&path, *last_slot, &mut said));
        said.say(if end.is_ok() { "finished" } else { "stopped" });
    }

    fn session(&self, path: &Path, last_slot: u64, said: &mut Said) -> Result<(), StoreError> {
        let durability = if self.sync_every.is_some() { Durability::None } else { Durability::Block };
        let options = RocksOptions { durability, ..RocksOptions::default() };
        let store =
            RocksStore::open_with(path, options).inspect_err(|error| said.say(&format!("refused: {error:?}")))?;
        if store.tip()?.is_none() {
            let (genesis, lattice) = genesis();
            said.tell(&store, 0, || store.initialize(&genesis, &lattice))?;
        }
        loop {
            let tip = store.tip()?.expect("initialised").header;
            if tip.slot >= last_slot {
                return Ok(());
            }
            let next = self.block(&tip, tip.slot + 1);
            let slot = next.header.slot;
            said.tell(&store, slot, || store.commit(&next))?;
            if self.sync_every.is_some_and(|every| slot.is_multiple_of(every)) {
                said.tell(&store, slot, || store.sync())?;
            }
        }
    }
}

/// The file of marks: what is said has a place among the operations that the library writes down.
struct Said(File);

impl Said {
    fn new() -> Self {
        let path = std::env::var_os("HEDDLE_SHIM_MARKS").unwrap();
        Self(File::options().create(true).append(true).open(path).unwrap())
    }

    fn say(&mut self, line: &str) {
        // One write, so that a mark is one record.
        self.0.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes()).unwrap();
    }

    /// Does a write and says what came of it. After a failure the store must refuse to write, and still read.
    fn tell(
        &mut self,
        store: &RocksStore,
        slot: u64,
        write: impl Fn() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.say(&format!("tries {slot}"));
        let result = write();
        match &result {
            // What is only committed is no promise.
            Ok(()) if store.durable_slot()? == Some(slot) => self.say(&format!("acknowledged {slot}")),
            Ok(()) => self.say(&format!("committed {slot}")),
            Err(error) => {
                self.say(&format!("failed {slot}: {error:?}"));
                let again = write();
                let is_poisoned = matches!(&again, Err(StoreError::Poisoned { cause }) if *cause == error.to_string());
                self.say(&if is_poisoned { "poisoned".to_owned() } else { format!("not poisoned: {again:?}") });
                drop(Model::read(store));
            }
        }
        result
    }
}

/// What a child said, up to some point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promised {
    /// The newest block that it was told is durable; genesis is 0.
    pub acknowledged: Option<u64>,
    /// The newest block that it tried to write.
    pub tried: Option<u64>,
}

impl Promised {
    pub fn hear(&mut self, mark: &str) {
        for line in mark.lines() {
            if let Some(slot) = line.strip_prefix("acknowledged ") {
                self.acknowledged = Some(slot.parse().unwrap());
            } else if let Some(slot) = line.strip_prefix("tries ") {
                self.tried = Some(slot.parse().unwrap());
            }
        }
    }

    pub fn of(marks: &[String]) -> Self {
        let mut promised = Self::default();
        marks.iter().for_each(|mark| promised.hear(mark));
        promised
    }
}
