//! What the operating system says of this process and its files.

use std::{fs, io, path::Path};

/// Bytes that this process caused to be written to disks so far, background threads included.
pub(crate) fn written_bytes() -> io::Result<u64> {
    field("/proc/self/io", "write_bytes:")
}

/// Resident memory now, and the most there was, in bytes.
pub(crate) fn resident_bytes() -> io::Result<(u64, u64)> {
    let kibibytes = |name| field("/proc/self/status", name).map(|kibibytes| kibibytes * 1024);
    Ok((kibibytes("VmRSS:")?, kibibytes("VmHWM:")?))
}

fn field(path: &str, name: &str) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.ok_or_else(|| io::Error::other(format!("{path} has no {name}")))
}

/// Bytes of the files in a directory.
pub(crate) fn directory_bytes(path: &Path) -> io::Result<u64> {
    fs::read_dir(path)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}
