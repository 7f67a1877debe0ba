//! Reading whole files, up to a bound: what is given by mistake must not fill the memory.

use std::{fs::File, io::Read, path::Path};

use crate::GenesisError;

/// The bytes of the file at `path`.
///
/// # Errors
/// [`GenesisError::Read`], or [`GenesisError::FileTooLong`] beyond `size_bytes_max`.
pub(crate) fn read_bounded(path: &Path, size_bytes_max: u64) -> Result<Vec<u8>, GenesisError> {
    let failed = |source| GenesisError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(size_bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > size_bytes_max {
        return Err(GenesisError::FileTooLong { path: path.to_owned(), size_bytes_max });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_up_to_the_bound() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        std::fs::write(&path, b"12345").expect("writable");
        assert_eq!(read_bounded(&path, 5).expect("short enough"), b"12345");
        assert!(matches!(read_bounded(&path, 4), Err(GenesisError::FileTooLong { size_bytes_max: 4, .. })));
        assert!(matches!(read_bounded(directory.path(), 5), Err(GenesisError::Read { .. })));
    }
}
