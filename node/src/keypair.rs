//! Keypair files as Solana's tools write them: a JSON list of 64 bytes, secret key then public key.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use ed25519_dalek::SigningKey;
use heddle_types::Pubkey;

use crate::failure::Failure;

/// The address of a key.
pub(crate) fn address(key: &SigningKey) -> Pubkey {
    Pubkey::new_from_array(key.verifying_key().to_bytes())
}

/// Reads a keypair file.
pub(crate) fn read(path: &Path) -> Result<SigningKey, Failure> {
    let text = fs::read(path).map_err(|source| Failure::ReadFile { path: path.to_owned(), source })?;
    let no_keypair = || Failure::NoKeypair { path: path.to_owned() };
    let bytes: Vec<u8> = serde_json::from_slice(&text).map_err(|_| no_keypair())?;
    let bytes: [u8; 64] = bytes.try_into().map_err(|_| no_keypair())?;
    SigningKey::from_keypair_bytes(&bytes).map_err(|_| no_keypair())
}

/// Reads the keypair file, or makes one that only its owner may read.
pub(crate) fn read_or_make(path: &Path) -> Result<SigningKey, Failure> {
    if path.exists() {
        return read(path);
    }
    let key = SigningKey::from_bytes(&rand::random());
    let text = serde_json::to_string(&key.to_keypair_bytes().to_vec())?;
    write_private(path, &text).map_err(|source| Failure::Write { path: path.to_owned(), source })?;
    Ok(key)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keypair_is_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.json");
        let made = read_or_make(&path).expect("made");
        assert_eq!(read_or_make(&path).expect("read").to_bytes(), made.to_bytes());
        fs::write(&path, "[1,2]").expect("written");
        assert!(matches!(read_or_make(&path), Err(Failure::NoKeypair { .. })));
    }
}
