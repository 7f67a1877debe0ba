//! Iterates over the top-level instructions of a parsed transaction.

use super::{
    cursor::Cursor,
    layout::{InstructionsLayout, TransactionVersion},
    legacy_v0, v1,
};

/// One top-level instruction, cut from the wire bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionView<'a> {
    /// Index of the program's key: a static key, not the fee payer.
    pub program_index: u8,
    /// Indices of the accounts, in the program's order; each in range of all keys. May repeat.
    pub account_indices: &'a [u8],
    /// Input for the program.
    pub data: &'a [u8],
}

/// Iterator over instructions: reads each again from the wire, in O(1).
#[derive(Clone, Debug)]
pub struct Instructions<'a> {
    remaining: u8,
    /// v1 only: headers of the remaining instructions.
    headers: Option<&'a [[u8; v1::INSTRUCTION_HEADER_SIZE_BYTES]]>,
    /// The remaining instructions; in v1 what the headers announce.
    payloads: Cursor<'a>,
}

impl<'a> Instructions<'a> {
    /// `layout` was parsed from `bytes`.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], version: TransactionVersion, layout: InstructionsLayout) -> Self {
        let from = |offset: u16| bytes.get(usize::from(offset)..).unwrap_or_default();
        let headers = match version {
            TransactionVersion::V1 => Some(from(layout.offset).as_chunks().0),
            TransactionVersion::Legacy | TransactionVersion::V0 => None,
        };
        let payloads = Cursor::new(from(layout.payloads_offset), usize::from(layout.payloads_offset));
        Self { remaining: layout.count, headers, payloads }
    }

    #[inline]
    fn read(&mut self) -> Option<InstructionView<'a>> {
        let instruction = match &mut self.headers {
            Some(headers) => v1::read_instruction(headers.split_off_first()?, &mut self.payloads),
            None => legacy_v0::read_instruction(&mut self.payloads),
        };
        instruction.ok()
    }
}

impl<'a> Iterator for Instructions<'a> {
    type Item = InstructionView<'a>;

    #[inline]
    fn next(&mut self) -> Option<InstructionView<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let instruction = self.read();
        debug_assert!(instruction.is_some(), "the parser read these bytes");
        instruction
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.remaining), Some(usize::from(self.remaining)))
    }
}

impl ExactSizeIterator for Instructions<'_> {}
impl std::iter::FusedIterator for Instructions<'_> {}
