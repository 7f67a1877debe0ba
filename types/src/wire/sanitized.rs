//! A parsed transaction that owns its bytes.

use std::fmt;

use solana_hash::Hash;
use solana_pubkey::Pubkey;

use super::{
    Instructions, Layout, Lookups, MessageHeader, TransactionConfig, TransactionVersion, TransactionView, WireError,
};

/// A transaction that obeys every rule the bytes alone can decide: the wire bytes and where their fields are.
///
/// ```
/// use heddle_types::SanitizedTransaction;
///
/// let refused = SanitizedTransaction::parse(&[1, 2, 3]).unwrap_err();
/// assert_eq!(refused.to_string(), "signatures at byte 1: needs 64 bytes, 2 are left");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SanitizedTransaction {
    bytes: Box<[u8]>,
    layout: Layout,
}

impl SanitizedTransaction {
    /// Parses and sanitises `bytes`, then copies them. O(n) in their number.
    ///
    /// # Errors
    /// Any broken rule, see [`WireError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let layout = super::parse(bytes)?;
        Ok(Self { bytes: bytes.into(), layout })
    }

    /// As [`Self::parse`], without the copy.
    ///
    /// # Errors
    /// Any broken rule, see [`WireError`].
    pub fn from_bytes(bytes: Box<[u8]>) -> Result<Self, WireError> {
        let layout = super::parse(&bytes)?;
        Ok(Self { bytes, layout })
    }

    /// `layout` was parsed from `bytes`.
    pub(super) fn from_parts(bytes: Box<[u8]>, layout: Layout) -> Self {
        Self { bytes, layout }
    }

    /// The same transaction, borrowed.
    #[inline]
    pub fn view(&self) -> TransactionView<'_> {
        TransactionView::from_parts(&self.bytes, self.layout)
    }

    /// Gives the bytes back.
    pub fn into_wire_bytes(self) -> Box<[u8]> {
        self.bytes
    }

    /// See [`TransactionView::wire_bytes`].
    #[inline]
    pub fn wire_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// See [`TransactionView::version`].
    #[inline]
    pub fn version(&self) -> TransactionVersion {
        self.layout.version
    }

    /// See [`TransactionView::signatures`].
    #[inline]
    pub fn signatures(&self) -> &[[u8; 64]] {
        self.view().signatures()
    }

    /// See [`TransactionView::message_bytes`].
    #[inline]
    pub fn message_bytes(&self) -> &[u8] {
        self.view().message_bytes()
    }

    /// See [`TransactionView::message_hash`].
    pub fn message_hash(&self) -> Hash {
        self.view().message_hash()
    }

    /// See [`TransactionView::header`].
    #[inline]
    pub fn header(&self) -> MessageHeader {
        self.layout.header
    }

    /// See [`TransactionView::static_keys`].
    #[inline]
    pub fn static_keys(&self) -> &[Pubkey] {
        self.view().static_keys()
    }

    /// See [`TransactionView::recent_blockhash`].
    #[inline]
    pub fn recent_blockhash(&self) -> &Hash {
        self.view().recent_blockhash()
    }

    /// See [`TransactionView::instruction_count`].
    #[inline]
    pub fn instruction_count(&self) -> usize {
        self.view().instruction_count()
    }

    /// See [`TransactionView::instructions`].
    #[inline]
    pub fn instructions(&self) -> Instructions<'_> {
        self.view().instructions()
    }

    /// See [`TransactionView::lookup_count`].
    #[inline]
    pub fn lookup_count(&self) -> usize {
        self.view().lookup_count()
    }

    /// See [`TransactionView::lookups`].
    #[inline]
    pub fn lookups(&self) -> Lookups<'_> {
        self.view().lookups()
    }

    /// See [`TransactionView::looked_up_key_count`].
    #[inline]
    pub fn looked_up_key_count(&self) -> (usize, usize) {
        self.view().looked_up_key_count()
    }

    /// See [`TransactionView::total_key_count`].
    #[inline]
    pub fn total_key_count(&self) -> usize {
        self.view().total_key_count()
    }

    /// See [`TransactionView::config`].
    #[inline]
    pub fn config(&self) -> Option<TransactionConfig> {
        self.view().config()
    }

    /// See [`TransactionView::is_signer`].
    #[inline]
    pub fn is_signer(&self, key_index: usize) -> bool {
        self.view().is_signer(key_index)
    }

    /// See [`TransactionView::is_writable_declared`].
    #[inline]
    pub fn is_writable_declared(&self, key_index: usize) -> bool {
        self.view().is_writable_declared(key_index)
    }
}

impl fmt::Debug for SanitizedTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
