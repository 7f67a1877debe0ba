//! Signed blocks: wire transactions of one block in one buffer.

use std::ops::Range;

use heddle_types::Hash;

/// The signed transactions of one block, ready for ingress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBlock {
    index: u64,
    blockhash: Hash,
    bytes: Vec<u8>,
    /// End of each transaction in `bytes`; ascending, the last one equals `bytes.len()`.
    ends: Vec<u32>,
}

impl SignedBlock {
    pub(crate) fn with_capacity(index: u64, blockhash: Hash, transactions: usize, size_bytes: usize) -> Self {
        Self { index, blockhash, bytes: Vec::with_capacity(size_bytes), ends: Vec::with_capacity(transactions) }
    }

    /// Adds a transaction; `write` appends its bytes to the buffer.
    pub(crate) fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        assert!(self.bytes.len() > start, "a transaction is never empty");
        self.ends.push(u32::try_from(self.bytes.len()).expect("a block is far below 4 GiB"));
    }

    /// Every transaction's bytes, to sign them in place.
    pub(crate) fn wires_mut(&mut self) -> Vec<&mut [u8]> {
        let (mut rest, mut start) = (self.bytes.as_mut_slice(), 0);
        let mut wires = Vec::with_capacity(self.ends.len());
        for &end in &self.ends {
            let (wire, after) = rest.split_at_mut((end - start) as usize);
            wires.push(wire);
            (rest, start) = (after, end);
        }
        wires
    }

    fn span(&self, position: usize) -> Range<usize> {
        let start = position.checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[position] as usize
    }

    /// The block's index in the workload.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The recent blockhash its transactions name.
    pub fn blockhash(&self) -> Hash {
        self.blockhash
    }

    /// Number of transactions.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no transactions.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Wire bytes of all transactions.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The wire bytes of transaction `position`, if there is one.
    pub fn get(&self, position: usize) -> Option<&[u8]> {
        (position < self.len()).then(|| &self.bytes[self.span(position)])
    }

    /// The wire bytes of each transaction, in block order.
    pub fn transactions(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        (0..self.len()).map(|position| &self.bytes[self.span(position)])
    }
}
