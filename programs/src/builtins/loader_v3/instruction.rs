//! Decodes loader-v3 instructions from their bincode layout: tag u32, then the fields, little-endian; a byte vector is
//! its length as u64 and the bytes. What comes after the last field is ignored.

use solana_instruction_error::InstructionError;

use crate::builtins::reader::Reader;

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoaderV3Instruction<'a> {
    InitializeBuffer,
    Write { offset: u32, bytes: &'a [u8] },
    DeployWithMaxDataLen { max_data_bytes: u64 },
    Upgrade,
    SetAuthority,
    Close,
    ExtendProgram { additional_bytes: u32 },
    SetAuthorityChecked,
}

impl<'a> LoaderV3Instruction<'a> {
    /// Decodes instruction data.
    ///
    /// # Errors
    /// `InvalidInstructionData`.
    pub(super) fn decode(data: &'a [u8]) -> Result<Self, InstructionError> {
        Self::read(&mut Reader::of_instruction(data)).ok_or(InstructionError::InvalidInstructionData)
    }

    fn read(from: &mut Reader<'a>) -> Option<Self> {
        // Fields are read in the order in which they are written here.
        Some(match from.word()? {
            0 => Self::InitializeBuffer,
            1 => Self::Write { offset: from.word()?, bytes: from.bytes()? },
            2 => Self::DeployWithMaxDataLen { max_data_bytes: from.long()? },
            3 => Self::Upgrade,
            4 => Self::SetAuthority,
            5 => Self::Close,
            6 => Self::ExtendProgram { additional_bytes: from.word()? },
            7 => Self::SetAuthorityChecked,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_fields_and_ignores_what_follows() {
        let data = [&[1, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0][..], b"abc"].concat();
        assert_eq!(LoaderV3Instruction::decode(&data), Ok(LoaderV3Instruction::Write { offset: 7, bytes: b"ab" }));
        let data = [6, 0, 0, 0, 1, 2, 0, 0, 9];
        let extend = LoaderV3Instruction::ExtendProgram { additional_bytes: 0x201 };
        assert_eq!(LoaderV3Instruction::decode(&data), Ok(extend));
    }

    #[test]
    fn refuses_what_is_cut_off_unknown_or_beyond_a_packet() {
        let refused = Err(InstructionError::InvalidInstructionData);
        for data in [&[][..], &[0, 0, 0], &[8, 0, 0, 0], &[2, 0, 0, 0, 1], &[6, 0, 0, 0, 1, 2, 3]] {
            assert_eq!(LoaderV3Instruction::decode(data), refused, "{data:?}");
        }
        let write = |size: u64| [&[1, 0, 0, 0, 0, 0, 0, 0][..], &size.to_le_bytes(), &[5; 2000]].concat();
        assert!(LoaderV3Instruction::decode(&write(1216)).is_ok());
        assert_eq!(LoaderV3Instruction::decode(&write(1217)), refused);
        assert_eq!(LoaderV3Instruction::decode(&write(u64::MAX)), refused);
    }
}
