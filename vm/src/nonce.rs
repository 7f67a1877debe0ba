//! Durable nonces: the 80-byte account that stands in for a recent blockhash.
//!
//! Layout (crate `solana-nonce`, bincode): version u32, state u32, authority 32, nonce 32, lamports per signature u64.

use heddle_types::{Hash, Pubkey};
use sha2::{Digest, Sha256};

/// Bytes of a nonce account.
const NONCE_ACCOUNT_BYTES: usize = 80;

/// A hash that no blockhash equals: derived from one with its own domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DurableNonce(pub Hash);

impl DurableNonce {
    /// The nonce that follows from `blockhash`.
    pub fn from_blockhash(blockhash: &Hash) -> Self {
        let digest = Sha256::new().chain_update(b"DURABLE_NONCE").chain_update(blockhash.as_ref()).finalize();
        Self(Hash::new_from_array(digest.into()))
    }
}

/// Which generation wrote the account; legacy ones cannot serve as a blockhash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceVersion {
    /// Before durable nonces had a domain of their own.
    Legacy,
    /// Today's.
    Current,
}

/// Contents of an initialised nonce account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NonceData {
    /// Who may advance, withdraw and authorise.
    pub authority: Pubkey,
    /// The value a transaction names instead of a blockhash.
    pub durable_nonce: DurableNonce,
    /// Base fee per signature when it was stored.
    pub lamports_per_signature: u64,
}

/// A decoded nonce account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonceState {
    /// Generation.
    pub version: NonceVersion,
    /// Contents; `None` while uninitialised.
    pub data: Option<NonceData>,
}

impl NonceState {
    /// Size of the account data in bytes.
    pub const SIZE_BYTES: usize = NONCE_ACCOUNT_BYTES;

    /// Decodes account data; `None` if it is no nonce account. Trailing bytes are ignored, as bincode does.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let version = match word(0)? {
            0 => NonceVersion::Legacy,
            1 => NonceVersion::Current,
            _ => return None,
        };
        let data = match word(4)? {
            0 => None,
            1 => {
                let key = |at: usize| -> Option<[u8; 32]> { bytes.get(at..at + 32)?.try_into().ok() };
                Some(NonceData {
                    authority: Pubkey::new_from_array(key(8)?),
                    durable_nonce: DurableNonce(Hash::new_from_array(key(40)?)),
                    lamports_per_signature: u64::from_le_bytes(bytes.get(72..80)?.try_into().ok()?),
                })
            }
            _ => return None,
        };
        Some(Self { version, data })
    }

    /// Writes the state to the start of `bytes`; `false` if it does not fit.
    pub fn write_to(&self, bytes: &mut [u8]) -> bool {
        let needed = if self.data.is_some() { NONCE_ACCOUNT_BYTES } else { 8 };
        let Some(bytes) = bytes.get_mut(..needed) else { return false };
        let version = match self.version {
            NonceVersion::Legacy => 0u32,
            NonceVersion::Current => 1,
        };
        bytes[..4].copy_from_slice(&version.to_le_bytes());
        bytes[4..8].copy_from_slice(&u32::from(self.data.is_some()).to_le_bytes());
        if let Some(data) = &self.data {
            bytes[8..40].copy_from_slice(data.authority.as_ref());
            bytes[40..72].copy_from_slice(data.durable_nonce.0.as_ref());
            bytes[72..].copy_from_slice(&data.lamports_per_signature.to_le_bytes());
        }
        true
    }

    /// The contents, if a transaction may use `hash` of them as its blockhash.
    pub fn verify_recent(&self, hash: &Hash) -> Option<&NonceData> {
        let data = self.data.as_ref()?;
        (self.version == NonceVersion::Current && data.durable_nonce.0 == *hash).then_some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_recent() {
        let data = NonceData {
            authority: Pubkey::new_from_array([7; 32]),
            durable_nonce: DurableNonce::from_blockhash(&Hash::new_from_array([3; 32])),
            lamports_per_signature: 5000,
        };
        let state = NonceState { version: NonceVersion::Current, data: Some(data) };
        let mut bytes = [0u8; 80];
        assert!(state.write_to(&mut bytes));
        assert_eq!(NonceState::from_bytes(&bytes), Some(state));
        assert_eq!(state.verify_recent(&data.durable_nonce.0), Some(&data));
        assert_eq!(state.verify_recent(&Hash::new_from_array([3; 32])), None);
        let legacy = NonceState { version: NonceVersion::Legacy, ..state };
        assert_eq!(legacy.verify_recent(&data.durable_nonce.0), None);
        assert!(!state.write_to(&mut bytes[..79]));
        assert_eq!(NonceState::from_bytes(&[2, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
