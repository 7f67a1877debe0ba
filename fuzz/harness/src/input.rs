//! Reads decisions from the fuzzer's bytes. When they run out it reads zeros, so that every prefix is a valid input and
//! choice zero should be the plainest.

/// A cursor over the fuzzer's bytes.
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next `N` bytes, zeros beyond the end.
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.bytes(N);
        let mut array = [0; N];
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Less than `count`, which is 1 to 65,536.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let raw = if count <= 256 { self.byte().into() } else { self.u16().into() };
        let raw: usize = raw;
        raw % count
    }

    /// One of `choices`, which are not empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// At most `size_bytes`, fewer at the end.
    pub(crate) fn bytes(&mut self, size_bytes: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(size_bytes.min(self.bytes.len()));
        self.bytes = rest;
        taken
    }

    /// A length up to `size_bytes_max`, then as many bytes.
    pub(crate) fn blob(&mut self, size_bytes_max: usize) -> &'a [u8] {
        let size_bytes = self.below(size_bytes_max + 1);
        self.bytes(size_bytes)
    }
}
