//! Whether a directory keeps what was promised about it.

use std::path::Path;

use heddle_storage::{RocksStore, Store, StoreError};

use super::{
    is_full,
    script::{Promised, Script},
};
use crate::common::{Model, genesis};

/// How a promise was broken.
#[derive(Debug)]
pub enum Broken {
    /// The store refused to open or to read.
    Refused(StoreError),
    /// It opened with fewer blocks than it had acknowledged.
    Lost { acknowledged: u64, found: Option<u64> },
    /// It holds a block that nobody committed.
    Invented { tried: Option<u64>, found: u64 },
    /// Opening for reading found something else than opening for writing.
    Changed { found: Option<u64> },
    /// It holds something else than the chain up to its tip.
    Mixed { found: u64 },
    /// It does not take the next block, or not rightly.
    Stuck(String),
}

/// Opens the database at `path` and checks it: every acknowledged block, exactly the state after some block, and the
/// next block is taken. The slot of the tip.
pub fn check(path: &Path, script: Script, models: &[Model], promised: Promised) -> Result<Option<u64>, Broken> {
    let found_by_reader = if is_full() { read_only(path, promised)? } else { None };
    let opened = match promised.acknowledged {
        Some(_) => RocksStore::open_existing(path),
        // There may be nothing yet, or not even the directory.
        None => RocksStore::open(path),
    };
    let store = opened.map_err(Broken::Refused)?;
    let found = Model::read(&store).map_err(Broken::Refused)?;
    let slot = found.as_ref().map(|model| model.tip.header.slot);
    within(slot, promised)?;
    if found_by_reader.is_some() && found_by_reader != found {
        return Err(Broken::Changed { found: slot });
    }
    if let (Some(found), Some(slot)) = (&found, slot)
        && models.get(slot as usize) != Some(found)
    {
        return Err(Broken::Mixed { found: slot });
    }
    take_next(&store, script, models, slot)?;
    Ok(slot)
}

/// What opening for reading finds, where there must be something.
fn read_only(path: &Path, promised: Promised) -> Result<Option<Model>, Broken> {
    if promised.acknowledged.is_none() {
        return Ok(None);
    }
    let store = RocksStore::open_read_only(path).map_err(Broken::Refused)?;
    Model::read(&store).map_err(Broken::Refused)
}

/// Whether a tip at `slot` is what was promised.
pub fn within(slot: Option<u64>, promised: Promised) -> Result<(), Broken> {
    match (slot, promised.acknowledged, promised.tried) {
        (found, Some(acknowledged), _) if found.is_none_or(|found| found < acknowledged) => {
            Err(Broken::Lost { acknowledged, found })
        }
        (Some(found), _, tried) if tried.is_none_or(|tried| found > tried) => Err(Broken::Invented { tried, found }),
        _ => Ok(()),
    }
}

fn take_next(store: &RocksStore, script: Script, models: &[Model], slot: Option<u64>) -> Result<(), Broken> {
    let stuck = |error: StoreError| Broken::Stuck(format!("{error:?}"));
    let expected = match slot {
        None => {
            let (genesis, lattice) = genesis();
            store.initialize(&genesis, &lattice).map_err(stuck)?;
            models[0].clone()
        }
        Some(slot) => {
            let mut model = models[slot as usize].clone();
            let next = script.block(&model.tip.header, slot + 1);
            store.commit(&next).map_err(stuck)?;
            model.commit(&next);
            model
        }
    };
    match Model::read(store) {
        Ok(Some(found)) if found == expected => Ok(()),
        Ok(found) => Err(Broken::Stuck(format!("then it holds {:?}", found.map(|model| model.tip.header)))),
        Err(error) => Err(stuck(error)),
    }
}
