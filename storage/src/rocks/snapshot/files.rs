//! Files and directories that are there only while something is being made, and vanish if it fails.
//!
//! What is made lies beside where it shall be, under the name with `.partial` after it, and takes its place by one rename.
//! A process that dies leaves its partial file or directory; the next one that makes the same removes it, which a lock
//! tells from another process that is still at it.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::SnapshotError;
use crate::{
    StoreError,
    rocks::guard::{GUARD_FILE, Guard},
};

pub(super) fn io_error(path: &Path, operation: &'static str, source: io::Error) -> SnapshotError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            SnapshotError::DiskFull { path, operation, source }
        }
        _ => SnapshotError::Io { path, operation, source },
    }
}

/// The path with `suffix` after its name.
fn beside(path: &Path, suffix: &str) -> Result<PathBuf, SnapshotError> {
    let name = path.file_name().ok_or_else(|| SnapshotError::NoName { path: path.to_owned() })?;
    let mut name = OsString::from(name);
    name.push(suffix);
    Ok(path.with_file_name(name))
}

/// Makes a rename in the directory of `path` durable.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// A file on the way to its place.
pub(super) struct PartialFile {
    target: PathBuf,
    path: PathBuf,
    file: File,
    is_kept: bool,
}

impl PartialFile {
    pub(super) fn create(target: &Path) -> Result<Self, SnapshotError> {
        require_absent(target)?;
        let path = beside(target, ".partial")?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(|error| io_error(&path, "create", error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SnapshotError::Busy { path }),
            Err(TryLockError::Error(error)) => return Err(io_error(&path, "lock", error)),
        }
        // Whoever had the lock may just have put this very file in its place.
        require_absent(target)?;
        let partial = Self { target: target.to_owned(), path, file, is_kept: false };
        partial.file.set_len(0).map_err(|error| io_error(&partial.path, "create", error))?;
        Ok(partial)
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Where it is until it is kept.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Durably takes its place.
    pub(super) fn keep(mut self) -> Result<(), SnapshotError> {
        self.file.sync_all().map_err(|error| io_error(&self.path, "sync", error))?;
        require_absent(&self.target)?;
        fs::rename(&self.path, &self.target).map_err(|error| io_error(&self.target, "create", error))?;
        self.is_kept = true;
        sync_parent(&self.target).map_err(|error| io_error(&self.target, "sync", error))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed now, the next attempt removes.
            fs::remove_file(&self.path).ok();
        }
    }
}

fn require_absent(path: &Path) -> Result<(), SnapshotError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(SnapshotError::Exists { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error(path, "create", error)),
    }
}

/// A database directory on the way to its place; locked as one, so that nobody opens it.
pub(super) struct PartialDirectory {
    target: PathBuf,
    path: PathBuf,
    guard: Guard,
    is_kept: bool,
}

impl PartialDirectory {
    pub(super) fn create(target: &Path) -> Result<Self, SnapshotError> {
        require_empty(target)?;
        let path = beside(target, ".partial")?;
        let create_error = |error| io_error(&path, "create", error);
        match fs::create_dir(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => remove_leftover(&path)?,
            Err(error) => return Err(create_error(error)),
        }
        let guard = lock(&path)?;
        Ok(Self { target: target.to_owned(), path, guard, is_kept: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn guard(&mut self) -> &mut Guard {
        &mut self.guard
    }

    /// Durably takes its place.
    pub(super) fn keep(mut self) -> Result<(), SnapshotError> {
        let sync = File::open(&self.path).and_then(|directory| directory.sync_all());
        sync.map_err(|error| io_error(&self.path, "sync", error))?;
        require_empty(&self.target)?;
        // The place may be taken by an empty directory, which this replaces, but by nothing else.
        fs::rename(&self.path, &self.target).map_err(|error| io_error(&self.target, "create", error))?;
        self.is_kept = true;
        sync_parent(&self.target).map_err(|error| io_error(&self.target, "sync", error))
    }
}

impl Drop for PartialDirectory {
    fn drop(&mut self) {
        if !self.is_kept {
            fs::remove_dir_all(&self.path).ok();
        }
    }
}

/// Checks that nothing is there, or an empty directory.
pub(super) fn require_empty(path: &Path) -> Result<(), SnapshotError> {
    let exists = || SnapshotError::Exists { path: path.to_owned() };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error(path, "open", error)),
        Ok(metadata) if !metadata.is_dir() => Err(exists()),
        Ok(_) => {
            let mut entries = fs::read_dir(path).map_err(|error| io_error(path, "list", error))?;
            if entries.next().is_none() { Ok(()) } else { Err(exists()) }
        }
    }
}

fn lock(path: &Path) -> Result<Guard, SnapshotError> {
    Guard::create(path).map_err(|error| match error {
        StoreError::Locked { path } => SnapshotError::Busy { path },
        error => error.into(),
    })
}

/// Empties a directory that a process left which died; others are left alone.
fn remove_leftover(path: &Path) -> Result<(), SnapshotError> {
    if !path.join(GUARD_FILE).exists() {
        return require_empty(path);
    }
    let _guard = lock(path)?;
    let remove_error = |error| io_error(path, "remove", error);
    fs::remove_dir_all(path).and_then(|()| fs::create_dir(path)).map_err(remove_error)
}

/// A directory for a copy of a database that nobody needs afterwards.
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Beside `database`, which the caller has open for writing: so what others left there is nobody's.
    pub(super) fn beside(database: &Path) -> Result<Self, SnapshotError> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        const SUFFIX: &str = ".checkpoint-";
        // The path may be relative to a directory, or end in dots.
        let database = fs::canonicalize(database).map_err(|error| io_error(database, "open", error))?;
        let prefix = beside(&database, SUFFIX)?;
        let process = std::process::id();
        remove_others(&prefix, process)?;
        let path = beside(&prefix, &format!("{process}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)))?;
        // Of a process that had the same number.
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path, "remove", error)),
            _ => Ok(Self { path }),
        }
    }

    /// Where the copy shall be; nothing is there yet.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.path).ok();
    }
}

/// Removes what other processes left, whose names begin with that of `prefix`.
fn remove_others(prefix: &Path, process: u32) -> Result<(), SnapshotError> {
    let (Some(directory), Some(name)) = (prefix.parent(), prefix.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    for entry in fs::read_dir(directory).map_err(|error| io_error(directory, "list", error))?.flatten() {
        let found = entry.file_name();
        let rest = found.to_str().and_then(|found| found.strip_prefix(name)).and_then(|rest| rest.split_once('-'));
        let other =
            rest.and_then(|(process, number)| Some((process.parse::<u32>().ok()?, number.parse::<u64>().ok()?)));
        if other.is_some_and(|(other, _)| other != process) {
            fs::remove_dir_all(entry.path()).map_err(|error| io_error(&entry.path(), "remove", error))?;
        }
    }
    Ok(())
}
