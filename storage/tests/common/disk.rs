//! Databases on disk: made, copied, damaged and compared.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use heddle_storage::{RocksStore, Store, StoreError};

use super::{Model, block, genesis};

/// Initialises an empty store at `path` and commits blocks at slots 1 to `last_slot`; the model after each slot.
pub fn make_chain(path: &Path, last_slot: u64) -> Vec<Model> {
    let store = RocksStore::open(path).unwrap();
    let (genesis, lattice) = genesis();
    store.initialize(&genesis, &lattice).unwrap();
    let mut models = vec![Model::new(&genesis, &lattice)];
    extend_chain(&store, &mut models, last_slot);
    models
}

/// Commits blocks up to `last_slot`.
pub fn extend_chain(store: &dyn Store, models: &mut Vec<Model>, last_slot: u64) {
    for slot in models.len() as u64..=last_slot {
        let mut model = models.last().unwrap().clone();
        let next = block(&model.tip.header, slot);
        store.commit(&next).unwrap();
        model.commit(&next);
        models.push(model);
    }
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Names and contents of all files of a directory.
pub fn contents(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| (name.clone(), fs::read(path.join(&name)).unwrap())).collect()
}

/// Files whose name passes `wanted`, in ascending order.
pub fn files(path: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    contents(path).into_keys().filter(|name| wanted(name)).map(|name| path.join(name)).collect()
}

/// Write-ahead logs that hold anything.
pub fn logs(path: &Path) -> Vec<PathBuf> {
    files(path, |name| name.ends_with(".log"))
        .into_iter()
        .filter(|file| fs::metadata(file).unwrap().len() > 0)
        .collect()
}

pub fn tables(path: &Path) -> Vec<PathBuf> {
    files(path, |name| name.ends_with(".sst"))
}

/// Opens for writing and reads everything.
pub fn open_and_read(path: &Path) -> Result<Option<Model>, StoreError> {
    Model::read(&RocksStore::open_existing(path)?)
}
