//! What makes a transaction the same transaction: its blockhash and its message.

use solana_hash::Hash;

/// Key of the status cache: no two transactions with the same key execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusKey {
    /// The transaction's recent blockhash (or the durable nonce).
    pub blockhash: Hash,
    /// BLAKE3 of the message, see [`crate::SanitizedTransaction::message_hash`].
    pub message_hash: Hash,
}
