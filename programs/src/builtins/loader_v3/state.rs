//! What accounts of loader v3 hold: pure decoding and encoding of their headers.
//!
//! Layout (crate `solana-loader-v3-interface`, bincode): state u32, then by state
//!
//! ```text
//!  1 buffer        authority: 0 | 1 + 32 bytes            program bytes from 37 on
//!  2 program       address of the program data, 32 bytes
//!  3 program data  slot u64, authority: 0 | 1 + 32 bytes  program bytes from 45 on
//! ```
//! An absent authority leaves its 32 bytes unused: program bytes stay where they are.

use heddle_types::Pubkey;

/// A decoded header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoaderV3State {
    /// Fresh: all zero.
    Uninitialized,
    /// Program bytes on their way to a deployment.
    Buffer {
        /// Who may write; nobody if absent.
        authority: Option<Pubkey>,
    },
    /// What transactions name; the bytes are elsewhere.
    Program {
        /// Where the bytes are.
        programdata: Pubkey,
    },
    /// The bytes of a program.
    ProgramData {
        /// Slot of the last deployment; visible from the next slot on.
        slot: u64,
        /// Who may upgrade; nobody if absent.
        authority: Option<Pubkey>,
    },
}

impl LoaderV3State {
    /// Size of a program account.
    pub const PROGRAM_BYTES: usize = 36;
    /// Where a buffer's program bytes begin.
    pub const BUFFER_HEADER_BYTES: usize = 37;
    /// Where the program bytes of program data begin.
    pub const PROGRAM_DATA_HEADER_BYTES: usize = 45;

    /// Decodes account data; `None` if it is no state of this loader. Bytes after the header are ignored.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first_chunk()?;
        match u32::from_le_bytes(*tag) {
            0 => Some(Self::Uninitialized),
            1 => Some(Self::Buffer { authority: read_authority(rest)? }),
            2 => Some(Self::Program { programdata: Pubkey::new_from_array(*rest.first_chunk()?) }),
            3 => {
                let (slot, rest) = rest.split_first_chunk()?;
                Some(Self::ProgramData { slot: u64::from_le_bytes(*slot), authority: read_authority(rest)? })
            }
            _ => None,
        }
    }

    /// The encoded header, without the unused bytes of an absent authority.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::PROGRAM_DATA_HEADER_BYTES);
        match self {
            Self::Uninitialized => bytes.extend(0u32.to_le_bytes()),
            Self::Buffer { authority } => {
                bytes.extend(1u32.to_le_bytes());
                write_authority(&mut bytes, authority.as_ref());
            }
            Self::Program { programdata } => {
                bytes.extend(2u32.to_le_bytes());
                bytes.extend_from_slice(programdata.as_ref());
            }
            Self::ProgramData { slot, authority } => {
                bytes.extend(3u32.to_le_bytes());
                bytes.extend(slot.to_le_bytes());
                write_authority(&mut bytes, authority.as_ref());
            }
        }
        bytes
    }
}

/// Address of the program data of the program at `program`.
pub fn programdata_address(program: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[program.as_ref()], &solana_sdk_ids::bpf_loader_upgradeable::ID).0
}

fn read_authority(bytes: &[u8]) -> Option<Option<Pubkey>> {
    match bytes.split_first()? {
        (0, _) => Some(None),
        (1, rest) => Some(Some(Pubkey::new_from_array(*rest.first_chunk()?))),
        _ => None,
    }
}

fn write_authority(bytes: &mut Vec<u8>, authority: Option<&Pubkey>) {
    bytes.push(authority.is_some().into());
    if let Some(authority) = authority {
        bytes.extend_from_slice(authority.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Pubkey {
        Pubkey::new_from_array([byte; 32])
    }

    #[test]
    fn round_trip_and_truncation() {
        let states = [
            (LoaderV3State::Uninitialized, 4),
            (LoaderV3State::Buffer { authority: None }, 5),
            (LoaderV3State::Buffer { authority: Some(key(1)) }, LoaderV3State::BUFFER_HEADER_BYTES),
            (LoaderV3State::Program { programdata: key(2) }, LoaderV3State::PROGRAM_BYTES),
            (LoaderV3State::ProgramData { slot: 7, authority: None }, 13),
            (LoaderV3State::ProgramData { slot: 7, authority: Some(key(3)) }, LoaderV3State::PROGRAM_DATA_HEADER_BYTES),
        ];
        for (state, size) in states {
            let mut bytes = state.to_bytes();
            assert_eq!(bytes.len(), size, "{state:?}");
            assert!((0..size).all(|short| LoaderV3State::from_bytes(&bytes[..short]).is_none()), "{state:?}");
            bytes.extend_from_slice(b"\x7fELF");
            assert_eq!(LoaderV3State::from_bytes(&bytes), Some(state));
        }
    }

    #[test]
    fn refuses_unknown_tags() {
        assert_eq!(LoaderV3State::from_bytes(&[4, 0, 0, 0]), None);
        assert_eq!(LoaderV3State::from_bytes(&[1, 0, 0, 0, 2]), None);
    }
}
