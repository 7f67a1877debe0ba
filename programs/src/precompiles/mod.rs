//! Signature checkers. Each reads a table of offsets from its instruction data; the offsets may point into the data of
//! any top-level instruction of the transaction.
//!
//! Sources: crate `agave-precompiles` 4.2.2 and the `solana-*-program` interfaces it uses.

pub(crate) mod ed25519;
pub(crate) mod secp256k1;
pub(crate) mod secp256r1;

use solana_instruction_error::InstructionError;

/// What is invalid to a precompile; the instruction fails with `Custom(code)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum PrecompileError {
    PublicKey = 0,
    RecoveryId = 1,
    Signature = 2,
    DataOffsets = 3,
    InstructionDataSize = 4,
}

impl From<PrecompileError> for InstructionError {
    fn from(error: PrecompileError) -> Self {
        Self::Custom(error as u32)
    }
}

/// Where the parts of one signature are, as ed25519 and secp256r1 lay it out: seven u16, little-endian.
struct SignatureOffsets {
    signature: Part,
    public_key: Part,
    message: Part,
    message_size_bytes: usize,
}

/// An offset into the data of an instruction.
struct Part {
    offset: usize,
    instruction: u16,
}

impl SignatureOffsets {
    const SIZE_BYTES: usize = 14;
    /// The table begins after the count and an unused byte.
    const TABLE_START: usize = 2;
    /// As an instruction index: this very instruction.
    const THIS_INSTRUCTION: u16 = u16::MAX;

    fn read(bytes: &[u8; Self::SIZE_BYTES]) -> Self {
        let word = |index: usize| u16::from_le_bytes([bytes[index * 2], bytes[index * 2 + 1]]);
        let part = |at: usize, instruction: usize| Part { offset: word(at).into(), instruction: word(instruction) };
        Self { signature: part(0, 1), public_key: part(2, 3), message: part(4, 6), message_size_bytes: word(5).into() }
    }

    /// The table of the `count` signatures announced by `data`.
    fn table(data: &[u8], count: usize) -> Result<&[[u8; Self::SIZE_BYTES]], PrecompileError> {
        let size_bytes = count * Self::SIZE_BYTES;
        let table = data.get(Self::TABLE_START..Self::TABLE_START + size_bytes);
        table.map(|bytes| bytes.as_chunks().0).ok_or(PrecompileError::InstructionDataSize)
    }
}

/// What a precompile may look at.
#[derive(Clone, Copy)]
struct Input<'a> {
    data: &'a [u8],
    instruction_data: &'a [&'a [u8]],
}

impl<'a> Input<'a> {
    fn slice(&self, part: &Part, size_bytes: usize) -> Result<&'a [u8], PrecompileError> {
        let data = if part.instruction == SignatureOffsets::THIS_INSTRUCTION {
            Some(&self.data)
        } else {
            self.instruction_data.get(usize::from(part.instruction))
        };
        data.and_then(|data| data.get(part.offset..part.offset + size_bytes)).ok_or(PrecompileError::DataOffsets)
    }

    fn array<const N: usize>(&self, part: &Part) -> Result<&'a [u8; N], PrecompileError> {
        self.slice(part, N)?.first_chunk().ok_or(PrecompileError::DataOffsets)
    }
}
