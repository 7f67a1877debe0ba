//! Decodes system instructions from their bincode layout: tag u32, then the fields, little-endian; a seed is its length
//! as u64 and UTF-8 bytes. What comes after the last field is ignored.

use heddle_types::Pubkey;
use sha2::{Digest, Sha256};
use solana_instruction_error::InstructionError;

use crate::builtins::reader::Reader;

/// Longest seed in bytes.
const SEED_BYTES_MAX: usize = 32;
/// An owner that ends like this could pass for a program-derived address.
const DERIVED_ADDRESS_MARKER: &[u8] = b"ProgramDerivedAddress";
/// `PubkeyError::MaxSeedLengthExceeded`; the reference lets its number through as a custom error.
const MAX_SEED_LENGTH_EXCEEDED: InstructionError = InstructionError::Custom(0);
/// `PubkeyError::IllegalOwner`.
const ILLEGAL_OWNER: InstructionError = InstructionError::Custom(2);

/// The seed of a derived address, copied out so that the context is free to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::builtins) struct Seed {
    bytes: [u8; SEED_BYTES_MAX],
    /// `None`: longer than any valid seed.
    size_bytes: Option<u8>,
}

impl Seed {
    pub(in crate::builtins) fn new(seed: &str) -> Self {
        let mut bytes = [0; SEED_BYTES_MAX];
        let Some(target) = bytes.get_mut(..seed.len()) else { return Self { bytes, size_bytes: None } };
        target.copy_from_slice(seed.as_bytes());
        Self { bytes, size_bytes: Some(seed.len() as u8) }
    }

    /// Reads a seed: a length and UTF-8 bytes.
    pub(in crate::builtins) fn read(from: &mut Reader) -> Option<Self> {
        std::str::from_utf8(from.bytes()?).ok().map(Self::new)
    }

    /// The address that `base` derives with this seed for `owner`.
    pub(in crate::builtins) fn derive(&self, base: &Pubkey, owner: &Pubkey) -> Result<Pubkey, InstructionError> {
        let size_bytes = self.size_bytes.ok_or(MAX_SEED_LENGTH_EXCEEDED)?;
        if owner.as_ref().ends_with(DERIVED_ADDRESS_MARKER) {
            return Err(ILLEGAL_OWNER);
        }
        let hash = Sha256::new().chain_update(base).chain_update(&self.bytes[..size_bytes.into()]).chain_update(owner);
        Ok(Pubkey::new_from_array(hash.finalize().into()))
    }
}

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SystemInstruction {
    CreateAccount { lamports: u64, space: u64, owner: Pubkey },
    Assign { owner: Pubkey },
    Transfer { lamports: u64 },
    CreateAccountWithSeed { base: Pubkey, seed: Seed, lamports: u64, space: u64, owner: Pubkey },
    AdvanceNonceAccount,
    WithdrawNonceAccount { lamports: u64 },
    InitializeNonceAccount { authority: Pubkey },
    AuthorizeNonceAccount { authority: Pubkey },
    Allocate { space: u64 },
    AllocateWithSeed { base: Pubkey, seed: Seed, space: u64, owner: Pubkey },
    AssignWithSeed { base: Pubkey, seed: Seed, owner: Pubkey },
    TransferWithSeed { lamports: u64, seed: Seed, owner: Pubkey },
    UpgradeNonceAccount,
    CreateAccountAllowPrefund { lamports: u64, space: u64, owner: Pubkey },
}

impl SystemInstruction {
    /// Decodes instruction data.
    ///
    /// # Errors
    /// `InvalidInstructionData`.
    #[inline]
    pub(super) fn decode(data: &[u8]) -> Result<Self, InstructionError> {
        Self::read(&mut Reader::of_instruction(data)).ok_or(InstructionError::InvalidInstructionData)
    }

