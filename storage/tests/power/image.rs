//! What a disk holds after the power failed: one of the states that the operations before allow.

use std::{collections::BTreeMap, fs, path::Path};

use super::disk::{Disk, File, Names, Node};
use crate::common::seeded::Seeded;

/// Sectors are written whole or not at all.
const SECTOR_BYTES: usize = 512;

/// How much of what was not synced is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Power {
    /// All: the process was killed, the machine runs on.
    Kept,
    /// Nothing.
    Synced,
    /// All names and sizes, but zeros for bytes.
    Zeros,
    /// A seeded choice: the first so many changes of names, and for each file a size and some of its sectors.
    Torn(u64),
}

impl Power {
    /// The image of `disk`. The same seed chooses differently at each `position` of a trace.
    pub fn image(self, disk: &Disk, position: usize) -> Image {
        match self {
            Self::Kept => Image::of(disk, &disk.seen, |_, file| file.seen.clone()),
            Self::Synced => Image::of(disk, &disk.durable, |_, file| file.durable.clone()),
            Self::Zeros => Image::of(disk, &disk.seen, |_, file| zeros(file)),
            Self::Torn(seed) => {
                let mut seeded = Seeded::new(seed.wrapping_mul(1_000_003).wrapping_add(position as u64));
                let names = disk.names(seeded.below(disk.pending_count() + 1));
                Image::of(disk, &names, |_, file| torn(file, &mut seeded))
            }
        }
    }
}

fn zeros(file: &File) -> Vec<u8> {
    let mut bytes = file.seen.clone();
    for &(start, end) in &file.unsynced {
        let end = end.min(bytes.len());
        bytes[start.min(end)..end].fill(0);
    }
    bytes
}

fn torn(file: &File, seeded: &mut Seeded) -> Vec<u8> {
    let sizes: Vec<usize> = file.sizes.iter().copied().chain([file.durable.len(), file.seen.len()]).collect();
    let size_bytes = sizes[seeded.below(sizes.len())];
    let mut bytes = file.durable.clone();
    bytes.resize(size_bytes, 0);
    for &(start, end) in &file.unsynced {
        let end = end.min(size_bytes).min(file.seen.len());
        for sector in start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES) {
            let from = (sector * SECTOR_BYTES).max(start);
            let to = ((sector + 1) * SECTOR_BYTES).min(end);
            if from < to && seeded.coin() {
                bytes[from..to].copy_from_slice(&file.seen[from..to]);
            }
        }
    }
    bytes
}

/// Names and contents; `None` for a directory.
#[derive(Debug, PartialEq, Eq)]
pub struct Image(pub BTreeMap<String, Option<Vec<u8>>>);

impl Image {
    fn of(disk: &Disk, names: &Names, mut bytes: impl FnMut(&str, &File) -> Vec<u8>) -> Self {
        let entries = names.iter().map(|(name, node)| match node {
            Node::Directory => (name.clone(), None),
            // RocksDB's diagnostics are of every content; without it many images are the same.
            Node::File(_) if is_diagnostics(name) => (name.clone(), Some(vec![])),
            Node::File(index) => (name.clone(), Some(bytes(name, &disk.files[*index]))),
        });
        let mut image = Self(entries.collect());
        // Files in a directory that has no name.
        let directories: Vec<String> =
            image.0.iter().filter(|(_, content)| content.is_none()).map(|(name, _)| name.clone()).collect();
        image.0.retain(|name, _| {
            let parent = name.rsplit_once('/').map(|(parent, _)| parent);
            parent.is_none_or(|parent| directories.iter().any(|directory| directory == parent))
        });
        image
    }

    /// The image in which of what was last appended to a manifest and not synced the first half is there, and zeros to its
    /// end; `None` if nothing was.
    pub fn with_half_a_record(disk: &Disk) -> Option<Self> {
        let mut is_half = false;
        let image = Self::of(disk, &disk.seen, |name, file| {
            let mut bytes = file.seen.clone();
            let last = file.unsynced.last().filter(|(start, end)| start + 1 < *end && *end == bytes.len());
            if let Some((start, end)) = last.filter(|_| is_manifest(name)) {
                bytes[(start + end) / 2..].fill(0);
                is_half = true;
            }
            bytes
        });
        is_half.then_some(image)
    }

    /// What is below `root` now.
    pub fn read(root: &Path) -> Self {
        let mut image = Self(BTreeMap::new());
        image.read_directory(root, "");
        image
    }

    fn read_directory(&mut self, root: &Path, parent: &str) {
        for entry in fs::read_dir(root.join(parent)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{parent}/{}", entry.file_name().to_str().unwrap());
            let name = name.trim_start_matches('/').to_owned();
            if entry.file_type().unwrap().is_dir() {
                self.0.insert(name.clone(), None);
                self.read_directory(root, &name);
            } else {
                let content = if is_diagnostics(&name) { vec![] } else { fs::read(entry.path()).unwrap() };
                self.0.insert(name, Some(content));
            }
        }
    }

    /// Writes it below `root`, which is made.
    pub fn write(&self, root: &Path) {
        fs::create_dir(root).unwrap();
        for (name, content) in &self.0 {
            match content {
                None => fs::create_dir(root.join(name)).unwrap(),
                Some(bytes) => fs::write(root.join(name), bytes).unwrap(),
            }
        }
    }

    /// Tells images apart.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for (name, content) in &self.0 {
            let size_bytes = content.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64);
            hasher.update(name.as_bytes()).update(&[0]).update(&size_bytes.to_le_bytes());
            hasher.update(content.as_deref().unwrap_or_default());
        }
        *hasher.finalize().as_bytes()
    }

    /// Names and sizes, for messages.
    pub fn summary(&self) -> String {
        let sizes = self.0.iter().filter_map(|(name, content)| Some((name, content.as_ref()?.len())));
        sizes.map(|(name, size_bytes)| format!("{name} {size_bytes}")).collect::<Vec<_>>().join(", ")
    }
}

fn is_manifest(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|file| file.starts_with("MANIFEST-"))
}

fn is_diagnostics(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|file| file == "LOG" || file.starts_with("LOG.old"))
}
