//! The journal of `shim.c`, read back: what a child did to files, in one order.

/// One operation that took effect. Names are relative to the watched directory, which is "" itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A file was made.
    Create {
        name: String,
        inode: u64,
    },
    Write {
        inode: u64,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        inode: u64,
        size_bytes: usize,
    },
    /// The file has at least this size now.
    Allocate {
        inode: u64,
        size_bytes: usize,
    },
    /// A file's data and size were made durable.
    Sync {
        inode: u64,
    },
    /// The names in a directory were.
    SyncDirectory {
        name: String,
    },
    /// Making a file durable failed, and the kernel forgets which of its pages are not written.
    SyncFailed {
        inode: u64,
    },
    /// Bytes were sent to the disk without a promise.
    Hint,
    Rename {
        from: String,
        to: String,
    },
    Link {
        from: String,
        to: String,
    },
    Unlink {
        name: String,
    },
    MakeDirectory {
        name: String,
    },
    RemoveDirectory {
        name: String,
    },
    /// What the child said at this point.
    Mark(String),
}

const HEADER_BYTES: usize = 32;

/// Reads a journal.
///
/// # Panics
/// If it is not whole, or empty: a child that was not watched would make every test pass.
pub fn read(bytes: &[u8]) -> Vec<Operation> {
    let mut operations = vec![];
    let mut rest = bytes;
    while !rest.is_empty() {
        let (header, after) = rest.split_at(HEADER_BYTES);
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().unwrap());
        let name_size_bytes = u32::from_le_bytes(header[4..8].try_into().unwrap()) as usize;
        let (name, after) = after.split_at(name_size_bytes);
        let (data, after) = after.split_at(number(8) as usize);
        let name = str::from_utf8(name).unwrap().to_owned();
        operations.push(operation(header[0], header[1] == 1, name, data, (number(16), number(24) as usize)));
        rest = after;
    }
    assert!(!operations.is_empty(), "nothing was written down");
    operations
}

fn operation(kind: u8, is_directory: bool, name: String, data: &[u8], (inode, a): (u64, usize)) -> Operation {
    let text = || str::from_utf8(data).unwrap().to_owned();
    match kind {
        1 => Operation::Create { name, inode },
        2 => Operation::Write { inode, offset: a, data: data.to_vec() },
        3 => Operation::Truncate { inode, size_bytes: a },
        4 => Operation::Allocate { inode, size_bytes: a },
        5 if is_directory => Operation::SyncDirectory { name },
        5 => Operation::Sync { inode },
        6 => Operation::Hint,
        7 => Operation::Rename { from: name, to: text() },
        8 => Operation::Unlink { name },
        9 => Operation::Link { from: name, to: text() },
        10 => Operation::MakeDirectory { name },
        11 => Operation::RemoveDirectory { name },
        12 => Operation::Mark(text()),
        13 if is_directory => Operation::Hint,
        13 => Operation::SyncFailed { inode },
        _ => panic!("operation {kind}"),
    }
}

/// What the child said, line by line.
pub fn marks(operations: &[Operation]) -> impl Iterator<Item = &str> {
    let marks = operations.iter().filter_map(|operation| match operation {
        Operation::Mark(text) => Some(text.as_str()),
        _ => None,
    });
    marks.flat_map(str::lines)
}

/// An operation that a fault can meet: counted as `shim.c` does, after the mark "arm".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// From 1.
    pub number: usize,
    /// From 1, if it is an fsync or fdatasync.
    pub sync_number: Option<usize>,
    /// Whether a block was being written.
    pub is_in_commit: bool,
}

/// All operations that a fault can meet.
pub fn targets(operations: &[Operation]) -> Vec<Target> {
    let mut targets: Vec<Target> = vec![];
    let (mut is_in_commit, mut sync_count) = (false, 0);
    for operation in operations.iter().skip_while(|operation| **operation != Operation::Mark("arm\n".to_owned())) {
        if let Operation::Mark(text) = operation {
            is_in_commit = text.starts_with("tries ");
            continue;
        }
        let is_sync = matches!(operation, Operation::Sync { .. } | Operation::SyncDirectory { .. });
        sync_count += usize::from(is_sync);
        let sync_number = is_sync.then_some(sync_count);
        targets.push(Target { number: targets.len() + 1, sync_number, is_in_commit });
    }
    targets
}
