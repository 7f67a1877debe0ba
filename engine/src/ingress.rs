//! From bytes to verified transactions: parsing, strict ed25519 verification, message hashes, on all cores.
//!
//! Each signature is verified exactly once, with `verify_strict`: batch verification accepts signatures that strict
//! verification refuses, and two nodes must agree on every one.

use ed25519_dalek::{Signature, VerifyingKey};
use heddle_types::{Hash, SanitizedTransaction};
use rayon::prelude::*;

use crate::{IngressError, cost::StaticCost};

/// A parsed transaction whose signatures all verify (unless the engine was told to trust its caller).
#[derive(Clone, Debug)]
pub struct VerifiedTransaction {
    transaction: SanitizedTransaction,
    message_hash: Hash,
    static_cost: StaticCost,
}

impl VerifiedTransaction {
    /// Parses and verifies.
    ///
    /// # Errors
    /// [`IngressError::Wire`] if the bytes are no transaction, [`IngressError::Signature`] if one does not verify.
    pub fn new(bytes: &[u8]) -> Result<Self, IngressError> {
        let transaction = SanitizedTransaction::parse(bytes)?;
        verify_signatures(&transaction)?;
        Ok(Self::without_verification(transaction))
    }

    /// Takes a parsed transaction on trust: for replay of blocks that were verified before, and for measurements.
    pub fn without_verification(transaction: SanitizedTransaction) -> Self {
        let (message_hash, static_cost) = (transaction.message_hash(), StaticCost::of(&transaction));
        Self { transaction, message_hash, static_cost }
    }

    /// The transaction.
    pub fn transaction(&self) -> &SanitizedTransaction {
        &self.transaction
    }

    pub(crate) fn static_cost(&self) -> &StaticCost {
        &self.static_cost
    }

    /// BLAKE3 of the message, the key of the status cache.
    pub fn message_hash(&self) -> &Hash {
        &self.message_hash
    }
}

/// Strictly verifies every signature of `transaction` against its signer.
///
/// # Errors
/// [`IngressError::Signature`] with the first that fails.
pub fn verify_signatures(transaction: &SanitizedTransaction) -> Result<(), IngressError> {
    let message = transaction.message_bytes();
    for (index, (signature, key)) in transaction.signatures().iter().zip(transaction.static_keys()).enumerate() {
        let key = VerifyingKey::from_bytes(key.as_array()).map_err(|_| IngressError::Signature { index })?;
        key.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| IngressError::Signature { index })?;
    }
    Ok(())
}

/// Parses and verifies a batch on all of rayon's threads, in order.
pub fn verify_batch<B: AsRef<[u8]> + Sync>(
    batch: &[B],
    check: Verification,
) -> Vec<Result<VerifiedTransaction, IngressError>> {
    /// Transactions of one task: ~0.5 ms of verification.
    const TRANSACTIONS_PER_TASK: usize = 16;
    batch
        .par_iter()
        .with_min_len(TRANSACTIONS_PER_TASK)
        .map(|bytes| match check {
            Verification::Strict => VerifiedTransaction::new(bytes.as_ref()),
            Verification::Trusted => {
                Ok(VerifiedTransaction::without_verification(SanitizedTransaction::parse(bytes.as_ref())?))
            }
        })
        .collect()
}

/// Whether signatures are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// Strict ed25519.
    #[default]
    Strict,
    /// The caller vouches for them.
    Trusted,
}