    /// Data of a transfer.
    pub(super) fn encode_transfer(lamports: u64) -> Vec<u8> {
        [&2u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat()
    }

    /// Data of an account's creation.
    pub(super) fn encode_create_account(lamports: u64, space: u64, owner: &Pubkey) -> Vec<u8> {
        [&0u32.to_le_bytes()[..], &lamports.to_le_bytes(), &space.to_le_bytes(), owner.as_ref()].concat()
    }

    fn read(from: &mut Reader) -> Option<Self> {
        // Fields are read in the order in which they are written here.
        Some(match from.word()? {
            0 => Self::CreateAccount { lamports: from.long()?, space: from.long()?, owner: from.key()? },
            1 => Self::Assign { owner: from.key()? },
            2 => Self::Transfer { lamports: from.long()? },
            3 => Self::CreateAccountWithSeed {
                base: from.key()?,
                seed: Seed::read(from)?,
                lamports: from.long()?,
                space: from.long()?,
                owner: from.key()?,
            },
            4 => Self::AdvanceNonceAccount,
            5 => Self::WithdrawNonceAccount { lamports: from.long()? },
            6 => Self::InitializeNonceAccount { authority: from.key()? },
            7 => Self::AuthorizeNonceAccount { authority: from.key()? },
            8 => Self::Allocate { space: from.long()? },
            9 => Self::AllocateWithSeed {
                base: from.key()?,
                seed: Seed::read(from)?,
                space: from.long()?,
                owner: from.key()?,
            },
            10 => Self::AssignWithSeed { base: from.key()?, seed: Seed::read(from)?, owner: from.key()? },
            11 => Self::TransferWithSeed { lamports: from.long()?, seed: Seed::read(from)?, owner: from.key()? },
            12 => Self::UpgradeNonceAccount,
            13 => Self::CreateAccountAllowPrefund { lamports: from.long()?, space: from.long()?, owner: from.key()? },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Pubkey {
        Pubkey::new_from_array([byte; 32])
    }

    /// An instruction: tag, then parts.
    fn encode(tag: u32, parts: &[&[u8]]) -> Vec<u8> {
        [&tag.to_le_bytes()[..], &parts.concat()].concat()
    }

    fn seed(text: &[u8]) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes()[..], text].concat()
    }

    const ONE: &[u8] = &1u64.to_le_bytes();
    const TWO: &[u8] = &2u64.to_le_bytes();

    fn every_kind() -> Vec<(Vec<u8>, SystemInstruction)> {
        use SystemInstruction as S;
        let (a, b) = (key(7), key(8));
        let (a8, b8) = (a.as_ref(), b.as_ref());
        let (text, parsed) = (seed(b"seed"), Seed::new("seed"));
        vec![
            (encode(0, &[ONE, TWO, a8]), S::CreateAccount { lamports: 1, space: 2, owner: a }),
            (encode(1, &[a8]), S::Assign { owner: a }),
            (encode(2, &[TWO]), S::Transfer { lamports: 2 }),
            (
                encode(3, &[a8, &text, ONE, TWO, b8]),
                S::CreateAccountWithSeed { base: a, seed: parsed, lamports: 1, space: 2, owner: b },
            ),
            (encode(4, &[]), S::AdvanceNonceAccount),
            (encode(5, &[ONE]), S::WithdrawNonceAccount { lamports: 1 }),
            (encode(6, &[a8]), S::InitializeNonceAccount { authority: a }),
            (encode(7, &[b8]), S::AuthorizeNonceAccount { authority: b }),
            (encode(8, &[TWO]), S::Allocate { space: 2 }),
            (encode(9, &[a8, &text, TWO, b8]), S::AllocateWithSeed { base: a, seed: parsed, space: 2, owner: b }),
            (encode(10, &[a8, &text, b8]), S::AssignWithSeed { base: a, seed: parsed, owner: b }),
            (encode(11, &[ONE, &text, b8]), S::TransferWithSeed { lamports: 1, seed: parsed, owner: b }),
            (encode(12, &[]), S::UpgradeNonceAccount),
            (encode(13, &[ONE, TWO, a8]), S::CreateAccountAllowPrefund { lamports: 1, space: 2, owner: a }),
        ]
    }

    #[test]
    fn every_kind_with_and_without_a_tail() {
        for (mut bytes, expected) in every_kind() {
            let size = bytes.len();
            for short in 0..size {
                let error = SystemInstruction::decode(&bytes[..short]);
                assert_eq!(error, Err(InstructionError::InvalidInstructionData), "{expected:?} cut at {short}");
            }
            assert_eq!(SystemInstruction::decode(&bytes), Ok(expected));
            bytes.resize(5_000, 0xff);
            assert_eq!(SystemInstruction::decode(&bytes), Ok(expected));
        }
        assert!(SystemInstruction::decode(&encode(14, &[&[0; 200]])).is_err());
    }

    #[test]
    fn seeds_are_utf8_and_bounded() {
        let with = |text: &[u8]| SystemInstruction::decode(&encode(11, &[ONE, &seed(text), key(8).as_ref()]));
        assert!(with(b"\xff").is_err());
        let SystemInstruction::TransferWithSeed { seed: long, .. } = with(&[b'a'; 33]).unwrap() else { panic!() };
        assert_eq!(long.derive(&key(1), &key(2)), Err(MAX_SEED_LENGTH_EXCEEDED));
        // 4 + 8 + 8 + seed + 32 bytes are the 1232 that may be decoded.
        assert!(with(&[b'a'; 1180]).is_ok());
        assert!(with(&[b'a'; 1181]).is_err());
    }

    #[test]
    fn derives_as_the_sdk_does() {
        let cases = ["", "limber chicken: 4/45", "01234567890123456789012345678901"];
        for text in cases {
            let expected = Pubkey::create_with_seed(&key(1), text, &key(2)).unwrap();
            assert_eq!(Seed::new(text).derive(&key(1), &key(2)), Ok(expected));
        }
        let mut owner = [0; 32];
        owner[11..].copy_from_slice(DERIVED_ADDRESS_MARKER);
        assert_eq!(Seed::new("").derive(&key(1), &Pubkey::new_from_array(owner)), Err(ILLEGAL_OWNER));
    }
}
