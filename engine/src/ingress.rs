//! From bytes to verified transactions: parsing, strict ed25519 verification, message hashes, on all cores.
//!
//! Each signature is verified exactly once, with `verify_strict`: batch verification accepts signatures that strict
//! verification refuses, and two nodes must agree on every one.

use ed25519_dalek::{Signature, VerifyingKey};
use heddle_types::{Hash, SanitizedTransaction, wire::MESSAGE_HASH_DOMAIN};
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::{IngressError, static_facts::StaticFacts};

/// A parsed transaction whose signatures all verify (unless the engine was told to trust its caller).
#[derive(Clone, Debug)]
pub struct VerifiedTransaction {
    transaction: SanitizedTransaction,
    message_hash: Hash,
    facts: StaticFacts,
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
        let message_hash = transaction.message_hash();
        Self::with_hash(transaction, message_hash)
    }

    fn with_hash(transaction: SanitizedTransaction, message_hash: Hash) -> Self {
        let facts = StaticFacts::of(&transaction);
        Self { transaction, message_hash, facts }
    }

    /// Gives the signed bytes back.
    pub fn into_wire_bytes(self) -> Box<[u8]> {
        self.transaction.into_wire_bytes()
    }

    /// The transaction.
    pub fn transaction(&self) -> &SanitizedTransaction {
        &self.transaction
    }

    pub(crate) fn facts(&self) -> &StaticFacts {
        &self.facts
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

/// Transactions whose messages are hashed together: as many as a vector register has lanes. Verifying them takes ~0.5 ms.
const TRANSACTIONS_PER_TASK: usize = 16;

/// Parses and verifies a batch on all of rayon's threads, in order.
pub fn verify_batch<B: AsRef<[u8]> + Sync>(
    batch: &[B],
    check: Verification,
) -> Vec<Result<VerifiedTransaction, IngressError>> {
    let tasks = batch.par_chunks(TRANSACTIONS_PER_TASK);
    tasks.flat_map_iter(|few| verify_few(few, check)).collect()
}

/// As [`verify_batch`], on the calling thread alone.
pub fn verify_batch_serially<B: AsRef<[u8]>>(
    batch: &[B],
    check: Verification,
) -> Vec<Result<VerifiedTransaction, IngressError>> {
    let mut verified = Vec::with_capacity(batch.len());
    for few in batch.chunks(TRANSACTIONS_PER_TASK) {
        verified.extend(verify_few(few, check));
    }
    verified
}

/// Parses and verifies at most [`TRANSACTIONS_PER_TASK`].
fn verify_few<B: AsRef<[u8]>>(
    few: &[B],
    check: Verification,
) -> impl Iterator<Item = Result<VerifiedTransaction, IngressError>> {
    let parse = |bytes: &B| {
        let transaction = SanitizedTransaction::parse(bytes.as_ref())?;
        if check == Verification::Strict {
            verify_signatures(&transaction)?;
        }
        Ok(transaction)
    };
    let parsed: SmallVec<[Result<SanitizedTransaction, IngressError>; TRANSACTIONS_PER_TASK]> =
        few.iter().map(parse).collect();
    let messages: SmallVec<[&[u8]; TRANSACTIONS_PER_TASK]> =
        parsed.iter().map(|one| one.as_ref().map_or(&[][..], SanitizedTransaction::message_bytes)).collect();
    let mut hashes = [[0; 32]; TRANSACTIONS_PER_TASK];
    heddle_hashing::hash_many_prefixed(MESSAGE_HASH_DOMAIN, &messages, &mut hashes[..messages.len()]);
    drop(messages);
    parsed.into_iter().zip(hashes).map(|(transaction, hash)| {
        transaction.map(|transaction| VerifiedTransaction::with_hash(transaction, Hash::new_from_array(hash)))
    })
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
