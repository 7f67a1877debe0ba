//! A disk in memory: what a running program sees of it, what is on it for certain, and what may be.
//!
//! ```text
//! operation ──▶ seen ──sync of the file──▶ durable bytes
//!                 └──sync of the directory──▶ durable names
//! ```
//!
//! The model is stricter than journaling file systems in that a synced file whose directory was not synced may have no
//! name. It is as they are in that changes of names reach the disk in their order: RocksDB writes a new manifest and
//! renames a file to `CURRENT` before it syncs the directory once for both, so a disk that kept only the rename would
//! lose it, and ext4, XFS and Btrfs, which write names through a log or a transaction, do not. It knows nothing of what
//! the files hold.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
};

use super::{image::Image, trace::Operation};

/// A file, whatever its name is.
#[derive(Clone, Default)]
pub struct File {
    /// As a program reads it.
    pub seen: Vec<u8>,
    /// As of its last sync.
    pub durable: Vec<u8>,
    /// Bytes changed since, as ranges.
    pub unsynced: Vec<(usize, usize)>,
    /// Sizes it had since.
    pub sizes: Vec<usize>,
    /// Ranges whose sync failed: later syncs do not write them.
    lost: Vec<(usize, usize)>,
}

impl File {
    fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        if self.seen.len() < end {
            self.resize(end);
        }
        self.seen[offset..end].copy_from_slice(data);
        self.unsynced.push((offset, end));
    }

    fn resize(&mut self, size_bytes: usize) {
        self.seen.resize(size_bytes, 0);
        self.sizes.push(size_bytes);
    }

    fn sync(&mut self) {
        let before = std::mem::replace(&mut self.durable, self.seen.clone());
        for &(start, end) in &self.lost {
            for index in start..end.min(self.durable.len()) {
                self.durable[index] = before.get(index).copied().unwrap_or(0);
            }
        }
        self.unsynced.clear();
        self.sizes.clear();
    }

    /// The kernel says once that writing failed, and counts the pages as written from then on.
    fn fail_sync(&mut self) {
        self.lost.append(&mut self.unsynced);
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    Directory,
    /// Index of a file.
    File(usize),
}

pub type Names = BTreeMap<String, Node>;

/// A change of names that is not durable yet.
#[derive(Clone, Debug)]
enum Change {
    Add(String, Node),
    Remove(String),
    Move(String, String),
}

impl Change {
    /// The directory whose sync makes it durable.
    fn directory(&self) -> &str {
        let (Self::Add(name, _) | Self::Remove(name) | Self::Move(_, name)) = self;
        name.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    fn apply(&self, names: &mut Names) {
        match self {
            Self::Add(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
            Self::Move(from, to) => {
                // Syncs of two directories may have taken a change before this one.
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

/// Which syncs a disk pretends not to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deaf {
    /// It hears all.
    None,
    /// Syncs of files whose name ends like this.
    Files(&'static str),
    /// Syncs of directories.
    Directories,
}

/// The disk.
#[derive(Clone)]
pub struct Disk {
    pub files: Vec<File>,
    by_inode: HashMap<u64, usize>,
    /// As a program sees them.
    pub seen: Names,
    /// As of the last syncs of the directories.
    pub durable: Names,
    pending: Vec<Change>,
    pub deaf: Deaf,
}

impl Disk {
    pub fn new(deaf: Deaf) -> Self {
        let (seen, durable) = (Names::new(), Names::new());
        Self { files: vec![], by_inode: HashMap::new(), seen, durable, pending: vec![], deaf }
    }

    /// A disk that holds what is below `root` now, durably.
    pub fn load(root: &Path) -> Self {
        let mut disk = Self::new(Deaf::None);
        for (name, content) in Image::read(root).0 {
            let node = match content {
                None => Node::Directory,
                Some(bytes) => {
                    disk.by_inode.insert(fs::metadata(root.join(&name)).unwrap().ino(), disk.files.len());
                    disk.files.push(File { seen: bytes.clone(), durable: bytes, ..File::default() });
                    Node::File(disk.files.len() - 1)
                }
            };
            disk.durable.insert(name, node);
        }
        disk.seen = disk.durable.clone();
        disk
    }

    pub fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Create { name, inode } => {
                // A number is given again once its file is gone.
                self.by_inode.insert(*inode, self.files.len());
                self.change(Change::Add(name.clone(), Node::File(self.files.len())));
                self.files.push(File::default());
            }
            Operation::Write { inode, offset, data } => self.file(*inode).write(*offset, data),
            Operation::Truncate { inode, size_bytes } => self.file(*inode).resize(*size_bytes),
            Operation::Allocate { inode, size_bytes } => {
                let file = self.file(*inode);
                if file.seen.len() < *size_bytes {
                    file.resize(*size_bytes);
                }
            }
            Operation::Sync { inode } => {
                if self.hears(*inode) {
                    self.file(*inode).sync();
                }
            }
            Operation::SyncFailed { inode } => self.file(*inode).fail_sync(),
            Operation::SyncDirectory { name } => self.sync_directory(name),
            Operation::Rename { from, to } => self.change(Change::Move(from.clone(), to.clone())),
            Operation::Link { from, to } => {
                let node = self.seen[from];
                self.change(Change::Add(to.clone(), node));
            }
            Operation::Unlink { name } | Operation::RemoveDirectory { name } => {
                self.change(Change::Remove(name.clone()));
            }
            Operation::MakeDirectory { name } => self.change(Change::Add(name.clone(), Node::Directory)),
            Operation::Hint | Operation::Mark(_) => {}
        }
    }

    fn file(&mut self, inode: u64) -> &mut File {
        let index = self.by_inode.get(&inode).expect("made before it was changed");
        &mut self.files[*index]
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.pending.push(change);
    }

    fn hears(&self, inode: u64) -> bool {
        let Deaf::Files(end) = self.deaf else { return true };
        let node = Node::File(self.by_inode[&inode]);
        !self.seen.iter().any(|(name, found)| *found == node && name.ends_with(end))
    }

    fn sync_directory(&mut self, name: &str) {
        if self.deaf == Deaf::Directories {
            return;
        }
        let durable = &mut self.durable;
        self.pending.retain(|change| {
            let is_here = change.directory() == name;
            if is_here {
                change.apply(durable);
            }
            !is_here
        });
    }

    /// Changes of names that are not durable.
    pub fn pending_count(&self) -> usize {
        self.pending.len()
    }

    /// The durable names after the first so many pending changes.
    pub fn names(&self, change_count: usize) -> Names {
        let mut names = self.durable.clone();
        self.pending.iter().take(change_count).for_each(|change| change.apply(&mut names));
        names
    }
}
