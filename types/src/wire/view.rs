//! A parsed transaction that borrows its bytes.

use std::fmt;

use solana_hash::Hash;
use solana_pubkey::Pubkey;

use super::{
    HASH_SIZE_BYTES, Instructions, KEY_SIZE_BYTES, Layout, Lookups, MessageHeader, SIGNATURE_SIZE_BYTES,
    SanitizedTransaction, TransactionConfig, TransactionVersion, WireError,
};

/// Goes before the message in its hash: keeps these hashes apart from all others.
pub const MESSAGE_HASH_DOMAIN: &[u8] = b"solana-tx-message-v1";

/// A transaction that obeys every rule the bytes alone can decide, borrowed.
///
/// The same as [`SanitizedTransaction`], for those who need not keep it: nothing is copied or allocated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TransactionView<'a> {
    bytes: &'a [u8],
    layout: Layout,
}

impl<'a> TransactionView<'a> {
    /// Parses and sanitises `bytes`. O(n) in their number, one pass.
    ///
    /// # Errors
    /// Any broken rule, see [`WireError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        super::parse(bytes).map(|layout| Self { bytes, layout })
    }

    /// `layout` was parsed from `bytes`.
    #[inline]
    pub(super) fn from_parts(bytes: &'a [u8], layout: Layout) -> Self {
        Self { bytes, layout }
    }

    /// Copies the bytes; nothing is parsed again.
    pub fn to_sanitized(&self) -> SanitizedTransaction {
        SanitizedTransaction::from_parts(self.bytes.into(), self.layout)
    }

    /// The whole transaction, as parsed.
    #[inline]
    pub fn wire_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Which format it uses.
    #[inline]
    pub fn version(&self) -> TransactionVersion {
        self.layout.version
    }

    /// One signature for each signer, in the order of the static keys. At least one; not verified.
    #[inline]
    pub fn signatures(&self) -> &'a [[u8; SIGNATURE_SIZE_BYTES]] {
        let size_bytes = usize::from(self.layout.header.required_signatures) * SIGNATURE_SIZE_BYTES;
        self.cut(self.layout.signatures_offset, size_bytes).as_chunks().0
    }

    /// The bytes that are signed.
    #[inline]
    pub fn message_bytes(&self) -> &'a [u8] {
        &self.bytes[usize::from(self.layout.message_offset)..usize::from(self.layout.message_end)]
    }

    /// BLAKE3 of the message: the identity by which transactions are deduplicated. Computed anew on each call.
    pub fn message_hash(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(MESSAGE_HASH_DOMAIN);
        hasher.update(self.message_bytes());
        Hash::new_from_array(hasher.finalize().into())
    }

    /// How many keys sign and which may be written.
    #[inline]
    pub fn header(&self) -> MessageHeader {
        self.layout.header
    }

    /// The keys in the message itself, without repetition; the first one is the fee payer.
    #[inline]
    pub fn static_keys(&self) -> &'a [Pubkey] {
        let size_bytes = usize::from(self.layout.static_key_count) * KEY_SIZE_BYTES;
        bytemuck::cast_slice(self.cut(self.layout.static_keys_offset, size_bytes))
    }

    /// Bounds the transaction's life; for durable nonces the nonce.
    #[inline]
    pub fn recent_blockhash(&self) -> &'a Hash {
        bytemuck::from_bytes(self.cut(self.layout.blockhash_offset, HASH_SIZE_BYTES))
    }

    /// Number of top-level instructions, at most 64.
    #[inline]
    pub fn instruction_count(&self) -> usize {
        usize::from(self.layout.instructions.count)
    }

    /// The top-level instructions in order.
    #[inline]
    pub fn instructions(&self) -> Instructions<'a> {
        Instructions::new(self.bytes, self.layout.version, self.layout.instructions)
    }

    /// Number of address table lookups; zero unless v0.
    #[inline]
    pub fn lookup_count(&self) -> usize {
        usize::from(self.layout.lookups.count)
    }

    /// The address table lookups in order; empty unless v0.
    #[inline]
    pub fn lookups(&self) -> Lookups<'a> {
        Lookups::new(self.bytes, self.layout.lookups)
    }

    /// Number of keys that all lookups load (writable, readonly).
    #[inline]
    pub fn looked_up_key_count(&self) -> (usize, usize) {
        let lookups = &self.layout.lookups;
        (usize::from(lookups.writable_key_count), usize::from(lookups.readonly_key_count))
    }

    /// Static and looked-up keys, at most 256.
    #[inline]
    pub fn total_key_count(&self) -> usize {
        usize::from(self.layout.total_key_count())
    }

    /// What a v1 transaction asks for; `None` unless v1.
    #[inline]
    pub fn config(&self) -> Option<TransactionConfig> {
        self.layout.config.map(|config| config.read(self.bytes))
    }

    /// Whether the key signs. Looked-up keys never do; `false` beyond the last key.
    #[inline]
    pub fn is_signer(&self, key_index: usize) -> bool {
        key_index < usize::from(self.layout.header.required_signatures)
    }

    /// Whether the message declares the key writable, before any demotion; `false` beyond the last key.
    ///
    /// The looked-up keys follow the static ones: first what all lookups load writable, then the rest.
    #[inline]
    pub fn is_writable_declared(&self, key_index: usize) -> bool {
        let MessageHeader { required_signatures, readonly_signed, readonly_unsigned } = self.layout.header;
        let static_key_count = usize::from(self.layout.static_key_count);
        let writable_end = if key_index < usize::from(required_signatures) {
            usize::from(required_signatures - readonly_signed)
        } else if key_index < static_key_count {
            static_key_count - usize::from(readonly_unsigned)
        } else {
            static_key_count + usize::from(self.layout.lookups.writable_key_count)
        };
        key_index < writable_end
    }

    #[inline]
    fn cut(&self, offset: u16, size_bytes: usize) -> &'a [u8] {
        &self.bytes[usize::from(offset)..][..size_bytes]
    }
}

impl fmt::Debug for TransactionView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("version", &self.version())
            .field("size_bytes", &self.bytes.len())
            .field("header", &self.header())
            .field("static_keys", &self.static_keys())
            .field("recent_blockhash", self.recent_blockhash())
            .field("instructions", &self.instructions().collect::<Vec<_>>())
            .field("lookups", &self.lookups().collect::<Vec<_>>())
            .field("config", &self.config())
            .finish()
    }
}
