//! Iterates over the address table lookups of a parsed v0 transaction.

use solana_pubkey::Pubkey;

use super::{cursor::Cursor, layout::LookupsLayout, legacy_v0};

/// One address table lookup, cut from the wire bytes. It loads at least one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupView<'a> {
    /// The table's account.
    pub table: &'a Pubkey,
    /// Positions in the table of the keys to load writable.
    pub writable_indices: &'a [u8],
    /// Positions in the table of the keys to load readonly.
    pub readonly_indices: &'a [u8],
}

/// Iterator over lookups: reads each again from the wire, in O(1).
#[derive(Clone, Debug)]
pub struct Lookups<'a> {
    remaining: u8,
    rest: Cursor<'a>,
}

impl<'a> Lookups<'a> {
    /// `layout` was parsed from `bytes`.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], layout: LookupsLayout) -> Self {
        let offset = usize::from(layout.offset);
        Self { remaining: layout.count, rest: Cursor::new(bytes.get(offset..).unwrap_or_default(), offset) }
    }
}

impl<'a> Iterator for Lookups<'a> {
    type Item = LookupView<'a>;

    #[inline]
    fn next(&mut self) -> Option<LookupView<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let lookup = legacy_v0::read_lookup(&mut self.rest);
        debug_assert!(lookup.is_ok(), "the parser read these bytes: {lookup:?}");
        lookup.ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.remaining), Some(usize::from(self.remaining)))
    }
}

impl ExactSizeIterator for Lookups<'_> {}
impl std::iter::FusedIterator for Lookups<'_> {}
