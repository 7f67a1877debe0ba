//! From bytes to verified transactions: parsing, strict ed25519 verification, message hashes, on all cores.
//!
//! Each signature is verified exactly once, with `verify_strict`: batch verification accepts signatures that strict
//! verification refuses, and two nodes must agree on every one.

use ed25519_dalek::{Signature, VerifyingKey};
use heddle_types::{Hash, SanitizedTransaction, TransactionError, wire::MESSAGE_HASH_DOMAIN};
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::{
    IngressError,
    fees::{self, Fee},
    static_facts::StaticFacts,
};

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

    /// What being in a block costs its payer, in lamports.
    ///
    /// # Errors
    /// Why it can be in no block: its compute-budget instructions are malformed.
    pub fn fee_lamports(&self) -> Result<u64, TransactionError> {
        let limits = self.facts.limits.clone()?;
        let signatures = self.transaction.signatures().len() as u64 + self.facts.cost.precompile_signatures;
        Ok(Fee { base: fees::base_fee(signatures), priority: limits.priority_fee_lamports }.total())
    }

    /// What it bids for a compute unit, in micro-lamports.
    ///
    /// # Errors
    /// As [`Self::fee_lamports`].
    pub fn compute_unit_price(&self) -> Result<u64, TransactionError> {
        Ok(self.facts.limits.clone()?.compute_unit_price_micro_lamports)
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

/// Transactions that one task parses and verifies: ~0.5 ms.
const TRANSACTIONS_PER_TASK: usize = 16;
/// Transactions that one task parses where signatures are not looked at: ~50 µs.
const TRUSTED_PER_TASK: usize = 256;
/// Transactions whose messages are hashed together.
const MESSAGES_AT_ONCE: usize = 64;

/// Parses and verifies a batch on all of rayon's threads, in order.
pub fn verify_batch<B: AsRef<[u8]> + Sync>(
    batch: &[B],
    check: Verification,
) -> Vec<Result<VerifiedTransaction, IngressError>> {
    let mut verified = Vec::new();
    let per_task = if check == Verification::Strict { TRANSACTIONS_PER_TASK } else { TRUSTED_PER_TASK };
    let tasks = batch.par_iter().with_min_len(per_task);
    tasks.map(|bytes| verify_unhashed(bytes.as_ref(), check)).collect_into_vec(&mut verified);
    verified.par_chunks_mut(MESSAGES_AT_ONCE).with_min_len(per_task.div_ceil(MESSAGES_AT_ONCE)).for_each(hash_messages);
    verified
}

/// As [`verify_batch`], on the calling thread alone.
pub fn verify_batch_serially<B: AsRef<[u8]>>(
    batch: &[B],
    check: Verification,
) -> Vec<Result<VerifiedTransaction, IngressError>> {
    let mut verified: Vec<_> = batch.iter().map(|bytes| verify_unhashed(bytes.as_ref(), check)).collect();
    verified.chunks_mut(MESSAGES_AT_ONCE).for_each(hash_messages);
    verified
}

/// All but the message hash.
fn verify_unhashed(bytes: &[u8], check: Verification) -> Result<VerifiedTransaction, IngressError> {
    let transaction = SanitizedTransaction::parse(bytes)?;
    if check == Verification::Strict {
        verify_signatures(&transaction)?;
    }
    Ok(VerifiedTransaction::with_hash(transaction, Hash::default()))
}

/// Fills in the message hashes of at most [`MESSAGES_AT_ONCE`] transactions.
fn hash_messages(few: &mut [Result<VerifiedTransaction, IngressError>]) {
    let mut hashes = [[0; 32]; MESSAGES_AT_ONCE];
    let messages: SmallVec<[&[u8]; MESSAGES_AT_ONCE]> =
        few.iter().flatten().map(|verified| verified.transaction.message_bytes()).collect();
    heddle_hashing::hash_many_prefixed(MESSAGE_HASH_DOMAIN, &messages, &mut hashes[..messages.len()]);
    drop(messages);
    for (verified, hash) in few.iter_mut().flatten().zip(hashes) {
        verified.message_hash = Hash::new_from_array(hash);
    }
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
